// calibrate when things go wrong: programs that are missing, die, hang or leave rubbish; full disks; images
// without weight; two at once; an end at any moment.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <thread>

#include "core/fits/fits_reader.h"
#include "core/fits/fits_writer.h"
#include "tests/calib/psfex_file.h"
#include "tests/support/run_program.h"

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

class Faults : public testing::Test {
 protected:
  // A copy of the small simulated survey without its calibrations, and programs that stand for the real ones.
  void SetUp() override {
    const fs::path small = fs::path(BRICKLINE_BUILD_DIR) / "tests/data/small-survey";
    ASSERT_TRUE(fs::exists(small)) << small << ": made by the test cli.simulate_survey";
    survey_ = scratch_ / "survey";
    fs::create_directories(survey_);
    fs::copy(small / "images", survey_ / "images", fs::copy_options::recursive);
    for (const char* file : {"survey-ccds-sim.fits.gz", "survey-bricks.fits.gz"})
      fs::copy(small / file, survey_ / file);
    test::PsfexFile{}.write(scratch_ / "model");
    extractor_ = script("extractor", "echo made > sources.fits");
    psfex_ = script("psfex", "cp " + (scratch_ / "model").string() + " sources.psf");
  }
  std::string script(const std::string& name, const std::string& body) {
    const fs::path file = scratch_ / name;
    std::ofstream(file) << "#!/bin/sh\n" << body << "\n";
    fs::permissions(file, fs::perms::owner_all);
    return file.string();
  }
  std::vector<std::string> words(const std::vector<std::string>& more = {}) const {
    std::vector<std::string> all = {"--survey-dir",
                                    survey_.string(),
                                    "--plugin-dir",
                                    test::built_plugins().string(),
                                    "--source-extractor",
                                    extractor_,
                                    "--psfex",
                                    psfex_,
                                    "--scratch",
                                    (scratch_ / "").string(),
                                    "--threads",
                                    "2"};
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }
  test::ProgramResult calibrate(const std::vector<std::string>& more = {}) const {
    return test::run_program(test::program("calibrate"), words(more));
  }
  std::map<std::string, std::string> products() const {
    std::map<std::string, std::string> found;
    for (const std::string& name : test::files_below(survey_ / "calib"))
      found[name] = bytes_of(survey_ / "calib" / name);
    return found;
  }
  int left_in_scratch() const {
    int n = 0;
    for (const auto& entry : fs::directory_iterator(scratch_.path()))
      n += entry.path().filename().string().starts_with("brickline-calibrate-");
    return n;
  }

  test::TemporaryDirectory scratch_;
  fs::path survey_;
  std::string extractor_, psfex_;
};

TEST_F(Faults, WithGoodProgramsThereIsOneFileOfEachKindPerCcd) {
  const auto result = calibrate({"--report", (scratch_ / "report.ecsv").string()});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(products().size(), 6u);
  EXPECT_EQ(left_in_scratch(), 0);
  const std::string report = bytes_of(scratch_ / "report.ecsv");
  EXPECT_THAT(report, AllOf(HasSubstr("# %ECSV 1.0"), HasSubstr("\"made\""), HasSubstr("{name: sky_level")));
}

