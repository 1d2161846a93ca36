#include "core/pipeline/stage_graph.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/base/error.h"

namespace brickline {
namespace {

using ::testing::ElementsAre;

TEST(StageGraph, TheCatalogNeedsEveryStageButTheOptionalOnes) {
  EXPECT_THAT(plan_stages(std::vector{Stage::kWritecat}),
              ElementsAre(Stage::kTims, Stage::kRefs, Stage::kOutliers, Stage::kHalos, Stage::kSrcs,
                          Stage::kFitblobs, Stage::kCoadds, Stage::kWritecat));
}

TEST(StageGraph, EarlyCoaddsStopTheRunAfterThem) {
  EXPECT_THAT(plan_stages(std::vector{Stage::kImageCoadds}),
              ElementsAre(Stage::kTims, Stage::kRefs, Stage::kOutliers, Stage::kHalos, Stage::kImageCoadds));
}

TEST(StageGraph, SeveralRequestsMakeOnePlan) {
  EXPECT_THAT(plan_stages(std::vector{Stage::kSrcs, Stage::kImageCoadds}),
              ElementsAre(Stage::kTims, Stage::kRefs, Stage::kOutliers, Stage::kHalos, Stage::kImageCoadds,
                          Stage::kSrcs));
}

TEST(StageGraph, OutliersAnswerToTheirOldName) {
  EXPECT_EQ(stage_named("mask_junk"), Stage::kOutliers);
  EXPECT_EQ(stage_named("outliers"), Stage::kOutliers);
  EXPECT_EQ(stage_name(Stage::kOutliers), "outliers");
}

TEST(StageGraph, WithBlobsToDrawEarlyCoaddsComeAfterTheSources) {
  const StagePlanOptions blob_image{.blob_image = true};
  EXPECT_THAT(plan_stages(std::vector{Stage::kImageCoadds}, blob_image),
              ElementsAre(Stage::kTims, Stage::kRefs, Stage::kOutliers, Stage::kHalos, Stage::kSrcs,
                          Stage::kImageCoadds));
  EXPECT_THAT(plan_stages(std::vector{Stage::kImageCoadds, Stage::kFitblobs}, blob_image),
              ElementsAre(Stage::kTims, Stage::kRefs, Stage::kOutliers, Stage::kHalos, Stage::kSrcs,
                          Stage::kImageCoadds, Stage::kFitblobs));
  // Without early coadds there is nothing to draw into.
  EXPECT_EQ(plan_stages(std::vector{Stage::kWritecat}, blob_image),
            plan_stages(std::vector{Stage::kWritecat}));
}

TEST(StageGraph, TheBlobMaskComesBeforeEarlyCoaddsAndWinsOverTheBlobImage) {
  for (const bool blob_image : {false, true}) {
    const StagePlanOptions options{.blob_image = blob_image, .blob_mask = true};
    EXPECT_THAT(plan_stages(std::vector{Stage::kImageCoadds}, options),
                ElementsAre(Stage::kTims, Stage::kRefs, Stage::kOutliers, Stage::kHalos, Stage::kBlobmask,
                            Stage::kImageCoadds));
    EXPECT_THAT(plan_stages(std::vector{Stage::kImageCoadds, Stage::kSrcs}, options),
                ElementsAre(Stage::kTims, Stage::kRefs, Stage::kOutliers, Stage::kHalos, Stage::kBlobmask,
                            Stage::kImageCoadds, Stage::kSrcs));
    EXPECT_EQ(plan_stages(std::vector{Stage::kWritecat}, options),
              plan_stages(std::vector{Stage::kWritecat}));
  }
}

TEST(StageGraph, AnUnknownStageIsAUsageErrorThatListsTheKnown) {
  try {
    stage_named("sources");
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.exit_code(), 2);
    EXPECT_THAT(e.line(), ::testing::HasSubstr("fitblobs"));
  }
}

}  // namespace
}  // namespace brickline
