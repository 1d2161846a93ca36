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

  // For joint fits, too, of which more is known when the images are in memory already.
  std::filesystem::remove_all(outdir());
  const ProgramResult joint = run({"--threads", "2", "--fit", "joint"});
  ASSERT_EQ(joint.exit_code, 0) << joint.err;
  const auto joint_products = contents();
  std::filesystem::remove_all(outdir());
  const std::string before = "fitblobs ";
  const int beside = std::stoi(joint.err.substr(joint.err.find(before) + before.size()));
  const double reserved = 1.5 * most(joint, "the largest blob alone ");
  const ProgramResult joint_less = run({"--threads", "2", "--fit", "joint", "--max-memory-gb",
                                        std::to_string((beside + reserved - 0.01) / 1000)});
  ASSERT_EQ(joint_less.exit_code, 0) << joint_less.err;
  EXPECT_THAT(joint_less.err, testing::HasSubstr("kept in a file from here on"));
  EXPECT_EQ(contents(), joint_products);
}

TEST_F(LimitedMemory, WhatCannotBeDoneIsNotBegun) {
  expect_one_clear_line(run({"--max-memory-gb", "0.01"}), 4, {"--max-memory-gb", "MB", "--zoom"});
  // What joint fits take is known when sources are; what was done until then is kept.
  const ProgramResult joint = run({"--max-memory-gb", "0.05", "--fit", "joint"});
  EXPECT_EQ(joint.exit_code, 4) << joint.err;
  EXPECT_THAT(joint.err,
              testing::ContainsRegex("runbrick: error: the joint fit of the blob at pixels .* sources, may "
                                     "need [0-9]+ MB.*--max-memory-gb allows 50: .*--max-blobsize"));
  EXPECT_THAT(joint.err, testing::Not(testing::HasSubstr("--sub-blobs")));  // no blob here is so large
  EXPECT_THAT(joint.err, testing::Not(testing::HasSubstr("stage fitblobs  ")));
  EXPECT_THAT(run({"--fit", "joint"}).err, testing::HasSubstr("stage srcs         is taken from its state"));
}

}  // namespace
}  // namespace brickline
