#include "core/wise/tile_flux_errors.h"

#include <Eigen/Cholesky>
#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numbers>
#include <optional>

#include "core/fit/excess_sums.h"
#include "core/fit/source_fitter.h"
#include "core/model/renderer.h"
#include "core/model/shape.h"
#include "core/model/simd.h"

namespace brickline {
namespace {

// As the covariances have them.
enum Parameter { kRa, kDec, kRe, kE1, kE2, kIndex, kParameters };

constexpr std::size_t kMostOverlaps = 100;
constexpr double kRidge = 1e-9;  // where two sources are one
// Of a flux's variance by noise alone: what a parameter's error may add without being asked for.
constexpr double kNegligible = 0.003;
// Steps of derivatives: pixels, a share of the radius, of ellipticities and the index. Tiles' pixels are coarse, and moving
// a picture by less than some tenths of one is uneven.
constexpr double kPixels = 0.25, kOfRadius = 0.1, kOfEllipticity = 0.05, kOfIndex = 0.2, kLeastRadius = 0.02;

double covariance(const std::vector<float>& packed, int i, int j) {
  const int row = std::max(i, j), column = std::min(i, j);
  const auto at = static_cast<std::size_t>(row * (row + 1) / 2 + column);
  return at < packed.size() && std::isfinite(packed[at]) ? packed[at] : 0;
}

// Two models of a source that differ in a parameter, and by how much.
struct Step {
  SourceModel more, less;
  double size = 0;
};

std::optional<Step> step_of(const SourceModel& s, int parameter, double sigma, double pixel_scale_arcsec) {
  Step out{s, s, 0};
  const double degrees = kPixels * pixel_scale_arcsec / 3600;
  if (parameter == kRa) {
    const double ra = degrees / std::cos(s.dec * std::numbers::pi / 180);
    out.more.ra += ra;
    out.less.ra -= ra;
    out.size = 2 * degrees;
    return out;
  }
  if (parameter == kDec) {
    out.more.dec += degrees;
    out.less.dec -= degrees;
    out.size = 2 * degrees;
    return out;
  }
  if (!s.is_galaxy()) return std::nullopt;
  if (parameter == kIndex) {
    if (s.kind != SourceKind::kSer) return std::nullopt;
    const FitOptions limits;
    out.more.sersic_index = std::min(s.sersic_index + kOfIndex, limits.max_sersic_index);
    out.less.sersic_index = std::max(s.sersic_index - kOfIndex, limits.min_sersic_index);
    out.size = out.more.sersic_index - out.less.sersic_index;
    return out;
  }
  Ellipse more = to_ellipse(s.shape), less = more;
  if (parameter == kRe) {
    // Of a galaxy that may be a point what it does on the way counts: light spreads with the radius squared.
    const double d = std::max(kOfRadius * more.re, sigma / 2);
    less.re = std::max(more.re - d, std::min(kLeastRadius, more.re / 2));
    more.re += d;
    out.size = more.re - less.re;
  } else {
    const double d = std::min(kOfEllipticity, (1 - std::hypot(more.e1, more.e2)) / 4);
    (parameter == kE1 ? more.e1 : more.e2) += d;
    (parameter == kE1 ? less.e1 : less.e2) -= d;
    out.size = 2 * d;
  }
  out.more.shape = to_softened(more);
  out.less.shape = to_softened(less);
  return out;
}

// How much of a model (the root of its sum of squares, weighted) a parameter's error moves at most: the PSF is no narrower
// than a pixel, and a galaxy no narrower than its radius.
double most_moved(const SourceModel& s, int parameter, double sigma, double pixel_scale_arcsec) {
  if (parameter == kRa || parameter == kDec) return sigma * 3600 / pixel_scale_arcsec;
  const double re = to_ellipse(s.shape).re, pixel2 = pixel_scale_arcsec * pixel_scale_arcsec;
  if (parameter == kRe) return sigma * (re + sigma) / (re * re + pixel2);
  return sigma * re * re / (re * re + pixel2);
}

class Errors {
 public:
  Errors(std::span<const FitTile> tiles, std::span<const SourceModel> sources,
         std::span<const double> central_flux, const FootprintRule& rule,
         std::span<const std::vector<UnitModel>> models, const TileFluxes& solved)
      : tiles_(tiles),
        sources_(sources),
        central_flux_(central_flux),
        rule_(rule),
        models_(models),
        solved_(solved),
        renderer_({.profiles = rule.profiles}),
        patch_of_(tiles.size()),
        place_(sources.size(), -1),
        of_models_(sources.size(), 0.0) {
    for (std::size_t t = 0; t < tiles.size(); ++t) {
      patch_of_[t].assign(sources.size(), nullptr);
      const FitTile& tile = tiles[t];
      Image<float>& weight = weights_.emplace_back(tile.data.width(), tile.data.height());
      for (int y = 0; y < weight.height(); ++y)
        for (int x = 0; x < weight.width(); ++x) {
          const float e = tile.inverse_error(x, y);
          if (e > 0 && std::isfinite(e * e) && std::isfinite(tile.data(x, y))) weight(x, y) = e * e;
        }
      for (const UnitModel& m : models[t]) patch_of_[t][static_cast<std::size_t>(m.source)] = &m.patch;
    }
  }

