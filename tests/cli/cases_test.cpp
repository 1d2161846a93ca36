// Every case of tests/cli/*.cases as a test of its own, and the reader's refusals.
#include "tests/cli/cases.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <fstream>
#include <sstream>
#include <stdexcept>

namespace brickline::test {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

std::string refusal(const std::string& text) {
  try {
    parse_cases("f", text);
  } catch (const std::invalid_argument& e) {
    return e.what();
  }
  return "accepted";
}

TEST(CaseFiles, WordsThatTheReaderDoesNotKnowAreRefused) {
  EXPECT_EQ(refusal("case a\n  run cameras list\n  exit 0\n"), "accepted");
  EXPECT_THAT(refusal("case a\n  run cameras list\n  expext 0\n"), HasSubstr("f:3: unknown word 'expext'"));
  EXPECT_THAT(refusal("run cameras list\n"), HasSubstr("f:1:"));
  EXPECT_THAT(refusal("case a\n  run x\n  exit 0 1\n"), HasSubstr("f:3:"));
  EXPECT_THAT(refusal("case a\n  run x\n  exit zero\n"), HasSubstr("f:3:"));
  EXPECT_THAT(refusal("case a\n  run x 'y\n  exit 0\n"), HasSubstr("f:2: a quote"));
}

TEST(CaseFiles, EveryRunSaysHowItEnds) {
  EXPECT_THAT(refusal("case a\n  survey\n"), HasSubstr("f:1: the case runs nothing"));
  EXPECT_THAT(refusal("case a\n  run x\n"), HasSubstr("f:2: no exit code"));
  EXPECT_THAT(refusal("case a\n  run x\n  exit 3\n"), HasSubstr("f:3: exit code 3 has an error line"));
  EXPECT_THAT(refusal("case a\n  run x\n  exit 0\n  error y\n"), HasSubstr("f:3: exit code 0 has no error"));
  EXPECT_THAT(refusal("case a\n  exit 0\n  run x\n"), HasSubstr("f:2: 'exit' comes after a run"));
  EXPECT_THAT(refusal("case a\n  run x\n  exit 0\n  survey\n"), HasSubstr("f:4: 'survey' comes before"));
}

class FromFile : public ::testing::Test {
 public:
  explicit FromFile(Case c) : case_(std::move(c)) {}
  void TestBody() override { run_case(case_); }

 private:
  Case case_;
};

class Unreadable : public ::testing::Test {
 public:
  explicit Unreadable(std::string why) : why_(std::move(why)) {}
  void TestBody() override { FAIL() << why_; }

 private:
  std::string why_;
};

std::string identifier(std::string name) {
  for (char& c : name)
    if (!std::isalnum(static_cast<unsigned char>(c))) c = '_';
  return name;
}

// "runbrick.cases" is the test suite CasesOf_runbrick.
bool register_all() {
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(fs::path(BRICKLINE_SOURCE_DIR) / "tests/cli"))
    if (entry.path().extension() == ".cases") files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  for (const fs::path& file : files) {
    const std::string suite = "CasesOf_" + identifier(file.stem().string());
    std::ostringstream text;
    text << std::ifstream(file).rdbuf();
    try {
      for (const Case& c : parse_cases(file, text.str()))
        ::testing::RegisterTest(suite.c_str(), identifier(c.name).c_str(), nullptr, nullptr, file.c_str(),
                                c.line, [=]() -> FromFile* { return new FromFile(c); });
    } catch (const std::invalid_argument& e) {
      const std::string why = e.what();
      ::testing::RegisterTest((suite + "_").c_str(), "CanBeRead", nullptr, nullptr, file.c_str(), 1,
                              [=]() -> Unreadable* { return new Unreadable(why); });
    }
  }
  return !files.empty();
}
const bool registered = register_all();

TEST(CaseFiles, AreThere) { EXPECT_TRUE(registered); }

}  // namespace
}  // namespace brickline::test
