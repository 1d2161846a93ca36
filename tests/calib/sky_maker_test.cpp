// Skies made of real images against those that the reference pipeline made of them.
#include "core/calib/sky_maker.h"

#include <gtest/gtest.h>

#include <cmath>

#include "core/base/error.h"
#include "core/fits/fits_reader.h"
#include "core/sky/sky_calibration.h"
#include "tests/support/golden_case.h"

namespace brickline {
namespace {

class SkyOf : public testing::Test {
 protected:
  void use(const std::string& survey, double box) {
    survey_.emplace(SurveyDirectory::open(test::data_dir() / "surveys" / survey));
    table_ = CcdTable::read(*survey_);
    cameras_.emplace(test::built_cameras());
    std::map<std::string, std::int64_t> wanted;
    for (std::int64_t i = 0; i < table_.rows(); ++i) ++wanted[table_.row(i).camera];
    cameras_->load(wanted);
    box_ = box;
    options_.references.tycho_file = survey_->root() / "tycho2.kd.fits";
    options_.references.gaia_dir = survey_->root() / "gaia";
    options_.references.large_galaxies = options_.references.star_clusters = false;
    options_.survey = &*survey_;
  }
  MadeSky sky_of(std::int64_t expnum, const std::string& ccdname) {
    const std::vector<std::int64_t> rows = table_.find(expnum, ccdname);
    if (rows.size() != 1) throw input_error("{} rows of {}-{}", rows.size(), expnum, ccdname);
    const CcdReader reader(*survey_, *cameras_, &table_.table());
    const CcdInput input = reader.input(table_.row(rows[0]));
    CameraFacts facts = cameras_->camera(input.source.values.camera).facts();
    facts.sky.box_pixels = static_cast<int>(box_);
    facts.sky.boxcar_mask = boxcar_;
    options_.fit.constant = constant_;
    return make_sky(reader, input, facts, options_);
  }
  std::optional<SurveyDirectory> survey_;
  CcdTable table_;
  std::optional<CameraRegistry> cameras_;
  SkyMakerOptions options_;
  double box_ = 1024;
  bool boxcar_ = true, constant_ = false;
};

class SkyOfTestcase4 : public SkyOf {
 protected:
  void SetUp() override {
    BRICKLINE_NEEDS_DATA("surveys/testcase4");
    use("testcase4", 128);
  }
  MadeSky made() { return sky_of(630780, "N2"); }
};

// Columns of the table of check values: sig1, mode, median, clipped, background, fraction masked.
void expect_estimates(const SkyFit& fit, const std::array<double, 6>& truth, double tolerance,
                      double pixels_fraction = 3e-5) {
  EXPECT_NEAR(fit.estimates.sig1, truth[0], 1e-6 * truth[0]);
  EXPECT_NEAR(fit.estimates.mode, truth[1], std::max(tolerance, 0.01));
  EXPECT_NEAR(fit.estimates.median, truth[2], tolerance);
  EXPECT_NEAR(fit.estimates.clipped, truth[3], tolerance);
  EXPECT_NEAR(fit.estimates.background, truth[4], tolerance);
  EXPECT_NEAR(fit.fraction_masked, truth[5], pixels_fraction);
}

TEST_F(SkyOfTestcase4, WithoutHalosIsThatOfTheReference) {
  options_.halos = false;
  const MadeSky sky = made();
  expect_estimates(sky.fit, {28.367580, 3170.9272, 3170.9351, 3170.5715, 3170.3280, 0.1081064}, 1e-3);
  EXPECT_EQ(sky.fit.x, (std::vector<int>{-6, 26, 58, 90, 122, 154, 186, 218, 250}));
  EXPECT_EQ(sky.fit.y, (std::vector<int>{-3, 29, 61, 93, 125, 157, 189, 221, 253}));
  const auto value = [&](int j, int i) { return sky.fit.values[9 * j + i]; };
  EXPECT_NEAR(value(0, 0), 3174.6875, 1e-3);
  EXPECT_NEAR(value(0, 8), 3166.3274, 1e-3);
  EXPECT_NEAR(value(4, 4), 3169.8480, 1e-3);
  EXPECT_NEAR(value(8, 0), 3173.7883, 1e-3);
  EXPECT_NEAR(value(8, 8), 3165.9663, 1e-3);
  EXPECT_NEAR(sky.fit.model(0, 0), 3174.14362, 1e-3);
  EXPECT_NEAR(sky.fit.model(122, 125), 3169.84790, 1e-3);
  EXPECT_NEAR(sky.fit.model(244, 250), 3165.94858, 1e-3);
  EXPECT_NEAR(sky.fit.percentiles[0], -115.4617, 1e-2);
  EXPECT_NEAR(sky.fit.percentiles[5], -0.00269, 1e-3);
  EXPECT_NEAR(sky.fit.percentiles[10], 129.0205, 1e-2);
}

TEST_F(SkyOfTestcase4, OfOneLevelIsThatOfTheReference) {
  options_.halos = false;
  constant_ = true;
  const MadeSky sky = made();
  expect_estimates(sky.fit, {28.36758, 3170.9272, 3170.9351, 3170.5715, 3170.0874, 0.1482722}, 1e-3);
  EXPECT_EQ(sky.row.text("skyclass", 0), "tractor.sky.ConstantSky");
  EXPECT_NEAR(sky.row.number("value", 0), 3170.0874, 1e-3);
  EXPECT_NEAR(sky.fit.percentiles[10], 108.8079, 1e-2);
}

TEST_F(SkyOfTestcase4, WithSourcesLeftInIsThatOfTheReference) {
  options_.halos = false;
  boxcar_ = false;
  const MadeSky sky = made();
  expect_estimates(sky.fit, {28.36758, 3170.9272, 3170.9351, 3170.5715, 3170.2324, 0.0028783}, 1e-3);
  EXPECT_NEAR(sky.fit.values[0], 3178.6226, 1e-3);
  EXPECT_NEAR(sky.fit.values[40], 3170.0156, 1e-3);
  EXPECT_NEAR(sky.fit.model(0, 0), 3176.44243, 1e-3);
  EXPECT_NEAR(sky.fit.percentiles[10], 12129.85, 0.1);
}

TEST_F(SkyOfTestcase4, WithHalosTakenOffIsThatOfTheReference) {
  const MadeSky sky = made();
  EXPECT_EQ(sky.halos, 3);
  expect_estimates(sky.fit, {28.367580, 3170.8987, 3170.9243, 3170.5476, 3170.3198, 0.1080413}, 0.02, 2e-4);
  const double row0[] = {3174.6401, 3173.9153, 3173.8700, 3172.2734, 3171.4854,
                         3169.4580, 3167.3792, 3166.7930, 3166.2993};
  const double column0[] = {3174.6401, 3173.5657, 3173.7290, 3173.5803, 3173.7603,
                            3174.6533, 3174.3145, 3174.0280, 3173.7883};
  for (int i = 0; i < 9; ++i) {
    EXPECT_NEAR(sky.fit.values[i], row0[i], 0.02) << i;
    EXPECT_NEAR(sky.fit.values[9 * i], column0[i], 0.02) << i;
  }
  EXPECT_NEAR(sky.fit.model(10, 20), 3173.250223, 0.02);
  EXPECT_NEAR(sky.fit.model(64, 64), 3171.244520, 0.02);
  EXPECT_NEAR(sky.fit.model(-40, -40), 3174.640137, 0.02);
  EXPECT_NEAR(sky.fit.model(400, 400), 3165.966309, 0.02);
  EXPECT_NEAR(sky.row.number("halo_zpt", 0), 29.96964657, 1e-6);
  EXPECT_EQ(sky.row.integer("templ_ver", 0), -1);
  EXPECT_EQ(sky.row.integer("templ_run", 0), -1);
  EXPECT_FALSE(sky.row.logical("blob_masked", 0));
  EXPECT_EQ(sky.row.text("plver", 0), "V4.8.2");
  EXPECT_EQ(sky.row.text("plprocid", 0), "950f4f7");
  EXPECT_EQ(sky.row.text("procdate", 0), "2019-07-13T10:43:53");
}

TEST_F(SkyOfTestcase4, WithBlobsMaskedIsThatOfTheReference) {
  options_.blob_mask_dir = survey_->root();
  const MadeSky sky = made();
  expect_estimates(sky.fit, {28.361355, 3171.7683, 3169.9360, 3169.9895, 3169.9453, 0.2215465}, 0.1, 2e-3);
  EXPECT_TRUE(sky.row.logical("blob_masked", 0));
}

// What the reference pipeline made during the golden run, with the box that its test sets.
TEST_F(SkyOfTestcase4, AgreesWithTheGoldenRunAtTheKnots) {
  const std::filesystem::path golden = test::data_dir() / "golden/testcase4/calib";
  if (!std::filesystem::exists(golden)) GTEST_SKIP() << golden;
  const MadeSky sky = made();
  CcdValues ccd = ccd_values(table_.row(table_.find(630780, "N2")[0]));
  std::vector<std::filesystem::path> files;
  for (const std::string& name : calibration_paths(CalibrationKind::kSky, {}, ccd))
    files.push_back(golden / name);
  const SkyCalibration theirs = read_sky_calibration(files, CalibrationKey::of(ccd), {});
  for (std::size_t j = 0; j < sky.fit.y.size(); ++j)
    for (std::size_t i = 0; i < sky.fit.x.size(); ++i)
      EXPECT_NEAR(sky.fit.values[9 * j + i], theirs.model(sky.fit.x[i], sky.fit.y[j]), 1e-3 * 28.3676)
          << i << " " << j;
}

TEST_F(SkyOfTestcase4, ItsRowIsReadBackAsTheSameModel) {
  const MadeSky sky = made();
  const SkyModel read = sky_from_row(sky.row, 0);
  for (const auto& [x, y] : {std::pair{0, 0}, {100, 50}, {244, 250}})
    EXPECT_NEAR(read(x, y), sky.fit.model(x - sky.extent.x0, y - sky.extent.y0), 1e-3);
}

class SkyOfMzlsbass : public SkyOf {
 protected:
  void SetUp() override {
    BRICKLINE_NEEDS_DATA("surveys/mzlsbass2");
    use("mzlsbass2", 64);
    options_.halos = false;
  }
  // Corners: [0][0], [0][-1], [-1][0], [-1][-1] of the grid.
  static void check(const SkyFit& fit, const std::array<double, 6>& estimates,
                    const std::array<double, 4>& corners) {
    const double tolerance = 1e-3;
    expect_estimates(fit, estimates, tolerance);
    const std::size_t width = fit.x.size(), n = fit.values.size();
    EXPECT_NEAR(fit.values[0], corners[0], tolerance);
    EXPECT_NEAR(fit.values[width - 1], corners[1], tolerance);
    EXPECT_NEAR(fit.values[n - width], corners[2], tolerance);
    EXPECT_NEAR(fit.values[n - 1], corners[3], tolerance);
  }
  // All pixels good: the reference pipeline leaves the camera's static mask away where an image is cut out of
  // its CCD, ours takes the window that the image's pixels name.
  SkyFit of_pixels_alone(std::int64_t expnum, const std::string& ccdname) {
    const CcdRow row = table_.row(table_.find(expnum, ccdname).at(0));
    const auto plane = [&](const char* kind) {
      std::string name = row.image_filename;
      name.replace(name.find("_ooi_"), 5, kind);
      return fits::FitsReader(survey_->image(name)).image<float>(row.image_hdu);
    };
    const Image<float> pixels = plane("_ooi_");
    Image<float> inverse_error = plane("_oow_");
    for (int y = 0; y < pixels.height(); ++y)
      for (int x = 0; x < pixels.width(); ++x) inverse_error(x, y) = std::sqrt(inverse_error(x, y));
    SkyFitOptions options;
    options.box_pixels = box_;
    return fit_sky({pixels.view(), inverse_error.const_view()}, options);
  }
};

TEST_F(SkyOfMzlsbass, IsThatOfTheReference) {
  check(of_pixels_alone(78730103, "CCD4"),
        {0.38301128, 11.030246, 11.090412, 11.056807, 11.040012, 0.22304516},
        {11.040012, 10.985254, 11.056593, 10.977566});
  check(of_pixels_alone(81900110, "CCD4"), {0.2431846, 5.5948563, 5.616432, 5.594699, 5.582821, 0.2318758},
        {5.582821, 5.5617614, 5.5711737, 5.557459});
  check(sky_of(77690, "CCD3").fit, {0.7452772, 53.881615, 53.905563, 53.889545, 53.873604, 0.1253535},
        {53.836952, 53.92959, 53.828117, 54.238846});
}

class SkyOfTestcase6 : public SkyOf {
 protected:
  void SetUp() override {
    BRICKLINE_NEEDS_DATA("surveys/testcase6");
    use("testcase6", 64);
  }
};

// A bright star's mask covers the image.
TEST_F(SkyOfTestcase6, WhereNothingIsLeftIsTheLevelOfAll) {
  const SkyFit fit = sky_of(802955, "S9").fit;
  EXPECT_NEAR(fit.estimates.sig1, 9.651562, 1e-5);
  EXPECT_NEAR(fit.estimates.clipped, 315.90805, 1e-3);
  EXPECT_NEAR(fit.estimates.background, 313.95166, 1e-3);
  EXPECT_EQ(fit.fraction_masked, 1);
  ASSERT_EQ(fit.values.size(), 64u);
  for (const double v : fit.values) EXPECT_NEAR(v, 313.95166, 1e-3);
  for (const double v : fit.percentiles) EXPECT_EQ(v, 0);
}

}  // namespace
}  // namespace brickline
