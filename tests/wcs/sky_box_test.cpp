#include "core/wcs/sky_box.h"

#include <gtest/gtest.h>

namespace brickline {
namespace {

TEST(SkyBox, AnAreaAcrossRaZeroIsOneArea) {
  const SkyBox box{359.9, 0.1, -1, 1};
  EXPECT_TRUE(box.contains(359.95, 0));
  EXPECT_TRUE(box.contains(0.05, 0));
  EXPECT_FALSE(box.contains(0.1, 0));
  EXPECT_FALSE(box.contains(180, 0));
  EXPECT_FALSE(box.contains(0, 1));
}

}  // namespace
}  // namespace brickline
