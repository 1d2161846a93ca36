// Which calibrations are made, and in which order, is for the camera to say: by facts, and by models that its plugin
// brings.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "tests/calib/psfex_file.h"
#include "tests/cli/survey_fixture.h"

namespace brickline {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;
using Words = std::vector<std::string>;

constexpr const char* kNoPrograms = "/does/not/exist";

class CameraDefined : public test::SurveyFixture {
 protected:
  void SetUp() override {
    SurveyFixture::SetUp();
    fs::remove_all(survey() / "calib");
  }
  static std::string cameras(const std::string& name) {
    return (fs::path(BRICKLINE_BUILD_DIR) / "tests/plugins" / name).string();
  }
  test::ProgramResult calibrate(const std::string& plugins, const std::string& path,
                                const Words& more = {}) const {
    Words words = {"--survey-dir", survey().string(), "--plugin-dir", plugins};
    words.insert(words.end(), more.begin(), more.end());
    std::map<std::string, std::string> variables = environment();
    variables["PATH"] = path;
    return test::run_program(test::program("calibrate"), words, variables);
  }
  test::ProgramResult runbrick(const std::string& plugins, const Words& more = {}) const {
    Words words = region();
    words.insert(words.end(), {"--survey-dir", survey().string(), "--outdir", outdir().string(),
                               "--plugin-dir", plugins, "--no-wise", "--no-page"});
    words.insert(words.end(), more.begin(), more.end());
    std::map<std::string, std::string> variables = environment();
    variables["PATH"] = kNoPrograms;
    return test::run_program(test::program("runbrick"), words, variables);
  }
  fs::path calib() const { return survey() / "calib"; }
};

TEST_F(CameraDefined, ACameraThatBringsBothNeedsNoFileAndNoProgram) {
  const test::ProgramResult made = calibrate(cameras("provides_both"), kNoPrograms);
  EXPECT_EQ(made.exit_code, 0) << made.out << made.err;
  EXPECT_THAT(made.out, AllOf(HasSubstr("psf: 3 the camera's own"), HasSubstr("sky: 3 the camera's own")));
  const test::ProgramResult run = runbrick(cameras("provides_both"), {"--bands", "r"});
  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_FALSE(fs::exists(calib()));
}

TEST_F(CameraDefined, OfACameraThatBringsItsPsfsOnlySkiesAreMade) {
  const test::ProgramResult run = runbrick(cameras("provides_psf"), {"--bands", "r"});
  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_THAT(run.err, HasSubstr("0 PSFs, 1 skies"));
  const test::ProgramResult made = calibrate(cameras("provides_psf"), kNoPrograms);
  EXPECT_EQ(made.exit_code, 0) << made.out << made.err;
  EXPECT_THAT(made.out,
              AllOf(HasSubstr("psf: 3 the camera's own"), HasSubstr("sky: 1 already valid, 2 made")));
  EXPECT_FALSE(fs::exists(calib() / "psfex-single"));
}

TEST_F(CameraDefined, WhatTheFactsPromiseAndThePluginDoesNotBringFails) {
  const test::ProgramResult made =
      calibrate(cameras("provides_psf"), kNoPrograms, {"--set", "sky.source=plugin"});
  EXPECT_EQ(made.exit_code, 6);
  EXPECT_THAT(made.out, AllOf(HasSubstr("sky failed"), HasSubstr("sky.source"), HasSubstr("3 failed")));
}

// psfex's stand-in notes whether the sky was there when it ran.
TEST_F(CameraDefined, TheOrderOfTheStepsIsAFact) {
  fs::create_directories(scratch_ / "bin");
  test::PsfexFile{}.write(scratch_ / "model");
  const auto script = [&](const std::string& name, const std::string& body) {
    std::ofstream(scratch_ / "bin" / name) << "#!/bin/sh\n" << body << "\n";
    fs::permissions(scratch_ / "bin" / name, fs::perms::owner_all);
  };
  script("source-extractor", "echo made > sources.fits");
  script("psfex", "ls " + (calib() / "sky-single").string() + " > " + (scratch_ / "seen").string() + "\ncp " +
                      (scratch_ / "model").string() + " sources.psf");
  const std::string path = (scratch_ / "bin").string() + ":/usr/bin:/bin";
  for (const bool sky_first : {false, true}) {
    fs::remove_all(calib());
    const test::ProgramResult made =
        calibrate(test::built_plugins().string(), path,
                  {"--bands", "r", "--set", std::string("sky.before_psf=") + (sky_first ? "true" : "false")});
    EXPECT_EQ(made.exit_code, 0) << made.out << made.err;
    EXPECT_EQ(fs::file_size(scratch_ / "seen") > 0, sky_first);
  }
}

}  // namespace
}  // namespace brickline
