// What is removed once tables are put together, and what is not.
#include "core/campaign/command_finish.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "core/base/atomic_file.h"
#include "core/base/error.h"
#include "core/campaign/settings.h"
#include "core/campaign/verify.h"
#include "tests/support/data.h"

namespace brickline {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class Clean : public testing::Test {
 protected:
  Clean() {
    item("maps-149", 0, part_);
    item("maps", 1, whole_);
  }
  void item(const std::string& name, int phase, const fs::path& file) {
    write_file_atomically(file, name);
    write_file_atomically(plan_.checksums(name), sha256_hex(name) + " *" + file.string() + "\n");
    Item made;
    made.name = name;
    made.words = "maps out --out maps";
    made.phase = phase;
    made.state = ItemState::kDone;
    items_.push_back(made);
  }
  std::string error() const {
    try {
      clean_commands(plan_, items_);
    } catch (const Error& error) {
      return error.line();
    }
    return "no error";
  }
  test::TemporaryDirectory directory_;
  PlanFiles plan_{directory_ / "plan"};
  fs::path part_ = directory_ / "maps.parts/149.fits", whole_ = directory_ / "maps.fits";
  std::vector<Item> items_;
};

TEST_F(Clean, RemovesPartsAndWhatKilledProcessesLeft) {
  const fs::path unfinished = directory_ / "tmp-maps.fits.01234567", mine = directory_ / "tmp-maps.fits.bak";
  std::ofstream(unfinished) << "half";
  std::ofstream(mine) << "whole";
  const CleanReport report = clean_commands(plan_, items_);
  EXPECT_EQ(report.files, 2);
  EXPECT_EQ(report.items, 1);
  EXPECT_FALSE(fs::exists(part_.parent_path()));
  EXPECT_FALSE(fs::exists(unfinished));
  EXPECT_TRUE(fs::exists(mine));
  EXPECT_TRUE(fs::exists(whole_));
  EXPECT_EQ(verify_checksums(plan_.checksums("maps-149")).check, Check::kDone);
}

TEST_F(Clean, KeepsThePartsOfAProductThatIsNotWhatWasWritten) {
  std::ofstream(whole_) << "other";
  EXPECT_THAT(error(), testing::AllOf(HasSubstr("maps: "), HasSubstr("is not what was written")));
  EXPECT_TRUE(fs::exists(part_));
  EXPECT_EQ(verify_checksums(plan_.checksums("maps-149")).check, Check::kDone);
}

TEST_F(Clean, LeavesNothingOfPartsThatAreMadeOnceMore) {
  clean_commands(plan_, items_);
  EXPECT_EQ(want_parts_again(plan_, items_), 0);
  items_[1].state = ItemState::kWaiting;
  EXPECT_EQ(want_parts_again(plan_, items_), 1);
  EXPECT_EQ(items_[0].state, ItemState::kWaiting);
  EXPECT_EQ(verify_checksums(plan_.checksums("maps-149")).check, Check::kObjection);
  items_.clear();
  item("maps-149", 0, part_);
  item("maps", 1, whole_);
  EXPECT_EQ(clean_commands(plan_, items_).files, 1);
  EXPECT_FALSE(fs::exists(part_.parent_path()));
}

// Whoever mended the plan before may have ended between, or not have known of parts: the whole waits, and is no objection.
TEST_F(Clean, TheManifestKnowsThatPartsOfAWholeThatWaitsAreMadeAgain) {
  clean_commands(plan_, items_);
  for (const bool given_up : {false, true}) {
    if (given_up) {
      items_.clear();
      item("maps-149", 0, part_);
      item("maps", 1, whole_);
      clean_commands(plan_, items_);
    }
    CampaignSettings settings;
    settings.kind = PlanKind::kCommands;
    settings.worker = "/bin/true";
    settings.directory = directory_.path();
    write_file_atomically(plan_.settings(), settings_text(settings));
    items_[1].state = given_up ? ItemState::kGivenUp : ItemState::kWaiting;
    Manifest manifest;
    manifest.items = items_;
    write_manifest(manifest, plan_.manifest());
    if (given_up)
      EXPECT_EQ(try_again(plan_, {"maps"}, Log()), 1);
    else
      EXPECT_TRUE(verify_plan(plan_, true, Log()).objections.empty());
    for (const Item& read : read_manifest(plan_.manifest()).items)
      EXPECT_EQ(read.state, ItemState::kWaiting) << read.name << " given up: " << given_up;
  }
}

TEST_F(Clean, SaysWhatCannotBeRemoved) {
  fs::remove(part_);
  fs::create_directories(part_ / "in the way");
  EXPECT_THAT(error(), testing::AllOf(HasSubstr("149.fits"), HasSubstr("cannot be removed")));
  EXPECT_EQ(verify_checksums(plan_.checksums("maps-149")).check, Check::kObjection);
}

}  // namespace
}  // namespace brickline
