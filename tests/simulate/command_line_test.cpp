#include <gtest/gtest.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>

#include "tests/support/data.h"

namespace brickline::simulate {
namespace {

using test::TemporaryDirectory;

struct Result {
  int code = -1;
  std::string output;  // stdout and stderr
};

Result run(const std::string& arguments) {
  Result result;
  FILE* pipe = popen((std::string(BRICKLINE_SIMULATE_SURVEY) + " " + arguments + " 2>&1").c_str(), "r");
  if (!pipe) return result;
  std::array<char, 4096> buffer{};
  while (std::size_t n = fread(buffer.data(), 1, buffer.size(), pipe)) result.output.append(buffer.data(), n);
  const int status = pclose(pipe);
  result.code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  return result;
}

TEST(CommandLine, BadOptionsEndWithOneLineAndCode2) {
  const TemporaryDirectory dir;
  const std::string out = (dir / "out").string();
  for (const std::string& arguments :
       {std::string(), out + " --nosuch", out + " --size ten", out + " --size 3", out + " --bands ''",
        out + " --radec 1", out + " --sig1 r=x", out + " --sig1 0.1 --depth 23", out + " --projection sip",
        out + " --filter-map x=q", out + " --layout nosuch", out + " --threads -1",
        std::string("compare onlyone")}) {
    const Result r = run(arguments);
    EXPECT_EQ(r.code, 2) << arguments << ": " << r.output;
    EXPECT_EQ(std::count(r.output.begin(), r.output.end(), '\n'), 1) << arguments << ": " << r.output;
    EXPECT_TRUE(r.output.starts_with("simulate-survey: ")) << r.output;
  }
  EXPECT_FALSE(std::filesystem::exists(out));
}

TEST(CommandLine, MissingSurveyIsBadInput) {
  const Result r = run("compare /nonexistent/survey /nonexistent/out");
  EXPECT_EQ(r.code, 3);
  EXPECT_NE(r.output.find("truth.fits"), std::string::npos);
}

TEST(CommandLine, TellsWhatToRun) {
  const TemporaryDirectory dir;
  const Result r = run("-q --size 100 --bands r --nexp 1 --density 2 " + (dir / "out").string());
  EXPECT_EQ(r.code, 0);
  EXPECT_EQ(r.output, "--brick 1501p022 --zoom 1750 1850 1750 1850\n");
}

// A reader that shares nothing with this project opens every file and follows the images back to the truth.
TEST(CommandLine, AstropyReadsTheSurveyAndFindsTheTrueFluxes) {
  if (std::system("/usr/bin/python3 -c 'import astropy, scipy' 2>/dev/null") != 0)
    GTEST_SKIP() << "needs Debian's python3-astropy and python3-scipy";
  const TemporaryDirectory dir;
  const std::string out = (dir / "out").string();
  ASSERT_EQ(run("-q --seed 5 --size 1200 --nexp 1 --bands rx --density 1.5 --sig1 1e-3 --faint 20.5 "
                "--cosmic-rays 1 --saturation 1e6 " +
                out)
                .code,
            0);
  const std::string command = std::string("/usr/bin/python3 ") + BRICKLINE_SOURCE_DIR +
                              "/tests/simulate/check_with_astropy.py " + out;
  EXPECT_EQ(std::system(command.c_str()), 0);
}

}  // namespace
}  // namespace brickline::simulate
