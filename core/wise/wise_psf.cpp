#include "core/wise/wise_psf.h"

#include <algorithm>
#include <cmath>
#include <complex>
#include <numbers>
#include <unsupported/Eigen/FFT>
#include <vector>

#include "core/base/error.h"
#include "core/fits/fits_reader.h"
#include "core/resample/lanczos.h"
#include "core/wcs/sky.h"
#include "core/wise/quartic_spline.h"

namespace brickline {
namespace {

constexpr double kDegree = std::numbers::pi / 180;
constexpr double kObliquity = (23 + 26 / 60.0 + 21.448 / 3600) * kDegree;  // of the ecliptic, J2000
// The polar grid on which a model is turned: radii from kInnerRadius (beyond the centre, so that the spline
// is smooth there) to the corner, kRadii per pixel of the model's width, kAngles as many angles.
constexpr double kInnerRadius = -5;
constexpr int kRadiiPerPixel = 2, kAnglesPerPixel = 8;
constexpr int kFrame = 12;  // pixels added around a model, repeating its edge

struct Ecliptic {
  double longitude = 0, latitude = 0;  // radians
};

Ecliptic to_ecliptic(double ra, double dec) {
  const double x = std::cos(dec) * std::cos(ra), y = std::cos(dec) * std::sin(ra), z = std::sin(dec);
  const double c = std::cos(kObliquity), s = std::sin(kObliquity);
  return {std::atan2(c * y + s * z, x), std::asin(std::clamp(c * z - s * y, -1.0, 1.0))};
}

// (ra, dec) in radians.
std::array<double, 2> to_equatorial(const Ecliptic& e) {
  const double x = std::cos(e.latitude) * std::cos(e.longitude),
               y = std::cos(e.latitude) * std::sin(e.longitude), z = std::sin(e.latitude);
  const double c = std::cos(kObliquity), s = std::sin(kObliquity);
  return {std::atan2(c * y - s * z, x), std::asin(std::clamp(s * y + c * z, -1.0, 1.0))};
}

double degrees_in_circle(double degrees) {
  const double d = std::fmod(degrees, 360.0);
  return d < 0 ? d + 360 : d;
}

// The mean of a stamp and itself turned by 180 degrees.
Image<float> symmetrised(const Image<float>& model) {
  const int w = model.width(), h = model.height();
  Image<float> out(w, h);
  for (int y = 0; y < h; ++y)
    for (int x = 0; x < w; ++x) out(x, y) = (model(x, y) + model(w - 1 - x, h - 1 - y)) / 2;
  return out;
}

struct PolarGrid {
  int radii = 0, angles = 0;
  double radius_step = 0, angle_step = 0;
  explicit PolarGrid(int size)
      : radii(kRadiiPerPixel * size),
        angles(kAnglesPerPixel * size),
        radius_step((size / 2 * std::numbers::sqrt2 - kInnerRadius) / (radii - 1)),
        angle_step(2 * std::numbers::pi / angles) {}
};

// The stamp on the polar grid: one row per radius; the angle runs from +y to +x.
Image<double> to_polar(const Image<float>& stamp, const PolarGrid& grid) {
  const int size = stamp.width(), c = size / 2;
  Image<double> framed(size + 2 * kFrame, size + 2 * kFrame);
  for (int y = 0; y < framed.height(); ++y)
    for (int x = 0; x < framed.width(); ++x)
      framed(x, y) = stamp(std::clamp(x - kFrame, 0, size - 1), std::clamp(y - kFrame, 0, size - 1));
  const QuarticSpline spline(std::move(framed), SplineEdge::kHalfSample);
  Image<double> polar(grid.angles, grid.radii);
  std::vector<double> sine(static_cast<std::size_t>(grid.angles)), cosine(sine.size());
  for (int j = 0; j < grid.angles; ++j) {
    sine[static_cast<std::size_t>(j)] = std::sin(j * grid.angle_step);
    cosine[static_cast<std::size_t>(j)] = std::cos(j * grid.angle_step);
  }
  const double last = size + 2 * kFrame - 1;
  for (int i = 0; i < grid.radii; ++i) {
    const double r = kInnerRadius + i * grid.radius_step;
    for (int j = 0; j < grid.angles; ++j) {
      const double x = std::clamp(c + r * sine[static_cast<std::size_t>(j)] + kFrame, 0.0, last);
      const double y = std::clamp(c + r * cosine[static_cast<std::size_t>(j)] + kFrame, 0.0, last);
      polar(j, i) = static_cast<float>(spline.at(x, y));
    }
  }
  return polar;
}

// Turns every circle of the grid to both scan directions and smears it: in the angle's Fourier space, a phase
// for each direction and the transform of a box.
void turn(Image<double>& polar, const ScanGeometry& scans) {
  const int n = polar.width();
  const double per_degree = n / 360.0;
  const double first = degrees_in_circle(-scans.position_angle) * per_degree;
  const double second = degrees_in_circle(180 - scans.position_angle) * per_degree;
  const double half_width = scans.spread * n / 720;
  const int frequencies = n / 2 + 1;
  std::vector<std::complex<double>> filter(static_cast<std::size_t>(frequencies));
  for (int k = 0; k < frequencies; ++k) {
    const double f = static_cast<double>(k) / n, t = 2 * f * half_width * std::numbers::pi;
    const double box = t == 0 ? 1 : std::sin(t) / t;
    const auto phase = [&](double shift) { return std::polar(1.0, -2 * std::numbers::pi * f * shift); };
    filter[static_cast<std::size_t>(k)] = 0.5 * box * (phase(first) + phase(second));
  }
  Eigen::FFT<double> fft;
  fft.SetFlag(Eigen::FFT<double>::HalfSpectrum);
  std::vector<std::complex<double>> spectrum;
  std::vector<double> circle(static_cast<std::size_t>(n));
  for (int i = 0; i < polar.height(); ++i) {
    std::copy(polar.row(i), polar.row(i) + n, circle.begin());
    fft.fwd(spectrum, circle);
    for (int k = 0; k < frequencies; ++k)
      spectrum[static_cast<std::size_t>(k)] *= filter[static_cast<std::size_t>(k)];
    // Of a real row the term of the highest frequency is real.
    if (n % 2 == 0) spectrum.back() = spectrum.back().real();
    fft.inv(circle, spectrum, n);
    std::copy(circle.begin(), circle.end(), polar.row(i));
  }
}

Image<float> from_polar(Image<double> polar, const PolarGrid& grid, int size) {
  const QuarticSpline spline(std::move(polar), SplineEdge::kWholeSample);
  Image<float> out(size, size);
  const int c = size / 2;
  for (int y = 0; y < size; ++y)
    for (int x = 0; x < size; ++x) {
      const double u = y - c, v = x - c;
      double angle = std::atan2(v, u);
      if (angle < 0) angle += 2 * std::numbers::pi;
      // The corners' radius is the grid's last; rounding must not carry it beyond.
      const double r = std::min((std::hypot(u, v) - kInnerRadius) / grid.radius_step, grid.radii - 1.0);
      const double a = std::min(angle / grid.angle_step, grid.angles - 1.0);
      out(x, y) = static_cast<float>(spline.at(a, r));
    }
  return out;
}

// A stamp on pixels half the size: twice the pixels less one, every other one where the model has one.
Image<float> halved_pixels(const Image<float>& stamp) {
  Image<float> out(2 * stamp.width() - 1, 2 * stamp.height() - 1);
  for (int y = 0; y < out.height(); ++y)
    for (int x = 0; x < out.width(); ++x)
      out(x, y) = lanczos3_at(stamp.view(), x / 2, y / 2, (x % 2) / 2.0, (y % 2) / 2.0);
  return out;
}

}  // namespace

ScanGeometry scan_geometry(double ra, double dec) {
  const double a0 = ra * kDegree, d0 = dec * kDegree;
  Ecliptic e = to_ecliptic(a0, d0);
  ScanGeometry out;
  out.ecliptic_latitude = e.latitude / kDegree;
  // A small step towards ecliptic north, seen on the tangent plane.
  const double step = 10 * kWisePixelScale / 3600;
  e.latitude += step * kDegree;
  const auto [a, d] = to_equatorial(e);
  const double west = -std::cos(d) * std::sin(a - a0);
  const double north = std::cos(d0) * std::sin(d) - std::sin(d0) * std::cos(d) * std::cos(a - a0);
  out.position_angle = degrees_in_circle(std::atan2(-west, north) / kDegree);
  // Half a tile as the WISE pipeline's own pixel scale has it.
  const double half_tile = 1016 * 2.754 / 3600;
  const double cosine = std::cos(out.ecliptic_latitude * kDegree);
  const double spread = cosine > 0 ? half_tile * kDegree / cosine : std::numbers::pi;
  out.spread = std::min(spread, std::numbers::pi / 2) / kDegree;
  return out;
}

Image<float> WisePsfModels::read(const WiseBand& band, ReadLog* reads) const {
  const std::filesystem::path path = file(band);
  std::error_code ignored;
  if (!std::filesystem::exists(path, ignored))
    throw input_error(
        "no such file: the models of WISE's PSF are looked for in '{}' (--unwise-psf-dir or "
        "UNWISE_PSF_DIR); --no-wise runs without WISE photometry",
        directory_.string())
        .in_file(path.string());
  fits::FitsReader reader(path, reads);
  Image<float> stamp = reader.image<float>(0);
  if (stamp.width() != stamp.height() || stamp.width() % 2 == 0 || stamp.width() < 9)
    throw input_error(
        "{} x {} pixels: a model of the PSF has an odd number of them on a side, the same on both",
        stamp.width(), stamp.height())
        .in_file(path.string());
  double sum = 0;
  for (int y = 0; y < stamp.height(); ++y)
    for (int x = 0; x < stamp.width(); ++x) sum += stamp(x, y);
  if (!std::isfinite(sum) || !(sum > 0))
    throw input_error("not a PSF: its pixels do not add up to something positive").in_file(path.string());
  return stamp;
}

Image<float> turned_psf(const Image<float>& model, const ScanGeometry& scans) {
  const PolarGrid grid(model.width());
  Image<double> polar = to_polar(symmetrised(model), grid);
  turn(polar, scans);
  return from_polar(std::move(polar), grid, model.width());
}

Image<float> coadd_psf(const Image<float>& model, const WiseBand& band, double ra, double dec) {
  Image<float> stamp = turned_psf(model, scan_geometry(ra, dec));
  if (band.psf_native_pixels) stamp = halved_pixels(stamp);
  double sum = 0;
  for (int y = 0; y < stamp.height(); ++y)
    for (int x = 0; x < stamp.width(); ++x) sum += stamp(x, y);
  const double scale = band.psf_scale / sum;
  for (int y = 0; y < stamp.height(); ++y)
    for (int x = 0; x < stamp.width(); ++x) stamp(x, y) = static_cast<float>(stamp(x, y) * scale);
  return stamp;
}

}  // namespace brickline
