// Which blobs become work, and in which order.
#include <gtest/gtest.h>

#include "core/base/error.h"
#include "core/blobs/blob_subset.h"
#include "core/blobs/blob_task.h"
#include "core/blobs/source_record.h"
#include "core/blobs/source_selection.h"
#include "core/survey/bits.h"

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
  options.unique_area = SkyBox{149, 151, 1, f.brick.pixel_to_sky(50, 40).dec};
  const BlobPlan plan = plan_blobs(f.map, f.brick, options);
  EXPECT_EQ(plan.skipped, (std::vector<int>{2}));
  // A blob that only touches the area is fitted whole.
  options.unique_area->dec2 = f.brick.pixel_to_sky(50, 30.5).dec;
  EXPECT_EQ(plan_blobs(f.map, f.brick, options).tasks[0].pixels, 81);
}

TEST(CutAxis, PartsOverlapAndTheirOwnPixelsMeetInTheMiddle) {
  struct Row {
    int length, parts, size;
    std::vector<int> bounds;  // of the own pixels
  };
  for (const Row& row : {Row{367, 1, 367, {0, 367}},
                         {368, 2, 200, {0, 184, 368}},
                         {375, 2, 204, {0, 188, 375}},
                         {700, 3, 255, {0, 239, 462, 700}},
                         {1000, 4, 274, {0, 258, 500, 742, 1000}}}) {
    const std::vector<AxisPart> parts = cut_axis(row.length, 256, 32);
    ASSERT_EQ(static_cast<int>(parts.size()), row.parts) << row.length;
    EXPECT_EQ(parts[0].end, row.size) << row.length;
    for (std::size_t i = 0; i < parts.size(); ++i) {
      EXPECT_EQ(parts[i].begin, static_cast<int>(i) * (row.size - 32));
      EXPECT_EQ(parts[i].own_begin, row.bounds[i]) << row.length;
      EXPECT_EQ(parts[i].own_end, row.bounds[i + 1]) << row.length;
    }
    EXPECT_EQ(parts.back().end, row.length);
  }
  const std::vector<AxisPart> brick = cut_axis(3600, 256, 32);
  EXPECT_EQ(brick.size(), 16U);
  EXPECT_EQ(brick[0].end, 255);
  EXPECT_EQ(cut_axis(700, 256, 32)[1].end, 478);
  EXPECT_EQ(cut_axis(700, 256, 32)[2].begin, 446);
}

// One blob of 375 x 40 pixels at (10, 5) with a source at each of those x.
struct Strip {
  Wcs brick = Wcs::tangent(150, 2, 199.5, 29.5, {-kPixel, 0, 0, kPixel}, 400, 60);
  SourceList sources;
  BlobMap map;
  explicit Strip(const std::vector<int>& at) {
    Image<std::uint8_t> hot(400, 60);
    for (int y = 5; y < 45; ++y)
      for (int x = 10; x < 385; ++x) hot(x, y) = 1;
    for (const int x : at) {
      DetectedSource s;
      s.x = s.ix = x;
      s.y = s.iy = 20;
      sources.push_back(s);
    }
    map = make_blobs(hot.view(), sources);
  }
};

TEST(PlanBlobs, LargeBlobsInPartsIfAsked) {
  const Strip f({20, 190, 300, 310});
  const PlanContext context{&f.sources, {}, {}};
  EXPECT_EQ(plan_blobs(f.map, f.brick, {}, context).tasks.size(), 1U);
  PlanOptions options;
  options.parts = true;
  const BlobPlan plan = plan_blobs(f.map, f.brick, options, context);
  ASSERT_EQ(plan.tasks.size(), 2U);
  // The part of more sources first; the source in the overlap belongs to both.
  EXPECT_EQ(plan.tasks[0].part, 1);
  EXPECT_EQ(plan.tasks[0].box, (Box{182, 385, 5, 45}));
  EXPECT_EQ(plan.tasks[0].sources, (std::vector<int>{1, 2, 3}));
  EXPECT_EQ(*plan.tasks[0].own, (Box{198, 385, 5, 45}));
  EXPECT_EQ(plan.tasks[1].box, (Box{10, 214, 5, 45}));
  EXPECT_EQ(plan.tasks[1].sources, (std::vector<int>{0, 1}));
  EXPECT_EQ(plan.tasks[1].pixels, 204 * 40);
  options.only_parts_at = {{30, 10}};
  EXPECT_EQ(plan_blobs(f.map, f.brick, options, context).tasks.size(), 1U);
}

