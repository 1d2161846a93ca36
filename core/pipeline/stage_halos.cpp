#include "core/pipeline/stage_halos.h"

#include <tbb/parallel_for.h>

#include <set>

namespace brickline {

void run_halos(const HaloStars& stars, std::vector<CcdImage>& images, const Log& log) {
  std::set<std::string> unknown;
  for (const CcdImage& image : images)
    if (image.halo && !stars.contains(image.band)) unknown.insert(image.band);
  for (const std::string& band : unknown)
    log.warning("there are no magnitudes of stars in band {}: no halos are taken off its images", band);

  std::vector<int> used(images.size());
  tbb::parallel_for(std::size_t{0}, images.size(), [&](std::size_t i) {
    CcdImage& image = images[i];
    if (!image.halo || !stars.contains(image.band)) return;
    Image<float> light(image.data.width(), image.data.height());
    used[i] = add_halos(light.view(), {&image.wcs, image.pixel_scale_arcsec, image.mjd_tai}, *image.halo,
                        stars.at(image.band));
    if (used[i] == 0) return;
    for (int y = 0; y < light.height(); ++y)
      for (int x = 0; x < light.width(); ++x) image.data(x, y) -= light(x, y);
  });
  for (std::size_t i = 0; i < images.size(); ++i)
    if (used[i] > 0) log.debug("{}: the halos of {} stars are taken off", images[i].name, used[i]);
}

}  // namespace brickline
