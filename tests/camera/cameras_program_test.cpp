// The program `cameras` as its users meet it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "core/base/image.h"
#include "core/fits/fits_writer.h"
#include "tests/camera/plugin_files.h"
#include "tests/support/run_program.h"

namespace brickline::test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class CamerasProgram : public ::testing::Test {
 protected:
  void SetUp() override { put(good_plugin("minimal"), dir_ / "a"); }
  // Of these directories alone.
  ProgramResult cameras(std::vector<std::string> words) const {
    words.insert(words.begin(), {"--plugin-dir", (dir_ / "a").string()});
    return run_program(program("cameras"), words,
                       {{"BRICKLINE_PLUGIN_PATH", ""}, {"XDG_DATA_HOME", (dir_ / "none").string()}});
  }
  TemporaryDirectory dir_;
};

TEST_F(CamerasProgram, ListsDirectoriesInTheOrderOfTheOptions) {
  put(good_plugin("minimal"), dir_ / "b");
  const ProgramResult result = cameras({"--plugin-dir", (dir_ / "b").string(), "list", "--json"});
  const auto json = nlohmann::json::parse(result.out);
  ASSERT_EQ(json["files"].size(), 2u);
  EXPECT_EQ(json["files"][0]["cameras"][0]["state"], "accepted");
  EXPECT_EQ(json["files"][1]["cameras"][0]["state"], "shadowed");
  EXPECT_EQ(json["files"][1]["cameras"][0]["other"], (dir_ / "a/minimal.camera.so").string());
}

TEST_F(CamerasProgram, DescribesACameraByItsAlias) {
  const ProgramResult people = cameras({"info", "tiny"});
  EXPECT_EQ(people.exit_code, 0) << people.err;
  EXPECT_THAT(people.out, AllOf(HasSubstr("plugin         minimal 1.2.3"), HasSubstr("NB_Q, 501.5 nm")));
  const auto json = nlohmann::json::parse(cameras({"info", "tiny", "--json"}).out);
  EXPECT_EQ(json["name"], "minimal");
  EXPECT_EQ(json["provenance"]["file_sha256"].get<std::string>().size(), 64u);
  EXPECT_EQ(json["facts"]["detector"]["bands"][1], "NB_Q");
  EXPECT_EQ(nlohmann::json::parse(cameras({"info", "tiny", "--facts"}).out), json["facts"]);
}

TEST_F(CamerasProgram, PrintsTheSchemaAndTheReference) {
  const auto schema = nlohmann::json::parse(cameras({"schema"}).out);
  EXPECT_EQ(schema["properties"]["detector"]["properties"]["pixel_scale_arcsec"]["maximum"], 30);
  EXPECT_THAT(cameras({"reference"}).out, HasSubstr("| `pixels.unit` |"));
}

// An image, and one with a Julian Date and a pixel scale that is not the facts'.
class Identify : public CamerasProgram {
 protected:
  fs::path write(const std::string& name, double date, double degrees_per_pixel, const char* instrument,
                 float value = 1) {
    fits::Header h;
    h.set("INSTRUME", instrument);
    h.set("FILTER", "g");
    h.set("EXPNUM", fits::CardValue(std::int64_t{12}));
    h.set("MJD-OBS", fits::CardValue(date));
    h.set("EXPTIME", fits::CardValue(30.0));
    h.set("CTYPE1", "RA---TAN");
    h.set("CTYPE2", "DEC--TAN");
    h.set("CRVAL1", fits::CardValue(150.0));
    h.set("CRVAL2", fits::CardValue(2.0));
    h.set("CRPIX1", fits::CardValue(16.5));
    h.set("CRPIX2", fits::CardValue(16.5));
    h.set("CD1_1", fits::CardValue(-degrees_per_pixel));
    h.set("CD2_2", fits::CardValue(degrees_per_pixel));
    const Image<float> pixels(size_, size_, value);
    fits::FitsWriter writer;
    writer.add_empty_primary({});
    writer.add_image<float>(pixels.const_view(), h, "S4");
    writer.write(dir_ / name);
    return dir_ / name;
  }
  int size_ = 32;  // pixels
};

