// Memory that is not to be had ends a run with exit code 4 and one line, wherever it is wanted; it never
// becomes a source or a blob that "could not be fitted", nor a defect, nor nothing to do.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "tests/cli/survey_fixture.h"

namespace brickline {
namespace {

using test::files_below;
using test::program;
using test::ProgramResult;
using test::run_program;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kSanitized = true;
#else
constexpr bool kSanitized = false;
#endif

class OutOfMemory : public test::SurveyFixture {
 protected:
  void SetUp() override {
    if (kSanitized) GTEST_SKIP() << "sanitizers have an allocator and an address space of their own";
    SurveyFixture::SetUp();
    const ProgramResult whole = run({"--threads", "2"});
    ASSERT_EQ(whole.exit_code, 0) << whole.err;
    products_ = contents();
    ASSERT_FALSE(products_.empty());
  }

  // Of all files of the output directory, by name.
  std::map<std::string, std::string> contents() const {
    std::map<std::string, std::string> out;
    for (const std::string& name : files_below(outdir())) out[name] = read(outdir() / name);
    return out;
  }
  static std::string read(const std::filesystem::path& path) {
    std::ostringstream text;
    text << std::ifstream(path, std::ios::binary).rdbuf();
    return text.str();
  }
  std::string command() const {
    std::string out = program("runbrick").string();
    for (const std::string& w : region()) out += " " + w;
    for (const std::string& w : common()) out += " '" + w + "'";
    return out + " --threads 2";
  }
  ProgramResult run_within(int kilobytes, const std::string& what) const {
    return run_program("/bin/sh", {"-c", "ulimit -v " + std::to_string(kilobytes) + "; exec " + what},
                       environment());
  }

  // Whole and right, or clearly ended with nothing that could be taken for a catalog. True if whole.
  bool expect_whole_or_clearly_ended(const ProgramResult& result) const {
    if (result.exit_code == 0) {
      EXPECT_EQ(contents(), products_) << result.err;
      return true;
    }
    EXPECT_EQ(result.exit_code, 4) << result.err;
    std::istringstream lines(result.err);
    int errors = 0;
    for (std::string line; std::getline(lines, line);) {
      if (line.find("error") == std::string::npos) continue;
      ++errors;
      EXPECT_EQ(line.rfind("runbrick: error: ", 0), 0U) << line;
    }
    EXPECT_EQ(errors, 1) << result.err;
    for (const std::string& name : files_below(outdir())) {
      EXPECT_EQ(name.find("nothing"), std::string::npos) << name;
      EXPECT_EQ(name.find("tmp-"), std::string::npos) << name;
    }
    EXPECT_EQ(run({"--threads", "2", "--check-done"}).exit_code, 7);
    return false;
  }

  std::map<std::string, std::string> products_;
};

// Address spaces from what the program needs to start up to what the brick needs.
TEST_F(OutOfMemory, WithinTwentySizesOfAddressSpace) {
  constexpr int kStep = 1024, kTop = 64 * 1024 * 1024;
  const std::string nothing = program("runbrick").string() + " --version";
  int least = kStep;
  while (least < kTop && run_within(least, nothing).exit_code != 0) least += 4 * kStep;
  ASSERT_LT(least, kTop);
  int enough = least;
  do {
    enough += enough / 4;
    std::filesystem::remove_all(outdir());
  } while (enough < kTop && run_within(enough, command()).exit_code != 0);
  enough += enough / 4;  // what it needs is not the same every time
  int whole = 0;
  constexpr int kSizes = 20;
  for (int i = 0; i < kSizes; ++i) {
    const int size = least + static_cast<int>(static_cast<double>(enough - least) * i / (kSizes - 1));
    SCOPED_TRACE(testing::Message() << size << " kB");
    std::filesystem::remove_all(outdir());
    whole += expect_whole_or_clearly_ended(run_within(size, command()));
  }
  EXPECT_GE(whole, 1);
  EXPECT_LT(whole, kSizes);
}

// One allocation of some size fails, early or late in the run.
TEST_F(OutOfMemory, WhicheverAllocationFails) {
  const std::filesystem::path shim =
      std::filesystem::path(BRICKLINE_BUILD_DIR) / "tests/libfailing_malloc.so";
  ASSERT_TRUE(std::filesystem::exists(shim)) << shim;
  const std::string counted = (scratch_ / "count").string();
  for (const char* size : {"2000", "20000"}) {
    const auto run_failing = [&](long at) {
      std::filesystem::remove_all(outdir());
      auto variables = environment();
      variables["BRICKLINE_FAIL_SIZE"] = size;
      variables["BRICKLINE_FAIL_AT"] = std::to_string(at);
      variables["BRICKLINE_FAIL_COUNT"] = counted;
      // The shell does without.
      return run_program("/bin/sh", {"-c", "LD_PRELOAD='" + shim.string() + "' exec " + command()},
                         variables);
    };
    ASSERT_TRUE(expect_whole_or_clearly_ended(run_failing(0)));
    const long count = std::stol(read(counted));
    ASSERT_GT(count, 20);
    constexpr int kPlaces = 16;
    int ended = 0;
    for (int i = 0; i < kPlaces; ++i) {
      const long at = 1 + (count - 1) * i / (kPlaces - 1);
      SCOPED_TRACE(testing::Message()
                   << "allocation " << at << " of " << count << " of " << size << " bytes");
      ended += !expect_whole_or_clearly_ended(run_failing(at));
    }
    EXPECT_GT(ended, 1);
  }
}

// What cannot be met is told before any work, and in its own class.
TEST_F(OutOfMemory, AnUnknownInstructionSetIsAUsageError) {
  std::filesystem::remove_all(outdir());
  auto variables = environment();
  variables["BRICKLINE_SIMD"] = "avx2";
  const ProgramResult result = run_program("/bin/sh", {"-c", "exec " + command()}, variables);
  expect_one_clear_line(result, 2, {"BRICKLINE_SIMD=avx2", "baseline"});
}

}  // namespace
}  // namespace brickline
