#include "core/pipeline/run_header.h"

#include <gtest/gtest.h>

#include <functional>
#include <set>
#include <string>
#include <vector>

namespace brickline {
namespace {

BrickOptions plain() {
  BrickOptions options;
  options.brick = "1102p240";
  return options;
}

// Two runs whose products may differ must not carry the same command line.
TEST(CommandLineOnRecord, TellsEveryOptionThatChangesProducts) {
  const std::vector<std::function<void(BrickOptions&)>> changes = {
      [](BrickOptions& o) {
        o.zoom = {0, 100, 0, 200};
      },
      [](BrickOptions& o) { o.bands = {"r"}; },
      [](BrickOptions& o) { o.references.no_gaia = true; },
      [](BrickOptions& o) { o.references.no_star_clusters = true; },
      [](BrickOptions& o) { o.no_outliers = true; },
      [](BrickOptions& o) { o.cache_outliers = true; },
      [](BrickOptions& o) { o.nsigma = 5; },
      [](BrickOptions& o) { o.saddle_fraction = 0.2; },
      [](BrickOptions& o) { o.saturated_images = 2; },
      [](BrickOptions& o) { o.iterative = false; },
      [](BrickOptions& o) { o.iterative_nsigma = 7; },
      [](BrickOptions& o) { o.segmentation = false; },
      [](BrickOptions& o) { o.reoptimize = true; },
      [](BrickOptions& o) { o.less_masking = true; },
      [](BrickOptions& o) { o.galaxy_forces_point_sources = false; },
      [](BrickOptions& o) { o.galaxy_masking = true; },
      [](BrickOptions& o) { o.bright_masking = true; },
      [](BrickOptions& o) { o.sub_blobs = true; },
      [](BrickOptions& o) { o.max_blob_pixels = 1000; },
      [](BrickOptions& o) {
        o.blob_numbers = {3, 4};
      },
      [](BrickOptions& o) {
        o.blobs_at = {{5, 6}};
      },
      [](BrickOptions& o) { o.first_blob = 2; },
      [](BrickOptions& o) { o.lanczos = false; },
      [](BrickOptions& o) { o.apodize = true; },
  };
  std::set<std::string> lines = {canonical_options(plain())};
  for (const auto& change : changes) {
    BrickOptions options = plain();
    change(options);
    EXPECT_TRUE(lines.insert(canonical_options(options)).second) << canonical_options(options);
  }
}

// Where data stand and how many threads work is nobody's business but the machine's.
TEST(CommandLineOnRecord, KeepsQuietAboutTheMachine) {
  BrickOptions options = plain();
  options.threads = 8;
  options.survey_dir = "/somewhere/survey";
  options.output_dir = "/elsewhere";
  options.references.gaia_dir = "/somewhere/gaia";
  EXPECT_EQ(canonical_options(options), canonical_options(plain()));
}

TEST(StageCards, ComeInTheOrderOfTheStages) {
  fits::Header header;
  BrickOptions options = plain();
  options.no_outliers = true;
  for (const Stage stage : {Stage::kTims, Stage::kRefs, Stage::kOutliers, Stage::kHalos, Stage::kSrcs,
                            Stage::kFitblobs, Stage::kCoadds, Stage::kWritecat})
    add_cards_of(stage, options, header);
  std::vector<std::string> versions;
  for (const fits::Card& card : header.cards())
    if (card.key.starts_with("VER_")) versions.push_back(card.key);
  EXPECT_EQ(versions, (std::vector<std::string>{"VER_TIMS", "VER_REFS", "VER_OUTL", "VER_HALO", "VER_SRCS",
                                                "VER_FITB", "VER_COAD", "VER_WCAT"}));
  EXPECT_EQ(header.logical("OUTLIER"), false);
}

}  // namespace
}  // namespace brickline
