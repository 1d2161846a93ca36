#include "core/survey/ccd_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <limits>
#include <sstream>

#include "core/base/error.h"
#include "core/survey/bricks.h"
#include "core/survey/ccd_selection.h"
#include "core/survey/ccd_table_geometry.h"
#include "core/survey/concatenate_tables.h"
#include "core/survey/target.h"
#include "core/survey/time.h"
#include "tests/support/collecting_log.h"
#include "tests/support/data.h"

namespace brickline {
namespace {

using test::CollectingSink;
using testing::ElementsAre;
using testing::HasSubstr;

// One CCD of 2046 x 4094 pixels about (ra, dec), with the original documentation's columns only.
fits::Table documented_table(std::vector<std::int64_t> expnums, double ra = 150.1, double dec = 2.2) {
  const std::size_t n = expnums.size();
  fits::Table t;
  t.add("camera", std::vector<std::string>(n, "somecam "));
  std::vector<std::string> files;
  for (const std::int64_t expnum : expnums) files.push_back(fmt::format("somecam/x_{}_ooi_g.fits", expnum));
  t.add("image_filename", std::move(files));
  t.add("image_hdu", std::vector<std::int16_t>(n, 3));
  t.add("expnum", std::move(expnums));
  t.add("ccdname", std::vector<std::string>(n, " N4"));
  t.add("filter", std::vector<std::string>(n, "g"));
  t.add("exptime", std::vector<float>(n, 90));
  t.add("seeing", std::vector<float>(n, 1.31f));
  t.add("zpt", std::vector<float>(n, 25.5f));
  t.add("crpix1", std::vector<float>(n, 1023.5f));
  t.add("crpix2", std::vector<float>(n, 2047.5f));
  t.add("crval1", std::vector<double>(n, ra));
  t.add("crval2", std::vector<double>(n, dec));
  t.add("cd1_1", std::vector<float>(n, -7.2777777e-5f));
  t.add("cd1_2", std::vector<float>(n, 0));
  t.add("cd2_1", std::vector<float>(n, 0));
  t.add("cd2_2", std::vector<float>(n, 7.2777777e-5f));
  t.add("width", std::vector<std::int16_t>(n, 2046));
  t.add("height", std::vector<std::int16_t>(n, 4094));
  t.add("ra", std::vector<double>(n, ra));
  t.add("dec", std::vector<double>(n, dec));
  return t;
}

SurveyDirectory survey(const char* name) {
  return SurveyDirectory::open(test::data_dir() / "surveys" / name);
}

TEST(CcdTable, TheDocumentedColumnsAreEnoughAndDefaultsAreTold) {
  CollectingSink sink;
  const CcdTable ccds =
      CcdTable::from_tables({{"survey-ccds-1.fits.gz", documented_table({7, 8})}}, Log(sink));
  const CcdRow r = ccds.row(1);
  EXPECT_EQ(r.camera, "somecam");
  EXPECT_EQ(r.ccdname, "N4");
  EXPECT_EQ(r.band, "g");
  EXPECT_EQ(r.expnum, 8);
  EXPECT_EQ(r.name(), "8-N4");
  EXPECT_NEAR(r.psf_fwhm, 5.0, 1e-5);
  EXPECT_NEAR(r.seeing_arcsec(), 1.31, 1e-6);
  EXPECT_EQ(r.ccdzpt, 25.5);
  EXPECT_TRUE(r.sig1_from_weights());
  EXPECT_EQ(r.mjd_obs, 0);
  EXPECT_EQ(r.ccdraoff, 0);
  EXPECT_EQ(r.ccd_cuts, 0);
  EXPECT_EQ(r.plver, "");
  for (const char* what : {"no column fwhm; taken from seeing", "no column ccdzpt; taken from zpt",
                           "no column sig1", "no column mjd_obs", "ccdraoff", "ccd_cuts", "propid", "plver"})
    EXPECT_THAT(sink.warnings, testing::Contains(HasSubstr(what)).Times(1)) << what;
  EXPECT_EQ(sink.warnings.size(), 8u);
  EXPECT_TRUE(ccds.table().has("fwhm"));
  const CcdValues values = ccd_values(r);
  EXPECT_EQ(values.ccdname, "N4");
  EXPECT_TRUE(std::isnan(values.mjd_obs));
  EXPECT_TRUE(std::isnan(values.sig1));
}

TEST(CcdTable, MissingColumnsAreAllNamed) {
  fits::Table t = documented_table({1});
  for (const char* name : {"zpt", "cd1_2", "expnum"})
    std::erase_if(t.columns(), [&](const fits::Column& c) { return c.name == name; });
  try {
    CcdTable::from_tables({{"dir/survey-ccds-1.fits.gz", t}});
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), ErrorKind::kInput);
    EXPECT_EQ(e.line(),
              "dir/survey-ccds-1.fits.gz: the CCD table lacks the columns expnum, cd1_2, ccdzpt (or zpt)");
  }
}

