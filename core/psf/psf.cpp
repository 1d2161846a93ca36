#include "core/psf/psf.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "core/base/error.h"
#include "core/psf/stamp.h"
#include "core/resample/stamp.h"

namespace brickline {
namespace {

// How many image pixels a stamp of n pixels of width `sampling` covers.
int native_size(int n, double sampling) {
  return sampling == 1 ? n : static_cast<int>(std::ceil(n * sampling));
}

Image<float> resampled(const Image<float>& in, double sampling) {
  return resample_stamp(in.view(), native_size(in.width(), sampling), native_size(in.height(), sampling),
                        1 / sampling);
}

}  // namespace

std::string psf_fault(std::span<const Image<float>> planes, double sampling, double fwhm_pixels) {
  constexpr double kLeastSampling = 0.1, kGreatestSampling = 2, kLeastFwhm = 0.5, kGreatestFwhm = 100;
  if (!(sampling >= kLeastSampling && sampling <= kGreatestSampling))
    return fmt::format("a sampling of {}, outside {} to {}", sampling, kLeastSampling, kGreatestSampling);
  if (!(fwhm_pixels >= kLeastFwhm && fwhm_pixels <= kGreatestFwhm))
    return fmt::format("a width of {}, outside {} to {} pixels", fwhm_pixels, kLeastFwhm, kGreatestFwhm);
  for (const Image<float>& plane : planes)
    for (int y = 0; y < plane.height(); ++y)
      for (int x = 0; x < plane.width(); ++x)
        if (!std::isfinite(plane(x, y))) return "a pixel that is not finite";
  if (const double light = planes.empty() ? 0 : pixel_sum(planes[0]); !(light > 0))
    return fmt::format("light that sums to {}: it must be above 0", light);
  return {};
}

Psf::Psf(std::vector<Image<float>> planes, Polynomial polynomial, double fwhm_pixels, bool normalize,
         double sampling)
    : planes_(std::move(planes)),
      polynomial_(polynomial),
      fwhm_(fwhm_pixels),
      sampling_(sampling == 0 ? 1 : sampling),
      normalize_(normalize) {
  const std::size_t terms = (polynomial.degree + 1) * (polynomial.degree + 2) / 2;
  if (polynomial.degree < 0 || planes_.size() != terms)
    throw input_error("a PSF of degree {} has {} planes, not {}", polynomial.degree, planes_.size(), terms);
  for (const Image<float>& p : planes_)
    if (p.empty() || p.width() % 2 == 0 || p.height() % 2 == 0 || p.width() != planes_[0].width() ||
        p.height() != planes_[0].height())
      throw input_error("PSF planes must be of one odd size, not {} x {}", p.width(), p.height());
}

int Psf::width() const { return planes_.empty() ? 0 : native_size(planes_[0].width(), sampling_); }
int Psf::height() const { return planes_.empty() ? 0 : native_size(planes_[0].height(), sampling_); }
double Psf::radius_pixels() const { return std::hypot(width(), height()) / 2; }

Image<float> Psf::raw_stamp(double x, double y) const {
  const double dx = (x - polynomial_.x_zero) / polynomial_.x_scale;
  const double dy = (y - polynomial_.y_zero) / polynomial_.y_scale;
  const int d = polynomial_.degree;
  Image<float> out(planes_[0].width(), planes_[0].height());
  double py = 1;
  for (int k = 0; k <= d; ++k, py *= dy) {
    double px = 1;
    for (int j = 0; j + k <= d; ++j, px *= dx) {
      const Image<float>& plane = planes_[j + (d + 1) * k - k * (k - 1) / 2];
      const float term = static_cast<float>(px * py);
      for (int r = 0; r < out.height(); ++r) {
        float* o = out.row(r);
        const float* p = plane.row(r);
        for (int c = 0; c < out.width(); ++c) o[c] += term * p[c];
      }
    }
  }
  return sampling_ == 1 ? out : resampled(out, sampling_);
}

Image<float> Psf::stamp(double x, double y) const {
  Image<float> out = raw_stamp(x, y);
  if (normalize_) scale_to_unit_sum(out);
  return out;
}

double Psf::raw_sum(double x, double y) const { return pixel_sum(raw_stamp(x, y)); }

Psf Psf::shifted(double x0, double y0) const {
  Psf p = *this;
  p.polynomial_.x_zero -= x0;
  p.polynomial_.y_zero -= y0;
  return p;
}

Psf Psf::constant_at(double x, double y) const {
  Psf p;
  p.planes_.push_back(stamp(x, y));
  p.fwhm_ = fwhm_;
  p.normalize_ = normalize_;
  return p;
}

}  // namespace brickline
