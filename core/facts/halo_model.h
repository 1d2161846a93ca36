// The halo of scattered light around a bright star, as one CCD shows it.
//
// Surface brightness of a star of 1 nanomaggy, per square arcsec at r arcsec from it:
//   power law   w r^e
//   Moffat      w M(r; alpha, beta),  M = (beta - 1)/(pi alpha^2) (1 + (r/alpha)^2)^-beta
// plus, where the PSF calibration measured one, the inner Moffat profile with weight 1. It is rendered
// between an inner radius, inside which the star's own model takes over, and an outer one that grows with the
// star's mask radius.
#pragma once

namespace brickline {

struct HaloProfile {
  bool moffat = false;                // else a power law
  double weight = 0, exponent = 0;    // power law
  double alpha_arcsec = 0, beta = 0;  // Moffat
  double off_chip_factor = 1;         // multiplies the weight for stars outside the image
};

struct HaloModel {
  HaloProfile profile;
  // Nothing inside `inner_arcsec`, all outside `inner_arcsec + inner_ramp_arcsec`.
  double inner_arcsec = 7, inner_ramp_arcsec = 1;
  // The outer radius: scaling times the lesser of radius_factor mask radii and max_radius_arcsec. The halo
  // fades out linearly from half of it on.
  double max_radius_arcsec = 400, radius_factor = 8, scaling = 1;
  // The inner profile (arcsec); alpha 0: none.
  double moffat_alpha_arcsec = 0, moffat_beta = 0;
};

}  // namespace brickline
