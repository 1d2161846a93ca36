#include "core/survey/ccd_table_search.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <limits>

#include "core/base/error.h"
#include "core/fits/fits_reader.h"
#include "core/fits/fits_writer.h"
#include "core/survey/ccd_selection.h"
#include "core/survey/ccd_table.h"
#include "core/survey/ccd_table_geometry.h"
#include "core/survey/target.h"
#include "core/wcs/sky.h"
#include "tests/support/collecting_log.h"
#include "tests/support/data.h"
#include "tests/support/made_ccd_table.h"

namespace brickline {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr double kRadius = 0.2;  // degrees, of the search
const SkyPosition kCentre{10.5, 3.25};

// What a search must find, by going through the positions.
std::vector<std::int64_t> expected(const std::vector<SkyPosition>& positions, double reach) {
  std::vector<std::int64_t> rows;
  for (std::size_t i = 0; i < positions.size(); ++i)
    if (angular_separation(positions[i].ra, positions[i].dec, kCentre.ra, kCentre.dec) < reach)
      rows.push_back(static_cast<std::int64_t>(i));
  return rows;
}

// Positions all over the sky, and 40 more about the place of the search.
std::vector<SkyPosition> positions(std::size_t count = 3000) {
  std::vector<SkyPosition> all = test::scattered_positions(count);
  for (int i = 0; i < 40; ++i)
    all[static_cast<std::size_t>(7 + i * static_cast<int>(count) / 50)] = {kCentre.ra + 0.03 * (i % 7 - 3),
                                                                           kCentre.dec + 0.07 * (i % 5 - 2)};
  return all;
}

// What tells one made row from another.
std::vector<std::string> names_of(const fits::Table& t) {
  std::vector<std::string> names;
  for (std::int64_t i = 0; i < t.rows(); ++i)
    names.push_back(fmt::format("{}-{}", t.integer("expnum", i), t.text("ccdname", i)));
  return names;
}

class NearRows : public testing::Test {
 protected:
  RowsNear find(const std::string& name) { return read_rows_near(dir_ / name, kCentre, kRadius, Log(sink_)); }
  std::string failure(const std::string& name) {
    try {
      find(name);
    } catch (const Error& e) {
      EXPECT_EQ(e.kind(), ErrorKind::kInput);
      return e.line();
    }
    return "";
  }
  // The whole table of a made file, changed.
  fits::Table table_of(const std::string& name) { return fits::FitsReader(dir_ / name).table(1); }
  void write(const std::string& name, const fits::Table& table) {
    fits::FitsWriter writer;
    writer.add_table(table);
    writer.write(dir_ / name);
  }
  void change(const std::string& name, std::streamoff at, const std::string& bytes) {
    std::fstream file(dir_ / name, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(at);
    file << bytes;
  }
  std::string bytes_of(const std::string& name) {
    std::ifstream file(dir_ / name, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  test::TemporaryDirectory dir_;
  test::CollectingSink sink_;
};

TEST_F(NearRows, AreTheSameByTreeByLookingThroughAndFromAGzippedFile) {
  const std::vector<SkyPosition> all = positions();
  for (const char* name : {"a.kd.fits", "a.fits", "a.fits.gz"}) test::write_made_ccd_table(dir_ / name, all);
  const RowsNear tree = find("a.kd.fits"), plain = find("a.fits"), gzipped = find("a.fits.gz");
  EXPECT_TRUE(tree.by_tree);
  EXPECT_FALSE(plain.by_tree);
  for (const RowsNear* r : {&tree, &plain, &gzipped}) {
    EXPECT_EQ(r->rows_in_file, 3000);
    EXPECT_EQ(r->table.columns().size(), 47u);
    ASSERT_EQ(static_cast<std::int64_t>(r->row_in_file.size()), r->table.rows());
  }
  // The reach is the circle, half a CCD's diagonal and a little.
  const std::vector<std::int64_t> sure = expected(all, kRadius + 0.166);
  ASSERT_GE(sure.size(), 30u);
  EXPECT_THAT(plain.row_in_file, testing::IsSupersetOf(sure));
  EXPECT_LE(plain.row_in_file.size(), expected(all, kRadius + 0.166 * 1.06 + 0.011).size());
  EXPECT_TRUE(std::is_sorted(plain.row_in_file.begin(), plain.row_in_file.end()));
  EXPECT_EQ(gzipped.row_in_file, plain.row_in_file);
  ReadLog read;
  for (const char* name : {"a.kd.fits", "a.fits", "a.fits.gz"})
    read_rows_near(dir_ / name, kCentre, kRadius, {}, &read);
  EXPECT_EQ(read.files().size(), 3u);
  EXPECT_EQ(names_of(gzipped.table), names_of(plain.table));
  EXPECT_THAT(names_of(tree.table), testing::UnorderedElementsAreArray(names_of(plain.table)));
  EXPECT_THAT(sink_.warnings, ElementsAre());
  // Rows are whole and their own.
  const fits::Table whole = table_of("a.fits");
  for (std::int64_t i = 0; i < plain.table.rows(); ++i) {
    const std::int64_t row = plain.row_in_file[static_cast<std::size_t>(i)];
    EXPECT_EQ(plain.table.text("image_filename", i), whole.text("image_filename", row));
    EXPECT_EQ(plain.table.number("mjd_obs", i), whole.number("mjd_obs", row));
    EXPECT_EQ(plain.table.number("co_sky", i), whole.number("co_sky", row));
  }
}

TEST_F(NearRows, ComeAsTheTreeIsWalked) {
  const std::vector<SkyPosition> all = positions();
  test::write_made_ccd_table(dir_ / "a.kd.fits", all);
  fits::FitsReader reader(dir_ / "a.kd.fits");
  const auto tree = SkyTree::read(reader, "ccds");
  ASSERT_TRUE(tree);
  ASSERT_GT(tree->nodes(), 100);
  int unsorted = 0;
  for (const SkyPosition centre : {kCentre, SkyPosition{0, 0}, SkyPosition{123, 20}, SkyPosition{266, -20}}) {
    // Whatever the radius of the search in the tree: what is found keeps its order.
    std::vector<std::int64_t> walked = tree->search(reader, centre.ra, centre.dec, 20);
    const std::vector<std::int64_t> near = read_rows_near(dir_ / "a.kd.fits", centre, 8).row_in_file;
    ASSERT_GT(near.size(), 10u);
    unsorted += !std::is_sorted(near.begin(), near.end());
    std::erase_if(walked,
                  [&](std::int64_t row) { return std::find(near.begin(), near.end(), row) == near.end(); });
    EXPECT_EQ(near, walked);
  }
  EXPECT_GT(unsorted, 0);
  const Wcs target = brick_wcs(kCentre.ra, kCentre.dec, 2000, 2000, 0.262);
  const CcdTable table = CcdTable::read_near({dir_ / "a.kd.fits"}, target);
  ASSERT_GT(table.rows(), 10);
  EXPECT_THAT(table.describe(0), HasSubstr("a.kd.fits row"));
}

TEST_F(NearRows, OfATableWithoutAnyNearAreNoneWithAllColumns) {
  std::vector<SkyPosition> all = test::scattered_positions(200);
  std::erase_if(
      all, [](const SkyPosition& p) { return angular_separation(p.ra, p.dec, kCentre.ra, kCentre.dec) < 5; });
  for (const char* name : {"a.kd.fits", "a.fits.gz"}) {
    test::write_made_ccd_table(dir_ / name, all);
    const RowsNear near = find(name);
    EXPECT_EQ(near.table.rows(), 0) << name;
    EXPECT_EQ(near.table.columns().size(), 47u) << name;
    EXPECT_EQ(near.rows_in_file, static_cast<std::int64_t>(all.size())) << name;
  }
}

TEST_F(NearRows, AcrossRaZeroAndAtThePole) {
  std::vector<SkyPosition> all = test::scattered_positions(500);
  all[3] = {359.95, 1}, all[4] = {0.05, 1}, all[5] = {12, 89.95}, all[6] = {200, 89.9}, all[7] = {77, -89.99};
  for (const char* name : {"a.kd.fits", "a.fits"}) {
    test::write_made_ccd_table(dir_ / name, all);
    const auto found = [&](SkyPosition centre) {
      std::vector<std::string> names = names_of(read_rows_near(dir_ / name, centre, 0.1, Log(sink_)).table);
      std::sort(names.begin(), names.end());
      return names;
    };
    EXPECT_THAT(found({0, 1}), testing::IsSupersetOf({"1-N2", "1-S3"})) << name;
    EXPECT_THAT(found({300, 90}), ElementsAre("1-N3", "1-S4")) << name;
    EXPECT_THAT(found({0, -90}), ElementsAre("1-N4")) << name;
  }
}

TEST_F(NearRows, ATreeThatCannotBeUsedCostsAWarningAndTheSameRowsAreFound) {
  const std::vector<SkyPosition> all = positions(600);
  const auto check = [&](const char* name, const char* why) {
    sink_.warnings.clear();
    const RowsNear near = find(name);
    EXPECT_FALSE(near.by_tree) << name;
    EXPECT_THAT(near.row_in_file, testing::SizeIs(testing::Ge(30))) << name;
    EXPECT_THAT(sink_.warnings, ElementsAre(testing::AllOf(HasSubstr(name), HasSubstr(why)))) << name;
  };
  test::write_made_ccd_table(dir_ / "plain.fits", all);
  fs::copy(dir_ / "plain.fits", dir_ / "none.kd.fits");
  check("none.kd.fits", "there is none");

  test::write_made_ccd_table(dir_ / "damaged.kd.fits", all);
  const std::string bytes = bytes_of("damaged.kd.fits");
  const auto nodes = static_cast<std::streamoff>(bytes.find("KDT_NNOD"));
  change("damaged.kd.fits", nodes + 10, "               65535");
  check("damaged.kd.fits", "the search tree is damaged");

  // Rows put in another order after the tree was made.
  test::write_made_ccd_table(dir_ / "sorted.kd.fits", all);
  fs::copy(dir_ / "plain.fits", dir_ / "other.kd.fits");
  std::ofstream(dir_ / "other.kd.fits", std::ios::binary | std::ios::app)
      << bytes.substr(fs::file_size(dir_ / "plain.fits"));
  check("other.kd.fits", "not of these rows");

  // A row more than the tree knows.
  std::vector<SkyPosition> more = all;
  more.push_back(kCentre);
  test::write_made_ccd_table(dir_ / "more.fits", more);
  fs::copy(dir_ / "more.fits", dir_ / "more.kd.fits");
  test::append_sky_tree(dir_ / "more.kd.fits", test::make_sky_tree(all), "ccds");
  check("more.kd.fits", "it has 600 points, the table 601 rows");
}

TEST_F(NearRows, ATruncatedOrDamagedFileIsAnError) {
  test::write_made_ccd_table(dir_ / "a.fits.gz", positions(2000));
  test::write_made_ccd_table(dir_ / "a.fits", positions(2000));
  fs::copy(dir_ / "a.fits.gz", dir_ / "cut.fits.gz");
  fs::resize_file(dir_ / "cut.fits.gz", fs::file_size(dir_ / "a.fits.gz") / 2);
  EXPECT_THAT(failure("cut.fits.gz"), testing::AllOf(HasSubstr("cut.fits.gz"), HasSubstr("truncated")));
  fs::copy(dir_ / "a.fits", dir_ / "cut.fits");
  fs::resize_file(dir_ / "cut.fits", fs::file_size(dir_ / "a.fits") / 2);
  EXPECT_THAT(failure("cut.fits"), testing::AllOf(HasSubstr("cut.fits"), HasSubstr("truncated")));
  change("a.fits.gz", static_cast<std::streamoff>(fs::file_size(dir_ / "a.fits.gz") - 8), "xxxx");
  EXPECT_THAT(failure("a.fits.gz"), HasSubstr("incorrect data check"));
  std::ofstream(dir_ / "text.fits") << "no FITS file at all";
  EXPECT_THAT(failure("text.fits"), HasSubstr("text.fits"));
  EXPECT_THAT(failure("none.fits"), HasSubstr("no such file"));
}

TEST_F(NearRows, MissingColumnsAreNamedHowerTheFileIsRead) {
  for (const char* name : {"a.kd.fits", "a.fits.gz"}) {
    test::write_made_ccd_table(dir_ / "b.fits", positions(60));
    fits::Table table = table_of("b.fits");
    std::erase_if(table.columns(),
                  [](const fits::Column& c) { return c.name == "cd1_2" || c.name == "filter"; });
    write(name, table);
    EXPECT_THAT(failure(name), HasSubstr("the CCD table lacks the columns filter, cd1_2")) << name;
  }
}

TEST_F(NearRows, AColumnThatCannotBeReadIsNeverGone) {
  const std::vector<SkyPosition> all = positions(200);
  for (const char* name : {"a.kd.fits", "a.fits"}) {
    test::write_made_ccd_table(dir_ / name, all);
    const auto relabel = [&](const std::string& from, const std::string& to) {
      const auto at = bytes_of(name).find("'" + from);
      ASSERT_NE(at, std::string::npos);
      change(name, static_cast<std::streamoff>(at) + 1, to);
    };
    // Two names that differ by case alone: of a column that is used, of one that is not.
    relabel("galnorm", "PSFNORM");
    find(name);
    EXPECT_THAT(sink_.warnings, testing::Contains(HasSubstr("the CCD table has two columns psfnorm")))
        << name;
    relabel("PSFNORM", "SIG1   ");
    EXPECT_THAT(failure(name), HasSubstr("the CCD table has two columns sig1")) << name;
    // A form of another kind: complex numbers, as wide as a 64-bit integer.
    relabel("SIG1   ", "galnorm");
    const std::string bytes = bytes_of(name);
    const std::size_t cuts = bytes.find("'ccd_cuts'"), form = bytes.rfind("= 'K", cuts);
    change(name, static_cast<std::streamoff>(form) + 3, "C");
    EXPECT_THAT(failure(name), HasSubstr("column ccd_cuts of the CCD table")) << name;
  }
}

TEST_F(NearRows, UnusableOnesAreKeptWhereTheyAreNearAndCountedElsewhere) {
  constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
  std::vector<SkyPosition> all = test::scattered_positions(300);
  std::erase_if(
      all, [](const SkyPosition& p) { return angular_separation(p.ra, p.dec, kCentre.ra, kCentre.dec) < 5; });
  all[10] = all[11] = all[12] = all[13] = kCentre;
  test::write_made_ccd_table(dir_ / "a.fits", all);
  fits::Table table = table_of("a.fits");
  const auto set = [&](const char* column, std::size_t row, auto value) {
    std::get<std::vector<decltype(value)>>(table.find(column)->data)[row] = value;
  };
  set("cd1_1", 10, 0.F);               // no WCS
  set("ra", 11, kNan);                 // no position, but a WCS that tells
  set("width", 12, std::int16_t{-1});  // no size
  set("ra", 13, 190.);                 // another position than the WCS says
  for (std::size_t row : {20, 21, 22}) set("dec", row, kNan), set("crval1", row, kNan);
  set("ccd_cuts", 22, std::int64_t{4});
  set("height", 23, std::int16_t{0});  // far away
  write("b.fits", table);
  EXPECT_THAT(find("b.fits").row_in_file, ElementsAre(10, 11, 12, 13));
  ASSERT_EQ(sink_.warnings.size(), 1u);
  EXPECT_THAT(sink_.warnings[0], HasSubstr("b.fits: 3 CCDs whose rows are unusable"));
}

}  // namespace
}  // namespace brickline
