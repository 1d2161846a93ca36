#include "core/survey/bricks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numeric>
#include <set>

#include "core/base/error.h"
#include "core/survey/target.h"
#include "tests/support/data.h"

namespace brickline {
namespace {

using testing::ElementsAre;

const BrickTiling& tiling() {
  static const BrickTiling t;
  return t;
}
const BrickTable& all_bricks() {
  static const BrickTable t = BrickTable::from_table(tiling().table());
  return t;
}
std::vector<std::string> names(const std::vector<Brick>& bricks) {
  std::vector<std::string> result;
  for (const Brick& b : bricks) result.push_back(b.name);
  std::sort(result.begin(), result.end());
  return result;
}

TEST(BrickTiling, CoversTheSphereInRowsOfEvenCounts) {
  EXPECT_EQ(tiling().count(), 662174);
  EXPECT_EQ(tiling().rows(), 721);
  const std::vector<int> polar{1, 10, 16, 22, 30, 36};
  for (int i = 0; i < 6; ++i) {
    EXPECT_EQ(tiling().columns(i), polar[i]);
    EXPECT_EQ(tiling().columns(720 - i), polar[i]);
  }
  EXPECT_EQ(tiling().columns(360), 1440);
  std::set<std::string> unique;
  for (const Brick& b : all_bricks().bricks()) unique.insert(b.name);
  EXPECT_EQ(unique.size(), 662174u);
}

TEST(BrickTiling, FindsTheBrickOfAPosition) {
  struct Check {
    double ra, dec;
    int row, col;
    std::int64_t id;
    const char* name;
    int columns;
  };
  for (const Check& c :
       {Check{0, 0, 360, 0, 330368, "0001p000", 1440}, Check{359.9, 0, 360, 1439, 331807, "3598p000", 1440},
        Check{180, 45, 540, 511, 564835, "1801p450", 1022},
        Check{150.1, 2.2, 369, 600, 343928, "1501p022", 1440},
        Check{53.1, -27.8, 249, 188, 176786, "0531m277", 1276},
        Check{110.3, 23.95, 456, 403, 465217, "1102p240", 1318}, Check{0, -90, 0, 0, 1, "1800m900", 1},
        Check{0, 90, 720, 0, 662174, "1800p900", 1}}) {
    const Brick b = tiling().brick_at(c.ra, c.dec);
    EXPECT_EQ(b.name, c.name);
    EXPECT_EQ(b.row, c.row) << c.name;
    EXPECT_EQ(b.col, c.col) << c.name;
    EXPECT_EQ(b.id, c.id) << c.name;
    EXPECT_EQ(tiling().columns(c.row), c.columns);
    EXPECT_TRUE(b.contains(c.ra, c.dec) || c.dec == 90) << c.name;
  }
}

TEST(BrickTiling, ReproducesTheSurveysOwnTables) {
  BRICKLINE_NEEDS_DATA("surveys/testcase6");
  int checked = 0;
  for (const char* name :
       {"mzlsbass2", "testcase3", "testcase4", "testcase6", "testcase7", "testcase9", "sim300"}) {
    const auto survey = SurveyDirectory::open(test::data_dir() / "surveys" / name);
    const BrickTable table = BrickTable::read(survey);
    for (const Brick& b : table.bricks()) {
      const Brick ours = tiling().brick(b.row, b.col);
      EXPECT_EQ(ours.name, b.name);
      EXPECT_EQ(ours.id, b.id);
      EXPECT_EQ(ours.q, b.q);
      EXPECT_NEAR(ours.ra, b.ra, 1e-12);
      EXPECT_NEAR(ours.ra1, b.ra1, 1e-12);
      EXPECT_NEAR(ours.ra2, b.ra2, 1e-12);
      EXPECT_NEAR(ours.dec, b.dec, 1e-12);
      EXPECT_NEAR(ours.dec1, b.dec1, 1e-12);
      EXPECT_NEAR(ours.dec2, b.dec2, 1e-12);
      ++checked;
    }
  }
  EXPECT_EQ(checked, 7);
}

TEST(BrickTable, AnUnknownBrickIsAnErrorThatNamesItsLikes) {
  const BrickTable few =
      BrickTable::from_table(tiling().table().select({465216, 465217, 465218, 10}), "bricks.fits.gz");
  EXPECT_EQ(few.find("1102p240").id, 465217);
  try {
    few.find("1102p24");
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), ErrorKind::kInput);
    EXPECT_THAT(e.line(),
                testing::StartsWith("bricks.fits.gz: no brick 1102p24; the nearest names are 1102p240, "));
  }
}

TEST(BrickTable, ASurveyWithoutOneIsAnError) {
  test::TemporaryDirectory dir;
  EXPECT_THROW(BrickTable::read(SurveyDirectory::open(dir.path())), Error);
}

