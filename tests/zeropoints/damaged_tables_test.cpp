// Tables of CCDs that lack or repeat something: what make-ccds' cuts and choices make of them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <limits>
#include <string>
#include <vector>

#include "core/base/error.h"
#include "core/fits/fits_reader.h"
#include "core/fits/fits_writer.h"
#include "core/zeropoints/depth_policy.h"
#include "core/zeropoints/star_catalogs.h"
#include "tests/support/run_program.h"

namespace brickline {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::ContainsRegex;
using testing::HasSubstr;

// CCDs of 2046 x 4094 pixels at RA 150.125, Dec 2.25.
struct MadeUp {
  std::int64_t expnum;
  std::string ccdname, band = "g", camera = "decam", reason = {};
  double sig1 = 0.004;
};
fits::Table table_of(const std::vector<MadeUp>& ccds) {
  fits::Table t;
  const std::size_t n = ccds.size();
  const auto all = [&](const char* name, double value) { t.add(name, std::vector<double>(n, value)); };
  std::vector<std::string> camera, image, ccdname, band, reason;
  std::vector<std::int64_t> expnum;
  std::vector<double> sig1, ccdzpt;
  for (const MadeUp& ccd : ccds) {
    camera.push_back(ccd.camera);
    image.push_back("a/" + std::to_string(image.size()) + ".fits");
    ccdname.push_back(ccd.ccdname);
    band.push_back(ccd.band);
    reason.push_back(ccd.reason);
    expnum.push_back(ccd.expnum);
    sig1.push_back(ccd.sig1);
    ccdzpt.push_back(ccd.reason.empty() ? 25.1 : std::numeric_limits<double>::quiet_NaN());
  }
  t.add("camera", camera);
  t.add("image_filename", image);
  t.add("ccdname", ccdname);
  t.add("filter", band);
  t.add("err_message", reason);
  t.add("expnum", expnum);
  t.add("image_hdu", std::vector<std::int32_t>(n, 1));
  t.add("ccd_cuts", std::vector<std::int32_t>(n, 0));
  t.add("sig1", sig1);
  t.add("ccdzpt", ccdzpt);
  for (const auto& [name, value] : {std::pair{"exptime", 100.},
                                    {"width", 2046},
                                    {"height", 4094},
                                    {"crpix1", 1023.5},
                                    {"crpix2", 2047.5},
                                    {"crval1", 150.125},
                                    {"crval2", 2.25},
                                    {"cd1_1", -7.3e-5},
                                    {"cd1_2", 0},
                                    {"cd2_1", 0},
                                    {"cd2_2", 7.3e-5},
                                    {"ra", 150.125},
                                    {"dec", 2.25},
                                    {"fwhm", 4.5},
                                    {"galnorm_mean", 0.1},
                                    {"mjd_obs", 58000}})
    all(name, value);
  return t;
}

class DamagedTables : public testing::Test {
 protected:
  std::string write(const std::string& name, const fits::Table& table) const {
    fits::Header header;
    header.set("NIGHT", "of the table");
    fits::FitsWriter writer;
    writer.add_table(table, "CCDS", header);
    writer.write(scratch_ / name);
    return (scratch_ / name).string();
  }
  test::ProgramResult run(std::vector<std::string> words) const {
    words.insert(words.end(), {"--plugin-dir", test::built_plugins().string()});
    return test::run_program(test::program("make-ccds"), words, {{"LEGACY_SURVEY_DIR", ""}});
  }
  test::TemporaryDirectory scratch_;
};

TEST_F(DamagedTables, AreCutWithRowsThatWereNeverReadAndKeepTheirCards) {
  const std::string file =
      write("a.fits", table_of({{11, "S4"}, {-1, "", "", "", "it lacks EXPTIME"}, {0, "S4"}, {0, "S4"}}));
  const test::ProgramResult cut = run({"cut", file, "--good-ccd-fraction", "0.01"});
  ASSERT_EQ(cut.exit_code, 0) << cut.err;
  EXPECT_THAT(cut.out, ContainsRegex("err_legacyzpts +1\n"));
  fits::FitsReader reader(file);
  const fits::Table made = reader.table(1);
  EXPECT_EQ(made.integer("ccd_cuts", 1), 1);
  EXPECT_EQ(reader.header(1).text("NIGHT").value_or(""), "of the table");
  EXPECT_EQ(reader.header(1).text("EXTNAME").value_or(""), "CCDS");
  // Whatever else cuts these, they are of no exposure.
  constexpr std::int64_t kTooManyBadCcds = 0x8000;
  for (const std::int64_t i : {2, 3}) EXPECT_EQ(made.integer("ccd_cuts", i) & kTooManyBadCcds, 0);
}

TEST_F(DamagedTables, WithACcdTwiceAreRefusedByItsRow) {
  const fits::Table two = table_of({{11, "S4"}, {12, "S4"}});
  const test::ProgramResult cut = run({"cut", write("a.fits", two.select({0, 1, 0}))});
  EXPECT_EQ(cut.exit_code, 3) << cut.err;
  EXPECT_THAT(cut.err, AllOf(HasSubstr("row 3"), HasSubstr("a/0.fits")));
}

TEST_F(DamagedTables, AreNotJoinedWithThoseOfOtherUnitsButWithOtherSpellings) {
  fits::Table one = table_of({{11, "S4"}}), other = table_of({{12, "S5"}});
  one.add("ccdraoff", std::vector<float>{0.1F}, "arcsec");
  one.add("crpix1", std::vector<double>{7}, "pix");
  other.add("CCDRAOFF", std::vector<float>{0.1F}, "arcsec");
  other.add("crpix1", std::vector<double>{7}, "pixel");
  const std::string file = write("one.fits", one);
  const auto merge = [&](const std::string& out, const std::string& with) {
    return test::run_program(test::program("make-ccds"), {"merge", (scratch_ / out).string(), file, with});
  };
  const test::ProgramResult whole = merge("whole.fits", write("other.fits", other));
  EXPECT_EQ(whole.exit_code, 0) << whole.err;
  other.add("CCDRAOFF", std::vector<float>{0.1F}, "deg");
  const test::ProgramResult mixed = merge("mixed.fits", write("degrees.fits", other));
  EXPECT_EQ(mixed.exit_code, 3);
  EXPECT_THAT(mixed.err, AllOf(HasSubstr("degrees.fits"), HasSubstr("'deg'"), HasSubstr("'arcsec'"),
                               HasSubstr("one.fits")));
  EXPECT_FALSE(fs::exists(scratch_ / "mixed.fits"));
  other.add("CCDRAOFF", std::vector<float>{0.1F}, "pix");  // which nothing converts
  const test::ProgramResult unlike = merge("unlike.fits", write("pixels.fits", other));
  EXPECT_EQ(unlike.exit_code, 3);
  EXPECT_THAT(unlike.err, AllOf(HasSubstr("pixels.fits"), HasSubstr("'pix'"), HasSubstr("'arcsec'")));
}

TEST_F(DamagedTables, ThatLackColumnsOfOthersAreTold) {
  fits::Table one = table_of({{11, "S4"}}), other = table_of({{12, "S5"}});
  one.add("ccdzpt_error", std::vector<float>{0.01F}, "mag");
  one.add("zpt", std::vector<double>{25}, "mag");
  other.add("ZPT", std::vector<double>{25}, "mag");
  const test::ProgramResult joined = test::run_program(
      test::program("make-ccds"),
      {"merge", (scratch_ / "joined.fits").string(), write("one.fits", one), write("other.fits", other)});
  EXPECT_EQ(joined.exit_code, 0) << joined.err;
  EXPECT_THAT(joined.err, AllOf(HasSubstr("other.fits"), HasSubstr("lacks the columns ccdzpt_error:"),
                                Not(HasSubstr("one.fits"))));
}

TEST_F(DamagedTables, TellHowManyCcdsNothingCutsAnyMoreOfRulesThatAreNotLookedAt) {
  fits::Table table = table_of({{11, "S4"}, {12, "S4"}, {13, "S4"}, {14, "S4"}});
  table.add("psfdepth", std::vector<double>(4, 24));
  const auto told_of = [&](const std::vector<std::int32_t>& cuts, std::vector<std::string> words) {
    table.add("ccd_cuts", cuts);
    const std::string file = write("a.fits", table);
    words.insert(words.begin(),
                 {"cut", file, "--omit", "radecrms,seeing_bad,zpt_small,phrms,plver,badexp_file"});
    const test::ProgramResult cut = run(words);
    EXPECT_EQ(cut.exit_code, 0) << cut.err;
    return cut.out;
  };
  constexpr std::int32_t kDepth = 0x4000, kBadCcds = 0x8000;
  EXPECT_THAT(told_of({kBadCcds, kDepth, kBadCcds, kBadCcds}, {"--good-ccd-fraction", "0"}),
              AllOf(HasSubstr("\n1 CCDs had been cut"), HasSubstr("(depth_cut)")));
  EXPECT_THAT(told_of({kBadCcds, kBadCcds, 0, 0}, {"--good-ccd-fraction", "0"}),
              Not(HasSubstr("had been cut")));
  std::ofstream(scratch_ / "policy.json") << R"({"steps": [{"group": "image_filename", "keep": 1}]})";
  EXPECT_THAT(told_of({kBadCcds, kDepth, kDepth, 0}, {"--depth-policy", (scratch_ / "policy.json").string(),
                                                      "--annotated", (scratch_ / "a.fits").string()}),
              AllOf(HasSubstr("\n1 CCDs had been cut"), HasSubstr("(too_many_bad_ccds)")));
}

TEST_F(DamagedTables, AreNotWrittenWhereTheSecondOutputIsThere) {
  const std::string file = write("a.fits", table_of({{11, "S4"}})),
                    there = write("there.fits", fits::Table()), out = (scratch_ / "out.fits").string();
  const test::ProgramResult cut =
      run({"cut", file, "--out", out, "--annotated", file, "--annotated-out", there});
  EXPECT_EQ(cut.exit_code, 3);
  EXPECT_THAT(cut.err, HasSubstr("there.fits"));
  EXPECT_FALSE(fs::exists(out));
}

TEST_F(DamagedTables, GiveNoDepths) {
  fs::create_directories(scratch_ / "survey");
  ASSERT_EQ(test::run_program(test::program("make-bricks"),
                              {"--out", (scratch_ / "survey/survey-bricks.fits.gz").string(), "--region",
                               "150.1", "150.15", "2.2", "2.3"})
                .exit_code,
            0);
  const auto choose = [&](const std::vector<MadeUp>& ccds) {
    return run({"depth-cut", "1501p022", "--survey-dir", (scratch_ / "survey").string(), "--ccd-table",
                write("b.fits", table_of(ccds)), "--outdir", (scratch_ / "out").string(), "--force"});
  };
  for (const double sig1 : {0., std::numeric_limits<double>::quiet_NaN()}) {
    const test::ProgramResult bad = choose({{11, "S4"}, {.expnum = 12, .ccdname = "S4", .sig1 = sig1}});
    EXPECT_EQ(bad.exit_code, 6) << bad.out;
    EXPECT_THAT(bad.err, AllOf(HasSubstr("12-S4"), HasSubstr("sig1")));
  }
  const test::ProgramResult good = choose({{11, "S4"}, {12, "S4", "N501"}, {13, "S4", "N501"}});
  EXPECT_EQ(good.exit_code, 0) << good.err;
  EXPECT_THAT(good.out, HasSubstr("1 of 1 CCDs"));
  EXPECT_THAT(good.err, HasSubstr("2 CCDs of band N501 are left out"));
}

TEST(DepthPolicies, TakeADepthThatIsUnknownForNone) {
  fits::Table table;
  table.add("image_filename", std::vector<std::string>{"z", "a"});
  table.add("filter", std::vector<std::string>{"g", "g"});
  table.add("object", std::vector<std::string>{"field", "field"});
  table.add("ccd_cuts", std::vector<std::int64_t>{0, 0});
  DepthPolicy policy;
  policy.steps.emplace_back();
  policy.steps.back().group = "object";
  policy.steps.back().keep = 1;
  EXPECT_EQ(cut_by_depth(table, {std::numeric_limits<double>::quiet_NaN(), 24}, policy, {}), 1);
  EXPECT_NE(table.integer("ccd_cuts", 0), 0);
  EXPECT_EQ(table.integer("ccd_cuts", 1), 0);
}

TEST_F(DamagedTables, OfCatalogsAreReadForTheColumnsOfEachUser) {
  fits::Table table;
  table.add("ra", std::vector<double>{10});
  table.add("g", std::vector<double>{18});
  const std::string file = write("stars.fits", table);
  CatalogCache cache;
  EXPECT_FALSE(cache.table(file, {"ra"})->has("g"));
  EXPECT_TRUE(cache.table(file, {"ra", "g"})->has("g"));
  EXPECT_EQ(cache.table(file, {"ra"}), cache.table(file, {"ra"}));
}

}  // namespace
}  // namespace brickline
