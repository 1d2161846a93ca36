// Real and simulated fields: sources and blobs found on the reference pipeline's own pixels.
#include <gtest/gtest.h>

#include <algorithm>

#include "core/detect/detection.h"
#include "core/detect/residual_sky.h"
#include "tests/support/golden_images.h"

namespace brickline {
namespace {

// What detection is told by the reference catalogs of a case: its own reference sources and their avoid
// points.
DetectionPrior prior_of(const test::GoldenCase& c) {
  DetectionPrior prior;
  for (const DetectedSource& s : test::golden_sources(c))
    if (s.reference_row >= 0) {
      prior.references.push_back(s);
      if (s.ix >= 0 && s.iy >= 0 && s.ix < c.brick.width() && s.iy < c.brick.height())
        prior.avoid.push_back({s.ix, s.iy, 4});
    }
  return prior;
}

// The pixels before the residual sky of stage srcs was taken off; where halos were subtracted in between, the
// later ones with that sky put back.
test::GoldenCase pixels_of(const std::string& name) {
  if (name != "testcase7") return test::load_golden(name, "outliers");
  test::GoldenCase c = test::load_golden(name, "srcs");
  const float residual_sky = 0.004094192F;
  for (CcdImage& image : c.images)
    for (int y = 0; y < image.data.height(); ++y)
      for (int x = 0; x < image.data.width(); ++x)
        if (image.inverse_error(x, y) > 0) image.data(x, y) += residual_sky;
  return c;
}

class GoldenDetection : public testing::TestWithParam<const char*> {};

TEST_P(GoldenDetection, SourceListAndBlobMap) {
  BRICKLINE_NEEDS_DATA(std::string("golden/") + GetParam());
  const test::GoldenCase c = pixels_of(GetParam());
  ASSERT_LT(c.worst_corner_degrees, 1e-7);
  const SourceList golden = test::golden_sources(c);
  const Detection found = detect_sources(c.images, c.brick, c.bands, prior_of(c));
  ASSERT_EQ(found.sources.size(), golden.size());
  for (std::size_t i = 0; i < golden.size(); ++i) {
    // Equal S/N on plateaus of coarse cameras leave the choice of pixel open.
    EXPECT_LE(std::abs(found.sources[i].ix - golden[i].ix), 1) << i;
    EXPECT_LE(std::abs(found.sources[i].iy - golden[i].iy), 1) << i;
    EXPECT_EQ(found.sources[i].sed, golden[i].sed) << i;
  }
  const Image<std::int32_t> blobs = test::golden_blob_map(c);
  std::int64_t differ = 0;
  for (int y = 0; y < blobs.height(); ++y)
    for (int x = 0; x < blobs.width(); ++x) differ += (blobs(x, y) >= 0) != (found.blobs.labels(x, y) >= 0);
  EXPECT_LE(differ, 1 + blobs.box().area() / 1000);
  std::printf("%s: %zu sources, %lld of %lld blob pixels differ\n", GetParam(), golden.size(),
              static_cast<long long>(differ), static_cast<long long>(blobs.box().area()));
}

// The residual sky that the reference found, and its pixels after the subtraction.
struct Sky {
  const char* name;
  std::vector<double> values;  // by band
};
class GoldenSky : public testing::TestWithParam<Sky> {};

TEST_P(GoldenSky, MedianOfTheBlankCoadd) {
  const Sky& expected = GetParam();
  BRICKLINE_NEEDS_DATA(std::string("golden/") + expected.name);
  test::GoldenCase c = pixels_of(expected.name);
  const auto sky = residual_sky(c.images, c.brick, c.bands, test::golden_blob_map(c).view());
  ASSERT_EQ(sky.size(), expected.values.size());
  for (std::size_t b = 0; b < sky.size(); ++b) {
    ASSERT_TRUE(sky[b]);
    EXPECT_NEAR(*sky[b], expected.values[b], 1e-5) << c.bands[b];
  }
  subtract_residual_sky(c.images, c.bands, sky);
  const test::GoldenCase after = test::load_golden(expected.name, "srcs");
  for (std::size_t i = 0; i < c.images.size(); ++i) {
    const CcdImage& ours = c.images[i];
    const CcdImage& theirs = after.images[i];
    double worst = 0;
    for (int y = 0; y < ours.data.height(); ++y)
      for (int x = 0; x < ours.data.width(); ++x)
        if (ours.inverse_error(x, y) > 0)
          worst = std::max<double>(worst, std::abs(ours.data(x, y) - theirs.data(x, y)));
    EXPECT_LT(worst, 1e-3 * ours.sig1) << ours.name;
  }
}

INSTANTIATE_TEST_SUITE_P(Cases, GoldenSky,
                         testing::Values(Sky{"testcase3", {0.00017708463, 0.00043233755, 0.0015132609}},
                                         Sky{"testcase7", {0.004094192}},
                                         Sky{"testcase9", {0.0008024931, 0.0018260241, 0.0021991592}},
                                         Sky{"mzlsbass2", {3.0749983e-05, 0.00073459774, -0.0003563182}}),
                         [](const auto& info) { return std::string(info.param.name); });

TEST(ResidualSky, ABandWithoutBlankPixelsHasNone) {
  BRICKLINE_NEEDS_DATA("golden/testcase6");
  const test::GoldenCase c = test::load_golden("testcase6", "outliers");
  for (const auto& sky : residual_sky(c.images, c.brick, c.bands, test::golden_blob_map(c).view()))
    EXPECT_FALSE(sky);
}

INSTANTIATE_TEST_SUITE_P(Cases, GoldenDetection,
                         testing::Values("sim300", "mzlsbass2", "testcase3", "testcase4", "testcase6",
                                         "testcase7", "testcase9"),
                         [](const auto& info) { return std::string(info.param); });

}  // namespace
}  // namespace brickline
