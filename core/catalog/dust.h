// Galactic reddening from the all-sky maps of Schlegel, Finkbeiner & Davis (1998, ApJ 500, 525).
#pragma once

#include <array>
#include <filesystem>

#include "core/base/image.h"

namespace brickline {

// J2000 equatorial to Galactic, degrees (pole 192.85948, +27.12825; ascending node at l = 32.93192).
struct GalacticPosition {
  double l = 0, b = 0;
};
GalacticPosition galactic_from_equatorial(double ra, double dec);

// Bilinear interpolation in which 0 means "no data": of a pair with one zero the other value counts. (x, y)
// are 0-based; the neighbour beyond the last pixel is the last one.
float interpolate_dust(ImageView<const float> map, double x, double y);

class DustMaps {
 public:
  // Reads SFD_dust_4096_ngp.fits and SFD_dust_4096_sgp.fits of `dir` or of `dir`/maps. Error (kInput) naming
  // the file if one is missing or no square image.
  static DustMaps read(const std::filesystem::path& dir);
  // The two files that it reads; the same Error.
  static std::array<std::filesystem::path, 2> files(const std::filesystem::path& dir);
  // The same Error, from the files' headers alone.
  static void check(const std::filesystem::path& dir);
  DustMaps(Image<float> north, Image<float> south);

  // E(B-V), mag.
  float ebv(double ra, double dec) const;

 private:
  Image<float> north_, south_;
};

}  // namespace brickline
