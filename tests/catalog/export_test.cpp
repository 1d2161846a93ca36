#include "core/catalog/export.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "core/base/error.h"

namespace brickline {
namespace {

using ::testing::HasSubstr;

fits::Table small_table() {
  fits::Table t;
  t.add("id", std::vector<std::int64_t>{1, -9000000000000000001}, "", {}, "a number");
  t.add("ra", std::vector<double>{150.1, 0.1 + 0.2}, "deg", {}, "it's a position");
  t.add("flux", std::vector<float>{1.5f, std::nanf("")}, "nanomaggies");
  t.add("apflux", std::vector<float>{1, 2.25f, 3, -std::numeric_limits<float>::infinity()}, "nanomaggies",
        {2});
  t.add("primary", std::vector<bool>{true, false});
  t.add("type", std::vector<std::string>{"PSF", ""});
  return t;
}

TEST(Ecsv, SaysTypesUnitsAndDescriptionsBeforeTheValues) {
  EXPECT_EQ(ecsv_text(small_table()),
            "# %ECSV 1.0\n"
            "# ---\n"
            "# datatype:\n"
            "# - {name: 'id', datatype: int64, description: 'a number'}\n"
            "# - {name: 'ra', unit: 'deg', datatype: float64, description: 'it''s a position'}\n"
            "# - {name: 'flux', unit: 'nanomaggies', datatype: float32}\n"
            "# - {name: 'apflux', unit: 'nanomaggies', datatype: string, subtype: 'float32[2]'}\n"
            "# - {name: 'primary', datatype: bool}\n"
            "# - {name: 'type', datatype: string}\n"
            "# schema: astropy-2.0\n"
            "id ra flux apflux primary type\n"
            "1 150.1 1.5 [1,2.25] True PSF\n"
            "-9000000000000000001 0.30000000000000004 nan [3,-Infinity] False \"\"\n");
}

TEST(Ecsv, TellsWhatHoldsForTheWholeTable) {
  EXPECT_THAT(ecsv_text(small_table(), {{"GALPROF", "SERSIC"}}),
              HasSubstr("datatype: string}\n# meta: !!omap\n# - {GALPROF: 'SERSIC'}\n# schema"));
}

fits::Table sources(const std::vector<std::string>& types) {
  const std::size_t n = types.size();
  fits::Table t;
  t.add("ra", std::vector<double>(n, 150.25));
  t.add("dec", std::vector<double>(n, -2.5));
  t.add("type", types);
  std::vector<std::int32_t> ids;
  std::vector<bool> primary;
  for (std::size_t i = 0; i < n; ++i) {
    ids.push_back(static_cast<std::int32_t>(i));
    primary.push_back(i == 0);
  }
  t.add("objid", ids);
  t.add("brick_primary", primary);
  t.add("shape_r", std::vector<float>(n, 3.0f));
  // An axis ratio of 1/2, the major axis halfway between north and east.
  t.add("shape_e1", std::vector<float>(n, 0.0f));
  t.add("shape_e2", std::vector<float>(n, 1.0f / 3));
  return t;
}

TEST(Regions, EveryTypeHasItsShape) {
  const std::string text = ds9_regions(sources({"PSF", "REX", "EXP", "DEV", "SER", "DUP", "COMP"}));
  EXPECT_EQ(
      text,
      "# Region file format: DS9 version 4.1\nicrs\n"
      "point(150.25000000,-2.50000000) # point=cross color=green text={0} tag={PSF}\n"
      "circle(150.25000000,-2.50000000,3.0000\") # color=cyan text={1} tag={REX}\n"
      "ellipse(150.25000000,-2.50000000,3.0000\",1.5000\",135.00) # color=blue text={2} tag={EXP}\n"
      "ellipse(150.25000000,-2.50000000,3.0000\",1.5000\",135.00) # color=red text={3} tag={DEV}\n"
      "ellipse(150.25000000,-2.50000000,3.0000\",1.5000\",135.00) # color=magenta text={4} tag={SER}\n"
      "point(150.25000000,-2.50000000) # point=diamond color=yellow text={5} tag={DUP}\n"
      "ellipse(150.25000000,-2.50000000,3.0000\",1.5000\",135.00) # color=orange text={6} tag={COMP}\n");
}

TEST(Regions, CanBeKeptToTheBricksOwnSources) {
  const std::string text = ds9_regions(sources({"PSF", "PSF"}), {.primary_only = true});
  EXPECT_THAT(text, HasSubstr("text={0}"));
  EXPECT_THAT(text, ::testing::Not(HasSubstr("text={1}")));
}

TEST(Regions, ATableWithoutPositionsIsRefused) {
  fits::Table t;
  t.add("flux", std::vector<float>{1});
  EXPECT_THROW(ds9_regions(t), Error);
}

TEST(Regions, APositionThatIsNoneIsRefused) {
  fits::Table t = sources({"PSF", "PSF"});
  std::get<std::vector<double>>(t.find("ra")->data)[1] = std::nan("");
  EXPECT_THROW(ds9_regions(t), Error);
}

}  // namespace
}  // namespace brickline
