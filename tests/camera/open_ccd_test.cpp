// Steps of an open CCD: the facts' defaults, a plugin's own code, and both.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cmath>

#include "core/base/cancel.h"
#include "core/camera/camera.h"
#include "core/camera/pixel_operations.h"
#include "core/facts/mask_bits.h"
#include "core/fits/fits_writer.h"
#include "tests/camera/plugin_files.h"

namespace brickline {
namespace {

using namespace brickline::test;
using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr int kWidth = 8, kHeight = 6;

// A survey of one exposure: image, mask and uncertainty in one file, pixel (x, y) = 100 + 10 y + x.
class OpenCcdTest : public ::testing::Test {
 protected:
  void SetUp() override {
    fs::create_directories(dir_ / "survey/images/odd");
    put(good_plugin("oddball"), dir_ / "cameras");
    put(good_plugin("plain_c"), dir_ / "cameras");
  }

  void write_image(const std::string& object = "field", bool sky = true) {
    fits::Header primary;
    primary.set("INSTRUME", "Oddball");
    primary.set("OBJECT", object.c_str());
    primary.set("FILTER", "Filter 5: E 41102");
    primary.set("DATE-OBS", "2016-01-25T08:25:55.2");
    primary.set("EXPTIME", fits::CardValue(120.0));
    primary.set("SEEING", fits::CardValue(1.16));
    primary.set("PEDESTAL", fits::CardValue(3.5));
    primary.set("POINTRA", fits::CardValue(150.25));
    if (sky) primary.set("SKYLEVEL", fits::CardValue(40.0));
    Image<float> image(kWidth, kHeight), sigma(kWidth, kHeight, 2.0f);
    Image<std::int32_t> mask(kWidth, kHeight);
    for (int y = 0; y < kHeight; ++y)
      for (int x = 0; x < kWidth; ++x) image(x, y) = static_cast<float>(100 + 10 * y + x);
    image(2, 2) = 905;
    image(3, 2) = 600;
    mask(4, 4) = 1;
    mask(5, 4) = 3;
    fits::FitsWriter writer;
    writer.add_empty_primary(primary);
    writer.add_image<float>(image.const_view());
    writer.add_image<std::int32_t>(mask.const_view());
    writer.add_image<float>(sigma.const_view(), {}, "SIGMA");
    writer.write(dir_ / "survey/images/odd/a.fits");
  }

  // What a CCD table would say of a camera that needs no mask and weight files.
  CcdSource source() const {
    CcdSource s;
    s.values.image_filename = "odd/a.fits";
    s.values.image_hdu = 1;
    s.locate = locate_in_survey(dir_ / "survey");
    return s;
  }
  // A registry lives as long as the test, and so do its cameras.
  const Camera& camera(const std::string& name) {
    registries_.push_back(CameraRegistry::scan(only({dir_ / "cameras"})));
    return registries_.back().load(name);
  }

  TemporaryDirectory dir_;
  std::vector<CameraRegistry> registries_;
};

constexpr Box kWhole{0, kWidth, 0, kHeight};

TEST_F(OpenCcdTest, MetadataComeFromTheHeaderAsTheFactsSay) {
  write_image();
  OpenCcd ccd = camera("oddball").open(source(), Purpose::kCheck);
  EXPECT_EQ(ccd.values().band, "NB_E");
  EXPECT_EQ(ccd.values().expnum, 20160125082555);
  EXPECT_EQ(ccd.values().ccdname, "");
  EXPECT_TRUE(ccd.values().ccdname_known());
  EXPECT_NEAR(ccd.values().mjd_obs, 57412 + (8 + 25 / 60.0 + 55.2 / 3600) / 24, 1e-9);
  EXPECT_NEAR(ccd.values().psf_fwhm, 2.0, 1e-12);
  EXPECT_EQ(ccd.values().width, kWidth);
  EXPECT_EQ(ccd.values().height, kHeight);
}

TEST_F(OpenCcdTest, WhatTheTableSaysIsNotReadAgain) {
  write_image();
  CcdSource s = source();
  s.values.band = "NB_C";
  s.values.expnum = 7;
  s.values.exptime = 30;
  s.values.mjd_obs = 57000;
  s.values.ccdzpt = 25;
  OpenCcd ccd = camera("oddball").open(s, Purpose::kRun);
  EXPECT_EQ(ccd.values().band, "NB_C");
  EXPECT_EQ(ccd.values().expnum, 7);
  EXPECT_EQ(ccd.values().zero_point, 25);  // pixels per second: no exposure term
}

TEST_F(OpenCcdTest, TheTablesSeeingCountsWhereTheHeaderHasNone) {
  write_image();
  put_bytes(R"({"plugin": {"plugin": "blind", "version": "1.0.0", "cameras": [{"name": "blind"}]},
                "extends": "oddball", "metadata": {"fwhm": {"key": "NOSEEING"}}})",
            dir_ / "cameras/blind.camera.json");
  CcdSource s = source();
  s.values.psf_fwhm = 3.25;
  EXPECT_DOUBLE_EQ(camera("blind").open(s, Purpose::kRun).values().psf_fwhm, 3.25);
  EXPECT_NEAR(camera("oddball").open(s, Purpose::kRun).values().psf_fwhm, 2.0, 1e-12);
}

