// The pipeline's own readers, given the simulator's calibrations, get back what the simulator meant.
#include <gtest/gtest.h>

#include <cmath>
#include <memory>

#include "core/fits/fits_reader.h"
#include "core/psf/psfex.h"
#include "core/sky/sky_calibration.h"
#include "tests/support/data.h"
#include "tools/simulate_survey/layout.h"
#include "tools/simulate_survey/survey_files.h"

namespace brickline::simulate {
namespace {

class Calibrations : public testing::TestWithParam<int> {  // the region's size: a cut-out, or whole chips
 protected:
  void SetUp() override {
    options_.size = GetParam();
    options_.exposures = 1;
    options_.bands = {"r"};
    options_.psf_variation = 0.03;
    const Layout& layout = find_layout("");
    const Region region = make_region(options_);
    const auto bands = survey_bands(options_);
    exposure_ = plan_exposures(options_, layout, region, bands).at(0);
    const auto transform = std::make_shared<const MoffatTransform>(options_.moffat_beta);
    for (const CcdPlan& ccd : exposure_.ccds)
      psfs_.push_back(std::make_shared<const PsfField>(ccd.psf, transform));
    write_calibrations({options_, layout, region, bands, directory_.path(), "c", "C"}, exposure_, psfs_);
  }
  fits::Table table(const char* kind, const char* suffix) {
    return fits::FitsReader(directory_.path() / "calib" / kind / (exposure_.path('i') + suffix)).table(1);
  }

  test::TemporaryDirectory directory_;
  SimulationOptions options_;
  Exposure exposure_;
  std::vector<std::shared_ptr<const PsfField>> psfs_;
};

TEST_P(Calibrations, SkyTableIsTheSkyThatWasDrawn) {
  const fits::Table sky = table("sky", "-splinesky.fits");
  ASSERT_EQ(sky.rows(), static_cast<std::int64_t>(exposure_.ccds.size()));
  for (std::int64_t i = 0; i < sky.rows(); ++i) {
    const CcdPlan& ccd = exposure_.ccds[i];
    const SkyModel model = sky_from_row(sky, i);
    for (double x : {0.0, 33.0, ccd.width() - 1.0})
      for (double y : {0.0, 77.0, ccd.height() - 1.0}) {
        const double truth = ccd.sky.at(x + ccd.extent.x0, y + ccd.extent.y0);
        EXPECT_NEAR(model(x, y), truth, 1e-6 * truth) << x << " " << y;
      }
  }
}

TEST_P(Calibrations, PsfTableIsThePsfThatWasDrawn) {
  const fits::Table table = this->table("psfex", "-psfex.fits");
  ASSERT_EQ(table.rows(), static_cast<std::int64_t>(psfs_.size()));
  for (std::int64_t i = 0; i < table.rows(); ++i) {
    const CcdPlan& ccd = exposure_.ccds[i];
    const Psf psf = psf_from_psfex_row(table, i, true);
    for (double x : {0.0, ccd.width() * 0.6}) {
      const double y = ccd.height() * 0.3;
      const double cx = x + ccd.extent.x0, cy = y + ccd.extent.y0;
      const Image<float> stamp = psf.stamp(x, y);
      const Image<double> truth = psfs_[i]->at(cx, cy).stamp(63);
      for (int r = 0; r < 63; ++r)
        for (int c = 0; c < 63; ++c)
          EXPECT_NEAR(stamp(c, r), truth(c, r) * psfs_[i]->norm(cx, cy), 1e-3 * truth(31, 31));
    }
  }
}

INSTANTIATE_TEST_SUITE_P(, Calibrations, testing::Values(200, 2500),
                         [](const auto& info) { return info.param == 200 ? "CutOut" : "WholeChips"; });

}  // namespace
}  // namespace brickline::simulate
