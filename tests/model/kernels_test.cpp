// The pieces under the renderer: transforms, taps, shapes, and the agreement of the instruction sets.
#include "core/model/kernels.h"

#include <gtest/gtest.h>

#include <cmath>
#include <complex>
#include <cstdlib>
#include <numbers>
#include <random>
#include <string>
#include <vector>

#include "core/base/error.h"
#include "core/model/lanczos.h"
#include "core/model/psf_kernel_parts.h"
#include "core/model/shape.h"
#include "core/model/simd.h"
#include "core/model/transform_plan.h"
#include "tests/model/window_fixture.h"

namespace brickline {
namespace {

TEST(Kernels, TransformsOfEverySizeMatchTheSum) {
  std::mt19937 random(3);
  std::uniform_real_distribution<float> value(-1, 1);
  for (const kernels::Kernels* k : available_kernels())
    for (const int n : {32, 48, 64, 72, 80, 96, 160, 240}) {
      const int columns = 16;
      std::vector<float> re(n * columns), im(n * columns);
      for (auto& v : re) v = value(random);
      for (auto& v : im) v = value(random);
      AlignedFloats a(re.size()), b(im.size()), scratch(static_cast<std::size_t>(n) * 64);
      std::copy(re.begin(), re.end(), a.data());
      std::copy(im.begin(), im.end(), b.data());
      k->columns({&transform_plan(n).columns, a.data(), b.data(), columns, columns, scratch.data()});
      for (const int c : {0, 7, 15})
        for (int w = 0; w < n; w += 5) {
          std::complex<double> sum = 0;
          for (int y = 0; y < n; ++y)
            sum += std::complex<double>(re[y * columns + c], im[y * columns + c]) *
                   std::polar(1.0, 2 * std::numbers::pi * ((static_cast<long>(y) * w) % n) / n);
          EXPECT_NEAR(a[w * columns + c], sum.real(), 2e-5) << k->name << " " << n;
          EXPECT_NEAR(b[w * columns + c], sum.imag(), 2e-5) << k->name << " " << n;
        }
    }
}

TEST(Kernels, SizesAreTheSmallestThatFit) {
  EXPECT_EQ(transform_size(3), 32);
  EXPECT_EQ(transform_size(64), 64);
  EXPECT_EQ(transform_size(64.01), 72);
  EXPECT_EQ(transform_size(130), 160);
  EXPECT_EQ(transform_size(241), 256);
  EXPECT_EQ(transform_size(300), 320);
  EXPECT_EQ(transform_size(330), 384);
  EXPECT_EQ(transform_size(1e9), 0);
  EXPECT_EQ(transform_size(std::nan("")), 0);
  EXPECT_EQ(power_of_two_size(65), 128);
}

TEST(Kernels, PsfSpectrumIsThatOfTheWrappedStamp) {
  Image<float> stamp(35, 37);
  std::mt19937 random(3);
  std::uniform_real_distribution<float> value(0, 1);
  for (int y = 0; y < 37; ++y)
    for (int x = 0; x < 35; ++x) stamp(x, y) = value(random);
  const PsfKernel psf(Image<float>(stamp), 2);
  const int n = 32;  // smaller than the stamp
  const PsfKernel::Spectrum& s = psf.spectrum(n);
  for (const auto& [v, w] : {std::pair{0, 0}, std::pair{3, 5}, std::pair{15, 31}, std::pair{16, 9}}) {
    std::complex<double> sum = 0;
    for (int y = 0; y < 37; ++y)
      for (int x = 0; x < 35; ++x)
        sum += static_cast<double>(stamp(x, y)) *
               std::polar(1.0, -2 * std::numbers::pi * (v * (x - 17) + w * (y - 18)) / n);
    sum /= n * n;
    const float re = v < n / 2 ? s.re[w * s.plan->pitch + v] : s.nyquist_re[w];
    const float im = v < n / 2 ? s.im[w * s.plan->pitch + v] : s.nyquist_im[w];
    EXPECT_NEAR(re, sum.real(), 2e-6);
    EXPECT_NEAR(im, sum.imag(), 2e-6);
  }
}

// Of all numbers of planes, on rectangles of any height inside two windows.
TEST(Kernels, CrossProductsMatchTheSums) {
  std::mt19937 random(7);
  std::uniform_real_distribution<float> value(-1, 1);
  const int width = 37, pitch_a = 64, pitch_b = 96;
  AlignedFloats a(7 * 40 * pitch_a + 64), b(7 * 40 * pitch_b + 64), weight(40 * 64);
  for (AlignedFloats* v : {&a, &b})
    for (std::size_t i = 0; i < v->size(); ++i) (*v)[i] = value(random);
  for (const kernels::Kernels* k : available_kernels())
    for (int planes = 1; planes <= 7; ++planes) {
      const int height = 9 * planes, others = 8 - planes;
      kernels::CrossJob job;
      job.width = width;
      job.height = height;
      job.weight_pitch = 64;
      job.weight = weight.data();
      for (int x = 0; x < width; ++x)
        for (int y = 0; y < 64; ++y) weight[x * 64 + y] = y < height ? 1 + value(random) / 2 : 0;
      job.a_planes = planes;
      job.b_planes = others;
      job.a_pitch = pitch_a;
      job.b_pitch = pitch_b;
      for (int i = 0; i < planes; ++i) job.a[i] = a.data() + i * 40 * pitch_a + 1;
      for (int i = 0; i < others; ++i) job.b[i] = b.data() + i * 40 * pitch_b + 2;
      k->cross(job);
      for (int i = 0; i < planes; ++i)
        for (int j = 0; j < others; ++j) {
          double sum = 0;
          for (int x = 0; x < width; ++x)
            for (int y = 0; y < height; ++y)
              sum += static_cast<double>(weight[x * 64 + y]) * job.a[i][x * pitch_a + y] *
                     job.b[j][x * pitch_b + y];
          EXPECT_NEAR(job.sum[i][j], sum, 1e-3) << k->name << " " << planes << ": " << i << ", " << j;
        }
    }
}

TEST(Kernels, LanczosTapsMatchTheReference) {
  const LanczosTaps t = lanczos_taps(0.3);
  const double expected[7] = {0.0104646, -0.0835552, 0.3371178, 0.8476307, -0.1428843, 0.0312264, 0};
  for (int i = 0; i < 7; ++i) EXPECT_NEAR(t.taps[i], expected[i], 1e-7);
  const LanczosTaps none = lanczos_taps(0);
  for (int i = 0; i < 7; ++i) EXPECT_NEAR(none.taps[i], i == 3, 1e-15);
  for (const double d : {-0.5, -0.2, 1e-5, 0.31, 0.499}) {
    const LanczosTaps at = lanczos_taps(d), up = lanczos_taps(d + 1e-6), down = lanczos_taps(d - 1e-6);
    for (int i = 0; i < 7; ++i) EXPECT_NEAR(at.slope[i], (up.taps[i] - down.taps[i]) / 2e-6, 2e-6) << d;
  }
}

// S in closed form: columns of G are the minor and major axis in degrees east and north.
TEST(Shape, IsTheMatrixOfTheAxes) {
  const CdMatrix& cd = test::kFixtureCd;
  for (const auto& [ee1, ee2] :
       {std::pair{0.0, 0.0}, std::pair{0.3, -0.2}, std::pair{-1.5, 0.7}, std::pair{0.0, 9.0}}) {
    const SoftenedEllipse s{std::log(1.3), ee1, ee2};
    const ShapeMatrix found = shape_matrix(s, pixels_per_arcsec(cd));
    const double eta = std::hypot(ee1, ee2), q = std::max(1e-3, 1 / (2 * std::exp(eta) - 1));
    const double t = 0.5 * std::atan2(ee2, ee1), re = 1.3 / 3600;
    const double g[2][2] = {{re * q * std::cos(t), re * std::sin(t)},
                            {-re * q * std::sin(t), re * std::cos(t)}};
    const double det = cd[0] * cd[3] - cd[1] * cd[2];
    double m[2][2];
    for (int c = 0; c < 2; ++c) {
      m[0][c] = (cd[3] * g[0][c] - cd[1] * g[1][c]) / det;
      m[1][c] = (cd[0] * g[1][c] - cd[2] * g[0][c]) / det;
    }
    EXPECT_NEAR(found.xx, m[0][0] * m[0][0] + m[0][1] * m[0][1], 1e-9);
    EXPECT_NEAR(found.xy, m[0][0] * m[1][0] + m[0][1] * m[1][1], 1e-9);
    EXPECT_NEAR(found.yy, m[1][0] * m[1][0] + m[1][1] * m[1][1], 1e-9);
  }
}

TEST(Simd, TheBaselineIsAlwaysThere) {
  ASSERT_FALSE(available_kernels().empty());
  EXPECT_STREQ(available_kernels().front()->name, "baseline");
  const char* forced = std::getenv("BRICKLINE_SIMD");
  if (forced && *forced)
    EXPECT_EQ(simd_level_name(), forced);
  else
    EXPECT_EQ(simd_level_name(), available_kernels().back()->name);
}

TEST(Simd, LevelsAreKnownByTheirNamesAndNothingElse) {
  for (const kernels::Kernels* k : available_kernels()) EXPECT_EQ(&kernels_named(k->name), k);
  EXPECT_EQ(&kernels_named(""), available_kernels().back());
  for (const char* wrong : {"avx2", "V3", "base", "v3 "}) {
    try {
      kernels_named(wrong);
      ADD_FAILURE() << wrong;
    } catch (const Error& e) {
      EXPECT_EQ(e.kind(), ErrorKind::kUsage);
      EXPECT_NE(e.line().find("baseline"), std::string::npos);
    }
  }
}

}  // namespace
}  // namespace brickline