TEST(BrickTable, SearchesBySkyAndByImage) {
  const Target target = make_target(all_bricks().find("1102p240"));
  EXPECT_THAT(
      names(all_bricks().touching(target.wcs)),
      ElementsAre("1099p240", "1100p237", "1101p242", "1102p240", "1103p237", "1103p242", "1104p240"));
  EXPECT_EQ(names(all_bricks().near(110.2, 24, 0.3)), names(all_bricks().touching(target.wcs)));
  EXPECT_THAT(names(all_bricks().touching_box(110.0, 110.5, 23.9, 24.2)),
              ElementsAre("1099p240", "1101p242", "1102p240", "1103p242", "1104p240"));
  EXPECT_THAT(names(all_bricks().touching_box(359.9, 0.1, -0.1, 0.1)), ElementsAre("0001p000", "3598p000"));
}

TEST(Target, ABricksImageIsATangentPlaneAboutItsCentre) {
  const Target full = make_target(all_bricks().find("1102p240"));
  EXPECT_EQ(full.wcs.reference_pixel().x, 1799.5);
  EXPECT_EQ(full.wcs.cd()[0], -7.277777777777778e-05);
  EXPECT_NEAR(full.wcs.radius_degrees(), 0.18526197667087546, 1e-12);
  EXPECT_NEAR(full.wcs.pixel_to_sky(0, 0).ra, 110.3556545735, 1e-9);
  EXPECT_NEAR(full.wcs.pixel_to_sky(3599, 3599).dec, 24.1308963338, 1e-9);
}

TEST(Target, AZoomShowsPartOfTheSamePixels) {
  const Target zoom = make_target(all_bricks().find("1102p240"), {.zoom = Box{500, 600, 650, 750}});
  EXPECT_EQ(zoom.width(), 100);
  EXPECT_EQ(zoom.wcs.reference_pixel().x, 1300.5 - 1);
  EXPECT_EQ(zoom.wcs.reference_pixel().y, 1150.5 - 1);
  const auto corners = zoom.corners();
  EXPECT_NEAR(corners[0].ra, 110.315900649147, 1e-11);
  EXPECT_NEAR(corners[0].dec, 23.9163073884467, 1e-11);
  EXPECT_NEAR(corners[1].ra, 110.308018942323, 1e-11);
  EXPECT_NEAR(corners[2].ra, 110.308024290231, 1e-11);
  EXPECT_NEAR(corners[2].dec, 23.9235174376505, 1e-11);
  EXPECT_NEAR(corners[3].dec, 23.9235123626126, 1e-11);
}

TEST(Target, ACustomPieceOfSkyHasTheBoundsOfItsImage) {
  const Target t = make_custom_target(9.1228, 3.3975, {.width = 100, .height = 100});
  EXPECT_EQ(t.brick.name, "custom-009122p03397");
  EXPECT_EQ(t.brick.id, -1);
  EXPECT_NEAR(t.brick.ra1, 9.11919115729171, 1e-11);
  EXPECT_NEAR(t.brick.ra2, 9.12640884270829, 1e-11);
  EXPECT_NEAR(t.brick.dec1, 3.39389750000406, 1e-11);
  EXPECT_NEAR(t.brick.dec2, 3.40110249999457, 1e-11);
  EXPECT_EQ(custom_brick_name(346.684, 12.791), "custom-346684p12791");
  EXPECT_EQ(custom_brick_name(0.001, -0.0005), "custom-000001m00000");
  EXPECT_EQ(custom_brick_name(359.9999, -89.5), "custom-359999m89500");
}

TEST(Target, SizesThatMakeNoImageAreRefused) {
  const Brick b = tiling().brick_at(10, 10);
  EXPECT_THROW(make_target(b, {.width = 0}), Error);
  EXPECT_THROW(make_target(b, {.pixel_scale_arcsec = -1}), Error);
  EXPECT_THROW(make_target(b, {.zoom = Box{10, 10, 0, 5}}), Error);
  EXPECT_THROW(make_target(b, {.width = 3600, .pixel_scale_arcsec = 1000}), Error);
}

struct UniqueArea {
  std::int64_t pixels = 0;
  Box box{1 << 30, 0, 1 << 30, 0};
};
UniqueArea unique_area(const Target& target) {
  UniqueArea a;
  for (int y = 0; y < target.height(); ++y)
    for (int x = 0; x < target.width(); ++x)
      if (const SkyPosition s = target.wcs.pixel_to_sky(x, y); target.brick.contains(s.ra, s.dec)) {
        ++a.pixels;
        a.box = {std::min(a.box.x0, x), std::max(a.box.x1, x + 1), std::min(a.box.y0, y),
                 std::max(a.box.y1, y + 1)};
      }
  return a;
}

