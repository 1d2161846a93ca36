// Random numbers, places and cells of the sky against numbers that others have worked out.
#include "core/release/randoms.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "core/base/error.h"
#include "core/release/moc.h"
#include "core/release/nested_cells.h"
#include "core/release/philox.h"
#include "core/release/random_points.h"

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
  EXPECT_EQ(random_points(kEquator, 2, 2500).size(), 155U);
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
