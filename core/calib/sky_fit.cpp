#include "core/calib/sky_fit.h"

#include <cmath>
#include <utility>

#include "core/base/error.h"
#include "core/calib/sky_grid.h"

namespace brickline {
namespace {

// The model as a difference from `level`.
struct Shape {
  SkyGrid grid;
  double jump = 0;
};

class Fitting {
 public:
  Fitting(const SkyFitInput& input, const SkyFitOptions& options) : in_(input), options_(options) {
    width_ = input.pixels.width();
    height_ = input.pixels.height();
    out_.x_break = width_ / 2;
  }

  SkyFit run() {
    find_good();
    estimate();
    if (!options_.constant) {
      box_ = sky_box(width_, height_, options_.box_pixels);
      if (box_ == 0)
        throw input_error("an image of {} x {} pixels is too small for a sky that varies", width_, height_);
    }
    if (options_.detect_sources) mask_sources();
    if (options_.constant)
      finish_constant();
    else
      finish_spline();
    measure();
    return std::move(out_);
  }

 private:
  void find_good() {
    out_.good = Image<std::uint8_t>(width_, height_);
    for (int y = 0; y < height_; ++y)
      for (int x = 0; x < width_; ++x) out_.good(x, y) = in_.inverse_error(x, y) > 0;
    if (count(out_.good.view()) == 0) throw input_error("no pixel has weight");
  }

  void estimate() {
    Image<std::uint8_t> kept = out_.good;
    if (!in_.excluded.empty())
      for (int y = 0; y < height_; ++y)
        for (int x = 0; x < width_; ++x)
          if (in_.excluded(x, y)) kept(x, y) = 0;
    const double all = static_cast<double>(width_) * height_;
    const bool enough = static_cast<double>(count(kept.view())) > options_.min_good_fraction * all;
    out_.estimates = sky_estimates(in_.pixels, in_.inverse_error, enough ? kept.view() : out_.good.view(),
                                   options_.estimates);
    out_.good = std::move(kept);
    if (!std::isfinite(out_.estimates.background) || !std::isfinite(out_.estimates.sig1))
      throw input_error("the sky level is {} with a noise of {} per pixel", out_.estimates.background,
                        out_.estimates.sig1);
  }

  // Of the pixels less `level`, with the mask as it is now.
  Shape shape_of(float level) const {
    Shape shape;
    if (!options_.jump) {
      shape.grid = sky_grid(in_.pixels, out_.good.view(), box_, level, options_.min_fraction);
      return shape;
    }
    const auto side = [&](int x0, int x1) {
      return box_median(in_.pixels, out_.good.view(), {x0, x1, 0, height_}, level, options_.min_fraction);
    };
    const int middle = out_.x_break;
    const auto jump = static_cast<float>(side(middle, middle + options_.jump_columns) -
                                         side(middle - options_.jump_columns, middle));
    Image<float> even(in_.pixels);
    for (int y = 0; y < height_; ++y)
      for (int x = middle; x < width_; ++x) even(x, y) -= jump;
    shape.grid = sky_grid(even.view(), out_.good.view(), box_, level, options_.min_fraction);
    shape.jump = jump;
    return shape;
  }

  SkyModel model_of(const Shape& shape, double level) const {
    const std::vector<double> xs(shape.grid.x.begin(), shape.grid.x.end()),
        ys(shape.grid.y.begin(), shape.grid.y.end());
    std::vector<double> values = shape.grid.doubles();
    for (double& v : values) v += level;
    SkyModel spline = SkyModel::spline(xs, ys, values);
    return options_.jump ? SkyModel::spline_jump(std::move(spline), out_.x_break, shape.jump)
                         : std::move(spline);
  }

  void mask_sources() {
    const double level = out_.estimates.background;
    Image<float> rest(in_.pixels);
    const auto less = [&](const Image<float>* shape) {
      for (int y = 0; y < height_; ++y)
        for (int x = 0; x < width_; ++x) {
          rest(x, y) -= static_cast<float>(level);
          if (shape) rest(x, y) -= (*shape)(x, y);
        }
    };
    if (options_.constant) {
      less(nullptr);
    } else {
      const Image<float> first =
          model_of(shape_of(static_cast<float>(level)), 0).render(Box::from_size(width_, height_));
      less(&first);
    }
    const Image<std::uint8_t> sources = stands_out(rest.view(), 0, out_.estimates.sig1, options_.estimates);
    for (int y = 0; y < height_; ++y)
      for (int x = 0; x < width_; ++x)
        if (sources(x, y)) out_.good(x, y) = 0;
    if (const std::optional<double> better = clipped_level(Box::from_size(width_, height_)))
      out_.estimates.background = *better;
  }

  // The median of the clipped good pixels of a part; empty: too few.
  std::optional<double> clipped_level(const Box& part) const {
    std::vector<float> values = chosen(in_.pixels.crop(part), out_.good.view().crop(part));
    if (static_cast<std::int64_t>(values.size()) <= options_.min_pixels) return {};
    const SortedValues sorted(std::move(values));
    const SortedValues::Range kept = sorted.clipped(options_.estimates.clip_sigma);
    if (kept.size() == 0) return {};
    return sorted.median(kept);
  }

  void finish_constant() {
    out_.level = out_.estimates.background;
    out_.model = SkyModel::constant(out_.level);
    if (!options_.jump) return;
    const auto left = clipped_level({0, out_.x_break, 0, height_}),
               right = clipped_level({out_.x_break, width_, 0, height_});
    if (!left || !right) return;
    out_.kind = SkyFit::Kind::kConstantJump;
    out_.level = *left;
    out_.jump = *right - *left;
    out_.model = SkyModel::constant_jump(out_.x_break, *left, *right);
  }

  void finish_spline() {
    const double level = out_.estimates.background;
    const Shape shape = shape_of(static_cast<float>(level));
    out_.kind = options_.jump ? SkyFit::Kind::kSplineJump : SkyFit::Kind::kSpline;
    out_.x = shape.grid.x;
    out_.y = shape.grid.y;
    for (const float v : shape.grid.values) out_.values.push_back(static_cast<float>(v + level));
    out_.jump = shape.jump;
    out_.model = model_of(shape, level);
  }

  void measure() {
    const std::int64_t good = count(out_.good.view());
    out_.fraction_masked = 1 - static_cast<double>(good) / (static_cast<double>(width_) * height_);
    if (good == 0) return;
    Image<float> rest = out_.model.render(Box::from_size(width_, height_));
    for (int y = 0; y < height_; ++y)
      for (int x = 0; x < width_; ++x) rest(x, y) = in_.pixels(x, y) - rest(x, y);
    const SortedValues sorted(chosen(rest.view(), out_.good.view()));
    for (std::size_t i = 0; i < out_.percentiles.size(); ++i)
      out_.percentiles[i] = sorted.percentile(10. * static_cast<double>(i));
  }

  const SkyFitInput& in_;
  const SkyFitOptions& options_;
  int width_ = 0, height_ = 0;
  double box_ = 0;
  SkyFit out_;
};

}  // namespace

SkyFit fit_sky(const SkyFitInput& input, const SkyFitOptions& options) {
  return Fitting(input, options).run();
}

}  // namespace brickline
