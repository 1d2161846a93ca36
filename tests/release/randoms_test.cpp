// Random numbers, places and cells of the sky against numbers that others have worked out.
#include "core/release/randoms.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <map>
#include <string>
#include <vector>

#include "core/base/error.h"
#include "core/fits/fits_reader.h"
#include "core/release/moc.h"
#include "core/release/nested_cells.h"
#include "core/release/philox.h"
#include "core/release/random_points.h"
#include "core/wcs/wcs.h"
#include "tests/support/data.h"

namespace brickline {
namespace {

using ::testing::ElementsAre;

// The known answers that come with the generator (Random123, kat_vectors).
TEST(Philox, HasItsKnownAnswers) {
  constexpr std::uint32_t kOnes = 0xffffffff;
  EXPECT_THAT(philox4x32_10({0, 0, 0, 0}, {0, 0}),
              ElementsAre(0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8));
  EXPECT_THAT(philox4x32_10({kOnes, kOnes, kOnes, kOnes}, {kOnes, kOnes}),
              ElementsAre(0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd));
  EXPECT_THAT(philox4x32_10({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}),
              ElementsAre(0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1));
}

Brick brick_named(const std::string& name, std::int64_t id, double ra1, double ra2, double dec1,
                  double dec2) {
  Brick b;
  b.name = name, b.id = id;
  b.ra1 = ra1, b.ra2 = ra2, b.dec1 = dec1, b.dec2 = dec2;
  return b;
}
const Brick kEquator = brick_named("1501p022", 343928, 150, 150.25, 2.125, 2.375);

TEST(RandomPoints, AreThoseOfTheirDefinition) {
  const auto points = random_points(kEquator, 1, 2500);
  ASSERT_EQ(points.size(), 162U);
  EXPECT_NEAR(points[0].ra, 150.14337744680006, 1e-12);
  EXPECT_NEAR(points[0].dec, 2.147087106818989, 1e-12);
  EXPECT_EQ(points[0].key, 0x12702dab13a1690aU);
  EXPECT_NEAR(points[0].level, 0.258968, 1e-6);
  EXPECT_NEAR(points[1].ra, 150.19196075593703, 1e-12);
  EXPECT_NEAR(points[1].dec, 2.1982541682794055, 1e-12);
  double ra = 0, dec = 0;
  for (const RandomPoint& p : points) ra += p.ra, dec += p.dec;
  EXPECT_NEAR(ra, 24320.775315906, 1e-8);
  EXPECT_NEAR(dec, 364.617959711, 1e-8);
  EXPECT_EQ(random_points(kEquator, 1, 100).size(), 13U);
  EXPECT_EQ(random_points(kEquator, 1, 100000).size(), 6238U);
  const auto others = random_points(kEquator, 2, 2500);
  ASSERT_EQ(others.size(), 155U);
  EXPECT_NEAR(others[0].ra, 150.00147137608712, 1e-12);
  EXPECT_NEAR(others[0].dec, 2.208536828596794, 1e-12);
}

// Quantities at fixed places, found with the pixels' values read by astropy and apertures by quadrature, for two golden
// bricks. DEPTH and the like to the digits that were written down.
class PointQuantities : public ::testing::Test {
 protected:
  using Values = std::map<std::string, std::vector<double>>;
  // Columns at places of a brick, by name.
  static Values at(const std::string& golden_case, const std::string& brick,
                   const std::vector<std::string>& bands, const std::vector<RandomPoint>& places) {
    BrickOutput output;
    output.directory = test::data_dir() / "golden" / golden_case / "products";
    output.brick = kEquator;
    output.brick.name = brick;
    RandomsOptions options;
    options.bands = bands;
    options.verify = false;  // their lists are of files before they were made to name no machine
    Counts counts;
    fits::Header cards;
    const auto bytes = rows_at_places(BrickProducts(output, false), places, options, counts, cards);
    Values out;
    std::size_t width = 0, at = 0;
    for (const RowColumn& column : randoms_columns(options))
      width += static_cast<std::size_t>(column.bytes());
    EXPECT_EQ(bytes.size(), width * places.size()) << "all places are in the image";
    for (const RowColumn& column : randoms_columns(options)) {
      for (std::size_t row = 0; row < places.size(); ++row)
        if (column.type == 'E' || column.type == 'I') {
          std::uint32_t word = 0;
          for (std::int64_t b = 0; b < column.bytes(); ++b)
            word = word << 8 | bytes[row * width + at + static_cast<std::size_t>(b)];
          out[column.name].push_back(column.type == 'E' ? double{std::bit_cast<float>(word)}
                                                        : double(static_cast<std::int16_t>(word)));
        }
      at += static_cast<std::size_t>(column.bytes());
    }
    return out;
  }
  static void expect(const std::vector<double>& found, const std::vector<double>& expected, double relative) {
    ASSERT_GE(found.size(), expected.size());
    for (std::size_t i = 0; i < expected.size(); ++i)
      EXPECT_NEAR(found[i], expected[i], relative * std::abs(expected[i])) << i;
  }
  static constexpr double kSingle = 2e-7;  // columns are of single precision
  static RandomPoint place(double ra, double dec) {
    RandomPoint p;
    p.ra = ra, p.dec = dec;
    return p;
  }
};

TEST_F(PointQuantities, OfASimulatedBrick) {
  BRICKLINE_NEEDS_DATA("golden/sim300/products");
  const Values found =
      at("sim300", "1501p022", {"g", "r"},
         {place(150.13514570114017, 2.240626187213273), place(150.12492716606627, 2.250072777775961),
          place(150.125, 2.2391561112406038), place(150.1212862071748, 2.2463618341797247),
          place(150.13348520424591, 2.25884247518493)});
  EXPECT_THAT(found.at("NOBS_G"), ElementsAre(2, 1, 2, 2, 2));
  expect(found.at("PSFDEPTH_G"), {891.71387, 488.93314, 891.71387}, kSingle);
  expect(found.at("PSFSIZE_G"), {1.9264091}, kSingle);
  expect(found.at("APFLUX_G"), {2.286418e-3, .1296354600, -.0169035789, 3.534464e-3, -2.532537e-3}, 1e-6);
  expect(found.at("APFLUX_IVAR_G"), {4281.65536, 2239.68312, 5965.11414, 4286.51162, 4253.42660}, kSingle);
  expect(found.at("APFLUX_R"), {-.012350058, .136504054, 8.479643e-3, -.034449695, -.028402423}, 1e-6);
}

TEST_F(PointQuantities, OfABrickWithWise) {
  BRICKLINE_NEEDS_DATA("golden/testcase4/products");
  const fits::Header header = [] {
    fits::FitsReader reader(test::data_dir() / "golden/testcase4/products/coadd/186/1867p255" /
                            "legacysurvey-1867p255-image-z.fits.fz");
    return reader.header(1);
  }();
  const Wcs wcs = Wcs::from_header(header, 250, 250);
  std::vector<RandomPoint> places;
  for (const auto& [x, y] : {std::pair(50., 50.), {125.3, 125.8}, {236.1, 223.5}, {10.5, 11.5}}) {
    const SkyPosition s = wcs.pixel_to_sky(x, y);
    places.push_back(place(s.ra, s.dec));
  }
  const Values found = at("testcase4", "1867p255", {"z"}, places);
  expect(found.at("APFLUX_Z"), {.0817967728, -.261524618, 3.79763102, .0730679098}, 1e-6);
  expect(found.at("APFLUX_IVAR_Z"), {45.872267, 45.933310, 44.389651, 45.908789}, kSingle);
  expect(found.at("PSFDEPTH_W1"), {3.3904135, 3.4210126, 2.7294662, 3.5005713}, kSingle);
  expect(found.at("PSFDEPTH_W2"), {.84525257, .83596402, .82551450, .87776226}, kSingle);
}

TEST(RandomPoints, AreAsManyAsTheirDensityWants) {
  double sum = 0;
  for (int id = 1; id <= 1000; ++id) {
    Brick b = kEquator;
    b.id = id;
    sum += static_cast<double>(random_points(b, 7, 2500).size());
  }
  EXPECT_NEAR(sum / 1000, 2500 * area_of(kEquator), 4 * std::sqrt(156.13 / 1000));
}

// "LEVEL <= D" gives the points of density D.
TEST(RandomPoints, HaveNoSmallerLevelInATable) {
  int above = 0;
  for (const RandomPoint& p : random_points(kEquator, 1, 100000)) {
    ASSERT_GE(p.float_level(), p.level);
    ASSERT_LT(std::nextafterf(p.float_level(), 0), p.level);
    above += p.float_level() != static_cast<float>(p.level);
  }
  EXPECT_GT(above, 1000);
}

TEST(Randoms, AreMadeAgainWithOtherMapsOfDust) {
  const DustMaps maps(Image<float>(4, 4), Image<float>(4, 4));
  RandomsOptions options;
  const std::string without = options.words();
  options.dust = &maps;
  options.dust_digest = "12";
  const std::string with = options.words();
  options.dust_digest = "34";
  EXPECT_NE(with, without);
  EXPECT_NE(with, options.words());
}

TEST(RandomPoints, OfABrickAcrossRaZeroAreInIt) {
  const Brick b = brick_named("0001p120", 12, 359.9, 0.1, 12, 12.25);
  const auto points = random_points(b, 1, 5000);
  ASSERT_GT(points.size(), 100U);
  for (const RandomPoint& p : points) EXPECT_TRUE(b.contains(p.ra, p.dec)) << p.ra << " " << p.dec;
}

TEST(Cells, AreThoseOfHealpix) {
  struct Row {
    double ra, dec;
    std::int64_t cells[6];
  };
  const int orders[] = {3, 6, 10, 13, 20, 29};
  const Row rows[] = {
      {150.125, 2.25, {425, 27258, 6978124, 446599937, 7317093381396, 1918132127372686521}},
      {110.2124430956, 24, {96, 6179, 1581916, 101242638, 1658759386764, 434833820684072933}},
      {177.30245231607628, 59.5, {95, 6100, 1561680, 99947521, 1637540189726, 429271335495770023}},
      {266.4, -29, {450, 28830, 7380516, 472353075, 7739032785159, 2028741010432736142}},
      {359.9999, -89.9, {704, 45056, 11534340, 738197761, 12094632120321, 3170535242549448978}},
      {0, 90, {63, 4095, 1048575, 67108863, 1099511627775, 288230376151711743}}};
  for (const Row& row : rows)
    for (int i = 0; i < 6; ++i)
      EXPECT_EQ(nested_cell(orders[i], row.ra, row.dec), row.cells[i]) << row.ra << " " << i;
}

TEST(Cells, HaveTheirCentresAndCorners) {
  const SkyPosition middle = cell_center(3, 425), deep = cell_center(11, 27912496);
  EXPECT_NEAR(middle.ra, 151.875, 1e-12);
  EXPECT_NEAR(middle.dec, 0, 1e-12);
  EXPECT_NEAR(deep.ra, 150.1171875, 1e-12);
  EXPECT_NEAR(deep.dec, 2.2573512957852984, 1e-12);
  const FaceCell c = face_cell(3, 425);
  const SkyPosition north =
      face_position(3, c.face, static_cast<double>(c.x + 1), static_cast<double>(c.y + 1));
  EXPECT_NEAR(north.ra, 151.875, 1e-12);
  EXPECT_NEAR(north.dec, 4.780191847, 1e-9);
  // Every cell of an order holds its own centre, and its numbers go there and back.
  for (std::int64_t cell = 0; cell < 12 * 1024; ++cell) {
    const SkyPosition s = cell_center(5, cell);
    ASSERT_EQ(nested_cell(5, s.ra, s.dec), cell);
    ASSERT_EQ(cell_number(5, face_cell(5, cell)), cell);
  }
}

TEST(Moc, IsCanonical) {
  Moc moc(12);
  moc.add_cells(
      {111649898, 111649899, 111649941, 111649988, 111649984, 111649985, 111649986, 111649987, 111649898});
  EXPECT_THAT(moc.uniq(), ElementsAre(44689712, 178758762, 178758763, 178758805, 178758852));
  EXPECT_NEAR(moc.fraction(), 8 / (12. * 4096 * 4096), 1e-20);
}

}  // namespace
}  // namespace brickline
