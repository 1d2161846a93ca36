// What is known of a source before it is looked at closely: whether faint sources are stars or galaxies, and how large
// galaxies are. It decides where the pixels do not, at S/N below some 20, and nothing else.
//
// Counts at high Galactic latitude, per square degree and magnitude. Galaxies: 1.2e5 * 10^(0.31 (i - 25)), the slope of
// 46 * 10^(0.31 (i - 25)) per square arcminute brighter than i (LSST Science Book 2009, arXiv:0912.0201, eq. 3.7). Stars: 1500
// at r = 20, a tenth of a dex more per magnitude, as models of the Galaxy have them at |b| of some 50 degrees (Robin et al. 2003,
// A&A 409, 523). With r - i = 0.4 there are 1.7 galaxies per star at r = 20, 4 at 22, 7 at 23 and 12 at 24.
//
// Where more sources are brighter than r = 22 than thrice the galaxies that there should be (a cluster has no more), by more
// than chance brings together, the rest are taken for stars, and stars are as much more frequent at every magnitude.
//
// Radii: ln re = -0.63 - 0.27 (i - 23) of discs along their major axis, in arcsec, that of a round galaxy of the same area being
// smaller by the root of an axis ratio of 0.6; they scatter by 0.7 in ln re (Miller et al. 2013, MNRAS 429, 2858, appendix B,
// from HST images of Simard et al. 2002, ApJS 142, 1). Only of galaxies fainter than r = 21.5: brighter ones show their radius,
// and may be pieces of one that no profile fits.
#pragma once

#include <vector>

#include "core/detect/source_list.h"
#include "core/fit/source_fitter.h"
#include "core/wcs/wcs.h"

namespace brickline {

struct GalaxyPrior {
  double magnitude = 20;  // r, AB
  double log10_galaxies_per_star = 0.23, per_magnitude = 0.21;
  double log_re = 0.03, log_re_per_magnitude = -0.27;  // ln arcsec, of a round galaxy of that magnitude
  double width_of_log_re = 0.7;

  double counted_to = 22, galaxies_per_arcmin2 = 4.1, stars_per_arcmin2 = 2.9;  // brighter than that
  double most_galaxies = 3;                                                     // times those
  double stars = 1;  // of those at high latitude, how many times as many there are here

  // What `stars` is where these were detected.
  double crowding(const SourceList& sources, const Wcs& brick) const;

  // Of a source of such fluxes (nanomaggies, per band; of those that are positive the mean counts as r). Without any:
  // none, and even odds; of bright ones no radius.
  RadiusPrior radius(const std::vector<double>& flux) const;
  double log_odds(const std::vector<double>& flux) const;  // ln (galaxies/stars)
};

}  // namespace brickline