TEST(CcdTable, AnEmptyTableIsAnError) {
  try {
    CcdTable::from_tables({{"survey-ccds-1.fits.gz", documented_table({})}});
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.line(), "survey-ccds-1.fits.gz: the CCD table is empty");
  }
  CollectingSink sink;
  const CcdTable ccds = CcdTable::from_tables(
      {{"a.fits.gz", documented_table({})}, {"b.fits.gz", documented_table({3})}}, Log(sink));
  EXPECT_EQ(ccds.rows(), 1);
  EXPECT_EQ(ccds.file_of(0), "b.fits.gz");
  EXPECT_THAT(sink.warnings, testing::Contains("a.fits.gz: the CCD table is empty"));
}

TEST(CcdTable, ASurveyWithoutTablesIsAnError) {
  test::TemporaryDirectory dir;
  try {
    CcdTable::read(SurveyDirectory::open(dir.path()));
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), ErrorKind::kInput);
    EXPECT_THAT(e.line(), HasSubstr("no survey-ccds"));
  }
}

TEST(CcdTable, ZerosThatFillAGapAreKnownFromZerosThatWereThere) {
  fits::Table with = documented_table({1}), without = documented_table({2});
  with.add("ccd_cuts", std::vector<std::int32_t>{4});
  with.add("plver", std::vector<std::string>{"V5.1"});
  with.add("fwhm", std::vector<float>{3.25f});
  const CcdTable ccds = CcdTable::from_tables({{"a.fits.gz", with}, {"b.fits.gz", without}});
  EXPECT_EQ(ccds.table().integer("ccd_cuts", 1), 0);
  EXPECT_TRUE(ccds.was_present("ccd_cuts", 0));
  EXPECT_FALSE(ccds.was_present("ccd_cuts", 1));
  EXPECT_EQ(ccds.row(0).plver, "V5.1");
  EXPECT_EQ(ccds.row(1).plver, "");
  EXPECT_EQ(ccds.row(0).psf_fwhm, 3.25);
  EXPECT_NEAR(ccds.row(1).psf_fwhm, 5.0, 1e-5);  // of its own seeing, not a filled-in zero
  EXPECT_FALSE(ccds.was_present("fwhm", 1));
  EXPECT_EQ(ccds.describe(1), "b.fits.gz row 1 (2-N4)");
}

TEST(CcdTable, ACcdOfSeveralTablesCountsOnce) {
  CollectingSink sink;
  const CcdTable ccds = CcdTable::from_tables(
      {{"a.fits.gz", documented_table({1, 2})}, {"b.fits.gz", documented_table({2, 3})}}, Log(sink));
  EXPECT_EQ(ccds.rows(), 3);
  EXPECT_EQ(ccds.describe(2), "b.fits.gz row 2 (3-N4)");
  EXPECT_THAT(sink.warnings,
              testing::Contains(HasSubstr("b.fits.gz: 1 of 2 CCDs are in a table read before")));
}

