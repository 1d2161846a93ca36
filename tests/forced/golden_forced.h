// The reference pipeline's forced photometry of real and simulated exposures, and this one's of the same with the same
// catalogs.
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <optional>
#include <string>
#include <vector>

#include "core/camera/registry.h"
#include "core/fits/fits_reader.h"
#include "core/forced/forced_ccd.h"
#include "tests/support/data.h"

namespace brickline::test {

namespace fs = std::filesystem;

// One survey directory of the golden data.
class GoldenSurvey {
 public:
  // `plugins`: where its cameras are.
  explicit GoldenSurvey(std::string name, const fs::path& plugins = fs::path(BRICKLINE_BUILD_DIR) / "plugins")
      : name_(std::move(name)),
        survey_(SurveyDirectory::open(data_dir() / "surveys" / name_)),
        cameras_(CameraRegistry::scan(search(plugins))),
        ccds_(CcdTable::read(survey_)),
        bricks_(BrickTable::read(survey_)) {
    for (std::int64_t i = 0; i < ccds_.rows(); ++i) cameras_.load(ccds_.row(i).camera);
  }
  const std::string& name() const { return name_; }
  const CcdTable& ccds() const { return ccds_; }
  const BrickTable& bricks() const { return bricks_; }
  fs::path directory() const { return data_dir() / "surveys" / name_; }
  fs::path products() const { return data_dir() / "golden" / name_ / "products"; }

  ForcedCcdOptions options() const {
    ForcedCcdOptions o;
    o.catalogs.all = o.outlier_dir = products();
    const fs::path calib = data_dir() / "golden/forced" / name_ / "calib";
    if (fs::exists(calib)) o.reading.calibration_dirs = {calib};
    return o;
  }
  ForcedCcd measure(std::int64_t expnum, const ForcedCcdOptions& options) const {
    ForcedSurvey from{survey_, cameras_, ccds_, bricks_, {}};
    from.references.gaia_dir = directory() / "gaia";
    from.references.gaia_version = "2";
    const auto rows = ccds_.find(expnum);
    EXPECT_EQ(rows.size(), 1u);
    auto measured = measure_ccd(from, rows.at(0), options, {});
    EXPECT_TRUE(measured.has_value());
    return std::move(*measured);
  }
  fits::Table table_of(const ForcedCcd& measured, const ForcedOptions& options = {}) const {
    return forced_table(ccds_, std::span(&measured, 1), options);
  }
  fits::Table golden(const std::string& variant, const std::string& stem, std::int64_t expnum) const {
    return fits::FitsReader(data_dir() / "golden/forced" / name_ / variant /
                            (stem + std::to_string(expnum) + ".fits"))
        .table(1);
  }

 private:
  static PluginSearch search(const fs::path& plugins) {
    PluginSearch out;
    out.plugin_dirs = {plugins};
    out.use_environment = out.use_user_directory = out.use_install_directory = false;
    return out;
  }
  std::string name_;
  SurveyDirectory survey_;
  CameraRegistry cameras_;
  CcdTable ccds_;
  BrickTable bricks_;
};

// How well a column agrees with the reference's.
struct Agreement {
  const char* column;
  double relative, absolute;
};
inline constexpr Agreement kColumns[] = {{"mjd", 0, 1e-9},
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

inline void expect_columns(const fits::Table& own, const fits::Table& reference) {
  ASSERT_EQ(own.rows(), reference.rows());
  for (const Agreement& a : kColumns)
    for (std::int64_t i = 0; i < own.rows(); ++i) {
      const double value = reference.number(a.column, i);
      EXPECT_NEAR(own.number(a.column, i), value, a.absolute + a.relative * std::abs(value))
          << a.column << " of row " << i;
    }
  // The reference's rchisq is no mean: it is as small as what of the source's light is seen. Its model is not the best
  // one, either.
  for (std::int64_t i = 0; i < own.rows(); ++i) {
    const double seen = reference.number("fracin", i) - reference.number("fracmasked", i);
    if (seen < 0.05 || !(reference.number("flux_ivar", i) > 0)) continue;
    const double mean = reference.number("rchisq", i) / seen;
    EXPECT_NEAR(own.number("rchisq", i), mean, 0.02 * mean + 2e-3) << "rchisq of row " << i;
  }
  // The reference's fracmasked of a source that has no pixel left is 0. fracflux is a ratio to the flux, which its solver
  // has not found exactly.
  for (std::int64_t i = 0; i < own.rows(); ++i) {
    const double ivar = reference.number("flux_ivar", i), flux = reference.number("flux", i);
    if (ivar > 0) {
      EXPECT_NEAR(own.number("fracmasked", i), reference.number("fracmasked", i), 1e-3)
          << "fracmasked of row " << i;
    }
    if (std::abs(flux) * std::sqrt(ivar) < 5) continue;
    const double blended = reference.number("fracflux", i);
    EXPECT_NEAR(own.number("fracflux", i), blended, 0.02 * blended + 2e-3) << "fracflux of row " << i;
  }
  for (const char* text : {"brickname", "camera", "ccdname", "filter"})
    for (std::int64_t i = 0; i < own.rows(); ++i) EXPECT_EQ(own.text(text, i), reference.text(text, i));
}

// Fluxes of a solver that stops up to so many sigmas short of the solution.
inline void expect_fluxes(const fits::Table& own, const fits::Table& reference, double sigmas,
                          const std::string& column = "flux") {
  for (std::int64_t i = 0; i < own.rows(); ++i) {
    const double ivar = reference.number(column + "_ivar", i);
    EXPECT_NEAR(own.number(column + "_ivar", i), ivar, 2e-4 * ivar) << column << " of row " << i;
    if (ivar > 0) {
      EXPECT_NEAR(own.number(column, i), reference.number(column, i), sigmas / std::sqrt(ivar))
          << column << " of row " << i;
    } else {
      EXPECT_EQ(own.number(column, i), 0) << column << " of row " << i;
    }
  }
}

inline void expect_apertures(const fits::Table& own, const fits::Table& reference) {
  for (std::int64_t i = 0; i < own.rows(); ++i)
    for (std::int64_t a = 0; a < static_cast<std::int64_t>(kForcedApertures); ++a) {
      const double ivar = reference.number("apflux_ivar", i, a), flux = reference.number("apflux", i, a);
      EXPECT_NEAR(own.number("apflux_ivar", i, a), ivar, 1e-4 * ivar) << "row " << i << ", aperture " << a;
      EXPECT_NEAR(own.number("apflux", i, a), flux,
                  1e-4 * std::abs(flux) + (ivar > 0 ? 1e-3 / std::sqrt(ivar) : 0))
          << "row " << i << ", aperture " << a;
    }
}

}  // namespace brickline::test
