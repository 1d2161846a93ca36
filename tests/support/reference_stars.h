// The stars of a golden case's reference-source file, as halos see them.
#pragma once

#include <string>

#include "core/fits/fits_reader.h"
#include "core/refs/halos.h"
#include "tests/support/data.h"

namespace brickline::test {

// Point sources of the Gaia catalog, by band; empty where the case has no such file.
inline HaloStars golden_halo_stars(const std::string& name, const std::vector<std::string>& bands) {
  HaloStars out;
  for (const std::string& band : bands) out[band];
  std::filesystem::path path;
  for (const auto& entry :
       std::filesystem::recursive_directory_iterator(data_dir() / "golden" / name / "products"))
    if (entry.path().filename().string().starts_with("reference-")) path = entry.path();
  if (path.empty()) return out;
  const fits::Table t = fits::FitsReader(path).table(1);
  for (std::int64_t i = 0; i < t.rows(); ++i) {
    if (!t.logical("isgaia", i) || !t.logical("pointsource", i)) continue;
    HaloStar star;
    star.ra = t.number("ra", i);
    star.dec = t.number("dec", i);
    star.motion = SkyMotion{t.number("pmra", i), t.number("pmdec", i), t.number("parallax", i),
                            t.number("ref_epoch", i)};
    star.radius_degrees = t.number("radius", i);
    for (const std::string& band : bands) {
      star.magnitude = t.number("decam_mag_" + band, i);
      out[band].push_back(star);
    }
  }
  return out;
}

}  // namespace brickline::test
