// From the records of a blob to its fitted sources: errors and metrics of what is left.
#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include "core/blobs/blob_run.h"
#include "core/blobs/metrics.h"
#include "core/blobs/model_evidence.h"
#include "core/blobs/model_spread.h"
#include "core/fit/uncertainties.h"
#include "core/survey/bits.h"

namespace brickline {
namespace {

// Variances times what the residuals say; but what is known of a radius beforehand is known whatever they say.
void enlarge(const SourceRecord& r, const ExcessVariance& excess, const GalaxyPrior& prior,
             JointErrors& errors) {
  keep_radius_prior(r.model, prior, excess.all, errors);
  InverseVariances& iv = errors.inverse_variance;
  for (double* v : {&iv.ra, &iv.dec, &iv.re, &iv.e1, &iv.e2, &iv.sersic_index}) *v /= excess.all;
  if (BulgeErrors* bulge = errors.bulge ? &*errors.bulge : nullptr) {
    for (double* v : {&bulge->re, &bulge->e1, &bulge->e2}) *v /= excess.all;
    for (std::size_t b = 0; b < bulge->flux_variance.size(); ++b) {
      bulge->flux_variance[b] *= excess.band[b];
      bulge->covariance_with_flux[b] *= excess.band[b];
    }
  }
  for (std::size_t b = 0; b < iv.flux.size(); ++b) iv.flux[b] /= excess.band[b];
  const auto by = [&](std::size_t k) {
    return k < kBeforeFluxes ? excess.all : excess.band[k - kBeforeFluxes];
  };
  for (std::size_t i = 0; i < kBeforeFluxes + iv.flux.size(); ++i)
    for (std::size_t j = 0; j <= i; ++j)
      errors.covariance[covariance_place(i, j)] *= static_cast<float>(std::sqrt(by(i) * by(j)));
}

struct LimitsHit {
  bool radius = false, index = false;
};

// As FitResult tells them, of a model as it is.
LimitsHit limits_hit(const SourceModel& m, const FitOptions& fit) {
  constexpr double kNearLogRe = 0.01, kNearIndex = 1e-3;
  LimitsHit out;
  if (!m.is_galaxy()) return out;
  const double most = m.max_log_re != 0            ? m.max_log_re
                      : m.kind == SourceKind::kRex ? fit.max_log_re_rex
                                                   : fit.max_log_re_galaxy;
  out.radius = m.shape.log_re < fit.min_log_re + kNearLogRe || m.shape.log_re > most - kNearLogRe;
  if (m.is_composite()) {
    const double of_bulge = m.bulge->shape.log_re;
    out.radius = out.radius || of_bulge < fit.min_log_re + kNearLogRe || of_bulge > most - kNearLogRe;
  }
  out.index = m.kind == SourceKind::kSer && (m.sersic_index < fit.min_sersic_index + kNearIndex ||
                                             m.sersic_index > fit.max_sersic_index - kNearIndex);
  return out;
}

}  // namespace

// Of a part of a blob: whether the source started on the pixels that are this part's own.
bool BlobRun::is_own(const FittedSource& source) const {
  const Box& own = *task_.own;
  const double x = std::clamp(source.start_x, 0.0, input_.brick.width() - 1.0),
               y = std::clamp(source.start_y, 0.0, input_.brick.height() - 1.0);
  return x >= own.x0 && x < own.x1 && y >= own.y0 && y < own.y1;
}

std::vector<FitImage> BlobRun::whole_images(const SourceModel& model,
                                            std::vector<std::unique_ptr<PsfKernel>>& own_kernels) const {
  std::vector<FitImage> out;
  for (const BlobImage& image : images_.images()) {
    auto fit_image = images_.fit_image(model, image, image.data.box(), own_kernels);
    if (!fit_image) continue;
    fit_image->mask = {};
    out.push_back(*fit_image);
  }
  return out;
}

FittedSource BlobRun::fitted(const SourceRecord& r) const {
  FittedSource out;
  out.model = r.model;
  out.model.max_log_re = 0;
  out.source = r.source;
  out.blob = out.planned_blob = task_.blob;
  out.part = task_.part;
  out.start_x = r.start_x + task_.box.x0;
  out.start_y = r.start_y + task_.box.y0;
  if (const auto at = input_.brick.sky_to_pixel(r.model.ra, r.model.dec)) {
    out.x = at->x;
    out.y = at->y;
  }
  out.forced_to_stay = r.forced_to_stay;
  out.started_in_blob = r.started_in_blob;
  const Pixel end = rounded_pixel(r.model);
  out.finished_in_blob = task_.mask(end.x, end.y) != 0;
  out.rectangle_width = r.rectangle_width;
  out.rectangle_height = r.rectangle_height;
  out.pixels = r.pixels;
  out.images = r.images;
  out.models = r.models;
  for (int k = 0; k < kModelKinds; ++k)
    if (r.models[k].status == ModelFitStatus::kFitted) out.dchisq[k] = r.models[k].dchisq;
  if (r.model.is_composite())
    out.composite_dchisq = r.models[dchisq_index(r.chosen)].dchisq + r.composite_gain;

  using namespace fitbit;
  const auto set = [&](std::uint16_t bit, bool on) { out.fit_bits |= on ? bit : 0; };
  set(kForcedPointsource, r.forced_point_source);
  set(kFitBackground, r.fit_background);
  set(kIterative, r.source < 0);
  if (options_.joint && may_be_fitted_together(r)) {
    // Its last fit was with its neighbours, after its kind was chosen.
    const LimitsHit hit = limits_hit(r.model, options_.fit);
    set(kHitRadiusLimit, hit.radius);
    set(kHitSersicLimit, hit.index);
  } else if (r.model_chosen) {
    const ModelFit& winner = r.models[dchisq_index(r.chosen)];
    set(kHitRadiusLimit, winner.at_radius_limit);
    set(kHitSersicLimit, winner.at_sersic_limit);
  }
  return out;
}

// Inverse variances on the blob's whole images.
InverseVariances BlobRun::errors_of(const SourceModel& model) const {
  UncertaintyOptions uncertainty;
  uncertainty.render = options_.fit.render;
  // One drawing with its derivatives instead of one per parameter.
  if (options_.joint) uncertainty.derivatives = DerivativeKind::kExact;
  std::vector<std::unique_ptr<PsfKernel>> own_kernels;
  InverseVariances iv = inverse_variances(model, whole_images(model, own_kernels), uncertainty);
  if (model.motion) iv.ra = iv.dec = 0;  // known, not measured
  return iv;
}

// 0 for what stays by force.
InverseVariances BlobRun::errors_of(const SourceRecord& r) const {
  InverseVariances iv;
  // Of a composite galaxy only where its light is unknown: its place is then as well known as its disk's.
  if (!r.forced_to_stay) iv = errors_of(r.model.is_composite() ? disk_of(r.model) : r.model);
  iv.flux.resize(bands_, 0.0);
  return iv;
}

// Of the models that were tried for a source, each by itself on the pixels that it is drawn on; their weights.
ModelWeights BlobRun::add_spread(const SourceRecord& r, const ExcessVariance& excess,
                                 JointErrors& errors) const {
  // A composite galaxy is one by a margin that leaves nothing to the other models.
  if (r.model.is_composite()) return {};
  std::array<std::optional<JointErrors>, kModelKinds> known;
  // As where the kind is chosen: of what the data say, less by the excess, and of the priors.
  ModelImprovements terms;
  const auto of_model = [&](int k) -> std::optional<JointErrors> {
    std::optional<JointErrors>& its = known[static_cast<std::size_t>(k)];
    if (its) return its;
    std::vector<SourceRecord> one(1);
    one[0].model = r.models[static_cast<std::size_t>(k)].model;
    one[0].fit_background = r.fit_background;
    one[0].from_catalog = r.from_catalog;
    one[0].traits = r.traits;
    one[0].model_chosen = r.model_chosen;
    JointInput input;
    describe(one, {{0}, {1}}, input);
    JointOptions options = joint_fit_options();
    options.fit_sky = r.fit_background;
    std::vector<JointErrors> alone = joint_errors(input.sources, input.images, options);
    if (alone.empty()) return {};
    if (one[0].model.is_galaxy())
      terms[static_cast<std::size_t>(k)] =
          occam_term(one[0].model, alone.front(), options_.fit, options_.together.prior, excess.all);
    enlarge(one[0], excess, options_.together.prior, alone.front());
    its = std::move(alone.front());
    return its;
  };
  ModelWeights weights = model_weights(r, options_, excess.all);
  // Of less Occam's factors make nothing.
  constexpr double kLeast = 1e-6;
  const auto counts = [&](int k) { return weights[k] > kLeast; };
  ModelImprovements occam;
  int several = 0;
  for (int k = 0; k < kModelKinds; ++k) several += counts(k) ? 1 : 0;
  for (int k = 0; several > 1 && k < kModelKinds; ++k)
    if (counts(k) && kDchisqOrder[static_cast<std::size_t>(k)] != SourceKind::kPsf && of_model(k))
      occam[static_cast<std::size_t>(k)] = terms[static_cast<std::size_t>(k)];
  weights = model_weights(r, options_, excess.all, occam);
  const auto with_priors = [&](int k) {
    std::optional<JointErrors> its = of_model(k);
    if (its && kDchisqOrder[static_cast<std::size_t>(k)] != r.chosen)
      add_priors(r.models[static_cast<std::size_t>(k)].model, options_.fit, options_.together.prior, *its);
    return its;
  };
  add_model_spread(r, weights, with_priors, errors);
  return weights;
}

// Errors and metrics of what is left.
std::vector<FittedSource> BlobRun::finish(std::vector<SourceRecord>& records) {
  in_parallel_ = alone_ && alone_();
  std::vector<InverseVariances> errors(records.size());
  std::vector<std::optional<JointErrors>> together(records.size());
  std::vector<char> light_unknown(records.size(), 0);
  if (options_.joint) together = errors_together(records);
  std::vector<MetricImage> metric_images;
  for (const BlobImage& image : images_.images())
    metric_images.push_back({image.data.view(), image.inverse_error.view(), image.band});
  for_each_index(records.size(), in_parallel_, [&](std::size_t i) {
    if (!together[i]) return;
    // Two sources at one place may leave nothing of each other: then its place counts alone, and its light is unknown.
    const std::vector<double>& flux = together[i]->inverse_variance.flux;
    if (std::ranges::none_of(flux, [](double iv) { return iv > 0; })) {
      together[i].reset();
      light_unknown[i] = 1;
      return;
    }
    const bool over_background = records[i].fit_background && !makes_background(records[i]);
    const ExcessVariance excess = excess_variance(metric_images, bands_, records[i].patches, over_background);
    enlarge(records[i], excess, options_.together.prior, *together[i]);
    records[i].told.weights = add_spread(records[i], excess, *together[i]);
    records[i].told.excess = excess.all;
  });
  for_each_index(records.size(), in_parallel_, [&](std::size_t i) {
    if (records[i].alive) errors[i] = together[i] ? together[i]->inverse_variance : errors_of(records[i]);
    if (light_unknown[i]) std::ranges::fill(errors[i].flux, 0.0);
    if (!records[i].alive || !options_.joint || !options_.all_model_variances) return;
    for (ModelFit& tried : records[i].models)
      if (tried.status == ModelFitStatus::kFitted) tried.inverse_variance = errors_of(tried.model);
  });
  std::vector<FittedSource> out;
  std::vector<std::vector<const Patch*>> patches;
  std::vector<std::vector<double>> flux;
  for (std::size_t i = 0; i < records.size(); ++i) {
    const SourceRecord& r = records[i];
    if (!r.alive) continue;
    const InverseVariances& iv = errors[i];
    double sum = iv.ra + iv.dec + iv.re + iv.e1 + iv.e2 + iv.sersic_index;
    sum = std::accumulate(iv.flux.begin(), iv.flux.end(), sum);
    if (!r.forced_to_stay && !(sum > 0)) {
      records[i].told.fate = SourceFate::kUnmeasured;
      continue;
    }
    FittedSource source = fitted(r);
    source.inverse_variance = std::move(errors[i]);
    if (together[i]) {
      source.covariance = std::move(together[i]->covariance);
      if (together[i]->bulge) source.bulge_errors = std::move(*together[i]->bulge);
      source.blendedness = std::move(together[i]->blendedness);
    }
    out.push_back(std::move(source));
    patches.emplace_back();
    for (const auto& p : r.patches) patches.back().push_back(p ? &*p : nullptr);
    flux.push_back(r.model.flux);
  }
  std::vector<SourceMetrics> metrics = measure_source_metrics(metric_images, bands_, patches, flux);
  for (std::size_t i = 0; i < out.size(); ++i) out[i].metrics = std::move(metrics[i]);
  return out;
}

}  // namespace brickline
