#include "core/pipeline/catalog_rows.h"

#include <gtest/gtest.h>

#include "core/model/light_share.h"
#include "core/pipeline/frozen_galaxies.h"

namespace brickline {
namespace {

// A star, a galaxy that is kept as it came, one that is fitted.
ReferenceCatalog references() {
  ReferenceCatalog catalog;
  catalog.had_gaia = catalog.had_galaxies = true;
  catalog.rows.resize(3);
  catalog.rows[0].ref_cat = "G2";
  catalog.rows[0].is_gaia = true;
  catalog.rows[0].mag = 15.5f;
  for (int r : {1, 2}) {
    catalog.rows[r].ref_cat = "L3";
    catalog.rows[r].is_large_galaxy = true;
    catalog.rows[r].ba = 0.5f;
    catalog.rows[r].model.emplace();
    catalog.rows[r].model->flux = {static_cast<double>(10 * r)};
  }
  catalog.rows[1].freeze = true;
  return catalog;
}

TEST(CatalogRows, ReferenceColumnsFollowTheRowsAndAreZeroWithoutAReference) {
  std::vector<CatalogSource> rows(3);
  rows[0].reference_row = 1;
  rows[2].reference_row = 0;
  const fits::Table t = reference_columns(rows, references());
  ASSERT_EQ(t.rows(), 3);
  EXPECT_EQ(t.text("ref_cat", 0), "L3");
  EXPECT_EQ(t.text("ref_cat", 1), "");
  EXPECT_EQ(t.text("ref_cat", 2), "G2");
  EXPECT_EQ(t.number("ba", 0), 0.5);
  EXPECT_EQ(t.number("ba", 1), 0);
  EXPECT_FLOAT_EQ(static_cast<float>(t.number("mag", 2)), 15.5f);
  EXPECT_FALSE(t.logical("isgaia", 1));
}

TEST(CatalogRows, FrozenGalaxiesAreDrawnWhereTheyReachAndKnowTheirRow) {
  const ReferenceCatalog catalog = references();
  EXPECT_EQ(frozen_rows(catalog), std::vector<int>{1});
  SourceList sources(2);
  sources[0].reference_row = 2;
  sources[1].reference_row = 1;
  FittedCatalog fitted;
  fitted.sources.resize(2);
  fitted.sources[0].source = 0;
  fitted.sources[1].source = 1;
  fitted.frozen_reach = {{4, 7}};
  const std::vector<const FittedSource*> row_fits = {&fitted.sources[0], nullptr, &fitted.sources[1]};
  const auto frozen = frozen_in_scene(catalog, sources, fitted, row_fits, GalaxyProfiles::kReference);
  ASSERT_EQ(frozen.size(), 1u);
  EXPECT_EQ(frozen[0].row, 2u);
  EXPECT_EQ(frozen[0].blobs, (std::vector<std::int32_t>{4, 7}));
  EXPECT_EQ(frozen[0].model.flux, std::vector<double>{10});
  // Where galaxies are whole profiles, its flux is, too.
  ReferenceCatalog galaxies = catalog;
  galaxies.rows[1].model->kind = SourceKind::kDev;
  EXPECT_NEAR(frozen_in_scene(galaxies, sources, fitted, row_fits, GalaxyProfiles::kSersic)[0].model.flux[0],
              10 / reference_light_share(SourceKind::kDev, 4), 1e-9);
  // One that reaches no blob is an ordinary source, if it is one.
  fitted.frozen_reach = {{}};
  EXPECT_TRUE(frozen_in_scene(catalog, sources, fitted, row_fits, GalaxyProfiles::kReference).empty());
}

}  // namespace
}  // namespace brickline
