// Saved state on disk: what is used, and everything that is not.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "core/base/atomic_file.h"
#include "core/base/error.h"
#include "core/pipeline/runner.h"
#include "core/pipeline/state_path.h"
#include "core/pipeline/state_report.h"
#include "core/pipeline/state_store_files.h"
#include "tests/support/collecting_log.h"
#include "tests/support/data.h"
#include "tests/support/run_context.h"

namespace brickline {

// A chain of toy stages that read a file and write a product.
struct Words1 {
  static constexpr std::string_view kArtifact = "words";
  static constexpr int kSchema = 1;
  std::vector<std::string> words;
};
struct Length {
  static constexpr std::string_view kArtifact = "length";
  static constexpr int kSchema = 1;
  double value = 0;
};
template <>
struct codec::Fields<Words1> {
  template <class Visit>
  static constexpr void each(Visit&& visit) {
    visit("words", &Words1::words);
  }
};
template <>
struct codec::Fields<Length> {
  template <class Visit>
  static constexpr void each(Visit&& visit) {
    visit("value", &Length::value);
  }
};

namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

Outcome<Words1> read_words(const ReleaseOptions& options, RunContext& run) {
  const fs::path file = run.output_dir / "input.txt";
  run.note(file);
  std::ifstream in(file);
  Words1 out;
  for (std::string word; in >> word;) out.words.push_back(word);
  Outcome<Words1> outcome(std::move(out));
  outcome.cards.set("SURVEY", options.survey_name, "what it is");
  outcome.cards.set("PI", 3.141592653589793);
  outcome.cards.set("CMDLINE", run.command_line, "as it was given");
  outcome.cards.add_comment("a comment ");
  outcome.failures = {{"word 3", "not a word"}};
  return outcome;
}
std::string command_line_of_count;
Outcome<Length> count_words(const Words1& words, const DetectionChoice& choice, const RunHeader& header,
                            StageProducts& products, RunContext&) {
  command_line_of_count = header.cards.text("CMDLINE").value_or("");
  std::string text = header.cards.text("SURVEY").value_or("") + ":";
  for (const std::string& word : words.words) text += " " + word;
  products.set().write(products.path(Product::kRefSources), text);
  return Outcome<Length>(Length{static_cast<double>(text.size()) * choice.nsigma});
}
fits::Header header_at_end;
Outcome<> tell(const Length& length, const RunHeader& header, StageProducts& products) {
  products.set().write(products.path(Product::kTractor), std::to_string(length.value));
  header_at_end = header.cards;
  return {};
}

std::vector<StageSpec> toys() {
  return {stage<read_words>("read", "READ", 1),
          stage<count_words>("count", "COUN", 1, {Product::kRefSources}),
          stage<tell>("tell", "TELL", 1, {Product::kTractor})};
}

std::string text_of(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

class SavedState : public testing::Test {
 protected:
  void SetUp() override {
    options_.control.output_dir = scratch_.path();
    options_.control.keep_state = true;
    write_file_atomically(input(), "three short words");
  }
  fs::path input() const { return scratch_ / "input.txt"; }
  fs::path state(const std::string& stage, const std::string& brick = "1234p567") const {
    return scratch_.path() / "state" / ("runbrick-" + brick + "-" + stage + ".fits");
  }

  // Runs, and says which stages were carried out.
  std::vector<std::string> run(const std::string& brick = "1234p567") {
    StateFiles store(state_settings(table_, options_, brick), codecs_, Log(log_));
    RunContext context = test::run_context(scratch_.path(), scratch_.path(), brick, Log(log_));
    context.command_line = command_line_;
    plan_ = make_plan(table_, options_, software_, store);
    brickline::run(plan_, options_, store, context);
    checksums_ = context.products.checksum_list();
    std::vector<std::string> names;
    for (const PlannedStage& stage : plan_.stages)
      if (!stage.from_state) names.emplace_back(stage.spec->name);
    return names;
  }
  std::string why(const std::string& stage) const {
    for (const PlannedStage& planned : plan_.stages)
      if (planned.spec->name == stage) return planned.why;
    return "no such stage";
  }
  // What `spoil` does to a state is noticed for this reason; the run then makes the stage again.
  void expect_unusable(const std::string& stage, const std::function<void(const fs::path&)>& spoil,
                       const std::string& reason) {
    run();
    const std::string good = checksums_;
    spoil(state(stage));
    EXPECT_THAT(run(), testing::Contains(stage));
    EXPECT_THAT(why(stage), HasSubstr(reason));
    EXPECT_EQ(checksums_, good);
  }

  const std::vector<StageSpec> table_ = toys();
  test::TemporaryDirectory scratch_;
  test::CollectingSink log_;
  BrickOptions options_;
  SoftwareIdentity software_{"1", "abc", "v3"};
  std::vector<ArtifactCodec> codecs_ = {codec::artifact_codec<Words1>(), codec::artifact_codec<Length>()};
  Plan plan_;
  std::string checksums_, command_line_ = "runbrick";
};

TEST_F(SavedState, IsUsedByTheNextRunWhichMakesTheSame) {
  EXPECT_THAT(run(), ElementsAre("read", "count", "tell"));
  const std::string checksums = checksums_;
  const fits::Header header = header_at_end;
  EXPECT_TRUE(fs::exists(state("read")) && fs::exists(state("count")) && fs::exists(state("tell")));
  EXPECT_THAT(run(), ElementsAre("tell"));  // it is asked for
  EXPECT_EQ(why("tell"), "it is asked for");
  EXPECT_EQ(checksums_, checksums);
  ASSERT_EQ(header_at_end.cards().size(), header.cards().size());
  for (std::size_t i = 0; i < header.cards().size(); ++i) {
    EXPECT_EQ(header_at_end.cards()[i].key, header.cards()[i].key);
    EXPECT_EQ(header_at_end.cards()[i].value, header.cards()[i].value);
    EXPECT_EQ(header_at_end.cards()[i].comment, header.cards()[i].comment);
  }
  EXPECT_THAT(log_.warnings, testing::Contains(HasSubstr("--force-stage read tries them again")));
}

TEST_F(SavedState, IsTheSameBytesEveryTime) {
  run();
  const std::string first = text_of(state("count"));
  options_.control.force_all = true;
  run();
  EXPECT_EQ(text_of(state("count")), first);
}

TEST_F(SavedState, AnOptionThatAStageReadsMakesItAndWhatFollowsAnew) {
  run();
  options_.detection.nsigma = 5;
  EXPECT_THAT(run(), ElementsAre("count", "tell"));
  EXPECT_THAT(why("count"), HasSubstr("options, software or what comes before"));
  EXPECT_EQ(why("tell"), "it needs what count makes");
  options_.release.survey_name = "other";
  EXPECT_THAT(run(), ElementsAre("read", "count", "tell"));
  options_.control.threads = 7;  // no stage reads it
  EXPECT_THAT(run(), ElementsAre("tell"));
  software_.commit = "abd";
  EXPECT_THAT(run(), ElementsAre("read", "count", "tell"));
}

TEST_F(SavedState, DoesNotBringBackTheCommandLineOfTheRunThatMadeIt) {
  run();
  command_line_ = "runbrick --nsigma 5";
  options_.detection.nsigma = 5;
  EXPECT_THAT(run(), ElementsAre("count", "tell"));
  ASSERT_TRUE(header_at_end.has("CMDLINE"));
  EXPECT_EQ(header_at_end.text("CMDLINE"), command_line_);
  EXPECT_EQ(header_at_end.find("CMDLINE")->comment, "as it was given");
}

// They stay where other options change: a run from the beginning writes the same.
TEST_F(SavedState, ProductsTellTheOptionsThatHaveMadeThem) {
  options_.detection.nsigma = 5;
  options_.release.survey_name = "ours";
  options_.pictures.rgb_stretch = 2;  // of a later stage
  run();
  EXPECT_EQ(command_line_of_count, "runbrick --nsigma 5 --survey-name ours");
  EXPECT_EQ(header_at_end.text("CMDLINE"), command_line_);
}

TEST_F(SavedState, AFileThatWasReadAndHasChangedMakesItAnew) {
  run();
  write_file_atomically(input(), "four words are these");
  EXPECT_THAT(run(), ElementsAre("read", "count", "tell"));
  EXPECT_THAT(why("read"), HasSubstr("input.txt has changed"));
  // A later stage's state that was made from the earlier file is not used, although the earlier stage's own
  // is good again: the run was ended in between.
  const std::string late = text_of(state("count"));
  write_file_atomically(input(), "two words");
  options_.control.stages = {"read"};
  EXPECT_THAT(run(), ElementsAre("read"));
  ASSERT_EQ(text_of(state("count")), late);
  options_.control.stages = {};
  EXPECT_THAT(run(), ElementsAre("count", "tell"));
}

TEST_F(SavedState, IsMadeAnewWhereTheStageIsForced) {
  run();
  options_.control.force_stages = {"count"};
  EXPECT_THAT(run(), ElementsAre("count", "tell"));
  options_.control.force_stages = {"read"};
  EXPECT_THAT(run(), ElementsAre("read", "count", "tell"));
  options_.control.force_stages = {};
  options_.control.force_all = true;
  EXPECT_THAT(run(), ElementsAre("read", "count", "tell"));
  options_.control.force_all = false;
  options_.control.force_stages = {"cuont"};
  EXPECT_THROW(run(), Error);
}

TEST_F(SavedState, IsWrittenAsAskedFor) {
  options_.control.no_write = true;
  run();
  EXPECT_FALSE(fs::exists(scratch_ / "state"));
  options_.control.write_stages = {"count"};  // and what it needs
  run();
  EXPECT_TRUE(fs::exists(state("read")) && fs::exists(state("count")));
  EXPECT_FALSE(fs::exists(state("tell")));
  options_.control.state_pattern = "kept/%(brick)s/%%(stage)s.pickle";
  run();
  EXPECT_TRUE(fs::exists(scratch_ / "kept" / "1234p567" / "count.pickle"));
}

TEST_F(SavedState, OfAnotherBrickOrStageIsForeign) {
  run("1111p111");
  expect_unusable(
      "count",
      [&](const fs::path& file) {
        fs::copy_file(state("count", "1111p111"), file, fs::copy_options::overwrite_existing);
      },
      "it is of brick 1111p111");
  expect_unusable(
      "count",
      [&](const fs::path& file) { fs::copy_file(state("read"), file, fs::copy_options::overwrite_existing); },
      "it is of stage read");
}

TEST_F(SavedState, WithoutTheProductsThatWereWrittenByThenIsOfNoUse) {
  const auto product = [&] { return scratch_.path() / "metrics/123/reference-1234p567.fits"; };
  expect_unusable(
      "count", [&](const fs::path&) { fs::remove(product()); }, "fits is gone");
  expect_unusable(
      "count", [&](const fs::path&) { std::ofstream(product(), std::ios::app) << "x"; }, "fits has changed");
}

TEST_F(SavedState, OfWhateverElseIsToldWhatItIs) {
  const auto put = [](const std::string& text) {
    return [=](const fs::path& file) { write_file_atomically(file, text); };
  };
  expect_unusable("count", put(""), "no saved state of runbrick");
  expect_unusable("count", put("a pickle"), "no saved state of runbrick");
  expect_unusable(
      "count",
      [](const fs::path& file) {
        std::string text = text_of(file);
        const std::size_t at = text.find("BLSTATE =");
        text[text.find('1', at)] = '2';
        write_file_atomically(file, text);
      },
      "another version of the format (2, not 1)");
  expect_unusable(
      "count",
      [](const fs::path& file) {
        fs::remove(file);
        fs::create_directory(file);
      },
      "");
}

TEST_F(SavedState, CutShortAnywhereIsNotUsed) {
  run();
  const std::string whole = text_of(state("count"));
  StateFiles store(state_settings(table_, options_, "1234p567"), codecs_, {});
  const StageSpec& count = table_[1];
  const std::string key = StateFile::open(state("count")).record().key;
  ASSERT_TRUE(store.status(count, key).usable);
  for (std::size_t size = 0; size < whole.size(); size += 1440) {
    write_file_atomically(state("count"), whole.substr(0, size));
    EXPECT_FALSE(store.status(count, key).usable) << size;
  }
  write_file_atomically(state("count"), whole + std::string(2880, ' '));
  EXPECT_FALSE(store.status(count, key).usable) << "longer";
}

TEST_F(SavedState, WithOneByteOfItChangedIsNotUsed) {
  run();
  const std::string whole = text_of(state("count"));
  StateFiles store(state_settings(table_, options_, "1234p567"), codecs_, {});
  const StageSpec& count = table_[1];
  const std::string key = StateFile::open(state("count")).record().key;
  for (std::size_t at = 0; at < whole.size(); at += 13) {
    std::string flipped = whole;
    flipped[at] = static_cast<char>(flipped[at] ^ (1 << at % 8));
    std::ofstream(state("count"), std::ios::binary) << flipped;
    EXPECT_FALSE(store.status(count, key).usable) << "byte " << at;
  }
}

TEST_F(SavedState, IsNotWrittenBehindTheLastStageUnlessItIsToBeKept) {
  options_.control.keep_state = false;
  run();
  EXPECT_TRUE(fs::exists(state("count")));
  EXPECT_FALSE(fs::exists(state("tell")));
  EXPECT_THAT(run(), ElementsAre("tell"));
}

TEST_F(SavedState, ThatCannotBeWrittenIsAWarning) {
  write_file_atomically(scratch_ / "state", "not a directory");
  EXPECT_THAT(run(), ElementsAre("read", "count", "tell"));
  EXPECT_THAT(log_.warnings, testing::Contains(HasSubstr("the state of stage read is not saved")));
}

TEST_F(SavedState, IsRemovedWithItsDirectory) {
  run();
  StateFiles store(state_settings(table_, options_, "1234p567"), codecs_, {});
  std::ofstream(scratch_ / "state" / "mine") << "kept";
  store.remove_all(table_);
  EXPECT_FALSE(fs::exists(state("read")));
  EXPECT_TRUE(fs::exists(scratch_ / "state" / "mine"));
  fs::remove(scratch_ / "state" / "mine");
  run();
  std::ofstream(scratch_ / "state" / "tmp-runbrick-1234p567-read.fits.Xy12") << "half";
  store.remove_all(table_);
  EXPECT_FALSE(fs::exists(scratch_ / "state"));
}

TEST_F(SavedState, IsToldInWords) {
  run();
  const StateRecord before = StateFile::open(state("count")).record();
  const std::string text = state_text(before);
  EXPECT_THAT(text, HasSubstr("stage count (schema 1) of brick 1234p567\n"));
  EXPECT_THAT(text, HasSubstr("  length (schema 1)\n"));
  EXPECT_THAT(text, HasSubstr("metrics/123/reference-1234p567.fits\n"));
  EXPECT_THAT(state_text(StateFile::open(state("read")).record()), HasSubstr("word 3: not a word"));
  EXPECT_EQ(state_differences(before, before), "");
  options_.detection.nsigma = 5;
  run();
  const std::string differences = state_differences(before, StateFile::open(state("count")).record());
  EXPECT_THAT(differences, HasSubstr("option --nsigma: - | 5\n"));
  EXPECT_THAT(differences, HasSubstr("key: "));
  EXPECT_THAT(differences, testing::Not(HasSubstr("input ")));
}

TEST(StatePath, TakesBothSpellingsOfThePattern) {
  const fs::path out = "out";
  EXPECT_EQ(state_path(out, "state/runbrick-%(brick)s-%(stage)s.fits", "b", "s"),
            "out/state/runbrick-b-s.fits");
  EXPECT_EQ(state_path(out, "pickles/runbrick-%(brick)s-%%(stage)s.pickle", "b", "s"),
            "out/pickles/runbrick-b-s.pickle");
  EXPECT_EQ(state_path(out, "/tmp/%(stage)s-100%%", "b", "s"), "/tmp/s-100%");
  for (const char* pattern : {"state.fits", "%(brick)s", "%(stage)d", "%s-%(stage)s"})
    EXPECT_THROW(check_state_pattern(pattern), Error) << pattern;
}

}  // namespace
}  // namespace brickline
