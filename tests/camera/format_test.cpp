// Files of a camera's own format, and what stands beside an image: bytes, texts, world coordinates.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>

#include "core/base/read_log.h"
#include "core/camera/identify.h"
#include "core/camera/text_cards.h"
#include "core/fits/fits_writer.h"
#include "core/wcs/wcs.h"
#include "tests/camera/plugin_files.h"

namespace brickline {
namespace {

using namespace brickline::test;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr Box kWindow{2, 5, 1, 3};

class Format : public ::testing::Test {
 protected:
  void SetUp() override {
    fs::create_directories(dir_ / "survey/images/cam");
    for (const char* plugin : {"raw", "formats", "oddball"}) put(good_plugin(plugin), dir_ / "cameras");
    fs::create_directories(dir_ / "cameras/formats.camera.d");
    put_bytes("100\n", dir_ / "cameras/formats.camera.d/level.txt");
  }
  fs::path image(const std::string& name) const { return dir_ / "survey/images/cam" / name; }
  // 4 x 3 pixels: pixel (x, y) = 300 + 10 y + x; the flag of pixel (1, 2) is 4.
  static std::string raw_bytes() {
    std::string bytes =
        "RAWCAM 1 4 3\nFILTER = 'r of the example'\nEXPNUM = 17\nMJD-OBS = 57000.5\nEXPTIME = 30\nINSTRUME = 'Raw'\n"
        "NOISE = 0.5\nCTYPE1 = 'RA---TAN'\nCTYPE2 = 'DEC--TAN'\nCRVAL1 = 150\nCRVAL2 = 2\nCRPIX1 = 2\nCRPIX2 = 2\n"
        "CD1_1 = -0.0001111111\nCD1_2 = 0\nCD2_1 = 0\nCD2_2 = 0.0001111111\nEND\n";
    for (int i = 0; i < 12; ++i) {
      const int v = 300 + 10 * (i / 4) + i % 4;
      bytes += static_cast<char>(v & 255);
      bytes += static_cast<char>(v >> 8);
    }
    std::string flags(12, '\0');
    flags[9] = 4;
    return bytes + flags;
  }
  CcdSource source(const std::string& name) {
    CcdSource s;
    s.values.image_filename = "cam/" + name;
    s.values.image_hdu = 0;
    s.locate = locate_in_survey(dir_ / "survey");
    s.read_log = &read_;
    return s;
  }
  CameraRegistry& registry() {
    registries_.push_back(CameraRegistry::scan(only({dir_ / "cameras"})));
    return registries_.back();
  }
  OpenCcd open(const std::string& camera, const std::string& name) {
    return registry().load(camera).open(source(name), Purpose::kRun);
  }
  std::pair<ErrorKind, std::string> failure(const std::string& camera) {
    put_bytes("anything", image("a.dat"));
    return error_of([&] {
      OpenCcd ccd = open(camera, "a.dat");
      ccd.read_image(kWindow);
    });
  }

