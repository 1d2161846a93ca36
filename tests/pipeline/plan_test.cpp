// Which stages run, and what their keys depend on.
#include "core/pipeline/plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "core/base/error.h"
#include "core/pipeline/option_table.h"
#include "core/pipeline/stage_table.h"
#include "core/pipeline/state_store.h"

namespace brickline {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::vector<std::string> chain(const std::vector<std::string>& requested, const BrickOptions& options = {}) {
  std::vector<std::string> names;
  for (const StageSpec* spec : stages_to_run(stage_table(), requested, options))
    names.emplace_back(spec->name);
  return names;
}

TEST(Plan, TheCatalogNeedsEveryStageButTheOptionalOnes) {
  EXPECT_THAT(chain({}), ElementsAre("tims", "refs", "outliers", "halos", "srcs", "fitblobs", "coadds",
                                     "wise_forced", "galex_forced", "forced_phot", "writecat"));
  EXPECT_EQ(chain({}), chain({"writecat"}));
}

TEST(Plan, EndsWithTheLastStageThatIsAskedFor) {
  EXPECT_THAT(chain({"refs"}), ElementsAre("tims", "refs"));
  EXPECT_THAT(chain({"image_coadds"}), ElementsAre("tims", "refs", "outliers", "halos", "image_coadds"));
  EXPECT_THAT(chain({"srcs", "image_coadds"}),
              ElementsAre("tims", "refs", "outliers", "halos", "image_coadds", "srcs"));
}

TEST(Plan, OutliersAnswerToTheirOldName) { EXPECT_EQ(chain({"mask_junk"}), chain({"outliers"})); }

TEST(Plan, WithBlobsToDrawEarlyCoaddsComeAfterTheSources) {
  BrickOptions options;
  options.early_coadds.blob_image = true;
  EXPECT_THAT(chain({"image_coadds"}, options),
              ElementsAre("tims", "refs", "outliers", "halos", "srcs", "image_coadds"));
  EXPECT_THAT(chain({"image_coadds", "fitblobs"}, options),
              ElementsAre("tims", "refs", "outliers", "halos", "srcs", "image_coadds", "fitblobs"));
  // Without early coadds there is nothing to draw into.
  EXPECT_EQ(chain({}, options), chain({}));
}

TEST(Plan, TheBlobMaskComesBeforeEarlyCoaddsAndWinsOverTheBlobImage) {
  for (const bool blob_image : {false, true}) {
    BrickOptions options;
    options.early_coadds.blob_image = blob_image;
    options.early_coadds.blob_mask = true;
    EXPECT_THAT(chain({"image_coadds"}, options),
                ElementsAre("tims", "refs", "outliers", "halos", "blobmask", "image_coadds"));
    EXPECT_THAT(chain({"image_coadds", "srcs"}, options),
                ElementsAre("tims", "refs", "outliers", "halos", "blobmask", "image_coadds", "srcs"));
    EXPECT_EQ(chain({}, options), chain({}));
  }
}

TEST(Plan, AnUnknownStageIsAUsageErrorThatListsTheKnown) {
  try {
    chain({"fitblob"});
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.exit_code(), 2);
    EXPECT_THAT(e.line(), HasSubstr("did you mean fitblobs?"));
    EXPECT_THAT(e.line(), HasSubstr("writecat"));
  }
}

// Keys of all stages that a run could have, by stage.
std::map<std::string, std::string> keys(const BrickOptions& given, const SoftwareIdentity& software) {
  BrickOptions options = given;
  options.control.stages = {"image_coadds", "blobmask", "writecat"};
  NoState none;
  std::map<std::string, std::string> out;
  for (const PlannedStage& stage : make_plan(stage_table(), options, software, none).stages)
    out[std::string(stage.spec->name)] = stage.key;
  return out;
}

// A value that an option does not have by default, as words.
std::vector<std::string> other_value(const OptionRow& row) {
  static const std::map<std::string_view, std::vector<std::string>> kSpecial = {
      {"--radec", {"150.1", "2.2"}},
      {"--zoom", {"1", "100", "2", "200"}},
      {"--bands", {"r,z"}},
      {"--gaia-scheme", {"nested"}},
      {"--saddle-fraction", {"0.5"}},
      {"--blobxy", {"3", "4"}},
      {"--blobradec", {"150", "2.25"}},
      {"--fit", {"joint"}}};
  if (const auto special = kSpecial.find(row.flag); special != kSpecial.end()) return special->second;
  return std::vector<std::string>(static_cast<std::size_t>(row.words), "7");
}

