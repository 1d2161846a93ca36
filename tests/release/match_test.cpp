// Matches against the reference's tool, and where there is something that it does not tell.
#include "core/release/match.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "core/base/error.h"
#include "core/fits/fits_reader.h"
#include "core/fits/fits_writer.h"
#include "core/release/row_table.h"
#include "tests/support/data.h"

namespace brickline {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

const fs::path kGolden = test::data_dir() / "golden";

class Match : public testing::Test {
 protected:
  std::vector<BrickCatalog> catalogs() const {
    for (const char* name : {"testcase6", "sim300", "mzlsbass2", "testcase3"})
      for (const auto& entry : fs::recursive_directory_iterator(kGolden / name / "products/tractor"))
        if (entry.path().filename().string().starts_with("tractor-"))
          fs::create_symlink(fs::absolute(entry.path()), directory_ / entry.path().filename().string());
    return find_catalogs(directory_.path(), nullptr);
  }
  test::TemporaryDirectory directory_;
};

TEST_F(Match, IsTheReferences) {
  BRICKLINE_NEEDS_DATA("golden/survey-products/match");
  MatchOptions options;
  options.copied = {"MJD", "PLATE", "FIBERID"};
  const fs::path ours = directory_ / "matched.fits", golden = kGolden / "survey-products/match";
  const MatchReport report = match_external(golden / "external.fits", catalogs(), ours, options);
  EXPECT_EQ(report.rows, 11);
  EXPECT_EQ(report.matched, 9);
  fits::FitsReader a(ours), b(golden / "matched.fits");
  const RowLayout x = row_layout(a.header(1)), y = row_layout(b.header(1));
  ASSERT_EQ(x.columns.size(), y.columns.size() + 2);
  EXPECT_EQ(x.row_bytes, y.row_bytes + 8);
  const auto found = a.table_bytes(1), wanted = b.table_bytes(1);
  for (std::size_t i = 0; i < y.columns.size(); ++i) {
    EXPECT_EQ(x.columns[i].name, y.columns[i].name);
    EXPECT_EQ(x.columns[i].unit, y.columns[i].unit);
    for (std::int64_t row = 0; row < y.rows; ++row) {
      const auto bytes = [&](const std::vector<std::uint8_t>& of, const RowLayout& layout) {
        const auto begin = of.begin() + row * layout.row_bytes + layout.offsets[i];
        std::string text(begin, begin + layout.columns[i].bytes());
        // Texts and truth values of rows without a match: theirs are bytes of 0.
        if (layout.columns[i].type == 'A') text.erase(text.find_last_not_of(std::string(" \0", 2)) + 1);
        if (layout.columns[i].type == 'L' && text == std::string(1, '\0')) text = "F";
        return text;
      };
      EXPECT_EQ(bytes(found, x), bytes(wanted, y)) << y.columns[i].name << " row " << row;
    }
  }
  const fits::Table table = a.table(1);
  EXPECT_NEAR(table.number("DIST", 3), 1.49, 1e-3);
  EXPECT_EQ(table.number("DIST", 4), -1);
  EXPECT_EQ(table.integer("OBJID", 4), -1);
  EXPECT_EQ(table.integer("NMATCH", 3), 1);
  EXPECT_EQ(a.header(0).integer("NMATCHED"), 9);
  EXPECT_EQ(a.header(0).integer("NCOLL"), report.candidates - 9);
}

TEST_F(Match, RefusesPositionsInAnotherUnit) {
  fits::Table table;
  table.add("ra", std::vector<double>{2.62}, "rad");
  table.add("dec", std::vector<double>{0.04}, "rad");
  fits::FitsWriter writer;
  writer.add_empty_primary({});
  writer.add_table(table);
  const fs::path external = directory_ / "external.fits";
  writer.write(external);
  for (const auto& match : {match_external, match_all_pairs}) try {
      match(external, {}, directory_ / "out.fits", MatchOptions());
      FAIL();
    } catch (const Error& e) {
      EXPECT_THAT(e.line(), HasSubstr("external.fits"));
      EXPECT_THAT(e.line(), HasSubstr("column ra is in 'rad'"));
    }
  EXPECT_FALSE(fs::exists(directory_ / "out.fits"));
}

// Columns that nobody copies may be of any kind.
TEST_F(Match, TakesTablesWithColumnsThatItCannotCopy) {
  BRICKLINE_NEEDS_DATA("golden/survey-products/match");
  fits::Table table;
  table.add("ra", std::vector<double>{150.11535949});
  table.add("scaled", std::vector<std::int16_t>{7});
  table.add("list", std::vector<double>{0});
  table.add("dec", std::vector<double>{2.24414728});
  table.add("z", std::vector<float>{0.5});
  fits::FitsWriter writer;
  fits::Header cards;
  cards.set("LATER", std::int64_t{32768});
  writer.add_table(table, "", cards);
  std::string bytes = writer.finish();
  bytes.replace(bytes.find("LATER   ="), 9, "TZERO2  =");
  const fs::path other = directory_ / "other.fits", out = directory_ / "out.fits";
  const std::size_t form = bytes.find("TFORM3");
  ASSERT_NE(form, std::string::npos);
  const std::size_t quote = bytes.find('\'', form);
  bytes.replace(quote, 10, "'1PE(0)  '");
  std::ofstream(other, std::ios::binary) << bytes;
  const auto found = catalogs();
  MatchOptions options;
  options.columns = {"objid"};
  options.copied = {"z"};
  EXPECT_EQ(match_external(other, found, out, options).matched, 1);
  EXPECT_FLOAT_EQ(static_cast<float>(fits::FitsReader(out).table(1).number("z", 0)), 0.5F);
  for (const auto& [name, words] : {std::pair{"scaled", "other.fits[1]: column scaled is scaled"},
                                    {"list", "other.fits[1]: column 3 (list) has the form"}}) {
    options.copied = {name};
    try {
      match_external(other, found, out, options);
      ADD_FAILURE() << "no error";
    } catch (const Error& e) {
      EXPECT_THAT(e.line(), HasSubstr(words));
    }
  }
}

TEST_F(Match, SaysWhatIsWrongWithTheOtherCatalog) {
  BRICKLINE_NEEDS_DATA("golden/survey-products/match");
  fits::Table table;
  table.add("plug_ra", std::vector<double>{150.11535949, 510.11535949});
  table.add("plug_dec", std::vector<double>{2.24414728, 2.24414728});
  table.add("ebv", std::vector<float>{1, 2});
  fits::FitsWriter writer;
  writer.add_table(table);
  const fs::path other = directory_ / "other.fits", out = directory_ / "out.fits";
  writer.write(other);
  const auto found = catalogs();
  MatchOptions options;
  options.columns = {"objid", "brickname"};
  EXPECT_EQ(match_external(other, found, out, options).matched, 2);  // RA of any turn
  const auto failure = [&] {
    try {
      match_external(other, found, directory_ / "not", options);
    } catch (const Error& error) {
      return error.line();
    }
    return std::string("no error");
  };
  options.copied = {"z"};
  EXPECT_THAT(failure(), HasSubstr("other.fits[1]: it has no column z"));
  options.copied = {"ebv"};
  options.columns = {};
  EXPECT_THAT(failure(), HasSubstr("its column ebv has the name of another"));
  options.copied = {};
  options.columns = {"nonsense"};
  EXPECT_THAT(failure(), HasSubstr("no catalog has a column NONSENSE"));
  options.ra = "right_ascension";
  options.dec = "plug_dec";
  EXPECT_THAT(failure(), HasSubstr("right_ascension"));
  EXPECT_FALSE(fs::exists(directory_ / "not"));
}

}  // namespace
}  // namespace brickline