TEST(ConcatenateTables, FillsWidensAndPromotes) {
  fits::Table a, b;
  a.add("name", std::vector<std::string>{"ab", "c"});
  a.columns()[0].string_width = 2;
  a.add("count", std::vector<std::int16_t>{1, 2});
  a.add("sigma", std::vector<float>{0.5f, 0.25f});
  b.add("SIGMA", std::vector<double>{0.1});
  b.add("focus", std::vector<float>{0.952f, 0.927f, 0.93198f}, "", {3});
  b.add("count", std::vector<std::int64_t>{std::int64_t{1} << 40});
  b.add("name", std::vector<std::string>{"defgh"});
  b.columns()[3].string_width = 7;
  b.add("shift", std::vector<bool>{true});
  const fits::Table t = concatenate_tables({{"a", a}, {"b", b}});
  std::vector<std::string> names;
  for (const auto& c : t.columns()) names.push_back(c.name);
  EXPECT_THAT(names, ElementsAre("name", "count", "sigma", "focus", "shift"));
  EXPECT_EQ(t.rows(), 3);
  EXPECT_TRUE(std::holds_alternative<std::vector<std::int64_t>>(t.require("count").data));
  EXPECT_TRUE(std::holds_alternative<std::vector<double>>(t.require("sigma").data));
  EXPECT_EQ(t.require("name").string_width, 7);
  EXPECT_EQ(t.integer("count", 2), std::int64_t{1} << 40);
  EXPECT_EQ(t.number("sigma", 1), 0.25);
  EXPECT_EQ(t.number("sigma", 2), 0.1);
  EXPECT_EQ(t.number("focus", 0, 2), 0);
  EXPECT_FLOAT_EQ(static_cast<float>(t.number("focus", 2, 2)), 0.93198f);
  EXPECT_FALSE(t.logical("shift", 1));
  EXPECT_TRUE(t.logical("shift", 2));
}

TEST(ConcatenateTables, RefusesColumnsThatAreNotTheSameThing) {
  fits::Table a, b, c;
  a.add("x", std::vector<float>{1});
  b.add("x", std::vector<std::string>{"1"});
  c.add("x", std::vector<float>{1, 2}, "", {2});
  EXPECT_THROW(concatenate_tables({{"a", a}, {"b", b}}), Error);
  EXPECT_THROW(concatenate_tables({{"a", a}, {"c", c}}), Error);
}

TEST(ConcatenateTables, BlanksStayBlankAndWhatCannotBeReadStaysNamed) {
  const auto numbers = [](std::vector<std::int16_t> values, std::optional<std::int64_t> blank) {
    fits::Table t;
    t.add("n", std::move(values));
    t.find("n")->blank = blank;
    return t;
  };
  const fits::Table joined = concatenate_tables({{"a", numbers({1, -9}, -9)}, {"b", numbers({3, -1}, -1)}});
  EXPECT_EQ(joined.integer("n", 2), 3);
  EXPECT_TRUE(std::isnan(joined.number("n", 1)));
  EXPECT_TRUE(std::isnan(joined.number("n", 3)));
  EXPECT_THROW(joined.integer("n", 3), Error);
  // A number of one table that stands for none in another cannot stay both.
  EXPECT_THROW(concatenate_tables({{"a", numbers({1}, -9)}, {"b", numbers({-9}, std::nullopt)}}), Error);
  fits::Table reals;
  reals.add("n", std::vector<float>{2.5F});
  const fits::Table mixed = concatenate_tables({{"a", numbers({1, -9}, -9)}, {"b", reals}});
  EXPECT_TRUE(std::isnan(mixed.number("n", 1)));
  EXPECT_EQ(mixed.number("n", 2), 2.5);

  fits::Table unreadable;
  unreadable.set_rows(1);
  unreadable.add_unreadable("N", "its type is unknown");
  for (const auto& tables : {std::vector<NamedTable>{{"a", unreadable}, {"b", numbers({1}, {})}},
                             std::vector<NamedTable>{{"b", numbers({1}, {})}, {"a", unreadable}}}) {
    const fits::Table both = concatenate_tables(tables);
    EXPECT_EQ(both.rows(), 2);
    EXPECT_TRUE(both.has("n"));
    try {
      both.number("n", 0);
      ADD_FAILURE() << "read as a number";
    } catch (const Error& error) {
      EXPECT_THAT(error.message(), HasSubstr("its type is unknown (in a)"));
    }
  }
}

TEST(CcdTable, UnitsThatAreNotTakenAsSuchAreTold) {
  fits::Table t = documented_table({7});
  t.find("ra")->unit = "deg";
  t.find("exptime")->unit = "min";
  CollectingSink sink;
  CcdTable::from_tables({{"survey-ccds-1.fits.gz", t}}, Log(sink));
  EXPECT_THAT(sink.warnings,
              testing::Contains(HasSubstr("column exptime of the CCD table is in 'min'; its values are "
                                          "taken as seconds")));
  EXPECT_THAT(sink.warnings, testing::Not(testing::Contains(HasSubstr("column ra"))));
}

