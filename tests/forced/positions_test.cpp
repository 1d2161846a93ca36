// Lists of positions in the forms that people have them.
#include "core/forced/positions.h"

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <mutex>

#include "core/base/error.h"
#include "core/fits/fits_writer.h"
#include "tests/support/data.h"

namespace brickline {
namespace {

class Positions : public testing::Test {
 protected:
  std::filesystem::path text(const std::string& content) {
    const auto file = directory_ / "list.txt";
    std::ofstream(file) << content;
    return file;
  }
  std::string error_of(const std::string& content, const PositionColumns& columns = {}) {
    try {
      read_positions(text(content), columns);
    } catch (const Error& e) {
      return e.line();
    }
    return "no error";
  }
  test::TemporaryDirectory directory_;
};

TEST_F(Positions, AreReadFromCsvEcsvAndTables) {
  const auto csv = read_positions(text("name,RA,Dec\r\na,1.5,2\r\nb,359.9,-3e0\r\n"));
  ASSERT_EQ(csv.size(), 2u);
  EXPECT_EQ(csv[1].ra, 359.9);
  EXPECT_EQ(csv[1].dec, -3);
  const auto ecsv = read_positions(text("# %ECSV 1.0\n# ---\n_RA  _DE  DEJ2000\n10 0 20\n11 0 \"\"\n"));
  ASSERT_EQ(ecsv.size(), 2u);
  EXPECT_EQ(ecsv[0].dec, 20);
  EXPECT_TRUE(std::isnan(ecsv[1].dec));
  fits::Table t;
  t.add("TARGET_RA", std::vector<double>{7});
  t.add("TARGET_DEC", std::vector<float>{8});
  fits::FitsWriter writer;
  writer.add_table(t);
  writer.write(directory_ / "list.fits");
  const auto table = read_positions(directory_ / "list.fits");
  ASSERT_EQ(table.size(), 1u);
  EXPECT_EQ(table[0].ra, 7);
  EXPECT_EQ(read_positions(text("x,y\n1,2\n"), {"Y", "x"})[0].ra, 2);
}

TEST_F(Positions, WhatIsNoListIsToldInOneLine) {
  EXPECT_NE(error_of("a,b\n1,2\n").find("--ra-column"), std::string::npos);
  EXPECT_NE(error_of("ra,dec\n1,2\n1\n").find("line 3"), std::string::npos);
  EXPECT_NE(error_of("ra,dec\n1,2\n", {"right", ""}).find("'right'"), std::string::npos);
  EXPECT_NE(error_of("").find("list.txt"), std::string::npos);
  EXPECT_THROW(read_positions("/nowhere/list.csv"), Error);
}

class Lines : public LogSink {
 public:
  void write(LogLevel, std::string_view message) override { lines.emplace_back(message); }
  std::vector<std::string> lines;
};

TEST_F(Positions, ThoseOnTheChipAreMeasuredAlsoAcrossRaZeroAndAtThePole) {
  Lines lines;
  for (const SkyPosition middle : {SkyPosition{0, 1}, SkyPosition{40, 90}}) {
    const Wcs wcs = Wcs::tangent(middle.ra, middle.dec, 500, 500, {-7e-5, 0, 0, 7e-5}, 1001, 1001);
    const ForcedRegion region{&wcs, Box::from_size(1001, 1001)};
    const SkyPosition inside = wcs.pixel_to_sky(900, 480), beside = wcs.pixel_to_sky(1015, 480),
                      outside = wcs.pixel_to_sky(1100, 480), other_side = wcs.pixel_to_sky(100, 480);
    const auto found = sources_at({inside, outside, beside, other_side, {200, -10}}, region, Log(lines));
    ASSERT_EQ(found.size(), 3u);
    EXPECT_EQ(found[1].objid, 3);
    EXPECT_EQ(found[2].objid, 4);
  }
  EXPECT_TRUE(lines.lines.empty());
}

TEST_F(Positions, SenselessOnesAreCountedInOneLineAndAMillionAreNoTrouble) {
  Lines lines;
  const Wcs wcs = Wcs::tangent(150, 2, 500, 500, {-7e-5, 0, 0, 7e-5}, 1001, 1001);
  std::vector<SkyPosition> many(1000000, {150.001, 2.001});
  for (std::size_t i = 0; i < many.size(); i += 2) many[i] = {10, 20};
  many[0].ra = NAN;
  many[2].dec = 91;
  const auto found = sources_at(many, {&wcs, Box::from_size(1001, 1001)}, Log(lines));
  EXPECT_EQ(found.size(), 500000u);
  ASSERT_EQ(lines.lines.size(), 1u);
  EXPECT_NE(lines.lines[0].find("2 of 1000000"), std::string::npos);
}

}  // namespace
}  // namespace brickline
