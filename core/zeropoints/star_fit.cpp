#include "core/zeropoints/star_fit.h"

#include <Eigen/Core>
#include <Eigen/LU>
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <memory>
#include <numeric>
#include <vector>

#include "core/model/lanczos.h"
#include "core/model/psf_kernel.h"
#include "core/model/source_model.h"

namespace brickline {
namespace {

constexpr int kReach = 3;
// Pixels: a step that the derivatives describe.
constexpr double kSmallStep = 0.01;

// The PSF's picture moved to any place, on the pixels of a stamp, with its derivatives by the place.
class MovedPsf {
 public:
  // `exact`: moves it by a phase; null: by Lanczos-3.
  MovedPsf(Image<float> picture, const Box& stamp, Renderer* exact)
      : picture_(std::move(picture)),
        exact_(exact),
        stamp_(stamp),
        size_(static_cast<std::size_t>(stamp.width()) * stamp.height()),
        value_(size_),
        by_x_(size_),
        by_y_(size_) {}

  void move_to(double x, double y) {
    if (exact_)
      move_by_phase(x, y, true);
    else
      move_by_filter(x, y, true);
  }
  // Without derivatives, where they are not asked for.
  void show_at(double x, double y) {
    if (exact_)
      move_by_phase(x, y, false);
    else
      move_by_filter(x, y, false);
  }

  const float* value(int row) const { return &value_[static_cast<std::size_t>(row) * stamp_.width()]; }
  const float* by_x(int row) const { return &by_x_[static_cast<std::size_t>(row) * stamp_.width()]; }
  const float* by_y(int row) const { return &by_y_[static_cast<std::size_t>(row) * stamp_.width()]; }

 private:
  void move_by_phase(double x, double y, bool derivatives) {
    if (!kernel_) kernel_ = std::make_unique<PsfKernel>(picture_, 0);
    const SourceModel star;
    const auto picture = [&](double at_x, double at_y, auto&& take) {
      RenderTarget target;
      target.width = target.height = 1 << 24;
      target.cd = {1, 0, 0, 1};
      target.psf = kernel_.get();
      const auto patch = exact_->patch_on(stamp_, star, {at_x, at_y}, target);
      if (!patch) return;
      for (int j = 0; j < stamp_.height(); ++j)
        for (int i = 0; i < stamp_.width(); ++i)
          take(static_cast<std::size_t>(j) * stamp_.width() + i, patch->pixels(i, j));
    };
    std::fill(value_.begin(), value_.end(), 0.f);
    picture(x, y, [&](std::size_t k, float v) { value_[k] = v; });
    if (!derivatives) return;
    constexpr double kDifference = 0.02;  // pixels
    std::fill(by_x_.begin(), by_x_.end(), 0.f);
    std::fill(by_y_.begin(), by_y_.end(), 0.f);
    const auto f = static_cast<float>(1 / (2 * kDifference));
    picture(x + kDifference, y, [&](std::size_t k, float v) { by_x_[k] += f * v; });
    picture(x - kDifference, y, [&](std::size_t k, float v) { by_x_[k] -= f * v; });
    picture(x, y + kDifference, [&](std::size_t k, float v) { by_y_[k] += f * v; });
    picture(x, y - kDifference, [&](std::size_t k, float v) { by_y_[k] -= f * v; });
  }

