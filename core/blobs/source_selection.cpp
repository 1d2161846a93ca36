#include "core/blobs/source_selection.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <numeric>
#include <utility>

#include "core/blobs/metrics.h"
#include "core/blobs/model_evidence.h"
#include "core/model/shape.h"

namespace brickline {
namespace {

bool finite(const SourceModel& m) {
  bool ok = std::isfinite(m.ra) && std::isfinite(m.dec);
  for (const double f : m.flux) ok = ok && std::isfinite(f);
  if (m.is_galaxy())
    ok = ok && std::isfinite(m.shape.log_re) && std::isfinite(m.shape.ee1) && std::isfinite(m.shape.ee2);
  return ok && std::isfinite(m.sersic_index);
}

// Where each rung starts.
SourceModel start_of(SourceKind kind, const SourceModel& entry, const BlobFitOptions& options) {
  SourceModel out = entry;
  out.kind = kind;
  if (!entry.is_galaxy()) out.shape = {options.initial_log_re, 0, 0};
  if (kind == SourceKind::kRex || entry.kind == SourceKind::kRex) out.shape.ee1 = out.shape.ee2 = 0;
  if (kind == SourceKind::kPsf) out.shape = {};
  return out;
}

// Whether a fit that starts from one round model comes to the other, as far as that can be known.
bool is_alike(const SourceModel& a, const SourceModel& b) {
  constexpr double kRadius = 0.2, kPlace = 0.1;  // ln arcsec, arcsec
  constexpr double kDegree = std::numbers::pi / 180;
  const double east = 3600 * std::remainder(a.ra - b.ra, 360) * std::cos(a.dec * kDegree),
               north = 3600 * (a.dec - b.dec);
  return std::abs(a.shape.log_re - b.shape.log_re) < kRadius && std::hypot(east, north) < kPlace;
}

// Whether models were tried, and of none anything finite came out.
bool only_failures(const std::array<ModelFit, kModelKinds>& models) {
  bool any = false;
  for (const ModelFit& m : models) {
    if (m.status == ModelFitStatus::kFitted || m.status == ModelFitStatus::kLeftBlob) return false;
    any = any || m.status == ModelFitStatus::kFailed;
  }
  return any;
}

}  // namespace

SourceModel rounded(SourceModel galaxy) {
  galaxy.kind = SourceKind::kRex;
  galaxy.shape = {galaxy.shape.log_re + half_log_axis_ratio(galaxy.shape.ee1, galaxy.shape.ee2).value, 0, 0};
  return galaxy;
}

bool at_largest_radius(const SourceModel& model, const FitOptions& fit) {
  constexpr double kNear = 0.01;  // of ln arcsec
  if (!model.is_galaxy()) return false;
  const double most = model.kind == SourceKind::kRex ? fit.max_log_re_rex : fit.max_log_re_galaxy;
  return model.shape.log_re > most - kNear;
}

bool at_highest_index(const SourceModel& model, const FitOptions& fit) {
  constexpr double kNear = 1e-3;
  return model.kind == SourceKind::kSer && model.sersic_index > fit.max_sersic_index - kNear;
}

double most_log_re(const SourceModel& model, double reach, bool may_grow) {
  constexpr double kUsual = 3, kGrowth = 2, kOfReach = 0.25;  // arcsec; of its radius; of its pixels
  const double now = model.is_galaxy() ? std::exp(model.shape.log_re) : 0;
  return std::log(std::max({kUsual, kGrowth * now, may_grow ? kOfReach * reach : 0}));
}

double chi2_improvement(const std::vector<double>& none, const std::vector<double>& model,
                        const std::vector<double>& flux) {
  double sum = 0;
  for (std::size_t b = 0; b < flux.size(); ++b) {
    const double d = none[b] - model[b];
    if (flux[b] > 0) sum += d;
    if (flux[b] < 0) sum -= std::abs(d);
  }
  return sum;
}

bool SourceSelection::cut(SourceRecord& record, ImageView<const std::int32_t> owners, std::int32_t owner,
                          ImageView<const std::uint8_t> reserved) {
  cutouts_.clear();
  double x0 = INFINITY, x1 = -INFINITY, y0 = INFINITY, y1 = -INFINITY;
  record.pixels = record.images = 0;
  const Wcs& blob = images_.wcs();
  for (std::size_t i = 0; i < images_.images().size(); ++i) {
    if (!record.patches[i]) continue;
    const BlobImage& image = images_.images()[i];
    Cutout c{&image, record.patches[i]->box(), {}, {}};
    if (together_ && record.fit_background) {
      const SourceModel& known = record.known_galaxy ? *record.known_galaxy : record.model;
      if (const auto at = images_.place(known, image)) c.box = images_.near(c.box, known, *at, image);
      if (c.box.empty()) continue;
    }
    c.inverse_error = Image<float>(c.box.width(), c.box.height());
    bool any = false;
    int kept = 0;
    for (int y = 0; y < c.box.height(); ++y)
      for (int x = 0; x < c.box.width(); ++x) {
        const float e = image.inverse_error(c.box.x0 + x, c.box.y0 + y);
        if (!(e > 0)) continue;
        any = true;
        const std::int32_t pixel = image.blob_pixel(c.box.x0 + x, c.box.y0 + y);
        if (owner >= 0 && owners(pixel % owners.width(), pixel / owners.width()) != owner) continue;
        if (!reserved.empty() && reserved(pixel % reserved.width(), pixel / reserved.width())) continue;
        c.inverse_error(x, y) = e;
        ++kept;
      }
    if (!any) continue;
    for (const double cx : {c.box.x0, c.box.x1 - 1})
      for (const double cy : {c.box.y0, c.box.y1 - 1}) {
        const SkyPosition sky = image.wcs.pixel_to_sky(cx, cy);
        const auto p = blob.sky_to_pixel(sky.ra, sky.dec);
        if (!p) continue;
        x0 = std::min(x0, p->x);
        x1 = std::max(x1, p->x);
        y0 = std::min(y0, p->y);
        y1 = std::max(y1, p->y);
      }
    if (kept == 0) continue;
    c.data = crop(image.data, c.box);
    record.pixels += kept;
    ++record.images;
    cutouts_.push_back(std::move(c));
  }
  if (!(x0 <= x1)) return false;
  const auto low = [](double v) { return std::max(0, static_cast<int>(std::floor(v))); };
  const auto high = [](double v, int n) { return std::min(n, static_cast<int>(std::ceil(v)) + 1); };
  record.rectangle_width = std::max(0, high(x1, blob.width()) - low(x0));
  record.rectangle_height = std::max(0, high(y1, blob.height()) - low(y0));
  return !cutouts_.empty();
}

void SourceSelection::prepare_fit_images(const SourceModel& model) {
  fit_images_.clear();
  cut_of_.clear();
  own_kernels_.clear();
  for (const Cutout& c : cutouts_) {
    auto image = images_.fit_image(model, *c.image, c.box, own_kernels_);
    if (!image) continue;
    image->data = c.data.view();
    image->inverse_error = c.inverse_error.view();
    fit_images_.push_back(*image);
    cut_of_.push_back(&c);
  }
}

std::vector<double> SourceSelection::chi2_without_source(bool fit_sky) const {
  std::vector<double> out;
  for (const FitImage& image : fit_images_) {
    double w0 = 0, w1 = 0, w2 = 0;
    for (int y = 0; y < image.data.height(); ++y)
      for (int x = 0; x < image.data.width(); ++x) {
        const double d = image.data(x, y), e = image.inverse_error(x, y);
        w0 += e * e;
        w1 += e * e * d;
        w2 += e * e * d * d;
      }
    if (fit_sky && w0 > 0) w2 = std::max(0.0, w2 - w1 * w1 / w0);
    out.resize(std::max<std::size_t>(out.size(), image.band + 1), 0.0);
    out[image.band] += w2;
  }
  return out;
}

// The model as it is drawn for every other purpose judges the fit, so that all models of a source are ranked
// by the pictures that will be subtracted. Fluxes of bands that no unmasked pixel of the model measures
// become 0.
std::vector<double> SourceSelection::judge(SourceModel& model, const std::vector<double>& sky) {
  const std::size_t images = fit_images_.size();
  std::vector<std::optional<Patch>> drawn(images);
  std::vector<double> inside(images, 0.0), image_chi2(images, 0.0);
  for_each_index(images, in_parallel_, [&](std::size_t i) {
    const FitImage& image = fit_images_[i];
    const auto at = images_.place(model, *cut_of_[i]->image);
    if (!at) return;
    const RenderTarget target{image.data.width(), image.data.height(), image.cd, image.psf};
    drawn[i] = tools_.renderer().patch_on(image.mask, model,
                                          {at->x - cut_of_[i]->box.x0, at->y - cut_of_[i]->box.y0}, target);
    if (!drawn[i]) return;
    double sum = 0;
    for (int y = 0; y < image.data.height(); ++y)
      for (int x = 0; x < image.data.width(); ++x)
        if (image.inverse_error(x, y) > 0) sum += drawn[i]->pixels(x, y);
    inside[i] = sum;
  });
  std::vector<double> fraction(model.flux.size(), 0.0), chi2(model.flux.size(), 0.0);
  std::vector<int> count(model.flux.size(), 0);
  for (std::size_t i = 0; i < images; ++i) {
    ++count[fit_images_[i].band];
    fraction[fit_images_[i].band] += inside[i];
  }
  for (std::size_t b = 0; b < model.flux.size(); ++b)
    if (count[b] == 0 || !(fraction[b] / count[b] >= options_.min_fraction_in)) model.flux[b] = 0;
  for_each_index(images, in_parallel_, [&](std::size_t i) {
    const FitImage& image = fit_images_[i];
    const double flux = drawn[i] ? model.flux[image.band] : 0, level = sky.empty() ? 0 : sky[i];
    double sum = 0;
    for (int y = 0; y < image.data.height(); ++y) {
      const float* d = image.data.row(y);
      const float* e = image.inverse_error.row(y);
      const float* u = flux != 0 ? drawn[i]->pixels.row(y) : d;
      for (int x = 0; x < image.data.width(); ++x) {
        const double chi = (d[x] - flux * u[x] - level) * e[x];
        sum += chi * chi;
      }
    }
    image_chi2[i] = sum;
  });
  for (std::size_t i = 0; i < images; ++i) chi2[fit_images_[i].band] += image_chi2[i];
  return chi2;
}

ModelFit SourceSelection::try_model(const SourceRecord& record, const SourceModel& start,
                                    const std::vector<double>& none, std::optional<double> index) {
  ModelFit out;
  // Galaxies, and what a catalog placed, may be anywhere.
  const bool entered_as_star = !record.model.is_galaxy();
  const bool may_not_leave = entered_as_star && !record.from_catalog;
  SourceFitter& fitter = tools_.fitter();
  fitter.options() = options_.fit;
  fitter.options().images_in_parallel = in_parallel_;
  fitter.options().fit_sky = record.fit_background;
  // What was fitted with its neighbours is near its place; farther off is another source's light.
  if (together_) fitter.options().position_box_arcsec = options_.together.position_box_arcsec;
  if (together_ && start.kind == SourceKind::kRex && !record.from_catalog)
    fitter.options().round_radius_prior = options_.together.prior.radius(start.flux);
  if (together_ && start.kind != SourceKind::kPsf) fitter.options().hopeless_chi2 = hopeless_chi2_;
  if (index) fitter.options().min_sersic_index = fitter.options().max_sersic_index = *index;
  if (may_not_leave && !record.fit_background) fitter.options().allowed = inside_;
  FitResult fit = record.traits.frozen && record.traits.galaxy_fit ? fitter.fit_fluxes(start, fit_images_)
                                                                   : fitter.fit(start, fit_images_);
  work += fit.work;
  const auto left = [&] {
    return fit.status == FitStatus::kLeftRegion || (may_not_leave && !inside_(fit.model.ra, fit.model.dec));
  };
  // As in a joint fit: it stays where it is rather than to go off beyond the blob.
  if (together_ && left()) {
    fitter.options().fit_position = false;
    fit = fitter.fit(start, fit_images_);
    work += fit.work;
    fitter.options().fit_position = true;
  }
  if (fit.status == FitStatus::kBadInput || !finite(fit.model) || !std::isfinite(fit.chi2)) {
    out.status = ModelFitStatus::kFailed;
    return out;
  }
  if (left()) {
    out.status = ModelFitStatus::kLeftBlob;
    return out;
  }
  out.at_radius_limit = fit.at_radius_limit;
  out.at_sersic_limit = fit.at_sersic_limit;
  out.steps = fit.steps;
  out.end = fit.status;
  out.status = ModelFitStatus::kFitted;
  out.model = fit.model;
  out.chi2 = judge(out.model, fit.sky);
  out.dchisq = chi2_improvement(none, out.chi2, out.model.flux);
  // Where sources are fitted together, of what stays only, at the end.
  if (options_.all_model_variances && !options_.joint) {
    UncertaintyOptions uncertainty;
    uncertainty.render = options_.fit.render;
    out.inverse_variance = inverse_variances(out.model, fit_images_, uncertainty);
    if (out.model.motion) out.inverse_variance.ra = out.inverse_variance.dec = 0;  // known, not measured
  }
  return out;
}

// Where sources are fitted together, galaxies that will stay far below the best model need not be at their best.
void SourceSelection::give_up_what_is_hopeless(const SourceRecord& record, const std::vector<double>& none) {
  constexpr double kFar = 1000, kShare = 1e-3;  // of chi-squared, and of what the best gains
  double best = of_known_;
  for (const ModelFit& m : record.models)
    if (m.status == ModelFitStatus::kFitted) best = std::max(best, m.dchisq);
  hopeless_chi2_ = std::accumulate(none.begin(), none.end(), 0.0) - best + std::max(kFar, kShare * best);
}

// At its fluxes' best.
double SourceSelection::improvement_of_known(const SourceRecord& record, const std::vector<double>& none) {
  if (!together_ || !record.known_galaxy) return 0;
  SourceFitter& fitter = tools_.fitter();
  fitter.options() = options_.fit;
  fitter.options().images_in_parallel = in_parallel_;
  fitter.options().fit_sky = record.fit_background;
  const FitResult fit = fitter.fit_fluxes(*record.known_galaxy, fit_images_);
  work += fit.work;
  return fit.ok() && std::isfinite(fit.chi2) ? chi2_improvement(none, fit.chi2_per_band, fit.model.flux) : 0;
}

double SourceSelection::excess_of(const SourceModel& model, bool over_background) {
  const std::size_t images = fit_images_.size();
  std::vector<std::optional<Patch>> drawn(images);
  std::vector<Image<float>> residual(images);
  std::vector<MetricImage> metric(images);
  for_each_index(images, in_parallel_, [&](std::size_t i) {
    const FitImage& image = fit_images_[i];
    residual[i] = Image<float>(image.data.width(), image.data.height());
    for (int y = 0; y < image.data.height(); ++y)
      for (int x = 0; x < image.data.width(); ++x) residual[i](x, y) = image.data(x, y);
    const auto at = images_.place(model, *cut_of_[i]->image);
    if (at) {
      const RenderTarget target{image.data.width(), image.data.height(), image.cd, image.psf, image.band};
      drawn[i] = tools_.renderer().patch_on(image.mask, model,
                                            {at->x - cut_of_[i]->box.x0, at->y - cut_of_[i]->box.y0}, target);
    }
    if (drawn[i]) {
      Patch& p = *drawn[i];
      const auto flux = static_cast<float>(model.flux[static_cast<std::size_t>(image.band)]);
      for (int y = 0; y < p.pixels.height(); ++y)
        for (int x = 0; x < p.pixels.width(); ++x) residual[i](p.x0 + x, p.y0 + y) -= p.pixels(x, y) *= flux;
    }
    metric[i] = {residual[i].view(), image.inverse_error, image.band};
  });
  return excess_variance(metric, static_cast<int>(model.flux.size()), drawn, over_background).all;
}

// What is asked of select_jointly() beside the improvements, where it may decide.
JointEvidence SourceSelection::evidence_of(const SourceRecord& record,
                                           const ModelImprovements& improvements) {
  using enum SourceKind;
  const JointMargins& margins = options_.together.margins;
  // Whether some pair's improvement is beyond the margins, but less than `most`.
  const auto open = [&](double most) {
    const auto pair = [&](SourceKind less, SourceKind more) {
      const auto &a = improvements[dchisq_index(less)], &b = improvements[dchisq_index(more)];
      return a && b && *b - *a > std::min(margins.ellipse, margins.sersic) && *b - *a < most;
    };
    return pair(kRex, kExp) || pair(kRex, kDev) || pair(kRex, kSer) || pair(kExp, kSer) || pair(kDev, kSer);
  };
  JointEvidence out;
  const auto &psf = improvements[dchisq_index(kPsf)], &rex = improvements[dchisq_index(kRex)];
  const SourceModel& round = record.models[dchisq_index(kRex)].model;
  const bool may_be_either = psf && rex && options_.together.prior.radius(round.flux).sigma > 0;
  const bool any_open = open(std::numeric_limits<double>::infinity());
  if (!may_be_either && !any_open) return out;
  const ModelFit* best = nullptr;
  for (const SourceKind k : {kRex, kExp, kDev, kSer}) {
    const ModelFit& m = record.models[dchisq_index(k)];
    if (improvements[dchisq_index(k)] && (!best || m.dchisq > best->dchisq)) best = &m;
  }
  out.excess = excess_of(best->model, record.fit_background);
  // At the excess that is known now: of models that were tried since there may be a better one.
  const auto occam_of = [&](SourceKind k) {
    const std::size_t at = dchisq_index(k);
    const SourceModel& model = record.models[at].model;
    if (!errors_[at])
      errors_[at] =
          errors_alone(model, fit_images_, options_.fit, options_.together.prior, record.fit_background);
    return occam_term(model, *errors_[at], options_.fit, options_.together.prior, out.excess);
  };
  // A star and a round galaxy that do as well are told apart by how many there are of each.
  constexpr double kDoubtful = 30;  // odds do not go beyond that
  if (may_be_either && std::abs(*rex - *psf) <= kDoubtful * out.excess)
    if (const auto occam = occam_of(kRex))
      out.odds_of_round = prior_odds_of_round(round, *occam, options_.together.prior);
  // Occam's factors ask for less than this.
  constexpr double kDecided = 100;
  if (!any_open || !open(kDecided * out.excess)) return out;
  for (const SourceKind k : {kRex, kExp, kDev, kSer})
    if (improvements[dchisq_index(k)]) out.occam[dchisq_index(k)] = occam_of(k);
  return out;
}

// Where sources are fitted together, models at the bounds of what they may be are no reason for a galaxy; a Sersic profile
// of the highest index may still be the better one of what is an ellipse without it.
std::optional<SourceKind> SourceSelection::choose(const SourceRecord& record,
                                                  const ModelImprovements& improvements, KindChoice* told) {
  if (!together_) return select_model(improvements, options_.selection);
  ModelImprovements trusted = improvements;
  for (std::size_t k = 0; k < trusted.size(); ++k)
    if (at_largest_radius(record.models[k].model, options_.fit)) trusted[k].reset();
  const auto parameters = [&](SourceKind k) { return options_.together.penalties.penalty[dchisq_index(k)]; };
  for (const SourceKind k : kDchisqOrder)
    if (record.no_more_than && parameters(k) > parameters(*record.no_more_than))
      trusted[dchisq_index(k)].reset();
  std::optional<double>& sersic = trusted[dchisq_index(SourceKind::kSer)];
  const std::optional<double> of_any_index = sersic;
  if (at_highest_index(record.models[dchisq_index(SourceKind::kSer)].model, options_.fit)) sersic.reset();
  const JointEvidence evidence = evidence_of(record, improvements);
  auto chosen = select_jointly(trusted, options_.together, evidence);
  if (of_any_index && !sersic && (chosen == SourceKind::kExp || chosen == SourceKind::kDev)) {
    sersic = of_any_index;
    chosen = select_jointly(trusted, options_.together, evidence);
  }
  if (told) *told = {trusted, evidence, record.no_more_than, {}};
  return chosen;
}

// EXP or DEV where a Sersic profile of that index does as well as the best one. The mixtures that stand for the three are
// not of one family: that SER does better than the others may be theirs and not the galaxy's. Only what would be taken before the star has
// its name.
std::optional<SourceKind> SourceSelection::named_profile(const SourceRecord& record,
                                                         const ModelImprovements& improvements,
                                                         const std::vector<double>& none,
                                                         std::optional<ModelComparison>& told) {
  using enum SourceKind;
  constexpr double kBetween = 2;  // in the middle of 1 and 4 as their profiles go
  const ModelFit& free = record.models[dchisq_index(kSer)];
  const SourceKind named = free.model.sersic_index < kBetween ? kExp : kDev;
  ModelImprovements beside_star;
  for (const SourceKind k : {kPsf, named}) beside_star[dchisq_index(k)] = improvements[dchisq_index(k)];
  if (!improvements[dchisq_index(named)] || choose(record, beside_star) != named) return {};
  SourceModel start = free.model;
  start.sersic_index = named == kExp ? 1 : 4;
  give_up_what_is_hopeless(record, none);
  const JointMargins& margins = options_.together.margins;
  const ModelFit held = try_model(record, start, none, start.sersic_index);
  if (held.status != ModelFitStatus::kFitted) return {};
  const JointEvidence evidence = evidence_of(record, improvements);
  const auto &of_free = evidence.occam[dchisq_index(kSer)], &of_held = evidence.occam[dchisq_index(named)];
  const double occam = of_free && of_held ? *of_held - *of_free : 0;
  told = ModelComparison{kSer,
                         named,
                         free.dchisq - held.dchisq,
                         margins.sersic,
                         occam,
                         evidence.excess,
                         margins.fraction_of_galaxy * held.dchisq};
  if (told->is_beyond()) return {};
  return named;
}

// A galaxy that is too small to show anything but its wings.
bool SourceSelection::is_point(const SourceModel& galaxy) const {
  return galaxy.shape.log_re < std::log(options_.together.least_re_arcsec);
}

// Where the models of a kind start; of several the best counts.
std::vector<SourceModel> SourceSelection::starts_of(SourceKind kind, const SourceRecord& record,
                                                    const SourceModel& entry) const {
  using enum SourceKind;
  const SourceModel usual = start_of(kind, entry, options_);
  if (!together_ || kind == kPsf || entry.is_galaxy()) return {usual};
  const auto from_shape = [&](const SourceModel& galaxy) {
    SourceModel out = usual;
    out.shape = galaxy.shape;
    if (kind == kRex) {
      out.shape = rounded(galaxy).shape;
    } else if (galaxy.kind == kSer && kind == kSer) {
      out.sersic_index = galaxy.sersic_index;
    }
    return out;
  };
  std::vector<SourceModel> out;
  const ModelFit& rex = record.models[dchisq_index(kRex)];
  const bool known = record.known_galaxy.has_value();
  // What this kind was before, when it was tried beside other neighbours, is nearer than what another kind is now.
  const ModelFit& before = tried_before_[dchisq_index(kind)];
  const bool again = known && kind != record.known_galaxy->kind && before.status == ModelFitStatus::kFitted &&
                     !before.at_radius_limit && !is_point(before.model);
  if (again)
    out.push_back(from_shape(before.model));
  else if (known && (kind == kRex || record.known_galaxy->kind != kRex))
    out.push_back(from_shape(*record.known_galaxy));
  if (kind != kRex && !out.empty()) return out;
  if (kind == kRex) {
    for (const double log_re : options_.together.start_log_re) {
      if (record.known_galaxy && log_re != options_.together.start_log_re.front()) continue;
      out.push_back(usual);
      out.back().shape.log_re = log_re;
    }
  } else if (rex.status == ModelFitStatus::kFitted) {
    out.push_back(from_shape(rex.model));
  } else {
    out.push_back(usual);
  }
  return out;
}

void SourceSelection::run(SourceRecord& record, ImageView<const std::int32_t> owners, std::int32_t owner,
                          ImageView<const std::uint8_t> reserved, bool in_parallel) {
  record.alive = false;
  in_parallel_ = in_parallel;
  if (!cut(record, owners, owner, reserved)) return;
  const SourceModel entry = record.model;
  const bool entered_as_galaxy = entry.is_galaxy();
  const bool stands = entry.motion || record.traits.frozen;
  if (!entered_as_galaxy && !stands && !inside_(entry.ra, entry.dec)) return;
  prepare_fit_images(entry);
  std::vector<double> none = chi2_without_source(record.fit_background);
  none.resize(entry.flux.size(), 0.0);

  record.chi2_none = none;
  const double side = std::max(record.rectangle_width, record.rectangle_height);
  const double pixel_scale = images_.wcs().pixel_scale_arcsec();
  const double largest = entered_as_galaxy
                             ? entry.shape.log_re + std::log(options_.large_galaxy_radius_factor)
                             : std::log(options_.max_radius_fraction * side * pixel_scale);
  // Of these fits alone.
  const double cap = together_ ? std::min(largest, most_log_re(record.known_galaxy.value_or(entry),
                                                               side / 2 * pixel_scale, may_grow))
                               : largest;
  const auto tried = [&](SourceKind kind, SourceModel start) {
    ModelFit& best = record.models[dchisq_index(kind)];
    double most = 0;  // that it may ever have
    if (kind != SourceKind::kPsf) {
      const double own =
          kind == SourceKind::kRex ? options_.fit.max_log_re_rex : options_.fit.max_log_re_galaxy;
      most = entered_as_galaxy ? largest : std::min(own, largest);
      start.max_log_re = std::min(most, cap);
      start.shape.log_re = std::min(start.shape.log_re, start.max_log_re);
    }
    ModelFit fit = try_model(record, start, none);
    constexpr double kNear = 0.01;  // of ln arcsec
    if (kind != SourceKind::kPsf && start.max_log_re < most &&
        fit.model.shape.log_re > start.max_log_re - kNear)
      fit.at_radius_limit = false;
    if (kind != SourceKind::kPsf) fit.model.max_log_re = most;
    const bool better = best.status != ModelFitStatus::kFitted ||
                        (fit.status == ModelFitStatus::kFitted && fit.dchisq > best.dchisq);
    if (better) best = std::move(fit);
    if (better) errors_[dchisq_index(kind)].reset();
  };
  // Neither waits for the other's outcome.
  const auto tried_both = [&](SourceKind a, SourceKind b) {
    give_up_what_is_hopeless(record, none);
    for_each_index(2, in_parallel_, [&](std::size_t i) {
      const SourceKind kind = i == 0 ? a : b;
      for (const SourceModel& start : starts_of(kind, record, entry)) {
        tried(kind, start);
        // Further starts are for what shrank to a point: it has perhaps not found what there is of a large one.
        const ModelFit& best = record.models[dchisq_index(kind)];
        if (best.status == ModelFitStatus::kFitted && !is_point(best.model)) break;
      }
    });
  };
  const auto improvements = [&] {
    ModelImprovements out;
    for (std::size_t k = 0; k < out.size(); ++k) {
      const ModelFit& m = record.models[k];
      const bool no_galaxy = together_ && m.model.is_galaxy() && is_point(m.model);
      if (m.status == ModelFitStatus::kFitted && !no_galaxy) out[k] = m.dchisq;
    }
    return out;
  };

  using enum SourceKind;
  tried_before_ = std::exchange(record.models, {});
  errors_ = {};
  of_known_ = improvement_of_known(record, none);
  bool galaxies = entered_as_galaxy;
  const bool star_only = !entered_as_galaxy && (record.traits.point_source || record.forced_point_source ||
                                                (record.traits.frozen && record.traits.galaxy_fit));
  if (star_only) {
    tried(kPsf, start_of(kPsf, entry, options_));
  } else {
    tried_both(kPsf, kRex);
    // One that shrank to a point has perhaps not found what there is of a large one.
    ModelFit& round = record.models[dchisq_index(kRex)];
    if (!together_ && !entered_as_galaxy && round.status == ModelFitStatus::kFitted &&
        is_point(round.model)) {
      const ModelFit point = round;
      SourceModel large = start_of(kRex, entry, options_);
      large.shape.log_re = options_.large_log_re;
      tried(kRex, large);
      if (!(round.dchisq - point.dchisq > options_.selection.galaxy_margin)) round = point;
    }
    const ModelImprovements so_far = improvements();
    const double psf = so_far[dchisq_index(kPsf)].value_or(0), rex = so_far[dchisq_index(kRex)].value_or(0);
    galaxies = galaxies || rex > psf + options_.rex_gain || std::max(psf, rex) > options_.always_try_galaxies;
  }
  if (galaxies) {
    tried_both(kDev, kExp);
    ModelImprovements so_far = improvements();
    // An ellipse that is round has found what the round model has not.
    const ModelFit& ellipse = record.models[dchisq_index(kExp)];
    const ModelFit& round = record.models[dchisq_index(kRex)];
    if (together_ && ellipse.status == ModelFitStatus::kFitted &&
        ellipse.dchisq - so_far[dchisq_index(kRex)].value_or(0) > options_.together.margins.ellipse &&
        !(round.status == ModelFitStatus::kFitted && is_alike(round.model, rounded(ellipse.model)))) {
      tried(kRex, rounded(ellipse.model));
      so_far = improvements();
    }
    auto chosen = choose(record, so_far);
    // A profile of another index may be what neither is.
    if (together_ && chosen && chosen != kPsf && (so_far[dchisq_index(kExp)] || so_far[dchisq_index(kDev)]))
      chosen = so_far[dchisq_index(kDev)].value_or(0) > so_far[dchisq_index(kExp)].value_or(0) ? kDev : kExp;
    if (chosen == kDev || chosen == kExp) {
      SourceModel start = record.models[dchisq_index(*chosen)].model;
      start.kind = kSer;
      start.sersic_index = chosen == kDev ? 4 : 1;
      give_up_what_is_hopeless(record, none);
      tried(kSer, start);
      if (together_ && record.known_galaxy && record.known_galaxy->kind == kSer)
        tried(kSer, starts_of(kSer, record, entry).front());
    }
  }

  const ModelImprovements all = improvements();
  KindChoice told;
  auto chosen = choose(record, all, &told);
  if (together_ && chosen == kSer)
    if (const auto named = named_profile(record, all, none, told.held)) chosen = named;
  if (together_) record.told.choice = std::move(told);
  if (!chosen) {
    if (only_failures(record.models)) record.failure = "no model of it comes to finite numbers";
    return;
  }
  const ModelFit& winner = record.models[dchisq_index(*chosen)];
  if (winner.dchisq == 0) return;
  record.alive = true;
  record.model_chosen = true;
  record.chosen = *chosen;
  record.model = winner.model;
}

}  // namespace brickline