TEST_F(OpenCcdTest, ABandThatTheCameraDoesNotStateIsWarnedOf) {
  write_image();
  CcdSource s = source();
  s.values.band = "Q99";
  Messages messages;
  camera("oddball").open(s, Purpose::kRun, Log(messages));
  EXPECT_THAT(messages.lines,
              ::testing::Contains(AllOf(HasSubstr("does not state band Q99"), HasSubstr("NB_C, NB_E"))));
}

TEST_F(OpenCcdTest, MaskAndWeightMayBeOtherHdusOfTheSameFile) {
  write_image();
  OpenCcd ccd = camera("oddball").open(source(), Purpose::kRun);
  EXPECT_EQ(ccd.mask_file(), ccd.image_file());
  EXPECT_EQ(ccd.mask_hdu(), 2);
  EXPECT_EQ(ccd.weight_hdu(), 3);
  EXPECT_EQ((*ccd.read_weight({2, 5, 1, 3}))(0, 0), 2.0f);
}

TEST_F(OpenCcdTest, AnOverriddenStepMayRunTheDefaultFirst) {
  write_image();
  OpenCcd ccd = camera("oddball").open(source(), Purpose::kRun);
  const Image<float> image = ccd.read_image({3, 5, 1, 4});
  ASSERT_EQ(image.width(), 2);
  ASSERT_EQ(image.height(), 3);
  EXPECT_FLOAT_EQ(image(0, 0), 113 - 3.5f);  // the pedestal, asked for once in open
}

TEST_F(OpenCcdTest, AStepMayCallTheHostsMaskOperations) {
  write_image();
  OpenCcd ccd = camera("oddball").open(source(), Purpose::kRun);
  const Image<float> image = ccd.read_image(kWhole);
  const Image<std::uint16_t> mask =
      ccd.remap_mask(kWhole, ccd.read_mask(kWhole)->const_view(), image.const_view());
  EXPECT_EQ(mask(4, 4), mask_bit::kBadpix);
  EXPECT_EQ(mask(5, 4), mask_bit::kBadpix | mask_bit::kCr);
  EXPECT_EQ(mask(3, 0), mask_bit::kTrans);
  EXPECT_EQ(mask(4, 0), mask_bit::kTrans);
  EXPECT_EQ(mask(5, 0), 0);
}

// Runs the saturation step on the whole CCD; the mask it leaves.
Image<std::uint16_t> saturated(OpenCcd& ccd) {
  Image<float> image = ccd.read_image(kWhole), weight(kWidth, kHeight, 1.0f);
  Image<std::uint16_t> mask(kWidth, kHeight);
  ccd.saturation(kWhole, image.view(), mask.view(), weight.view());
  for (int y = 0; y < kHeight; ++y)
    for (int x = 0; x < kWidth; ++x) EXPECT_EQ(weight(x, y), mask(x, y) ? 0.0f : 1.0f);
  return mask;
}

TEST_F(OpenCcdTest, TheFactsOfADerivedCameraReachTheBasesCode) {
  write_image();
  OpenCcd base = camera("oddball").open(source(), Purpose::kRun);
  const Image<std::uint16_t> of_base = saturated(base);
  EXPECT_EQ(of_base(2, 2), mask_bit::kSatur);
  EXPECT_EQ(of_base(3, 2), 0);
  OpenCcd derived = camera("oddling").open(source(), Purpose::kRun);
  EXPECT_EQ(saturated(derived)(3, 2), mask_bit::kSatur);
}

