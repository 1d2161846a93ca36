#include "core/pipeline/memory_forecast.h"

#include <gtest/gtest.h>

namespace brickline {
namespace {

BlobMap blobs_of(std::vector<std::pair<int, int>> sides_and_sources) {
  BlobMap map;
  for (const auto& [side, sources] : sides_and_sources) {
    Blob& blob = map.blobs.emplace_back();
    blob.box = Box::from_size(side, side);
    blob.pixels = blob.box.area();
    blob.sources.assign(static_cast<std::size_t>(sources), 0);
  }
  return map;
}

double megabytes(const BlobMap& map, double images_per_pixel, int threads) {
  return static_cast<double>(forecast_joint_fits(map, images_per_pixel, threads)) / 1e6;
}

// Stars of 300 per square arcminute on 180 and 120 pixels, 9 images: what the stage's resident size rose by.
TEST(MemoryForecast, OfJointFitsIsWhatCrowdedFieldsTook) {
  EXPECT_NEAR(megabytes(blobs_of({{180, 95}}), 9, 1), 133, 133 / 3.0);
  EXPECT_NEAR(megabytes(blobs_of({{120, 32}}), 9, 1), 59, 59 / 3.0);
}

// A galaxy of 15 arcsec and magnitude 13.8 in a field of 700 pixels, 8 images.
TEST(MemoryForecast, OfJointFitsKnowsThatLargeGalaxiesReachFar) {
  EXPECT_NEAR(megabytes(blobs_of({{405, 52}}), 8, 1), 691, 691 / 3.0);
}

TEST(MemoryForecast, OfJointFitsIsOfTheLargestBlobsThatAreFittedAtOnce) {
  const BlobMap map = blobs_of({{5, 1}, {180, 95}, {150, 60}, {40, 3}});
  const double one = megabytes(map, 9, 1), two = megabytes(map, 9, 2);
  EXPECT_DOUBLE_EQ(one, megabytes(blobs_of({{180, 95}}), 9, 1));
  EXPECT_NEAR(two, one + megabytes(blobs_of({{150, 60}}), 9, 1), 1e-5);
  EXPECT_DOUBLE_EQ(megabytes(map, 9, 100), megabytes(map, 9, 4));
  EXPECT_EQ(megabytes(blobs_of({}), 9, 4), 0);
}

}  // namespace
}  // namespace brickline
