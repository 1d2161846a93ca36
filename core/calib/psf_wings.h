// The wings of a model of psfex's, made smooth.
//
// psfex fits each pixel by itself. Far from the centre, where a star is faint beside the sky's noise, what it finds is that
// noise, what is left of neighbours, and what the local background was wrong by: little per pixel, but there are
// thousands of them, and all fluxes are divided by their sum. Where light is too weak to be measured pixel by pixel,
// this puts a profile in its place that the stronger part determines.
//
//   1. Means of rings one pixel wide around the centre of the constant plane; their noise from the scatter of pixels in
//      the outer part, which psfex's own taper of one full width at the edge leaves untouched; of planes finer than the
//      CCD's pixels, those within one count as one: they are interpolated from the same measurements.
//   2. A Moffat (1969) profile and an aureole (King 1971),
//        I(r) = A (1 + r^2/a^2)^-beta + B (1 + r^2/h^2)^-gamma,  A, B >= 0,  h = `halo_radius` widths,
//      through the rings beyond `first_ring` widths. Without B real PSFs, of a few percent of aureole, would lose half a
//      percent of their light. Neighbours' faint light around all stars passes for an aureole; a background that was too
//      high, which is what source-extractor's is near stars, does not.
//   3. Beyond the first ring where that profile has less than `min_ring_snr` times the ring's noise, the constant plane
//      becomes the profile, with a seam of `seam_pixels`.
//   4. The other planes, of what varies over the CCD, hold `varying_share` of the light at most: they become zero beyond
//      the first ring where that share of the profile is as weak.
#pragma once

#include <optional>
#include <vector>

#include "core/base/image.h"

namespace brickline {

struct PsfWingOptions {
  double first_ring = 0.9;   // full widths at half maximum from the centre
  double min_ring_snr = 10;  // a ring weaker than this is not measured, but extrapolated to
  double varying_share = 0.1;
  double ring_accuracy = 0.01;  // of a ring's mean beside its noise: PSFs are no Moffat profiles to better
  double seam_pixels = 3;
  double halo_radius = 2;  // full widths
  double halo_gamma = 1.25;
  double min_beta = 1.2, max_beta = 8;  // a profile of less has no finite light
  int min_rings = 6;                    // for a profile
};

struct PsfWings {
  double radius = 0;          // where the profile begins, pixels of the planes: the taper at the latest
  double varying_radius = 0;  // where what varies ends
  double alpha = 0, beta = 0, halo = 0;  // a, in pixels of the planes; beta; B / (A + B)
};

// `planes`: of Psf; `fwhm`: in their pixels; `sampling`: how many of the CCD's pixels one of theirs is wide. Empty, and nothing
// is changed, where there is no profile: planes that are too small, without noise, or without light beyond `first_ring`. In
// all others the profile takes the place of psfex's taper, even where no ring is too weak.
std::optional<PsfWings> smooth_wings(std::vector<Image<float>>& planes, double fwhm, double sampling = 1,
                                     const PsfWingOptions& options = {});

}  // namespace brickline
