// The images on which the reference pipeline's engine was measured: 100 x 90 pixels, tangent projections
// around (110, 24) degrees, point-spread functions of three real exposures; and the figures measured there.
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <numbers>
#include <string>
#include <variant>
#include <vector>

#include "core/fits/fits_reader.h"
#include "core/psf/psf.h"
#include "core/wcs/wcs.h"
#include "tests/support/data.h"

namespace brickline::test {

inline constexpr int kFixtureWidth = 100, kFixtureHeight = 90;

inline std::filesystem::path fixture_psf_path(char band) {
  const std::filesystem::path root = data_dir() / "surveys/testcase6/calib/psfex/decam/CP/V4.8.2a";
  switch (band) {
    case 'g':
      return root / "CP20181213/c4d_181214_050844_ooi_g_ls9-psfex.fits";
    case 'r':
      return root / "CP20181214/c4d_181215_051332_ooi_r_ls9-psfex.fits";
    default:
      return root / "CP20181214/c4d_181215_045000_ooi_z_ls9-psfex.fits";
  }
}

inline Psf fixture_psf(char band) {
  fits::FitsReader reader(fixture_psf_path(band));
  const fits::Table t = reader.table(1);
  const int w = static_cast<int>(t.integer("psfaxis1", 0)), h = static_cast<int>(t.integer("psfaxis2", 0));
  const int planes = static_cast<int>(t.integer("psfaxis3", 0));
  std::vector<Image<float>> images;
  for (int p = 0; p < planes; ++p) {
    images.emplace_back(w, h);
    for (int y = 0; y < h; ++y)
      for (int x = 0; x < w; ++x)
        images[p](x, y) =
            static_cast<float>(t.number("psf_mask", 0, (static_cast<std::int64_t>(p) * h + y) * w + x));
  }
  Psf::Polynomial polynomial;
  polynomial.degree = static_cast<int>(t.integer("poldeg1", 0));
  polynomial.x_zero = t.number("polzero1", 0);
  polynomial.y_zero = t.number("polzero2", 0);
  polynomial.x_scale = t.number("polscal1", 0);
  polynomial.y_scale = t.number("polscal2", 0);
  return Psf(std::move(images), polynomial, t.number("psf_fwhm", 0));
}

// CRPIX is (50.5 + dx, 45.5 + dy) in FITS pixels; the image is turned by `angle_degrees`.
inline Wcs fixture_wcs(double angle_degrees, double dx, double dy) {
  const double p = 0.262 / 3600, t = angle_degrees * std::numbers::pi / 180;
  return Wcs::tangent(110, 24, 49.5 + dx, 44.5 + dy,
                      {-p * std::cos(t), p * std::sin(t), p * std::sin(t), p * std::cos(t)}, kFixtureWidth,
                      kFixtureHeight);
}

inline nlohmann::json engine_check() {
  std::ifstream file(spec_data_dir() / "engine-check.json");
  return nlohmann::json::parse(file);
}

}  // namespace brickline::test

#define BRICKLINE_NEEDS_ENGINE_CHECK()                                                    \
  do {                                                                                    \
    BRICKLINE_NEEDS_DATA("surveys/testcase6/calib/psfex/decam/CP/V4.8.2a");               \
    if (!std::filesystem::exists(brickline::test::spec_data_dir() / "engine-check.json")) \
      GTEST_SKIP() << "figures absent: engine-check.json (set BRICKLINE_TEST_SPEC)";      \
  } while (false)
