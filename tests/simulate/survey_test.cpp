#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <tbb/global_control.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "core/base/error.h"
#include "core/fits/fits_reader.h"
#include "core/wcs/wcs.h"
#include "tests/support/data.h"
#include "tools/simulate_survey/simulate.h"

namespace brickline::simulate {
namespace {

using test::TemporaryDirectory;
using testing::Contains;

std::map<std::string, std::string> contents(const std::filesystem::path& root) {
  std::map<std::string, std::string> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(root)) {
    if (!entry.is_regular_file()) continue;
    std::ifstream in(entry.path(), std::ios::binary);
    std::stringstream bytes;
    bytes << in.rdbuf();
    files[std::filesystem::relative(entry.path(), root).string()] = bytes.str();
  }
  return files;
}

SimulationOptions small_options() {
  SimulationOptions o;
  o.seed = 11;
  o.size = 150;
  o.exposures = 2;
  o.bands = {"g", "z"};
  return o;
}

std::vector<std::string> names(const fits::Table& table) {
  std::vector<std::string> out;
  for (const fits::Column& c : table.columns()) out.push_back(c.name);
  return out;
}

fits::Table table_of(const std::filesystem::path& path) { return fits::FitsReader(path).table(1); }

std::string base_name(const std::string& image) { return image.substr(0, image.find(".fits")); }

TEST(Survey, SameBytesForAnyNumberOfThreadsAndRuns) {
  const TemporaryDirectory dir;
  SimulationOptions o = small_options();
  o.trail = true;
  const auto run = [&](int threads, const char* name) {
    tbb::global_control limit(tbb::global_control::max_allowed_parallelism, threads);
    simulate_survey(o, dir / name);
    return contents(dir / name);
  };
  const auto one = run(1, "a"), three = run(3, "b"), again = run(3, "c");
  ASSERT_GT(one.size(), 20u);
  EXPECT_TRUE(one == three);
  EXPECT_TRUE(three == again);
  o.seed = 12;
  EXPECT_FALSE(run(1, "d") == one);
}

TEST(Survey, HasEveryColumnThatItsReadersNeed) {
  const TemporaryDirectory dir;
  simulate_survey(small_options(), dir.path());
  const fits::Table ccds = table_of(dir / "survey-ccds-sim.fits.gz");
  EXPECT_EQ(ccds.rows(), 4);
  for (const char* name : {"image_filename", "image_hdu",  "camera",   "expnum",    "plver",    "procdate",
                           "plprocid",       "ccdname",    "object",   "propid",    "filter",   "exptime",
                           "mjd_obs",        "airmass",    "fwhm",     "width",     "height",   "ra_bore",
                           "dec_bore",       "crpix1",     "crpix2",   "crval1",    "crval2",   "cd1_1",
                           "cd1_2",          "cd2_1",      "cd2_2",    "yshift",    "ra",       "dec",
                           "skyrms",         "sig1",       "ccdzpt",   "zpt",       "ccdraoff", "ccddecoff",
                           "ccdskycounts",   "ccdskysb",   "ccdrarms", "ccddecrms", "ccdphrms", "phrms",
                           "ccdnastrom",     "ccdnphotom", "ccd_cuts", "psfnorm",   "galnorm"})
    EXPECT_THAT(names(ccds), Contains(name));

  const std::string base = base_name(ccds.text("image_filename", 0));
  const fits::Table psf = table_of(dir / ("calib/psfex/" + base + "-psfex.fits"));
  for (const char* name : {"psf_mask", "psfaxis1", "psfaxis2", "psfaxis3", "psfnaxis", "poldeg1", "polzero1",
                           "polzero2", "polscal1", "polscal2", "polname1", "polname2", "polgrp1", "polgrp2",
                           "polnaxis", "polngrp",  "psf_samp", "psf_fwhm", "chi2",     "loaded",  "accepted",
                           "legpipev", "plver",    "plprocid", "procdate", "imgdsum",  "expnum",  "ccdname"})
    EXPECT_THAT(names(psf), Contains(name));
  EXPECT_EQ(psf.require("psf_mask").shape, (std::vector<std::int64_t>{63, 63, 6}));

  const fits::Table sky = table_of(dir / ("calib/sky/" + base + "-splinesky.fits"));
  for (const char* name :
       {"skyclass", "gridw", "gridh", "xgrid", "ygrid", "gridvals", "order", "x0", "y0", "legpipev", "plver",
        "plprocid", "procdate", "imgdsum", "sig1", "expnum", "ccdname"})
    EXPECT_THAT(names(sky), Contains(name));

  const fits::Table truth = table_of(dir / "truth.fits");
  for (const char* name : {"type", "ra", "dec", "shape_r", "sersic", "ba", "pa", "flux_g", "flux_z"})
    EXPECT_THAT(names(truth), Contains(name));
  EXPECT_EQ(table_of(dir / "tycho2.kd.fits").rows(), 0);
}

TEST(Survey, NamesItsBrickAndZoom) {
  const TemporaryDirectory dir;
  SimulationOptions o = small_options();
  o.exposures = 1;
  o.bands = {"r"};
  o.brick_position = {110.3, 23.95};
  EXPECT_EQ(simulate_survey(o, dir.path()).brick, "1102p240");
  std::ifstream in(dir / "sim.json");
  const auto j = nlohmann::json::parse(in);
  EXPECT_EQ(j["brick"], "1102p240");
  EXPECT_EQ(j["zoom"], (std::vector<int>{1725, 1875, 1725, 1875}));
  const fits::Table bricks = table_of(dir / "survey-bricks.fits.gz");
  bool listed = false;
  for (std::int64_t i = 0; i < bricks.rows(); ++i)
    listed = listed || (bricks.text("brickname", i) == "1102p240" && bricks.integer("brickid", i) == 465217);
  EXPECT_TRUE(listed);
}

TEST(Survey, StarsAreInTheGaiaChunksOfTheirPositions) {
  const TemporaryDirectory dir;
  SimulationOptions o = small_options();
  o.exposures = 1;
  o.bands = {"r"};
  o.size = 400;
  o.density = 5;
  o.star_density = 20;
  o.faintest_mag = 20;
  const auto summary = simulate_survey(o, dir.path());
  std::int64_t stars = 0;
  for (const auto& entry : std::filesystem::directory_iterator(dir / "gaia")) {
    const fits::Table t = table_of(entry.path());
    for (std::int64_t i = 0; i < t.rows(); ++i) {
      const int pixel = healpix_ring(32, t.number("ra", i), t.number("dec", i));
      EXPECT_EQ(entry.path().filename().string(), fmt::format("chunk-{:05d}.fits", pixel));
    }
    stars += t.rows();
  }
  EXPECT_GT(stars, 20);
  EXPECT_EQ(stars, summary.stars);  // all are brighter than Gaia's limit here
}

// The whole chain backwards: image minus sky calibration, over the zero point, summed around the true
// position that the corrected header puts on the pixels, is the true flux.
TEST(Survey, ApertureSumsOfIsolatedStarsAreTheTrueFluxes) {
  const TemporaryDirectory dir;
  SimulationOptions o;
  o.seed = 4;
  o.size = 1000;
  o.exposures = 1;
  o.bands = {"r"};
  o.density = 0;
  o.star_density = 1.5;
  o.faintest_mag = 19;
  o.bad_columns = o.cosmic_rays = 0;
  o.saturation = 1e7;
  o.sig1 = {{"r", 0.001}};
  simulate_survey(o, dir.path());
  const fits::Table ccds = table_of(dir / "survey-ccds-sim.fits.gz"), truth = table_of(dir / "truth.fits");
  const std::string file = ccds.text("image_filename", 0);
  fits::FitsReader reader(dir / ("images/" + file));
  const Image<float> image = reader.image<float>(1);
  const fits::Table sky = table_of(dir / ("calib/sky/" + base_name(file) + "-splinesky.fits"));
  const Wcs wcs = Wcs::from_header(reader.header(1), image.width(), image.height())
                      .with_offset(ccds.number("ccdraoff", 0) / 3600, ccds.number("ccddecoff", 0) / 3600);
  const double scale =
      std::pow(10, (ccds.number("ccdzpt", 0) + 2.5 * std::log10(ccds.number("exptime", 0)) - 22.5) / 2.5);
  // The grid of the gentle sky surface by bilinear interpolation is good to 1e-4 of it.
  const auto sky_at = [&](double x, double y) {
    const auto node = [&](const char* grid, int n, double p) {
      int i = 0;
      while (i < n - 2 && sky.number(grid, 0, i + 1) < p) ++i;
      return i;
    };
    const int nx = static_cast<int>(sky.integer("gridw", 0)), ny = static_cast<int>(sky.integer("gridh", 0));
    x += sky.number("x0", 0);
    y += sky.number("y0", 0);
    const int i = node("xgrid", nx, x), j = node("ygrid", ny, y);
    const double fx =
        (x - sky.number("xgrid", 0, i)) / (sky.number("xgrid", 0, i + 1) - sky.number("xgrid", 0, i));
    const double fy =
        (y - sky.number("ygrid", 0, j)) / (sky.number("ygrid", 0, j + 1) - sky.number("ygrid", 0, j));
    const auto value = [&](int a, int b) { return sky.number("gridvals", 0, b * nx + a); };
    return (1 - fy) * ((1 - fx) * value(i, j) + fx * value(i + 1, j)) +
           fy * ((1 - fx) * value(i, j + 1) + fx * value(i + 1, j + 1));
  };
  int measured = 0;
  for (std::int64_t s = 0; s < truth.rows(); ++s) {
    const auto at = wcs.sky_to_pixel(truth.number("ra", s), truth.number("dec", s)).value();
    bool alone = true;
    for (std::int64_t other = 0; other < truth.rows(); ++other) {
      const auto p = wcs.sky_to_pixel(truth.number("ra", other), truth.number("dec", other)).value();
      alone = alone && (other == s || std::max(std::abs(p.x - at.x), std::abs(p.y - at.y)) > 70);
    }
    const int cx = static_cast<int>(std::lround(at.x)), cy = static_cast<int>(std::lround(at.y));
    if (!alone || cx < 31 || cy < 31 || cx + 31 >= image.width() || cy + 31 >= image.height()) continue;
    double flux = 0, mx = 0, my = 0;
    for (int y = -31; y <= 31; ++y)
      for (int x = -31; x <= 31; ++x) {
        const double v = (image(cx + x, cy + y) - sky_at(cx + x, cy + y)) / scale;
        flux += v;
        if (std::abs(x) < 9 && std::abs(y) < 9) mx += v * x, my += v * y;
      }
    const double expected = truth.number("flux_r", s);
    const double electrons = expected * scale * o.gain;
    const double error = std::hypot(63 * 0.001 * 1.3, expected / std::sqrt(electrons)) + 3e-4 * expected;
    EXPECT_NEAR(flux, expected, 4 * error);
    EXPECT_NEAR(mx / flux, at.x - cx, 0.05);
    EXPECT_NEAR(my / flux, at.y - cy, 0.05);
    ++measured;
  }
  EXPECT_GE(measured, 8);
}

TEST(Survey, NoiseAndWeightsAreThoseOfTheTable) {
  const TemporaryDirectory dir;
  SimulationOptions o = small_options();
  o.density = 0;
  o.exposures = 1;
  o.bands = {"z"};
  o.size = 400;
  o.sky_gradient = 0;
  o.cosmic_rays = 0;
  o.bad_columns = 2;
  simulate_survey(o, dir.path());
  const fits::Table ccds = table_of(dir / "survey-ccds-sim.fits.gz");
  std::string file = ccds.text("image_filename", 0);
  const Image<float> image = fits::FitsReader(dir / ("images/" + file)).image<float>(1);
  const auto kind = file.find("_ooi_") + 3;
  file[kind] = 'w';
  const Image<float> weight = fits::FitsReader(dir / ("images/" + file)).image<float>(1);
  file[kind] = 'd';
  const Image<std::int32_t> quality = fits::FitsReader(dir / ("images/" + file)).image<std::int32_t>(1);
  const double noise = ccds.number("sig1", 0) * std::pow(10, (ccds.number("ccdzpt", 0) - 22.5) / 2.5) *
                       ccds.number("exptime", 0);
  double sum = 0, squares = 0;
  std::int64_t n = 0, bad = 0;
  for (int y = 0; y < image.height(); ++y)
    for (int x = 0; x < image.width(); ++x) {
      if (quality(x, y)) {
        EXPECT_EQ(quality(x, y), 1);
        EXPECT_EQ(weight(x, y), 0);
        ++bad;
        continue;
      }
      EXPECT_NEAR(weight(x, y), 1 / (noise * noise), 1e-5 / (noise * noise));
      sum += image(x, y);
      squares += double{image(x, y)} * image(x, y);
      ++n;
    }
  EXPECT_EQ(bad % image.height(), 0);
  EXPECT_GT(bad, 0);
  const double mean = sum / static_cast<double>(n);
  EXPECT_NEAR(std::sqrt(squares / static_cast<double>(n) - mean * mean), noise, 0.01 * noise);
  EXPECT_NEAR(mean, ccds.number("ccdskycounts", 0) * ccds.number("exptime", 0), 0.05 * noise);
}

TEST(Survey, ALargeRegionIsCoveredByWholeChips) {
  const TemporaryDirectory dir;
  SimulationOptions o;
  o.seed = 2;
  o.size = 2200;
  o.exposures = 1;
  o.bands = {"r"};
  o.density = 0;
  const auto summary = simulate_survey(o, dir.path());
  EXPECT_GE(summary.ccds, 2);
  const fits::Table ccds = table_of(dir / "survey-ccds-sim.fits.gz");
  fits::FitsReader reader(dir / ("images/" + ccds.text("image_filename", 0)));
  EXPECT_EQ(reader.hdu_count(), summary.ccds + 1);
  std::vector<std::string> chips;
  for (std::int64_t i = 0; i < ccds.rows(); ++i) {
    EXPECT_EQ(ccds.integer("width", i), 2046);
    EXPECT_EQ(ccds.integer("height", i), 4094);
    EXPECT_EQ(ccds.integer("image_hdu", i), i + 1);
    EXPECT_EQ(reader.header(static_cast<int>(i) + 1).require_text("EXTNAME"), ccds.text("ccdname", i));
    chips.push_back(ccds.text("ccdname", i));
  }
  std::sort(chips.begin(), chips.end());
  EXPECT_EQ(std::adjacent_find(chips.begin(), chips.end()), chips.end());
}

TEST(Survey, AnotherCameraMayBringABandOfItsOwn) {
  const TemporaryDirectory dir;
  SimulationOptions o = small_options();
  o.exposures = 1;
  o.camera_name = "testcam";
  o.bands = {"x9"};
  o.filter_map = {{"x9", "z"}};
  o.counts_per_second = true;
  o.tpv = false;
  o.custom_centre = SkyPoint{359.999, -45};
  simulate_survey(o, dir.path());
  const fits::Table ccds = table_of(dir / "survey-ccds-sim.fits.gz");
  EXPECT_EQ(ccds.text("camera", 0), "testcam");
  EXPECT_EQ(ccds.text("filter", 0), "x9");
  const std::string file = ccds.text("image_filename", 0);
  EXPECT_TRUE(file.starts_with("testcam/")) << file;
  fits::FitsReader reader(dir / ("images/" + file));
  EXPECT_EQ(reader.header(0).require_text("INSTRUME"), "testcam");
  EXPECT_TRUE(reader.header(0).require_text("FILTER").starts_with("x9 "));
  EXPECT_EQ(reader.header(1).require_text("CTYPE1"), "RA---TAN");
  EXPECT_TRUE(table_of(dir / "truth.fits").has("flux_x9"));
  const Image<float> image = reader.image<float>(1);
  EXPECT_NEAR(image(5, 5), ccds.number("ccdskycounts", 0), 0.2 * ccds.number("ccdskycounts", 0));
}

TEST(Survey, RefusesWhatItCannotSimulate) {
  const auto kind_of = [](auto change) {
    SimulationOptions o = small_options();
    change(o);
    try {
      validate(o);
    } catch (const Error& e) {
      return static_cast<int>(e.kind());
    }
    return 0;
  };
  EXPECT_EQ(kind_of([](SimulationOptions&) {}), 0);
  EXPECT_EQ(kind_of([](SimulationOptions& o) { o.size = 10; }), 2);
  EXPECT_EQ(kind_of([](SimulationOptions& o) { o.bands = {"g", "g"}; }), 2);
  EXPECT_EQ(kind_of([](SimulationOptions& o) { o.bands = {"../x"}; }), 2);
  EXPECT_EQ(kind_of([](SimulationOptions& o) { o.sig1 = {{"r", 0.1}}; }), 2);
  EXPECT_EQ(kind_of([](SimulationOptions& o) { o.layout = "nosuch"; }), 2);
  EXPECT_EQ(kind_of([](SimulationOptions& o) { o.psf_size = 62; }), 2);
  EXPECT_EQ(kind_of([](SimulationOptions& o) { o.brick_position.dec = 91; }), 2);
  EXPECT_EQ(kind_of([](SimulationOptions& o) { o.density = std::nan(""); }), 2);
}

TEST(Options, BandListsMayBeLettersOrNames) {
  EXPECT_EQ(parse_bands("grz"), (std::vector<std::string>{"g", "r", "z"}));
  EXPECT_EQ(parse_bands("N501"), (std::vector<std::string>{"N501"}));
  EXPECT_EQ(parse_bands("NB_Q"), (std::vector<std::string>{"NB_Q"}));
  EXPECT_EQ(parse_bands("g,N501,VIS"), (std::vector<std::string>{"g", "N501", "VIS"}));
}

}  // namespace
}  // namespace brickline::simulate