TEST_F(OpenCcdTest, ADerivedCamerasStepMayRunTheBases) {
  write_image();
  EXPECT_EQ(camera("oddball").open(source(), Purpose::kRun).good_region(), (Box{1, 8, 0, 5}));
  EXPECT_EQ(camera("oddling").open(source(), Purpose::kRun).good_region(), (Box{1, 6, 0, 5}));
}

TEST_F(OpenCcdTest, ACameraThatAsksHearsThatItIsToStop) {
  write_image();
  std::atomic<bool> asked = false;
  PluginSearch search = only({dir_ / "cameras"});
  search.cancel = Cancel(asked);
  CameraRegistry registry = CameraRegistry::scan(search);
  for (const char* name : {"oddball", "oddling"}) {  // the second runs the first's code as its base's
    OpenCcd ccd = registry.load(name).open(source(), Purpose::kRun);
    const Image<float> image = ccd.read_image(kWhole);
    const Image<std::int32_t> mask = *ccd.read_mask(kWhole);
    asked = false;
    EXPECT_NO_THROW(ccd.remap_mask(kWhole, mask.const_view(), image.const_view()));
    asked = true;
    EXPECT_THROW(ccd.remap_mask(kWhole, mask.const_view(), image.const_view()), Interrupted);
  }
}

TEST_F(OpenCcdTest, ACameraMaySkipACcdWithAReason) {
  write_image("useless");
  OpenCcd ccd = camera("oddball").open(source(), Purpose::kRun);
  try {
    saturated(ccd);
    FAIL() << "not skipped";
  } catch (const SkipCcd& e) {
    EXPECT_STREQ(e.what(), "the shutter stayed closed");
  }
}

TEST_F(OpenCcdTest, AFailureNamesCameraStepImageAndReason) {
  write_image("broken");
  OpenCcd ccd = camera("oddball").open(source(), Purpose::kRun);
  const auto [kind, message] = error_of([&] { saturated(ccd); });
  EXPECT_EQ(kind, ErrorKind::kInput);
  EXPECT_THAT(message,
              AllOf(HasSubstr("camera oddball: saturation failed for odd/a.fits"),
                    HasSubstr("expnum 20160125082555"), HasSubstr("the amplifier table is inconsistent")));
}

TEST_F(OpenCcdTest, WhateverStepThrowsIsNamed) {
  write_image();
  put(fs::path(BRICKLINE_BUILD_DIR) / "tests/plugins/bad/faulty.camera.so", dir_ / "cameras");
  for (const std::string step : {"metadata", "files", "good_region", "read_mask", "remap_mask", "read_weight",
                                 "saturation", "remap_weight", "after_sky"}) {
    const auto [kind, text] = error_of([&] {
      CcdSource s = source();
      s.values.band = "g";
      s.values.expnum = 1;
      s.values.mjd_obs = 57000;
      s.values.exptime = 10;
      s.values.width = kWidth;
      s.values.height = kHeight;
      OpenCcd ccd = camera("throws_in_" + step).open(s, Purpose::kRun);
      ccd.good_region();
      Image<float> image(kWidth, kHeight), weight(kWidth, kHeight, 1.0f);
      const Image<std::int32_t> raw(kWidth, kHeight);
      Image<std::uint16_t> mask(kWidth, kHeight);
      ccd.read_mask(kWhole);
      ccd.remap_mask(kWhole, raw.const_view(), image.const_view());
      ccd.read_weight(kWhole);
      ccd.saturation(kWhole, image.view(), mask.view(), weight.view());
      ccd.remap_weight(kWhole, image.view(), mask.view(), weight.view());
      ccd.after_sky(kWhole, image.view(), mask.view(), weight.view());
    });
    EXPECT_EQ(kind, ErrorKind::kPlugin) << step;
    EXPECT_THAT(text, AllOf(HasSubstr("camera throws_in_" + step + ": " + step + " failed for odd/a.fits"),
                            HasSubstr("no " + step + " today")));
  }
}

TEST_F(OpenCcdTest, ModelsThatNoneCanBeAreThePluginsFault) {
  write_image();
  put(fs::path(BRICKLINE_BUILD_DIR) / "tests/plugins/bad/faulty.camera.so", dir_ / "cameras");
  for (const char* name : {"psf_nan", "psf_even", "psf_dark"}) {
    CcdSource s = source();
    s.values.band = "g";
    s.values.expnum = 1;
    s.values.mjd_obs = 57000;
    s.values.exptime = 10;
    s.values.width = kWidth;
    s.values.height = kHeight;
    OpenCcd ccd = camera(name).open(s, Purpose::kRun);
    for (const auto& [kind, text] : {error_of([&] { ccd.psf(); }), error_of([&] { ccd.sky(kWhole); })}) {
      EXPECT_EQ(kind, ErrorKind::kPlugin) << name << ": " << text;
      EXPECT_THAT(text, HasSubstr(std::string("camera ") + name)) << text;
    }
  }
}