  void move_by_filter(double x, double y, bool derivatives) {
    const int ix = static_cast<int>(std::lround(x)), iy = static_cast<int>(std::lround(y));
    const LanczosTaps tx = lanczos_taps(x - ix), ty = lanczos_taps(y - iy);
    const int w = stamp_.width(), h = stamp_.height();
    // Rows of the picture, with those beyond the stamp that the filter sees, in a frame of zeros.
    const int first_column = stamp_.x0 - (ix - picture_.width() / 2) - kReach;
    const int first_row = stamp_.y0 - (iy - picture_.height() / 2) - kReach;
    frame_.assign(static_cast<std::size_t>(w + 2 * kReach), 0);
    along_.assign(static_cast<std::size_t>(w) * (h + 2 * kReach), 0);
    if (derivatives) slope_.assign(along_.size(), 0);
    const int from = std::max(0, -first_column),
              to = std::min(w + 2 * kReach, picture_.width() - first_column);
    for (int row = 0; row < h + 2 * kReach; ++row) {
      const int r = first_row + row;
      if (r < 0 || r >= picture_.height() || from >= to) continue;
      std::copy(&picture_(first_column + from, r), &picture_(first_column + from, r) + (to - from),
                &frame_[static_cast<std::size_t>(from)]);
      add_filtered(frame_.data(), 1, tx.taps, w, &along_[static_cast<std::size_t>(row) * w]);
      if (derivatives)
        add_filtered(frame_.data(), 1, tx.slope, w, &slope_[static_cast<std::size_t>(row) * w]);
    }
    std::fill(value_.begin(), value_.end(), 0.f);
    for (int j = 0; j < h; ++j)
      add_filtered(&along_[static_cast<std::size_t>(j) * w], w, ty.taps, w,
                   &value_[static_cast<std::size_t>(j) * w]);
    if (!derivatives) return;
    std::fill(by_x_.begin(), by_x_.end(), 0.f);
    std::fill(by_y_.begin(), by_y_.end(), 0.f);
    for (int j = 0; j < h; ++j) {
      add_filtered(&slope_[static_cast<std::size_t>(j) * w], w, ty.taps, w,
                   &by_x_[static_cast<std::size_t>(j) * w]);
      add_filtered(&along_[static_cast<std::size_t>(j) * w], w, ty.slope, w,
                   &by_y_[static_cast<std::size_t>(j) * w]);
    }
  }

  // out[i] += sum over the taps of taps[k] in[k step + i]: one pass over the output for all of them.
  template <typename Taps>
  static void add_filtered(const float* in, int step, const Taps& taps, int n, float* out) {
    const auto t = [&](int k) { return static_cast<float>(taps[k]); };
    const float t0 = t(0), t1 = t(1), t2 = t(2), t3 = t(3), t4 = t(4), t5 = t(5), t6 = t(6);
    for (int i = 0; i < n; ++i)
      out[i] += t0 * in[i] + t1 * in[step + i] + t2 * in[2 * step + i] + t3 * in[3 * step + i] +
                t4 * in[4 * step + i] + t5 * in[5 * step + i] + t6 * in[6 * step + i];
  }

  Image<float> picture_;
  Renderer* exact_;
  std::unique_ptr<PsfKernel> kernel_;
  Box stamp_;
  std::size_t size_;
  std::vector<float> frame_, along_, slope_, value_, by_x_, by_y_;
};

// Sums over the stamp's pixels at one place.
struct Sums {
  double data2 = 0, data_u = 0, uu = 0;
  double data_x = 0, data_y = 0, ux = 0, uy = 0, xx = 0, xy = 0, yy = 0;
  // With the flux at its best.
  double flux() const { return uu > 0 ? data_u / uu : 0; }
  double chi2(double f) const { return data2 - 2 * f * data_u + f * f * uu; }
};

// A star on its stamp, whose pixels it holds by itself.
class Fit {
 public:
  Fit(ImageView<const float> data, ImageView<const float> inverse_error, const Psf& psf, PixelPosition at,
      const Box& stamp, Renderer* exact)
      : inverse_error_(inverse_error), stamp_(stamp), psf_(psf.stamp(at.x, at.y), stamp, exact) {
    data_.reserve(static_cast<std::size_t>(stamp.width()) * stamp.height());
    for (int j = 0; j < stamp.height(); ++j) {
      const float* row = &data(stamp.x0, stamp.y0 + j);
      data_.insert(data_.end(), row, row + stamp.width());
    }
  }

  // Puts a star of this flux back onto the stamp.
  void put_back(double x, double y, double flux) {
    psf_.move_to(x, y);
    shown_x_ = x;
    shown_y_ = y;
    const auto f = static_cast<float>(flux);
    for (int j = 0; j < stamp_.height(); ++j) {
      const float* u = psf_.value(j);
      float* d = &data_[static_cast<std::size_t>(j) * stamp_.width()];
      for (int i = 0; i < stamp_.width(); ++i) d[i] += f * u[i];
    }
  }