TEST(CcdTable, ColumnsThatCannotBeReadAreNeverGone) {
  CollectingSink sink;
  fits::Table t = documented_table({7});
  t.add_unreadable("Notes", "its type is unknown");
  CcdTable::from_tables({{"survey-ccds-1.fits.gz", t}}, Log(sink));
  EXPECT_THAT(
      sink.warnings,
      testing::Contains(HasSubstr("column Notes of the CCD table cannot be read: its type is unknown")));
  t.add_unreadable("CCD_CUTS", "it is too long");
  try {
    CcdTable::from_tables({{"survey-ccds-1.fits.gz", t}});
    ADD_FAILURE() << "used without its cuts";
  } catch (const Error& error) {
    EXPECT_THAT(error.line(),
                HasSubstr("survey-ccds-1.fits.gz: column CCD_CUTS of the CCD table cannot be read"));
  }
}

TEST(CcdTable, RealTablesOfTwoSurveysJoin) {
  BRICKLINE_NEEDS_DATA("surveys/mzlsbass2");
  test::TemporaryDirectory dir;
  std::filesystem::copy(test::data_dir() / "surveys/testcase6/survey-ccds-1.fits.gz",
                        dir / "survey-ccds-a.fits.gz");
  std::filesystem::copy(test::data_dir() / "surveys/mzlsbass2/survey-ccds-1.fits.gz",
                        dir / "survey-ccds_c.fits.gz");
  const CcdTable ccds = CcdTable::read(SurveyDirectory::open(dir.path()));
  EXPECT_EQ(ccds.rows(), 9);
  EXPECT_EQ(ccds.files().size(), 2u);
  EXPECT_EQ(ccds.table().columns().size(), 46u);
  EXPECT_EQ(ccds.table().require("camera").string_width, 7);
  EXPECT_EQ(ccds.table().require("image_filename").string_width, 64);
  EXPECT_TRUE(std::holds_alternative<std::vector<std::int64_t>>(ccds.table().require("ccd_cuts").data));
  EXPECT_EQ(ccds.row(0).expnum, 802955);
  EXPECT_EQ(ccds.row(5).ccdname, "S4");
  EXPECT_THAT((std::vector{ccds.row(6).expnum, ccds.row(7).expnum, ccds.row(8).expnum}),
              testing::UnorderedElementsAre(78730103, 81900110, 77690));
}

TEST(CcdTable, AKdTableIsReadByItsFirstExtension) {
  BRICKLINE_NEEDS_DATA("surveys/testcase9");
  const CcdTable ccds = CcdTable::read(survey("testcase9"));
  EXPECT_EQ(ccds.rows(), 3);
  ASSERT_EQ(ccds.find(372546).size(), 1u);
  EXPECT_EQ(ccds.row(ccds.find(372546)[0]).ccdname, "N26");
  EXPECT_TRUE(ccds.find(372546, "N27").empty());
  const Target target = make_custom_target(9.1228, 3.3975, {.width = 100, .height = 100});
  const CcdSelection selection = select_ccds(ccds, target.wcs);
  ASSERT_EQ(selection.ccds.size(), 3u);
  EXPECT_EQ(selection.ccds[0].name(), "372546-N26");
  EXPECT_EQ(selection.ccds[2].name(), "257266-S21");
}

TEST(CcdSelection, FindsTheCcdsWhoseOutlinesTouch) {
  BRICKLINE_NEEDS_DATA("surveys/testcase6");
  const CcdTable ccds = CcdTable::read(survey("testcase6"));
  double largest = 0;
  for (const CcdGeometry& ccd : geometries(ccds.table())) largest = std::max(largest, ccd.radius());
  EXPECT_NEAR(largest, 0.005204706, 1e-8);
  const Brick brick = BrickTiling().brick_at(110.3, 23.95);
  const auto target = [&](Box zoom) { return make_target(brick, {.zoom = zoom}).wcs; };
  const auto rows = [](std::initializer_list<std::int64_t> r) { return std::vector<std::int64_t>(r); };
  const auto all = rows({0, 1, 2, 3, 4, 5});
  EXPECT_EQ(ccds_touching(ccds, make_target(brick).wcs), all);
  EXPECT_EQ(ccds_touching(ccds, target({500, 600, 650, 750})), all);
  EXPECT_EQ(ccds_touching(ccds, target({400, 500, 600, 700})), rows({0, 1, 2}));
  EXPECT_EQ(ccds_touching(ccds, target({600, 700, 700, 800})), rows({3, 4, 5}));
  EXPECT_TRUE(ccds_touching(ccds, target({0, 100, 0, 100})).empty());
  EXPECT_TRUE(ccds_touching(ccds, target({3500, 3600, 0, 100})).empty());
  std::vector<std::string> names;
  for (const CcdRow& r : ccds.rows_of(all)) names.push_back(r.name() + " " + r.band);
  EXPECT_THAT(names, ElementsAre("802955-S9 g", "803291-S9 r", "803277-S9 z", "790643-S4 g", "695773-S4 r",
                                 "396388-S4 z"));
}