  std::vector<double> run(std::span<const std::vector<float>> covariances) {
    for (std::size_t j = 0; j < covariances.size(); ++j) add_model_errors(j, covariances[j]);
    const std::vector<double> excess = excess_factors();
    std::vector<double> out(sources_.size(), 0.0);
    for (std::size_t i = 0; i < out.size(); ++i) {
      const double marginal = solved_.fit.marginal_inverse_variance[i];
      if (!(marginal > 0)) continue;
      const double ivar = 1 / (excess[i] / marginal + of_models_[i]);
      if (std::isfinite(ivar)) out[i] = ivar;
    }
    return out;
  }

 private:
  std::vector<double> excess_factors() const {
    std::vector<ExcessSums> sums(sources_.size());
    for (std::size_t t = 0; t < tiles_.size(); ++t) {
      const FitTile& tile = tiles_[t];
      Image<float> residual(tile.data.width(), tile.data.height());
      for (int y = 0; y < residual.height(); ++y)
        for (int x = 0; x < residual.width(); ++x) residual(x, y) = tile.data(x, y) - solved_.models[t](x, y);
      for (const UnitModel& m : models_[t])
        sums[static_cast<std::size_t>(m.source)].add(residual.view(), tile.inverse_error, m.patch);
    }
    std::vector<double> out;
    for (ExcessSums& s : sums) {
      s.cube = 0;  // no photons that errors do not know of
      out.push_back(s.factor());
    }
    return out;
  }

  // Sum over the pixels of what a model and a change of another have in common.
  double product(std::size_t tile, const Patch& unit, const Patch& change) const {
    const Box box = intersection(intersection(unit.box(), change.box()), weights_[tile].box());
    double sum = 0;
    if (box.empty()) return sum;
    for (int y = box.y0; y < box.y1; ++y)
      sum += active_kernels().triple_product(
          weights_[tile].row(y) + box.x0, unit.pixels.row(y - unit.y0) + (box.x0 - unit.x0),
          change.pixels.row(y - change.y0) + (box.x0 - change.x0), box.width());
    return sum;
  }

  // d model/d parameter on a tile.
  std::optional<Patch> slope(const FitTile& tile, const Step& step, double central) {
    const std::optional<Patch> more = tile_model(renderer_, tile, step.more, central, rule_),
                               less = tile_model(renderer_, tile, step.less, central, rule_);
    if (!more || !less || !(step.size > 0)) return std::nullopt;
    const Box a = more->box(), b = less->box();
    const Box box{std::min(a.x0, b.x0), std::max(a.x1, b.x1), std::min(a.y0, b.y0), std::max(a.y1, b.y1)};
    Patch out{Image<float>(box.width(), box.height()), box.x0, box.y0};
    add_patch(out.pixels.view(), {more->pixels, a.x0 - box.x0, a.y0 - box.y0},
              static_cast<float>(1 / step.size));
    add_patch(out.pixels.view(), {less->pixels, b.x0 - box.x0, b.y0 - box.y0},
              static_cast<float>(-1 / step.size));
    return out;
  }

  // The parameters of source j whose errors matter.
  std::vector<int> significant(std::size_t j, const std::vector<float>& packed) const {
    const double ratio = solved_.fit.flux[j] * std::sqrt(solved_.fit.inverse_variance[j]);
    std::vector<int> out;
    for (int k = 0; k < kParameters; ++k) {
      const double variance = covariance(packed, k, k);
      if (!(variance > 0) || (k > kDec && !sources_[j].is_galaxy())) continue;
      const double moved = ratio * (k == kIndex ? std::sqrt(variance)
                                                : most_moved(sources_[j], k, std::sqrt(variance),
                                                             tiles_.front().pixel_scale_arcsec));
      if (moved * moved > kNegligible) out.push_back(k);
    }
    return out;
  }