  Sums sums_at(double x, double y) {
    if (x != shown_x_ || y != shown_y_) psf_.move_to(x, y);
    shown_x_ = x;
    shown_y_ = y;
    // In lanes, which a machine adds at once; their order is fixed.
    constexpr int kLanes = 4;
    std::array<std::array<double, kLanes>, 10> sum{};
    const auto add = [&](std::size_t lane, double ie, double d, double u, double ux, double uy) {
      const double w = ie * ie, wd = w * d, wu = w * u, wx = w * ux, wy = w * uy;
      sum[0][lane] += wd * d;
      sum[1][lane] += wd * u;
      sum[2][lane] += wu * u;
      sum[3][lane] += wd * ux;
      sum[4][lane] += wd * uy;
      sum[5][lane] += wu * ux;
      sum[6][lane] += wu * uy;
      sum[7][lane] += wx * ux;
      sum[8][lane] += wx * uy;
      sum[9][lane] += wy * uy;
    };
    const int w = stamp_.width();
    for (int j = 0; j < stamp_.height(); ++j) {
      const float* d = &data_[static_cast<std::size_t>(j) * w];
      const float* ie = &inverse_error_(stamp_.x0, stamp_.y0 + j);
      const float *u = psf_.value(j), *ux = psf_.by_x(j), *uy = psf_.by_y(j);
      int i = 0;
      for (; i + kLanes <= w; i += kLanes)
        for (int l = 0; l < kLanes; ++l)
          add(static_cast<std::size_t>(l), ie[i + l], d[i + l], u[i + l], ux[i + l], uy[i + l]);
      for (; i < w; ++i) add(0, ie[i], d[i], u[i], ux[i], uy[i]);
    }
    const auto total = [&](std::size_t k) { return (sum[k][0] + sum[k][1]) + (sum[k][2] + sum[k][3]); };
    return {total(0), total(1), total(2), total(3), total(4),
            total(5), total(6), total(7), total(8), total(9)};
  }

  // What a finished fit tells of its pixels, of `sums` where it ended.
  void describe(StarFit& fit, const Sums& sums) const {
    double light = 0, chi2 = 0, masked = 0, spread = 0, spread_x = 0, spread_y = 0;
    for (int j = 0; j < stamp_.height(); ++j)
      for (int i = 0; i < stamp_.width(); ++i) {
        const double u = psf_.value(j)[i], ux = psf_.by_x(j)[i], uy = psf_.by_y(j)[i];
        const double ie = inverse_error_(stamp_.x0 + i, stamp_.y0 + j), w = ie * ie;
        const double left = data_[static_cast<std::size_t>(j) * stamp_.width() + i] - fit.flux * u;
        light += u;
        chi2 += left * left * w * u;
        if (!(ie > 0)) masked += u;
        // How much of the pixel's own error the three parameters have taken out of what is left.
        const double taken = w * (u * u / sums.uu + ux * ux / sums.xx + uy * uy / sums.yy);
        constexpr double kMostTaken = 0.9;
        const double square = w * w * left * left / (1 - std::min(taken, kMostTaken));
        spread += u * u * square;
        spread_x += ux * ux * square;
        spread_y += uy * uy * square;
      }
    fit.chi2 = light != 0 ? chi2 / light : 0;
    fit.fraction_masked = light != 0 ? masked / light : 1;
    fit.flux_error = std::max(fit.dflux, std::sqrt(spread) / sums.uu);
    fit.x_error = std::max(fit.dx, std::sqrt(spread_x) / sums.xx / std::abs(fit.flux));
    fit.y_error = std::max(fit.dy, std::sqrt(spread_y) / sums.yy / std::abs(fit.flux));
  }