TEST_F(OpenCcdTest, ACameraMayBringItsWorldCoordinates) {
  write_image();
  OpenCcd ccd = camera("oddball").open(source(), Purpose::kRun);
  const std::optional<fits::Header> cards = ccd.wcs_cards();
  ASSERT_TRUE(cards);
  EXPECT_EQ(cards->require_text("CTYPE1"), "RA---TAN");
  EXPECT_DOUBLE_EQ(cards->require_number("CRVAL1"), 150.25);
  EXPECT_DOUBLE_EQ(cards->require_number("CD1_1"), -1.6e-4);
}

TEST_F(OpenCcdTest, ACameraMayBringItsPsf) {
  write_image();
  OpenCcd ccd = camera("oddball").open(source(), Purpose::kRun);
  const std::optional<ProvidedPsf> psf = ccd.psf();
  ASSERT_TRUE(psf);
  EXPECT_EQ(psf->version, "gaussian-1");
  EXPECT_EQ(psf->psf.width(), 15);
  EXPECT_NEAR(psf->psf.stamp(4, 3)(7, 7), 1 / 6.283185307, 1e-6);
}

TEST_F(OpenCcdTest, ACameraMayBringItsSkyOrLeaveItToTheFiles) {
  write_image();
  OpenCcd with = camera("oddball").open(source(), Purpose::kRun);
  const std::optional<ProvidedSky> sky = with.sky({2, 6, 0, 2});
  ASSERT_TRUE(sky);
  EXPECT_FLOAT_EQ(sky->level(3, 1), 40 + 0.5f * 5);
  write_image("field", false);
  OpenCcd without = camera("oddball").open(source(), Purpose::kRun);
  EXPECT_FALSE(without.sky({2, 6, 0, 2}));
}

// ---- A camera in plain C: no mask or weight file is read here ----

CcdSource plain_source(const CcdSource& like) {
  CcdSource s = like;
  s.values.image_filename = "odd/a_ooi_.fits";
  s.values.band = "r";
  s.values.expnum = 1;
  s.values.exptime = 10;
  s.values.mjd_obs = 57000;
  s.values.ccdname = "S1";
  return s;
}

class PlainC : public OpenCcdTest {
 protected:
  void SetUp() override {
    OpenCcdTest::SetUp();
    write_image();
    fs::rename(dir_ / "survey/images/odd/a.fits", dir_ / "survey/images/odd/a_ooi_.fits");
  }
  // Runs remap_weight on weights of 4; what is left of them.
  float halved(const std::string& name) {
    OpenCcd ccd = camera(name).open(plain_source(source()), Purpose::kRun);
    Image<float> image(2, 2, 1.0f), weight(2, 2, 4.0f);
    Image<std::uint16_t> mask(2, 2);
    ccd.remap_weight({0, 2, 0, 2}, image.view(), mask.view(), weight.view());
    return weight(1, 1);
  }
};

TEST_F(PlainC, EditsThePlanesItIsGiven) { EXPECT_EQ(halved("plain_c"), 2.0f); }

TEST_F(PlainC, StatusDefaultMeansWhatTheFactsSay) {
  EXPECT_EQ(camera("plain_c").open(plain_source(source()), Purpose::kRun).good_region(), kWhole);
}

TEST_F(PlainC, NamesOfMaskAndWeightFollowTheImages) {
  const OpenCcd ccd = camera("plain_c").open(plain_source(source()), Purpose::kRun);
  EXPECT_EQ(ccd.mask_file(), dir_ / "survey/images/odd/a_ood_.fits");
  EXPECT_EQ(ccd.weight_file(), dir_ / "survey/images/odd/a_oow_.fits");
  EXPECT_EQ(ccd.values().zero_point == ccd.values().zero_point, false);  // no ccdzpt: not known
}

