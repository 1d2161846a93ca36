// A run that may have less memory than it would like makes the same products, or does not begin.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <regex>

#include "tests/cli/survey_fixture.h"

namespace brickline {
namespace {

using test::files_below;
using test::program;
using test::ProgramResult;
using test::run_program;

class LimitedMemory : public test::SurveyFixture {
 protected:
  std::map<std::string, std::string> contents() const {
    std::map<std::string, std::string> out;
    for (const std::string& name : files_below(outdir())) {
      std::ostringstream text;
      text << std::ifstream(outdir() / name, std::ios::binary).rdbuf();
      out[name] = text.str();
    }
    return out;
  }
  // The largest of the numbers that follow `what` in the log, in MB.
  static int most(const ProgramResult& result, const std::string& what) {
    std::smatch found;
    const std::regex line(what + "([^(\n]*)");
    if (!std::regex_search(result.err, found, line)) return -1;
    const std::string numbers = found[1];
    int largest = -1;
    const std::regex number("[0-9]+");
    for (std::sregex_iterator i(numbers.begin(), numbers.end(), number), end; i != end; ++i)
      largest = std::max(largest, std::stoi(i->str()));
    return largest;
  }
};

// Six images of 200 pixels a side: 2.4 MB, more than the forecast is rounded by.
TEST_F(LimitedMemory, TheSameBytesWithTheImagesInAFile) {
  std::filesystem::remove_all(survey());
  const ProgramResult made = run_program(
      program("simulate-survey"),
      {survey().string(), "--seed", "4", "--size", "200", "--bands", "r", "--nexp", "6", "--quiet"});
  ASSERT_EQ(made.exit_code, 0) << made.err;
  const ProgramResult whole = run({"--threads", "2"});
  ASSERT_EQ(whole.exit_code, 0) << whole.err;
  const int wanted = most(whole, "memory that will be needed, in MB: ");
  ASSERT_GT(wanted, 0) << whole.err;
  const auto products = contents();
  std::filesystem::remove_all(outdir());
  const ProgramResult less =
      run({"--threads", "2", "--max-memory-gb", std::to_string((wanted - 0.5) / 1000)});
  ASSERT_EQ(less.exit_code, 0) << less.err;
  EXPECT_THAT(less.err, testing::HasSubstr("are kept in a file"));
  EXPECT_EQ(contents(), products);
}

TEST_F(LimitedMemory, WhatCannotBeDoneIsNotBegun) {
  expect_one_clear_line(run({"--max-memory-gb", "0.01"}), 4, {"--max-memory-gb", "MB", "--zoom"});
}

}  // namespace
}  // namespace brickline
