// The parts that reference catalogs are made of, on check values of their own.
#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <numbers>
#include <random>
#include <set>

#include "core/facts/band_facts.h"
#include "core/fits/fits_writer.h"
#include "core/model/sky_motion.h"
#include "core/refs/catalog_sources.h"
#include "core/refs/healpix.h"
#include "core/survey/bits.h"
#include "core/survey/kd_tree.h"
#include "core/wcs/sky.h"
#include "tests/refs/cases.h"

namespace brickline {
namespace {

TEST(Healpix, KnownPixels) {
  struct Pixel {
    double ra, dec;
    int ring, nested;
  };
  for (const Pixel& p :
       {Pixel{110.2125, 24, 3687, 1544}, Pixel{244.723, 12, 4887, 7922}, Pixel{9.1228, 3.3975, 5699, 4536},
        Pixel{177.302, 59.5, 799, 1525}, Pixel{346.684, 12.791, 4795, 5000}, Pixel{120.961, 5, 5483, 5499},
        Pixel{186.774, 25.5, 3586, 7034}, Pixel{0, 0, 5952, 4864}, Pixel{359.999, 0.001, 5952, 4864},
        Pixel{45, 45, 1638, 771}, Pixel{180, -60, 11406, 10784}, Pixel{12.3, 89.9, 0, 1023},
        Pixel{12.3, -89.9, 12284, 8192}}) {
    EXPECT_EQ(healpix(p.ra, p.dec, 32, HealpixScheme::kRing), p.ring) << p.ra << " " << p.dec;
    EXPECT_EQ(healpix(p.ra, p.dec, 32, HealpixScheme::kNested), p.nested) << p.ra << " " << p.dec;
  }
}

// Both numberings name the same pixels, which are all of the same area.
TEST(Healpix, RingAndNestedCutTheSkyAlike) {
  std::mt19937 random(5);
  std::uniform_real_distribution<double> uniform(-1, 1);
  std::map<int, int> nested_of_ring;
  std::map<int, int> count;
  constexpr int kNside = 8, kPixels = 12 * kNside * kNside, kPoints = 400 * kPixels;
  for (int i = 0; i < kPoints; ++i) {
    const double ra = 180 + 180 * uniform(random), dec = std::asin(uniform(random)) * 180 / std::numbers::pi;
    const int ring = healpix(ra, dec, kNside, HealpixScheme::kRing);
    const int nested = healpix(ra, dec, kNside, HealpixScheme::kNested);
    ASSERT_EQ(nested_of_ring.emplace(ring, nested).first->second, nested) << ra << " " << dec;
    ++count[nested];
  }
  ASSERT_EQ(nested_of_ring.size(), std::size_t{kPixels});
  ASSERT_EQ(count.size(), std::size_t{kPixels});
  for (const auto& [pixel, n] : count) EXPECT_NEAR(n, 400, 7 * 20) << pixel;
}

TEST(Gaia, FilesOfEachField) {
  const std::map<std::string, std::set<int>> kThere = {{"testcase6", {3559, 3687}},
                                                       {"testcase3", {4759, 4886, 4887, 5015}},
                                                       {"testcase4", {3458, 3459, 3586}},
                                                       {"mzlsbass2", {799, 881}}};
  for (const auto& [name, there] : kThere) {
    BRICKLINE_NEEDS_DATA("surveys/" + name);
    const auto region = refs::padded_region(test::wcs_of(name), StarMask::kRadiusOfMagnitude0);
    const std::vector<int> needed = refs::gaia_healpixes(region, HealpixScheme::kRing);
    EXPECT_EQ(std::set<int>(needed.begin(), needed.end()), there) << name;
  }
}

TEST(Gaia, PredictedMagnitudes) {
  struct Star {
    float g, bp, rp;
    std::array<double, 5> ugriz;
  };
  const std::array<const char*, 5> bands = {"u", "g", "r", "i", "z"};
  for (const Star& s : {Star{15, 15.5, 14.5, {16.518555, 15.467812, 14.884424, 14.717920, 14.654469}},
                        Star{15, 16.5, 14, {18.809002, 16.713352, 15.267773, 14.078625, 13.586161}},
                        Star{15, 18, 13, {28.994576, 18.143066, 16.197998, 13.914551, 12.845322}},
                        Star{15, 0, 14, {30, 15.842588, 14.843255, 14.525347, 14.365069}},
                        Star{0, 20, 18, {22.401403, 30, 30, 30, 30}},
                        Star{15, std::nanf(""), 14, {30, 15.842588, 14.843255, 14.525347, 14.365069}},
                        Star{10, 14, 8, {24.994576, 13.143066, 11.197998, 8.914551, 7.845322}}})
    for (std::size_t b = 0; b < bands.size(); ++b) {
      const BandFacts facts = standard_band_facts(bands[b]);
      ASSERT_TRUE(facts.gaia) << bands[b];
      // The reference's own rounding errors, in single precision, reach 6e-3 at the reddest colour.
      const double tolerance = s.bp - s.rp > facts.gaia->colour_clip[1] ? 6e-3 : 1e-4;
      EXPECT_NEAR(refs::transformed_magnitude(*facts.gaia, s.g, s.bp, s.rp), s.ugriz[b], tolerance)
          << bands[b] << " of " << s.g << " " << s.bp << " " << s.rp;
    }
  EXPECT_FALSE(standard_band_facts("M411").gaia);
}

TEST(Gaia, RadiusOfAStarsMask) {
  for (const auto& [mag, arcsec] : std::map<float, double>{{0, 1630},
                                                           {5, 307.440},
                                                           {8, 113.0067},
                                                           {10, 57.98737},
                                                           {12, 29.75518},
                                                           {13, 21.31460},
                                                           {15, 10.93720},
                                                           {16, 7.834674},
                                                           {18, 4.020222},
                                                           {20, 2.062905},
                                                           {21, 1.477726}})
    EXPECT_NEAR(StarMask::radius_degrees(mag) * 3600 / arcsec, 1, 2e-6) << mag;
}

TEST(References, StarsInTheRegionOfEachField) {
  struct Count {
    const char* field;
    std::size_t tycho, gaia, point_sources;
  };
  for (const Count& c : {Count{"testcase3", 115, 709, 552}, Count{"testcase4", 61, 149, 99},
                         Count{"testcase6", 218, 1010, 556}, Count{"testcase7", 220, 1010, 556},
                         Count{"testcase9", 90, 217, 148}, Count{"mzlsbass2", 84, 192, 140}}) {
    BRICKLINE_NEEDS_DATA(std::string("surveys/") + c.field);
    const ReferenceOptions options = test::options_of(c.field);
    const auto region = refs::padded_region(test::wcs_of(c.field), StarMask::kRadiusOfMagnitude0);
    std::vector<GaiaTransform> transforms;
    for (const char* band : {"g", "r", "i", "z"}) transforms.push_back(*standard_band_facts(band).gaia);
    std::vector<std::filesystem::path> files;
    const auto gaia = refs::read_gaia(options, region, transforms, files);
    EXPECT_EQ(gaia.size(), c.gaia) << c.field;
    EXPECT_EQ(static_cast<std::size_t>(
                  std::count_if(gaia.begin(), gaia.end(), [](const auto& o) { return o.point_source; })),
              c.point_sources)
        << c.field;
    EXPECT_TRUE(
        std::is_sorted(gaia.begin(), gaia.end(), [](const auto& a, const auto& b) { return a.mag < b.mag; }));
    EXPECT_EQ(refs::read_tycho2(options.tycho_file, region, {}).size(), c.tycho) << c.field;
  }
}

TEST(SkyTree, WalksLikeItsMaker) {
  BRICKLINE_NEEDS_DATA("surveys/testcase6");
  struct Search {
    const char* field;
    double ra, dec, radius;
    std::size_t found;  // 0: not stated
    std::vector<std::int64_t> first;
  };
  for (const Search& s : {Search{"testcase6", 110.3, 23.92, 1, 219, {222, 223, 224, 225, 226, 228}},
                          Search{"mzlsbass2", 177.3, 59.5, 0.4, 0, {63, 65, 71, 14, 16, 29, 31}}}) {
    fits::FitsReader reader(test::survey_of(s.field) / "tycho2.kd.fits");
    const auto tree = SkyTree::read(reader, "stars");
    ASSERT_TRUE(tree);
    const auto rows = tree->search(reader, s.ra, s.dec, s.radius);
    if (s.found) {
      EXPECT_EQ(rows.size(), s.found);
    }
    ASSERT_GE(rows.size(), s.first.size());
    EXPECT_EQ(std::vector(rows.begin(), rows.begin() + static_cast<std::ptrdiff_t>(s.first.size())), s.first);
    // The same rows as by looking at all.
    const fits::Table table = reader.table(1);
    std::set<std::int64_t> all;
    for (std::int64_t i = 0; i < table.rows(); ++i)
      if (angular_separation(table.number("ra", i), table.number("dec", i), s.ra, s.dec) <= s.radius)
        all.insert(i);
    EXPECT_EQ(std::set(rows.begin(), rows.end()), all);
    EXPECT_FALSE(SkyTree::read(reader, "expnum"));
  }
  for (const auto& [name, shape] :
       std::map<std::string, std::pair<std::int64_t, int>>{{"testcase3", {123, 15}},
                                                           {"testcase4", {64, 7}},
                                                           {"testcase7", {236, 31}},
                                                           {"testcase9", {94, 7}}}) {
    fits::FitsReader reader(test::survey_of(name) / "tycho2.kd.fits");
    const auto tree = SkyTree::read(reader, "stars");
    ASSERT_TRUE(tree) << name;
    EXPECT_EQ(tree->points(), shape.first) << name;
    EXPECT_EQ(tree->nodes(), shape.second) << name;
  }
}

TEST(SkyMotion, PositionsAtAnEpoch) {
  struct Case {
    double ra, dec;
    SkyMotion motion;
    double mjd, moved_ra, moved_dec;
  };
  for (const Case& c : {Case{110.31236645,
                             23.92000048,
                             {1.9012499, -13.457328, 3.2211225, 2015.5},
                             57032.23234804259,
                             110.3123661339,
                             23.9200022904},
                        Case{10, 60, {1000, -2000, 500, 2015.5}, 58000, 10.0013191872, 59.9989087437},
                        Case{10, 60, {1000, -2000, 0, 2015.5}, 58000, 10.0012078865, 59.9987921135},
                        Case{200, -30, {-300, 150, -20, 2016.0}, 59215.25, 199.9995128630, -29.9997900132}}) {
    const SkyPosition p = position_at(c.ra, c.dec, c.motion, c.mjd);
    EXPECT_NEAR(p.ra, c.moved_ra, 2e-10);
    EXPECT_NEAR(p.dec, c.moved_dec, 2e-10);
  }
}

struct Footprint {
  std::int64_t pixels = 0, sum_x = 0, sum_y = 0;
  int x0 = 1000, x1 = -1, y0 = 1000, y1 = -1;
};
Footprint footprint(const Image<std::uint8_t>& mask, std::uint8_t bit) {
  Footprint f;
  for (int y = 0; y < mask.height(); ++y)
    for (int x = 0; x < mask.width(); ++x) {
      if (!(mask(x, y) & bit)) continue;
      ++f.pixels;
      f.sum_x += x;
      f.sum_y += y;
      f.x0 = std::min(f.x0, x);
      f.x1 = std::max(f.x1, x);
      f.y0 = std::min(f.y0, y);
      f.y1 = std::max(f.y1, y);
    }
  return f;
}

TEST(ReferenceMask, CirclesOfStarsAndEllipsesOfTheRest) {
  const double pixel = 0.262 / 3600;
  const Wcs wcs = Wcs::tangent(150, 2, 49.5, 49.5, {-pixel, 0, 0, pixel}, 100, 100);
  const SkyPosition s = wcs.pixel_to_sky(29.3, 59.7);
  ReferenceObject star;
  star.ra = s.ra;
  star.dec = s.dec;
  star.radius = 5.F / 3600;
  star.ba = 0.5F;
  star.pa = 30;
  ReferenceObject cluster = star, galaxy = star, none = star;
  star.is_bright = star.is_medium = true;
  cluster.is_cluster = true;
  galaxy.set_galaxy_maskbit = true;

  const Image<std::uint8_t> stars = reference_mask(std::vector{star}, wcs);
  const Footprint bright = footprint(stars, refbit::kBright), medium = footprint(stars, refbit::kMedium);
  EXPECT_EQ(bright.pixels, 316);
  EXPECT_EQ(medium.pixels, 1258);
  EXPECT_EQ(medium.x0, 10);
  EXPECT_EQ(medium.x1, 49);
  EXPECT_EQ(medium.y0, 40);
  EXPECT_EQ(medium.y1, 79);
  EXPECT_EQ(medium.sum_x, 36901);
  EXPECT_EQ(medium.sum_y, 75061);
  for (const auto& [row, bit] : {std::pair{cluster, refbit::kCluster}, std::pair{galaxy, refbit::kGalaxy}}) {
    const Footprint f = footprint(reference_mask(std::vector{row}, wcs), bit);
    EXPECT_EQ(f.pixels, 628);
    EXPECT_EQ(f.x0, 17);
    EXPECT_EQ(f.x1, 42);
    EXPECT_EQ(f.y0, 42);
    EXPECT_EQ(f.y1, 77);
    EXPECT_EQ(f.sum_x, 18454);
    EXPECT_EQ(f.sum_y, 37444);
  }
  // Only what is asked for; nothing of rows without a flag or far away.
  ReferenceObject far = star;
  far.dec += 1;
  const std::vector<ReferenceObject> rows = {star, cluster, none, far};
  const auto only_clusters =
      reference_mask(rows, wcs, [](const ReferenceObject& row) { return row.is_cluster; });
  EXPECT_EQ(footprint(only_clusters, 0xff).pixels, 628);
  EXPECT_EQ(footprint(reference_mask(std::vector{none, far}, wcs), 0xff).pixels, 0);
}

}  // namespace
}  // namespace brickline
