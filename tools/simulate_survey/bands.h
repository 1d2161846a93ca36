// What the simulator knows of bands: typical observing conditions, and how bright sources are in them.
#pragma once

#include <string>
#include <vector>

namespace brickline::simulate {

struct Band {
  std::string name;
  double seeing;      // arcsec FWHM
  double sig1;        // nanomaggies per pixel, one exposure of 100 s
  double zero_point;  // AB mag of one count per second
  // Galaxy magnitude relative to r in terms of the colours g-r and r-z: m = r + by_gr (g-r) + by_rz (r-z).
  double by_gr, by_rz;
  // Star magnitude relative to Gaia's G at the nodes of kStarColours (Gaia BP-RP).
  std::vector<double> star_locus;
};

inline constexpr double kStarColours[] = {0.4, 0.6, 0.8, 1.0, 1.25, 1.5, 2.0, 2.5, 3.0};

// A known band (u, g, r, i, z, Y); Error (kUsage) otherwise.
const Band& find_band(const std::string& name);

// Star magnitude minus G at a colour, linear between the nodes.
double star_colour_offset(const Band& band, double bp_rp);

}  // namespace brickline::simulate
