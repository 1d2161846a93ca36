#include "core/wise/tile_image.h"

#include <fmt/format.h>

#include <cmath>
#include <limits>
#include <utility>
#include <vector>

#include "core/base/error.h"
#include "core/base/median.h"
#include "core/fits/fits_reader.h"

namespace brickline {
namespace {

constexpr int kSaturationGrowth = 3;  // pixels
constexpr int kSkyHdu = 2;            // of a model-sky file

bool has_weight(float v) { return v > 0 && std::isfinite(v); }

// 1/sqrt of the median inverse variance of the pixels that some frame covers.
double typical_noise(const TilePlanes& planes) {
  std::vector<float> values;
  for (int y = 0; y < planes.invvar.height(); ++y)
    for (int x = 0; x < planes.invvar.width(); ++x)
      if (planes.frames_masked(x, y) > 0) values.push_back(planes.invvar(x, y));
  const double median = median_in_place(values);
  return median > 0 ? 1 / std::sqrt(median) : std::numeric_limits<double>::infinity();
}

void mask_saturated(TileImage& image, const TilePlanes& planes, const WiseBand& band) {
  const int w = image.data.width(), h = image.data.height(), r = kSaturationGrowth;
  for (int y = 0; y < h; ++y)
    for (int x = 0; x < w; ++x) {
      const bool masked_everywhere = planes.frames_masked(x, y) == 0 && planes.frames_unmasked(x, y) > 1;
      if (!(image.data(x, y) > band.saturation) && !masked_everywhere) continue;
      for (int dy = -r; dy <= r; ++dy)
        for (int dx = -r; dx <= r; ++dx)
          if (dx * dx + dy * dy <= r * r && image.data.box().contains(x + dx, y + dy))
            image.inverse_error(x + dx, y + dy) = 0;
    }
}

}  // namespace

std::filesystem::path model_sky_file(const std::filesystem::path& directory, const std::string& tile_id,
                                     int band) {
  return directory / fmt::format("{}.{}.mod.fits", tile_id, band);
}

Image<float> read_model_sky(const std::filesystem::path& directory, const std::string& tile_id, int band,
                            const Box& region, ReadLog* reads) {
  const std::filesystem::path path = model_sky_file(directory, tile_id, band);
  fits::FitsReader reader(path, reads);
  const int hdu = reader.find_hdu("SKY").value_or(kSkyHdu);
  if (hdu >= reader.hdu_count()) throw input_error("no HDU named SKY").in_file(path.string());
  const fits::ImageInfo info = reader.image_info(hdu);
  if (intersection(region, Box::from_size(info.width, info.height)) != region)
    throw input_error("{} x {} pixels do not cover the tile", info.width, info.height)
        .in_file(path.string(), "SKY");
  return reader.image<float>(hdu, region);
}

TileImage prepare_tile(TilePlanes planes, const WiseTile& tile, const WiseBand& band,
                       const Image<float>& background) {
  const int w = planes.image.width(), h = planes.image.height();
  for (int y = 0; y < h; ++y)
    for (int x = 0; x < w; ++x) {
      float& iv = planes.invvar(x, y);
      iv *= static_cast<float>(band.invvar_factor);
      if (planes.frames_masked(x, y) <= 0 || !has_weight(iv) || !std::isfinite(planes.image(x, y))) iv = 0;
      if (!std::isfinite(planes.image(x, y))) planes.image(x, y) = 0;
    }
  TileImage out;
  out.tile = tile;
  out.wcs = planes.wcs;
  out.sig1 = typical_noise(planes);
  out.mjd = planes.mjd;
  out.data = std::move(planes.image);
  out.inverse_error = Image<float>(w, h);
  const double floor2 = band.noise_floor * band.noise_floor,
               photon2 = band.photon_factor * band.photon_factor;
  for (int y = 0; y < h; ++y)
    for (int x = 0; x < w; ++x) {
      float& d = out.data(x, y);
      if (!background.empty()) d -= background(x, y);
      const double iv = planes.invvar(x, y);
      if (iv > 0)
        out.inverse_error(x, y) =
            static_cast<float>(1 / std::sqrt(1 / iv + floor2 + photon2 * std::max(0.0f, d)));
    }
  if (band.saturation > 0) mask_saturated(out, planes, band);

  Image<std::uint8_t> own(w, h);
  for (int y = 0; y < h; ++y)
    for (int x = 0; x < w; ++x) {
      const SkyPosition s = out.wcs.pixel_to_sky(x, y);
      own(x, y) = tile.owns(s.ra, s.dec);
    }
  out.coadd_inverse_error = out.inverse_error;
  for (int y = 0; y < h; ++y)
    for (int x = 0; x < w; ++x) {
      const bool beside = (x > 0 && own(x - 1, y)) || (x + 1 < w && own(x + 1, y)) ||
                          (y > 0 && own(x, y - 1)) || (y + 1 < h && own(x, y + 1));
      if (!own(x, y)) out.inverse_error(x, y) = 0;
      if (!own(x, y) && !beside) out.coadd_inverse_error(x, y) = 0;
    }
  out.frames = std::move(planes.frames_unmasked);
  return out;
}

}  // namespace brickline