  TemporaryDirectory dir_;
  ReadLog read_;
  std::deque<CameraRegistry> registries_;
};

TEST_F(Format, HeadersPixelsAndMaskComeFromTheCamera) {
  put_bytes(raw_bytes(), image("a.raw"));
  OpenCcd ccd = open("raw", "a.raw");
  EXPECT_EQ(ccd.values().band, "r");
  EXPECT_EQ(ccd.values().expnum, 17);
  EXPECT_EQ(ccd.values().width, 4);
  EXPECT_EQ(ccd.image_header().number("CRVAL1"), 150);
  const Image<float> pixels = ccd.read_image({1, 4, 1, 3});
  EXPECT_EQ(pixels(0, 0), 311);
  EXPECT_EQ(pixels(2, 1), 323);
  const auto codes = ccd.read_mask({0, 4, 0, 3});
  ASSERT_TRUE(codes);
  EXPECT_EQ((*codes)(1, 2), 4);
  EXPECT_EQ((*codes)(2, 2), 0);
  EXPECT_EQ((*ccd.read_weight({0, 4, 0, 3}))(0, 0), 4);
  EXPECT_EQ(read_.files().size(), 1u);
}

TEST_F(Format, AFileThatIsNotOfItIsFits) {
  fits::Header header;
  header.set("FILTER", "g");
  header.set("EXPNUM", 3);
  header.set("MJD-OBS", 57000.0);
  header.set("EXPTIME", 10.0);
  fits::FitsWriter writer;
  writer.add_image<float>(Image<float>(8, 8, 7.0f).const_view(), header);
  writer.write(image("a.fits"));
  EXPECT_EQ(open("raw", "a.fits").read_image(kWindow)(0, 0), 7);
}

TEST_F(Format, WhatIsWrongWithAFileIsToldWithItsCamera) {
  put_bytes(raw_bytes().substr(0, raw_bytes().size() - 1), image("cut.raw"));
  const auto [kind, text] = error_of([&] { open("raw", "cut.raw"); });
  EXPECT_EQ(kind, ErrorKind::kInput);
  EXPECT_THAT(text,
              AllOf(HasSubstr("camera raw: format failed"), HasSubstr("its size is not that of its pixels")));
  EXPECT_THAT(error_of([&] { open("raw", "none.raw"); }).second, HasSubstr("none.raw"));
}

TEST_F(Format, BytesTextsAndDataFilesAreReadThroughTheProgram) {
  put_bytes("anything", image("a.dat"));
  {
    OpenCcd ccd = open("reads", "a.dat");
    EXPECT_EQ(ccd.values().expnum, 95001234567890);
    EXPECT_EQ(ccd.values().mjd_obs, 57000);
    EXPECT_EQ(ccd.image_header().text("A-LONG-KEYWORD"), "it's / here");
    EXPECT_EQ(ccd.image_header().logical("GOOD"), true);
    EXPECT_EQ(ccd.read_image(kWindow)(0, 0), 112);
  }
  put_bytes("0.5", image("level.txt"));
  EXPECT_EQ(open("reads", "a.dat").read_image(kWindow)(0, 0), 112.5f);
  std::vector<std::string> read;
  for (const FileFingerprint& file : read_.files()) read.push_back(fs::path(file.path).filename().string());
  EXPECT_THAT(read, ElementsAre("level.txt", "a.dat", "level.txt"));
}

TEST_F(Format, BreachesAreNamed) {
  for (const auto& [camera, kind, words] :
       {std::tuple{"no_hdus", ErrorKind::kPlugin, "its format gives 0 HDUs"},
        {"asks_itself", ErrorKind::kPlugin, "sees its bytes and not its HDUs"},
        {"bad_cards", ErrorKind::kInput, "the line \"no card at all\""},
        {"huge", ErrorKind::kPlugin, "HDU 0 of 1099511627776 x 1 pixels"},
        {"beyond_the_end", ErrorKind::kInput, "it has 8 bytes: there are no 1 from byte 8 on"},
        {"throws", ErrorKind::kInput, "the disk is worn out"}}) {
    const auto [found, text] = failure(camera);
    EXPECT_EQ(found, kind) << camera << ": " << text;
    EXPECT_THAT(text, AllOf(HasSubstr(words), HasSubstr(std::string("camera ") + camera)));
  }
}

// Several of these read whatever they are given; the one whose it is claims it.
TEST_F(Format, IdentifyAsksEveryCameraOfAFormatOfItsOwn) {
  put_bytes(raw_bytes(), image("a.raw"));
  for (const char* named : {"", "raw"}) {
    const IdentifiedImage found = identify_image(registry(), image("a.raw"), named, {});
    EXPECT_TRUE(found.is_well()) << named;
    EXPECT_EQ(found.camera, "raw");
    EXPECT_THAT(found.claimants, ElementsAre("raw"));
    ASSERT_EQ(found.ccds.size(), 1u);
    EXPECT_NEAR(*found.ccds[0].scale_arcsec, 0.4, 1e-6);
  }
}

TEST_F(Format, AFileThatNoneOfThemClaimsIsToldWithWhatTheySaid) {
  put_bytes(raw_bytes().substr(0, raw_bytes().size() - 1), image("cut.raw"));
  const IdentifiedImage cut = identify_image(registry(), image("cut.raw"), "", {});
  EXPECT_EQ(cut.camera, "");
  EXPECT_THAT(cut.problems, Contains(HasSubstr("as FITS: ")));
  EXPECT_THAT(cut.problems, Contains(HasSubstr("--camera says whose it is")));
  EXPECT_THAT(cut.problems, Contains(HasSubstr("its size is not that of its pixels")));
}

// ---- World coordinates beside the image ----

const std::string kHead =
    "COMMENT   by hand\nEQUINOX = 2000.0 / Mean equinox\nCTYPE1  = 'RA---TAN'           / axis 1\n"
    "CTYPE2  = 'DEC--TAN'\nCRVAL1  = {}\nCRVAL2  = 2.0D0\nCRPIX1  = 4.5\nCRPIX2  = 4.5\nCD1_1 = -1.0E-4\n"
    "CD1_2 = 0\nCD2_1 = 0\nCD2_2 = 1.0E-4\nEND     \n";
std::string head(const std::string& ra, const std::string& name = {}) {
  std::string text = kHead;
  text.replace(text.find("{}"), 2, ra);
  return (name.empty() ? "" : "EXTNAME = '" + name + "'\n") + text;
}

class WcsSidecar : public Format {
 protected:
  void SetUp() override {
    Format::SetUp();
    put_bytes(R"({"plugin": {"plugin": "beside", "version": "1.0.0", "cameras": [{"name": "beside"}]},
                  "detector": {"pixel_scale_arcsec": 0.36, "bands": ["r"]}, "pixels": {"unit": "total"},
                  "wcs": {"kind": "sidecar", "sidecars": [{"path": "{base}.head"},
                                                           {"path": "calib:{dir}/{base}.wcs", "format": "fits"}]}})",
              dir_ / "cameras/beside.camera.json");
    fits::Header header;
    header.set("FILTER", "r");
    header.set("EXPNUM", 3);
    header.set("MJD-OBS", 57000.0);
    header.set("EXPTIME", 10.0);
    fits::FitsWriter writer;
    writer.add_empty_primary(header);
    for (const char* name : {"N1", "N2"}) writer.add_image<float>(Image<float>(8, 8).const_view(), {}, name);
    writer.write(image("sci.4711.fits"));
  }
  // The right ascension of the middle of HDU 2's CCD.
  double ra() {
    CcdSource s = source("sci.4711.fits");
    s.values.image_hdu = 2;
    OpenCcd ccd = registry().load("beside").open(s, Purpose::kRun);
    return Wcs::from_header(ccd.wcs_cards().value(), 8, 8).center().ra;
  }
};