TEST_F(Identify, TellsWhoseAnImageIsAndWhatComesOfIt) {
  const fs::path image = write("x_ooi_1.fits", 57000.5, 0.262 / 3600, "Minimal");
  write("x_ood_1.fits", 57000.5, 0.262 / 3600, "Minimal");
  write("x_oow_1.fits", 57000.5, 0.262 / 3600, "Minimal");
  const ProgramResult people = cameras({"identify", image.string()});
  EXPECT_EQ(people.exit_code, 0) << people.out << people.err;
  EXPECT_THAT(people.out,
              AllOf(HasSubstr("camera minimal (claimed by minimal)"), HasSubstr("HDU 1: 32 x 32 pixels"),
                    HasSubstr("band     g"), HasSubstr("ccdname  S4"), HasSubstr("x_oow_1.fits, HDU 1"),
                    HasSubstr("RA 150.0000"), HasSubstr("0.2620 arcsec per pixel")));
  const auto json = nlohmann::json::parse(cameras({"identify", "--json", image.string()}).out);
  EXPECT_EQ(json[0]["ccds"][0]["metadata"]["expnum"], "12");
  EXPECT_EQ(json[0]["ccds"][0]["files"].size(), 2u);
}

TEST_F(Identify, TellsAllThatIsWrongAtOnce) {
  const fs::path image = write("x_ooi_1.fits", 2457001.0, 1e-4, "Minimal");
  const ProgramResult result = cameras({"identify", image.string()});
  EXPECT_EQ(result.exit_code, 3);
  EXPECT_THAT(
      result.out,
      AllOf(HasSubstr("problem: its mjd_obs is 2457001, no Modified Julian Date"),
            HasSubstr("problem: its pixels are 0.36 arcsec by its world coordinates, 0.262 by the fact"),
            HasSubstr("x_ood_1.fits"), HasSubstr("x_oow_1.fits")));
}

TEST_F(Identify, AnImageThatNobodyClaimsNamesItsInstrument) {
  const fs::path image = write("x_ooi_1.fits", 57000.5, 0.262 / 3600, "Other");
  const ProgramResult result = cameras({"identify", image.string()});
  EXPECT_EQ(result.exit_code, 3);
  EXPECT_THAT(result.out,
              HasSubstr("no camera claims it (INSTRUME = 'Other', TELESCOP = ''); there are minimal"));
  EXPECT_THAT(cameras({"identify", "--camera", "tiny", image.string()}).out, HasSubstr("band     g"));
}

// ---- check ----

class Check : public Identify {
 protected:
  void SetUp() override {
    Identify::SetUp();
    image_ = write("x_ooi_1.fits", 57000.5, 0.262 / 3600, "Minimal").string();
    write("x_ood_1.fits", 57000.5, 0.262 / 3600, "Minimal", 0);
    write("x_oow_1.fits", 57000.5, 0.262 / 3600, "Minimal", 4);
  }
  // The result of one check of a camera on the image, and its evidence in one text.
  std::pair<std::string, std::string> one(const fs::path& plugin, const std::string& camera,
                                          const std::string& id, const std::string& timeout = "60") {
    const ProgramResult result = cameras({"check", plugin.string(), "--camera", camera, "--image", image_,
                                          "--only", id, "--json", "--timeout", timeout});
    const auto json = nlohmann::json::parse(result.out);
    const std::string found = json["checks"][0]["result"];
    EXPECT_EQ(result.exit_code, found == "pass" || found == "warn" || found == "skip" ? 0 : 5) << result.err;
    return {found, json["checks"][0]["evidence"].dump()};
  }
  std::string image_;
};

// (The image is too small for stars, and its mask has no codes.)
TEST_F(Check, AGoodCameraPassesAllLevelsOnItsImage) {
  const ProgramResult result =
      cameras({"check", (dir_ / "a/minimal.camera.so").string(), "--image", image_, "--level", "10",
               "--rounds", "60", "--junit", (dir_ / "junit.xml").string()});
  EXPECT_EQ(result.exit_code, 0) << result.out << result.err;
  EXPECT_THAT(result.out, AllOf(HasSubstr("pass    pixels.crop"), HasSubstr("pass    stress.threads"),
                                HasSubstr("0 failed, 3 skipped")));
  EXPECT_THAT(bytes_of(dir_ / "junit.xml"), HasSubstr("name=\"pixels.repeat\""));
}