TEST(CcdSelection, OfWholeBricksCountsWhatTheReferenceCounts) {
  BRICKLINE_NEEDS_DATA("surveys/testcase3");
  struct Check {
    const char* name;
    std::size_t touching;
  };
  for (const Check& c : {Check{"testcase3", 8}, Check{"testcase4", 1}, Check{"testcase7", 1},
                         Check{"testcase9", 3}, Check{"mzlsbass2", 3}}) {
    const Wcs target = make_target(BrickTable::read(survey(c.name)).bricks()[0]).wcs;
    const CcdTable all = CcdTable::read(survey(c.name)), near = CcdTable::read_near(survey(c.name), target);
    EXPECT_EQ(ccds_touching(all, target).size(), c.touching) << c.name;
    EXPECT_EQ(ccds_touching(near, target).size(), c.touching) << c.name;
  }
}

TEST(CcdTable, DatesInTaiAreThoseOfTheReference) {
  BRICKLINE_NEEDS_DATA("surveys/testcase3");
  std::ifstream file(std::filesystem::path(BRICKLINE_SOURCE_DIR) / "tests/wcs/survey_images.txt");
  int checked = 0;
  for (std::string line; std::getline(file, line);) {
    std::istringstream in(line);
    const std::vector<std::string> words{std::istream_iterator<std::string>(in), {}};
    if (words.empty() || words[0] == "#" || !std::filesystem::exists(test::data_dir() / "surveys" / words[0]))
      continue;
    const CcdTable ccds = CcdTable::read(survey(words[0].c_str()));
    const auto rows = ccds.find(std::stoll(words[1]), words[2]);
    ASSERT_EQ(rows.size(), 1u) << line;
    EXPECT_NEAR(mjd_tai(ccds.row(rows[0]).mjd_obs), std::stod(words.back()), 2e-9) << line;
    ++checked;
  }
  EXPECT_GE(checked, 20);
}

class SelectionOfMadeUpCcds : public testing::Test {
 protected:
  fits::Table table_ = documented_table({1, 2, 3, 4});
  Wcs target_ = make_custom_target(150.1, 2.2, {.width = 300, .height = 300}).wcs;
  std::vector<std::int64_t> selected(const CcdSelectionOptions& options = {}) {
    std::vector<std::int64_t> expnums;
    for (const CcdRow& r : select_ccds(CcdTable::from_tables({{"x.fits.gz", table_}}), target_, options).ccds)
      expnums.push_back(r.expnum);
    return expnums;
  }
  std::string failure() {
    try {
      selected();
    } catch (const Error& e) {
      EXPECT_EQ(e.kind(), ErrorKind::kInput);
      return e.line();
    }
    return "";
  }
};

TEST_F(SelectionOfMadeUpCcds, LeavesOutCutsBandsAndDates) {
  table_.add("filter", std::vector<std::string>{"g", "r", "g", "i"});
  table_.add("ccd_cuts", std::vector<std::int32_t>{0, 0, 8, 0});
  table_.add("mjd_obs", std::vector<double>{56000, 57000, 57000, 58000});
  EXPECT_THAT(selected(), ElementsAre(1, 2));
  EXPECT_THAT(selected({.bands = {"i", "r"}}), ElementsAre(2, 4));
  EXPECT_THAT(selected({.bands = {"g", "r", "i"}, .min_mjd = 57000}), ElementsAre(2, 4));
  EXPECT_THAT(selected({.bands = {"g", "r", "i"}, .max_mjd = 57000}), ElementsAre(1, 2));
}

TEST_F(SelectionOfMadeUpCcds, SaysWhyThereIsNothingToDo) {
  const CcdTable ccds = CcdTable::from_tables({{"x.fits.gz", table_}});
  EXPECT_EQ(select_ccds(ccds, make_custom_target(10, 10, {.width = 30, .height = 30}).wcs).nothing,
            "no CCDs touching the brick");
  EXPECT_THAT(
      select_ccds(ccds, target_, {.bands = {"Y"}}).nothing,
      testing::MatchesRegex("no photometric CCDs touching the brick \\([0-9]+ left out, the first .*"));
  EXPECT_EQ(select_ccds(ccds, target_).nothing, "");
}

