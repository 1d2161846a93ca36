#include "core/blobs/model_spread.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <vector>

#include "core/blobs/model_evidence.h"
#include "core/blobs/source_selection.h"

namespace brickline {
namespace {

constexpr std::size_t kPosition = 2;  // parameters of the place

// Errors of models that count less are not worked out.
constexpr double kLeastWeight = 0.05;

}  // namespace

ModelWeights model_weights(const SourceRecord& r, const BlobFitOptions& options, double excess,
                           const ModelImprovements& occam) {
  ModelWeights weight{};
  if (!r.model_chosen) return weight;
  const SelectionOptions& penalties = options.together.penalties;
  // Occam's factors are of galaxies alone, and known but for one factor that all have.
  std::optional<std::size_t> simplest;
  using enum SourceKind;
  for (const SourceKind k : {kSer, kDev, kExp, kRex})
    if (occam[dchisq_index(k)]) simplest = dchisq_index(k);
  const auto net = [&](int k) {
    const auto at = static_cast<std::size_t>(k);
    double penalty = penalties.penalty[at];
    if (occam[at]) penalty = std::max(penalty, penalties.penalty[*simplest] + *occam[*simplest] - *occam[at]);
    return r.models[at].dchisq / excess - penalty;
  };
  const auto chosen = static_cast<int>(dchisq_index(r.chosen));
  const auto star = static_cast<int>(dchisq_index(kPsf)), round = static_cast<int>(dchisq_index(kRex));
  const auto weighed = [&](int k) {
    const auto& of_round = occam[dchisq_index(kRex)];
    if (k != star || !of_round) return net(k);
    const auto odds = prior_odds_of_round(r.models[round].model, *of_round, options.together.prior);
    if (!odds) return net(k);
    return net(round) + (r.models[star].dchisq - r.models[round].dchisq) / excess - *odds;
  };
  const auto counts = [&](int k) {
    const SourceModel& m = r.models[k].model;
    if (r.models[k].status != ModelFitStatus::kFitted) return false;
    // A galaxy that is too small to show anything but its wings is a star, and no galaxy's weight.
    const bool point = m.is_galaxy() && std::exp(m.shape.log_re) < options.together.least_re_arcsec;
    return k == chosen || (r.from_catalog && r.found.is_galaxy()) ||
           (!at_largest_radius(m, options.fit) && !point);
  };
  double best = weighed(chosen), sum = 0;
  for (int k = 0; k < kModelKinds; ++k)
    if (counts(k)) best = std::max(best, weighed(k));
  for (int k = 0; k < kModelKinds; ++k)
    if (counts(k)) sum += weight[k] = std::exp(0.5 * (weighed(k) - best));
  if (!(sum > 0)) return {};
  for (double& w : weight) w /= sum;
  return weight;
}

void add_model_spread(const SourceRecord& r, const ModelWeights& weight,
                      const std::function<std::optional<JointErrors>(int)>& of_model, JointErrors& errors) {
  const auto chosen = static_cast<int>(dchisq_index(r.chosen));
  const SourceModel& model = r.models[chosen].model;
  const std::size_t bands = model.flux.size(), size = kPosition + bands;
  const auto row = [](std::size_t i) { return i < kPosition ? i : kBeforeFluxes + i - kPosition; };
  const auto cosine = std::cos(model.dec * std::numbers::pi / 180);
  const auto difference = [&](const SourceModel& other, std::size_t i) {
    if (i == 0) return std::remainder(other.ra - model.ra, 360) * cosine;
    if (i == 1) return other.dec - model.dec;
    return other.flux[i - kPosition] - model.flux[i - kPosition];
  };
  std::vector<double> more(size * size, 0.0);
  std::optional<JointErrors> own;
  for (int k = 0; k < kModelKinds; ++k) {
    if (!(weight[k] > 0) || k == chosen) continue;
    const SourceModel& other = r.models[k].model;
    for (std::size_t i = 0; i < size; ++i)
      for (std::size_t j = 0; j <= i; ++j)
        more[i * size + j] += weight[k] * difference(other, i) * difference(other, j);
    if (weight[k] < kLeastWeight) continue;
    if (!own) own = of_model(chosen);
    const std::optional<JointErrors> its = of_model(k);
    if (!own || !its) continue;
    const auto larger = [&](std::size_t i, std::size_t j) {
      const std::size_t at = covariance_place(row(i), row(j));
      return static_cast<double>(its->covariance[at]) - own->covariance[at];
    };
    for (std::size_t i = 0; i < size; ++i)
      for (std::size_t j = 0; j <= i && larger(i, i) > 0; ++j)
        if (larger(j, j) > 0) more[i * size + j] += weight[k] * larger(i, j);
  }
  InverseVariances& iv = errors.inverse_variance;
  const auto inverse = [&](std::size_t i) -> double& {
    return i == 0 ? iv.ra : i == 1 ? iv.dec : iv.flux[i - kPosition];
  };
  for (std::size_t i = 0; i < size; ++i)
    for (std::size_t j = 0; j <= i; ++j) {
      const double spread = more[i * size + j];
      if (!(inverse(i) > 0) || !(inverse(j) > 0) || !std::isfinite(spread)) continue;
      errors.covariance[covariance_place(row(i), row(j))] += static_cast<float>(spread);
      if (i != j) continue;
      if (i >= kPosition) errors.blendedness[i - kPosition] /= static_cast<float>(1 + spread * inverse(i));
      inverse(i) = 1 / (1 / inverse(i) + spread);
    }
}

}  // namespace brickline
