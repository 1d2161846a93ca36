// Lists of positions in the forms that people have them.
#include "core/forced/positions.h"

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <numbers>

#include "core/base/error.h"
#include "core/fits/fits_writer.h"
#include "core/forced/place_index.h"
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

TEST_F(Positions, ThoseOnTheChipAreMeasuredAlsoAcrossRaZeroAndAtThePole) {
  for (const SkyPosition middle : {SkyPosition{0, 1}, SkyPosition{40, 90}}) {
    const Wcs wcs = Wcs::tangent(middle.ra, middle.dec, 500, 500, {-7e-5, 0, 0, 7e-5}, 1001, 1001);
    const ForcedRegion region{&wcs, Box::from_size(1001, 1001)};
    const SkyPosition inside = wcs.pixel_to_sky(900, 480), beside = wcs.pixel_to_sky(1015, 480),
                      outside = wcs.pixel_to_sky(1100, 480), other_side = wcs.pixel_to_sky(100, 480);
    const auto found = sources_at({inside, outside, beside, other_side, {200, -10}}, region);
    ASSERT_EQ(found.size(), 3u);
    EXPECT_EQ(found[1].objid, 3);
    EXPECT_EQ(found[2].objid, 4);
  }
}

TEST(PlaceIndex, FindsWhatIsNearEverywhere) {
  for (const double ra : {0., 17.3, 180.})
    for (const double dec : {0., -45.2, 89.99999, -90.}) {
      PlaceIndex places(0.1);
      const double away = 0.07 / 3600;  // of arc, in both directions
      places.add({ra, dec}, 5);
      places.add({ra, dec}, 3);
      EXPECT_EQ(places.find({ra, dec}), 3u);
      EXPECT_EQ(places.find({ra, dec + (dec < 0 ? away : -away)}), 3u) << ra << " " << dec;
      EXPECT_EQ(places.find({ra - away / std::max(std::cos(dec * std::numbers::pi / 180), 1e-9) + 360, dec}),
                3u)
          << ra << " " << dec;
      EXPECT_FALSE(places.find({ra, dec + (dec < 0 ? 2 * away : -2 * away)})) << ra << " " << dec;
    }
}

TEST_F(Positions, SenselessOnesAreCountedAndAMillionAreNoTrouble) {
  const Wcs wcs = Wcs::tangent(150, 2, 500, 500, {-7e-5, 0, 0, 7e-5}, 1001, 1001);
  std::vector<SkyPosition> many(1000000, {150.001, 2.001});
  for (std::size_t i = 0; i < many.size(); i += 2) many[i] = {10, 20};
  many[0].ra = NAN;
  many[2].dec = 91;
  EXPECT_EQ(count_senseless(many), 2u);
  EXPECT_EQ(sources_at(many, {&wcs, Box::from_size(1001, 1001)}).size(), 500000u);
}

std::string votable(const std::string& data, const std::string& unit = "deg") {
  return "<?xml version=\"1.0\"?>\n<VOTABLE version=\"1.4\" xmlns=\"http://www.ivoa.net/xml/VOTable/v1.3\">\n"
         "<!-- <TD>0</TD> --><RESOURCE>\n<TABLE name=\"empty\"><FIELD name=\"x\" datatype=\"int\"/></TABLE>\n"
         "<TABLE><DESCRIPTION>A &lt; B</DESCRIPTION>\n<FIELD name=\"Name\" datatype=\"char\" arraysize=\"*\"/>\n"
         "<FIELD name=\"RAJ2000\" datatype=\"double\" unit=\"" +
         unit + "\" ucd=\"pos.eq.ra;meta.main\"/><FIELD name=\"DEJ2000\" datatype=\"double\"/>\n<DATA>" +
         data + "</DATA></TABLE></RESOURCE></VOTABLE>\n";
}