 private:
  std::vector<float> data_;
  ImageView<const float> inverse_error_;
  Box stamp_;
  MovedPsf psf_;
  double shown_x_ = std::numeric_limits<double>::quiet_NaN(), shown_y_ = shown_x_;
};

// image += flux times the PSF of `at`, moved to (x, y).
void add_star(ImageView<float> image, const Psf& psf, PixelPosition at, const StarFit& fit, double sign,
              Renderer* exact) {
  const int ix = static_cast<int>(std::lround(fit.x)), iy = static_cast<int>(std::lround(fit.y));
  const int half_w = psf.width() / 2 + kReach, half_h = psf.height() / 2 + kReach;
  const Box box = intersection(image.box(), {ix - half_w, ix + half_w + 1, iy - half_h, iy + half_h + 1});
  if (box.empty()) return;
  MovedPsf moved(psf.stamp(at.x, at.y), box, exact);
  moved.show_at(fit.x, fit.y);
  const auto f = static_cast<float>(sign * fit.flux);
  for (int j = 0; j < box.height(); ++j) {
    const float* u = moved.value(j);
    float* to = &image(box.x0, box.y0 + j);
    for (int i = 0; i < box.width(); ++i) to[i] += f * u[i];
  }
}

// `before`: the star as it was fitted, where it is not on `data`; it is where this fit begins, and stays as it is, but for
// what is told of its pixels, where the first step is less than `still` errors.
StarFit fit_one(ImageView<const float> data, ImageView<const float> inverse_error, const Psf& psf,
                PixelPosition at, const StarFitOptions& options, PixelPosition start, Renderer* exact,
                const StarFit* before = nullptr, double still = 0);

}  // namespace

std::string_view name_of(StarFitEnd end) {
  switch (end) {
    case StarFitEnd::kFitted:
      return "fitted";
    case StarFitEnd::kOffImage:
      return "too near an edge";
    case StarFitEnd::kMasked:
      return "masked";
    case StarFitEnd::kNoPlace:
      return "without a place";
  }
  return "";
}

namespace {
double step_in_errors(const StarFit& from, const StarFit& to) {
  return std::max({std::abs(to.flux - from.flux) / to.dflux, std::abs(to.x - from.x) / to.dx,
                   std::abs(to.y - from.y) / to.dy});
}
}  // namespace

std::vector<StarFit> fit_stars_together(ImageView<const float> data, ImageView<const float> inverse_error,
                                        const Psf& psf, std::span<const PixelPosition> at,
                                        std::span<const double> brightness, const JointFitOptions& options) {
  Renderer renderer({.shift = PsfShift::kFourier});
  Renderer* exact = options.star.shift == PsfShift::kFourier ? &renderer : nullptr;
  std::vector<StarFit> fits(at.size());
  std::vector<std::size_t> order(at.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return brightness[a] > brightness[b]; });
  Image<float> left(data);
  // Which stars' pixels have changed since a star was last looked at.
  std::vector<char> stirred(at.size(), 1);
  const auto stir = [&](std::size_t i) {
    const double reach_x = psf.width() / 2. + options.star.stamp_radius + kReach,
                 reach_y = psf.height() / 2. + options.star.stamp_radius + kReach;
    for (std::size_t k = 0; k < at.size(); ++k)
      if (k != i && std::abs(at[k].x - fits[i].x) < reach_x && std::abs(at[k].y - fits[i].y) < reach_y)
        stirred[k] = 1;
  };
  for (int turn = 0; turn < options.most_turns; ++turn) {
    bool moved = false;
    for (const std::size_t i : order) {
      if (!stirred[i]) continue;
      stirred[i] = 0;
      const StarFit before = fits[i];
      if (turn > 0 && !before.fitted()) continue;
      fits[i] = fit_one(left.const_view(), inverse_error, psf, at[i], options.star, at[i], exact,
                        turn > 0 ? &before : nullptr, options.still);
      const StarFit& now = fits[i];
      if (turn > 0 && now.fitted() && now.x == before.x && now.y == before.y && now.flux == before.flux)
        continue;
      if (turn > 0) add_star(left.view(), psf, at[i], before, 1, exact);
      if (now.fitted()) add_star(left.view(), psf, at[i], now, -1, exact);
      if (turn == 0 || !now.fitted() || step_in_errors(before, now) > options.still) {
        moved = moved || now.fitted();
        if (turn > 0 || now.fitted()) stir(i);
      }
    }
    if (!moved) break;
  }
  return fits;
}

double magnitude_lost_by_lanczos(const Psf& psf, PixelPosition at) {
  Renderer renderer({.shift = PsfShift::kFourier});
  const int half_w = psf.width() / 2 + kReach, half_h = psf.height() / 2 + kReach;
  const Box box{-half_w, half_w + 1, -half_h, half_h + 1};
  MovedPsf exact(psf.stamp(at.x, at.y), box, &renderer), filtered(psf.stamp(at.x, at.y), box, nullptr);
  constexpr int kPhases = 4;
  double ratios = 0;
  for (int p = 0; p < kPhases * kPhases; ++p) {
    const double x = (p % kPhases + 0.5) / kPhases - 0.5, y = (p / kPhases + 0.5) / kPhases - 0.5;
    exact.show_at(x, y);
    filtered.show_at(x, y);
    double both = 0, squares = 0;
    for (int j = 0; j < box.height(); ++j)
      for (int i = 0; i < box.width(); ++i) {
        const double e = exact.value(j)[i], f = filtered.value(j)[i];
        both += e * f;
        squares += f * f;
      }
    ratios += both / squares;
  }
  return -2.5 * std::log10(ratios / (kPhases * kPhases));
}

