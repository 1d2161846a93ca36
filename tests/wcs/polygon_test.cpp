#include "core/wcs/polygon.h"

#include <gtest/gtest.h>

#include "core/base/image.h"
#include "core/wcs/local_linear.h"
#include "core/wcs/sky.h"

namespace brickline {
namespace {

const Polygon kSquare{{0, 0}, {10, 0}, {10, 10}, {0, 10}};

TEST(Polygon, ClippingKeepsWhatLiesInBoth) {
  const Polygon shifted{{5, 5}, {15, 5}, {15, 15}, {5, 15}};
  const Polygon backwards(shifted.rbegin(), shifted.rend());
  for (const Polygon& clip : {shifted, backwards}) {
    EXPECT_DOUBLE_EQ(std::abs(signed_area(clip_convex(kSquare, clip))), 25);
    EXPECT_DOUBLE_EQ(std::abs(signed_area(clip_convex(clip, kSquare))), 25);
  }
  EXPECT_DOUBLE_EQ(signed_area(clip_convex(kSquare, Polygon{{-5, 10}, {10, -5}, {40, 25}, {25, 40}})), 87.5);
}

TEST(Polygon, ClippingOfPolygonsApartIsEmpty) {
  EXPECT_TRUE(clip_convex(kSquare, Polygon{{20, 0}, {30, 0}, {30, 10}, {20, 10}}).empty());
  EXPECT_TRUE(clip_convex(Polygon{}, kSquare).empty());
}

TEST(Polygon, HullDropsWhatIsInsideOrOnAnEdge) {
  Polygon points = kSquare;
  points.push_back({5, 5});
  points.push_back({5, 0});
  const Polygon hull = convex_hull(points);
  EXPECT_EQ(hull.size(), 4u);
  EXPECT_DOUBLE_EQ(signed_area(hull), 100);
}

TEST(Polygon, IntersectionNeedsNoVertexInside) {
  const Polygon across{{4, -5}, {6, -5}, {6, 15}, {4, 15}};
  EXPECT_TRUE(polygons_intersect(kSquare, across));
  EXPECT_TRUE(polygons_intersect(kSquare, Polygon{{2, 2}, {3, 2}, {3, 3}}));
  EXPECT_TRUE(polygons_intersect(Polygon{{2, 2}, {3, 2}, {3, 3}}, kSquare));
  EXPECT_FALSE(polygons_intersect(kSquare, Polygon{{11, -5}, {13, -5}, {13, 15}, {11, 15}}));
  EXPECT_FALSE(polygons_intersect(kSquare, Polygon{}));
}

TEST(Polygon, ConcaveOutlinesAreUnderstood) {
  const Polygon l_shape{{0, 0}, {10, 0}, {10, 2}, {2, 2}, {2, 10}, {0, 10}};
  EXPECT_FALSE(point_in_polygon(l_shape, {5, 5}));
  EXPECT_TRUE(point_in_polygon(l_shape, {1, 5}));
  EXPECT_FALSE(polygons_intersect(l_shape, Polygon{{5, 5}, {6, 5}, {6, 6}, {5, 6}}));
}

TEST(Extent, HoldsThePixelsThatASkyPolygonTouches) {
  const double p = 0.262 / 3600;
  const Wcs wcs = Wcs::tangent(10, 20, 100, 100, {-p, 0, 0, p}, 201, 151);
  const auto polygon_of = [&](double x0, double y0, double x1, double y1) {
    std::vector<SkyPosition> result;
    for (const PixelPosition& q : Polygon{{x0, y0}, {x1, y0}, {x1, y1}, {x0, y1}})
      result.push_back(wcs.pixel_to_sky(q.x, q.y));
    return result;
  };
  EXPECT_EQ(extent_of_sky_polygon(wcs, polygon_of(20.3, 30.6, 49.5, 60.5)), (Box{20, 51, 30, 62}));
  EXPECT_EQ(extent_of_sky_polygon(wcs, polygon_of(-50, 30.6, 49.5, 600)), (Box{0, 51, 30, 151}));
  EXPECT_TRUE(extent_of_sky_polygon(wcs, polygon_of(300, 30, 400, 60)).empty());
  EXPECT_TRUE(
      extent_of_sky_polygon(wcs, std::vector<SkyPosition>{{190, -20}, {190.1, -20}, {190, -20.1}}).empty());
}

TEST(LocalLinear, FollowsTheWcsNearby) {
  const Wcs wcs = Wcs::tangent(200, 60, 1000, 1000, {2e-7, 7.2e-5, -7.3e-5, 1e-7}, 2000, 2000);
  const SkyPosition s = wcs.pixel_to_sky(400, 1700);
  const auto constant = local_linear(wcs, s.ra, s.dec);
  const auto exact = local_linear(wcs, s.ra, s.dec, LocalLinearWcs::Jacobian::kLocal);
  ASSERT_TRUE(constant && exact);
  EXPECT_NEAR(exact->pixel.x, 400, 1e-8);
  const double ra = s.ra + 4.0 / 3600, dec = s.dec - 3.0 / 3600;
  const auto truth = wcs.sky_to_pixel(ra, dec);
  EXPECT_NEAR(exact->to_pixel(ra, dec).x, truth->x, 1e-3);
  EXPECT_NEAR(exact->to_pixel(ra, dec).y, truth->y, 1e-3);
  // The constant matrix ignores that north turns over the field: 0.1 degree at Dec 60 is 0.002 rad.
  EXPECT_NEAR(constant->to_pixel(ra, dec).x, truth->x, 0.05);
  EXPECT_NEAR(constant->to_pixel(ra, dec).y, truth->y, 0.05);
  // Its matrix is the inverse of CD.
  const auto& m = constant->pixels_per_degree;
  const auto& cd = wcs.cd();
  EXPECT_NEAR(m[0] * cd[0] + m[1] * cd[2], 1, 1e-12);
  EXPECT_NEAR(m[2] * cd[0] + m[3] * cd[2], 0, 1e-12);
  EXPECT_DOUBLE_EQ(constant->per_ra().x, m[0] * std::cos(s.dec * std::acos(-1.0) / 180));
  EXPECT_FALSE(local_linear(wcs, 20, -60));
}

TEST(LocalLinear, FollowsTheWcsUpToThePole) {
  constexpr double kPixel = 7.2e-5;
  for (const double sign : {1.0, -1.0}) {
    const Wcs wcs = Wcs::tangent(200, sign * 89.999, 1000, 1000, {-kPixel, 0, 0, kPixel}, 2000, 2000);
    for (const double distance : {0.0, 1e-5, 0.001, 0.05, 0.2}) {
      const double ra = 200, dec = sign * (90 - distance);
      const auto local = local_linear(wcs, ra, dec, LocalLinearWcs::Jacobian::kLocal);
      ASSERT_TRUE(local);
      // Along the tangent point's meridian the image's axes are east and north.
      EXPECT_NEAR(local->pixels_per_degree[0] * kPixel, -1, 1e-4) << distance;
      EXPECT_NEAR(local->pixels_per_degree[1] * kPixel, 0, 1e-4) << distance;
      EXPECT_NEAR(local->pixels_per_degree[2] * kPixel, 0, 1e-4) << distance;
      EXPECT_NEAR(local->pixels_per_degree[3] * kPixel, 1, 1e-4) << distance;
    }
  }
}

TEST(Sky, SeparationsAreGreatCircles) {
  EXPECT_NEAR(angular_separation(359.5, 0, 0.5, 0), 1, 1e-13);
  EXPECT_NEAR(angular_separation(0, 90, 123, 90), 0, 1e-13);
  EXPECT_NEAR(angular_separation(10, 60, 10 + 1e-6, 60), 5e-7, 1e-15);
  EXPECT_NEAR(angular_separation(10, 20, 190, -20), 180, 1e-12);
  EXPECT_NEAR(ra_difference(0.25, 359.75), 0.5, 1e-12);
  EXPECT_EQ(wrap_ra(-1), 359);
  EXPECT_EQ(wrap_ra(720), 0);
  EXPECT_LT(wrap_ra(-1e-18), 360);
}

TEST(Sky, SexagesimalFormsAreRead) {
  EXPECT_NEAR(*parse_ra("07:20:50.986"), 110.2124416667, 1e-9);
  EXPECT_NEAR(*parse_ra("7h20m50.986s"), 110.2124416667, 1e-9);
  EXPECT_NEAR(*parse_ra(" 7 20 50.986 "), 110.2124416667, 1e-9);
  EXPECT_EQ(parse_ra("110.25"), 110.25);
  EXPECT_EQ(parse_ra("-0.5"), 359.5);
  EXPECT_EQ(parse_dec("-00:30:00"), -0.5);
  EXPECT_NEAR(*parse_dec("+24:00:36"), 24.01, 1e-12);
  EXPECT_EQ(parse_dec("-12.5"), -12.5);
  for (const char* bad :
       {"", "x", "1:2:3:4", "25:00:00", "12:61:00", "12:00:60", "-1:00:00", "12:-3:00", "nan"})
    EXPECT_FALSE(parse_ra(bad)) << bad;
  for (const char* bad : {"91", "90:30:00", "1:2:", "--3", "inf"}) EXPECT_FALSE(parse_dec(bad)) << bad;
}

TEST(Sky, PositionsAreReadInEveryFormThatPeopleWrite) {
  struct Case {
    const char* text;
    double ra, dec;  // degrees; 999: not a position of this kind
  };
  constexpr double kNone = 999;
  const Case cases[] = {
      {"-.5", 359.5, -0.5},
      {".5", 0.5, 0.5},
      {"+.5", 0.5, 0.5},
      {"5.", 5, 5},
      {"1.5e1", 15, 15},
      {"1.5D1", 15, 15},
      {"18.5d", 18.5, 18.5},
      {"18.5deg", 18.5, 18.5},
      {"18.5 deg", 18.5, 18.5},
      {"18.5\xC2\xB0", 18.5, 18.5},
      {"\xE2\x88\x92"
       "18.5\xC2\xB0",
       341.5, -18.5},
      {"\xE2\x88\x92"
       "0.5",
       359.5, -0.5},
      {"\xE2\x80\x93"
       "0.5",
       359.5, -0.5},
      {"12h34m56.7s", 188.73625, kNone},
      {"12h 34m 56.7s", 188.73625, kNone},
      {"12:34:56.7", 188.73625, 12.58241666666667},
      {"12 34 56.7", 188.73625, 12.58241666666667},
      {" 12:34:56.7\t", 188.73625, 12.58241666666667},
      {"12:34", 188.5, 12.566666666666666},
      {"12:34.5", 188.625, 12.575},
      {"12h34.5m", 188.625, kNone},
      {"12h34", 188.5, kNone},
      {"12.5h", 187.5, kNone},
      {"12h", 180, kNone},
      {"12d34m56.7s", 12.58241666666667, 12.58241666666667},
      {"188d30m", 188.5, kNone},
      {"12d34'56.7\"", 12.58241666666667, 12.58241666666667},
      {"12\xC2\xB0"
       "34\xE2\x80\xB2"
       "56.7\xE2\x80\xB3",
       12.58241666666667, 12.58241666666667},
      {"-12d30m", 347.5, -12.5},
      {"-0d30m", 359.5, -0.5},
      {"-00:30:00", kNone, -0.5},
      {"23:59:59.99", 359.99995833333335, 23.99999722222222},
      {"24:00:00", kNone, 24},
      {"90", 90, 90},
      {"90d", 90, 90},
      {"90.0001", 90.0001, kNone},
      {"-360", 0, kNone},
      {"361", kNone, kNone},
      {"12.5:30", kNone, kNone},
      {"12:34:56:7", kNone, kNone},
      {"12:", kNone, kNone},
      {"12h34:56", kNone, kNone},
      {"12:34m", kNone, kNone},
      {"34m12h", kNone, kNone},
      {"12m34s", kNone, kNone},
      {"12s", kNone, kNone},
      {"12'", kNone, kNone},
      {"12h34s", kNone, kNone},
      {"12h34m56m", kNone, kNone},
      {"12:60:00", kNone, kNone},
      {"12:34:60", kNone, kNone},
      {"12:-34", kNone, kNone},
      {"- 12", kNone, kNone},
      {"--12", kNone, kNone},
      {"+-12", kNone, kNone},
      {"12,5", kNone, kNone},
      {"12.5.5", kNone, kNone},
      {"12..5", kNone, kNone},
      {".", kNone, kNone},
      {"-", kNone, kNone},
      {"h", kNone, kNone},
      {"d30m", kNone, kNone},
      {"0x10", kNone, kNone},
      {"nan", kNone, kNone},
      {"inf", kNone, kNone},
      {"1e999", kNone, kNone},
      {"12 x", kNone, kNone},
      {"12hours", kNone, kNone},
      {"12degrees", kNone, kNone},
  };
  for (const Case& c : cases) {
    EXPECT_NEAR(parse_ra(c.text).value_or(kNone), c.ra, 1e-11) << c.text;
    EXPECT_NEAR(parse_dec(c.text).value_or(kNone), c.dec, 1e-11) << c.text;
  }
}

TEST(Sky, SexagesimalFormsAreWrittenWithCarry) {
  EXPECT_EQ(format_ra(110.2124430956), "07:20:50.986");
  EXPECT_EQ(format_dec(24), "+24:00:00.000");
  EXPECT_EQ(format_dec(-0.5), "-00:30:00.000");
  EXPECT_EQ(format_ra(360 - 1e-9), "00:00:00.000");
  EXPECT_EQ(format_dec(59.99999999), "+60:00:00.000");
  EXPECT_EQ(format_dec(-12.3456789, 0), "-12:20:44");
}

}  // namespace
}  // namespace brickline
