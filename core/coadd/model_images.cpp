#include "core/coadd/model_images.h"

#include <algorithm>
#include <cmath>
#include <unordered_set>

#include "core/model/psf_kernel.h"
#include "core/model/sky_motion.h"
#include "core/resample/lanczos.h"
#include "core/resample/pixel_mapping.h"

namespace brickline {

namespace {

// Draws unit-flux models on one image, with the PSF of the place where a source is.
class Painter {
 public:
  // `band`: of the sources' fluxes.
  Painter(const CcdImage& image, std::size_t band, Renderer& renderer)
      : image_(image),
        renderer_(renderer),
        central_(image.psf, image.data.width() / 2.0, image.data.height() / 2.0),
        target_{image.data.width(), image.data.height(), image.wcs.cd(), &central_, static_cast<int>(band)} {}

  // The patch clipped to the image; empty when nothing of the source falls on it.
  std::optional<Patch> paint(const SourceModel& source) {
    const SkyPosition sky = position_at(source, image_.mjd_tai);
    const std::optional<PixelPosition> at = image_.wcs.sky_to_pixel(sky.ra, sky.dec);
    if (!at || !std::isfinite(at->x) || !std::isfinite(at->y)) return {};
    const std::optional<Box> extent = model_extent(source, *at, target_);
    if (!extent || intersection(*extent, image_.data.box()).empty()) return {};
    std::optional<Patch> patch;
    if (image_.psf.is_constant()) {
      patch = renderer_.patch(source, *at, target_);
    } else {
      const PsfKernel local(image_.psf, at->x, at->y);
      RenderTarget here = target_;
      here.psf = &local;
      patch = renderer_.patch(source, *at, here);
    }
    if (!patch) return {};
    const Box inside = intersection(patch->box(), image_.data.box());
    if (inside.empty()) return {};
    if (inside == patch->box()) return patch;
    return Patch{crop(patch->pixels, inside.shifted(-patch->x0, -patch->y0)), inside.x0, inside.y0};
  }

 private:
  const CcdImage& image_;
  Renderer& renderer_;
  PsfKernel central_;
  RenderTarget target_;
};

// The blob that each image pixel belongs to, -1 = none.
Image<std::int32_t> blobs_on_image(const CcdImage& image, const Wcs& target,
                                   ImageView<const std::int32_t> blob_map) {
  Image<std::int32_t> blobs(image.data.width(), image.data.height(), -1);
  if (blob_map.empty()) return blobs;
  const PixelMapping mapping(image.wcs, target);
  for_each_mapped_pixel(mapping, [&](int x, int y, int ix, int iy) { blobs(x, y) = blob_map(ix, iy); });
  return blobs;
}

}  // namespace

ModelImages render_models(const CcdImage& image, const Wcs& target, const Scene& scene,
                          std::size_t band_index, Renderer& renderer) {
  const int w = image.data.width(), h = image.data.height();
  ModelImages out{Image<float>(w, h), Image<float>(w, h), std::vector<SourceFootprint>(scene.sources.size())};
  Painter painter(image, band_index, renderer);
  const Image<std::int32_t> blobs = blobs_on_image(image, target, scene.blob_map);

  std::vector<bool> drawn(scene.sources.size(), false);
  for (const Scene::Frozen& galaxy : scene.frozen) {
    if (galaxy.row && *galaxy.row < drawn.size()) drawn[*galaxy.row] = true;
    const std::optional<Patch> patch = painter.paint(galaxy.model);
    const auto flux = static_cast<float>(galaxy.model.flux.at(band_index));
    if (!patch) continue;
    const std::unordered_set<std::int32_t> touched(galaxy.blobs.begin(), galaxy.blobs.end());
    const Box box = patch->box();
    for (int y = box.y0; y < box.y1; ++y)
      for (int x = box.x0; x < box.x1; ++x) {
        const float value = flux * patch->pixels(x - box.x0, y - box.y0);
        out.model(x, y) += value;
        if (blobs(x, y) >= 0 && touched.count(blobs(x, y))) out.blob_model(x, y) += value;
      }
  }

  for (std::size_t i = 0; i < scene.sources.size(); ++i) {
    if (drawn[i] || !scene.sources[i]) continue;
    const SourceModel& source = *scene.sources[i];
    const auto flux = static_cast<float>(source.flux.at(band_index));
    if (flux == 0 || !std::isfinite(flux)) continue;
    const std::optional<Patch> patch = painter.paint(source);
    if (!patch) continue;
    const std::int32_t blob = scene.blobs[i];
    const Box box = patch->box();
    double sum = 0, squares = 0, blob_squares = 0;
    for (int y = box.y0; y < box.y1; ++y)
      for (int x = box.x0; x < box.x1; ++x) {
        const float unit = patch->pixels(x - box.x0, y - box.y0);
        const double square = static_cast<double>(unit) * unit;
        sum += unit;
        squares += square;
        out.model(x, y) += flux * unit;
        if (blob >= 0 && blobs(x, y) == blob) {
          out.blob_model(x, y) += flux * unit;
          blob_squares += square;
        }
      }
    if (sum == 0 || squares == 0) continue;
    out.footprints[i] = {static_cast<float>(sum * sum / squares),
                         blob_squares > 0 ? static_cast<float>(1 / blob_squares) : 0.0f,
                         static_cast<float>(sum)};
  }
  return out;
}

void NeaAccumulator::add(std::span<const SourceFootprint> footprints, double sig1,
                         double pixel_scale_arcsec) {
  const double weight = 1 / (sig1 * sig1), pixel_area = pixel_scale_arcsec * pixel_scale_arcsec;
  for (std::size_t i = 0; i < std::min(footprints.size(), sums_.size()); ++i) {
    const SourceFootprint& f = footprints[i];
    if (f.nea != 0) {
      sums_[i].weighted += weight * f.fraction_in;
      sums_[i].inverse += weight * f.fraction_in / (f.nea * pixel_area);
    }
    if (f.masked_nea != 0) sums_[i].masked_inverse += weight / f.masked_nea;
  }
}

float NeaAccumulator::nea(std::size_t row) const {
  const double nea = sums_.at(row).weighted / sums_[row].inverse;
  return std::isfinite(nea) ? static_cast<float>(nea) : 0.0f;
}

float NeaAccumulator::blob_nea(std::size_t row, float psfdepth, float psfsize_arcsec) const {
  const double sigma = psfsize_arcsec / 2.3548;
  const double nea = psfdepth * 4 * M_PI * sigma * sigma / sums_.at(row).masked_inverse;
  return std::isfinite(nea) ? static_cast<float>(nea) : 0.0f;
}

}  // namespace brickline
