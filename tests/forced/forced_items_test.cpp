// Exposures as items: lists of them, when a table still holds, what becomes of one that fails.
#include "core/forced/forced_items.h"

#include <gtest/gtest.h>

#include <fstream>

#include "core/base/error.h"
#include "core/fits/fits_reader.h"
#include "tests/forced/golden_forced.h"

namespace brickline::test {
namespace {

class Items : public testing::Test {
 protected:
  void SetUp() override {
    BRICKLINE_NEEDS_DATA("golden/forced/sim300/plain/forced-900303.fits");
    fs::copy(data_dir() / "surveys/sim300", directory_ / "survey", fs::copy_options::recursive);
    fs::create_directories(directory_ / "catalogs");
    fs::copy(data_dir() / "golden/sim300/products/tractor", directory_ / "catalogs/tractor",
             fs::copy_options::recursive);
    for (const auto& entry : fs::recursive_directory_iterator(directory_.path()))
      fs::permissions(entry.path(), fs::perms::owner_write, fs::perm_options::add);
    survey_.emplace(SurveyDirectory::open(directory_ / "survey"));
    PluginSearch search;
    search.plugin_dirs = {fs::path(BRICKLINE_BUILD_DIR) / "plugins"};
    search.use_environment = search.use_user_directory = search.use_install_directory = false;
    cameras_.emplace(CameraRegistry::scan(search));
    ccds_ = CcdTable::read(*survey_);
    bricks_ = BrickTable::read(*survey_);
    cameras_->load("decam");
    options_.catalogs.all = directory_ / "catalogs";
    options_.outliers = options_.halos = false;
  }
  std::vector<ForcedItem> list(const std::string& text) const {
    std::ofstream(directory_ / "list") << text;
    return read_forced_items(directory_ / "list", ccds_);
  }
  std::string error_of(const std::string& text) const {
    try {
      list(text);
    } catch (const Error& e) {
      return e.line();
    }
    return "";
  }
  std::vector<ForcedItemResult> run(const std::vector<ForcedItem>& items,
                                    const std::string& command = "x") const {
    const ForcedSurvey from{*survey_, *cameras_, ccds_, bricks_, {}};
    ForcedRun run{from, options_};
    run.command_line = command;
    run.output_dir = directory_ / "out";
    run.check_alone = check_alone_;
    run.cancel = Cancel(cancelled_);
    return run_forced_items(run, items, {});
  }
  TemporaryDirectory directory_;
  std::optional<SurveyDirectory> survey_;
  std::optional<CameraRegistry> cameras_;
  CcdTable ccds_;
  BrickTable bricks_;
  ForcedCcdOptions options_;
  bool check_alone_ = false;
  std::atomic<bool> cancelled_ = false;
};

TEST_F(Items, AreLinesOfAList) {
  const auto items = list("# night 1\n900303\ndecam 900301 S4 # again below\n\ndecam,900301\n");
  ASSERT_EQ(items.size(), 2u);
  EXPECT_EQ(items[0].expnum, 900303);
  EXPECT_EQ(items[1].camera, "decam");
  EXPECT_EQ(items[1].rows.size(), 1u);
  EXPECT_NE(error_of("900301\n5\n").find("no exposure 5 (while reading line 2)"), std::string::npos);
  EXPECT_NE(error_of("decam 900301 X9\n").find("X9"), std::string::npos);
  EXPECT_NE(error_of("decam S4 900301\n").find("EXPNUM"), std::string::npos);
  EXPECT_NE(error_of("# none\n").find("no exposure in it"), std::string::npos);
}

TEST_F(Items, AreMeasuredOnceAndAnewWhereAnythingChanged) {
  const auto items = list("900303\n900305\n");
  const auto first = run(items);
  for (const ForcedItemResult& r : first) {
    EXPECT_EQ(r.state, ForcedState::kMeasured) << r.reason;
    EXPECT_EQ(r.rows, 36);
    EXPECT_EQ(fits::FitsReader(r.table).header(0).integer("NCCDFAIL"), 0);
  }
  const auto states = [&](const std::string& command = "x") {
    std::string out;
    for (const ForcedItemResult& r : run(items, command)) out += std::string(name_of(r.state)) + " ";
    return out;
  };
  EXPECT_EQ(states(), "valid valid ");
  EXPECT_EQ(states("x --apphot"), "measured measured ");
  EXPECT_EQ(states(), "measured measured ");
  // One byte of a table.
  {
    std::fstream file(first[1].table, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(-1500, std::ios::end);
    file.put('\x55');
  }
  EXPECT_EQ(states(), "valid measured ");
  // Another catalog, of the same size.
  fs::last_write_time(directory_ / "catalogs/tractor/150/tractor-1501p022.fits",
                      fs::file_time_type::clock::now());
  EXPECT_EQ(states(), "measured measured ");
  fs::remove(first[0].table);
  check_alone_ = true;
  EXPECT_EQ(states(), "not done valid ");
  check_alone_ = false;
  cancelled_ = true;
  EXPECT_EQ(states(), "not done not done ");
  cancelled_ = false;
  EXPECT_EQ(states(), "measured valid ");
  const fits::Table report = forced_report(items, run(items));
  EXPECT_EQ(report.rows(), 2);
  EXPECT_EQ(report.text("state", 1), "valid");
}

// Else it would be read again by every run, and never be done.
TEST_F(Items, ThatHaveNoImageAreRememberedUntilAFileChanges) {
  const auto items = list("900303\n");
  ASSERT_EQ(run(items)[0].state, ForcedState::kMeasured);
  const fs::path table = forced_file(directory_ / "out", "decam", 900303);
  options_.window = Box{9000, 9100, 0, 100};  // where no pixel is
  EXPECT_EQ(run(items, "window")[0].state, ForcedState::kNoImage);
  EXPECT_FALSE(fs::exists(table));
  check_alone_ = true;
  const ForcedItemResult again = run(items, "window")[0];
  EXPECT_EQ(again.state, ForcedState::kNoImage);
  EXPECT_EQ(again.reason, "none of its CCDs has an image");
  EXPECT_EQ(run(items, "another window")[0].state, ForcedState::kInterrupted);
  std::ofstream(table) << "an earlier run's";
  EXPECT_EQ(run(items, "window")[0].state, ForcedState::kInterrupted);
  fs::remove(table);
  fs::last_write_time(survey_->image(ccds_.row(items[0].rows[0]).image_filename),
                      fs::file_time_type::clock::now());
  EXPECT_EQ(run(items, "window")[0].state, ForcedState::kInterrupted);
}

TEST_F(Items, OneThatFailsDoesNotEndTheOthers) {
  const auto items = list("900303\n900305\n");
  const fs::path image = survey_->image(ccds_.row(items[0].rows[0]).image_filename);
  fs::resize_file(image, fs::file_size(image) / 2);
  const auto results = run(items);
  EXPECT_EQ(results[0].state, ForcedState::kFailed);
  EXPECT_NE(results[0].reason.find(image.filename().string()), std::string::npos) << results[0].reason;
  EXPECT_FALSE(fs::exists(results[0].table));
  EXPECT_EQ(results[1].state, ForcedState::kMeasured);
}

}  // namespace
}  // namespace brickline::test
