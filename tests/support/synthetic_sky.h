// A small simulated field: images of several bands, slightly turned against each other, with known sources
// and noise that is the same everywhere and every time.
#pragma once

#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "core/image/ccd_image.h"
#include "core/model/renderer.h"

namespace brickline::test {

inline Image<float> gaussian_stamp(int size, double sigma) {
  Image<float> out(size, size);
  double sum = 0;
  for (int y = 0; y < size; ++y)
    for (int x = 0; x < size; ++x)
      sum += out(x, y) = static_cast<float>(std::exp(
          -((x - size / 2) * (x - size / 2) + (y - size / 2) * (y - size / 2)) / (2 * sigma * sigma)));
  for (int y = 0; y < size; ++y)
    for (int x = 0; x < size; ++x) out(x, y) /= static_cast<float>(sum);
  return out;
}

// Standard normal, from a pixel's place alone.
inline double noise_at(std::uint64_t seed, int x, int y) {
  const auto uniform = [&](std::uint64_t k) {
    std::uint64_t z = seed * 0x9E3779B97F4A7C15ULL + k * 0xBF58476D1CE4E5B9ULL +
                      static_cast<std::uint64_t>(y) * 1000003ULL + static_cast<std::uint64_t>(x);
    for (int i = 0; i < 3; ++i) {
      z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
      z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
      z ^= z >> 31;
    }
    return (static_cast<double>(z >> 11) + 0.5) / 9007199254740992.0;
  };
  return std::sqrt(-2 * std::log(uniform(1))) * std::cos(2 * M_PI * uniform(2));
}

struct SyntheticSky {
  std::vector<std::string> bands{"g", "r", "z"};
  Wcs brick;
  std::vector<CcdImage> images;
  std::vector<SourceModel> truth;
  std::vector<double> fwhm{5.5, 4.5, 4.0, 5.0, 4.2};  // pixels, of one image after the other

  SyntheticSky(int width, int height) {
    const double pixel = 0.262 / 3600;
    brick =
        Wcs::tangent(150, 20, (width - 1) / 2.0, (height - 1) / 2.0, {-pixel, 0, 0, pixel}, width, height);
  }

  // A source at a brick pixel.
  SourceModel& add(SourceKind kind, double x, double y, std::vector<double> flux, Ellipse shape = {},
                   double index = 4) {
    const SkyPosition sky = brick.pixel_to_sky(x, y);
    SourceModel m;
    m.kind = kind;
    m.ra = sky.ra;
    m.dec = sky.dec;
    m.flux = std::move(flux);
    if (m.is_galaxy()) m.shape = to_softened(shape);
    m.sersic_index = index;
    truth.push_back(m);
    return truth.back();
  }

  // `per_band` images of every band.
  void expose(int per_band, double sigma = 0.01) {
    Renderer renderer;
    for (std::size_t b = 0; b < bands.size(); ++b)
      for (int k = 0; k < per_band; ++k) {
        const double p = 0.262 / 3600, turn = 0.01 * (k + 1) * (b % 2 ? -1 : 1);
        const int w = brick.width() + 8, h = brick.height() + 8;
        CcdImage image;
        image.band = bands[b];
        image.name = bands[b] + std::to_string(k);
        image.wcs = Wcs::tangent(
            150, 20, (w - 1) / 2.0 + 0.3 * k, (h - 1) / 2.0 - 0.2 * static_cast<double>(b),
            {-p * std::cos(turn), p * std::sin(turn), p * std::sin(turn), p * std::cos(turn)}, w, h);
        image.extent = Box::from_size(w, h);
        image.psf_fwhm = fwhm[(b + static_cast<std::size_t>(k)) % fwhm.size()];
        image.psf = Psf({gaussian_stamp(31, image.psf_fwhm / 2.35)}, {}, image.psf_fwhm);
        image.sig1 = sigma;
        image.data = Image<float>(w, h);
        image.inverse_error = Image<float>(w, h, static_cast<float>(1 / sigma));
        image.mask = Image<std::uint16_t>(w, h);
        const PsfKernel kernel(image.psf, w / 2.0, h / 2.0);
        for (const SourceModel& m : truth) {
          const auto at = image.wcs.sky_to_pixel(m.ra, m.dec);
          const auto patch = renderer.patch(m, *at, {w, h, image.wcs.cd(), &kernel});
          if (patch) add_patch(image.data.view(), *patch, static_cast<float>(m.flux[b]));
        }
        for (int y = 0; y < h; ++y)
          for (int x = 0; x < w; ++x)
            image.data(x, y) += static_cast<float>(sigma * noise_at(100 * b + k, x, y));
        images.push_back(std::move(image));
      }
  }
};

}  // namespace brickline::test