// The stages whose row of the table names the option's group, and all that follow them.
std::set<std::string> concerned(const OptionRow& row, const BrickOptions& options) {
  std::set<std::string> stages;
  std::set<std::string_view> made;
  for (const StageSpec* spec : stages_to_run(stage_table(), options.control.stages, options)) {
    bool hit = std::ranges::find(spec->options, row.group) != spec->options.end();
    for (const std::string_view input : spec->inputs) hit |= made.contains(input);
    if (!hit) continue;
    stages.emplace(spec->name);
    made.insert(spec->outputs.begin(), spec->outputs.end());
  }
  return stages;
}

TEST(Keys, ChangeForTheStagesThatDeclareAnOptionAndWhatFollowsThemAndNoOther) {
  const SoftwareIdentity software{"1", "abc", "v3"};
  BrickOptions plain;
  plain.region.brick = "1102p240";
  const auto before = keys(plain, software);
  for (const OptionRow& row : option_table()) {
    SCOPED_TRACE(std::string(row.flag));
    // These name stages.
    if (row.flag == "--stage" || row.flag == "--force-stage" || row.flag == "--write-stage") continue;
    BrickOptions options = plain;
    row.read(options, row.flag, other_value(row));
    const auto after = keys(options, software);
    BrickOptions asked = options;
    asked.control.stages = {"image_coadds", "blobmask", "writecat"};
    const std::set<std::string> expected = concerned(row, asked);
    EXPECT_EQ(expected.empty(), row.effect == OptionEffect::kControl);
    // These put another form of the stage in another place.
    const bool moves = row.flag == "--blob-image" || row.flag == "--blob-mask";
    ASSERT_EQ(after.size(), before.size());
    for (const auto& [stage, key] : after) {
      if (moves && stage == "image_coadds") continue;
      EXPECT_EQ(key != before.at(stage), expected.contains(stage)) << stage;
    }
  }
}

// What the rows of the table above cannot show by themselves: where a few options must and must not reach.
TEST(Keys, DependOnWhatAStageReads) {
  const SoftwareIdentity software{"1", "abc", "v3"};
  BrickOptions plain;
  plain.region.brick = "1102p240";
  const auto before = keys(plain, software);
  const auto changed = [&](const BrickOptions& options) {
    std::set<std::string> stages;
    for (const auto& [stage, key] : keys(options, software))
      if (key != before.at(stage)) stages.insert(stage);
    return stages;
  };
  BrickOptions options = plain;
  options.control.threads = 8;
  options.control.output_dir = "/elsewhere";
  EXPECT_THAT(changed(options), testing::IsEmpty());
  options = plain;
  options.dust.dust_dir = "/maps";
  EXPECT_THAT(changed(options), ElementsAre("writecat"));
  options = plain;
  options.forced_bands.bands = {"i"};
  EXPECT_THAT(changed(options), ElementsAre("forced_phot", "writecat"));
  options = plain;
  options.fitting.reoptimize = true;
  EXPECT_THAT(changed(options),
              ElementsAre("coadds", "fitblobs", "forced_phot", "galex_forced", "wise_forced", "writecat"));
  options = plain;
  options.way.fit = "joint";
  EXPECT_TRUE(changed(options).contains("srcs"));
  EXPECT_FALSE(changed(options).contains("outliers"));
  options = plain;
  options.pictures.rgb_stretch = 2;
  EXPECT_FALSE(changed(options).contains("refs"));
  EXPECT_TRUE(changed(options).contains("outliers"));
}

TEST(Keys, DependOnTheSoftware) {
  const BrickOptions options;
  const auto before = keys(options, {"1", "abc", "v3"});
  for (const SoftwareIdentity& other :
       {SoftwareIdentity{"2", "abc", "v3"}, {"1", "abd", "v3"}, {"1", "abc", "v4"}})
    for (const auto& [stage, key] : keys(options, other)) EXPECT_NE(key, before.at(stage)) << stage;
}

TEST(Keys, TellListsOfWordsApart) {
  StageSpec spec;
  spec.name = "s";
  spec.options = {ExplainOptions::kOptionGroup};
  BrickOptions one, two;
  one.explain.explain_blobs = {"1,2", "3"};
  two.explain.explain_blobs = {"1", "2,3"};
  EXPECT_NE(key_of(spec, one, {}, {}), key_of(spec, two, {}, {}));
  EXPECT_NE(key_of(spec, one, {}, {}, "a"), key_of(spec, one, {}, {}, "b"));
}

}  // namespace
}  // namespace brickline
