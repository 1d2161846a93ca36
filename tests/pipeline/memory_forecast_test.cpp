#include "core/pipeline/memory_forecast.h"

#include <gtest/gtest.h>

namespace brickline {
namespace {

std::int64_t bytes_of(int side, int sources, double images_per_pixel) {
  BlobTask task;
  task.box = Box::from_size(side, side);
  task.pixels = task.box.area();
  task.sources.assign(static_cast<std::size_t>(sources), 0);
  return forecast_joint_fit(task, images_per_pixel);
}
double megabytes(int side, int sources, double images_per_pixel) {
  return static_cast<double>(bytes_of(side, sources, images_per_pixel)) / 1e6;
}

// Stars of 300 per square arcminute on 180 and 120 pixels, 9 images: what the stage's resident size rose by.
TEST(MemoryForecast, OfJointFitsIsWhatCrowdedFieldsTook) {
  EXPECT_NEAR(megabytes(180, 95, 9), 133, 133 / 3.0);
  EXPECT_NEAR(megabytes(120, 32, 9), 59, 59 / 3.0);
}

// A galaxy of 15 arcsec and magnitude 13.8 in a field of 700 pixels, 8 images.
TEST(MemoryForecast, OfJointFitsKnowsThatLargeGalaxiesReachFar) {
  EXPECT_NEAR(megabytes(405, 52, 8), 691, 691 / 3.0);
}

TEST(MemoryForecast, OfJointFitsIsOfTheLargestBlobsThatAreFittedAtOnce) {
  const std::vector<std::int64_t> blobs = {3, 90, 0, 20, 5};
  EXPECT_EQ(forecast_joint_fits(blobs, 1), 90);
  EXPECT_EQ(forecast_joint_fits(blobs, 3), 115);
  EXPECT_EQ(forecast_joint_fits(blobs, 100), 118);
  EXPECT_EQ(forecast_joint_fits({}, 4), 0);
  EXPECT_EQ(bytes_of(5, 0, 9), 0);
}

}  // namespace
}  // namespace brickline