TEST_F(Faults, ThePageShowsWhatWasMadeAndWhatFailed) {
  // Without weights there is neither; where a directory stands in its way there is no sky.
  for (const std::string& name : test::files_below(survey_ / "images")) {
    if (name.find("_oow_r_") != std::string::npos)
      fs::resize_file(survey_ / "images" / name, fs::file_size(survey_ / "images" / name) / 2);
    if (name.find("_ooi_z_") == std::string::npos) continue;
    const std::string base = fs::path(name).filename().string(), stem = base.substr(0, base.find('.'));
    fs::create_directories(survey_ / "calib/sky-single" / fs::path(name).parent_path() / stem /
                           (stem + "-S4-splinesky.fits") / "full");
  }
  const fs::path page = scratch_ / "page.html";
  EXPECT_EQ(calibrate({"--report", page.string()}).exit_code, 6);
  const std::string text = bytes_of(page);
  for (const char* absent : {"{{", "src=\"http", "href=\"http"})
    EXPECT_EQ(text.find(absent), text.npos) << absent;
  const std::string begin = "id=\"data\">";
  const std::size_t at = text.find(begin) + begin.size();
  const auto ccds = nlohmann::json::parse(text.substr(at, text.find("</script>", at) - at))["ccds"];
  ASSERT_EQ(ccds.size(), 3u);
  for (const auto& ccd : ccds) {
    const std::string band = ccd["band"];
    SCOPED_TRACE(band);
    EXPECT_GT(ccd["width"], 100);
    EXPECT_EQ(ccd["sky_step"]["failed"].get<bool>(), band != "g");
    EXPECT_EQ(ccd.contains("sky"), band == "g");
    EXPECT_EQ(ccd.contains("psf"), band != "r");
    if (band != "g") {
      EXPECT_THAT(ccd["lacking"][0].get<std::string>(), HasSubstr(band == "r" ? "_oow_r_" : "_z_"));
    }
    if (band == "r") continue;
    ASSERT_EQ(ccd["psf"].size(), 25u);
    EXPECT_NEAR(ccd["psf"][12][2].get<double>(), 2.3548 * 1.7, 0.1);  // of PsfexFile
    EXPECT_EQ(ccd["stamps"].size(), 9u);
    EXPECT_EQ(ccd["accepted"], 38);
    if (band == "z") continue;
    EXPECT_EQ(ccd["sky"]["width"], ccd["residual"]["width"]);
    EXPECT_NEAR(ccd["noise_over_weights"].get<double>(), 1, 0.1);
  }
}

TEST_F(Faults, AMissingProgramIsNamedBeforeAnythingIsMade) {
  const auto result = calibrate({"--psfex", "/does/not/exist"});
  EXPECT_EQ(result.exit_code, 2);  // given twice
  psfex_ = "/does/not/exist";
  const auto missing = calibrate();
  EXPECT_EQ(missing.exit_code, 3);
  EXPECT_THAT(missing.err, AllOf(HasSubstr("/does/not/exist"), HasSubstr("psfex"), HasSubstr("--no-psf")));
  EXPECT_TRUE(products().empty());
  EXPECT_EQ(calibrate({"--no-psf"}).exit_code, 0);
  EXPECT_EQ(products().size(), 3u);
}

TEST_F(Faults, AProgramThatIsKilledFailsItsCcdsAlone) {
  extractor_ = script("extractor", "echo half > sources.fits\nkill -9 $$");
  const auto result = calibrate();
  EXPECT_EQ(result.exit_code, 6);
  EXPECT_THAT(result.out, AllOf(HasSubstr("psf failed: "), HasSubstr("signal 9"), HasSubstr("3 failed")));
  EXPECT_EQ(products().size(), 3u);  // the skies
  EXPECT_EQ(left_in_scratch(), 0);
}

TEST_F(Faults, AProgramThatHangsIsEnded) {
  psfex_ = script("psfex", "sleep 60");
  const auto result = calibrate({"--no-sky", "--time-limit", "1"});
  EXPECT_EQ(result.exit_code, 6);
  EXPECT_THAT(result.out, HasSubstr("did not end within 1 s"));
}

TEST_F(Faults, WhatAProgramSaysLastIsPassedOn) {
  psfex_ = script("psfex", "echo 'Not enough memory' >&2\nexit 1");
  EXPECT_THAT(calibrate({"--no-sky"}).out, HasSubstr("ended with code 1: Not enough memory"));
}

TEST_F(Faults, ModelsThatAreNoneAreNotPutInPlace) {
  for (const char* body : {"true", "echo rubbish > sources.psf", "head -c 5000 MODEL > sources.psf"}) {
    std::string text = body;
    if (const auto at = text.find("MODEL"); at != std::string::npos)
      text.replace(at, 5, (scratch_ / "model").string());
    psfex_ = script("psfex", text);
    const auto result = calibrate({"--no-sky"});
    EXPECT_EQ(result.exit_code, 6) << body << result.out;
    EXPECT_TRUE(products().empty()) << body;
  }
  test::PsfexFile none;
  none.loaded = none.accepted = 0;
  none.sum = none.fwhm = none.sampling = 0;
  none.write(scratch_ / "model");
  psfex_ = script("psfex", "cp " + (scratch_ / "model").string() + " sources.psf");
  const auto result = calibrate({"--no-sky"});
  EXPECT_EQ(result.exit_code, 6);
  EXPECT_THAT(result.out, HasSubstr("accepted 0 of 0 stars"));
  EXPECT_TRUE(products().empty());
}

