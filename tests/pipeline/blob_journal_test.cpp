// The journal of fitted blobs: what is good of it is used, and nothing else is ever believed.
#include "core/pipeline/blob_journal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "core/base/atomic_file.h"
#include "core/pipeline/journal_file.h"
#include "tests/support/collecting_log.h"
#include "tests/support/data.h"

namespace brickline {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using State = JournalContents::State;

std::vector<std::uint8_t> bytes_of(const std::string& text) { return {text.begin(), text.end()}; }
std::string text_in(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}
std::string payload_of(const JournalContents::Record& record) {
  return {record.payload.begin(), record.payload.end()};
}

// Three records, and where the header and each of them end.
struct Example {
  std::string text;
  std::vector<std::size_t> ends;
};
Example example(const std::string& key = "the key") {
  Example out;
  JournalRecord last = journal_header(key);
  const auto add = [&] {
    out.text += last.bytes;
    out.ends.push_back(out.text.size());
  };
  add();
  for (const char* payload : {"first", "", "the third one"}) {
    last = journal_record(last.digest, static_cast<std::uint32_t>(out.ends.size()), payload);
    add();
  }
  return out;
}

TEST(JournalFile, IsReadAsItWasWritten) {
  const Example journal = example();
  const auto bytes = bytes_of(journal.text);
  const JournalContents contents = read_journal(bytes, "the key");
  EXPECT_EQ(contents.state, State::kGood);
  EXPECT_EQ(contents.problem, "");
  EXPECT_EQ(contents.good_bytes, bytes.size());
  ASSERT_EQ(contents.records.size(), 3u);
  EXPECT_EQ(payload_of(contents.records[0]), "first");
  EXPECT_EQ(contents.records[0].kind, 1u);
  EXPECT_EQ(payload_of(contents.records[1]), "");
  EXPECT_EQ(payload_of(contents.records[2]), "the third one");
}

TEST(JournalFile, CutAnywhereItIsGoodUpToTheLastWholeRecord) {
  const Example journal = example();
  for (std::size_t size = 0; size < journal.text.size(); ++size) {
    SCOPED_TRACE(size);
    const auto bytes = bytes_of(journal.text.substr(0, size));
    const JournalContents contents = read_journal(bytes, "the key");
    if (size < journal.ends[0]) {
      EXPECT_EQ(contents.state, size == 0 ? State::kNone : State::kBroken);
      continue;
    }
    const auto whole = static_cast<std::size_t>(
        std::ranges::count_if(journal.ends, [&](std::size_t end) { return end <= size; }) - 1);
    EXPECT_EQ(contents.state, State::kGood);
    EXPECT_EQ(contents.records.size(), whole);
    EXPECT_EQ(contents.good_bytes, journal.ends[whole]);
    EXPECT_EQ(contents.problem.empty(), size == journal.ends[whole]);
  }
}

TEST(JournalFile, AnyBitThatIsOtherEndsWhatIsBelieved) {
  const Example journal = example();
  for (std::size_t at = 0; at < journal.text.size(); ++at)
    for (int bit = 0; bit < 8; ++bit) {
      SCOPED_TRACE(at);
      auto bytes = bytes_of(journal.text);
      bytes[at] = static_cast<std::uint8_t>(bytes[at] ^ 1 << bit);
      const JournalContents contents = read_journal(bytes, "the key");
      if (at < journal.ends[0]) {
        EXPECT_NE(contents.state, State::kGood);
        EXPECT_TRUE(contents.records.empty());
        continue;
      }
      const auto whole = static_cast<std::size_t>(
          std::ranges::count_if(journal.ends, [&](std::size_t end) { return end <= at; }) - 1);
      EXPECT_EQ(contents.records.size(), whole);
      EXPECT_FALSE(contents.problem.empty());
    }
}

TEST(JournalFile, RecordsOfAnotherFileOrInAnotherOrderAreNotTaken) {
  const Example journal = example(), other = example("another key");
  const auto record = [&](const Example& from, std::size_t i) {
    return from.text.substr(from.ends[i], from.ends[i + 1] - from.ends[i]);
  };
  const std::string header = journal.text.substr(0, journal.ends[0]);
  const auto records_in = [](const std::string& text) {
    const auto bytes = bytes_of(text);
    return read_journal(bytes, "the key").records.size();
  };
  EXPECT_EQ(records_in(header + record(journal, 0)), 1u);
  EXPECT_EQ(records_in(header + record(other, 0)), 0u);
  EXPECT_EQ(records_in(header + record(journal, 1)), 0u);
  EXPECT_EQ(records_in(header + record(journal, 0) + record(journal, 0)), 1u);
}

TEST(JournalFile, OfAnotherKeyAndWhatIsNoneIsToldApart) {
  const auto bytes = bytes_of(example().text);
  EXPECT_EQ(read_journal(bytes, "another key").state, State::kStale);
  EXPECT_EQ(read_journal(bytes_of("SIMPLE  =                    T"), "the key").state, State::kForeign);
}

// --- of blobs ----------------------------------------------------------------------------------------------

SourceState some_step(int i) {
  SourceState s;
  s.model.ra = 10 + i;
  s.model.flux = {1.0 * i, -0.0, std::numeric_limits<double>::quiet_NaN()};
  s.failure = i % 2 ? "a reason" : "";
  s.models[2].status = ModelFitStatus::kFitted;
  s.models[2].model.motion = SkyMotion{1, 2, 3, 2016};
  s.chosen = SourceKind::kDev;
  s.alive = i % 3 != 0;
  s.unsettled = 2.5 * i;
  s.is_new = i % 2 == 0;
  s.split_from = i - 1;
  s.told.fate = SourceFate::kTwo;
  return s;
}
BlobResult some_result(int blob, int part, int sources) {
  BlobResult r;
  r.report.blob = blob;
  r.report.part = part;
  r.report.status = BlobStatus::kFitted;
  r.report.failures = {{3, 1.5, 2.5, "no light"}};
  for (int i = 0; i < sources; ++i) {
    r.sources.emplace_back();
    r.sources.back().model.dec = 5 * blob + i;
    r.sources.back().metrics.fracin = {0.5F, 0.25F};
  }
  r.account.emplace();
  r.account->data = Image<float>(3, 2, 7.5F);
  return r;
}

class Journal : public testing::Test {
 protected:
  BlobJournal open(double period = 600, bool use_old = true, const std::string& key = "key") {
    return BlobJournal({file_, period, use_old}, key, Log(log_));
  }
  std::string told() const {
    std::string all;
    for (const auto* lines : {&log_.warnings, &log_.infos})
      for (const std::string& line : *lines) all += line + "\n";
    return all;
  }
  test::TemporaryDirectory scratch_;
  test::CollectingSink log_;
  fs::path file_ = scratch_ / "deep/er/blobs.journal";
};

TEST_F(Journal, GivesBackWhatItWasTold) {
  {
    BlobJournal journal = open();
    EXPECT_FALSE(journal.recall(1, -1).result);
    journal.keep_step(1, -1, some_step(0));
    journal.keep(some_result(1, -1, 3));
    journal.keep(some_result(2, 0, 0));
    journal.recall(3, 1);
    for (int i = 0; i < 4; ++i) journal.keep_step(3, 1, some_step(i));
  }
  BlobJournal journal = open();
  EXPECT_THAT(told(), HasSubstr("2 blobs are fitted, and 4 sources of 1 more"));
  const auto one = journal.recall(1, -1).result;
  ASSERT_TRUE(one);
  ASSERT_EQ(one->sources.size(), 3u);
  EXPECT_EQ(one->sources[2].model.dec, 7);
  EXPECT_EQ(one->sources[2].metrics.fracin[1], 0.25F);
  EXPECT_EQ(one->report.failures[0].reason, "no light");
  ASSERT_TRUE(one->account);
  EXPECT_EQ(one->account->data(2, 1), 7.5F);
  EXPECT_TRUE(journal.recall(2, 0).result);
  EXPECT_FALSE(journal.recall(2, 1).result);
  const auto steps = journal.recall(3, 1).steps;
  ASSERT_EQ(steps.size(), 4u);
  EXPECT_EQ(steps[3].model.ra, 13);
  EXPECT_TRUE(std::signbit(steps[3].model.flux[1]));
  EXPECT_TRUE(std::isnan(steps[3].model.flux[2]));
  EXPECT_EQ(steps[3].failure, "a reason");
  EXPECT_EQ(steps[3].models[2].model.motion->ref_epoch, 2016);
  EXPECT_EQ(steps[3].chosen, SourceKind::kDev);
  EXPECT_FALSE(steps[3].alive);
  EXPECT_EQ(steps[3].unsettled, 7.5);
  EXPECT_FALSE(steps[3].is_new);
  EXPECT_EQ(steps[3].split_from, 2);
  EXPECT_EQ(steps[3].told.fate, SourceFate::kTwo);
}

TEST_F(Journal, StepsOfSeveralRunsFollowEachOther) {
  for (int run = 0; run < 3; ++run) {
    BlobJournal journal = open(run == 1 ? 0 : 600);
    EXPECT_EQ(journal.recall(5, -1).steps.size(), static_cast<std::size_t>(2 * run));
    journal.keep_step(5, -1, some_step(2 * run));
    journal.keep_step(5, -1, some_step(2 * run + 1));
  }
  const auto steps = open().recall(5, -1).steps;
  ASSERT_EQ(steps.size(), 6u);
  for (int i = 0; i < 6; ++i) EXPECT_EQ(steps[static_cast<std::size_t>(i)].model.ra, 10 + i);
}

// Killed while a blob is fitted, what is in the file is what was there a period ago at least.
TEST_F(Journal, StepsAreWrittenOncePerPeriodAndWhenInterrupted) {
  const auto steps_in_file = [&] {
    const auto bytes = bytes_of(text_in(file_));
    JournalContents contents;
    const BlobRecords records = read_blob_journal(bytes, "key", contents);
    EXPECT_EQ(contents.problem, "");
    const auto found = records.steps.find({7, -1});
    return found == records.steps.end() ? std::size_t{0} : found->second.size();
  };
  BlobJournal seldom = open(600);
  seldom.recall(7, -1);
  seldom.keep_step(7, -1, some_step(0));
  EXPECT_EQ(steps_in_file(), 0u);
  seldom.interrupted();
  EXPECT_EQ(steps_in_file(), 1u);
  fs::remove(file_);
  BlobJournal always = open(0);
  always.recall(7, -1);
  for (int i = 0; i < 3; ++i) {
    always.keep_step(7, -1, some_step(i));
    EXPECT_EQ(steps_in_file(), static_cast<std::size_t>(i + 1));
  }
  always.keep(some_result(7, -1, 1));
  EXPECT_EQ(steps_in_file(), 0u);
}

TEST_F(Journal, CutOrChangedAnywhereItsGoodBeginningIsUsedAndGoneOnWith) {
  {
    BlobJournal journal = open(0);
    journal.keep(some_result(1, -1, 1));
    journal.recall(2, -1);
    journal.keep_step(2, -1, some_step(0));
    journal.keep(some_result(2, -1, 2));
  }
  const std::string whole = text_in(file_);
  unsigned long place = 4711;
  for (int i = 0; i < 300; ++i) {
    SCOPED_TRACE(i);
    std::string bytes = whole;
    place = place * 6364136223846793005UL + 1442695040888963407UL;
    const std::size_t at = (place >> 16) % bytes.size();
    if (i % 2)
      bytes.resize(at);
    else
      bytes[at] = static_cast<char>(bytes[at] ^ 1 << (i / 2) % 8);
    std::ofstream(file_, std::ios::binary) << bytes;
    std::size_t results = 0;
    {
      BlobJournal journal = open();
      for (const int blob : {1, 2}) {
        const auto result = journal.recall(blob, -1).result;
        if (!result) continue;
        ++results;
        ASSERT_EQ(result->sources.size(), static_cast<std::size_t>(blob));
        EXPECT_EQ(result->sources[0].model.dec, 5 * blob);
      }
      EXPECT_LT(results, 2u);
      journal.keep(some_result(9, -1, 1));
    }
    BlobJournal again = open();
    EXPECT_TRUE(again.recall(9, -1).result);
    EXPECT_EQ(again.recall(1, -1).result.has_value(), results == 1);
  }
  EXPECT_THAT(told(), HasSubstr("is damaged; what comes before that is used"));
  EXPECT_THAT(told(), HasSubstr("it ends within a record"));
  EXPECT_THAT(told(), HasSubstr("is not used: its header is cut off or damaged"));
}

TEST_F(Journal, OfAnotherFitIsNotUsedAndSaidSo) {
  open().keep(some_result(1, -1, 1));
  EXPECT_FALSE(open(600, true, "another key").recall(1, -1).result);
  EXPECT_THAT(told(), HasSubstr("is not used: options, software or what comes before"));
  EXPECT_FALSE(open().recall(1, -1).result);  // it is the other fit's now
}

TEST_F(Journal, OfAForcedFitBeginsAnew) {
  open().keep(some_result(1, -1, 1));
  EXPECT_FALSE(open(600, false).recall(1, -1).result);
  EXPECT_FALSE(open().recall(1, -1).result);
}

TEST_F(Journal, AFileThatIsNoneIsSetAsideWhole) {
  write_file_atomically(file_, "somebody's thesis");
  open().keep(some_result(1, -1, 1));
  EXPECT_EQ(text_in(file_.string() + ".unused"), "somebody's thesis");
  EXPECT_THAT(told(), HasSubstr("it is no journal"));
  EXPECT_TRUE(open().recall(1, -1).result);
}

TEST_F(Journal, ThatCannotBeWrittenCostsNothingButItself) {
  fs::create_directories(file_);
  BlobJournal journal = open(0);
  EXPECT_THAT(told(), HasSubstr("results of blobs are not kept: "));
  journal.recall(1, -1);
  journal.keep_step(1, -1, some_step(0));
  journal.keep(some_result(1, -1, 1));
  journal.interrupted();
}

// Records that the digests vouch for, of a program with another idea of them.
TEST_F(Journal, RecordsThatSaySomethingElseAreLeftOut) {
  JournalFile::begin(file_, "key", false).add(1, "these are not the fields");
  EXPECT_FALSE(open().recall(1, -1).result);
  EXPECT_THAT(told(), HasSubstr("record 1 cannot be used"));
  open().keep(some_result(1, -1, 1));
  EXPECT_TRUE(open().recall(1, -1).result);
}

}  // namespace
}  // namespace brickline
