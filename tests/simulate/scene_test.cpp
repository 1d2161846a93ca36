#include "tools/simulate_survey/scene.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <string>
#include <vector>

#include "core/base/error.h"
#include "core/fits/fits_reader.h"
#include "core/fits/fits_writer.h"
#include "tests/support/data.h"
#include "tools/simulate_survey/simulate.h"

namespace brickline::simulate {
namespace {

using test::TemporaryDirectory;
using testing::HasSubstr;

// A star, a galaxy, and an arm of the galaxy.
fits::Table small_scene() {
  fits::Table t;
  t.add("type", std::vector<std::string>{"PSF", "EXP", "SER"});
  t.add("bx", std::vector<double>{30, 70, 75});
  t.add("by", std::vector<double>{25, 60, 62});
  t.add("shape_r", std::vector<double>{0, 1.5, 0.8});
  t.add("ba", std::vector<double>{1, 0.6, 0.5});
  t.add("pa", std::vector<double>{0, 30, 110});
  t.add("sersic", std::vector<double>{0, 1, 0.7});
  t.add("flux_r", std::vector<double>{100, 400, 60});
  t.add("structure", std::vector<std::int16_t>{0, 0, 1});
  return t;
}

template <class T>
void set(fits::Table& t, const char* name, std::size_t row, T value) {
  for (fits::Column& c : t.columns())
    if (c.name == name) std::get<std::vector<T>>(c.data)[row] = value;
}

void write(const fits::Table& t, const std::filesystem::path& path) {
  fits::FitsWriter file;
  file.add_table(t);
  file.write(path);
}

SimulationOptions options_of(const std::filesystem::path& scene) {
  SimulationOptions o;
  o.size = 100;
  o.bands = {"r"};
  o.exposures = 1;
  o.cosmic_rays = o.bad_columns = 0;
  o.quantize_level = 1000;
  o.scene = scene;
  return o;
}

double light(const std::filesystem::path& survey) {
  const fits::Table ccds = fits::FitsReader(survey / "survey-ccds-sim.fits.gz").table(1);
  const Image<float> image =
      fits::FitsReader(survey / "images" / ccds.text("image_filename", 0)).image<float>(1);
  double sum = 0;
  for (int y = 0; y < image.height(); ++y)
    for (int x = 0; x < image.width(); ++x) sum += image(x, y);
  return sum / (ccds.number("exptime", 0) * std::pow(10, 0.4 * (ccds.number("ccdzpt", 0) - 22.5)));
}

TEST(Scene, StructureIsDrawnAndNoSourceOfTheTruth) {
  const TemporaryDirectory dir;
  fits::Table t = small_scene();
  write(t, dir / "scene.fits");
  simulate_survey(options_of(dir / "scene.fits"), dir / "a");
  set(t, "flux_r", 2, -40.0);
  write(t, dir / "darker.fits");
  simulate_survey(options_of(dir / "darker.fits"), dir / "b");

  const fits::Table truth = fits::FitsReader(dir / "a/truth.fits").table(1);
  ASSERT_EQ(truth.rows(), 2);
  EXPECT_EQ(truth.text("type", 1), "EXP");
  EXPECT_DOUBLE_EQ(truth.number("flux_r", 1), 400);
  EXPECT_DOUBLE_EQ(truth.number("bx", 0), 30);
  // The same sky, its noise a few hundredths of this.
  EXPECT_NEAR(light(dir / "a") - light(dir / "b"), 100, 3);
  // Without a G magnitude no star is one of Gaia's.
  for (const auto& entry : std::filesystem::directory_iterator(dir / "a/gaia"))
    EXPECT_EQ(fits::FitsReader(entry.path()).table(1).rows(), 0) << entry.path();
}

TEST(Scene, ATruthDrawnAgainIsTheSameTruth) {
  const TemporaryDirectory dir;
  SimulationOptions o = options_of({});
  o.bulge_disk = 0.8;
  simulate_survey(o, dir / "drawn");
  const fits::Table truth = fits::FitsReader(dir / "drawn/truth.fits").table(1);
  int composites = 0;
  for (std::int64_t i = 0; i < truth.rows(); ++i) {
    const bool composite = truth.text("type", i) == "COMP";
    composites += composite;
    EXPECT_EQ(truth.number("shapedev_r", i) > 0, composite);
    EXPECT_EQ(truth.number("fracdev_r", i) > 0, composite);
  }
  EXPECT_GT(composites, 0);
  o.scene = dir / "drawn/truth.fits";
  simulate_survey(o, dir / "again");
  const auto pixels = [&](const char* name) {
    const fits::Table ccds = fits::FitsReader(dir / name / "survey-ccds-sim.fits.gz").table(1);
    return fits::FitsReader(dir / name / "images" / ccds.text("image_filename", 0)).image<float>(1);
  };
  const Image<float> drawn = pixels("drawn"), again = pixels("again");
  int different = 0;
  for (int y = 0; y < drawn.height(); ++y)
    for (int x = 0; x < drawn.width(); ++x) different += drawn(x, y) != again(x, y);
  EXPECT_EQ(different, 0);
}

TEST(Scene, WhatCannotBeDrawnIsNamed) {
  const TemporaryDirectory dir;
  const auto said_of = [&](const std::function<void(fits::Table&)>& change) {
    fits::Table t = small_scene();
    change(t);
    write(t, dir / "bad.fits");
    ImageGeometry region;
    region.cd = {-7e-5, 0, 0, 7e-5};
    try {
      read_scene(dir / "bad.fits", survey_bands(options_of({})), region);
    } catch (const Error& e) {
      EXPECT_EQ(e.kind(), ErrorKind::kInput);
      return std::string(e.what());
    }
    return std::string("read");
  };
  EXPECT_EQ(said_of([](fits::Table&) {}), "read");
  const auto number = [](const char* name, std::size_t row, double value) {
    return [=](fits::Table& t) { set(t, name, row, value); };
  };
  EXPECT_THAT(said_of(number("flux_r", 1, std::nan(""))), HasSubstr("bad.fits: column flux_r row 2"));
  EXPECT_THAT(said_of(number("flux_r", 1, -1)), HasSubstr("column flux_r row 2"));
  EXPECT_THAT(said_of(number("sersic", 1, 2)), HasSubstr("column sersic row 2"));
  EXPECT_THAT(said_of(number("sersic", 2, 9)), HasSubstr("column sersic row 3"));
  EXPECT_THAT(said_of(number("shape_r", 1, 0)), HasSubstr("column shape_r row 2"));
  EXPECT_THAT(said_of(number("ba", 1, 0)), HasSubstr("column ba row 2"));
  EXPECT_THAT(said_of([](fits::Table& t) { set<std::string>(t, "type", 0, "NUN"); }),
              HasSubstr("column type row 1: 'NUN'"));
  const auto far = [](fits::Table& t) {
    t.add("ra", std::vector<double>{0, 180, 0});
    t.add("dec", std::vector<double>{0, 0, 0});
  };
  EXPECT_THAT(said_of(far), HasSubstr("columns ra, dec row 2"));
}

// Also the last pixels at both ends of a trail, which take what is left of a column's charge.
TEST(Saturation, NoPixelThatChargeHasFlowedIntoIsCalledGood) {
  const TemporaryDirectory dir;
  fits::Table t;
  t.add("type", std::vector<std::string>{"PSF"});
  t.add("bx", std::vector<double>{50});
  t.add("by", std::vector<double>{50});
  t.add("flux_r", std::vector<double>{30000});
  write(t, dir / "scene.fits");
  simulate_survey(options_of(dir / "scene.fits"), dir.path());
  const fits::Table ccds = fits::FitsReader(dir / "survey-ccds-sim.fits.gz").table(1);
  std::string file = ccds.text("image_filename", 0);
  const Image<float> image = fits::FitsReader(dir / ("images/" + file)).image<float>(1);
  file[file.find("_ooi_") + 3] = 'd';
  const Image<std::int32_t> quality = fits::FitsReader(dir / ("images/" + file)).image<std::int32_t>(1);
  // Beyond the trail of a column there is no more than beside it, where no charge has flowed.
  constexpr int kBleed = 4, kMany = 20;
  constexpr float kCharge = 5000;  // of 40000 that fill a pixel; the star's own slope is as steep at a few
  int ends = 0, charged = 0;
  for (int x = 0; x < image.width(); ++x)
    for (int y = 2; y < image.height() - 2; ++y)
      for (const int step : {-1, 1}) {
        if (quality(x, y) != kBleed || quality(x, y + step) != 0) continue;
        ++ends;
        charged += image(x, y + step) - image(x, y + 2 * step) > kCharge ? 1 : 0;
      }
  EXPECT_GT(ends, kMany);
  EXPECT_LT(charged, ends / 3);
}

}  // namespace
}  // namespace brickline::simulate
