#include "core/survey/target.h"

#include <algorithm>
#include <cmath>

#include "core/base/error.h"

namespace brickline {
namespace {

void check(const TargetOptions& o) {
  if (o.width < 1 || o.height < 1) throw usage_error("an image of {} x {} pixels", o.width, o.height);
  if (!(o.pixel_scale_arcsec > 0) || !std::isfinite(o.pixel_scale_arcsec))
    throw usage_error("a pixel scale of {} arcsec", o.pixel_scale_arcsec);
  // Beyond this a tangent plane is no picture of the sky any more.
  constexpr double kWidest = 60 * 3600;
  if (std::max(o.width, o.height) * o.pixel_scale_arcsec > kWidest)
    throw usage_error("an image of {} x {} pixels of {} arcsec is wider than 60 degrees", o.width, o.height,
                      o.pixel_scale_arcsec);
  if (o.zoom && o.zoom->empty())
    throw usage_error("the zoom x {} to {}, y {} to {} is empty", o.zoom->x0, o.zoom->x1, o.zoom->y0,
                      o.zoom->y1);
}

// An image that holds a pole has all right ascensions, from the pole to its farthest edge.
void bound_around_pole(Target& target) {
  const double w = target.width(), h = target.height();
  for (const double pole : {-90., 90.}) {
    const auto at = target.wcs.sky_to_pixel(0, pole);
    if (!at || at->x < -0.5 || at->x > w - 0.5 || at->y < -0.5 || at->y > h - 0.5) continue;
    double farthest = 90;
    for (const auto& [x, y] :
         {std::pair{0., h / 2}, std::pair{w - 1, h / 2}, std::pair{w / 2, 0.}, std::pair{w / 2, h - 1}})
      farthest = std::min(farthest, std::abs(target.wcs.pixel_to_sky(x, y).dec));
    target.brick.ra1 = 0;
    target.brick.ra2 = 360;
    target.brick.dec1 = pole > 0 ? farthest : -90;
    target.brick.dec2 = pole > 0 ? 90 : -farthest;
  }
}

}  // namespace

Wcs brick_wcs(double ra, double dec, int width, int height, double pixel_scale_arcsec) {
  const double p = pixel_scale_arcsec / 3600;
  return Wcs::tangent(ra, dec, (width - 1) / 2.0, (height - 1) / 2.0, {-p, 0, 0, p}, width, height);
}

Target make_target(const Brick& brick, const TargetOptions& options) {
  check(options);
  Target target;
  target.brick = brick;
  target.wcs = brick_wcs(brick.ra, brick.dec, options.width, options.height, options.pixel_scale_arcsec);
  if (options.zoom) target.wcs = target.wcs.sub_image(*options.zoom);
  return target;
}

Target make_custom_target(double ra, double dec, const TargetOptions& options, const std::string& name) {
  Brick brick;
  brick.ra = ra;
  brick.dec = dec;
  brick.name = name.empty() ? custom_brick_name(ra, dec) : name;
  Target target = make_target(brick, options);
  // In FITS pixels: RA at (W, H/2) and (1, H/2), Dec at (W/2, 1) and (W/2, H).
  const double w = target.width(), h = target.height();
  target.brick.ra1 = target.wcs.pixel_to_sky(w - 1, h / 2 - 1).ra;
  target.brick.ra2 = target.wcs.pixel_to_sky(0, h / 2 - 1).ra;
  target.brick.dec1 = target.wcs.pixel_to_sky(w / 2 - 1, 0).dec;
  target.brick.dec2 = target.wcs.pixel_to_sky(w / 2 - 1, h - 1).dec;
  bound_around_pole(target);
  return target;
}

}  // namespace brickline