TEST_F(SelectionOfMadeUpCcds, TakesBandsWrittenAsOneWordForAMistake) {
  table_.add("filter", std::vector<std::string>{"g", "r", "g", "i"});
  const CcdTable ccds = CcdTable::from_tables({{"x.fits.gz", table_}});
  EXPECT_THAT([&] { select_ccds(ccds, target_, {.bands = {"gri"}}); },
              ThrowsMessage<Error>(HasSubstr("'gri'; between bands there are commas: g,r,i")));
  EXPECT_NE(select_ccds(ccds, target_, {.bands = {"gY"}}).nothing, "");
}

TEST_F(SelectionOfMadeUpCcds, ARowThatCannotBeUsedIsNamed) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  table_.add("zpt", std::vector<float>{25, 25, nan, 25});
  EXPECT_EQ(failure(), "x.fits.gz row 3 (3-N4): the zero point ccdzpt is nan");
  table_.add("filter", std::vector<std::string>{"g", "g", "i", "g"});
  EXPECT_EQ(failure(), "");  // a row that the run does not use may be as it likes
  table_.add("filter", std::vector<std::string>{"g", "", "i", "g"});
  EXPECT_EQ(failure(),
            "x.fits.gz row 2 (2-N4): its band (column filter) is empty");  // which of them may be its own
  table_.add("filter", std::vector<std::string>{"g", "g", "i", "g"});
  table_.add("exptime", std::vector<float>{90, 0, 90, 90});
  EXPECT_EQ(failure(), "x.fits.gz row 2 (2-N4): exptime is 0");
  table_.add("exptime", std::vector<float>{90, 90, 90, 90});
  table_.add("seeing", std::vector<float>{1, 1, 1, nan});
  EXPECT_EQ(failure(), "x.fits.gz row 4 (4-N4): fwhm is nan");
}

TEST_F(SelectionOfMadeUpCcds, ARowWithoutAPlaceIsNamedOnlyWhereItIsWanted) {
  constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
  const auto set = [&](const char* column, std::size_t row, auto value) {
    std::get<std::vector<decltype(value)>>(table_.find(column)->data)[row] = value;
  };
  set("width", 2, std::int16_t{0});
  EXPECT_EQ(failure(), "x.fits.gz row 3 (3-N4): width is 0 pixels");
  table_.add("ccd_cuts", std::vector<std::int32_t>{0, 0, 1, 0});
  EXPECT_EQ(failure(), "");
  EXPECT_THAT(selected(), ElementsAre(1, 2, 4));
  set("cd1_1", 1, 0.F);
  EXPECT_THAT(failure(), HasSubstr("x.fits.gz row 2 (2-N4): the matrix cd1_1 ... cd2_2 (0, 0, 0,"));
  set("cd1_1", 1, -7.2777777e-5F);
  set("dec", 3, kNan);
  EXPECT_EQ(failure(), "x.fits.gz row 4 (4-N4): dec is nan");
  set("dec", 3, 2.2);
  set("ra", 3, 151.1);  // the WCS says 150.1
  EXPECT_THAT(failure(),
              HasSubstr("row 4 (4-N4): ra, dec are 151.100000, 2.200000, but the middle by crval"));
  // Far away by all that is known, or of unknown place: left out and counted.
  set("crval1", 3, 151.1);
  set("height", 3, std::int16_t{-5});
  set("ra", 0, kNan), set("crval1", 0, kNan);
  CollectingSink sink;
  const CcdSelection s = select_ccds(CcdTable::from_tables({{"x.fits.gz", table_}}), target_, {}, Log(sink));
  ASSERT_EQ(s.ccds.size(), 1u);
  EXPECT_EQ(s.ccds[0].expnum, 2);
  EXPECT_THAT(sink.warnings, testing::Contains(HasSubstr(
                                 "2 CCDs whose rows are unusable, and not known to be near, are left "
                                 "out (the first: x.fits.gz row 1 (1-N4): ra is nan)")));
}

