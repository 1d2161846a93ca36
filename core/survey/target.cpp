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
  return target;
}

}  // namespace brickline