TEST_F(Check, WithoutAnImageThoseThatNeedOneAreSkipped) {
  const ProgramResult result = cameras({"check", (dir_ / "a/minimal.camera.so").string()});
  EXPECT_EQ(result.exit_code, 0) << result.out;
  EXPECT_THAT(result.out, AllOf(HasSubstr("skip    identify.own"), ::testing::Not(HasSubstr("pixels."))));
}

TEST_F(Check, ACrashAHangAndAnEndAreFindings) {
  const fs::path plugin = put(good_plugin("misbehaves"), dir_ / "c");
  auto [result, evidence] = one(plugin, "crashes", "pixels.all-ccds");
  EXPECT_EQ(result, "crash");
  EXPECT_THAT(evidence,
              AllOf(HasSubstr("crashed (SIGSEGV): plugin misbehaves"), HasSubstr("step read_image")));
  std::tie(result, evidence) = one(plugin, "exits_quietly", "pixels.all-ccds");
  EXPECT_EQ(result, "ended");
  std::tie(result, evidence) = one(plugin, "crashes_in_create", "load.runs");
  EXPECT_EQ(result, "crash");
  std::tie(result, evidence) = one(plugin, "takes_long", "stress.cycles", "2");
  EXPECT_EQ(result, "timeout");
}

TEST_F(Check, WhatACameraMustNotDoIsFound) {
  const fs::path plugin = put(good_plugin("misbehaves"), dir_ / "c"),
                 breaches = put(good_plugin("breaches"), dir_ / "c");
  EXPECT_EQ(one(plugin, "prints", "load.silent").first, "fail");
  EXPECT_EQ(one(breaches, "depends_on_window", "pixels.crop").first, "fail");
  EXPECT_EQ(one(breaches, "depends_on_window", "pixels.repeat").first, "pass");
  EXPECT_EQ(one(put(bad_plugin("unknown_key"), dir_ / "d"), "unknown_key", "load.runs").first, "fail");
  EXPECT_EQ(one(put(bad_plugin("many_symbols"), dir_ / "e"), "many_symbols", "load.one-symbol").first,
            "fail");
  EXPECT_EQ(one(put(good_plugin("minimal"), dir_ / "f"), "minimal", "identify.own").first, "pass");
  EXPECT_EQ(one(breaches, "does_without", "identify.own").first, "fail");
}

TEST_F(Check, WhatCodeDoesBesideItsWorkIsFound) {
  put(good_plugin("minimal"), dir_ / "c");
  const fs::path plugin = put(good_plugin("conduct"), dir_ / "c");
  const auto finds = [&](const std::string& camera, const std::string& id, const std::string& words,
                         const std::string& as = "fail") {
    const auto [result, evidence] = one(plugin, camera, id);
    EXPECT_EQ(result, as) << camera << " " << id << ": " << evidence;
    EXPECT_THAT(evidence, HasSubstr(words)) << camera << " " << id;
  };
  finds("handles_signals", "load.process-state", "it changes what signals do");
  finds("starts_a_thread", "load.process-state", "it changes the number of threads");
  finds("claims_all", "identify.foreign", "INSTRUME = 'HSC'");
  finds("ignores_the_stride", "pixels.stride", "saturation wrote beside the pixels of its image");
  finds("writes_beside", "pixels.stride", "read_weight wrote beside the pixels of its weight");
  finds("makes_its_own_of_failures", "robust.throws", "where call 1 of next gives status");
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  finds("aborts_without_memory", "robust.out-of-memory", "step read_image", "crash");
  finds("keeps", "stress.leak", "leaves 1");
#endif
  finds("sees_others", "stress.threads", "with 8 threads at work its pixels differ");
  finds("sees_others", "pixels.repeat", "", "pass");
  finds("leaves_files_open", "stress.cycles", "files stay open");
  finds("writes_a_file", "load.silent", "it writes files: notes.txt");
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  finds("takes_all_memory", "load.runs", "memory");
#endif
  finds("never_asks", "robust.cancel", "never asks whether to stop", "warn");
}

