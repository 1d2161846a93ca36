#include "core/image/sky_template.h"

#include <gtest/gtest.h>

#include "core/base/error.h"
#include "core/fits/fits_writer.h"
#include "tests/support/data.h"

namespace brickline {
namespace {

class SkyTemplates : public testing::Test {
 protected:
  SkyTemplates() {
    ccd_.band = "z";
    ccd_.expnum = 77;
    ccd_.ccdname = "N4";
    ccd_.plprocid = "abc";
    write_scales({77, 78}, {5, -1});
    fits::Header primary;
    primary.set("SKYTMPL", 3);
    Image<float> pixels(8, 6);
    for (int y = 0; y < 6; ++y)
      for (int x = 0; x < 8; ++x) pixels(x, y) = static_cast<float>(10 * y + x);
    fits::FitsWriter w;
    w.add_empty_primary(primary);
    w.add_image(pixels.const_view(), {}, "N4");
    w.write(dir_ / "templates_z_5.fits.fz");
  }
  void write_scales(std::vector<std::int64_t> expnums, std::vector<std::int64_t> runs) {
    fits::Table t;
    t.add("skyscale", std::vector<float>(expnums.size(), 0.5f));
    t.add("plprocid", std::vector<std::string>(expnums.size(), "abc"));
    t.add("run", std::move(runs));
    t.add("expnum", std::move(expnums));
    fits::FitsWriter w;
    w.add_table(t);
    w.write(dir_ / "scales.fits");
  }
  std::optional<ScaledSkyTemplate> read(bool old_calibs_ok = false) {
    return read_sky_template(facts_, dir_.path(), ccd_, {2, 5, 1, 3}, old_calibs_ok);
  }
  test::TemporaryDirectory dir_;
  SkyFacts::Template facts_{"SKIES", "scales.fits", "templates_{band}_{run}.fits"};
  CcdValues ccd_;
};

TEST_F(SkyTemplates, TheWindowOfTheRunsTemplateIsScaled) {
  const auto sky = read();
  ASSERT_TRUE(sky);
  EXPECT_EQ(sky->id.version, 3);
  EXPECT_EQ(sky->id.run, 5);
  EXPECT_EQ(sky->level.box(), Box::from_size(3, 2));
  EXPECT_FLOAT_EQ(sky->level(1, 1), 0.5f * 23);
}

TEST_F(SkyTemplates, NoneWithoutARowARunAFileOrAnExtension) {
  ccd_.expnum = 79;
  EXPECT_FALSE(read());
  ccd_.expnum = 78;
  EXPECT_FALSE(read());
  ccd_.expnum = 77;
  ccd_.ccdname = "N5";
  EXPECT_FALSE(read());
  ccd_.ccdname = "N4";
  ccd_.band = "g";
  EXPECT_FALSE(read());
  ccd_.band = "z";
  EXPECT_TRUE(read());
  write_scales({77, 77}, {5, 5});
  EXPECT_FALSE(read());
}

TEST_F(SkyTemplates, TheDirectoryIsTheOneGivenElseTheEnvironments) {
  EXPECT_EQ(sky_template_directory(facts_, {}, {}), "");
  EXPECT_EQ(sky_template_directory(facts_, {}, {{"OTHER", "/"}}), "");
  EXPECT_EQ(sky_template_directory(facts_, {}, {{"SKIES", dir_.path().string()}}), dir_.path());
  EXPECT_EQ(sky_template_directory(facts_, "/", {{"SKIES", dir_.path().string()}}), "/");
  try {
    sky_template_directory(facts_, {}, {{"SKIES", (dir_ / "nowhere").string()}});
    FAIL();
  } catch (const Error& e) {
    EXPECT_NE(e.message().find("nowhere is not there ($SKIES)"), std::string::npos) << e.message();
  }
}

TEST_F(SkyTemplates, WhatIsReadIsNoted) {
  ReadLog log;
  read_sky_template(facts_, dir_.path(), ccd_, {2, 5, 1, 3}, false, {}, &log);
  const auto files = log.files();
  ASSERT_EQ(files.size(), 2u);
  EXPECT_EQ(files[0].path, (dir_ / "scales.fits").string());
  EXPECT_EQ(files[1].path, (dir_ / "templates_z_5.fits.fz").string());
}

TEST_F(SkyTemplates, AnotherReductionsScaleIsUsedOnlyWhereThatIsAllowed) {
  ccd_.plprocid = "xyz";
  EXPECT_FALSE(read());
  EXPECT_TRUE(read(true));
}

TEST_F(SkyTemplates, TheSkyModelMustHaveBeenMadeWithTheSameOne) {
  SkyCalibration sky{SkyModel::constant(0), "", "", SkyTemplateId{3, 5, 0.25f}, "sky.fits"};
  EXPECT_NO_THROW(check_sky_template(sky, facts_, SkyTemplateId{3, 5, 0.25}, false));
  EXPECT_THROW(check_sky_template(sky, facts_, SkyTemplateId{3, 5, 0.26}, false), Error);
  EXPECT_THROW(check_sky_template(sky, facts_, SkyTemplateId{3, 6, 0.25}, false), Error);
  EXPECT_THROW(check_sky_template(sky, facts_, {}, false), Error);
  EXPECT_NO_THROW(check_sky_template(sky, facts_, {}, true));
  sky.sky_template = SkyTemplateId{};
  EXPECT_NO_THROW(check_sky_template(sky, facts_, {}, false));
  EXPECT_THROW(check_sky_template(sky, facts_, SkyTemplateId{3, 5, 0.25}, false), Error);
  sky.sky_template.reset();  // tables of old have no such columns
  EXPECT_NO_THROW(check_sky_template(sky, facts_, SkyTemplateId{3, 5, 0.25}, false));
}

}  // namespace
}  // namespace brickline