TEST_F(Positions, AreReadFromVotables) {
  const auto found = read_positions(text(votable(
      "<TABLEDATA>\n<TR><TD>a &amp; b</TD><TD> 10.25 </TD><TD>+20.5</TD></TR>"
      "<TR><TD/><TD></TD><TD>-3e0</TD></TR><TR><TD><![CDATA[<c>]]></TD><TD>359.5</TD><TD>-89</TD></TR></TABLEDATA>")));
  ASSERT_EQ(found.size(), 3u);
  EXPECT_EQ(found[0].ra, 10.25);
  EXPECT_EQ(found[0].dec, 20.5);
  EXPECT_TRUE(std::isnan(found[1].ra));
  EXPECT_EQ(found[1].dec, -3);
  EXPECT_EQ(found[2].dec, -89);
}

TEST_F(Positions, AreReadFromBinaryVotables) {
  // Two rows, of Python's struct: a byte of nulls; '>i' 2, 'ab', '>d' 10.25, '>d' -3; a null name and right ascension.
  const auto found = read_positions(text(votable(
      "<BINARY2>\n<STREAM encoding=\"base64\">\nAAAAAAJhYkAkgAAAAAAAwAgAAAAA\nAADAAAAAAAAAAAAAAAAAQBQAAAAAAAA=\n"
      "</STREAM></BINARY2>")));
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[0].ra, 10.25);
  EXPECT_EQ(found[0].dec, -3);
  EXPECT_TRUE(std::isnan(found[1].ra));
  EXPECT_EQ(found[1].dec, 5);
}

TEST_F(Positions, VotablesThatCannotBeReadRightAreRefusedByName) {
  EXPECT_NE(error_of(votable("<BINARY><STREAM encoding=\"base64\">AA==</STREAM></BINARY>")).find("BINARY"),
            std::string::npos);
  EXPECT_NE(error_of(votable("<BINARY2><STREAM>AA==</STREAM></BINARY2>")).find("base64"), std::string::npos);
  EXPECT_NE(
      error_of(votable("<BINARY2><STREAM encoding=\"base64\">AA==</STREAM></BINARY2>")).find("within a row"),
      std::string::npos);
  EXPECT_NE(error_of(votable("<TABLEDATA><TR><TD>a</TD><TD>1</TD><TD>2</TD></TR></TABLEDATA>") + "<")
                .find("no XML"),
            std::string::npos);
  EXPECT_NE(error_of(votable("<FITS><STREAM href=\"a.fits\"/></FITS>")).find("FITS"), std::string::npos);
  EXPECT_NE(error_of(votable("<TABLEDATA/>", "rad")).find("'rad'"), std::string::npos);
  EXPECT_NE(error_of(votable("<TABLEDATA><TR><TD>1</TD></TR></TABLEDATA>")).find("3 columns"),
            std::string::npos);
  EXPECT_NE(error_of(votable("<TABLEDATA><TR><TD>a</TD></TABLEDATA>")).find("line 8: no XML"),
            std::string::npos);
  EXPECT_NE(error_of("<VOTABLE><RESOURCE/></VOTABLE>").find("no table with data"), std::string::npos);
  EXPECT_NE(error_of("<html><body>404</body></html>").find("no VOTable"), std::string::npos);
  // Cut off, at every length.
  const std::string whole = votable("<TABLEDATA><TR><TD>a</TD><TD>1</TD><TD>2</TD></TR></TABLEDATA>");
  const std::size_t end = whole.find("</TABLEDATA>") + 12;
  for (std::size_t n = 0; n < end; n += 3) EXPECT_NE(error_of(whole.substr(0, n)), "no error") << n;
}

TEST_F(Positions, OtherUnitsAndHoursAreRefused) {
  EXPECT_NE(error_of("# %ECSV 1.0\n# ---\n# datatype:\n# - {name: ra, unit: hourangle, datatype: float64}\n"
                     "# - {name: dec, unit: deg, datatype: float64}\nra dec\n1 2\n")
                .find("'hourangle'"),
            std::string::npos);
  EXPECT_NE(error_of("ra,dec\n12:00:00,+10:00:00\n").find("degrees"), std::string::npos);
  EXPECT_EQ(read_positions(text("\xef\xbb\xbfra,dec\n12,+10\n"))[0].dec, 10);
}

}  // namespace
}  // namespace brickline
