// Which blobs become work, and in which order.
#include <gtest/gtest.h>

#include "core/blobs/blob_task.h"
#include "core/blobs/source_record.h"
#include "core/blobs/source_selection.h"

namespace brickline {
namespace {

constexpr double kPixel = 0.262 / 3600;

struct Fixture {
  Wcs brick = Wcs::tangent(150, 2, 49.5, 49.5, {-kPixel, 0, 0, kPixel}, 100, 100);
  SourceList sources;
  BlobMap map;

  // Squares of 5, 9 and 5 pixels.
  Fixture() {
    Image<std::uint8_t> hot(100, 100);
    const auto square = [&](int x0, int y0, int size) {
      for (int y = y0; y < y0 + size; ++y)
        for (int x = x0; x < x0 + size; ++x) hot(x, y) = 1;
      DetectedSource s;
      s.ix = x0 + 1;
      s.iy = y0 + 1;
      sources.push_back(s);
    };
    square(10, 10, 5);
    square(60, 30, 9);
    square(40, 80, 5);
    map = make_blobs(hot.view(), sources);
  }
};

TEST(PlanBlobs, LargestFirstThenByNumber) {
  const Fixture f;
  const BlobPlan plan = plan_blobs(f.map, f.brick);
  ASSERT_EQ(plan.tasks.size(), 3U);
  EXPECT_EQ(plan.tasks[0].blob, 1);
  EXPECT_EQ(plan.tasks[1].blob, 0);
  EXPECT_EQ(plan.tasks[2].blob, 2);
  EXPECT_EQ(plan.tasks[0].box, (Box{60, 69, 30, 39}));
  EXPECT_EQ(plan.tasks[0].pixels, 81);
  EXPECT_EQ(plan.tasks[0].mask(0, 0), 1);
  EXPECT_TRUE(plan.skipped.empty());
}

TEST(PlanBlobs, LeavesOutWhatIsTooLargeOrNotThisBricks) {
  const Fixture f;
  EXPECT_EQ(plan_blobs(f.map, f.brick, {.max_blob_pixels = 25}).skipped, (std::vector<int>{1}));
  // Only the rows below the middle.
  PlanOptions options;
  options.unique_area = UniqueArea{149, 151, 1, f.brick.pixel_to_sky(50, 40).dec};
  const BlobPlan plan = plan_blobs(f.map, f.brick, options);
  EXPECT_EQ(plan.skipped, (std::vector<int>{2}));
  // A blob that only touches the area is fitted whole.
  options.unique_area->dec2 = f.brick.pixel_to_sky(50, 30.5).dec;
  EXPECT_EQ(plan_blobs(f.map, f.brick, options).tasks[0].pixels, 81);
}

TEST(UniqueArea, WrapsThroughZero) {
  const UniqueArea area{359.5, 0.5, -1, 1};
  EXPECT_TRUE(area.contains(359.7, 0));
  EXPECT_TRUE(area.contains(0.2, 0));
  EXPECT_FALSE(area.contains(1, 0));
  EXPECT_FALSE(area.contains(0.5, 0));
  EXPECT_FALSE(area.contains(0.2, 1));
}

TEST(Chi2Improvement, NegativeFluxesCountAgainstAModel) {
  const std::vector<double> none{100, 100, 100};
  EXPECT_EQ(chi2_improvement(none, {90, 80, 50}, {1, 1, 1}), 80);
  EXPECT_EQ(chi2_improvement(none, {90, 80, 50}, {1, -1, 0}), -10);
  EXPECT_EQ(chi2_improvement(none, {90, 80, 50}, {-1, -1, -1}), -80);
  EXPECT_EQ(chi2_improvement(none, {110, 120, 50}, {-1, 1, 1}), 20);
}

TEST(BrightestFirst, ReferenceSourcesFirstIfAsked) {
  std::vector<SourceRecord> records(4);
  records[0].model.flux = {1, 1, 1};
  records[1].model.flux = {5, 0, 0};
  records[2].model.flux = {-2, 0, 0};
  records[3].model.flux = {0.5, 0, 0};
  records[3].from_catalog = true;
  EXPECT_EQ(brightest_first(records, false), (std::vector<int>{1, 0, 3, 2}));
  EXPECT_EQ(brightest_first(records, true), (std::vector<int>{3, 1, 0, 2}));
  records[1].alive = false;
  EXPECT_EQ(brightest_first(records, false), (std::vector<int>{0, 3, 2}));
}

}  // namespace
}  // namespace brickline
