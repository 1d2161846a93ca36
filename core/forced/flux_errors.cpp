#include "core/forced/flux_errors.h"

#include <Eigen/Cholesky>
#include <algorithm>
#include <cmath>
#include <functional>
#include <memory>
#include <optional>
#include <utility>

#include "core/fit/source_fitter.h"
#include "core/model/shape.h"
#include "core/model/simd.h"

namespace brickline {
namespace {

enum Parameter { kRa, kDec, kRe, kE1, kE2, kIndex };
static_assert(kIndex + 1 == ForcedSource::kFitted);

// Overlaps of less than this are none.
constexpr double kLeastCorrelation = 1e-3;
constexpr std::size_t kMostOverlaps = 400;
constexpr double kRidge = 1e-9;     // where two sources are one
constexpr double kLeastOwn = 1e-6;  // of a source's information: what others leave is more, or nothing
// Steps of derivatives: pixels, of the radius, of ellipticities and the index.
constexpr double kPixels = 0.02, kOfRadius = 2e-3, kOfEllipticity = 2e-3, kOfIndex = 2e-3;

using Derivatives = std::array<std::optional<Patch>, ForcedSource::kFitted>;

// factor * (more - less)
Patch difference(const Patch& more, const Patch& less, double factor) {
  Patch out{Image<float>(more.pixels.width(), more.pixels.height()), more.x0, more.y0};
  for (int y = 0; y < out.pixels.height(); ++y)
    for (int x = 0; x < out.pixels.width(); ++x)
      out.pixels(x, y) =
          static_cast<float>(factor * (static_cast<double>(more.pixels(x, y)) - less.pixels(x, y)));
  return out;
}

Patch sum(const Patch& a, double by_a, const Patch& b, double by_b) {
  Patch out{Image<float>(a.pixels.width(), a.pixels.height()), a.x0, a.y0};
  for (int y = 0; y < out.pixels.height(); ++y)
    for (int x = 0; x < out.pixels.width(); ++x)
      out.pixels(x, y) = static_cast<float>(by_a * a.pixels(x, y) + by_b * b.pixels(x, y));
  return out;
}

class Errors {
 public:
  Errors(const CcdImage& image, std::span<const SolvedSource> sources, UnitModels& models)
      : sources_(sources),
        models_(models),
        scale_(pixels_per_arcsec(image.wcs.cd())),
        weight_(image.data.width(), image.data.height()),
        norm_(sources.size()),
        overlaps_(sources.size()),
        slopes_(sources.size()) {
    for (int y = 0; y < weight_.height(); ++y)
      for (int x = 0; x < weight_.width(); ++x) {
        const float e = image.inverse_error(x, y);
        if (e > 0 && std::isfinite(e * e) && std::isfinite(image.data(x, y))) weight_(x, y) = e * e;
      }
  }

  std::vector<FluxErrors> run() {
    find_overlaps();
    for (std::size_t j = 0; j < sources_.size(); ++j) find_slopes(j);
    std::vector<FluxErrors> out(sources_.size());
    for (std::size_t i = 0; i < sources_.size(); ++i)
      if (norm_[i] > 0) solve(i, out[i]);
    return out;
  }

 private:
  struct Overlap {
    std::size_t source;
    double product;  // sum w u u'
  };
  // Of all that a source overlaps, and of itself at the end: sum w u du/dtheta.
  using Slopes = std::vector<std::array<double, ForcedSource::kFitted>>;

  Box box_of(const Patch& p) const { return intersection(p.box(), weight_.box()); }

  double product(const Patch& a, const Patch& b) const {
    const Box box = intersection(box_of(a), b.box());
    double out = 0;
    for (int y = box.y0; y < box.y1; ++y)
      out +=
          active_kernels().triple_product(weight_.row(y) + box.x0, a.pixels.row(y - a.y0) + (box.x0 - a.x0),
                                          b.pixels.row(y - b.y0) + (box.x0 - b.x0), box.width());
    return out;
  }

  void find_overlaps() {
    std::vector<std::size_t> order;
    for (std::size_t i = 0; i < sources_.size(); ++i) {
      if (!sources_[i].unit) continue;
      norm_[i] = product(*sources_[i].unit, *sources_[i].unit);
      if (norm_[i] > 0 && std::isfinite(norm_[i]))
        order.push_back(i);
      else
        norm_[i] = 0;
    }
    std::ranges::stable_sort(order, {}, [&](std::size_t i) { return sources_[i].unit->x0; });
    for (std::size_t a = 0; a < order.size(); ++a) {
      const Patch& first = *sources_[order[a]].unit;
      for (std::size_t b = a + 1; b < order.size(); ++b) {
        const Patch& second = *sources_[order[b]].unit;
        if (second.x0 >= first.box().x1) break;
        if (intersection(first.box(), second.box()).empty()) continue;
        const double both = product(first, second);
        if (!(std::abs(both) > kLeastCorrelation * std::sqrt(norm_[order[a]] * norm_[order[b]]))) continue;
        overlaps_[order[a]].push_back({order[b], both});
        overlaps_[order[b]].push_back({order[a], both});
      }
    }
    for (std::size_t i = 0; i < overlaps_.size(); ++i) {
      auto& others = overlaps_[i];
      if (others.size() > kMostOverlaps) {
        std::ranges::stable_sort(others, std::greater{},
                                 [&](const Overlap& o) { return o.product * o.product / norm_[o.source]; });
        others.resize(kMostOverlaps);
      }
      std::ranges::sort(others, {}, &Overlap::source);
    }
  }