TEST(UniquePixels, AreThoseWhoseCentresLieInTheBrick) {
  const Brick brick = tiling().brick_at(110.3, 23.95);
  const UniqueArea full = unique_area(make_target(brick));
  EXPECT_EQ(full.pixels, 11778358);
  EXPECT_EQ(full.box, (Box{84, 3516, 82, 3518}));
  const auto zoomed = [&](Box zoom) { return unique_area(make_target(brick, {.zoom = zoom})).pixels; };
  EXPECT_EQ(zoomed({0, 600, 0, 700}), 318244);
  EXPECT_EQ(zoomed({3000, 3600, 3000, 3600}), 265734);
  EXPECT_EQ(zoomed({500, 600, 650, 750}), 10000);
  EXPECT_EQ(zoomed({0, 100, 0, 1000}), 14244);
}

TEST(BrickTable, ARowThatIsNoBrickIsNamedWhenItIsAskedFor) {
  fits::Table t = BrickTiling(30).table();
  const std::string name = t.text("brickname", 5);
  std::get<std::vector<double>>(t.find("dec")->data)[5] = std::numeric_limits<double>::quiet_NaN();
  std::vector<float> row(static_cast<std::size_t>(t.rows()), std::numeric_limits<float>::quiet_NaN());
  t.add("brickrow", std::move(row));
  const BrickTable bricks = BrickTable::from_table(t, "survey-bricks.fits.gz");
  try {
    bricks.find(name);
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), ErrorKind::kInput);
    EXPECT_EQ(e.line(), "survey-bricks.fits.gz: brick " + name + ": dec is nan");
  }
  EXPECT_EQ(bricks.find(t.text("brickname", 6)).row, 0);
}

TEST(BrickTable, RightAscensionsMayBeCountedFromMinus180) {
  fits::Table t = BrickTiling(30).table();
  const fits::Table usual = t;
  for (const char* name : {"ra", "ra1", "ra2"})
    for (double& ra : std::get<std::vector<double>>(t.find(name)->data))
      if (ra > 180) ra -= 360;
  const BrickTable bricks = BrickTable::from_table(t, "a"), expected = BrickTable::from_table(usual, "b");
  for (std::int64_t i = 0; i < t.rows(); ++i) {
    const Brick& e = expected.find(t.text("brickname", i));
    if (e.ra1 == 0 && e.ra2 == 360) continue;
    const Brick& b = bricks.find(e.name);
    EXPECT_TRUE(b.contains(e.ra, e.dec)) << b.name;
    EXPECT_FALSE(b.contains(e.ra2 + 0.01, e.dec)) << b.name << " " << b.ra1 << " " << b.ra2;
    EXPECT_FALSE(b.contains(e.ra1 - 0.01, e.dec)) << b.name;
  }
}

TEST(Target, AnImageOfAPoleOwnsAllThatIsAroundIt) {
  for (const double pole : {90., -90.})
    for (const double off : {0., 0.002}) {
      const Target t =
          make_custom_target(40, pole > 0 ? pole - off : pole + off, {.width = 90, .height = 90});
      EXPECT_TRUE(t.brick.contains(0, pole)) << pole << " " << off;
      for (const auto& [x, y] : {std::pair{30, 30}, {66, 28}, {27, 70}, {70, 66}, {44, 44}}) {
        const SkyPosition s = t.wcs.pixel_to_sky(x, y);
        EXPECT_TRUE(t.brick.contains(s.ra, s.dec)) << pole << " " << off << ": " << x << " " << y;
      }
      EXPECT_FALSE(t.brick.contains(40, pole > 0 ? pole - 0.1 : pole + 0.1));
    }
  // The survey's own polar bricks too.
  const Brick north = BrickTiling().brick_at(0, 90), south = BrickTiling().brick_at(0, -90);
  EXPECT_TRUE(north.contains(123, 90));
  EXPECT_TRUE(south.contains(123, -90));
  EXPECT_FALSE(BrickTiling().brick_at(0, 0).contains(0.1, 0.125));
}

TEST(UniquePixels, OfACustomPieceAtRaZeroAreNearlyAll) {
  const Target t = make_custom_target(0, 10, {.width = 50, .height = 40});
  EXPECT_GT(t.brick.ra1, t.brick.ra2);
  // The bounds are the outermost pixels' centres, half-open: the RA of the east column and the Dec of the
  // north row are out.
  EXPECT_NEAR(static_cast<double>(unique_area(t).pixels), 49 * 39, 60);
  EXPECT_TRUE(t.brick.contains(0, 10));
  EXPECT_TRUE(t.brick.contains(359.9999, 10));
  EXPECT_FALSE(t.brick.contains(180, 10));
}

}  // namespace
}  // namespace brickline
