#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numbers>
#include <random>

#include "core/fits/fits_reader.h"
#include "core/resample/cubic_spline.h"
#include "core/resample/lanczos.h"
#include "core/resample/patch.h"
#include "core/resample/pixel_mapping.h"
#include "tests/support/data.h"

namespace brickline {
namespace {

constexpr double kScale = 0.262 / 3600;

Wcs brick_wcs(double ra, double dec, int width, int height) {
  return Wcs::tangent(ra, dec, (width - 1) / 2.0, (height - 1) / 2.0, {-kScale, 0, 0, kScale}, width, height);
}

// A strongly distorted, rotated image whose tangent point lies some 0.3 degrees away.
Wcs distorted_wcs(int width, int height) {
  fits::Header h;
  h.set("CTYPE1", "RA---TPV");
  h.set("CTYPE2", "DEC--TPV");
  h.set("CRVAL1", 150.0);
  h.set("CRVAL2", 2.0);
  h.set("CRPIX1", 3000.0);
  h.set("CRPIX2", -2500.0);
  h.set("CD1_1", 2e-7);
  h.set("CD1_2", 7.285e-5);
  h.set("CD2_1", -7.286e-5);
  h.set("CD2_2", 2e-7);
  h.set("PV1_1", 1.01);
  h.set("PV1_4", 0.012);
  h.set("PV1_7", -0.03);
  h.set("PV2_1", 0.99);
  h.set("PV2_5", 0.008);
  h.set("PV2_10", -0.02);
  return Wcs::from_header(h, width, height);
}

TEST(UniformSpline, ReproducesCubics) {
  for (const int n : {4, 5, 9}) {
    const auto f = [](double x) { return 1 - 2 * x + 0.3 * x * x - 0.25 * x * x * x; };
    std::vector<double> values(n), second(n);
    for (int i = 0; i < n; ++i) values[i] = f(i);
    UniformSpline(n).curvatures(values.data(), second.data(), 1);
    for (int i = 0; i + 1 < n; ++i)
      EXPECT_NEAR(UniformSpline::cubic(values[i], values[i + 1], second[i], second[i + 1])(0.37), f(i + 0.37),
                  1e-12);
  }
}

TEST(PixelMapping, InterpolatedPositionsAreExactToATenThousandthOfAPixel) {
  const Wcs input = distorted_wcs(2046, 1200);
  const SkyPosition centre = input.center();
  const Wcs target = brick_wcs(centre.ra + 0.05, centre.dec, 1500, 1800);
  const PixelMapping mapping(target, input);
  ASSERT_FALSE(mapping.empty());
  std::vector<double> x(mapping.box().width()), y(x.size());
  double worst = 0;
  int inside = 0;
  for (int row = mapping.box().y0; row < mapping.box().y1; row += 13) {
    mapping.positions(row, x, y);
    for (std::size_t i = 0; i < x.size(); i += 7) {
      const SkyPosition s = target.pixel_to_sky(mapping.box().x0 + static_cast<double>(i), row);
      const auto p = input.sky_to_pixel(s.ra, s.dec);
      ASSERT_TRUE(p);
      worst = std::max({worst, std::abs(p->x - x[i]), std::abs(p->y - y[i])});
      inside += p->x > 0 && p->x < input.width() - 1;
    }
  }
  EXPECT_GT(inside, 5000);
  EXPECT_LT(worst, 1e-5);
}

TEST(PixelMapping, FindsEveryPixelThatTheInputReaches) {
  const Wcs input = distorted_wcs(300, 200);
  const SkyPosition centre = input.center();
  const Wcs target = brick_wcs(centre.ra, centre.dec, 500, 500);
  const Image<std::uint8_t> seen = coverage(PixelMapping(target, input, {.extend_low_edges = false}));
  std::int64_t expected = 0, found = 0;
  for (int y = 0; y < 500; ++y)
    for (int x = 0; x < 500; ++x) {
      const SkyPosition s = target.pixel_to_sky(x, y);
      const auto p = input.sky_to_pixel(s.ra, s.dec);
      expected += p && p->x > -0.5 && p->x < 299.5 && p->y > -0.5 && p->y < 199.5;
    }
  for (int y = 0; y < seen.height(); ++y)
    for (int x = 0; x < seen.width(); ++x) found += seen(x, y);
  EXPECT_EQ(found, expected);
}

TEST(PixelMapping, LowEdgesReachOnePixelFurtherAsInTheReference) {
  const Wcs target = brick_wcs(10, 20, 300, 300);
  const Wcs input = target.sub_image({100, 150, 120, 160});
  const auto count = [&](bool extend) {
    const PixelMapping mapping(target, input, {.node_spacing = 5, .extend_low_edges = extend});
    std::int64_t n = 0;
    for_each_mapped_pixel(mapping, [&](int x, int y, int ix, int iy) {
      ++n;
      EXPECT_EQ(ix, std::max(0, x - 100));
      EXPECT_EQ(iy, std::max(0, y - 120));
    });
    return n;
  };
  EXPECT_EQ(count(true), 51 * 41);
  EXPECT_EQ(count(false), 50 * 40);
}

TEST(PixelMapping, ImagesApartHaveNoPixelsInCommon) {
  const Wcs target = brick_wcs(10, 20, 300, 300);
  EXPECT_TRUE(PixelMapping(target, brick_wcs(11, 20, 300, 300)).empty());
  EXPECT_TRUE(PixelMapping(target, brick_wcs(190, -20, 300, 300)).empty());
  EXPECT_TRUE(resample_lanczos3(PixelMapping(target, brick_wcs(11, 20, 300, 300)),
                                Image<float>(300, 300).const_view())
                  .empty());
}

TEST(PixelMapping, PositionsInARealImageAreThoseOfTheReference) {
  BRICKLINE_NEEDS_DATA("surveys/testcase6/images");
  const auto survey = test::data_dir() / "surveys/testcase6";
  const fits::Table ccds = fits::FitsReader(survey / "survey-ccds-1.fits.gz").table(1);
  const Wcs target =
      Wcs::tangent(110.21244309556904, 24.0, 1799.5, 1799.5, {-kScale, 0, 0, kScale}, 3600, 3600)
          .sub_image({500, 600, 650, 750});
  struct Check {
    std::int64_t expnum;
    int x, y;
    double input_x, input_y;
    int nearest_x, nearest_y;
  };
  for (const Check& c : {Check{802955, 0, 0, 99.592646, 98.914005, 100, 99},
                         Check{802955, 50, 50, 49.602425, 49.303370, 50, 49},
                         Check{695773, 50, 50, 49.499303, 49.282937, 49, 49}}) {
    for (std::int64_t row = 0; row < ccds.rows(); ++row) {
      if (ccds.integer("expnum", row) != c.expnum) continue;
      fits::FitsReader file(survey / "images" / ccds.text("image_filename", row));
      const int hdu = static_cast<int>(ccds.integer("image_hdu", row));
      const auto info = file.image_info(hdu);
      const Wcs input =
          Wcs::from_header(file.header(hdu), info.width, info.height)
              .with_offset(ccds.number("ccdraoff", row) / 3600, ccds.number("ccddecoff", row) / 3600);
      const PixelMapping mapping(target, input);
      PixelMapping::Row mapped;
      ASSERT_TRUE(mapping.map_row(c.y, mapped));
      const int i = c.x - mapping.box().x0;
      EXPECT_EQ(mapped.ix[i], c.nearest_x);
      EXPECT_EQ(mapped.iy[i], c.nearest_y);
      EXPECT_NEAR(mapped.ix[i] + mapped.dx[i], c.input_x, 2e-5);
      EXPECT_NEAR(mapped.iy[i] + mapped.dy[i], c.input_y, 2e-5);
      if (c.expnum == 802955) {
        EXPECT_NEAR(surface_brightness_scale(target, input), 0.997302960, 2e-7);
      }
    }
  }
}

double lanczos_kernel(double t) {
  if (t == 0) return 1;
  if (std::abs(t) >= 3) return 0;
  const double a = std::numbers::pi * t;
  return 3 * std::sin(a) * std::sin(a / 3) / (a * a);
}

TEST(Lanczos, WeightsAreTheNormalisedKernel) {
  for (const double d : {-1.4, -1.0, -0.5, -0.31, -1e-4, 0.0, 1e-9, 0.2, 0.5}) {
    const auto w = lanczos3_weights(d);
    double sum = 0;
    for (int k = -3; k <= 3; ++k) sum += lanczos_kernel(k - d);
    for (int k = -3; k <= 3; ++k) EXPECT_NEAR(w[k + 3], lanczos_kernel(k - d) / sum, 2e-7) << d << " " << k;
  }
}

TEST(Lanczos, AnImpulseSpreadsAsInTheReference) {
  Image<float> impulse(15, 15);
  impulse(7, 7) = 1;
  // Shifting by (+0.3, -0.4) samples at (x - 0.3, y + 0.4).
  const auto at = [&](int x, int y) { return lanczos3_at(impulse.view(), x, y, -0.3, 0.4); };
  const double along_x[] = {0.0230680, -0.1055536, 0.6261740, 0.2490405, -0.0617251, 0.0077305};
  const double along_y[] = {0.0148207, -0.0956921, 0.4021776, 0.6261740, -0.1249856, 0.0251361};
  for (int i = 0; i < 6; ++i) {
    EXPECT_NEAR(at(5 + i, 7), along_x[i], 3e-5);
    EXPECT_NEAR(at(7, 4 + i), along_y[i], 3e-5);
  }
  EXPECT_EQ(at(4, 7), 0);
  EXPECT_EQ(at(11, 7), 0);
}

TEST(Lanczos, SmoothImagesComeThroughAndEdgesRepeat) {
  Image<float> constant(20, 10, 3.5f);
  EXPECT_NEAR(lanczos3_at(constant.view(), 0, 0, -0.4, 0.3), 3.5, 1e-6);
  EXPECT_NEAR(lanczos3_at(constant.view(), 19, 9, 0.4, 0.5), 3.5, 1e-6);
  Image<float> wave(40, 40);
  const auto f = [](double x, double y) { return std::sin(0.2 * x) + std::cos(0.15 * y); };
  for (int y = 0; y < 40; ++y)
    for (int x = 0; x < 40; ++x) wave(x, y) = static_cast<float>(f(x, y));
  EXPECT_NEAR(lanczos3_at(wave.view(), 20, 17, 0.25, -0.45), f(20.25, 16.55), 0.01);
}

TEST(Lanczos, ATargetThatIsPartOfTheInputGetsItsPixels) {
  const Wcs input_wcs = brick_wcs(10, 20, 200, 200);
  const PixelMapping mapping(input_wcs.sub_image({30, 130, 50, 150}), input_wcs);
  Image<float> input(200, 200);
  std::mt19937 random(7);
  std::uniform_real_distribution<float> uniform(-1, 1);
  for (int y = 0; y < 200; ++y)
    for (int x = 0; x < 200; ++x) input(x, y) = uniform(random);
  const Image<float> smooth = resample_lanczos3(mapping, input.view());
  const Image<float> nearest = resample_nearest<float>(mapping, input.view());
  ASSERT_EQ(mapping.box(), (Box{0, 100, 0, 100}));
  for (int y = 0; y < 100; ++y)
    for (int x = 0; x < 100; ++x) {
      ASSERT_EQ(nearest(x, y), input(x + 30, y + 50));
      ASSERT_NEAR(smooth(x, y), input(x + 30, y + 50), 1e-5);
    }
}

TEST(Lanczos, SeveralImagesShareOneSetOfWeights) {
  const Wcs input_wcs = distorted_wcs(200, 150);
  const SkyPosition c = input_wcs.center();
  const PixelMapping mapping(brick_wcs(c.ra, c.dec, 160, 160), input_wcs);
  Image<float> a(200, 150), b(200, 150);
  for (int y = 0; y < 150; ++y)
    for (int x = 0; x < 200; ++x) {
      a(x, y) = static_cast<float>((x * 7 + y * 3) % 11);
      b(x, y) = -a(x, y);
    }
  PixelMapping::Row row;
  ASSERT_TRUE(mapping.map_row(80, row));
  std::vector<float> ra(row.size(), 99), rb(row.size(), -99), alone(row.size(), 99);
  const ImageView<const float> inputs[] = {a.view(), b.view()};
  const std::span<float> outs[] = {ra, rb};
  lanczos3_row(inputs, row, outs);
  lanczos3_row(inputs[0], row, alone);
  EXPECT_EQ(ra, alone);
  for (int i = 0; i < row.size(); ++i) EXPECT_EQ(ra[i], -rb[i]);
}

// Weights are taken from a table.
TEST(Lanczos, RowsAreSumsOverTheirPixelsWithTheExactWeights) {
  const Wcs input_wcs = distorted_wcs(60, 50);
  const SkyPosition c = input_wcs.center();
  const PixelMapping mapping(brick_wcs(c.ra, c.dec, 80, 80), input_wcs);
  Image<float> input(60, 50);
  std::mt19937 random(3);
  std::normal_distribution<float> normal;
  for (int y = 0; y < 50; ++y)
    for (int x = 0; x < 60; ++x) input(x, y) = normal(random);
  PixelMapping::Row row;
  int compared = 0;
  for (int y = 0; y < 80; ++y) {
    if (!mapping.map_row(y, row)) continue;
    std::vector<float> values(row.size());
    lanczos3_row(input.view(), row, values);
    for (int i = 0; i < row.size(); ++i) {
      if (row.ix[i] < 0) continue;
      ++compared;
      const auto wx = lanczos3_weights(row.dx[i]), wy = lanczos3_weights(row.dy[i]);
      double exact = 0;
      for (int l = -3; l <= 3; ++l)
        for (int k = -3; k <= 3; ++k)
          exact += double{wx[k + 3]} * wy[l + 3] *
                   input(std::clamp(row.ix[i] + k, 0, 59), std::clamp(row.iy[i] + l, 0, 49));
      EXPECT_NEAR(values[i], exact, 3e-6);
      EXPECT_NEAR(values[i], lanczos3_at(input.view(), row.ix[i], row.iy[i], row.dx[i], row.dy[i]), 3e-6);
    }
  }
  EXPECT_GT(compared, 2000);  // those at the edges, where pixels repeat, among them
}

TEST(PatchMaskedPixels, FillsFromGoodNeighboursOutward) {
  Image<float> image(9, 1), inverse_error(9, 1);
  for (int x = 0; x < 9; ++x) image(x, 0) = 100;
  image(0, 0) = 2;
  inverse_error(0, 0) = 1;
  patch_masked_pixels(image, inverse_error.view());
  for (int x = 0; x <= 3; ++x) EXPECT_EQ(image(x, 0), 2);
  for (int x = 4; x < 9; ++x) EXPECT_EQ(image(x, 0), 100);
}

TEST(PatchMaskedPixels, UsesTheStateAtTheStartOfARound) {
  // Two masked pixels side by side between 1 and 5: each sees one good neighbour only.
  Image<float> image(4, 1), inverse_error(4, 1);
  const float values[] = {1, -7, -7, 5};
  for (int x = 0; x < 4; ++x) image(x, 0) = values[x];
  inverse_error(0, 0) = inverse_error(3, 0) = 1;
  patch_masked_pixels(image, inverse_error.view());
  EXPECT_EQ(image(1, 0), 1);
  EXPECT_EQ(image(2, 0), 5);
  Image<float> one(3, 3, 1), ie(3, 3, 1);
  one(0, 1) = 3;
  one(2, 1) = std::numeric_limits<float>::quiet_NaN();
  one(1, 1) = -50;
  ie(1, 1) = 0;
  patch_masked_pixels(one, ie.view());
  EXPECT_FLOAT_EQ(one(1, 1), 5.0f / 3);  // the neighbour that is not a number is left out
}

TEST(PatchMaskedPixels, WhatNoGoodValueReachesBecomesZero) {
  Image<float> image(3, 1, std::numeric_limits<float>::quiet_NaN()), inverse_error(3, 1);
  inverse_error(0, 0) = 1;
  patch_masked_pixels(image, inverse_error.view());
  EXPECT_TRUE(std::isnan(image(0, 0)));
  EXPECT_EQ(image(1, 0), 0);
  EXPECT_EQ(image(2, 0), 0);
}

}  // namespace
}  // namespace brickline