TEST_F(SelectionOfMadeUpCcds, TellsWhatWillBeRead) {
  CollectingSink sink;
  const CcdTable ccds = CcdTable::from_tables({{"x.fits.gz", table_}});
  const CcdSelection s = select_ccds(ccds, target_, {}, Log(sink));
  // Pixels of equal scale: the target's 300 x 300, bounds rounded outward.
  EXPECT_NEAR(static_cast<double>(s.pixels), 4 * 300 * 300, 4 * 4 * 300);
  EXPECT_THAT(sink.infos,
              testing::Contains("4 CCDs are wanted; 0.4 million pixels will be read, which take 4 MB "
                                "as images"));
}

class RepeatedCcds : public testing::Test {
 protected:
  CcdTable read(const fits::Table& table) {
    return CcdTable::from_tables({{"x.fits.gz", table}}, Log(sink_));
  }
  std::string failure(const fits::Table& table) {
    try {
      read(table);
    } catch (const Error& e) {
      EXPECT_EQ(e.kind(), ErrorKind::kInput);
      return e.line();
    }
    return "";
  }
  std::vector<std::string> repeated() const {
    std::vector<std::string> found;
    for (const std::string& w : sink_.warnings)
      if (w.find("repeat") != std::string::npos) found.push_back(w);
    return found;
  }
  CollectingSink sink_;
};

TEST_F(RepeatedCcds, OfOneTableCountOnce) {
  const CcdTable ccds = read(documented_table({7, 8, 7, 9, 7}));
  EXPECT_EQ(ccds.rows(), 3);
  EXPECT_EQ(ccds.describe(2), "x.fits.gz row 4 (9-N4)");
  EXPECT_THAT(repeated(),
              ElementsAre("x.fits.gz: 2 of 5 rows repeat a CCD (the first: 7-N4) and are left out"));
}

TEST_F(RepeatedCcds, TheOneThatIsNotCutCounts) {
  fits::Table table = documented_table({7, 7, 8});
  table.add("ccd_cuts", std::vector<std::int32_t>{16, 0, 0});
  table.add("zpt", std::vector<float>{24, 25, 25});
  const CcdTable ccds = read(table);
  ASSERT_EQ(ccds.rows(), 2);
  EXPECT_EQ(ccds.row(0).ccdzpt, 25);
  EXPECT_EQ(ccds.describe(0), "x.fits.gz row 2 (7-N4)");
  EXPECT_THAT(repeated(), ElementsAre());
}

TEST_F(RepeatedCcds, ThatDifferInWhatIsMeasuredWithAreRefused) {
  fits::Table table = documented_table({7, 8, 7});
  table.add("zpt", std::vector<float>{25, 25, 25.5});
  table.add("object", std::vector<std::string>{"a", "b", "c"});  // nothing is measured with that
  EXPECT_EQ(
      failure(table),
      "x.fits.gz: rows 1 and 3 are both 7-N4 and differ in ccdzpt (25 and 25.5); remove one, or cut it by "
      "ccd_cuts");
}

TEST_F(RepeatedCcds, OnePlaceOfOneFileIsOneExposure) {
  fits::Table table = documented_table({7, 8});
  table.add("image_filename", std::vector<std::string>{"a.fits", "a.fits"});
  EXPECT_EQ(
      failure(table),
      "x.fits.gz: rows 1 (7-N4) and 2 (8-N4) name the same pixels, a.fits HDU 3; remove one, or cut it by "
      "ccd_cuts");
  table.add("image_hdu", std::vector<std::int16_t>{3, 4});
  EXPECT_EQ(failure(table), "");
}

TEST_F(RepeatedCcds, WithoutNamesOrNumbersAreToldApartByFileAndHdu) {
  fits::Table table = documented_table({0, 0, 5, 5});
  table.add("image_filename", std::vector<std::string>{"a.fits", "b.fits", "c.fits", "c.fits"});
  table.add("ccdname", std::vector<std::string>{"", "", "", ""});
  table.add("image_hdu", std::vector<std::int16_t>{1, 1, 1, 2});
  EXPECT_EQ(read(table).rows(), 4);
}

TEST_F(SelectionOfMadeUpCcds, BandsKeepTheOrderWanted) {
  table_.add("filter", std::vector<std::string>{"g", "z", "g", "i"});
  const CcdTable ccds = CcdTable::from_tables({{"x.fits.gz", table_}});
  EXPECT_THAT(bands_present({"z", "r", "g"}, ccds.rows_of({0, 1, 2, 3})), ElementsAre("z", "g"));
}

}  // namespace
}  // namespace brickline
