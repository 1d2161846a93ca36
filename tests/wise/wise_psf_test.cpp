#include "core/wise/wise_psf.h"

#include <gtest/gtest.h>

#include <cmath>

#include "core/base/error.h"
#include "core/wise/quartic_spline.h"
#include "core/wise/tile_atlas.h"
#include "tests/support/data.h"

namespace brickline {
namespace {

double sum_of(const Image<float>& s) {
  double sum = 0;
  for (int y = 0; y < s.height(); ++y)
    for (int x = 0; x < s.width(); ++x) sum += s(x, y);
  return sum;
}

TEST(QuarticSpline, GoesThroughItsSamplesAndReproducesQuartics) {
  Image<double> samples(40, 30);
  const auto f = [](double x, double y) {
    const double u = (x - 20) / 10, v = (y - 15) / 10;
    return 1 + u - v * v + u * u * u * u - 0.5 * u * v * v * v;
  };
  for (int y = 0; y < 30; ++y)
    for (int x = 0; x < 40; ++x) samples(x, y) = f(x, y);
  for (SplineEdge edge : {SplineEdge::kHalfSample, SplineEdge::kWholeSample}) {
    const QuarticSpline spline(samples, edge);
    EXPECT_NEAR(spline.at(0, 0), samples(0, 0), 1e-10);
    EXPECT_NEAR(spline.at(39, 29), samples(39, 29), 1e-10);
    EXPECT_NEAR(spline.at(7, 11), samples(7, 11), 1e-12);
    // The ends' mirror images are forgotten inside.
    EXPECT_NEAR(spline.at(20.3, 14.6), f(20.3, 14.6), 1e-5);
  }
}

TEST(QuarticSpline, GoesOnBeyondItsEndsAsAMirrorImage) {
  Image<double> samples(20, 1);
  for (int x = 0; x < 20; ++x) samples(x, 0) = std::sin(x * 0.7) + 0.1 * x;
  const QuarticSpline whole(samples, SplineEdge::kWholeSample);
  EXPECT_NEAR(whole.at(-0.4, 0), whole.at(0.4, 0), 1e-10);
  EXPECT_NEAR(whole.at(19.3, 0), whole.at(18.7, 0), 1e-10);
  const QuarticSpline half(samples, SplineEdge::kHalfSample);
  EXPECT_NEAR(half.at(-0.9, 0), half.at(-0.1, 0), 1e-10);
  EXPECT_NEAR(half.at(19.8, 0), half.at(19.2, 0), 1e-10);
}

struct PsfCheck {
  const char* tile;
  double ra, dec, pa, beta, dpa;
  int band;
  // sum, centre, and at (row, column) offsets (0,1), (1,0), (0,5), (5,0), (3,7).
  double values[7];
};

constexpr PsfCheck kChecks[] = {
    {"1866p257",
     186.667667,
     25.745556,
     26.10362166,
     26.11235749,
     0.8655882859,
     1,
     {0.99984854, 0.1372089, 0.07537309, 0.08661809, 4.216187e-4, 5.87258e-4, 1.6843e-4}},
    {"1866p257",
     186.667667,
     25.745556,
     26.10362166,
     26.11235749,
     0.8655882859,
     2,
     {0.99986905, 0.1211675, 0.07012177, 0.07802708, 4.979529e-4, 6.788961e-4, 1.665693e-4}},
    {"1866p257",
     186.667667,
     25.745556,
     26.10362166,
     26.11235749,
     0.8655882859,
     3,
     {12550467, 856918.4, 497502.2, 543288.3, 13888.13, 13822.76, 3445.21}},
    {"1866p257",
     186.667667,
     25.745556,
     26.10362166,
     26.11235749,
     0.8655882859,
     4,
     {11878399, 909106.3, 561281.4, 572605.9, 12602.34, 15225.3, 1720.659}},
    {"3460p121",
     346.0,
     12.115556,
     -23.76302350,
     16.62046516,
     0.8111285706,
     1,
     {0.99984962, 0.1372092, 0.08227827, 0.08024205, 6.704163e-4, 4.391096e-4, 3.215745e-4}},
    {"0000m016",
     0,
     -1.514444,
     -23.44659735,
     -1.38944960,
     0.7774685977,
     1,
     {0.99985081, 0.1372092, 0.08222483, 0.08031246, 6.681936e-4, 4.385289e-4, 3.224721e-4}},
    {"2709p666",
     270.9,
     66.6,
     -101.07574661,
     89.62461341,
     90,
     1,
     {0.99983561, 0.1372098, 0.08207987, 0.08026785, 5.676959e-4, 6.648462e-4, 1.755995e-4}},
};

class TurnedPsf : public testing::TestWithParam<PsfCheck> {};

TEST_P(TurnedPsf, IsThatOfTheReferencesPackage) {
  const PsfCheck& c = GetParam();
  BRICKLINE_NEEDS_DATA("unwise_psf/psf_model_w1_neo6_unwisecat.fits");
  BRICKLINE_NEEDS_DATA("auxiliary/wise-tiles.fits");
  const WisePsfModels models(test::data_dir() / "unwise_psf");
  // The exact centre, as the atlas has it.
  static const TileAtlas atlas = TileAtlas::read(test::data_dir() / "auxiliary/wise-tiles.fits");
  const WiseTile* tile = nullptr;
  for (const WiseTile& t : atlas.tiles())
    if (t.id == c.tile) tile = &t;
  ASSERT_TRUE(tile);
  const ScanGeometry scans = scan_geometry(tile->ra, tile->dec);
  EXPECT_NEAR(scans.position_angle, c.pa < 0 ? c.pa + 360 : c.pa, 2e-7);
  EXPECT_NEAR(scans.ecliptic_latitude, c.beta, 1e-7);
  EXPECT_NEAR(scans.spread, c.dpa, 1e-8);
  const Image<float> psf = turned_psf(models.read(wise_band(c.band)), scans);
  const int m = psf.width() / 2;
  const double got[7] = {sum_of(psf),   psf(m, m),     psf(m + 1, m),    psf(m, m + 1),
                         psf(m + 5, m), psf(m, m + 5), psf(m + 7, m + 3)};
  for (int i = 0; i < 7; ++i) EXPECT_NEAR(got[i], c.values[i], 1e-6 * std::abs(c.values[i])) << i;
}

INSTANTIATE_TEST_SUITE_P(Tiles, TurnedPsf, testing::ValuesIn(kChecks), [](const auto& i) {
  return std::string(i.param.tile) + "w" + std::to_string(i.param.band);
});

TEST(CoaddPsf, HasTheBandsSumAndPixels) {
  BRICKLINE_NEEDS_DATA("unwise_psf/psf_model_w1_neo6_unwisecat.fits");
  const WisePsfModels models(test::data_dir() / "unwise_psf");
  const double norms[] = {0.23872684, 0.22205932, 0.13265967, 0};
  const double sums[] = {1.04, 1.005, 1, 1};
  for (const WiseBand& band : wise_bands()) {
    const Image<float> psf = coadd_psf(models.read(band), band, 186.667667, 25.745556);
    EXPECT_NEAR(sum_of(psf), sums[band.number - 1], 1e-6);
    EXPECT_EQ(psf.width(), band.number == 4 ? 569 : 325);
    double square = 0;
    for (int y = 0; y < psf.height(); ++y)
      for (int x = 0; x < psf.width(); ++x) square += static_cast<double>(psf(x, y)) * psf(x, y);
    if (band.number < 4) {
      EXPECT_NEAR(std::sqrt(square) / sums[band.number - 1], norms[band.number - 1], 2e-8);
    }
  }
}

TEST(CoaddPsf, PeaksAreThoseOfTheReference) {
  BRICKLINE_NEEDS_DATA("unwise_psf/psf_model_w1_neo6_unwisecat.fits");
  const WisePsfModels models(test::data_dir() / "unwise_psf");
  const double peaks[] = {0.14271903, 0.12179076, 0.06828486, 0.01913041};  // tile 3460p121
  for (const WiseBand& band : wise_bands()) {
    const Image<float> psf = coadd_psf(models.read(band), band, 346.105263, 12.115556);
    EXPECT_NEAR(psf(psf.width() / 2, psf.height() / 2), peaks[band.number - 1], 2e-7) << band.name;
  }
}

TEST(WisePsfModels, AnAbsentModelIsNamedWithTheWayAroundIt) {
  const WisePsfModels models("/nowhere/psf");
  try {
    models.read(wise_band(1));
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), ErrorKind::kInput);
    EXPECT_NE(e.line().find("/nowhere/psf/psf_model_w1_neo6_unwisecat.fits"), std::string::npos) << e.line();
    EXPECT_NE(e.line().find("--no-wise"), std::string::npos) << e.line();
  }
}

}  // namespace
}  // namespace brickline
