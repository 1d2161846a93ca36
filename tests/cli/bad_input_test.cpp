// What is left behind where there is nothing to do, and what a run without its camera says. All else that is wrong
// with the input is in runbrick.cases.
#include <gtest/gtest.h>

#include "tests/cli/survey_fixture.h"

namespace brickline::test {
namespace {

using BadInput = SurveyFixture;

TEST_F(BadInput, TheMarkerOfABrickWithoutImagesNamesTheBrick) {
  std::vector<std::string> words = common();
  words.insert(words.end(), {"--radec", "10", "-40", "--width", "50", "--height", "50"});
  const ProgramResult result = run_program(program("runbrick"), words, environment());
  EXPECT_EQ(result.exit_code, 0) << result.err;
  const auto files = files_below(outdir());
  ASSERT_EQ(files.size(), 1u);
  const auto marker = nlohmann::json::parse(std::ifstream(outdir() / files[0]));
  EXPECT_EQ(marker["brick"], "custom-010000m40000");
}

TEST_F(BadInput, AMissingCameraIsNamed) {
  std::filesystem::create_directory(scratch_ / "plugins");
  std::vector<std::string> words = region();
  words.insert(words.end(), {"--survey-dir", survey().string(), "--outdir", outdir().string(), "--plugin-dir",
                             (scratch_ / "plugins").string()});
  const ProgramResult result = run_program(program("runbrick"), words, environment());
  const auto sim = nlohmann::json::parse(std::ifstream(survey() / "sim.json"));
  expect_one_clear_line(result, 5, {sim["camera"].get<std::string>()});
}

}  // namespace
}  // namespace brickline::test