  // What errors of source j's model do to the fluxes of all that it overlaps.
  void add_model_errors(std::size_t j, const std::vector<float>& packed) {
    if (packed.empty() || !(solved_.fit.inverse_variance[j] > 0)) return;
    const std::vector<int> parameters = significant(j, packed);
    if (parameters.empty()) return;
    std::vector<FluxOverlap> group = solved_.fit.overlaps[j];
    if (group.size() > kMostOverlaps) {
      std::ranges::stable_sort(group, [](const FluxOverlap& a, const FluxOverlap& b) {
        return std::abs(a.correlation) > std::abs(b.correlation);
      });
      group.resize(kMostOverlaps);
      std::ranges::sort(group, {}, &FluxOverlap::source);
    }
    group.push_back({static_cast<int>(j), 1});
    const auto n = static_cast<Eigen::Index>(group.size()), k = static_cast<Eigen::Index>(parameters.size());

    Eigen::MatrixXd slopes = Eigen::MatrixXd::Zero(n, k);
    for (Eigen::Index p = 0; p < k; ++p) {
      const int parameter = parameters[static_cast<std::size_t>(p)];
      for (std::size_t t = 0; t < tiles_.size(); ++t) {
        const FitTile& tile = tiles_[t];
        const auto step = step_of(sources_[j], parameter, std::sqrt(covariance(packed, parameter, parameter)),
                                  tile.pixel_scale_arcsec);
        if (!step) continue;
        const std::optional<Patch> change = slope(tile, *step, central_flux_[j]);
        if (!change) continue;
        for (Eigen::Index l = 0; l < n; ++l)
          if (const Patch* unit =
                  patch_of_[t][static_cast<std::size_t>(group[static_cast<std::size_t>(l)].source)])
            slopes(l, p) += product(t, *unit, *change);
      }
    }
    // The normal matrix of the group, scaled to a unit diagonal.
    Eigen::MatrixXd g = (1 + kRidge) * Eigen::MatrixXd::Identity(n, n);
    for (Eigen::Index l = 0; l < n; ++l)
      place_[static_cast<std::size_t>(group[static_cast<std::size_t>(l)].source)] = static_cast<int>(l);
    Eigen::VectorXd scale(n);
    for (Eigen::Index l = 0; l < n; ++l) {
      const auto source = static_cast<std::size_t>(group[static_cast<std::size_t>(l)].source);
      scale[l] = 1 / std::sqrt(solved_.fit.inverse_variance[source]);
      for (const FluxOverlap& o : solved_.fit.overlaps[source])
        if (const int at = place_[static_cast<std::size_t>(o.source)]; at >= 0) g(l, at) = o.correlation;
    }
    for (const FluxOverlap& o : group) place_[static_cast<std::size_t>(o.source)] = -1;
    Eigen::MatrixXd c(k, k);
    for (Eigen::Index p = 0; p < k; ++p)
      for (Eigen::Index q = 0; q < k; ++q)
        c(p, q) = covariance(packed, parameters[static_cast<std::size_t>(p)],
                             parameters[static_cast<std::size_t>(q)]);
    const Eigen::MatrixXd by =
        solved_.fit.flux[j] * scale.asDiagonal() * g.ldlt().solve(scale.asDiagonal() * slopes);
    if (!by.allFinite()) return;
    for (Eigen::Index l = 0; l < n; ++l)
      of_models_[static_cast<std::size_t>(group[static_cast<std::size_t>(l)].source)] +=
          std::max(0.0, (by.row(l) * c * by.row(l).transpose()).value());
  }

  std::span<const FitTile> tiles_;
  std::span<const SourceModel> sources_;
  std::span<const double> central_flux_;
  const FootprintRule& rule_;
  std::span<const std::vector<UnitModel>> models_;
  const TileFluxes& solved_;
  Renderer renderer_;
  std::vector<std::vector<const Patch*>> patch_of_;  // of each tile and source; null: it has none there
  std::vector<Image<float>> weights_;                // of the tiles' pixels; 0: masked
  std::vector<int> place_;                           // in the group at hand
  std::vector<double> of_models_;                    // variance
};

}  // namespace

std::vector<double> marginal_flux_ivar(std::span<const FitTile> tiles, std::span<const SourceModel> sources,
                                       std::span<const double> central_flux, const FootprintRule& rule,
                                       std::span<const std::vector<float>> covariances,
                                       std::span<const std::vector<UnitModel>> models,
                                       const TileFluxes& solved) {
  return Errors(tiles, sources, central_flux, rule, models, solved).run(covariances);
}

}  // namespace brickline
