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