TEST_F(PlainC, AnUndefinedStatusOrASkipWithoutReasonIsThePluginsFault) {
  put(bad_plugin("status_17"), dir_ / "cameras");
  put(bad_plugin("skip_without_reason"), dir_ / "cameras");
  auto [kind, message] = error_of([&] { halved("status_17"); });
  EXPECT_EQ(kind, ErrorKind::kPlugin);
  EXPECT_THAT(message, HasSubstr("remap_weight failed"));
  EXPECT_THAT(message, HasSubstr("returned status 17, which camera ABI 0.x does not define"));
  std::tie(kind, message) = error_of([&] { halved("skip_without_reason"); });
  EXPECT_EQ(kind, ErrorKind::kPlugin);
  EXPECT_THAT(message, HasSubstr("without a reason"));
}

// ---- Output that breaks the contract ----

TEST_F(PlainC, WhatAStepMustNotReturnIsNamedWithItsPixel) {
  put(bad_plugin("unknown_bit"), dir_ / "cameras");
  Image<float> image(4, 4, 1.0f), weight(4, 4, 1.0f);
  Image<std::uint16_t> mask(4, 4);
  const Image<std::int32_t> raw(4, 4);
  const Box box{2, 6, 1, 5};
  const auto run = [&](const std::string& name, const std::function<void(OpenCcd&)>& step) {
    CcdSource s = plain_source(source());
    s.values.band = "g";
    OpenCcd ccd = camera(name).open(s, Purpose::kRun);
    return error_of([&] { step(ccd); }).second;
  };
  EXPECT_THAT(
      run("unknown_bit", [&](OpenCcd& c) { c.remap_mask(box, raw.const_view(), image.const_view()); }),
      HasSubstr("remap_mask returned a mask value 0x400 at pixel (3,2) of odd/a_ooi_.fits"));
  EXPECT_THAT(run("negative_weight",
                  [&](OpenCcd& c) { c.saturation(box, image.view(), mask.view(), weight.view()); }),
              HasSubstr("saturation returned a negative weight at pixel (4,1)"));
  weight.fill(1);
  EXPECT_THAT(
      run("nan_pixel", [&](OpenCcd& c) { c.remap_weight(box, image.view(), mask.view(), weight.view()); }),
      HasSubstr("remap_weight returned NaN at pixel (2,3)"));
  EXPECT_THAT(run("infinite_weight",
                  [&](OpenCcd& c) { c.saturation(box, image.view(), mask.view(), weight.view()); }),
              HasSubstr("saturation returned a weight that is not finite at pixel (4,1)"));
  weight.fill(1);
  EXPECT_THAT(
      run("throws_in_step", [&](OpenCcd& c) { c.read_image(box); }),
      HasSubstr("read_image failed for odd/a_ooi_.fits [S1, expnum 1]: an exception of unknown type"));
}

// ---- Breaches of the contract, and what is left to the host ----

class Breaches : public PlainC {
 protected:
  void SetUp() override {
    PlainC::SetUp();
    put(good_plugin("breaches"), dir_ / "cameras");
  }
  OpenCcd open(const std::string& name) {
    CcdSource s = plain_source(source());
    s.values.ccdname = "";
    s.values.unnamed = true;
    return camera(name).open(s, Purpose::kRun);
  }
};

constexpr Box kPart{1, 5, 1, 4};

TEST_F(Breaches, NextWorksOnTheStepThatTheHostHandedOut) {
  OpenCcd enlarged = open("enlarges_box");
  const auto [kind, message] = error_of([&] { enlarged.read_image(kPart); });
  EXPECT_EQ(kind, ErrorKind::kPlugin);
  EXPECT_THAT(message, AllOf(HasSubstr("read_image failed"), HasSubstr("its box or its views are others")));
  OpenCcd scribbled = open("scribbles_step");
  EXPECT_EQ(scribbled.read_image(kPart)(0, 0), 111);
}

TEST_F(Breaches, AMaskOperationNeedsThePlanesThatItWorksOn) {
  OpenCcd ccd = open("mask_op_without_mask");
  const auto [kind, message] = error_of([&] { ccd.read_mask(kPart); });
  EXPECT_EQ(kind, ErrorKind::kPlugin);
  EXPECT_THAT(message, HasSubstr("the mask operation codes needs mask, which the step read_mask has not"));
}

TEST_F(Breaches, HandlesOfAnotherCcdAreNotLookedAt) {
  const Camera& keeper = camera("keeps_handles");
  CcdSource s = plain_source(source());
  s.values.ccdname = "";
  s.values.unnamed = true;
  OpenCcd first = keeper.open(s, Purpose::kRun), second = keeper.open(s, Purpose::kRun);
  first.read_image(kPart);
  EXPECT_EQ(second.read_image(kPart)(0, 0), -1);
}

