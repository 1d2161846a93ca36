// What a fit works on: the pixels, the fluxes and ln P with its derivatives at any point of the parameter
// space (core/fit only). SourceFitter's loop walks over it.
#pragma once

#include <tbb/enumerable_thread_specific.h>

#include <algorithm>
#include <array>
#include <limits>
#include <span>
#include <vector>

#include "core/fit/box_solver.h"
#include "core/fit/fit_windows.h"
#include "core/fit/source_fitter.h"
#include "core/model/kernels.h"
#include "core/model/mixture.h"
#include "core/model/sky_motion.h"
#include "core/model/window_renderer.h"

namespace brickline {

inline constexpr int kMaxParameters = BoxProblem::kMax;  // east, north, lg, ee1, ee2, n

// Where the fit is: offsets from the start in arcsec, and the shape.
struct FitPoint {
  double east = 0, north = 0;
  SoftenedEllipse shape;
  double index = 0;
};

// Which parameters move, and the place of each in the vectors; -1: does not.
struct FitLayout {
  int position = -1, shape = -1, index = -1;
  int shapes = 0, size = 0;
};

// ln P around a point, fluxes (and skies) at their best.
struct FitSurface {
  double ln_prob = -std::numeric_limits<double>::infinity();
  double ln_prior = 0;
  std::array<double, kMaxParameters> gradient{};
  std::array<std::array<double, kMaxParameters>, kMaxParameters> curvature{};  // of -ln P
  bool measured = false;  // some unmasked pixel sees the source
};

// Sums of one band (kernels::GramJob): r, u and the derivatives.
using BandSums = std::array<std::array<double, kMaxParameters + 2>, kMaxParameters + 2>;

// What one image says at a point.
struct ImageSums {
  BandSums sums;
  int size = 0;                 // vectors in the sums; 0: the image has no say
  std::array<double, 3> sky{};  // total r, total u, weight
  bool measured = false;        // an unmasked pixel sees the source
};

// Working memory of one thread.
struct FitScratch {
  WindowRenderer renderer{RenderOptions{}};
  AlignedFloats planes;
};

struct SourceFitter::Workspace {
  Workspace(const FitOptions& o) : options(o) {}

  // What a call works on.
  FitOptions options;
  FitScratch own;
  tbb::enumerable_thread_specific<FitScratch> others;  // of threads that help with the images
  FitWindows windows;
  std::size_t largest_window = 0;  // floats
  SourceModel model;
  FitLayout layout;
  Mixture fixed_mixture;  // of kinds without an index
  bool move_flux = true;
  double cos_dec = 1;
  int reference_size = 0;
  double min_log_re = 0, max_log_re = 0;
  int derivative_evaluations = 0, value_evaluations = 0;

  // Fluxes that residuals are taken at, and the best at the last evaluation.
  std::vector<double> flux, best_flux, band_chi2, sky;
  std::vector<BandSums> bands;
  std::vector<char> band_measured;
  std::vector<ImageSums> images;

  SkyPosition position(const FitPoint& p) const {
    return {model.ra + p.east / 3600 / cos_dec, model.dec + p.north / 3600};
  }

  PixelPosition pixel(const FitImage& image, const FitPoint& p) const {
    if (model.motion) {
      const SkyPosition s = position_at(model, image.mjd_tai);
      return image.local.to_pixel(s.ra, s.dec);
    }
    const SkyPosition s = position(p);
    return image.local.to_pixel(s.ra, s.dec);
  }

  SoftenedEllipse ellipse(const FitPoint& p) const {
    return model.kind == SourceKind::kRex ? SoftenedEllipse{p.shape.log_re, 0, 0} : p.shape;
  }

  bool prepare(const SourceModel& start, std::span<const FitImage> images, bool move_position,
               bool move_shape);
  bool render_and_sum(const FitWindow& window, const FitPoint& p, const Mixture& mixture, bool derivatives,
                      FitScratch& scratch, kernels::GramJob& gram) const;
  void turn_to_sky(const LocalLinearWcs& local, int size, BandSums& sums,
                   std::array<double, kMaxParameters + 2>& total) const;
  void measure(std::size_t image, const FitPoint& p, const Mixture& mixture, bool derivatives,
               FitScratch& scratch);
  FitSurface evaluate(const FitPoint& p, bool derivatives);
  FitPoint step(const FitPoint& from, const FitSurface& at, double damping, double* predicted) const;
  void report(const FitPoint& p, const FitSurface& s, FitResult& out) const;
  void report_work(FitResult& out) const;
};

}  // namespace brickline
