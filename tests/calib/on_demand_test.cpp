// runbrick on a survey without calibrations: it makes them as calibrate does, and what it cannot make is told of the CCD
// that lacks it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "core/fits/fits_reader.h"
#include "core/fits/fits_writer.h"
#include "tests/calib/psfex_file.h"
#include "tests/cli/survey_fixture.h"

namespace brickline {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

std::string bytes_of(const fs::path& file) {
  std::ostringstream text;
  text << std::ifstream(file, std::ios::binary).rdbuf();
  return text.str();
}

std::map<std::string, std::string> files_of(const fs::path& directory) {
  std::map<std::string, std::string> found;
  for (const std::string& name : test::files_below(directory)) found[name] = bytes_of(directory / name);
  return found;
}

// The simulated survey without its calibrations, and programs on the PATH that stand for the real ones.
class OnDemand : public test::SurveyFixture {
 protected:
  void SetUp() override {
    SurveyFixture::SetUp();
    fs::rename(survey() / "calib", scratch_ / "shipped");
    fs::create_directories(scratch_ / "bin");
    test::PsfexFile model;
    model.size = 31;
    model.write(scratch_ / "model");
    script("source-extractor", "echo made > sources.fits");
    script("psfex", "cp " + (scratch_ / "model").string() + " sources.psf");
  }
  void script(const std::string& name, const std::string& body) {
    const fs::path file = scratch_ / "bin" / name;
    std::ofstream(file) << "#!/bin/sh\n" << body << "\n";
    fs::permissions(file, fs::perms::owner_all);
  }
  test::ProgramResult run_here(const std::string& program, std::vector<std::string> words,
                               const std::string& path) const {
    std::map<std::string, std::string> variables = environment();
    variables["PATH"] = path;
    return test::run_program(test::program(program), words, variables);
  }
  test::ProgramResult runbrick(const std::vector<std::string>& extra = {}) const {
    return runbrick_on((scratch_ / "bin").string() + ":/usr/bin:/bin", extra);
  }
  test::ProgramResult runbrick_on(const std::string& path, const std::vector<std::string>& extra = {}) const {
    std::vector<std::string> words = region();
    for (const std::string& w : common()) words.push_back(w);
    words.insert(words.end(), extra.begin(), extra.end());
    return run_here("runbrick", words, path);
  }
  test::ProgramResult calibrate(const std::vector<std::string>& extra = {}) const {
    std::vector<std::string> words = {"--survey-dir", survey().string(), "--plugin-dir",
                                      test::built_plugins().string()};
    words.insert(words.end(), extra.begin(), extra.end());
    return run_here("calibrate", words, (scratch_ / "bin").string() + ":/usr/bin:/bin");
  }
  fs::path calib() const { return survey() / "calib"; }
};

TEST_F(OnDemand, ARunMakesWhatCalibrateMakes) {
  ASSERT_EQ(calibrate().exit_code, 0);
  const auto by_calibrate = files_of(calib());
  ASSERT_EQ(by_calibrate.size(), 6u);
  ASSERT_EQ(runbrick({"--skip-calibs"}).exit_code, 0);
  const auto products = files_of(outdir());
  fs::remove_all(calib());
  fs::remove_all(outdir());

  const test::ProgramResult result = runbrick();
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.err, HasSubstr("3 PSFs, 3 skies"));
  EXPECT_EQ(files_of(calib()), by_calibrate);
  EXPECT_EQ(files_of(outdir()), products);
  // They are there now, and stay.
  fs::remove_all(outdir());
  EXPECT_THAT(runbrick().err, Not(HasSubstr("are missing")));
  EXPECT_EQ(files_of(calib()), by_calibrate);
}