TEST_F(Check, AMadeExposureFindsWhatIsWrongWithFluxes) {
  size_ = 140;
  image_ = write("x_ooi_1.fits", 57000.5, 0.262 / 3600, "Minimal", 100).string();
  write("x_ood_1.fits", 57000.5, 0.262 / 3600, "Minimal", 0);
  write("x_oow_1.fits", 57000.5, 0.262 / 3600, "Minimal", 4);
  put(good_plugin("minimal"), dir_ / "c");
  const auto facts = [&](const std::string& name, const std::string& more) {
    return put_bytes(R"({"plugin": {"plugin": ")" + name +
                         R"(", "version": "1.0.0", "cameras": [{"name": ")" + name +
                         R"("}]}, "extends": "minimal", )" + more + "}",
                     dir_ / "c" / (name + ".camera.json"));
  };
  const fs::path right =
      facts("right", R"("mask": {"pipeline": [{"op": "codes", "table": {"1": "badpix", "7": "cr"}}]})");
  for (const char* id : {"photometry.round-trip", "photometry.exposure-time", "photometry.masked"}) {
    const auto [result, evidence] = one(right, "right", id);
    EXPECT_EQ(result, "pass") << id << evidence;
  }
  auto [result, evidence] =
      one(put(good_plugin("fragile"), dir_ / "c"), "loses_light", "photometry.round-trip");
  EXPECT_EQ(result, "fail");
  EXPECT_THAT(evidence, AllOf(HasSubstr("flux / truth 0.5"), HasSubstr("that belongs into after_sky")));
  std::tie(result, evidence) =
      one(facts("short", R"("pixels": {"exposure_term": false})"), "short", "photometry.exposure-time");
  EXPECT_EQ(result, "fail");
  EXPECT_THAT(evidence, AllOf(HasSubstr("10 times the flux in 300 s"), HasSubstr("pixels.exposure_term")));
  std::tie(result, evidence) =
      one(facts("lost", R"("mask": {"pipeline": [{"op": "codes", "table": {"1": "badpix", "7": "cr"}},
                           {"op": "clear", "bit": "cr", "where_also": "cr"}]})"),
          "lost", "photometry.masked");
  EXPECT_EQ(result, "fail");
  EXPECT_THAT(evidence,
              AllOf(HasSubstr("pixels with 0x7 in the mask are used"), ::testing::Not(HasSubstr("0x1 "))));
}

TEST_F(Check, CopiesOfTheImageThatAreChangedFindMore) {
  fs::create_directories(dir_ / "tmp");
  ::setenv("TMPDIR", (dir_ / "tmp").c_str(), 1);
  put(good_plugin("minimal"), dir_ / "c");
  const fs::path plugin = put(good_plugin("fragile"), dir_ / "c");
  auto [result, evidence] = one(plugin, "loses_light", "photometry.light");
  EXPECT_EQ(result, "warn");
  EXPECT_THAT(evidence, HasSubstr("0.5 times as much comes out"));
  std::tie(result, evidence) = one(plugin, "stumbles", "robust.cards");
  EXPECT_EQ(result, "fail");
  EXPECT_THAT(evidence,
              AllOf(HasSubstr("EXPTIME"), HasSubstr("1.0E300"), HasSubstr("there is no such exposure")));
  EXPECT_EQ(one(plugin, "loses_light", "robust.cards").first, "pass");
  std::tie(result, evidence) = one(plugin, "crashes_without", "robust.missing-file");
  EXPECT_EQ(result, "crash");
  EXPECT_THAT(evidence, HasSubstr("step read_weight"));
  EXPECT_EQ(one(plugin, "loses_light", "robust.missing-file").first, "pass");
  EXPECT_TRUE(fs::is_empty(dir_ / "tmp"));  // what was written is gone
  ::unsetenv("TMPDIR");
}

TEST_F(CamerasProgram, APluginThatExitsCannotMakeItLookSuccessful) {
  const fs::path path = put(bad_plugin("exits"), dir_ / "a");
  const ProgramResult result = cameras({"info", "exits"});
  EXPECT_EQ(result.exit_code, 5);
  EXPECT_THAT(result.err, HasSubstr("error: ended the process (exit): plugin faulty (" + path.string() +
                                    "), camera exits, step create"));
}

TEST_F(CamerasProgram, ListingRunsNoPluginCode) {
  put(bad_plugin("exits"), dir_ / "a");
  const ProgramResult result = cameras({"list"});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_THAT(result.out, HasSubstr("exits"));
}

}  // namespace
}  // namespace brickline::test
