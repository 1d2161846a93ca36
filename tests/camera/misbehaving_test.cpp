// Plugins that take the process with them are named in its last line; those that all but do, in the log.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cfenv>

#include "core/camera/camera.h"
#include "core/camera/plugin_call.h"
#include "tests/camera/plugin_files.h"

namespace brickline {
namespace {

using namespace brickline::test;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ContainsRegex;
using ::testing::ExitedWithCode;
using ::testing::HasSubstr;

class Misbehaving : public ::testing::Test {
 protected:
  void SetUp() override {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    plugin_ = put(good_plugin("misbehaves"), dir_.path());
  }
  const Camera& camera(const std::string& name) {
    registries_.push_back(CameraRegistry::scan(only({dir_.path()}), Log(messages_)));
    return registries_.back().load(name);
  }
  // Runs read_image on a CCD that needs no file.
  float read(const std::string& name) {
    CcdSource s;
    s.values.image_filename = "a.fits";
    s.values.image_hdu = 1;
    s.values.band = "r";
    s.values.expnum = 17;
    s.values.exptime = 10;
    s.values.mjd_obs = 57000;
    s.values.ccdname = "S1";
    s.values.width = s.values.height = 8;
    s.values.pixel_scale = 0.262;
    s.row = 0;
    s.locate = locate_in_survey(dir_.path());
    OpenCcd ccd = camera(name).open(s, Purpose::kRun, Log(messages_));
    return ccd.read_image({0, 4, 0, 4})(0, 0);
  }
  TemporaryDirectory dir_;
  fs::path plugin_;
  Messages messages_;
  std::vector<CameraRegistry> registries_;
};

class Ending : public Misbehaving,
               public ::testing::WithParamInterface<std::pair<const char*, const char*>> {};

TEST_P(Ending, IsNamedInTheLastLine) {
  const auto& [name, how] = GetParam();
  EXPECT_EXIT(read(name), ExitedWithCode(5),
              std::string("error: ") + how + ": plugin misbehaves \\(.*/misbehaves.camera.so\\), camera " +
                  name + ", step read_image, CCD a.fits \\[S1, expnum 17\\]\n$");
}
INSTANTIATE_TEST_SUITE_P(Ways, Ending,
                         ::testing::Values(std::pair{"crashes", "crashed \\(SIGSEGV\\)"},
                                           std::pair{"aborts", "crashed \\(SIGABRT\\)"},
                                           std::pair{"fills_its_stack", "crashed \\(SIGSEGV\\)"},
                                           std::pair{"divides", "crashed \\(SIGFPE\\)"},
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
                                           std::pair{"exits_quietly", "ended the process \\(_exit\\)"},
#endif
                                           std::pair{"exits", "ended the process \\(exit\\)"}),
                         [](const auto& info) { return std::string(info.param.first); });

TEST_F(Misbehaving, ACrashWhileItIsLoadedOrCreatedIsNamedToo) {
  EXPECT_EXIT(camera("crashes_in_create"), ExitedWithCode(5), "camera crashes_in_create, step create\n$");
  const fs::path loaded = put(bad_plugin("crashes_when_loaded"), dir_ / "other");
  EXPECT_EXIT(CameraRegistry::scan(only({dir_ / "other"})).load("crashes"), ExitedWithCode(5),
              "plugin misbehaves \\(.*/crashes_when_loaded.camera.so\\), step load\n$");
  // What a static object throws ends in std::terminate within the loader.
  put(bad_plugin("throws_when_loaded"), dir_ / "third");
  EXPECT_EXIT(
      CameraRegistry::scan(only({dir_ / "third"})).load("throws_int"), ExitedWithCode(5),
      "error: crashed \\(SIGABRT\\): plugin faulty \\(.*/throws_when_loaded.camera.so\\), step load\n$");
}

TEST_F(Misbehaving, ACallThatDoesNotReturnIsToldOf) {
  set_plugin_notice(std::chrono::milliseconds(100));
  read("takes_long");
  set_plugin_notice(std::chrono::seconds(60));
  // After 0.1 s, 0.2 s, ...: each once.
  EXPECT_THAT(messages_.lines,
              Contains(ContainsRegex("has not returned for 0.[12].* s: plugin misbehaves .*, camera "
                                     "takes_long, step read_image, CCD a.fits")));
  const auto told = std::count_if(
      messages_.lines.begin(), messages_.lines.end(),
      [](const std::string& line) { return line.find("has not returned") != std::string::npos; });
  EXPECT_LE(told, 3);
}

TEST_F(Misbehaving, WhatIsPrintedGoesToTheLog) {
  ::testing::internal::CaptureStdout();
  read("prints");
  EXPECT_EQ(::testing::internal::GetCapturedStdout(), "");
  EXPECT_THAT(messages_.lines,
              Contains(AllOf(HasSubstr("printed by plugin misbehaves"), HasSubstr("facts of a"))));
  EXPECT_THAT(messages_.lines, Contains(HasSubstr("beta version")));
  EXPECT_THAT(messages_.lines, Contains(AllOf(HasSubstr("step read_image"), HasSubstr(": reading"))));
}

TEST_F(Misbehaving, AChangedDirectoryIsPutBackAndThePluginsFault) {
  const fs::path before = fs::current_path();
  const auto [kind, message] = error_of([&] { read("changes_directory"); });
  EXPECT_EQ(kind, ErrorKind::kPlugin);
  EXPECT_THAT(message, AllOf(HasSubstr("changed the working directory"), HasSubstr("step read_image")));
  EXPECT_EQ(fs::current_path(), before);
}

TEST_F(Misbehaving, AChangedFloatingPointModeIsPutBack) {
  read("traps");
  EXPECT_EQ(fegetexcept(), 0);
  EXPECT_THAT(messages_.lines, Contains(HasSubstr("changed the floating-point mode")));
}

}  // namespace
}  // namespace brickline
