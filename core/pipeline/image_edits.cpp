#include <tbb/parallel_for.h>

#include "core/base/error.h"
#include "core/detect/outliers.h"
#include "core/detect/residual_sky.h"
#include "core/pipeline/artifact.h"

namespace brickline {

void apply_edit(const OutlierEdits& edits, std::vector<CcdImage>& images) {
  const auto fits_images = [&](std::size_t count) { return count == 0 || count == images.size(); };
  if (!fits_images(edits.patches.size()) || !fits_images(edits.masks.size()))
    throw internal_error("edits of outliers are of {} and {} images, not of {}", edits.patches.size(),
                         edits.masks.size(), images.size());
  tbb::parallel_for(std::size_t{0}, images.size(), [&](std::size_t i) {
    CcdImage& image = images[i];
    if (!edits.patches.empty()) apply_patch(edits.patches[i], image.data);
    if (!edits.masks.empty()) apply_outlier_mask(image, edits.masks[i].const_view());
  });
}

void apply_edit(const HaloEdits& edits, std::vector<CcdImage>& images) {
  tbb::parallel_for(std::size_t{0}, images.size(), [&](std::size_t i) {
    CcdImage& image = images[i];
    const auto stars = edits.stars.find(image.band);
    if (!image.halo || stars == edits.stars.end()) return;
    Image<float> light(image.data.width(), image.data.height());
    const int shining = add_halos(light.view(), {&image.wcs, image.pixel_scale_arcsec, image.mjd_tai},
                                  *image.halo, stars->second);
    if (shining == 0) return;
    for (int y = 0; y < light.height(); ++y)
      for (int x = 0; x < light.width(); ++x) image.data(x, y) -= light(x, y);
  });
}

void apply_edit(const SkyEdits& edits, std::vector<CcdImage>& images) {
  std::vector<std::string> bands;
  std::vector<std::optional<double>> sky;
  for (const auto& [band, level] : edits.coadd_sky) {
    bands.push_back(band);
    sky.emplace_back(level);
  }
  subtract_residual_sky(images, bands, sky);
}

}  // namespace brickline
