#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include "core/refs/reference_catalog.h"
#include "core/survey/bits.h"

namespace brickline {
namespace {

struct Shape {
  std::uint8_t bit = 0;
  bool ellipse = false;
  std::int64_t radius = 0;  // pixels
};

// The shapes that a row sets bits in.
int shapes_of(const ReferenceObject& row, std::int64_t radius, std::array<Shape, 6>& out) {
  int n = 0;
  const auto add = [&](bool flag, std::uint8_t bit, bool ellipse, std::int64_t r) {
    if (flag) out[static_cast<std::size_t>(n++)] = {bit, ellipse, r};
  };
  add(row.is_bright, refbit::kBright, false, (radius + 1) / 2);
  add(row.is_medium, refbit::kMedium, false, radius);
  add(row.is_cluster, refbit::kCluster, true, radius);
  add(row.set_galaxy_maskbit, refbit::kGalaxy, true, radius);
  add(row.is_resolved, refbit::kResolved, true, radius);
  add(row.is_mcloud, refbit::kMclouds, true, radius);
  return n;
}

}  // namespace

Image<std::uint8_t> reference_mask(std::span<const ReferenceObject> rows, const Wcs& wcs) {
  return reference_mask(rows, wcs, [](const ReferenceObject&) { return true; });
}

Image<std::uint8_t> reference_mask(std::span<const ReferenceObject> rows, const Wcs& wcs,
                                   const std::function<bool(const ReferenceObject&)>& chosen) {
  Image<std::uint8_t> mask(wcs.width(), wcs.height(), 0);
  const double scale = wcs.pixel_scale_arcsec();
  for (const ReferenceObject& row : rows) {
    if (!(row.radius > 0) || !chosen(row)) continue;
    std::array<Shape, 6> shapes;
    const int count = shapes_of(
        row, static_cast<std::int64_t>(std::ceil(row.radius * 3600.f / static_cast<float>(scale))), shapes);
    if (count == 0) continue;
    const auto centre = wcs.sky_to_pixel(row.ra, row.dec);
    if (!centre) continue;
    for (int s = 0; s < count; ++s) {
      const Shape& shape = shapes[static_cast<std::size_t>(s)];
      const double r = static_cast<double>(shape.radius);
      const auto clipped = [](double v, int size) {
        return static_cast<int>(std::clamp(v, 0.0, static_cast<double>(size)));
      };
      const int x0 = clipped(std::floor(centre->x - r), wcs.width());
      const int x1 = clipped(std::ceil(centre->x + 1 + r), wcs.width());
      const int y0 = clipped(std::floor(centre->y - r), wcs.height());
      const int y1 = clipped(std::ceil(centre->y + 1 + r), wcs.height());
      const double pa = std::isfinite(row.pa) ? row.pa : 0;
      const double angle = (90 + pa) * std::numbers::pi / 180, c = std::cos(angle), sn = std::sin(angle);
      // Round where the axis ratio is not known.
      const double ba = row.ba > 0 && row.ba <= 1 ? row.ba : 1;
      const double major = 1 / (r * r), minor = 1 / (r * ba * r * ba);
      const CdMatrix& cd = wcs.cd();
      const double pixel = scale / 3600;
      for (int y = y0; y < y1; ++y) {
        std::uint8_t* out = mask.row(y);
        for (int x = x0; x < x1; ++x) {
          const double dx = x - centre->x, dy = y - centre->y;
          bool inside;
          if (shape.ellipse) {
            const double du = (cd[0] * dx + cd[1] * dy) / pixel, dv = (cd[2] * dx + cd[3] * dy) / pixel;
            const double along = c * du - sn * dv, across = sn * du + c * dv;
            inside = along * along * major + across * across * minor < 1;
          } else {
            inside = dx * dx + dy * dy <= r * r;
          }
          if (inside) out[x] |= shape.bit;
        }
      }
    }
  }
  return mask;
}

}  // namespace brickline
