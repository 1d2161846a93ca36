// A brick's run that goes on from saved state ends with the products of one that was never interrupted.
#include <gmock/gmock.h>

#include <chrono>
#include <regex>

#include "tests/cli/survey_fixture.h"

namespace brickline::test {
namespace {

using ::testing::HasSubstr;

const std::vector<std::string> kStages = {"tims",         "refs",        "outliers", "halos",
                                          "srcs",         "fitblobs",    "coadds",   "wise_forced",
                                          "galex_forced", "forced_phot", "writecat"};

std::string read(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

// Every file but saved state, by name.
std::map<std::string, std::string> products_below(const std::filesystem::path& directory) {
  std::map<std::string, std::string> contents;
  for (const std::string& name : files_below(directory))
    if (!name.starts_with("state/")) contents[name] = read(directory / name);
  return contents;
}

// Products of early stages tell the command line that they were made with, and the list of checksums has their
// digests.
std::map<std::string, std::string> without_early_products(std::map<std::string, std::string> products) {
  std::erase_if(products, [](const auto& product) {
    for (const char* part : {"reference-", "outlier", "sources-", ".sha256sum"})
      if (product.first.find(part) != std::string::npos) return true;
    return false;
  });
  return products;
}

// The stages that the log says are taken from their state.
std::vector<std::string> taken(const ProgramResult& result) {
  static const std::regex kLine("stage +(\\w+) +is taken from its state");
  std::vector<std::string> names;
  for (std::sregex_iterator it(result.err.begin(), result.err.end(), kLine), end; it != end; ++it)
    names.push_back((*it)[1]);
  return names;
}

// In a run of everything: the stages that need nothing of this one. One follows from the other, but for GALEX's
// and unWISE's photometry and that of further bands, which stand side by side.
std::vector<std::string> stages_before(const std::string& stage) {
  std::vector<std::string> names(kStages.begin(), std::find(kStages.begin(), kStages.end(), stage));
  if (stage == "wise_forced") names.push_back("galex_forced");
  if (stage == "wise_forced" || stage == "galex_forced") names.push_back("forced_phot");
  return names;
}

class SavedState : public SurveyFixture {
 protected:
  void SetUp() override {
    SurveyFixture::SetUp();
    const ProgramResult result = run({"--keep-state"});
    ASSERT_EQ(result.exit_code, 0) << result.err;
    products_ = products_below(outdir());
    ASSERT_GT(products_.size(), 10u);
  }
  std::filesystem::path state(const std::string& stage) const {
    for (const std::string& name : files_below(outdir()))
      if (name.starts_with("state/") && name.ends_with("-" + stage + ".fits")) return outdir() / name;
    ADD_FAILURE() << "no state of " << stage;
    return {};
  }
  std::map<std::string, std::string> products_;
};

TEST_F(SavedState, ResumesAtEveryStageToTheSameBytes) {
  for (const std::string& stage : kStages) {
    SCOPED_TRACE(stage);
    const ProgramResult result = run({"--keep-state", "--force-stage", stage});
    ASSERT_EQ(result.exit_code, 0) << result.err;
    EXPECT_EQ(taken(result), stages_before(stage));
    EXPECT_EQ(products_below(outdir()), products_);
  }
}

TEST_F(SavedState, StageByStageItComesToTheSameBytesAndLeavesOnlyProducts) {
  std::filesystem::remove_all(outdir());
  for (const std::string& stage : kStages) {
    SCOPED_TRACE(stage);
    const ProgramResult result = run({"-s", stage});
    ASSERT_EQ(result.exit_code, 0) << result.err;
    std::vector<std::string> needed(kStages.begin(), std::find(kStages.begin(), kStages.end(), stage));
    if (stage == "galex_forced" || stage == "forced_phot") std::erase(needed, "wise_forced");
    if (stage == "forced_phot") std::erase(needed, "galex_forced");
    EXPECT_EQ(taken(result), needed);
  }
  EXPECT_EQ(products_below(outdir()), products_);
  EXPECT_FALSE(std::filesystem::exists(outdir() / "state"));
}

TEST_F(SavedState, AnOptionIsTakenUpAtTheStageThatReadsIt) {
  const std::vector<std::pair<std::vector<std::string>, std::string>> cases = {
      {{"--apodize"}, "tims"},         {{"--no-gaia"}, "refs"},        {{"--no-outliers"}, "outliers"},
      {{"--nsigma", "7"}, "srcs"},     {{"--reoptimize"}, "fitblobs"}, {{"--no-lanczos"}, "coadds"},
      {{"--threads", "2"}, "writecat"}};
  for (const auto& [words, stage] : cases) {
    SCOPED_TRACE(words[0]);
    std::filesystem::path other = scratch_ / "other";
    std::filesystem::copy(outdir(), other, std::filesystem::copy_options::recursive);
    std::vector<std::string> line = region();
    for (std::string word : common()) line.push_back(word == outdir().string() ? other.string() : word);
    line.insert(line.end(), words.begin(), words.end());
    const ProgramResult result = run_program(program("runbrick"), line, environment());
    ASSERT_EQ(result.exit_code, 0) << result.err;
    EXPECT_EQ(taken(result), stages_before(stage));
    const auto with_state = products_below(other);
    std::filesystem::remove_all(other);
    line.push_back("--no-write");
    ASSERT_EQ(run_program(program("runbrick"), line, environment()).exit_code, 0);
    EXPECT_EQ(without_early_products(with_state), without_early_products(products_below(other)));
    std::filesystem::remove_all(other);
  }
}

// The same of the stages that such a run leaves out.
TEST_F(SavedState, AnOptionOfSpacePhotometryIsTakenUpThere) {
  const std::string wise = (survey() / "wise").string();
  std::vector<std::string> line = region();
  for (const std::string& word : common())
    if (word != "--no-wise") line.push_back(word);
  line.insert(line.end(),
              {"--keep-state", "--unwise-dir", wise + "/unwise", "--unwise-psf-dir", wise + "/psf"});
  ASSERT_EQ(run_program(program("runbrick"), line, environment()).exit_code, 0);
  const std::vector<std::pair<std::vector<std::string>, std::string>> cases = {
      {{"--wise-gaia-only"}, "wise_forced"},
      {{"--galex", "--galex-dir", (survey() / "galex").string()}, "galex_forced"}};
  for (const auto& [words, stage] : cases) {
    SCOPED_TRACE(words[0]);
    line.insert(line.end(), words.begin(), words.end());
    const ProgramResult result = run_program(program("runbrick"), line, environment());
    ASSERT_EQ(result.exit_code, 0) << result.err;
    EXPECT_EQ(taken(result), stages_before(stage));
  }
}

TEST_F(SavedState, DamagedIsNotUsedAndSaidSo) {
  unsigned long place = 12345;
  for (const std::string& stage : kStages) {
    if (stage == "writecat") continue;
    for (const bool cut : {false, true}) {
      SCOPED_TRACE(stage + (cut ? ", cut short" : ", one byte changed"));
      const std::filesystem::path file = state(stage);
      std::string bytes = read(file);
      place = place * 6364136223846793005UL + 1442695040888963407UL;
      const std::size_t at = (place >> 16) % bytes.size();
      if (cut)
        bytes.resize(at);
      else
        bytes[at] = static_cast<char>(bytes[at] ^ 4);
      std::ofstream(file, std::ios::binary) << bytes;
      const ProgramResult result = run({"--keep-state"});
      ASSERT_EQ(result.exit_code, 0) << result.err;
      EXPECT_THAT(result.err, HasSubstr("stage " + stage + " runs: its saved state is not used: "));
      EXPECT_EQ(taken(result), stages_before(stage));
      EXPECT_EQ(products_below(outdir()), products_);
    }
  }
}

TEST_F(SavedState, ACalibrationThatHasChangedIsReadAgain) {
  const std::filesystem::path psf = find_file("psfex", "calib");
  std::filesystem::last_write_time(psf, std::filesystem::last_write_time(psf) + std::chrono::hours(1));
  const ProgramResult result = run({"--keep-state"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.err, HasSubstr(psf.filename().string() + " has changed"));
  EXPECT_EQ(taken(result).size(), 0u);
  EXPECT_EQ(products_below(outdir()), products_);
}

TEST_F(SavedState, IsShownAndCompared) {
  const auto tool = [](const std::vector<std::string>& words) {
    return run_program(program("runbrick-state"), words);
  };
  const std::string srcs = state("srcs").string();
  ProgramResult result = tool({"show", srcs});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("stage srcs"));
  EXPECT_EQ(tool({"diff", srcs, srcs}).exit_code, 0);
  const std::string before = (scratch_ / "before.fits").string();
  std::filesystem::copy_file(srcs, before);
  ASSERT_EQ(run({"--keep-state", "--nsigma", "7"}).exit_code, 0);
  result = tool({"diff", before, srcs});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.out, HasSubstr("option --nsigma: - | 7\n"));
  result = tool({"show", (outdir() / "nothing").string()});
  EXPECT_EQ(result.exit_code, 3);
}

// The same on the golden cases.
class SavedStateOfCase : public testing::TestWithParam<const char*> {};

TEST_P(SavedStateOfCase, ResumesAtEveryStageToTheSameBytes) {
  const std::filesystem::path golden = data_dir() / "golden" / GetParam();
  BRICKLINE_NEEDS_DATA(golden / "case.json");
  const auto json = nlohmann::json::parse(std::ifstream(golden / "case.json"));
  const std::string survey = (data_dir() / "surveys" / json["survey"].get<std::string>()).string();
  const auto placed = [&](std::string text) {
    for (const auto& [name, value] :
         std::map<std::string, std::string>{{"{survey}", survey}, {"{data}", data_dir().string()}})
      if (const auto at = text.find(name); at != std::string::npos) text.replace(at, name.size(), value);
    return text;
  };
  std::map<std::string, std::string> environment;
  for (const auto& [name, value] : json["env"].items()) environment[name] = placed(value.get<std::string>());
  TemporaryDirectory scratch;
  const std::filesystem::path out = scratch / "out";
  std::vector<std::string> line = {"--survey-dir", survey,         "--outdir",
                                   out.string(),   "--plugin-dir", built_plugins().string(),
                                   "--keep-state", "--no-page"};
  for (const auto& word : json["args"]) line.push_back(placed(word.get<std::string>()));
  ProgramResult result = run_program(program("runbrick"), line, environment);
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const auto products = products_below(out);
  line.insert(line.end(), {"--force-stage", ""});
  for (const std::string& stage : kStages) {
    SCOPED_TRACE(stage);
    line.back() = stage;
    result = run_program(program("runbrick"), line, environment);
    ASSERT_EQ(result.exit_code, 0) << result.err;
    EXPECT_EQ(taken(result), stages_before(stage));
    EXPECT_EQ(products_below(out), products);
  }
}
INSTANTIATE_TEST_SUITE_P(Golden, SavedStateOfCase, testing::Values("sim300", "testcase6"));

}  // namespace
}  // namespace brickline::test
