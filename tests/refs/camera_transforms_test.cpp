// Bands beyond the survey's own get their magnitudes of stars by what their camera says.
#include <gtest/gtest.h>

#include "core/camera/registry.h"
#include "core/facts/band_facts.h"
#include "core/refs/catalog_sources.h"
#include "tests/refs/cases.h"
#include "tests/refs/made_catalogs.h"

namespace brickline {
namespace {

// The expected magnitudes are sums in single precision of terms that cancel.
constexpr double kRounding = 2e-3;

TEST(GaiaTransforms, OfACamerasOwnBands) {
  PluginSearch search;
  search.plugin_dirs = {std::filesystem::path(BRICKLINE_BUILD_DIR) / "plugins"};
  search.use_environment = search.use_user_directory = search.use_install_directory = false;
  CameraRegistry cameras = CameraRegistry::scan(search, {});
  cameras.load({{"decam", 1}});
  const CameraFacts& facts = cameras.camera("decam").facts();

  std::map<std::string, BandFacts> bands;
  for (const auto& [band, mag] : std::map<std::string, double>{{"M411", 18.153656},
                                                               {"M438", 17.537110},
                                                               {"M464", 16.918518},
                                                               {"M490", 16.748535},
                                                               {"M517", 16.485000},
                                                               {"N395", 18.795410}}) {
    ASSERT_TRUE(facts.band(band)) << band;
    const auto& transform = facts.band(band)->gaia;
    ASSERT_TRUE(transform) << band;
    EXPECT_NEAR(refs::transformed_magnitude(*transform, 15, 16.5F, 14), mag, kRounding) << band;
    bands[band] = *facts.band(band);
  }
  // What the camera says of the survey's own bands is the survey's standard.
  for (const char* band : {"u", "g", "r", "i", "z"}) {
    const auto own = facts.band(band)->gaia, standard = standard_band_facts(band).gaia;
    ASSERT_TRUE(own && standard) << band;
    EXPECT_EQ(own->base, standard->base) << band;
    EXPECT_EQ(own->coefficients, standard->coefficients) << band;
    EXPECT_EQ(own->colour_clip, standard->colour_clip) << band;
  }
  EXPECT_FALSE(facts.band("Y")->gaia);

  // In a run of such bands; one without a transform takes Gaia's G.
  const Wcs wcs = test::small_field();
  const test::TemporaryDirectory dir;
  test::write_gaia(dir.path(), wcs, test::gaia_table({{7, 150.001, 2.001, 0, 0, 0, 15, 16.5F, 14}}));
  const std::vector<std::string> run = {"M411", "Y"};
  const ReferenceCatalog catalog = read_references(test::only_gaia(dir.path()), wcs, run, bands);
  EXPECT_EQ(catalog.mag_bands, (std::vector<std::string>{"g", "r", "i", "z", "M411"}));
  const ReferenceObject& star = catalog.rows.at(0);
  EXPECT_NEAR(catalog.band_mag(star, "M411"), 18.153656, kRounding);
  EXPECT_NEAR(star.model->flux[0] / std::pow(10., (22.5 - 18.153656) / 2.5), 1, kRounding);
  EXPECT_NEAR(star.model->flux[1], 1000, 1e-6);
}

}  // namespace
}  // namespace brickline
