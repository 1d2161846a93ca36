// One CCD with known light on it, in memory: stars and galaxies drawn by the survey simulator's own renderer, which
// shares no code with the models that are fitted.
#pragma once

#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include "core/forced/forced_photometry.h"
#include "core/psf/psf.h"
#include "tools/simulate_survey/random.h"
#include "tools/simulate_survey/renderer.h"

namespace brickline::test {

class SyntheticCcd {
 public:
  static constexpr double kScale = 0.262, kFwhm = 4.5, kBeta = 3.5;  // arcsec, pixels
  static constexpr int kStamp = 63;

  // `fwhm`: of the PSF, pixels.
  SyntheticCcd(int width, int height, double sig1, const std::string& band = "r", double fwhm = kFwhm,
               const SkyPosition& middle = {150, 40})
      : psf_({.fwhm = fwhm}, kBeta), transform_(kBeta), renderer_({1e-4 * sig1, 512}) {
    CcdImage& i = image;
    i.width = width;
    i.height = height;
    i.band = band;
    i.camera = "synthetic";
    i.ccdname = "S1";
    i.expnum = 1;
    i.extent = Box::from_size(width, height);
    i.data = Image<float>(width, height);
    i.inverse_error = Image<float>(width, height, static_cast<float>(1 / sig1));
    i.mask = Image<std::uint16_t>(width, height);
    i.wcs = i.full_wcs = Wcs::tangent(middle.ra, middle.dec, (width - 1) / 2.0, (height - 1) / 2.0,
                                      {-kScale / 3600, 0, 0, kScale / 3600}, width, height);
    i.pixel_scale_arcsec = kScale;
    i.psf_fwhm = fwhm;
    i.sig1 = sig1;
    i.mjd_tai = 57000;
    const Image<double> stamp = psf_.stamp(kStamp);
    Image<float> plane(kStamp, kStamp);
    for (int y = 0; y < kStamp; ++y)
      for (int x = 0; x < kStamp; ++x) plane(x, y) = static_cast<float>(stamp(x, y));
    i.psf = Psf({plane}, {}, fwhm);
  }

  void add_star(const SkyPosition& at, double flux) {
    const PixelPosition p = *image.wcs.sky_to_pixel(at.ra, at.dec);
    renderer_.add_star(image.data, psf_, p.x, p.y, flux);
  }
  // A round galaxy whose profile ends where catalogs' do.
  void add_galaxy(const SkyPosition& at, double flux, const simulate::SersicProfile& profile, double re) {
    const PixelPosition p = *image.wcs.sky_to_pixel(at.ra, at.dec);
    simulate::GalaxyShape shape;
    shape.profile = &profile;
    shape.half_light_radius = re;
    shape.arcsec_per_pixel = {-kScale, 0, 0, kScale};
    renderer_.add_galaxy(image.data, psf_, transform_, shape, p.x, p.y, flux);
  }
  void add_noise(std::uint64_t seed) {
    simulate::Random random(seed, simulate::Stream::kWise, {1});
    for (int y = 0; y < image.data.height(); ++y)
      for (int x = 0; x < image.data.width(); ++x)
        image.data(x, y) += static_cast<float>(random.normal(0, image.sig1));
  }
  SkyPosition sky(double x, double y) const { return image.wcs.pixel_to_sky(x, y); }

  CcdImage image;

 private:
  simulate::Moffat psf_;
  simulate::MoffatTransform transform_;
  simulate::Renderer renderer_;
};

inline ForcedSource star_at(const SkyPosition& p, std::optional<float> flux = {}) {
  ForcedSource s{.profiles = GalaxyProfiles::kReference};
  s.model.ra = p.ra;
  s.model.dec = p.dec;
  s.flux = flux;
  return s;
}
inline ForcedSource galaxy_at(const SkyPosition& p, SourceKind kind, double re) {
  ForcedSource s = star_at(p);
  s.model.kind = kind;
  s.model.shape = to_softened({re, 0, 0});
  return s;
}

// Median, and half the distance of the 16th and 84th percentiles.
struct Spread {
  double median = 0, width = 0;
};
inline Spread spread(std::vector<double> v) {
  std::sort(v.begin(), v.end());
  const auto at = [&](double f) { return v.at(static_cast<std::size_t>(f * (v.size() - 1) + 0.5)); };
  return {at(0.5), (at(0.8413) - at(0.1587)) / 2};
}

}  // namespace brickline::test
