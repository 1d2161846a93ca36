// The layout of the boundary, member by member, and its constants: what stands in layout.txt. A change of the
// ABI is a difference there that a person sees and decides upon.
#include <brickline/camera_abi.h>
#include <gtest/gtest.h>

#include <fstream>
#include <regex>
#include <sstream>
#include <string>

namespace {

std::string text_of(const std::string& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

const std::string kHeader = BRICKLINE_SOURCE_DIR "/sdk/include/brickline/camera_abi.h";
const std::string kFrozen = BRICKLINE_SOURCE_DIR "/tests/plugins/abi-0.3/brickline/camera_abi.h";

std::string constants(const std::string& header) {
  std::string lines;
  const std::regex define(R"(#define (BL_[A-Z0-9_]+) (\S+))");
  std::istringstream in(text_of(header));
  for (std::string line; std::getline(in, line);)
    if (std::smatch m; std::regex_search(line, m, define)) lines += m.str(1) + " " + m.str(2) + "\n";
  return lines;
}

std::string layout() {
  std::ostringstream out;
  out << "# struct member offset size: camera_abi.h, compared by tests/abi/layout_test.cpp\n";
#define ROW(type, member) \
  out << #type " " #member " " << offsetof(type, member) << " " << sizeof(((type*)nullptr)->member) << "\n";
#include "abi_members.inc"
#undef ROW
  return out.str() + constants(kHeader);
}

TEST(Layout, IsTheOneThatStandsInTheFile) {
  const std::string now = layout();
  EXPECT_GT(std::count(now.begin(), now.end(), '\n'), 200);
  if (now == text_of(BRICKLINE_SOURCE_DIR "/tests/abi/layout.txt")) return;
  const std::string found = BRICKLINE_BUILD_DIR "/tests/abi_layout.txt";
  std::ofstream(found) << now;
  FAIL() << "the ABI's layout has changed: see diff " BRICKLINE_SOURCE_DIR "/tests/abi/layout.txt " << found;
}

// What was released once stays: a plugin that somebody built then counts on it.
TEST(Layout, AReleasedHeaderIsNotChangedUnderItsNumber) {
  const auto version = [](const std::string& header) {
    const std::string text = text_of(header);
    std::smatch major, minor;
    std::regex_search(text, major, std::regex("BL_ABI_MAJOR ([0-9]+)"));
    std::regex_search(text, minor, std::regex("BL_ABI_MINOR ([0-9]+)"));
    return major.str(1) + "." + minor.str(1);
  };
  ASSERT_EQ(version(kFrozen), "0.3");
  if (version(kHeader) != version(kFrozen))
    GTEST_SKIP() << "the header is of another minor: freeze a copy of it in tests/plugins/abi-"
                 << version(kHeader);
  const auto code = [](const std::string& header) {
    std::string text = std::regex_replace(text_of(header), std::regex(R"(/\*[^]*?\*/)"), " ");
    return std::regex_replace(text, std::regex(R"(\s+)"), " ");
  };
  EXPECT_EQ(code(kHeader), code(kFrozen)) << "a change of the header is a new minor (BL_ABI_MINOR)";
}

}  // namespace
