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
