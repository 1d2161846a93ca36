// Positions on the sky for the simulator, written anew here so that a wrong projection in the pipeline cannot
// hide: gnomonic images with the cubic part of the TPV distortion, the survey's brick tiling, HEALPix
// numbers.
//
// Pixels are 0-based: (0,0) is the centre of the first pixel. Angles are degrees unless the name says
// otherwise.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace brickline::simulate {

struct SkyPoint {
  double ra = 0, dec = 0;
};
struct PixelPoint {
  double x = 0, y = 0;
};

// The tangent plane of an image. Intermediate coordinates (u, v) = CD (pixel - reference pixel); with
// distortion the tangent-plane coordinates are the TPV polynomials (Calabretta et al. 2004; the FITS
// registry's TPV) of them up to third order, the radial term left out:
//   xi  = sum PV1_k t_k(u, v),  eta = sum PV2_k t_k(v, u),
//   t = {1, a, b, (r), a^2, ab, b^2, a^3, a^2 b, a b^2, b^3}.
struct ImageGeometry {
  static constexpr int kTerms = 11;

  SkyPoint reference_sky;
  PixelPoint reference_pixel;
  std::array<double, 4> cd{};  // degrees per pixel, {cd1_1, cd1_2, cd2_1, cd2_2}
  bool distorted = false;
  std::array<double, kTerms> pv1{0, 1}, pv2{0, 1};

  SkyPoint to_sky(double x, double y) const;
  // Empty on the far side of the sky.
  std::optional<PixelPoint> to_pixel(double ra, double dec) const;
  // d(east, north)/d(x, y) at a pixel, arcsec per pixel, row-major.
  std::array<double, 4> arcsec_per_pixel(double x, double y) const;
};

// The point `east`, `north` degrees of true angle away, for small steps.
SkyPoint offset_point(const SkyPoint& from, double east, double north);
double separation(const SkyPoint& a, const SkyPoint& b);

// One row of the survey's tiling: rows of 0.25 degrees in declination, an even number of bricks in each.
struct Brick {
  std::string name;
  std::int32_t id = 0, row = 0, column = 0;
  std::int16_t quarter = 0;
  double ra = 0, dec = 0, ra1 = 0, ra2 = 0, dec1 = 0, dec2 = 0;
};
Brick brick_at(double ra, double dec);
// All bricks whose centre is within `radius` degrees, by brick id.
std::vector<Brick> bricks_near(double ra, double dec, double radius);

// Ring-scheme HEALPix number (Gorski et al. 2005, section 4.1).
int healpix_ring(int nside, double ra, double dec);

}  // namespace brickline::simulate