  // By the source's parameters that have a variance, on the pixels of its own patch.
  Derivatives derivatives_of(const SolvedSource& s) {
    Derivatives out;
    const Box box = box_of(*s.unit);
    const std::unique_ptr<PsfKernel> psf = models_.kernel_at(s.at);
    const auto slope = [&](const SourceModel& more, PixelPosition more_at, const SourceModel& less,
                           PixelPosition less_at, double step) -> std::optional<Patch> {
      const std::optional<Patch> a = models_.patch_on(box, more, more_at, *psf),
                                 b = models_.patch_on(box, less, less_at, *psf);
      if (!a || !b || a->box() != b->box() || !(step > 0)) return std::nullopt;
      return difference(*a, *b, 1 / step);
    };
    const auto known = [&](int k) { return s.source->fitted_covariance(k, k) > 0; };
    if (known(kRa) || known(kDec)) {
      const auto by_x = slope(s.model, {s.at.x + kPixels, s.at.y}, s.model, {s.at.x - kPixels, s.at.y},
                              2 * kPixels),
                 by_y = slope(s.model, {s.at.x, s.at.y + kPixels}, s.model, {s.at.x, s.at.y - kPixels},
                              2 * kPixels);
      constexpr double kArcsecPerDegree = 3600;
      if (by_x && by_y && by_x->box() == by_y->box()) {
        out[kRa] = sum(*by_x, kArcsecPerDegree * scale_[0], *by_y, kArcsecPerDegree * scale_[2]);
        out[kDec] = sum(*by_x, kArcsecPerDegree * scale_[1], *by_y, kArcsecPerDegree * scale_[3]);
      }
    }
    if (!s.model.is_galaxy()) return out;
    const auto reshaped = [&](double re, double e1, double e2) {
      Ellipse e = to_ellipse(s.model.shape);
      e.re += re;
      e.e1 += e1;
      e.e2 += e2;
      SourceModel model = s.model;
      model.shape = to_softened(e);
      return model;
    };
    const Ellipse shape = to_ellipse(s.model.shape);
    if (const double d = kOfRadius * shape.re; known(kRe))
      out[kRe] = slope(reshaped(d, 0, 0), s.at, reshaped(-d, 0, 0), s.at, 2 * d);
    const double d = std::min(kOfEllipticity, (1 - std::hypot(shape.e1, shape.e2)) / 4);
    if (known(kE1)) out[kE1] = slope(reshaped(0, d, 0), s.at, reshaped(0, -d, 0), s.at, 2 * d);
    if (known(kE2)) out[kE2] = slope(reshaped(0, 0, d), s.at, reshaped(0, 0, -d), s.at, 2 * d);
    if (known(kIndex)) {
      const FitOptions limits;
      SourceModel more = s.model, less = s.model;
      more.sersic_index = std::min(s.model.sersic_index + kOfIndex, limits.max_sersic_index);
      less.sersic_index = std::max(s.model.sersic_index - kOfIndex, limits.min_sersic_index);
      out[kIndex] = slope(more, s.at, less, s.at, more.sersic_index - less.sersic_index);
    }
    return out;
  }

  void find_slopes(std::size_t j) {
    if (!(norm_[j] > 0) || sources_[j].source->covariance.empty()) return;
    const Derivatives by = derivatives_of(sources_[j]);
    Slopes& out = slopes_[j];
    out.resize(overlaps_[j].size() + 1);
    for (std::size_t l = 0; l < out.size(); ++l) {
      const std::size_t other = l < overlaps_[j].size() ? overlaps_[j][l].source : j;
      for (std::size_t k = 0; k < by.size(); ++k) {
        const double v = by[k] ? product(*sources_[other].unit, *by[k]) : 0;
        out[l][k] = std::isfinite(v) ? v : 0;
      }
    }
  }

  // Among those that source j overlaps, and j itself; null: not there.
  const std::array<double, ForcedSource::kFitted>* slope(std::size_t j, std::size_t of) const {
    if (slopes_[j].empty()) return nullptr;
    if (of == j) return &slopes_[j].back();
    const auto at = std::ranges::lower_bound(overlaps_[j], of, {}, &Overlap::source);
    if (at == overlaps_[j].end() || at->source != of) return nullptr;
    return &slopes_[j][static_cast<std::size_t>(at - overlaps_[j].begin())];
  }

