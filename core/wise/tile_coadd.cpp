#include "core/wise/tile_coadd.h"

#include <algorithm>
#include <cmath>
#include <span>

#include "core/coadd/aperture.h"
#include "core/resample/lanczos.h"
#include "core/resample/pixel_mapping.h"
#include "core/survey/target.h"

namespace brickline {
namespace {

CoaddApertures apertures_at(const TileCoadd& coadd, const Image<float>& residual, PixelPosition at,
                            double pixel_scale_arcsec, const std::array<double, 5>& radii_arcsec) {
  CoaddApertures out;
  for (std::size_t i = 0; i < radii_arcsec.size(); ++i) {
    const double r = radii_arcsec[i] / pixel_scale_arcsec;
    const ApertureSums flux = aperture_sums(coadd.image.view(), coadd.invvar.view(), at.x, at.y, r);
    if (!flux.touches_image) continue;
    out.flux[i] = static_cast<float>(flux.flux);
    out.ivar[i] = flux.variance > 0 ? static_cast<float>(1 / flux.variance) : 0.0f;
    out.resid[i] =
        static_cast<float>(aperture_sums(residual.view(), coadd.invvar.view(), at.x, at.y, r).flux);
  }
  return out;
}

}  // namespace

Wcs coadd_grid(const Wcs& brick, double brick_pixel_scale_arcsec, double pixel_scale_arcsec) {
  const double scale = brick_pixel_scale_arcsec / pixel_scale_arcsec;
  const int width = std::max(1, static_cast<int>(brick.width() * scale)),
            height = std::max(1, static_cast<int>(brick.height() * scale));
  const SkyPosition centre = brick.center();
  return brick_wcs(centre.ra, centre.dec, width, height, pixel_scale_arcsec);
}

TileCoadder::TileCoadder(const Wcs& grid, TileOverlap overlap)
    : grid_(grid),
      overlap_(overlap),
      image_(grid.width(), grid.height()),
      model_(grid.width(), grid.height()),
      weight_(grid.width(), grid.height()) {}

void TileCoadder::add(const Wcs& tile, ImageView<const float> image, ImageView<const float> model,
                      ImageView<const float> inverse_error) {
  const PixelMapping mapping(grid_, tile);
  if (mapping.empty()) return;
  const auto width = static_cast<std::size_t>(mapping.box().width());
  std::vector<float> image_row(width), model_row(width);
  PixelMapping::Row row;
  for (int y = mapping.box().y0; y < mapping.box().y1; ++y) {
    if (!mapping.map_row(y, row)) continue;
    lanczos3_row(image, row, image_row);
    if (!model.empty()) lanczos3_row(model, row, model_row);
    for (int i = 0; i < row.size(); ++i) {
      if (row.ix[i] < 0) continue;
      const double ie = inverse_error(row.ix[i], row.iy[i]), iv = ie * ie;
      const int x = row.x0 + i;
      if (!(iv > 0) || (overlap_ == TileOverlap::kFirst && weight_(x, y) > 0)) continue;
      image_(x, y) += iv * image_row[static_cast<std::size_t>(i)];
      model_(x, y) += iv * model_row[static_cast<std::size_t>(i)];
      weight_(x, y) += iv;
    }
  }
}

TileCoadd TileCoadder::finish() const {
  const int w = image_.width(), h = image_.height();
  TileCoadd out{Image<float>(w, h), Image<float>(w, h), Image<float>(w, h)};
  for (int y = 0; y < h; ++y)
    for (int x = 0; x < w; ++x) {
      const double weight = weight_(x, y);
      if (!(weight > 0)) continue;
      out.image(x, y) = static_cast<float>(image_(x, y) / weight);
      out.model(x, y) = static_cast<float>(model_(x, y) / weight);
      out.invvar(x, y) = static_cast<float>(weight);
    }
  return out;
}

std::vector<CoaddApertures> coadd_apertures(const TileCoadd& coadd, const Wcs& grid,
                                            const std::vector<SkyPosition>& positions,
                                            double pixel_scale_arcsec,
                                            const std::array<double, 5>& radii_arcsec) {
  Image<float> residual(coadd.image.width(), coadd.image.height());
  for (int y = 0; y < residual.height(); ++y)
    for (int x = 0; x < residual.width(); ++x) residual(x, y) = coadd.image(x, y) - coadd.model(x, y);
  std::vector<CoaddApertures> out;
  out.reserve(positions.size());
  for (const SkyPosition& s : positions) {
    const auto at = grid.sky_to_pixel(s.ra, s.dec);
    out.push_back(at ? apertures_at(coadd, residual, *at, pixel_scale_arcsec, radii_arcsec)
                     : CoaddApertures{});
  }
  return out;
}

}  // namespace brickline
