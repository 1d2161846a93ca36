// The engine's inner renderer: one unit-flux source on one window of an image, with any of its derivatives,
// in the x-major layout that the normal equations want. Renderer and SourceFitter stand on it.
//
// A galaxy's planes are inverse transforms of PSF x shift x profile, all from one evaluation of the profile's
// Gaussians in frequency space; the shift (Lanczos taps or exact phase, with the integer part) is a separable
// factor there, so that the transform's first rows and columns are the window's pixels. Components too wide
// for the reference transform size are drawn as Gaussians in real space (see RenderOptions).
#pragma once

#include <memory>

#include "core/base/image.h"
#include "core/model/aligned.h"
#include "core/model/kernels.h"
#include "core/model/mixture.h"
#include "core/model/psf_kernel.h"
#include "core/model/renderer.h"
#include "core/model/shape.h"
#include "core/model/transform_plan.h"

namespace brickline {

struct WindowJob {
  const PsfKernel* psf = nullptr;
  Box window;           // image pixels
  double x = 0, y = 0;  // the source, image pixels
  bool point = false;
  Mixture mixture;         // of galaxies
  ShapeDerivatives shape;  // of galaxies
  // Transform size that decides which components are wide; the transform done may be smaller.
  int reference_size = 0;
  // A transform repeats itself: so many widths of the widest component (and 12 pixels) lie between a window's
  // pixels and the next copy of the source. 4.5 keeps the copies below 5e-8 of the flux per pixel, 5.5 below
  // 1e-9.
  double copy_sigmas = 4.5;
  kernels::Outputs outputs;
  // Derivatives of galaxies by position come of neighbouring pixels of the model instead of transforms of their own
  // (lanczos_slope_filter()), in two thirds of the time: to half a percent, or to a sixth for wide components that are drawn in
  // real space, which the taps do not move. That moves no fit by a hundredth of a sigma.
  bool position_by_filter = false;
};

// Rows of a window's columns: the height rounded up to the kernels' lanes.
int window_pitch(int height);

// The greatest distance from (x, y) to the four limits of a box (its first pixels and its exclusive ends).
double farthest_limit(const Box& box, double x, double y);
// The distance from (x, y) to the nearest pixel of a box; 0 inside.
double distance_to_box(const Box& box, double x, double y);

// WindowJob::reference_size of pictures: the power of two that the reference pipeline transforms at for a
// source on its natural extent and for one on a mask.
int unmasked_reference_size(const SourceModel& source, PixelPosition at, const RenderTarget& target);
int masked_reference_size(const Box& mask, PixelPosition at, const RenderTarget& target);

class WindowRenderer {
 public:
  explicit WindowRenderer(const RenderOptions& options) : options_(options) {}

  // Writes planes of `window width` columns of window_pitch() floats: value; x, y; shapes; index as
  // job.outputs asks (derivatives by pixel position, (lg, ee1, ee2) and n). False, with nothing written, when
  // the window is too large to transform or a number is not finite.
  bool render(const WindowJob& job, float* const* planes);
  void set_options(const RenderOptions& options) { options_ = options; }
  // The transform size of the last galaxy.
  int last_size() const { return last_size_; }
  const RenderOptions& options() const { return options_; }

 private:
  bool render_point(const WindowJob& job, float* const* planes);
  bool render_spectral(const WindowJob& job, float* const* planes);
  void add_slopes(const WindowJob& job, float* const* planes);
  void fill_shift(const TransformPlan& plan, const WindowJob& job);

  RenderOptions options_;
  AlignedFloats scratch_, shift_;
  int last_size_ = 0;
};

}  // namespace brickline