TEST_F(OnDemand, WhatIsThereIsKeptAndOnlyTheRestIsMade) {
  fs::create_directories(calib());
  fs::copy(scratch_ / "shipped/psfex", calib() / "psfex", fs::copy_options::recursive);
  script("psfex", "echo 'not to be run' >&2; exit 1");
  const test::ProgramResult result = runbrick({"--bands", "r"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.err, HasSubstr("0 PSFs, 1 skies"));
  EXPECT_TRUE(fs::exists(calib() / "sky-single"));
  EXPECT_FALSE(fs::exists(calib() / "psfex-single"));
}

TEST_F(OnDemand, ADamagedOneIsMadeAnewAndToldOf) {
  fs::copy(scratch_ / "shipped", calib(), fs::copy_options::recursive);
  const fs::path sky = find_file("_r_", "calib/sky");
  fs::resize_file(sky, fs::file_size(sky) / 2);
  const test::ProgramResult result = runbrick({"--bands", "r"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.err, AllOf(HasSubstr("the sky that is there is of no use"),
                                HasSubstr(sky.filename().string()), HasSubstr("made anew")));
  EXPECT_EQ(test::files_below(calib() / "sky-single").size(), 1u);
}

// A calibration of another reduction is made anew, unless old ones will do.
TEST_F(OnDemand, OldCalibrationsAreKeptWhereTheyWillDo) {
  ASSERT_EQ(calibrate({"--bands", "r"}).exit_code, 0);
  for (const std::string& name : test::files_below(calib())) {
    fits::Table table = fits::FitsReader(calib() / name).table(1);
    fits::Table other;
    for (fits::Column column : table.columns()) {
      if (column.name == "plver") column.data = std::vector<std::string>{"V0.1"};
      other.add(std::move(column));
    }
    fits::FitsWriter writer;
    writer.add_table(other);
    writer.write(calib() / name);
  }
  const auto old = files_of(calib());
  const test::ProgramResult kept = runbrick({"--bands", "r", "--old-calibs-ok"});
  EXPECT_EQ(kept.exit_code, 0) << kept.err;
  EXPECT_EQ(files_of(calib()), old);
  const test::ProgramResult remade = runbrick({"--bands", "r"});
  EXPECT_EQ(remade.exit_code, 0) << remade.err;
  EXPECT_EQ(files_of(calib()).size(), old.size());
  for (const auto& [name, bytes] : files_of(calib())) EXPECT_NE(bytes, old.at(name)) << name;
}

TEST_F(OnDemand, WithoutTheProgramsSkiesAreMadeAndTheCcdsAreNamed) {
  const test::ProgramResult result = runbrick_on("/does/not/exist", {"--bands", "g"});
  expect_one_clear_line(
      result, 3,
      {"no PSF model of exposure", "source-extractor is not on the PATH", "Debian package source-extractor"});
  EXPECT_TRUE(fs::exists(calib() / "sky-single"));
  EXPECT_FALSE(fs::exists(calib() / "psfex-single"));
}

TEST_F(OnDemand, SkippedTheyAreMissing) {
  expect_one_clear_line(runbrick({"--bands", "g", "--skip-calibs"}), 3, {"no sky model of exposure"});
  EXPECT_FALSE(fs::exists(calib()));
}

TEST_F(OnDemand, OneCcdsFailureIsItsOwnAndTheOthersStay) {
  const std::string first = "[ -e " + (scratch_ / "once").string() + " ] || { touch " +
                            (scratch_ / "once").string() + "; echo 'no stars to speak of' >&2; exit 1; }\n";
  script("psfex", first + "cp " + (scratch_ / "model").string() + " sources.psf");
  const test::ProgramResult result = runbrick({"--threads", "1"});
  expect_one_clear_line(result, 3,
                        {"no PSF model of exposure", "the PSF cannot be made", "psfex ended with code 1",
                         "no stars to speak of"});
  EXPECT_EQ(test::files_below(calib() / "psfex-single").size(), 2u);
  EXPECT_EQ(test::files_below(calib() / "sky-single").size(), 3u);
  const test::ProgramResult again = runbrick();
  EXPECT_EQ(again.exit_code, 0) << again.err;
}

TEST_F(OnDemand, BlobsOfAnEarlierRunAreMaskedForTheSky) {
  const std::vector<std::string> first = {"--calib-dir", (scratch_ / "shipped").string(), "--bands", "r"};
  ASSERT_EQ(runbrick(first).exit_code, 0);
  ASSERT_FALSE(fs::exists(calib()));
  fs::rename(outdir(), scratch_ / "first");
  fs::remove_all(scratch_ / "shipped/sky");
  fs::remove_all(scratch_ / "shipped/sky-single");
  std::vector<std::string> second = first;
  second.insert(second.end(), {"--blob-mask-dir", (scratch_ / "first").string()});
  const test::ProgramResult result = runbrick(second);
  EXPECT_EQ(result.exit_code, 0) << result.err;
  const std::vector<std::string> skies = test::files_below(calib() / "sky-single");
  ASSERT_EQ(skies.size(), 1u);
  const fits::Table sky = fits::FitsReader(calib() / "sky-single" / skies.front()).table(1);
  EXPECT_NE(sky.integer("blob_masked", 0), 0);
  EXPECT_GT(sky.number("sky_fmasked", 0), 0.02);
}

// State that was saved after calibrations were made stands on them.
TEST_F(OnDemand, SavedStateIsUsedAfterwards) {
  ASSERT_EQ(runbrick({"--stage", "srcs"}).exit_code, 0);
  const test::ProgramResult result = runbrick();
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.err, HasSubstr("stage tims         is taken from its state"));
}

TEST_F(OnDemand, MergedFilesOfAnExposureAreWrittenAndServe) {
  ASSERT_EQ(calibrate({"--merge"}).exit_code, 0);
  EXPECT_EQ(test::files_below(calib() / "psfex").size(), 3u);
  EXPECT_EQ(test::files_below(calib() / "sky").size(), 3u);
  fs::remove_all(calib() / "psfex-single");
  fs::remove_all(calib() / "sky-single");
  const test::ProgramResult result = runbrick({"--skip-calibs"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
}

}  // namespace
}  // namespace brickline