TEST_F(Breaches, ModelsThatAreLeftToTheFilesAreNone) {
  OpenCcd ccd = open("default_models");
  EXPECT_FALSE(ccd.psf());
  EXPECT_FALSE(ccd.sky(kPart));
  EXPECT_FALSE(ccd.wcs_cards());
}

TEST_F(Breaches, APluginIsToldWhatIsAbsentAndMayDoWithout) {
  OpenCcd ccd = open("does_without");
  EXPECT_EQ((*ccd.read_mask(kPart))(0, 0), 7);
}

TEST_F(Breaches, CardsMayStandWithoutQuotesAndWithComments) {
  OpenCcd ccd = open("loose_cards");
  const fits::Header cards = ccd.wcs_cards().value();
  EXPECT_EQ(cards.require_text("CTYPE1"), "RA---TAN-SIP");
  EXPECT_EQ(cards.require_text("CTYPE2"), "DEC--TAN-SIP");
  EXPECT_DOUBLE_EQ(cards.require_number("CRVAL1"), 22);
  EXPECT_DOUBLE_EQ(cards.require_number("CD1_1"), -1.6e-4);
}

TEST_F(Breaches, AMaskFileOutsideOfTheSurveyIsRefused) {
  const auto [kind, message] = error_of([&] { open("leaves_survey"); });
  EXPECT_EQ(kind, ErrorKind::kInput);
  EXPECT_THAT(message, HasSubstr("../../etc/mask.fits of odd/a_ooi_.fits leaves the survey's directory"));
}

// ---- Pure defaults ----

struct NoHeaders : CcdHeaders {
  const fits::Header* header(HeaderOf) override { return nullptr; }
};

TEST(DefaultSteps, ShotNoiseIsAddedToTheVarianceOfPixelsWithAWeight) {
  Image<float> image(3, 1), weight(3, 1, 0.25f);
  image(0, 0) = 130;
  image(1, 0) = 70;
  image(2, 0) = 130;
  weight(2, 0) = 0;
  const Image<std::uint16_t> mask(3, 1);
  add_shot_noise(image.const_view(), 100, 10, mask.const_view(), weight.view());
  EXPECT_FLOAT_EQ(weight(0, 0), 1 / (4 + 3.0f));
  EXPECT_FLOAT_EQ(weight(1, 0), 1 / (4 + 3.0f));
  EXPECT_EQ(weight(2, 0), 0);
}

TEST(DefaultSteps, AmplifierRowsApplyWithinTheirDatesBothEndsIncluded) {
  AmplifierRow row;
  row.box = {2, 10, 0, 10};
  row.dzp_mag = 0.25;
  row.when.mjd = Limits<double>{57602.0, {}, {}, 57967.0};
  NoHeaders headers;
  CcdValues ccd;
  for (const auto& [mjd, factor] : {std::pair{57601.9, 1.0},
                                    {57602.0, std::pow(10, 0.1)},
                                    {57967.0, std::pow(10, 0.1)},
                                    {57967.1, 1.0}}) {
    ccd.mjd_obs = mjd;
    Image<float> image(2, 1, 8.0f), weight(2, 1, 4.0f);  // columns 1 and 2 of the CCD
    apply_amplifier_corrections({row}, ccd, headers, {1, 3, 5, 6}, image.view(), weight.view());
    EXPECT_FLOAT_EQ(image(0, 0), 8);
    EXPECT_FLOAT_EQ(image(1, 0), static_cast<float>(8 * factor));
    EXPECT_FLOAT_EQ(weight(1, 0), static_cast<float>(4 / (factor * factor)));
  }
}

TEST(DefaultSteps, SaturationOfUnmaskedPixelsLeavesMaskedOnesAlone) {
  SaturationRule rule;
  rule.above = 46000;
  rule.unmasked_only = true;
  Image<float> image(4, 1, 46001.0f), weight(4, 1, 1.0f);
  Image<std::uint16_t> mask(4, 1);
  image(0, 0) = 46000;
  mask(1, 0) = 1;
  weight(2, 0) = 0;
  NoHeaders headers;
  apply_saturation_rules({rule}, {}, headers, image.const_view(), mask.view(), weight.view());
  EXPECT_EQ(mask(0, 0), 0);
  EXPECT_EQ(mask(1, 0), 1);
  EXPECT_EQ(mask(2, 0), 0);
  EXPECT_EQ(mask(3, 0), 2);
  EXPECT_EQ(weight(3, 0), 0);
}

}  // namespace
}  // namespace brickline
