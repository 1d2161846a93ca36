// Forced photometry of the real and simulated exposures with the reference pipeline's catalogs against its tables, and
// against the exact solution of its own equations.
#include <gtest/gtest.h>

#include <cmath>

#include "core/camera/registry.h"
#include "core/fits/fits_reader.h"
#include "core/forced/forced_ccd.h"
#include "tests/support/data.h"

namespace brickline {
namespace {

namespace fs = std::filesystem;

struct GoldenCase {
  std::string name;
  std::vector<std::int64_t> exposures;
};

const std::vector<GoldenCase>& golden_cases() {
  static const std::vector<GoldenCase> cases = {
      {"sim300", {900301, 900302, 900303, 900304, 900305, 900306}},
      {"testcase3", {349590, 425858, 425859, 432164, 722778, 747382, 763152, 770496}},
      {"testcase4", {630780}},
      {"testcase6", {396388, 695773, 790643, 802955, 803277, 803291}},
      // The other two exposures of this survey are of 90prime: the reference read their images, which are cut out of
      // larger ones, without the camera's mask of bad pixels.
      {"mzlsbass2", {77690}}};
  return cases;
}

class GoldenForced : public testing::TestWithParam<GoldenCase> {
 protected:
  void SetUp() override {
    BRICKLINE_NEEDS_DATA("golden/forced/sim300/plain/forced-900303.fits");
    const fs::path data = test::data_dir();
    survey_dir_ = data / "surveys" / GetParam().name;
    products_ = data / "golden" / GetParam().name / "products";
    survey_.emplace(SurveyDirectory::open(survey_dir_));
    PluginSearch search;
    search.plugin_dirs = {fs::path(BRICKLINE_BUILD_DIR) / "plugins"};
    search.use_environment = search.use_user_directory = search.use_install_directory = false;
    cameras_.emplace(CameraRegistry::scan(search));
    ccds_ = CcdTable::read(*survey_);
    bricks_ = BrickTable::read(*survey_);
    for (std::int64_t i = 0; i < ccds_.rows(); ++i) cameras_->load(ccds_.row(i).camera);
  }
  ForcedCcdOptions options() const {
    ForcedCcdOptions o;
    o.catalog_dir = o.outlier_dir = products_;
    const fs::path calib = test::data_dir() / "golden/forced" / GetParam().name / "calib";
    if (fs::exists(calib)) o.reading.calibration_dirs = {calib};
    return o;
  }
  ForcedCcd measure(std::int64_t expnum, const ForcedCcdOptions& options) {
    ForcedSurvey from{*survey_, *cameras_, ccds_, bricks_, {}};
    from.references.gaia_dir = survey_dir_ / "gaia";
    from.references.gaia_version = "2";
    const auto rows = ccds_.find(expnum);
    EXPECT_EQ(rows.size(), 1u);
    auto measured = measure_ccd(from, rows.at(0), options, {});
    EXPECT_TRUE(measured.has_value());
    return std::move(*measured);
  }
  fits::Table golden(const std::string& variant, const std::string& stem, std::int64_t expnum) const {
    return fits::FitsReader(test::data_dir() / "golden/forced" / GetParam().name / variant /
                            (stem + std::to_string(expnum) + ".fits"))
        .table(1);
  }
  fs::path survey_dir_, products_;
  std::optional<SurveyDirectory> survey_;
  std::optional<CameraRegistry> cameras_;
  CcdTable ccds_;
  BrickTable bricks_;
};

TEST_P(GoldenForced, FluxesAreTheExactSolution) {
  for (const std::int64_t expnum : GetParam().exposures) {
    SCOPED_TRACE(expnum);
    const ForcedCcd measured = measure(expnum, options());
    const fits::Table t = forced_table(ccds_, std::span(&measured, 1), {}),
                      exact = golden("exact", "exact-", expnum);
    ASSERT_EQ(t.rows(), exact.rows());
    for (std::int64_t i = 0; i < t.rows(); ++i) {
      SCOPED_TRACE(i);
      EXPECT_EQ(t.integer("brickid", i), exact.integer("brickid", i));
      EXPECT_EQ(t.integer("objid", i), exact.integer("objid", i));
      const double ivar = exact.number("flux_ivar", i);
      EXPECT_NEAR(t.number("flux_ivar", i), ivar, 1e-4 * ivar);
      EXPECT_NEAR(t.number("flux", i), exact.number("flux", i), 1e-3 / std::sqrt(ivar));
    }
  }
}

// How well a column agrees with the reference's.
struct Agreement {
  const char* column;
  double relative, absolute;
};
constexpr Agreement kColumns[] = {{"mjd", 0, 1e-9},
                                  {"exptime", 0, 0},
                                  {"psfsize", 1e-5, 0},
                                  {"fwhm", 1e-6, 0},
                                  {"ccd_cuts", 0, 0},
                                  {"airmass", 0, 0},
                                  {"sky", 2e-4, 0},
                                  {"skyrms", 0, 0},
                                  {"psfdepth", 2e-4, 0},
                                  {"galdepth", 2e-4, 0},
                                  {"ccdzpt", 0, 0},
                                  {"ccdrarms", 0, 0},
                                  {"ccddecrms", 0, 0},
                                  {"ccdphrms", 0, 0},
                                  {"ra", 0, 1e-10},
                                  {"dec", 0, 1e-10},
                                  {"flux_ivar", 2e-4, 0},
                                  {"fracin", 1e-3, 1e-5},
                                  {"x", 0, 2e-3},
                                  {"y", 0, 2e-3},
                                  {"win_edge", 0, 0},
                                  {"win_converged", 0, 0},
                                  {"win_dra", 0, 1e-3},
                                  {"win_ddec", 0, 1e-3},
                                  {"win_fracmasked", 0, 1e-3},
                                  {"winpsf_dra", 0, 1e-3},
                                  {"winpsf_ddec", 0, 1e-3},
                                  {"winpsf_converged", 0, 0},
                                  {"dqmask", 0, 0}};

TEST_P(GoldenForced, DerivativesAndAperturesAreTheReferences) {
  ForcedCcdOptions o = options();
  o.photometry.motions = o.photometry.apertures = true;
  for (const std::int64_t expnum : GetParam().exposures) {
    SCOPED_TRACE(expnum);
    const ForcedCcd measured = measure(expnum, o);
    const fits::Table t = forced_table(ccds_, std::span(&measured, 1), o.photometry),
                      reference = golden("derivs", "forced-", expnum);
    ASSERT_EQ(t.rows(), reference.rows());
    for (std::size_t c = 0; c < reference.columns().size(); ++c)
      EXPECT_EQ(t.columns().at(c).name, reference.columns()[c].name);
    for (std::int64_t i = 0; i < t.rows(); ++i) {
      SCOPED_TRACE(i);
      // The reference's solver stops up to 0.3 sigma short.
      for (const std::string name : {"flux_motion", "flux_dra", "flux_ddec"}) {
        const double ivar = reference.number(name + "_ivar", i);
        EXPECT_NEAR(t.number(name + "_ivar", i), ivar, 2e-4 * ivar) << name;
        if (ivar > 0) {
          EXPECT_NEAR(t.number(name, i), reference.number(name, i), 0.3 / std::sqrt(ivar)) << name;
        }
      }
      for (const std::string name : {"dra", "ddec"}) {
        const double ivar = reference.number(name + "_ivar", i);
        EXPECT_EQ(t.number(name + "_ivar", i) > 0, ivar > 0) << name;
        if (ivar > 0) {
          EXPECT_NEAR(t.number(name, i), reference.number(name, i), 0.3 / std::sqrt(ivar)) << name;
        }
      }
      for (std::int64_t a = 0; a < static_cast<std::int64_t>(kForcedApertures); ++a) {
        const double ivar = reference.number("apflux_ivar", i, a), flux = reference.number("apflux", i, a);
        EXPECT_NEAR(t.number("apflux_ivar", i, a), ivar, 1e-4 * ivar) << a;
        EXPECT_NEAR(t.number("apflux", i, a), flux,
                    1e-4 * std::abs(flux) + (ivar > 0 ? 1e-3 / std::sqrt(ivar) : 0))
            << a;
      }
    }
  }
}

TEST_P(GoldenForced, TheOtherColumnsAreTheReferences) {
  for (const std::int64_t expnum : GetParam().exposures) {
    SCOPED_TRACE(expnum);
    const ForcedCcd measured = measure(expnum, options());
    const fits::Table t = forced_table(ccds_, std::span(&measured, 1), {}),
                      reference = golden("plain", "forced-", expnum);
    ASSERT_EQ(t.rows(), reference.rows());
    for (std::size_t c = 0; c < reference.columns().size(); ++c) {
      const fits::Column& own = t.columns().at(c);
      EXPECT_EQ(own.name, reference.columns()[c].name);
      EXPECT_EQ(own.width(), reference.columns()[c].width()) << own.name;
      if (own.name != "dqmask") {
        EXPECT_EQ(own.data.index(), reference.columns()[c].data.index()) << own.name;
      }
    }
    for (const Agreement& a : kColumns)
      for (std::int64_t i = 0; i < t.rows(); ++i) {
        const double value = reference.number(a.column, i);
        EXPECT_NEAR(t.number(a.column, i), value, a.absolute + a.relative * std::abs(value))
            << a.column << " of row " << i;
      }
    for (const char* text : {"brickname", "camera", "ccdname", "filter"})
      for (std::int64_t i = 0; i < t.rows(); ++i) EXPECT_EQ(t.text(text, i), reference.text(text, i));
  }
}

INSTANTIATE_TEST_SUITE_P(Cases, GoldenForced, testing::ValuesIn(golden_cases()),
                         [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace brickline
