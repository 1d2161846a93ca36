#include "core/wcs/polygon.h"

#include <algorithm>
#include <cmath>
#include <optional>

namespace brickline {
namespace {

// Positive when c lies to the left of the way from a to b.
double cross(PixelPosition a, PixelPosition b, PixelPosition c) {
  return (b.x - a.x) * (c.y - a.y) - (b.y - a.y) * (c.x - a.x);
}

bool has_vertex_inside(std::span<const PixelPosition> vertices, std::span<const PixelPosition> polygon) {
  return std::any_of(vertices.begin(), vertices.end(),
                     [&](PixelPosition p) { return point_in_polygon(polygon, p); });
}

}  // namespace

double signed_area(std::span<const PixelPosition> polygon) {
  double twice = 0;
  for (std::size_t i = 0, n = polygon.size(); i < n; ++i) {
    const PixelPosition a = polygon[i], b = polygon[(i + 1) % n];
    twice += a.x * b.y - b.x * a.y;
  }
  return twice / 2;
}

Polygon clip_convex(std::span<const PixelPosition> subject, std::span<const PixelPosition> clip) {
  Polygon result(subject.begin(), subject.end());
  const double side = signed_area(clip) < 0 ? -1 : 1;
  for (std::size_t i = 0, n = clip.size(); i < n && !result.empty(); ++i) {
    const PixelPosition a = clip[i], b = clip[(i + 1) % n];
    Polygon kept;
    PixelPosition previous = result.back();
    double previous_side = side * cross(a, b, previous);
    for (const PixelPosition& p : result) {
      const double p_side = side * cross(a, b, p);
      if ((p_side >= 0) != (previous_side >= 0)) {
        const double t = previous_side / (previous_side - p_side);
        kept.push_back({previous.x + t * (p.x - previous.x), previous.y + t * (p.y - previous.y)});
      }
      if (p_side >= 0) kept.push_back(p);
      previous = p;
      previous_side = p_side;
    }
    result = std::move(kept);
  }
  return result;
}

Polygon convex_hull(std::span<const PixelPosition> points) {
  Polygon sorted(points.begin(), points.end());
  std::sort(sorted.begin(), sorted.end(),
            [](PixelPosition a, PixelPosition b) { return a.x < b.x || (a.x == b.x && a.y < b.y); });
  if (sorted.size() < 3) return sorted;
  Polygon hull;
  for (int pass = 0; pass < 2; ++pass) {
    const std::size_t start = hull.size();
    for (const PixelPosition& p : sorted) {
      while (hull.size() >= start + 2 && cross(hull[hull.size() - 2], hull.back(), p) <= 0) hull.pop_back();
      hull.push_back(p);
    }
    hull.pop_back();
    std::reverse(sorted.begin(), sorted.end());
  }
  return hull;
}

bool point_in_polygon(std::span<const PixelPosition> polygon, PixelPosition point) {
  bool inside = false;
  for (std::size_t i = 0, n = polygon.size(), j = n - 1; i < n; j = i++) {
    const PixelPosition a = polygon[i], b = polygon[j];
    const bool crosses = (a.y <= point.y && point.y < b.y) || (b.y <= point.y && point.y < a.y);
    if (crosses && point.x < a.x + (b.x - a.x) * (point.y - a.y) / (b.y - a.y)) inside = !inside;
  }
  return inside;
}

bool segments_intersect(PixelPosition a0, PixelPosition a1, PixelPosition b0, PixelPosition b1) {
  const double ax = a1.x - a0.x, ay = a1.y - a0.y, bx = b1.x - b0.x, by = b1.y - b0.y;
  const double det = ax * by - ay * bx;
  if (det == 0) return false;
  const double s = ((b0.x - a0.x) * by - (b0.y - a0.y) * bx) / det;  // along a
  const double t = ((b0.x - a0.x) * ay - (b0.y - a0.y) * ax) / det;  // along b
  return s >= 0 && s <= 1 && t >= 0 && t <= 1;
}

bool polygons_intersect(std::span<const PixelPosition> a, std::span<const PixelPosition> b) {
  if (a.empty() || b.empty()) return false;
  if (has_vertex_inside(a, b) || has_vertex_inside(b, a)) return true;
  for (std::size_t i = 0; i < a.size(); ++i)
    for (std::size_t j = 0; j < b.size(); ++j)
      if (segments_intersect(a[i], a[(i + 1) % a.size()], b[j], b[(j + 1) % b.size()])) return true;
  return false;
}

Polygon image_outline(int width, int height, double margin) {
  const double lo = -0.5 - margin, x1 = width - 0.5 + margin, y1 = height - 0.5 + margin;
  return {{lo, lo}, {x1, lo}, {x1, y1}, {lo, y1}};
}

namespace {

// Whether the way from the middle of the image to a pixel leads through a distortion that stays near what it
// is in the middle, so that the straight line between two such pixels is nearly one on the sky.
bool reaches(const Wcs& wcs, PixelPosition pixel) {
  constexpr int kSteps = 32;
  if (wcs.is_plain_tangent()) return true;
  const double xm = (wcs.width() - 1) / 2.0, ym = (wcs.height() - 1) / 2.0;
  const double middle = wcs.area_stretch(xm, ym);
  for (int k = 1; k <= kSteps; ++k) {
    const double t = static_cast<double>(k) / kSteps;
    const double ratio = wcs.area_stretch(xm + t * (pixel.x - xm), ym + t * (pixel.y - ym)) / middle;
    if (!(ratio > 0.5 && ratio < 2)) return false;
  }
  return true;
}

// The vertices in the image's pixels; empty where one of them has no pixel that can be trusted.
std::optional<Polygon> in_pixels(const Wcs& wcs, std::span<const SkyPosition> polygon) {
  Polygon projected;
  for (const SkyPosition& s : polygon) {
    const auto p = wcs.sky_to_pixel(s.ra, s.dec);
    if (!p || !reaches(wcs, *p)) return {};
    projected.push_back(*p);
  }
  return projected;
}

// `count` points on every edge, each edge's first end among them.
Polygon with_points_on_edges(std::span<const PixelPosition> polygon, int count) {
  Polygon dense;
  for (std::size_t i = 0; i < polygon.size(); ++i) {
    const PixelPosition a = polygon[i], b = polygon[(i + 1) % polygon.size()];
    for (int k = 0; k < count; ++k) {
      const double t = static_cast<double>(k) / count;
      dense.push_back({a.x + t * (b.x - a.x), a.y + t * (b.y - a.y)});
    }
  }
  return dense;
}

// The part of the image, in its pixels, under the polygon: the image's outline is carried to the tangent
// plane about its middle, clipped there and carried back; what is left lies inside the image, where the
// distortion has its inverse.
Polygon clip_on_the_sky(const Wcs& wcs, std::span<const SkyPosition> polygon) {
  constexpr int kPointsPerEdge = 64;
  const SkyPosition middle = wcs.center();
  const Wcs plane = Wcs::tangent(middle.ra, middle.dec, 0, 0, {1, 0, 0, 1}, 1, 1);
  Polygon clip, outline;
  for (const SkyPosition& s : polygon) {
    const auto p = plane.sky_to_pixel(s.ra, s.dec);
    if (!p) return {};
    clip.push_back(*p);
  }
  const auto to_plane = [&](PixelPosition pixel) {
    const SkyPosition s = wcs.pixel_to_sky(pixel.x, pixel.y);
    return plane.sky_to_pixel(s.ra, s.dec);
  };
  const Polygon frame = image_outline(wcs.width(), wcs.height(), -0.5);
  for (const PixelPosition& pixel : with_points_on_edges(frame, kPointsPerEdge))
    if (const auto p = to_plane(pixel)) outline.push_back(*p);
  Polygon part;
  for (const PixelPosition& p : with_points_on_edges(clip_convex(outline, clip), kPointsPerEdge)) {
    const SkyPosition s = plane.pixel_to_sky(p.x, p.y);
    const auto pixel = wcs.sky_to_pixel(s.ra, s.dec);
    if (!pixel) return frame;  // all of it rather than too little
    part.push_back(*pixel);
  }
  return part;
}

}  // namespace

Box extent_of_sky_polygon(const Wcs& wcs, std::span<const SkyPosition> polygon) {
  const auto projected = in_pixels(wcs, polygon);
  const Polygon part = projected ? clip_convex(image_outline(wcs.width(), wcs.height(), -0.5), *projected)
                                 : clip_on_the_sky(wcs, polygon);
  if (part.empty()) return {};
  double x0 = part[0].x, x1 = x0, y0 = part[0].y, y1 = y0;
  for (const PixelPosition& p : part) {
    x0 = std::min(x0, p.x);
    x1 = std::max(x1, p.x);
    y0 = std::min(y0, p.y);
    y1 = std::max(y1, p.y);
  }
  const auto to_pixel = [](double rounded, int size) {
    return static_cast<int>(std::clamp(rounded, 0.0, static_cast<double>(size - 1)));
  };
  return {to_pixel(std::floor(x0), wcs.width()), to_pixel(std::ceil(x1), wcs.width()) + 1,
          to_pixel(std::floor(y0), wcs.height()), to_pixel(std::ceil(y1), wcs.height()) + 1};
}

}  // namespace brickline