  void solve(std::size_t i, FluxErrors& out) const {
    std::vector<std::size_t> group = {i};
    for (const Overlap& o : overlaps_[i]) group.push_back(o.source);
    const auto n = static_cast<Eigen::Index>(group.size());
    Eigen::MatrixXd g = (1 + kRidge) * Eigen::MatrixXd::Identity(n, n);  // scaled to a unit diagonal
    for (std::size_t a = 0; a < group.size(); ++a)
      for (const Overlap& o : overlaps_[group[a]])
        if (const auto at = std::ranges::find(group, o.source); at != group.end())
          g(static_cast<Eigen::Index>(a), at - group.begin()) =
              o.product / std::sqrt(norm_[group[a]] * norm_[o.source]);
    Eigen::VectorXd row = Eigen::VectorXd::Unit(n, 0);
    row = g.ldlt().solve(row);  // of the inverse
    if (!row.allFinite() || !(row[0] > 0 && row[0] < 1 / kLeastOwn)) return;
    for (std::size_t a = 0; a < group.size(); ++a)
      row[static_cast<Eigen::Index>(a)] /= std::sqrt(norm_[i] * norm_[group[a]]);
    out.variance = row[0];
    for (const std::size_t j : group) {
      FluxErrors::By by{j, {}};
      bool any = false;
      for (std::size_t a = 0; a < group.size(); ++a)
        if (const auto* its = slope(j, group[a]))
          for (std::size_t k = 0; k < its->size(); ++k) {
            by.derivative[k] -= sources_[j].flux * row[static_cast<Eigen::Index>(a)] * (*its)[k];
            any = any || by.derivative[k] != 0;
          }
      if (any) out.by.push_back(by);
    }
  }

  std::span<const SolvedSource> sources_;
  UnitModels& models_;
  std::array<double, 4> scale_;
  Image<float> weight_;
  std::vector<double> norm_;  // 0: not measured
  std::vector<std::vector<Overlap>> overlaps_;
  std::vector<Slopes> slopes_;
};

}  // namespace

double common_flux_variance(std::span<const float> covariance, std::span<const float> flux) {
  constexpr double kSignificant = 3;
  const auto place = [](std::size_t row, std::size_t column) { return row * (row + 1) / 2 + column; };
  const std::size_t before = ForcedSource::kFitted, bands = flux.size();
  if (bands == 0 || covariance.size() < place(before + bands, 0)) return 0;
  const auto of = [&](std::size_t a, std::size_t b) -> double {
    return covariance[place(before + a, before + b)];
  };
  const auto significant = [&](std::size_t b) {
    return of(b, b) > 0 && flux[b] > kSignificant * std::sqrt(of(b, b));
  };
  double sum = 0, norm = 0;
  for (std::size_t a = 0; a < bands; ++a)
    for (std::size_t b = 0; b < a; ++b) {
      if (!significant(a) || !significant(b)) continue;
      const double both = static_cast<double>(flux[a]) * flux[b];
      sum += both * of(a, b);
      norm += both * both;
    }
  return norm > 0 ? std::clamp(sum / norm, 0.0, 1.0) : 0;
}

std::vector<FluxErrors> flux_errors(const CcdImage& image, ImageView<const float> residual,
                                    std::span<const SolvedSource> sources, UnitModels& models) {
  std::vector<FluxErrors> out = Errors(image, sources, models).run();
  for (std::size_t i = 0; i < out.size(); ++i) {
    out[i].flux = sources[i].flux;
    if (out[i].variance > 0)
      out[i].excess.add(residual, image.inverse_error.view(), *sources[i].unit, sources[i].flux);
  }
  return out;
}

void AveragedFluxErrors::add(std::size_t source, double weight, const FluxErrors& errors,
                             std::span<const std::size_t> by_source) {
  if (!(weight > 0)) return;
  Sums& s = sums_[source];
  s.weight += weight;
  s.flux += weight * errors.flux;
  s.variance += weight * weight * errors.variance;
  s.excess.add(errors.excess);
  for (const FluxErrors::By& by : errors.by) {
    const std::size_t of = by_source[by.source];
    auto at = std::ranges::find(s.by, of, &FluxErrors::By::source);
    if (at == s.by.end()) at = s.by.insert(s.by.end(), {of, {}});
    for (std::size_t k = 0; k < by.derivative.size(); ++k) at->derivative[k] += weight * by.derivative[k];
  }
}

double AveragedFluxErrors::inverse_variance(std::size_t source, std::span<const ForcedSource> all) const {
  const Sums& s = sums_[source];
  if (!(s.weight > 0) || !(s.variance > 0)) return 0;
  double of_models = 0;
  for (const FluxErrors::By& by : s.by) {
    double its = 0;
    for (std::size_t k = 0; k < by.derivative.size(); ++k)
      for (std::size_t l = 0; l < by.derivative.size(); ++l)
        its += by.derivative[k] * all[by.source].fitted_covariance(k, l) * by.derivative[l];
    of_models += std::max(its, 0.0);
  }
  const double variance =
      s.variance * s.excess.factor() + std::max(of_models, all[source].common_variance * s.flux * s.flux);
  const double out = s.weight * s.weight / variance;
  return std::isfinite(out) ? out : 0;
}

}  // namespace brickline
