// Where the tests find the real survey data that are not part of the project, and how they say that it is
// absent.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <string>

namespace brickline::test {

// The directory of real and golden data: $BRICKLINE_TEST_DATA, else the place beside the checkout.
inline std::filesystem::path data_dir() {
  const char* env = std::getenv("BRICKLINE_TEST_DATA");
  return env && *env ? env : BRICKLINE_DATA_DIR;
}

// Numbers that the specifications state, as files (engine-check.json and the like).
inline std::filesystem::path spec_data_dir() {
  const char* env = std::getenv("BRICKLINE_TEST_SPEC");
  return std::filesystem::path(env && *env ? env : BRICKLINE_SPEC_DIR) / "data";
}

// A fresh directory below the test's temporary directory, removed at the end of its life.
class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    std::string pattern = (std::filesystem::temp_directory_path() / "brickline-test-XXXXXX").string();
    if (!mkdtemp(pattern.data())) std::abort();
    path_ = pattern;
  }
  ~TemporaryDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path operator/(const std::string& name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

}  // namespace brickline::test

// Ends the running test as skipped, in words, where the real data are absent.
#define BRICKLINE_NEEDS_DATA(relative)                                                            \
  do {                                                                                            \
    if (!std::filesystem::exists(brickline::test::data_dir() / (relative)))                       \
      GTEST_SKIP() << "real data absent: " << (brickline::test::data_dir() / (relative)).string() \
                   << " (set BRICKLINE_TEST_DATA)";                                               \
  } while (false)
