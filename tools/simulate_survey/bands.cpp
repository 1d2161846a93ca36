#include "tools/simulate_survey/bands.h"

#include <algorithm>
#include <cmath>
#include <iterator>

#include "core/base/error.h"

namespace brickline::simulate {
namespace {

// Seeing, noise and zero points are those of typical survey exposures of 4-m class imaging. The stellar locus
// is the survey's published transformation from Gaia to its own magnitudes, tabulated (u and Y by rough
// extension).
const std::vector<Band>& known_bands() {
  static const std::vector<Band> bands = {
      {"u", 1.60, 0.0120, 23.32, 2.2, 0.0, {1.10, 1.25, 1.45, 1.75, 2.20, 2.75, 3.50, 4.00, 4.60}},
      {"g", 1.45, 0.0045, 25.08, 1.0, 0.0, {0.087, 0.203, 0.325, 0.468, 0.690, 0.947, 1.401, 1.713, 2.101}},
      {"r",
       1.30,
       0.0065,
       25.35,
       0.0,
       0.0,
       {0.006, -0.039, -0.079, -0.116, -0.149, -0.153, -0.012, 0.268, 0.537}},
      {"i",
       1.20,
       0.0110,
       25.20,
       0.0,
       -0.6,
       {0.059, -0.070, -0.181, -0.282, -0.402, -0.523, -0.753, -0.921, -1.015}},
      {"z",
       1.15,
       0.0160,
       25.00,
       0.0,
       -1.0,
       {0.112, -0.050, -0.201, -0.346, -0.526, -0.709, -1.078, -1.414, -1.675}},
      {"Y",
       1.15,
       0.0450,
       23.71,
       0.0,
       -1.1,
       {0.120, -0.050, -0.210, -0.360, -0.550, -0.740, -1.130, -1.490, -1.780}},
  };
  return bands;
}

}  // namespace

const Band& find_band(const std::string& name) {
  for (const Band& band : known_bands())
    if (band.name == name) return band;
  throw usage_error("no typical values for a band like '{}' (known: u g r i z Y)", name);
}

double star_colour_offset(const Band& band, double bp_rp) {
  const auto* first = std::begin(kStarColours);
  const auto* last = std::end(kStarColours);
  const double colour = std::clamp(bp_rp, *first, *(last - 1));
  const auto* high = std::clamp(std::upper_bound(first, last, colour), first + 1, last - 1);
  const auto i = high - first;
  const double f = (colour - kStarColours[i - 1]) / (kStarColours[i] - kStarColours[i - 1]);
  return band.star_locus[i - 1] + f * (band.star_locus[i] - band.star_locus[i - 1]);
}

}  // namespace brickline::simulate
