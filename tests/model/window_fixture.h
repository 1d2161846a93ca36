// One source in one window through the inner renderer, as pictures.
#pragma once

#include <cmath>
#include <numbers>
#include <vector>

#include "core/model/window_renderer.h"

namespace brickline::test {

inline constexpr double kPixelArcsec = 0.262;
inline constexpr CdMatrix kFixtureCd = {-kPixelArcsec / 3600 * 0.9986295, kPixelArcsec / 3600 * 0.0523360,
                                        kPixelArcsec / 3600 * 0.0523360, kPixelArcsec / 3600 * 0.9986295};

// A Gaussian of unit sum.
inline Image<float> gaussian_stamp(int size, double sigma) {
  Image<float> stamp(size, size);
  const int c = size / 2;
  for (int y = 0; y < size; ++y)
    for (int x = 0; x < size; ++x)
      stamp(x, y) =
          static_cast<float>(std::exp(-0.5 * ((x - c) * (x - c) + (y - c) * (y - c)) / (sigma * sigma)) /
                             (2 * std::numbers::pi * sigma * sigma));
  return stamp;
}

struct WindowCase {
  SourceKind kind = SourceKind::kExp;
  double x = 0, y = 0;
  SoftenedEllipse shape;
  double index = 2.5;
};

// Planes of a window in reading order, in double.
struct Planes {
  int width = 0, height = 0;
  std::vector<std::vector<double>> plane;
  double peak(int i) const {
    double p = 0;
    for (const double v : plane[i]) p = std::max(p, std::abs(v));
    return p;
  }
  double sum(int i) const {
    double s = 0;
    for (const double v : plane[i]) s += v;
    return s;
  }
};

inline Planes render_window(const PsfKernel& psf, const Box& window, const WindowCase& c, bool derivatives,
                            PsfShift shift, int reference_size = 128, bool filter = false) {
  RenderOptions options;
  options.shift = shift;
  WindowRenderer renderer(options);
  WindowJob job;
  job.psf = &psf;
  job.window = window;
  job.x = c.x;
  job.y = c.y;
  job.point = c.kind == SourceKind::kPsf;
  job.mixture = profile_mixture(c.kind, c.index, GalaxyProfiles::kReference);
  job.shape = shape_derivatives(c.shape, pixels_per_arcsec(kFixtureCd));
  job.reference_size = reference_size;
  job.copy_sigmas = 5.5;
  job.position_by_filter = filter;
  if (derivatives)
    job.outputs = {true, job.point ? 0 : c.kind == SourceKind::kRex ? 1 : 3, c.kind == SourceKind::kSer};
  const int count = derivatives ? 3 + job.outputs.shapes + (job.outputs.index ? 1 : 0) : 1;
  const int pitch = window_pitch(window.height());
  AlignedFloats store(static_cast<std::size_t>(count) * pitch * window.width());
  float* out[kernels::kMaxPlanes] = {};
  for (int i = 0; i < count; ++i)
    out[i] = store.data() + static_cast<std::size_t>(i) * pitch * window.width();
  Planes planes{window.width(), window.height(), {}};
  if (!renderer.render(job, out)) return planes;
  for (int i = 0; i < count; ++i) {
    planes.plane.emplace_back();
    for (int y = 0; y < window.height(); ++y)
      for (int x = 0; x < window.width(); ++x)
        planes.plane[i].push_back(out[i][static_cast<std::size_t>(x) * pitch + y]);
  }
  return planes;
}

}  // namespace brickline::test
