#include "core/catalog/catalog.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <iterator>
#include <set>

#include "core/base/atomic_file.h"
#include "core/base/error.h"
#include "core/catalog/columns.h"
#include "core/fits/fits_reader.h"
#include "core/model/profiles_card.h"
#include "core/survey/bits.h"
#include "tests/support/data.h"
#include "tests/support/golden_products.h"

namespace brickline {
namespace {

using testing::ElementsAre;

CatalogContext small_context() {
  CatalogContext c{.profiles = GalaxyProfiles::kReference};
  c.release = 9008;
  c.brickid = 473357;
  c.brickname = "1867p255";
  c.bands = {"z"};
  c.survey_bands = {"g", "r", "z"};
  return c;
}

CatalogGeometry small_geometry() {
  CatalogGeometry g;
  g.width = g.height = 100;
  g.unique_area = {10, 11, 20, 21};
  return g;
}

CatalogSource source_at(double ra, double dec, float bx = 50, float by = 50) {
  CatalogSource s;
  s.ra = ra;
  s.dec = dec;
  s.bx = s.fit.bx0 = bx;
  s.by = s.fit.by0 = by;
  s.bands.resize(1);
  s.bands[0].flux = 3;
  s.bands[0].flux_ivar = 4;
  s.bands[0].fracin = 1;
  return s;
}

TEST(Catalog, RowsAreOrderedByPlaceThenKindThenRa) {
  std::vector<CatalogSource> rows = {source_at(10.9, 20), source_at(10.1, 20, -3), source_at(10.5, 20),
                                     source_at(10.2, 20), source_at(10.0, 20, 99.6f)};
  rows[3].regular = false;
  const std::vector<std::size_t> order = order_rows(rows, small_geometry());
  // In the image and fitted (10.5, 10.9), in the image (10.2), outside (10.0, 10.1).
  EXPECT_THAT(order, ElementsAre(2, 0, 3, 4, 1));
  for (std::size_t i = 0; i < rows.size(); ++i) EXPECT_EQ(rows[i].objid, static_cast<int>(i));
  EXPECT_TRUE(rows[2].in_bounds);
  EXPECT_FALSE(rows[3].in_bounds);
}

TEST(Catalog, IdentifiersPackReleaseBrickAndObject) {
  CatalogContext c = small_context();
  c.release = 9999;
  CatalogSource s;
  s.objid = 1;
  EXPECT_EQ(unique_id(c, s), 43978052467687425);
  c.brickid = -1;
  s.objid = 4;
  EXPECT_EQ(unique_id(c, s), -4194300);
}

TEST(Catalog, FluxesThatAreNotTrustedAreZero) {
  std::vector<CatalogSource> rows = {source_at(10.5, 20.5), source_at(10.5, 20.6), source_at(10.5, 20.7),
                                     source_at(10.5, 20.8)};
  rows[1].bands[0].fracin = 5e-4f;  // hardly any light in the blob
  rows[2].bands[0].flux_ivar = 0;   // not measured
  rows[3].bands[0].flux_ivar = 0;
  rows[3].fit.force_kept = true;
  finish_catalog(rows, small_geometry(), {}, nullptr);
  EXPECT_EQ(rows[0].bands[0].flux, 3);
  EXPECT_EQ(rows[1].bands[0].flux, 0);
  EXPECT_EQ(rows[1].bands[0].flux_ivar, 0);
  EXPECT_EQ(rows[2].bands[0].flux, 0);
  EXPECT_EQ(rows[3].bands[0].flux, 3);
}

TEST(Catalog, FitbitsTellHowFarTheFitMoved) {
  std::vector<CatalogSource> rows = {source_at(10.5, 20.5), source_at(10.6, 20.5), source_at(10.7, 20.5)};
  rows[0].fit.bx0 = 50 - 3.7f;  // 0.97 arcsec
  rows[1].fit.bx0 = 50 - 3.9f;  // 1.02 arcsec
  rows[2].fit.bx0 = 50 - 9.6f;  // 2.52 arcsec
  rows[2].reference.emplace();
  rows[2].reference->is_gaia = rows[2].reference->point_source = true;
  rows[2].fit.bits = fitbit::kIterative;
  finish_catalog(rows, small_geometry(), {}, nullptr);
  EXPECT_EQ(rows[0].fitbits, 0);
  EXPECT_EQ(rows[1].fitbits, fitbit::kWalker);
  EXPECT_EQ(rows[2].fitbits, fitbit::kWalker | fitbit::kRunner | fitbit::kGaia | fitbit::kGaiaPointsource |
                                 fitbit::kIterative);
}

TEST(Catalog, MaskbitsAreSampledInsideAndOnlyPrimaryOutside) {
  Image<std::int32_t> mask(100, 100, 7);
  std::vector<CatalogSource> rows = {source_at(10.5, 20.5), source_at(9.5, 20.5, -20),
                                     source_at(10.5, 20.6, 400)};
  order_rows(rows, small_geometry());
  finish_catalog(rows, small_geometry(), mask.view(), nullptr);
  EXPECT_EQ(rows[0].maskbits, 7);
  EXPECT_EQ(rows[1].maskbits, maskbit::kNprimary);
  EXPECT_EQ(rows[2].maskbits, 0);
  EXPECT_FALSE(rows[1].brick_primary);
  EXPECT_TRUE(rows[2].brick_primary);
}

TEST(Catalog, NearestNeighborsLookSixtyArcsecFar) {
  std::vector<CatalogSource> rows = {source_at(10, 60), source_at(10 + 10 / 3600.0, 60),
                                     source_at(10, 60 + 12 / 3600.0), source_at(10, 59)};
  finish_catalog(rows, small_geometry(), {}, nullptr);
  EXPECT_NEAR(rows[0].nearest_neighbor, 5, 1e-5);  // RA shrinks by cos 60
  EXPECT_NEAR(rows[1].nearest_neighbor, 5, 1e-5);
  EXPECT_NEAR(rows[2].nearest_neighbor, 12, 1e-5);
  EXPECT_EQ(rows[3].nearest_neighbor, 0);
}

TEST(Catalog, WithoutDustMapsReddeningIsUnknownNotZero) {
  std::vector<CatalogSource> rows = {source_at(10.5, 20.5)};
  finish_catalog(rows, small_geometry(), {}, nullptr);
  const fits::Table table = catalog_table(rows, small_context());
  EXPECT_TRUE(std::isnan(table.number("ebv", 0)));
  EXPECT_TRUE(std::isnan(table.number("mw_transmission_g", 0)));
}

TEST(Catalog, BandsWithoutImagesAreZeroAndABandOfOnesOwnHasColumns) {
  CatalogContext c = small_context();
  c.survey_bands = {"g", "z", "N-1"};
  std::vector<CatalogSource> rows = {source_at(10.5, 20.5)};
  fits::Table table = catalog_table(rows, c);
  EXPECT_EQ(table.number("flux_g", 0), 0);
  EXPECT_EQ(table.number("flux_z", 0), 3);
  EXPECT_TRUE(table.has("apflux_N_1"));
  EXPECT_FALSE(table.has("mw_transmission_N_1"));  // nobody knows its extinction
  c.extinction["N-1"] = 2.0;
  rows[0].ebv = 0.1f;
  table = catalog_table(rows, c);
  EXPECT_NEAR(table.number("mw_transmission_N_1", 0), std::pow(10, -0.08), 1e-6);
}

CatalogContext context_with_everything() {
  CatalogContext c = small_context();
  c.space = {
      .wise = true, .wise_apertures = true, .light_curve_width = 17, .light_curve_epochs = 12, .galex = true};
  c.joint = c.composites = true;
  return c;
}

TEST(Catalog, NoTwoColumnsShareANameAndAllAreDescribed) {
  std::set<std::string> names;
  const CatalogContext context = context_with_everything();
  for (const CatalogColumn& column : catalog_columns()) {
    for (const ColumnBand& band : column_bands(column, context)) {
      const std::string name = band_column_name(column.name, band.name);
      EXPECT_TRUE(names.insert(name).second) << name;
    }
    EXPECT_FALSE(column.description.empty()) << column.name;
    EXPECT_FALSE(column.source.empty()) << column.name;
  }
}

TEST(Catalog, EveryColumnHasTheTypeThatTheTableStates) {
  const CatalogContext context = context_with_everything();
  const fits::Table table = catalog_table({source_at(10.5, 20.5)}, context);
  for (const CatalogColumn& spec : catalog_columns()) {
    const std::vector<ColumnBand> bands = column_bands(spec, context);
    ASSERT_FALSE(bands.empty()) << spec.name;
    const std::string name = !bands.back().name.empty() ? band_column_name(spec.name, bands.back().name)
                             : spec.name.empty()        ? "ls_id_dr11"
                                                        : std::string(spec.name);
    const fits::Column& column = table.require(name);
    // The order of ColumnType is that of the variant's alternatives.
    EXPECT_EQ(column.data.index(), static_cast<std::size_t>(spec.type)) << name;
    if (spec.type != ColumnType::kText) {
      EXPECT_EQ(column.width(), spec.width == kLightCurveWidth ? 17 : spec.width) << name;
    }
  }
}

// Errors of the bulge's share know how disk and bulge go together.
TEST(Catalog, ACompositeGalaxyHasTheShareOfItsBulge) {
  CatalogSource row = source_at(10, 20);
  row.type = CatalogType::kComp;
  row.bands.resize(2);
  // Variances of disk and bulge 2 and 3, their covariance -1.5.
  CatalogBand& b = row.bands[0];
  b.flux = 10;
  b.bulge_flux = 4;
  b.flux_ivar = 1 / (2 + 3 - 3.0F);
  b.bulge_flux_variance = 3;
  b.bulge_flux_covariance = 3 - 1.5F;
  // A band without a bulge.
  row.bands[1].flux = 5;
  row.bands[1].flux_ivar = 4;
  EXPECT_NEAR(bulge_fraction(b), 0.4, 1e-6);
  // Of B/(D + B): (D^2 var B + B^2 var D - 2 D B cov)/F^4.
  EXPECT_NEAR(bulge_fraction_ivar(b) * (36 * 3 + 16 * 2 + 2 * 6 * 4 * 1.5) / 1e4, 1, 1e-4);
  EXPECT_EQ(bulge_fraction(row.bands[1]), 0);
  CatalogContext context = small_context();
  EXPECT_FALSE(catalog_table({row}, context).has("shapedev_r"));
  EXPECT_EQ(catalog_table({row}, context).require("type").string_width, 3);
  context.composites = true;
  const fits::Table table = catalog_table({row}, context);
  EXPECT_EQ(table.require("type").string_width, 4);
  EXPECT_EQ(table.text("type", 0), "COMP");
}

// Without the card galaxies are the reference's.
TEST(Catalog, SaysWhichProfilesItsGalaxiesHave) {
  CatalogContext context = small_context();
  EXPECT_FALSE(catalog_header({}, context, {}).has(kProfilesCard));
  context.profiles = GalaxyProfiles::kSersic;
  EXPECT_EQ(profiles_of(catalog_header({}, context, {}), {}), GalaxyProfiles::kSersic);
  // The tables themselves do, too: what is copied may have lost the file's first header.
  const test::TemporaryDirectory dir;
  ProductSet products(dir.path());
  const CatalogPaths paths{dir / "t.fits", dir / "ti.fits", dir / "s"};
  write_catalog({source_at(10.5, 20.5)}, context, {}, {}, paths, products);
  for (const auto& file : {paths.tractor, paths.tractor_i})
    EXPECT_EQ(profiles_of({}, fits::FitsReader(file).header(1)), GalaxyProfiles::kSersic) << file;
}

// Rows that other telescopes measured, those they did not, and light curves that are longer and shorter than the
// catalog's.
TEST(Catalog, ColumnsOfOtherTelescopes) {
  CatalogContext context = small_context();
  context.space = {
      .wise = true, .wise_apertures = true, .light_curve_width = 3, .light_curve_epochs = 4, .galex = true};
  std::vector<CatalogSource> rows = {source_at(10, 20), source_at(12, 22)};
  for (CatalogSource& row : rows) row.bands.resize(context.bands.size());
  WiseRow wise;
  wise.bands[3].flux = 7;
  wise.bands[0].apflux_ivar = {1, 2, 3, 4, 5};
  wise.bands[1].nobs = 30;
  wise.mask = {64, 2};
  wise.coadd_id = "1866p257";
  wise.x = 3.5;
  LightCurve& curve = wise.curves[1];
  curve.flux = {10, 11, 12, 13};
  curve.flux_ivar = curve.fracflux = curve.rchisq = {1, 1, 1, 1};
  curve.nobs = {9, 9, 9, 9};
  curve.mjd = {100, 200, 300, 400};
  curve.kept = {0, 3};
  rows[0].wise = wise;
  rows[1].galex.emplace().bands[1].flux = 5;
  const fits::Table t = catalog_table(rows, context);
  EXPECT_EQ(t.number("flux_w4", 0), 7);
  EXPECT_EQ(t.number("flux_w4", 1), 0);
  EXPECT_EQ(t.number("apflux_ivar_w1", 0, 4), 5);
  EXPECT_EQ(t.integer("nobs_w2", 0), 30);
  EXPECT_EQ(t.integer("wisemask_w1", 0), 64);
  EXPECT_EQ(t.text("wise_coadd_id", 0), "1866p257");
  EXPECT_EQ(t.text("wise_coadd_id", 1), "");
  EXPECT_EQ(t.number("flux_fuv", 1), 5);
  EXPECT_EQ(t.number("flux_nuv", 0), 0);
  const int index[3] = {0, 3, -1};
  const double flux[3] = {10, 13, 0}, mjd[3] = {100, 400, 0};
  for (int e = 0; e < 3; ++e) {
    EXPECT_EQ(t.integer("lc_epoch_index_w2", 0, e), index[e]);
    EXPECT_EQ(t.number("lc_flux_w2", 0, e), flux[e]);
    EXPECT_EQ(t.number("lc_mjd_w2", 0, e), mjd[e]);
    EXPECT_EQ(t.integer("lc_epoch_index_w1", 0, e), -1);
    EXPECT_EQ(t.integer("lc_epoch_index_w2", 1, e), -1);
  }
  // The intermediate catalog has all epochs, and says what its columns are.
  const fits::Table i = intermediate_table(rows, context);
  EXPECT_EQ(i.require("lc_flux_w2").width(), 4);
  EXPECT_EQ(i.number("lc_flux_w2", 0, 2), 12);
  EXPECT_EQ(i.number("lc_flux_w2", 1, 2), 0);
  EXPECT_EQ(i.integer("wise_mask", 0, 1), 2);
  EXPECT_EQ(i.require("flux_w1").description, "flux on the unWISE coadds, AB");
  EXPECT_EQ(i.require("flux_nuv").description, "flux on the GALEX fields");
  // Without them the columns are not there.
  const fits::Table plain = catalog_table(rows, small_context());
  EXPECT_FALSE(plain.has("flux_w1"));
  EXPECT_FALSE(plain.has("flux_nuv"));
}

// The page beside the table is made from it: write catalog_schema_markdown() there when this fails.
TEST(Catalog, TheSchemaPageIsTheTable) {
  std::ifstream page(std::filesystem::path(BRICKLINE_SOURCE_DIR) / "core/catalog/COLUMNS.md");
  const std::string text{std::istreambuf_iterator<char>(page), {}};
  EXPECT_EQ(text, catalog_schema_markdown());
}

// The columns of a released catalog: names, types and units in their order. Units are added where the
// reference has none, and one that is no unit in FITS's grammar is written in it.
TEST(Catalog, ColumnsAreThoseOfTheReference) {
  BRICKLINE_NEEDS_DATA("golden/testcase6");
  const auto golden = test::data_dir() / "golden/testcase6/products/tractor/110/tractor-1102p240.fits";
  CatalogContext c = small_context();
  c.brickname = "1102p240";
  c.bands = {"g", "r", "z"};
  CatalogSource row = source_at(10.5, 20.5);
  row.bands.resize(3);
  test::TemporaryDirectory dir;
  ProductSet products(dir.path());
  write_catalog({row}, c, catalog_header({}, c, {}), {},
                {dir / "tractor.fits", dir / "tractor-i.fits", dir / "sums.sha256sum"}, products);

  fits::FitsReader ours(dir / "tractor.fits"), theirs(golden);
  const fits::Header h = ours.header(1), g = theirs.header(1);
  ASSERT_EQ(h.require_integer("TFIELDS"), g.require_integer("TFIELDS"));
  for (int i = 1; i <= g.require_integer("TFIELDS"); ++i)
    for (const char* stem : {"TTYPE", "TFORM", "TUNIT"}) {
      const std::string key = stem + std::to_string(i);
      if (stem == std::string("TUNIT") && !g.has(key)) continue;
      const auto strip_one = [](std::string s) { return s.size() == 2 && s[0] == '1' ? s.substr(1) : s; };
      const std::string expected = g.text(key) == "(mas/yr)^(-2)" ? "yr^2/mas^2" : g.text(key).value_or("");
      EXPECT_EQ(strip_one(h.text(key).value_or("")), strip_one(expected)) << key;
    }
  EXPECT_EQ(h.require_text("EXTNAME"), "CATALOG");
  EXPECT_EQ(ours.header(0).require_text("PRODTYPE"), "catalog");
  EXPECT_EQ(ours.header(0).require_number("APRAD1"), 0.75);
}

// A released catalog, read as rows and written again, is the same table.
TEST(Catalog, AReleasedCatalogSurvivesTheRoundTrip) {
  BRICKLINE_NEEDS_DATA("golden/mzlsbass2");
  const fits::Table golden = test::golden_catalog("mzlsbass2");
  CatalogContext c{.profiles = GalaxyProfiles::kReference};
  std::vector<CatalogSource> rows = test::rows_of(golden, {"g", "r", "z"}, c);
  const fits::Table ours = catalog_table(rows, c);
  for (const fits::Column& column : golden.columns()) {
    if (column.name.starts_with("mw_transmission")) continue;  // worked out anew from ebv, to the last bits
    EXPECT_TRUE(test::equal_values(column, ours.require(column.name))) << column.name;
  }
}

TEST(Catalog, DerivedColumnsAreTheReferencesOwn) {
  BRICKLINE_NEEDS_DATA("golden/mzlsbass2");
  const fits::Table golden = test::golden_catalog("mzlsbass2");
  CatalogContext c{.profiles = GalaxyProfiles::kReference};
  std::vector<CatalogSource> rows = test::rows_of(golden, {"g", "r", "z"}, c);
  for (CatalogSource& row : rows) {
    row.ebv = row.nearest_neighbor = row.sersic = -1;
    row.objid = 0;
    if (row.type == CatalogType::kSer) row.sersic = 2;
  }
  CatalogGeometry geometry;
  geometry.width = geometry.height = 200;
  std::vector<CatalogSource> shuffled(rows.rbegin(), rows.rend());
  order_rows(shuffled, geometry);
  const DustMaps dust = DustMaps::read(test::data_dir() / "dust");
  finish_catalog(shuffled, geometry, {}, &dust);
  const fits::Table ours = catalog_table(shuffled, c);
  for (const char* name : {"objid", "ra", "ls_id_dr11"})
    EXPECT_TRUE(test::equal_values(golden.require(name), ours.require(name))) << name;
  for (std::int64_t i = 0; i < golden.rows(); ++i) {
    for (const char* name : {"ebv", "nearest_neighbor", "mw_transmission_g", "mw_transmission_z"})
      EXPECT_NEAR(ours.number(name, i), golden.number(name, i), 2e-6 * std::abs(golden.number(name, i)))
          << name;
    if (golden.text("type", i) == "EXP" || golden.text("type", i) == "REX" ||
        golden.text("type", i) == "DEV") {
      EXPECT_EQ(ours.number("sersic", i), golden.number("sersic", i));
    }
  }
}

TEST(Catalog, TheListOfChecksumsNamesEveryFileOnce) {
  test::TemporaryDirectory dir;
  ProductSet products(dir.path());
  products.write(dir / "coadd/a.jpg", "picture");
  const CatalogContext c = small_context();
  const CatalogPaths paths{dir / "tractor/186/tractor-1867p255.fits",
                           dir / "tractor-i/186/tractor-i-1867p255.fits",
                           dir / "tractor/186/brick-1867p255.sha256sum"};
  write_catalog({source_at(10.5, 20.5)}, c, catalog_header({}, c, {}), {}, paths, products);
  products.write(dir / "coadd/a.jpg", "another picture");
  ASSERT_EQ(products.entries().size(), 3u);
  EXPECT_EQ(products.entries()[0].path, "coadd/a.jpg");
  EXPECT_EQ(products.entries()[0].sha256, sha256_hex("another picture"));
  EXPECT_EQ(products.entries()[2].path, "tractor/186/tractor-1867p255.fits");
  EXPECT_THAT(products.checksum_list(), testing::HasSubstr(" *tractor-i/186/tractor-i-1867p255.fits\n"));
}

TEST(Catalog, TheSameRowsGiveTheSameBytes) {
  test::TemporaryDirectory dir;
  std::string digests[2];
  for (int i = 0; i < 2; ++i) {
    ProductSet products(dir / std::to_string(i));
    const CatalogContext c = small_context();
    const auto at = [&](const char* name) { return dir / std::to_string(i) / name; };
    write_catalog({source_at(10.5, 20.5)}, c, catalog_header({}, c, {{"z", 1e-4}}), {},
                  {at("tractor.fits"), at("tractor-i.fits"), at("sums")}, products);
    digests[i] = products.checksum_list();
  }
  EXPECT_EQ(digests[0], digests[1]);
}

TEST(Catalog, ACatalogWithoutRowsIsAFileToo) {
  test::TemporaryDirectory dir;
  ProductSet products(dir.path());
  const CatalogContext c = small_context();
  write_catalog({}, c, catalog_header({}, c, {}), {}, {dir / "t.fits", dir / "ti.fits", dir / "s"}, products);
  EXPECT_EQ(fits::FitsReader(dir / "t.fits").table(1).rows(), 0);
}

}  // namespace
}  // namespace brickline
