#include "core/model/window_renderer.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "core/model/lanczos.h"
#include "core/model/psf_kernel_parts.h"
#include "core/model/simd.h"

namespace brickline {
namespace {

constexpr double kPi = std::numbers::pi;
// Room for the core of the PSF between the farthest pixel of the window and the source's next copy.
constexpr double kCopyMargin = 12;
// Beyond this position (pixels) floats no longer tell pixels apart.
constexpr double kMaxPosition = 1e6;

double largest_axis(const ShapeMatrix& s) {
  const double mean = (s.xx + s.yy) / 2, d = std::hypot((s.xx - s.yy) / 2, s.xy);
  return std::sqrt(std::max(0.0, mean + d));
}

bool finite(const ShapeMatrix& s) {
  constexpr double huge = 1e12;  // pixels^2: keeps floats finite
  return std::abs(s.xx) < huge && std::abs(s.xy) < huge && std::abs(s.yy) < huge;
}

// Which part of a component goes through the transform.
double transformed_part(double variance, const WindowJob& job, const RenderOptions& o) {
  if (variance <= 0 || job.psf->gaussian_sigma_pixels() == 0) return 1;
  const double sigma = std::sqrt(variance * (job.shape.shape.xx + job.shape.shape.yy));
  const double nu = job.reference_size / 2.0 / sigma;
  return std::clamp((nu - o.ramp_low) / (o.ramp_high - o.ramp_low), 0.0, 1.0);
}

// V = s S + sigma^2 I and what its change does to the Gaussian.
kernels::GaussianComponent gaussian(const WindowJob& job, int k, double part, double sigma) {
  const Mixture& m = job.mixture;
  const double s = m.variance[k];
  const ShapeMatrix& shape = job.shape.shape;
  const double xx = s * shape.xx + sigma * sigma, xy = s * shape.xy, yy = s * shape.yy + sigma * sigma;
  const double det = xx * yy - xy * xy, ixx = yy / det, ixy = -xy / det, iyy = xx / det;
  const double unit = 1 / (2 * kPi * std::sqrt(det));
  kernels::GaussianComponent c{};
  c.amplitude = static_cast<float>(part * m.amplitude[k] * unit);
  c.amplitude_dn = static_cast<float>(part * m.amplitude_dn[k] * unit);
  c.inverse[0] = static_cast<float>(ixx);
  c.inverse[1] = static_cast<float>(ixy);
  c.inverse[2] = static_cast<float>(iyy);
  const auto change = [&](double factor, const ShapeMatrix& d, float* slope, float* trace) {
    const double dxx = factor * d.xx, dxy = factor * d.xy, dyy = factor * d.yy;
    // I dV I, I the inverse of V
    const double ax = ixx * dxx + ixy * dxy, ay = ixx * dxy + ixy * dyy;
    const double bx = ixy * dxx + iyy * dxy, by = ixy * dxy + iyy * dyy;
    slope[0] = static_cast<float>(ax * ixx + ay * ixy);
    slope[1] = static_cast<float>(ax * ixy + ay * iyy);
    slope[2] = static_cast<float>(bx * ixy + by * iyy);
    *trace = static_cast<float>(ax + by);
  };
  const ShapeMatrix* by[3] = {&job.shape.by_log_mean_radius, &job.shape.by_ee1, &job.shape.by_ee2};
  for (int i = 0; i < job.outputs.shapes; ++i) change(s, *by[i], c.shape_slope[i], &c.shape_trace[i]);
  change(m.variance_dn[k], shape, c.index_slope, &c.index_trace);
  return c;
}

}  // namespace

int window_pitch(int height) {
  const int lanes = active_kernels().lanes;
  return (height + lanes - 1) / lanes * lanes;
}

double farthest_limit(const Box& box, double x, double y) {
  return std::max({std::abs(x - box.x0), std::abs(box.x1 - x), std::abs(y - box.y0), std::abs(box.y1 - y)});
}

double distance_to_box(const Box& box, double x, double y) {
  const double dx = std::max({box.x0 - x, x - (box.x1 - 1), 0.0}),
               dy = std::max({box.y0 - y, y - (box.y1 - 1), 0.0});
  return std::hypot(dx, dy);
}

bool WindowRenderer::render(const WindowJob& job, float* const* planes) {
  if (!(std::abs(job.x) < kMaxPosition && std::abs(job.y) < kMaxPosition) || job.window.empty()) return false;
  if (!job.point && !(finite(job.shape.shape) && finite(job.shape.by_ee1) && finite(job.shape.by_ee2)))
    return false;
  if (job.point && options_.shift == PsfShift::kLanczos3) return render_point(job, planes);
  if (job.position_by_filter && job.outputs.position && !job.point && options_.shift == PsfShift::kLanczos3 &&
      std::min(job.window.width(), job.window.height()) >= kernels::kLeastForSlopes) {
    WindowJob others = job;
    others.outputs.position = false;
    float* drawn[kernels::kMaxPlanes] = {planes[0]};
    const int count = 1 + job.outputs.shapes + (job.outputs.index ? 1 : 0);
    for (int i = 1; i < count; ++i) drawn[i] = planes[i + 2];
    if (!render_spectral(others, drawn)) return false;
    add_slopes(job, planes);
    return true;
  }
  return render_spectral(job, planes);
}

void WindowRenderer::add_slopes(const WindowJob& job, float* const* planes) {
  static_assert(kSlopeReach == kernels::kSlopeReach);
  kernels::SlopesJob s;
  s.in = planes[0];
  s.width = job.window.width();
  s.height = job.window.height();
  s.pitch = window_pitch(s.height);
  const SlopeFilter by_x = lanczos_slope_filter(job.x - std::nearbyint(job.x)),
                    by_y = lanczos_slope_filter(job.y - std::nearbyint(job.y));
  std::copy(by_x.begin(), by_x.end(), s.by_x);
  std::copy(by_y.begin(), by_y.end(), s.by_y);
  s.out[0] = planes[1];
  s.out[1] = planes[2];
  constexpr std::size_t kAround = 48;
  scratch_.reserve(static_cast<std::size_t>(s.pitch) + kAround);
  std::fill_n(scratch_.data(), static_cast<std::size_t>(s.pitch) + kAround, 0.0f);
  s.scratch = scratch_.data();
  active_kernels().slopes(s);
}

bool WindowRenderer::render_point(const WindowJob& job, float* const* planes) {
  const PsfKernel::Columns& stamp = job.psf->columns();
  const double ix = std::nearbyint(job.x), iy = std::nearbyint(job.y);
  kernels::PointJob p;
  p.stamp = stamp.pixels.data();
  p.stamp_width = stamp.width;
  p.stamp_height = stamp.height;
  p.stamp_pitch = stamp.pitch;
  p.stamp_x0 = job.window.x0 - static_cast<int>(ix) + stamp.width / 2;
  p.stamp_y0 = job.window.y0 - static_cast<int>(iy) + stamp.height / 2;
  const LanczosTaps tx = lanczos_taps(job.x - ix), ty = lanczos_taps(job.y - iy);
  for (int k = 0; k < 7; ++k) {
    p.taps_x[k] = static_cast<float>(tx.taps[k]);
    p.taps_y[k] = static_cast<float>(ty.taps[k]);
    p.taps_x_slope[k] = static_cast<float>(tx.slope[k]);
    p.taps_y_slope[k] = static_cast<float>(ty.slope[k]);
  }
  p.position = job.outputs.position;
  p.width = job.window.width();
  p.height = job.window.height();
  p.pitch = window_pitch(p.height);
  scratch_.reserve(2 * (static_cast<std::size_t>(p.pitch) + 64));
  p.scratch = scratch_.data();
  for (int i = 0; i < (p.position ? 3 : 1); ++i) p.out[i] = planes[i];
  active_kernels().point(p);
  return true;
}

// shift_: x, dx, y, dy factors, each as real and imaginary parts of n + 32 values.
void WindowRenderer::fill_shift(const TransformPlan& plan, const WindowJob& job) {
  const int n = plan.n, half = n / 2;
  const std::size_t row = static_cast<std::size_t>(n) + 32;
  shift_.reserve(8 * row);
  const auto fill = [&](double position, int origin, float* re, float* im, float* slope_re, float* slope_im) {
    if (options_.shift == PsfShift::kFourier) {
      const double offset = position - origin;
      for (int k = 0; k < half; ++k) {
        const double v = static_cast<double>(k) / n, angle = -2 * kPi * v * offset;
        re[k] = static_cast<float>(std::cos(angle));
        im[k] = static_cast<float>(std::sin(angle));
        slope_re[k] = static_cast<float>(2 * kPi * v * std::sin(angle));
        slope_im[k] = static_cast<float>(-2 * kPi * v * std::cos(angle));
      }
      re[half] = static_cast<float>(std::cos(kPi * offset));
      slope_re[half] = static_cast<float>(-kPi * std::sin(kPi * offset));
      im[half] = slope_im[half] = 0;
      return;
    }
    const double nearest = std::nearbyint(position);
    const LanczosTaps taps = lanczos_taps(position - nearest);
    float even[4], odd[4], even_slope[4], odd_slope[4];
    for (int j = 0; j < 4; ++j) {
      const double weight = j ? 1 : 0.5;
      even[j] = static_cast<float>(weight * (taps.taps[3 + j] + taps.taps[3 - j]));
      odd[j] = static_cast<float>(taps.taps[3 + j] - taps.taps[3 - j]);
      even_slope[j] = static_cast<float>(weight * (taps.slope[3 + j] + taps.slope[3 - j]));
      odd_slope[j] = static_cast<float>(taps.slope[3 + j] - taps.slope[3 - j]);
    }
    const int whole = static_cast<int>(((origin - static_cast<long>(nearest)) % n + n) % n);
    const float* root_re = plan.root_re.data();
    const float* root_im = plan.root_im.data();
    int at[4] = {0, 0, 0, 0}, phase = 0;  // (k j) mod n and (k whole) mod n
    for (int k = 0; k <= half; ++k) {
      float a = 0, b = 0, c = 0, d = 0;
      for (int j = 0; j < 4; ++j) {
        a += even[j] * root_re[at[j]];
        b += odd[j] * root_im[at[j]];
        c += even_slope[j] * root_re[at[j]];
        d += odd_slope[j] * root_im[at[j]];
        at[j] += j;
        if (at[j] >= n) at[j] -= n;
      }
      const float p = root_re[phase], q = root_im[phase];
      re[k] = a * p - b * q;
      im[k] = a * q + b * p;
      slope_re[k] = c * p - d * q;
      slope_im[k] = c * q + d * p;
      phase += whole;
      if (phase >= n) phase -= n;
    }
  };
  float* s = shift_.data();
  fill(job.x, job.window.x0, s, s + row, s + 2 * row, s + 3 * row);
  fill(job.y, job.window.y0, s + 4 * row, s + 5 * row, s + 6 * row, s + 7 * row);
  for (int part = 4; part < 8; ++part) {
    const float sign = part % 2 ? -1.0f : 1.0f;
    for (int k = 1; k < half; ++k) s[part * row + (n - k)] = sign * s[part * row + k];
  }
}

bool WindowRenderer::render_spectral(const WindowJob& job, float* const* planes) {
  kernels::SpectralJob s;
  kernels::GaussianJob g;
  const Mixture& m = job.mixture;
  constexpr double two_pi2 = 2 * kPi * kPi;
  double widest = 0;
  if (job.point) {
    s.components = 1;
    s.amplitude[0] = 1;
  } else {
    const double axis = largest_axis(job.shape.shape), sigma = job.psf->gaussian_sigma_pixels();
    for (int k = 0; k < m.size; ++k) {
      const double part = transformed_part(m.variance[k], job, options_);
      if (part > 0) {
        const int c = s.components++;
        s.amplitude[c] = static_cast<float>(part * m.amplitude[k]);
        s.exponent[c] = static_cast<float>(two_pi2 * std::numbers::log2e * m.variance[k]);
        s.first_moment[c] = static_cast<float>(-two_pi2 * part * m.amplitude[k] * m.variance[k]);
        s.amplitude_dn[c] = static_cast<float>(part * m.amplitude_dn[k]);
        s.first_moment_dn[c] = static_cast<float>(-two_pi2 * part * m.amplitude[k] * m.variance_dn[k]);
        widest = std::max(widest, std::sqrt(m.variance[k]) * axis);
      }
      if (part < 1) g.component[g.components++] = gaussian(job, k, 1 - part, sigma);
    }
  }
  const int width = job.window.width(), height = job.window.height();
  const double far = farthest_limit(job.window, job.x, job.y);
  const double stamp_half = std::max(job.psf->width(), job.psf->height()) / 2.0;
  const double least = std::max(far + stamp_half, std::max(width, height) + 2.0);
  double wanted = std::max(least, far + kCopyMargin + job.copy_sigmas * widest);
  // What is too wide for the reference size is drawn in real space; where nothing can be, the transform must
  // grow.
  if (job.psf->gaussian_sigma_pixels() > 0)
    wanted = std::min(wanted, std::max<double>(least, job.reference_size));
  const int n = transform_size(wanted);
  if (n == 0) return false;
  last_size_ = n;

  const PsfKernel::Spectrum& psf = job.psf->spectrum(n);
  const TransformPlan& plan = *psf.plan;
  fill_shift(plan, job);
  s.n = n;
  s.column_plan = &plan.columns;
  s.row_plan = &plan.rows;
  s.row_twiddle = plan.row_twiddle.data();
  s.frequency_v = plan.frequency_v.data();
  s.frequency_w = plan.frequency_w.data();
  s.psf_re = psf.re.data();
  s.psf_im = psf.im.data();
  s.psf_pitch = plan.pitch;
  s.nyquist_re = psf.nyquist_re.data();
  s.nyquist_im = psf.nyquist_im.data();
  const std::size_t row = static_cast<std::size_t>(n) + 32;
  const float* f = shift_.data();
  s.x_re = f;
  s.x_im = f + row;
  s.x_slope_re = f + 2 * row;
  s.x_slope_im = f + 3 * row;
  s.y_re = f + 4 * row;
  s.y_im = f + 5 * row;
  s.y_slope_re = f + 6 * row;
  s.y_slope_im = f + 7 * row;
  s.outputs = job.outputs;
  const auto put = [](const ShapeMatrix& from, float* to) {
    to[0] = static_cast<float>(from.xx);
    to[1] = static_cast<float>(from.xy);
    to[2] = static_cast<float>(from.yy);
  };
  put(job.shape.shape, s.shape);
  put(job.shape.by_log_mean_radius, s.shape_slope[0]);
  put(job.shape.by_ee1, s.shape_slope[1]);
  put(job.shape.by_ee2, s.shape_slope[2]);
  s.width = width;
  s.height = height;
  s.pitch = window_pitch(height);
  const int count = 1 + (s.outputs.position ? 2 : 0) + s.outputs.shapes + (s.outputs.index ? 1 : 0);
  for (int i = 0; i < count; ++i) s.out[i] = g.out[i] = planes[i];
  scratch_.reserve(static_cast<std::size_t>(kernels::spectral_scratch_floats(n, count, height)));
  s.scratch = scratch_.data();
  active_kernels().spectral(s);

  if (g.components > 0) {
    g.outputs = s.outputs;
    g.x = static_cast<float>(job.x - job.window.x0);
    g.y = static_cast<float>(job.y - job.window.y0);
    g.width = width;
    g.height = height;
    g.pitch = s.pitch;
    active_kernels().gaussians(g);
  }
  return true;
}

}  // namespace brickline
