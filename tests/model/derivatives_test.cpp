// Exact derivatives of the rendered model against central differences of the rendered value, for every
// parameter, kind and corner of the parameter space.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <ostream>
#include <string>

#include "tests/model/window_fixture.h"

namespace brickline {
namespace {

using test::Planes;
using test::render_window;
using test::WindowCase;

struct Corner {
  std::string name;
  WindowCase source;
  Box window{0, 63, 0, 63};
  double tolerance = 1e-3;  // of the derivative's peak
  double psf_sigma = 2;
};

void PrintTo(const Corner& corner, std::ostream* out) { *out << corner.name; }

// Moves one parameter in the coordinates of the derivatives: x, y, then (lg, ee1, ee2) and n.
WindowCase moved(WindowCase c, int parameter, double step) {
  const double before = half_log_axis_ratio(c.shape.ee1, c.shape.ee2).value;
  switch (parameter) {
    case 1:
      c.x += step;
      break;
    case 2:
      c.y += step;
      break;
    case 3:
      c.shape.log_re += step;
      break;
    case 4:
      c.shape.ee1 += step;
      break;
    case 5:
      c.shape.ee2 += step;
      break;
    default:
      c.index += step;
      break;
  }
  if (parameter == 4 || parameter == 5)  // at fixed geometric-mean radius
    c.shape.log_re += before - half_log_axis_ratio(c.shape.ee1, c.shape.ee2).value;
  return c;
}

class Derivatives : public testing::TestWithParam<Corner> {};

TEST_P(Derivatives, MatchCentralDifferences) {
  const Corner& corner = GetParam();
  const PsfKernel psf(test::gaussian_stamp(63, corner.psf_sigma), corner.psf_sigma);
  for (const PsfShift shift : {PsfShift::kLanczos3, PsfShift::kFourier}) {
    const Planes exact = render_window(psf, corner.window, corner.source, true, shift);
    ASSERT_FALSE(exact.plane.empty());
    for (std::size_t i = 1; i < exact.plane.size(); ++i) {
      const int parameter = static_cast<int>(i);
      const double step = parameter == 6 ? 0.001 : 0.01;  // the index's tables bend sharply near 0.5
      const Planes up =
          render_window(psf, corner.window, moved(corner.source, parameter, step), false, shift);
      const Planes down =
          render_window(psf, corner.window, moved(corner.source, parameter, -step), false, shift);
      const double peak = exact.peak(static_cast<int>(i)), value_peak = exact.peak(0);
      // What rounding of the values leaves in a difference.
      const double noise = (3e-7 * value_peak + 1e-9) / step;
      double worst = 0;
      for (std::size_t k = 0; k < exact.plane[i].size(); ++k) {
        const double difference = (up.plane[0][k] - down.plane[0][k]) / (2 * step);
        worst = std::max(worst, std::abs(difference - exact.plane[i][k]));
      }
      EXPECT_LE(worst, corner.tolerance * peak + noise)
          << "parameter " << parameter << (shift == PsfShift::kFourier ? " fourier" : " lanczos") << " peak "
          << peak;
    }
  }
}

const WindowCase kExp{SourceKind::kExp, 31.3, 30.8, {std::log(1.2), 0.3, -0.2}, 0};
WindowCase with(WindowCase c, SourceKind kind, double index = 2.5) {
  c.kind = kind;
  c.index = index;
  return c;
}
WindowCase with_radius(WindowCase c, double log_re) {
  c.shape.log_re = log_re;
  return c;
}
WindowCase with_shape(WindowCase c, double ee1, double ee2) {
  c.shape.ee1 = ee1;
  c.shape.ee2 = ee2;
  return c;
}

INSTANTIATE_TEST_SUITE_P(
    Corners, Derivatives,
    testing::Values(
        Corner{"star", with(kExp, SourceKind::kPsf)},
        Corner{"star_between_pixels", {SourceKind::kPsf, 31.49, 30.51, {}, 0}},
        Corner{"star_near_the_edge", {SourceKind::kPsf, 2.2, 60.7, {}, 0}},
        Corner{"star_off_the_window", {SourceKind::kPsf, -6.3, 70.2, {}, 0}},
        Corner{"rex", {SourceKind::kRex, 31.3, 30.8, {std::log(0.6), 0, 0}, 0}},
        Corner{"rex_tiny", {SourceKind::kRex, 31.3, 30.8, {std::log(0.02), 0, 0}, 0}},
        Corner{"exp", kExp},  // At the round shape the second derivative jumps: differences are good to half
                              // their step.
        Corner{"exp_round", with_shape(kExp, 0, 0), {0, 63, 0, 63}, 0.006},
        Corner{"exp_nearly_round", with_shape(kExp, 1e-7, -1e-7), {0, 63, 0, 63}, 0.006},
        Corner{"exp_flat", with_shape(kExp, 2.5, 0.4)},
        Corner{"exp_needle", with_shape(with_radius(kExp, 0), 0, 4.5)},
        Corner{"exp_tiny", with_radius(kExp, std::log(0.02))},
        Corner{"exp_off_the_window", {SourceKind::kExp, -5.7, 66.1, {std::log(1.2), 0.3, -0.2}, 0}},
        // Components on the ramp between transform and real space: the ramp's own change is left out.
        Corner{"exp_wide", with_radius(kExp, std::log(6.0)), {0, 63, 0, 63}, 0.05},
        Corner{"exp_huge", with_radius(kExp, std::log(30.0)), {0, 63, 0, 63}, 0.05},
        Corner{"dev", with(kExp, SourceKind::kDev), {0, 63, 0, 63}, 0.03},
        Corner{"dev_small", with_radius(with(kExp, SourceKind::kDev), std::log(0.3))},
        Corner{"ser_half", with(kExp, SourceKind::kSer, 0.545)},
        Corner{"ser_below_one", with(kExp, SourceKind::kSer, 0.9)},
        Corner{"ser_two", with_radius(with(kExp, SourceKind::kSer, 2.2), 0)},
        Corner{"ser_four", with_radius(with(kExp, SourceKind::kSer, 4.4), std::log(0.4))},
        Corner{"ser_six", with_radius(with(kExp, SourceKind::kSer, 5.95), std::log(0.4))},
        Corner{"narrow_window", with_radius(kExp, 0), {20, 37, 10, 53}}),
    [](const auto& info) { return info.param.name; });

// By position they may come of the model's pixels: nearly the same where the PSF is sampled well, less so at the window's
// edges, where the model is taken to go on as a parabola; the others as they are.
TEST_P(Derivatives, FromPixelsAreNearlyThoseOfTheTransform) {
  const Corner& corner = GetParam();
  constexpr int kReference = 128, kEdge = kernels::kSlopeReach;
  // Inside by 0.01 but for components that are drawn in real space, which the shift's taps do not move.
  constexpr double kInside = 0.03, kAtEdges = 0.05, kOthers = 2e-6;  // of the peak
  const PsfKernel psf(test::gaussian_stamp(63, corner.psf_sigma), corner.psf_sigma);
  const auto planes = [&](bool filter) {
    return render_window(psf, corner.window, corner.source, true, PsfShift::kLanczos3, kReference, filter);
  };
  const Planes exact = planes(false), nearly = planes(true);
  ASSERT_EQ(exact.plane.size(), nearly.plane.size());
  for (std::size_t i = 0; i < exact.plane.size(); ++i) {
    const double peak = exact.peak(static_cast<int>(i)), rounding = 1e-6 * exact.peak(0);
    const double inside = i == 1 || i == 2 ? kInside : kOthers, edges = i == 1 || i == 2 ? kAtEdges : kOthers;
    double worst = 0, worst_edge = 0;
    for (int y = 0; y < exact.height; ++y)
      for (int x = 0; x < exact.width; ++x) {
        const std::size_t at = static_cast<std::size_t>(y) * static_cast<std::size_t>(exact.width) + x;
        const bool edge = std::min({x, y, exact.width - 1 - x, exact.height - 1 - y}) < kEdge;
        double& of = edge ? worst_edge : worst;
        of = std::max(of, std::abs(exact.plane[i][at] - nearly.plane[i][at]));
      }
    EXPECT_LE(worst, inside * peak + rounding) << "parameter " << i;
    EXPECT_LE(worst_edge, edges * peak + rounding) << "parameter " << i;
  }
}

// The right-hand derivative at the ends of the index's ranges, where components come and go.
TEST(Derivatives, OfTheIndexAtItsRangesEndsAreTheRightHandOnes) {
  const PsfKernel psf(test::gaussian_stamp(63, 2), 2);
  for (const double n : {0.5, 0.51, 0.57, 0.62, 0.71, 1.0001, 1.5, 3.0}) {
    WindowCase c = with_radius(with(kExp, SourceKind::kSer, n), 0);
    const Planes exact = render_window(psf, {0, 63, 0, 63}, c, true, PsfShift::kLanczos3);
    const double step = 4e-4;
    WindowCase near = c, far = c;
    near.index += step;
    far.index += 2 * step;
    const Planes one = render_window(psf, {0, 63, 0, 63}, near, false, PsfShift::kLanczos3);
    const Planes two = render_window(psf, {0, 63, 0, 63}, far, false, PsfShift::kLanczos3);
    double worst = 0;
    for (std::size_t k = 0; k < exact.plane[6].size(); ++k) {
      const double slope = (4 * one.plane[0][k] - two.plane[0][k] - 3 * exact.plane[0][k]) / (2 * step);
      worst = std::max(worst, std::abs(slope - exact.plane[6][k]));
    }
    EXPECT_LE(worst, 0.03 * exact.peak(6) + 5e-7 * exact.peak(0) / step) << n;
  }
}

}  // namespace
}  // namespace brickline
