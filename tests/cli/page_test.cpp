// The page that a run leaves beside its products.
#include <gmock/gmock.h>

#include "tests/cli/survey_fixture.h"

namespace brickline::test {
namespace {

using ::testing::HasSubstr;

class Page : public SurveyFixture {
 protected:
  // As run(), but with the page.
  ProgramResult run_with_page(const std::vector<std::string>& extra = {}) const {
    std::vector<std::string> words = region();
    for (const std::string& word : common())
      if (word != "--no-page") words.push_back(word);
    words.insert(words.end(), extra.begin(), extra.end());
    return run_program(program("runbrick"), words, environment());
  }
  nlohmann::json json() const {
    for (const std::string& name : files_below(outdir()))
      if (name.find("/run-") != std::string::npos && name.ends_with(".json"))
        return nlohmann::json::parse(std::ifstream(outdir() / name));
    ADD_FAILURE() << "no page";
    return {};
  }
  bool is_there() const {
    for (const std::string& name : files_below(outdir()))
      if (name.find("/run-") != std::string::npos) return true;
    return false;
  }
};

TEST_F(Page, TellsOfTheRunAndIsNoProduct) {
  const ProgramResult result = run_with_page({"--nsigma", "7"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.err, HasSubstr("the page of the run: "));
  const auto page = json();
  EXPECT_EQ(page["run"]["status"], "done");
  ASSERT_EQ(page["stages"].size(), 11u);
  double wall = 0;
  for (const auto& stage : page["stages"]) {
    EXPECT_EQ(stage["status"], "done");
    EXPECT_GT(stage["peak_bytes"], 1'000'000);
    wall += stage["wall_seconds"].get<double>();
  }
  EXPECT_LE(wall, page["run"]["wall_seconds"].get<double>());
  EXPECT_GT(page["catalog"]["rows"], 3);
  EXPECT_EQ(page["pictures"].size(), 4u);
  EXPECT_EQ(page["ccds"]["used"]["rows"], 3);
  EXPECT_FALSE(page["blobs"]["cpu_seconds"].empty());
  EXPECT_EQ(page["software"]["cameras"].size(), 1u);
  const auto& options = page["options"];
  EXPECT_TRUE(std::any_of(options.begin(), options.end(), [](const auto& option) {
    return option["words"] == nlohmann::json({"--nsigma", "7"}) && option["origin"] == "command line";
  })) << options;
  for (const auto& product : page["products"])
    EXPECT_EQ(product["path"].get<std::string>().find("/run-"), std::string::npos);
  // Every warning of the log, and no other.
  std::size_t warnings = 0;
  for (std::size_t at = 0; (at = result.err.find("warning: ", at)) != std::string::npos; ++at) ++warnings;
  EXPECT_EQ(page["messages"].size(), warnings);
}

TEST_F(Page, OfARunWithoutOneIsRemoved) {
  ASSERT_EQ(run_with_page().exit_code, 0);
  EXPECT_TRUE(is_there());
  ASSERT_EQ(run({"--force-all"}).exit_code, 0);
  EXPECT_FALSE(is_there());
}

TEST_F(Page, SaysWhyCcdsAreLeftOut) {
  const ProgramResult result = run_with_page({"--bands", "g,r"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const auto left_out = json()["ccds"]["left_out"];
  ASSERT_EQ(left_out.size(), 1u);
  EXPECT_EQ(left_out[0]["reason"], "the band z is not wanted");
  EXPECT_EQ(left_out[0]["band"], "z");
}

TEST_F(Page, OfABrickWithoutWorkSaysWhy) {
  const ProgramResult result = run_with_page({"--min-mjd", "90000"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const auto page = json();
  EXPECT_EQ(page["run"]["status"], "nothing to do");
  EXPECT_THAT(page["run"]["message"].get<std::string>(), HasSubstr("no photometric CCDs"));
  ASSERT_EQ(page["ccds"]["left_out"].size(), 3u);
  EXPECT_THAT(page["ccds"]["left_out"][0]["reason"].get<std::string>(),
              HasSubstr("before the first date wanted"));
}

// The directory of coadds is taken by a file: the run cannot write them.
TEST_F(Page, OfARunThatFailedSaysWhere) {
  std::filesystem::create_directories(outdir());
  std::ofstream(outdir() / "coadd") << "in the way";
  const ProgramResult result = run_with_page();
  ASSERT_NE(result.exit_code, 0);
  const auto page = json();
  EXPECT_EQ(page["run"]["status"], "failed");
  EXPECT_EQ(page["stages"].back()["name"], "coadds");
  EXPECT_EQ(page["stages"].back()["status"], "failed");
  EXPECT_THAT(page["run"]["message"].get<std::string>(), HasSubstr("coadd"));
  EXPECT_FALSE(page["blobs"]["number"].empty());
}

TEST_F(Page, OfAResumedRunTellsWhatWasTakenFromItsState) {
  ASSERT_EQ(run_with_page({"-s", "fitblobs"}).exit_code, 0);
  EXPECT_EQ(json()["run"]["status"], "done up to fitblobs");
  ASSERT_EQ(run_with_page().exit_code, 0);
  const auto page = json();
  EXPECT_EQ(page["run"]["status"], "done");
  EXPECT_EQ(page["stages"][5]["status"], "from state");
  EXPECT_FALSE(page["blobs"]["number"].empty());
  EXPECT_EQ(page["brick"]["bands"].size(), 3u);
}

TEST_F(Page, LogsAsJson) {
  const ProgramResult result = run({"--log-json"});
  ASSERT_EQ(result.exit_code, 0);
  std::istringstream lines(result.err);
  std::size_t begun = 0, done = 0;
  nlohmann::json last;
  for (std::string line; std::getline(lines, line);) {
    last = nlohmann::json::parse(line);
    begun += last["event"] == "stage begins";
    done += last["event"] == "stage done";
  }
  EXPECT_EQ(begun, 11u);
  EXPECT_EQ(done, 11u);
  EXPECT_EQ(last["event"], "end");
  EXPECT_EQ(last["exit_code"], 0);
}

}  // namespace
}  // namespace brickline::test
