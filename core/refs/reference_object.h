// What a reference catalog says of one object: a row of the run's own table of references, and the part of a
// catalog's row that came from it.
//
// Positions are degrees (ICRS) at the row's own epoch, magnitudes AB unless they are Gaia's or Tycho's own,
// motions mas/yr (pmra includes cos dec), parallaxes mas, radii degrees; pixels are the image's, 0-based. 0
// stands for "not known", as in the files; a NaN of a catalog becomes 0.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/model/source_model.h"

namespace brickline {

// Gaia's own columns, by their names there.
struct GaiaMeasurements {
  float phot_g_mean_mag = 0, phot_bp_mean_mag = 0, phot_rp_mean_mag = 0;
  float phot_g_mean_flux_over_error = 0, phot_bp_mean_flux_over_error = 0, phot_rp_mean_flux_over_error = 0;
  std::int16_t phot_g_n_obs = 0, phot_bp_n_obs = 0, phot_rp_n_obs = 0;
  bool phot_variable_flag = false;
  float astrometric_excess_noise = 0, astrometric_excess_noise_sig = 0;
  std::int16_t astrometric_n_obs_al = 0, astrometric_n_good_obs_al = 0;
  bool duplicated_source = false;
  float phot_bp_rp_excess_factor = 0, astrometric_sigma5d_max = 0;
  std::uint8_t astrometric_params_solved = 0;
};

// One row. Flags: what the reference file's columns of those names say.
struct ReferenceObject {
  double ra = 0, dec = 0;  // at ref_epoch
  std::string ref_cat;     // "G2" (and other Gaia releases), "T2", "CL", "MC", "L3" and other large galaxies'
  std::int64_t ref_id = 0;
  float mag = 0;                      // Gaia G, Tycho V, the galaxy's
  float zguess = 0;                   // z
  float mask_mag = 0;                 // that the size of a star's mask follows from
  float radius = 0, keep_radius = 0;  // degrees: of the mask; within which of the image the row is kept
  std::int64_t radius_pix = 0;
  float ba = 0, pa = 0;  // axis ratio, position angle (degrees east of north), of clusters and galaxies

  bool is_tycho = false, is_gaia = false, is_large_galaxy = false, is_cluster = false;
  bool is_galaxy_fit = false;  // issgafit: fitted together with a large galaxy, but not the galaxy itself
  bool is_bright = false, is_medium = false;
  bool is_resolved = false, is_mcloud = false;
  bool freeze = false;        // freezeparams: kept exactly as it is here
  bool point_source = false;  // known not to be extended
  bool ignore = false;        // ignore_source: set aside, never fitted
  bool set_galaxy_maskbit = false;
  bool duplicate = false;    // a star that is the same as a large galaxy
  std::uint8_t fitmode = 0;  // of large galaxies: FREEZE 1, FIXGEO 2, RESOLVED 4, MCLOUDS 8

  double x = 0, y = 0;            // pixels of the image, unmoved catalog position
  std::int32_t ibx = 0, iby = 0;  // the same, rounded
  bool in_bounds = false;         // that pixel is in the image

  float ref_epoch = 0;  // year; 0: none
  float pmra = 0, pmdec = 0, parallax = 0;
  float ra_ivar = 0, dec_ivar = 0;                         // degrees^-2
  float pmra_ivar = 0, pmdec_ivar = 0, parallax_ivar = 0;  // (mas/yr)^-2, mas^-2
  std::optional<GaiaMeasurements> gaia;
  // Predicted magnitudes in ReferenceCatalog::mag_bands, 30: not known. Empty: none (not of Gaia).
  std::vector<float> band_mags;

  // Absent for clusters and Magellanic Clouds. Fluxes in the order of the run's bands.
  std::optional<SourceModel> model;
  bool needs_initial_flux = false;  // the model's fluxes mean nothing

  // The motion, parallax and epoch of a star.
  SkyMotion motion() const;
};

}  // namespace brickline