TEST_F(Faults, AFullDiskEndsTheRunAndLeavesNothingHalf) {
  // No file may grow beyond 20 kB.
  std::string line = "ulimit -f 20; exec " + test::program("calibrate").string();
  for (const std::string& word : words()) line += " '" + word + "'";
  const auto result = test::run_program("/bin/bash", {"-c", line});
  EXPECT_EQ(result.exit_code, 4) << result.out << result.err;
  for (const auto& [name, bytes] : products()) {
    EXPECT_THAT(name, Not(HasSubstr("tmp-")));
    EXPECT_TRUE(fits::FitsReader(survey_ / "calib" / name).checksums_agree(1)) << name;
  }
  EXPECT_EQ(left_in_scratch(), 0);
  EXPECT_EQ(calibrate().exit_code, 0);
  EXPECT_EQ(products().size(), 6u);
}

TEST_F(Faults, AnImageWithoutWeightFailsAlone) {
  fs::path weights;
  for (const std::string& name : test::files_below(survey_ / "images"))
    if (name.find("_oow_r_") != std::string::npos) weights = survey_ / "images" / name;
  ASSERT_FALSE(weights.empty());
  {
    fits::FitsReader reader(weights);
    Image<float> plane = reader.image<float>(1);
    const fits::Header primary = reader.header(0), header = reader.header(1);
    plane.fill(0);
    fits::FitsWriter writer;
    writer.add_empty_primary(primary);
    writer.add_image(plane.const_view(), header, header.text("EXTNAME").value_or("S4"));
    writer.write(scratch_ / "zero.fits");
    fs::rename(scratch_ / "zero.fits", weights);
  }
  const auto result = calibrate();
  EXPECT_EQ(result.exit_code, 6);
  EXPECT_THAT(result.out, AllOf(HasSubstr("no pixel has weight"), HasSubstr("1 failed")));
  EXPECT_EQ(products().size(), 4u);
}

TEST_F(Faults, TwoRunsAtOnceMakeWhatOneMakes) {
  EXPECT_EQ(calibrate().exit_code, 0);
  const auto alone = products();
  fs::remove_all(survey_ / "calib");
  test::ProgramResult first, second;
  std::thread other([&] { first = calibrate(); });
  second = calibrate();
  other.join();
  EXPECT_EQ(first.exit_code, 0) << first.out << first.err;
  EXPECT_EQ(second.exit_code, 0) << second.out << second.err;
  EXPECT_EQ(products(), alone);
}

// Killed without a word at twenty moments: what is there is whole, and in the end all is there.
TEST_F(Faults, EndedAtAnyMomentAndBegunAgainItMakesTheSame) {
  EXPECT_EQ(calibrate().exit_code, 0);
  const auto undisturbed = products();
  fs::remove_all(survey_ / "calib");
  for (int i = 0; i < 20; ++i) {
    std::string line =
        fmt::format("timeout -s KILL {:.3f} {}", 0.01 + 0.013 * i, test::program("calibrate").string());
    for (const std::string& word : words()) line += " '" + word + "'";
    test::run_program("/bin/bash", {"-c", line});
    for (const auto& [name, bytes] : products()) {
      if (fs::path(name).filename().string().starts_with("tmp-")) continue;
      EXPECT_TRUE(undisturbed.contains(name) && undisturbed.at(name) == bytes) << i << " " << name;
    }
    if (i % 5 == 4 && fs::exists(survey_ / "calib")) fs::remove_all(survey_ / "calib");
  }
  EXPECT_EQ(calibrate().exit_code, 0);
  auto in_the_end = products();
  std::erase_if(in_the_end,
                [](const auto& p) { return fs::path(p.first).filename().string().starts_with("tmp-"); });
  EXPECT_EQ(in_the_end, undisturbed);
}

TEST_F(Faults, AnInterruptionIsToldApartAndLeavesNothingBehind) {
  psfex_ = script("psfex", "kill -TERM $(ps -o ppid= -p $$)\nsleep 20");
  const auto result = calibrate({"--no-sky"});
  EXPECT_EQ(result.exit_code, 75) << result.out << result.err;
  EXPECT_TRUE(products().empty());
  EXPECT_EQ(left_in_scratch(), 0);
}

}  // namespace
}  // namespace brickline
