// CCDs of a brick, found quickly, against the selection that a run makes; places and their edges.
#include "core/campaign/prediction.h"

#include <gmock/gmock.h>

#include <cmath>
#include <random>

#include "core/survey/ccd_selection.h"
#include "core/survey/target.h"
#include "tests/support/data.h"
#include "tests/support/made_ccd_table.h"

namespace brickline::test {
namespace {

// CCDs about a place, so dense that every brick there has dozens.
CcdTable table_about(const std::filesystem::path& directory, double ra, double dec) {
  std::mt19937_64 random(5);
  std::uniform_real_distribution<double> offset(-1, 1);
  std::vector<SkyPosition> positions(600);
  for (SkyPosition& at : positions) {
    at.dec = dec + offset(random);
    at.ra = ra + offset(random) / std::cos(at.dec * 3.14159265358979323846 / 180);
    at.ra -= 360 * std::floor(at.ra / 360);
  }
  const std::filesystem::path file = directory / "survey-ccds-made.fits";
  write_made_ccd_table(file, positions);
  return CcdTable::read({file});
}

class PredictionAt : public ::testing::TestWithParam<std::pair<double, double>> {};

TEST_P(PredictionAt, FindsTheCcdsThatARunWouldTake) {
  const TemporaryDirectory scratch;
  const auto [ra, dec] = GetParam();
  const CcdTable ccds = table_about(scratch.path(), ra, dec);
  BrickOptions options;
  options.region.bands = {"g", "z"};
  const CostModel model(ccds, options);
  std::mt19937_64 random(6);
  std::uniform_real_distribution<double> offset(-0.8, 0.8);
  for (int n = 0; n < 20; ++n) {
    const double at_ra = ra + offset(random), at_dec = dec + offset(random);
    options.region.zoom.reset();
    if (n % 2) options.region.zoom = {100, 1900, 2000, 2700};
    TargetOptions target_options;
    if (n % 2) target_options.zoom = Box{100, 1900, 2000, 2700};
    const Target target = make_custom_target(at_ra, at_dec, target_options);
    CcdSelectionOptions wanted;
    wanted.bands = options.region.bands;
    const CcdSelection selection = select_ccds(ccds, target.wcs, wanted);
    const Prediction prediction = model.predict(at_ra, at_dec, options);
    ASSERT_GT(selection.ccds.size(), 2u);
    EXPECT_GE(prediction.ccds, static_cast<int>(selection.ccds.size()));
    EXPECT_LE(prediction.ccds, 15 + static_cast<int>(selection.ccds.size()));
    EXPECT_NEAR(static_cast<double>(prediction.image_pixels), static_cast<double>(selection.pixels),
                0.03 * static_cast<double>(selection.pixels));
    EXPECT_GT(prediction.memory_mb, 1e-6 * static_cast<double>(kImageBytesPerPixel * selection.pixels));
  }
}

INSTANTIATE_TEST_SUITE_P(Places, PredictionAt,
                         ::testing::Values(std::pair{150., 2.}, std::pair{0.1, -30.}, std::pair{359.9, 55.}));

TEST(Prediction, IsNothingWhereNoCcdIs) {
  const TemporaryDirectory scratch;
  const CcdTable ccds = table_about(scratch.path(), 150, 2);
  const BrickOptions options;
  EXPECT_EQ(CostModel(ccds, options).predict(20, 2, options).ccds, 0);
  EXPECT_EQ(CostModel(ccds, options).predict(150, 88, options).ccds, 0);
}

}  // namespace
}  // namespace brickline::test
