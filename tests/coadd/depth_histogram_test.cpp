#include "core/coadd/depth_histogram.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

namespace brickline {
namespace {

TEST(DepthHistogram, CountsUniquePixelsByDepth) {
  const std::vector<float> edges = depth_histogram_edges();
  ASSERT_EQ(edges.size(), 51u);
  EXPECT_EQ(edges[0], 0);
  EXPECT_FLOAT_EQ(edges[1], 20.1f);
  EXPECT_FLOAT_EQ(edges[49], 24.9f);
  EXPECT_EQ(edges[50], 100);
  Image<float> iv(4, 1);
  iv(0, 0) = 0;  // no data: the first bin
  iv(1, 0) = static_cast<float>(std::pow(5 / std::pow(10, (22.5 - 23.05) / 2.5), 2));  // 23.05 mag
  iv(2, 0) = iv(1, 0);
  iv(3, 0) = 1e12f;  // 26 mag and deeper: the last bin
  Image<std::uint8_t> unique(4, 1, 1);
  unique(2, 0) = 0;
  const auto counts = depth_histogram(iv.const_view(), unique.const_view());
  EXPECT_EQ(counts[0], 1);
  EXPECT_EQ(counts[30], 1);
  EXPECT_EQ(counts[49], 1);
  EXPECT_EQ(std::accumulate(counts.begin(), counts.end(), 0), 3);
}

}  // namespace
}  // namespace brickline