TEST(PlanBlobs, BlobsWhollyInAClusterAreAlwaysCutAndPartsWithoutASourceDropped) {
  const Strip f({20});
  Image<std::uint8_t> mask(400, 60, refbit::kCluster | refbit::kMedium);
  const PlanContext context{&f.sources, mask.const_view(), {}};
  const BlobPlan plan = plan_blobs(f.map, f.brick, {}, context);
  ASSERT_EQ(plan.tasks.size(), 1U);
  EXPECT_EQ(plan.tasks[0].part, 0);
  mask(100, 20) = 0;
  EXPECT_EQ(plan_blobs(f.map, f.brick, {}, context).tasks[0].part, -1);
}

TEST(PlanBlobs, AFrozenGalaxyReachesTheBlobsUnderItsFootprintButItsOwn) {
  Fixture f;
  std::vector<FrozenGalaxy> frozen(1);
  frozen[0].source = 0;  // of the blob at (10, 10)
  frozen[0].x = frozen[0].y = 11;
  frozen[0].box = {-20, 62, -20, 32};
  frozen[0].footprint = Image<std::uint8_t>(82, 52, 1);
  const PlanContext context{&f.sources, {}, frozen};
  BlobPlan plan = plan_blobs(f.map, f.brick, {}, context);
  EXPECT_EQ(plan.frozen_reach, (std::vector<std::vector<int>>{{1}}));
  EXPECT_EQ(plan.tasks[0].frozen, (std::vector<int>{0}));
  EXPECT_TRUE(plan.tasks[1].frozen.empty());
  EXPECT_EQ(plan.tasks[1].sources, (std::vector<int>{0}));
  // Outside the brick it is nobody's source, and a neighbour of all it touches.
  frozen[0].x = -5;
  plan = plan_blobs(f.map, f.brick, {}, context);
  EXPECT_EQ(plan.frozen_reach, (std::vector<std::vector<int>>{{0, 1}}));
  EXPECT_TRUE(plan.tasks[1].sources.empty());
}

TEST(ChooseBlobs, ByRangeNumberOrPlace) {
  const Fixture f;
  const auto chosen = [&](const BlobSubset& subset) { return choose_blobs(f.map, subset); };
  using V = std::vector<int>;
  EXPECT_EQ(chosen({}), (V{0, 1, 2}));
  EXPECT_EQ(chosen({.first = {}, .count = 2}), (V{0, 1}));
  EXPECT_EQ(chosen({.first = 1, .count = {}}), (V{1, 2}));
  EXPECT_EQ(chosen({.first = 1, .count = 1}), (V{1}));
  EXPECT_EQ(chosen({.first = 2, .count = 7}), (V{2}));
  EXPECT_EQ(chosen({.numbers = {2, 0, 2}}), (V{2, 0}));
  EXPECT_EQ(chosen({.at = {{62, 33}, {50, 50}}}), (V{1}));
  // Places outside count as the nearest pixel of the brick, which is in no blob here.
  EXPECT_THROW(chosen({.at = {{-5, -5}}}), Error);
  EXPECT_THROW(chosen({.first = 3, .count = {}}), Error);
  EXPECT_THROW(chosen({.numbers = {3}}), Error);
  EXPECT_THROW(chosen({.first = 0, .count = 1, .numbers = {1}}), Error);
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