StarFit fit_star(ImageView<const float> data, ImageView<const float> inverse_error, const Psf& psf,
                 PixelPosition at, const StarFitOptions& options, std::optional<PixelPosition> start) {
  Renderer renderer({.shift = PsfShift::kFourier});
  return fit_one(data, inverse_error, psf, at, options, start.value_or(at),
                 options.shift == PsfShift::kFourier ? &renderer : nullptr);
}

namespace {

StarFit fit_one(ImageView<const float> data, ImageView<const float> inverse_error, const Psf& psf,
                PixelPosition at, const StarFitOptions& options, PixelPosition start, Renderer* exact,
                const StarFit* before, double still) {
  StarFit out;
  out.x = at.x;
  out.y = at.y;
  const int r = options.stamp_radius;
  if (!std::isfinite(at.x + at.y) || std::abs(at.x) > 1e6 || std::abs(at.y) > 1e6) {
    out.end = StarFitEnd::kOffImage;
    return out;
  }
  const int x0 = static_cast<int>(at.x - r), y0 = static_cast<int>(at.y - r);
  if (x0 < 0 || y0 < 0 || x0 + 2 * r >= data.width() || y0 + 2 * r >= data.height()) {
    out.end = StarFitEnd::kOffImage;
    return out;
  }
  out.stamp = {x0, x0 + 2 * r + 1, y0, y0 + 2 * r + 1};
  Fit fit(data, inverse_error, psf, at, out.stamp, exact);
  if (before) {
    fit.put_back(before->x, before->y, before->flux);
    start = {before->x, before->y};
  }
  double x = start.x, y = start.y;
  Sums now = fit.sums_at(x, y);
  out.end = StarFitEnd::kMasked;
  if (!(now.uu > 0)) return out;
  double flux = now.flux(), chi2 = now.chi2(flux);
  for (int step = 0; step < options.most_steps; ++step) {
    Eigen::Matrix3d normal;
    normal << now.uu, flux * now.ux, flux * now.uy, flux * now.ux, flux * flux * now.xx, flux * flux * now.xy,
        flux * now.uy, flux * flux * now.xy, flux * flux * now.yy;
    const Eigen::Vector3d right(now.data_u - flux * now.uu, flux * (now.data_x - flux * now.ux),
                                flux * (now.data_y - flux * now.uy));
    const Eigen::Vector3d by = normal.fullPivLu().solve(right);
    if (!by.allFinite()) break;
    if (before && step == 0) {
      StarFit to = *before;
      to.x += by[1];
      to.y += by[2];
      to.flux = flux + by[0];
      if (step_in_errors(*before, to) < still) {
        out = *before;
        fit.describe(out, now);
        return out;
      }
    }
    // What a full step would gain, were the model linear; so small a one is taken at its word.
    if (by.dot(right) < options.least_gain) {
      if (flux > 0 && std::abs(by[1]) + std::abs(by[2]) < kSmallStep) {
        x += by[1];
        y += by[2];
        flux += by[0];
      }
      break;
    }
    double factor =
        std::min(1., options.longest_step / std::max(1e-30, std::max(std::abs(by[1]), std::abs(by[2]))));
    constexpr int kMostHalvings = 8;
    bool better = false;
    double gain = 0;
    for (int halving = 0; halving < kMostHalvings && !better; ++halving, factor /= 2) {
      const double next_x = x + factor * by[1], next_y = y + factor * by[2];
      // Off the stamp there is nothing to be found.
      if (!(std::abs(next_x - at.x) < r && std::abs(next_y - at.y) < r)) continue;
      const Sums next = fit.sums_at(next_x, next_y);
      if (!(next.uu > 0)) continue;
      const double next_flux = next.flux(), next_chi2 = next.chi2(next_flux);
      if (!(next_chi2 <= chi2)) continue;
      better = true;
      gain = chi2 - next_chi2;
      x = next_x;
      y = next_y;
      flux = next_flux;
      chi2 = next_chi2;
      now = next;
    }
    if (!better) {
      now = fit.sums_at(x, y);  // the last trial is not where it stands
      break;
    }
    if (gain < options.least_gain) break;
  }
  out.x = x;
  out.y = y;
  out.flux = flux;
  out.dflux = 1 / std::sqrt(now.uu);
  out.dx = 1 / std::sqrt(flux * flux * now.xx);
  out.dy = 1 / std::sqrt(flux * flux * now.yy);
  fit.describe(out, now);
  out.end =
      std::isfinite(out.flux + out.dflux + out.dx + out.dy) ? StarFitEnd::kFitted : StarFitEnd::kNoPlace;
  return out;
}

}  // namespace
}  // namespace brickline
