#include "core/coadd/ccds_table.h"

#include <algorithm>
#include <cmath>

#include "core/base/error.h"
#include "core/resample/pixel_mapping.h"

namespace brickline {

namespace {

std::int16_t clamp16(double v) { return static_cast<std::int16_t>(std::clamp(v, -32768.0, 32767.0)); }

// A column filled from each image.
template <typename T, typename F>
void add_from(fits::Table& table, std::string name, std::span<const CcdImage> images, std::string unit,
              std::string description, F&& value) {
  std::vector<T> values;
  values.reserve(images.size());
  for (std::size_t i = 0; i < images.size(); ++i) values.push_back(static_cast<T>(value(images[i], i)));
  table.add(std::move(name), std::move(values), std::move(unit), {}, std::move(description));
}

}  // namespace

fits::Table brick_ccds_table(const fits::Table& survey_rows, std::span<const CcdImage> images,
                             const Wcs& target, std::span<const float> coadd_sky) {
  std::vector<std::int64_t> wanted;
  std::vector<ProjectedBounds> bounds;
  for (const CcdImage& image : images) {
    if (image.ccd_row < 0 || image.ccd_row >= survey_rows.rows())
      throw internal_error("image {} has no row in the CCD table", image.name);
    wanted.push_back(image.ccd_row);
    bounds.push_back(project_corners(target, image.wcs).value_or(ProjectedBounds{}));
  }
  fits::Table table = survey_rows.select(wanted);
  using I = std::int16_t;
  const auto& im = images;
  add_from<I>(table, "ccd_x0", im, "pixel", "used part of the CCD",
              [](auto& c, auto) { return c.extent.x0; });
  add_from<I>(table, "ccd_y0", im, "pixel", "used part of the CCD",
              [](auto& c, auto) { return c.extent.y0; });
  add_from<I>(table, "ccd_x1", im, "pixel", "its end, exclusive", [](auto& c, auto) { return c.extent.x1; });
  add_from<I>(table, "ccd_y1", im, "pixel", "its end, exclusive", [](auto& c, auto) { return c.extent.y1; });
  add_from<I>(table, "brick_x0", im, "pixel", "place in the brick, 1-based",
              [&](auto&, auto i) { return clamp16(std::floor(bounds[i].x0 + 1)); });
  add_from<I>(table, "brick_x1", im, "pixel", "place in the brick, 1-based",
              [&](auto&, auto i) { return clamp16(std::ceil(bounds[i].x1 + 1)); });
  add_from<I>(table, "brick_y0", im, "pixel", "place in the brick, 1-based",
              [&](auto&, auto i) { return clamp16(std::floor(bounds[i].y0 + 1)); });
  add_from<I>(table, "brick_y1", im, "pixel", "place in the brick, 1-based",
              [&](auto&, auto i) { return clamp16(std::ceil(bounds[i].y1 + 1)); });
  add_from<float>(table, "psfnorm", im, "pixel^(-1)", "norm of the PSF",
                  [](auto& c, auto) { return c.psfnorm; });
  add_from<float>(table, "galnorm", im, "pixel^(-1)", "norm of a small galaxy",
                  [](auto& c, auto) { return c.galnorm; });
  using S = std::string;
  add_from<S>(table, "propid", im, "", "proposal", [](auto& c, auto) { return c.propid; });
  add_from<S>(table, "plver", im, "", "version of the image's pipeline",
              [](auto& c, auto) { return c.plver; });
  add_from<S>(table, "skyver", im, "", "software of the sky model",
              [](auto& c, auto) { return c.sky_version; });
  add_from<S>(table, "psfver", im, "", "software of the PSF model",
              [](auto& c, auto) { return c.psf_version; });
  add_from<S>(table, "skyplver", im, "", "pipeline version of the sky model's image",
              [](auto& c, auto) { return c.sky_plver; });
  add_from<S>(table, "psfplver", im, "", "pipeline version of the PSF model's image",
              [](auto& c, auto) { return c.psf_plver; });
  add_from<float>(table, "co_sky", im, "nanomaggies", "sky level subtracted, from the coadd",
                  [&](auto&, auto i) { return i < coadd_sky.size() ? coadd_sky[i] : 0.0f; });
  return table;
}

}  // namespace brickline