TEST_F(WcsSidecar, OneHeaderIsTheCcds) {
  put_bytes(head("150.5", "N2"), image("sci.4711.head"));
  EXPECT_NEAR(ra(), 150.5, 1e-9);
  EXPECT_EQ(read_.files().size(), 2u);
  // Of a file of two CCDs one header without a name may be the other's, and one with another name is.
  for (const char* name : {"", "N1"}) {
    put_bytes(*name ? head("150.5", name) : head("150.5"), image("sci.4711.head"));
    EXPECT_THAT(error_of([&] { ra(); }).second, HasSubstr("which of them is that of N2")) << name;
  }
}

TEST_F(WcsSidecar, OfSeveralTheOneOfItsNameOrPlace) {
  put_bytes(head("11", "N2") + head("12", "N1"), image("sci.4711.head"));
  EXPECT_NEAR(ra(), 11, 1e-9);
  put_bytes(head("11") + head("12"), image("sci.4711.head"));
  EXPECT_NEAR(ra(), 12, 1e-9);
  put_bytes(head("11", "X") + head("12", "Y"), image("sci.4711.head"));
  EXPECT_THAT(error_of([&] { ra(); }).second,
              AllOf(HasSubstr("sci.4711.head"), HasSubstr("which of them is that of N2")));
  put_bytes(head("11") + head("12") + head("13") + head("14"), image("sci.4711.head"));
  EXPECT_THAT(error_of([&] { ra(); }).second, HasSubstr("it holds 4 headers"));
}

TEST_F(WcsSidecar, TheNextIsTriedWhereOneIsNotThere) {
  fits::Header wcs = parse_text_cards(head("77")).front();
  fits::FitsWriter writer;
  writer.add_empty_primary(wcs);
  fs::create_directories(dir_ / "survey/calib/cam");
  writer.write(dir_ / "survey/calib/cam/sci.4711.wcs");
  EXPECT_NEAR(ra(), 77, 1e-9);
}

TEST_F(WcsSidecar, WhereNoneIsThereAllAreNamed) {
  const auto [kind, text] = error_of([&] { ra(); });
  EXPECT_EQ(kind, ErrorKind::kInput);
  EXPECT_THAT(text, AllOf(HasSubstr("wcs.sidecars"), HasSubstr("images/cam/sci.4711.head"),
                          HasSubstr("calib/cam/sci.4711.wcs")));
}

TEST_F(WcsSidecar, ALineThatIsNoCardIsToldWithItsFile) {
  put_bytes("SIMPLE\n", image("sci.4711.head"));
  EXPECT_THAT(error_of([&] { ra(); }).second,
              AllOf(HasSubstr("sci.4711.head"), HasSubstr("the line \"SIMPLE\"")));
  put_bytes("\n", image("sci.4711.head"));
  EXPECT_THAT(error_of([&] { ra(); }).second, HasSubstr("it holds no cards"));
}

}  // namespace
}  // namespace brickline
