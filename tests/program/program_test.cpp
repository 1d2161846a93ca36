// How a program ends by an exception: one line and the exit code of its kind.
#include "tools/common/program.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <regex>
#include <system_error>
#include <vector>

#include "core/base/error.h"
#include "core/base/version.h"

namespace brickline {
namespace {

using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

struct End {
  int code;
  std::string line;
};
End end_of(const std::function<void()>& body) {
  ::testing::internal::CaptureStderr();
  const int code = run_program("prog", [&] {
    body();
    return 0;
  });
  return {code, ::testing::internal::GetCapturedStderr()};
}
std::system_error system_error_of(std::errc code) {
  return std::system_error(std::make_error_code(code), "thread");
}

TEST(Ends, OfErrorsHaveTheCodeOfTheirKind) {
  const End end = end_of([] { throw plugin_error("no camera").in_file("a.so"); });
  EXPECT_EQ(end.code, 5);
  EXPECT_EQ(end.line, "prog: error: a.so: no camera\n");
}

TEST(Ends, OfFileSystemErrorsAreBadInputThatNamesThePath) {
  const End end = end_of([] { (void)std::filesystem::file_size("/does/not/exist"); });
  EXPECT_EQ(end.code, 3);
  EXPECT_EQ(end.line, "prog: error: /does/not/exist: No such file or directory\n");
  const End full = end_of([] {
    throw std::filesystem::filesystem_error("copying", "/out/x",
                                            std::make_error_code(std::errc::no_space_on_device));
  });
  EXPECT_EQ(full.code, 4);
  EXPECT_THAT(full.line, HasSubstr("/out/x"));
}

TEST(Ends, ForWantOfMemoryOrThreadsAreWantOfResources) {
  EXPECT_EQ(end_of([] { throw std::bad_alloc(); }).code, 4);
  const End thread = end_of([] { throw system_error_of(std::errc::resource_unavailable_try_again); });
  EXPECT_EQ(thread.code, 4);
  EXPECT_THAT(thread.line, StartsWith("prog: error: "));
  EXPECT_EQ(end_of([] { throw system_error_of(std::errc::too_many_files_open); }).code, 4);
  // A lock used wrongly is a defect of ours.
  EXPECT_EQ(end_of([] { throw system_error_of(std::errc::operation_not_permitted); }).code, 1);
}

TEST(Ends, OfJsonThatCannotBeReadAreBadInput) {
  EXPECT_EQ(end_of([] { const auto json = nlohmann::json::parse("{]"); }).code, 3);
  EXPECT_EQ(end_of([] { (void)nlohmann::json(3).get<std::string>(); }).code, 3);
}

TEST(Ends, OfAllElseAreDefectsInOneLine) {
  const End end = end_of([] { throw std::logic_error("two\nlines"); });
  EXPECT_EQ(end.code, 1);
  EXPECT_EQ(end.line, "prog: internal error: two lines\n");
}

TEST(Versions, NameTheProgramAndTheCommit) {
  const std::string text = version_text("prog");
  EXPECT_THAT(text, AllOf(StartsWith(std::string("prog ") + kVersion + " (commit "), EndsWith(")")));
  // Tests are built in a checkout or from an archive of one.
  EXPECT_TRUE(commit() == "unknown" ||
              std::regex_search(std::string(commit()), std::regex("[0-9a-f]{12}(-dirty)?$")))
      << commit();
}

}  // namespace
}  // namespace brickline
