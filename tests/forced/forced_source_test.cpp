// Sources of a catalog as forced photometry reads them.
#include "core/forced/forced_source.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <string>

#include "core/base/error.h"
#include "core/catalog/catalog.h"
#include "core/fits/fits_writer.h"
#include "tests/support/collecting_log.h"
#include "tests/support/data.h"

namespace brickline {
namespace {

using testing::HasSubstr;

CatalogContext context() {
  CatalogContext c{.profiles = GalaxyProfiles::kReference};
  c.brickname = "1501p022";
  c.bands = c.survey_bands = {"g", "r"};
  c.joint = c.composites = true;
  return c;
}

CatalogSource composite() {
  CatalogSource row;
  row.type = CatalogType::kComp;
  row.ra = 150;
  row.dec = 2;
  row.shape_r = 2;
  row.shape_e1 = 0.2F;
  row.shapedev_r = 0.5F;
  row.shapedev_e2 = -0.1F;
  row.bands.resize(2);
  for (CatalogBand& b : row.bands) b.flux_ivar = 4;
  row.bands[0].flux = 10;
  row.bands[0].bulge_flux = 3;
  row.bands[1].flux = 20;
  row.bands[1].bulge_flux = 8;
  return row;
}

TEST(ForcedSource, ACompositeGalaxyComesBackFromTheCatalog) {
  const fits::Table table = catalog_table({composite()}, context());
  const ForcedSource s = forced_sources(table, "g", GalaxyProfiles::kReference).at(0);
  ASSERT_TRUE(s.model.is_composite() && s.has_profile);
  EXPECT_NEAR(std::exp(s.model.shape.log_re), 2, 1e-6);
  EXPECT_NEAR(to_ellipse(s.model.bulge->shape).re, 0.5, 1e-6);
  EXPECT_NEAR(to_ellipse(s.model.bulge->shape).e2, -0.1, 1e-6);
  ASSERT_EQ(s.model.bulge->fraction.size(), 1u);
  EXPECT_NEAR(s.model.bulge->fraction[0], 0.3, 1e-6);
  EXPECT_NEAR(*s.flux, 10, 1e-5);
  // A band that the catalog does not have: of all its bands together.
  const ForcedSource z = forced_sources(table, "z", GalaxyProfiles::kReference).at(0);
  EXPECT_NEAR(z.model.bulge->fraction[0], 11.0 / 30, 1e-6);
  // The table of sources says the same.
  const ForcedSource again =
      forced_sources(source_table({&s, 1}, "g"), "g", GalaxyProfiles::kReference).at(0);
  EXPECT_NEAR(again.model.bulge->fraction[0], 0.3, 1e-6);
  EXPECT_NEAR(to_ellipse(again.model.bulge->shape).re, 0.5, 1e-6);
}

TEST(ForcedSource, ACompositeGalaxyWithoutItsBulgeIsRefused) {
  CatalogContext without = context();
  without.composites = false;
  fits::Table table = catalog_table({composite()}, without);
  for (fits::Column& c : table.columns())
    if (c.name == "type") c.string_width = 4;
  try {
    forced_sources(table, "g", GalaxyProfiles::kReference);
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), ErrorKind::kInput);
    EXPECT_THAT(e.line(), HasSubstr("fracdev"));
  }
}

std::string refusal_of(const fits::Table& table) {
  try {
    forced_sources(table, "g", GalaxyProfiles::kReference);
    return "";
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), ErrorKind::kInput);
    return e.line();
  }
}

TEST(ForcedSource, AColumnInAnotherUnitIsRefused) {
  for (const auto& [column, unit] : {std::pair{"ra", "rad"}, {"shape_r", "deg"}, {"pmra", "arcsec/yr"}}) {
    fits::Table table = catalog_table({composite()}, context());
    EXPECT_EQ(refusal_of(table), "");
    table.find(column)->unit = unit;
    EXPECT_THAT(refusal_of(table), HasSubstr(column));
  }
}

TEST(ForcedSource, AUnitHasManySpellings) {
  fits::Table table = catalog_table({composite()}, context());
  for (const auto& [column, unit] : {std::pair{"parallax", "mas"},
                                     {"parallax", "milliarcsecond"},
                                     {"parallax", "Milliarcseconds"},
                                     {"pmra", "mas/a"},
                                     {"pmra", "mas.yr^-1"},
                                     {"pmdec", "milliarcsec/yr"},
                                     {"pmdec", "milliarcseconds per year"}}) {
    table.find(column)->unit = unit;
    EXPECT_EQ(refusal_of(table), "");
  }
}

TEST(ForcedSource, NumbersThatAreNoneAreNotMeasuredWith) {
  CatalogSource row = composite();
  row.type = CatalogType::kSer;
  row.sersic = std::nanf("");
  EXPECT_THAT(refusal_of(catalog_table({row}, context())), HasSubstr("index"));
  row.sersic = 2;
  row.bands[0].flux = std::nanf("");
  EXPECT_FALSE(forced_sources(catalog_table({row}, context()), "g", GalaxyProfiles::kReference)
                   .at(0)
                   .flux.has_value());
}

class ChosenSources : public testing::Test {
 protected:
  std::vector<ForcedSource> read(const std::vector<CatalogSource>& rows,
                                 const std::function<void(fits::Table&)>& change = {}) {
    CatalogContext plain = context();
    plain.joint = plain.composites = false;
    fits::Table table = catalog_table(rows, plain);
    if (change) change(table);
    fits::FitsWriter writer;
    writer.add_table(table);
    writer.write(file_);
    return read_chosen_sources(file_, "g", Log(log_));
  }
  static CatalogSource source(std::int32_t objid) {
    CatalogSource s = composite();
    s.type = CatalogType::kPsf;
    s.objid = objid;
    return s;
  }
  test::TemporaryDirectory scratch_;
  std::filesystem::path file_ = scratch_ / "chosen.fits";
  test::CollectingSink log_;
};

TEST_F(ChosenSources, AreThoseThatHaveAMatchEachOnce) {
  const auto sources = read({source(3), source(-1), source(4), source(3)}, [](fits::Table& table) {
    std::get<std::vector<std::string>>(table.find("type")->data)[1] = "";
  });
  ASSERT_EQ(sources.size(), 2);
  EXPECT_EQ(sources[0].objid, 3);
  EXPECT_EQ(sources[1].objid, 4);
  EXPECT_THAT(log_.warnings, testing::ElementsAre(HasSubstr("1 of 4 rows have no match (OBJID -1)"),
                                                  HasSubstr("1 of 4 rows repeat a source of a row before")));
}

TEST_F(ChosenSources, OfOneNameThatAreTwoAreRefused) {
  CatalogSource other = source(3);
  other.dec += 0.001;
  try {
    read({source(3), source(4), other});
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), ErrorKind::kInput);
    EXPECT_THAT(e.line(), HasSubstr("chosen.fits: rows 1 and 3 are both"));
  }
}

}  // namespace
}  // namespace brickline
