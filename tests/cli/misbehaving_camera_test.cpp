// A camera that takes the run with it: the last line names it, and no product is half written.
#include <gmock/gmock.h>

#include "tests/cli/survey_fixture.h"

namespace brickline::test {
namespace {

using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;

TEST_F(SurveyFixture, ACameraThatCrashesIsNamedInTheLastLineAndNoProductIsCutShort) {
  // It calls itself decam, and nobody else is there who does.
  std::filesystem::create_directories(scratch_ / "cameras");
  std::filesystem::copy(
      std::filesystem::path(BRICKLINE_BUILD_DIR) / "tests/plugins/good/misbehaves.camera.so",
      scratch_ / "cameras/misbehaves.camera.so");
  std::vector<std::string> words = region();
  words.insert(words.end(), {"--survey-dir", survey().string(), "--outdir", outdir().string(), "--plugin-dir",
                             (scratch_ / "cameras").string(), "--no-user-plugins", "--no-wise"});
  const ProgramResult result = run_program(program("runbrick"), words, environment());
  EXPECT_EQ(result.exit_code, 5);
  const std::string last = result.err.substr(result.err.rfind("error: "));
  EXPECT_THAT(last, AllOf(HasSubstr("crashed (SIGSEGV): plugin misbehaves ("), HasSubstr("camera crashes"),
                          HasSubstr("step read_image, CCD "), HasSubstr("expnum "), EndsWith("]\n")))
      << result.err;
  for (const std::string& name : files_below(outdir()))
    EXPECT_FALSE(name.starts_with("tractor/") || name.find("tmp") != std::string::npos) << name;
}

}  // namespace
}  // namespace brickline::test
