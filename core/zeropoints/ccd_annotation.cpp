#include "core/zeropoints/ccd_annotation.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <vector>

#include "core/model/galaxy_norm.h"
#include "core/psf/stamp.h"
#include "core/wcs/sky.h"
#include "core/zeropoints/robust.h"

namespace brickline {
namespace {

constexpr double kDegree = std::numbers::pi / 180;

std::vector<double> linspace(double first, double last, int count) {
  std::vector<double> out;
  for (int i = 0; i < count; ++i) out.push_back(first + (last - first) * i / std::max(1, count - 1));
  return out;
}

CcdAnnotation::Statistics statistics(const std::vector<double>& values) {
  CcdAnnotation::Statistics out;
  if (values.empty()) return out;
  out.mean = mean_of(values);
  out.deviation = standard_deviation(values);
  out.most = *std::max_element(values.begin(), values.end());
  out.least = *std::min_element(values.begin(), values.end());
  return out;
}

// The side of a square of the area of +-10 pixels around a place, per pixel: its corners on the local tangent plane.
double local_scale_arcsec(const Wcs& wcs, double x, double y) {
  constexpr double kHalf = 10;
  const SkyPosition middle = wcs.pixel_to_sky(x, y);
  double px[4], py[4];
  const double dx[4] = {-kHalf, -kHalf, kHalf, kHalf}, dy[4] = {-kHalf, kHalf, kHalf, -kHalf};
  for (int i = 0; i < 4; ++i) {
    const SkyPosition s = wcs.pixel_to_sky(x + dx[i], y + dy[i]);
    const double da = ra_difference(s.ra, middle.ra) * kDegree, d = s.dec * kDegree,
                 d0 = middle.dec * kDegree;
    const double cosine = std::sin(d0) * std::sin(d) + std::cos(d0) * std::cos(d) * std::cos(da);
    px[i] = std::cos(d) * std::sin(da) / cosine;
    py[i] = (std::cos(d0) * std::sin(d) - std::sin(d0) * std::cos(d) * std::cos(da)) / cosine;
  }
  double twice_area = 0;
  for (int i = 0; i < 4; ++i) twice_area += px[i] * py[(i + 1) % 4] - px[(i + 1) % 4] * py[i];
  return std::sqrt(std::abs(twice_area) / 2) / (2 * kHalf) / kDegree * 3600;
}

void measure_shape(const Image<float>& psf, CcdAnnotation& out) {
  double sum = 0, x1 = 0, y1 = 0;
  for (int y = 0; y < psf.height(); ++y)
    for (int x = 0; x < psf.width(); ++x) {
      sum += psf(x, y);
      x1 += x * psf(x, y);
      y1 += y * psf(x, y);
    }
  x1 /= sum;
  y1 /= sum;
  double xx = 0, yy = 0, xy = 0;
  for (int y = 0; y < psf.height(); ++y)
    for (int x = 0; x < psf.width(); ++x) {
      xx += (x - x1) * (x - x1) * psf(x, y);
      yy += (y - y1) * (y - y1) * psf(x, y);
      xy += (x - x1) * (y - y1) * psf(x, y);
    }
  out.mx2 = xx / sum;
  out.my2 = yy / sum;
  out.mxy = xy / sum;
  const double angle = std::abs(std::atan2(2 * out.mxy, out.mx2 - out.my2) / 2) / kDegree;
  out.theta = out.mxy > 0 ? angle : out.mxy < 0 ? -angle : 0;
  const double s = std::hypot((out.mx2 - out.my2) / 2, out.mxy), mean = (out.mx2 + out.my2) / 2;
  out.a = std::sqrt(mean + s);
  out.b = std::sqrt(mean - s);
  out.ellipticity = 1 - out.b / out.a;
}

Image<float> gaussian_stamp(double sigma) {
  const int half = 31;
  Image<float> out(2 * half + 1, 2 * half + 1);
  for (int y = -half; y <= half; ++y)
    for (int x = -half; x <= half; ++x)
      out(x + half, y + half) = static_cast<float>(std::exp(-(x * x + y * y) / (2 * sigma * sigma)) /
                                                   (2 * std::numbers::pi * sigma * sigma));
  return out;
}

double depth(double sig1, double norm) { return 22.5 - 2.5 * std::log10(5 * sig1 / norm); }

}  // namespace

CcdAnnotation annotate(const CcdImage& image, const Wcs& wcs, const SkyLevel& sky, double units_per_nanomaggy,
                       double sig1, double fwhm, const DustMaps* dust) {
  CcdAnnotation out;
  const double w = wcs.width(), h = wcs.height();
  const auto corners = wcs.corners();
  out.corners = {corners[0], corners[3], corners[2], corners[1]};
  out.centre = wcs.center();
  const SkyPosition left = wcs.pixel_to_sky(0, (h - 1) / 2), right = wcs.pixel_to_sky(w - 1, (h - 1) / 2),
                    low = wcs.pixel_to_sky((w - 1) / 2, 0), high = wcs.pixel_to_sky((w - 1) / 2, h - 1);
  const SkyPosition& c = out.centre;
  out.dra = std::max(angular_separation(c.ra, c.dec, left.ra, c.dec),
                     angular_separation(c.ra, c.dec, right.ra, c.dec));
  out.ddec = std::max(angular_separation(c.ra, c.dec, c.ra, low.dec),
                      angular_separation(c.ra, c.dec, c.ra, high.dec));
  // Detectors whose rows run along Dec.
  out.dra = std::max({out.dra, angular_separation(c.ra, c.dec, low.ra, c.dec),
                      angular_separation(c.ra, c.dec, high.ra, c.dec)});
  out.ddec = std::max({out.ddec, angular_separation(c.ra, c.dec, c.ra, left.dec),
                       angular_separation(c.ra, c.dec, c.ra, right.dec)});

  std::vector<double> values;
  if (sky && units_per_nanomaggy > 0) {
    for (const double y : linspace(0, h - 1, 1 + static_cast<int>(h) / 10))
      for (const double x : linspace(0, w - 1, 1 + static_cast<int>(w) / 10))
        values.push_back(sky(x, y) / units_per_nanomaggy);
    out.sky = statistics(values);
    values.clear();
  }
  for (const double y : linspace(11, h - 10, 5))
    for (const double x : linspace(11, w - 10, 5)) values.push_back(local_scale_arcsec(wcs, x - 1, y - 1));
  out.pixel_scale = statistics(values);

  const Psf psf = image.psf.shifted(-image.extent.x0, -image.extent.y0);
  std::vector<double> norms, galaxy_norms;
  // Pixels of FITS, as are the others here.
  for (const double y : linspace(33, h - 32, 5))
    for (const double x : linspace(33, w - 32, 5)) {
      const Image<float> stamp = psf.stamp(x - 1, y - 1);
      norms.push_back(point_source_norm(stamp));
      galaxy_norms.push_back(galaxy_norm(stamp, wcs.cd()));
    }
  out.psf_norm = statistics(norms);
  out.galaxy_norm = statistics(galaxy_norms);
  measure_shape(psf.stamp((w - 1) / 2, (h - 1) / 2), out);
  if (dust) out.ebv = dust->ebv(c.ra, c.dec);

  const double sigma = fwhm / 2.35;
  out.psf_depth = depth(sig1, out.psf_norm.mean);
  out.galaxy_depth = depth(sig1, out.galaxy_norm.mean);
  if (sigma > 0) {
    out.gaussian_psf_depth = depth(sig1, 1 / (2 * std::sqrt(std::numbers::pi) * sigma));
    out.gaussian_galaxy_depth = depth(sig1, galaxy_norm(gaussian_stamp(sigma), wcs.cd()));
  }
  return out;
}

}  // namespace brickline
