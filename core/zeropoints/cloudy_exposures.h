// Exposures that were not taken under a clear, even sky, found by the zero points of their CCDs.
//
// A CCD's clear value is its zero point less what the camera, the band and the airmass let expect, so that only the
// detectors' own efficiencies and the sky are in it: y = a_detector + t_exposure + rest. The constants a and t are medians,
// in turns, of each camera and band by itself (at most kTurns turns). An exposure is not photometric where
//   offset       the clear level - t_exposure is above largest_offset. The level is the quantile clear_quantile of the
//                night's exposures of that camera and band, of all nights' where the night has fewer than three; or where
//                all nights' level - t_exposure is above largest_season_offset, for nights that were cloudy throughout
//   ccd_scatter  1.4826 median |rest| of its CCDs, with their errors taken off in quadrature, is above
//                largest_ccd_scatter: clouds, uneven over the field. Not asked of fewer than fewest_ccds
//   star_excess  the median over its CCDs of how much their stars scatter, in units of what is expected, is above
//                largest_star_excess: clouds that are uneven within a CCD, or fluxes that are wrong
// Magnitudes. What is not known is NaN.
#pragma once

#include <limits>
#include <span>
#include <vector>

namespace brickline {

struct ClearValue {
  int exposure = 0, night = -1, detector = 0;  // from 0; -1: not known. Detectors of a camera and band
  int system = 0;                              // the camera and band
  double value = 0, error = 0;
  double star_excess = std::numeric_limits<double>::quiet_NaN();
};

struct CloudOptions {
  double largest_offset = 0.05, largest_season_offset = 0.3;
  double largest_ccd_scatter = 0.03;
  double largest_star_excess = 2.5;
  double clear_quantile = 0.75;
  int fewest_ccds = 4;
};

struct ExposureSky {
  static constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();
  double offset = kUnknown, ccd_scatter = kUnknown, star_excess = kUnknown;
  bool has_offset = false, has_ccd_scatter = false, has_star_excess = false;
  bool photometric() const { return !has_offset && !has_ccd_scatter && !has_star_excess; }
};

// Of each exposure, by its number.
std::vector<ExposureSky> judge_exposures(std::span<const ClearValue> ccds, const CloudOptions& options = {});

}  // namespace brickline
