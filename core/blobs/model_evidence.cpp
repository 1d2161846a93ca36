#include "core/blobs/model_evidence.h"

#include <Eigen/Cholesky>
#include <Eigen/LU>
#include <algorithm>
#include <cmath>
#include <numbers>
#include <vector>

#include "core/blobs/model_spread.h"

namespace brickline {
namespace {

// The variance of an index that is any of the allowed ones equally often.
double prior_variance_of_index(const FitOptions& fit) {
  const double range = fit.max_sersic_index - fit.min_sersic_index;
  return range * range / 12;
}

// In arcsec^2, of the radius.
double prior_variance_of_radius(const SourceModel& model, const GalaxyPrior& prior) {
  return std::pow(prior.width_of_log_re * std::exp(model.shape.log_re), 2);
}

constexpr std::size_t kRe = 2, kIndex = 5;  // places in JointErrors::covariance

// What a covariance becomes where the parameter at `at` is also known to that variance by something else.
void know_to(std::size_t at, double variance, std::vector<float>& c) {
  std::size_t size = 0;
  while (covariance_place(size, 0) < c.size()) ++size;
  const double sum = c[covariance_place(at, at)] + variance;
  if (!(sum > variance)) return;
  std::vector<double> with(size);
  for (std::size_t i = 0; i < size; ++i) with[i] = c[covariance_place(std::max(i, at), std::min(i, at))];
  for (std::size_t i = 0; i < size; ++i)
    for (std::size_t j = 0; j <= i; ++j)
      c[covariance_place(i, j)] -= static_cast<float>(with[i] * with[j] / sum);
}

}  // namespace

void add_priors(const SourceModel& model, const FitOptions& fit, const GalaxyPrior& prior,
                JointErrors& errors) {
  if (!errors.know_radius_prior) know_to(kRe, prior_variance_of_radius(model, prior), errors.covariance);
  if (model.kind == SourceKind::kSer) know_to(kIndex, prior_variance_of_index(fit), errors.covariance);
}

void keep_radius_prior(const SourceModel& model, const GalaxyPrior& prior, double excess,
                       JointErrors& errors) {
  if (!errors.know_radius_prior || !(excess > 1)) return;
  const std::vector<float> before = errors.covariance;
  know_to(kRe, prior_variance_of_radius(model, prior) / (excess - 1), errors.covariance);
  const auto scale = [&](double& inverse, std::size_t i) {
    const float now = errors.covariance[covariance_place(i, i)];
    if (now > 0) inverse *= before[covariance_place(i, i)] / static_cast<double>(now);
  };
  InverseVariances& iv = errors.inverse_variance;
  scale(iv.ra, 0);
  scale(iv.dec, 1);
  scale(iv.re, kRe);
  for (std::size_t b = 0; b < iv.flux.size(); ++b) scale(iv.flux[b], kBeforeFluxes + b);
}

namespace {

// `knows_prior`: the covariance knows the prior of ln re.
std::optional<double> term_of(const SourceModel& model, std::span<const float> covariance,
                              const FitOptions& fit, const GalaxyPrior& prior, double excess,
                              bool knows_prior) {
  const bool ellipse = model.kind != SourceKind::kRex, index = model.kind == SourceKind::kSer;
  const Eigen::Index n = !ellipse ? 1 : index ? 4 : 3;
  const double re = std::exp(model.shape.log_re);
  Eigen::MatrixXd c(n, n);
  for (Eigen::Index i = 0; i < n; ++i)
    for (Eigen::Index j = 0; j <= i; ++j)
      c(i, j) = c(j, i) =
          covariance[static_cast<std::size_t>(i * (i + 1) / 2 + j)] / (i == 0 ? re : 1) / (j == 0 ? re : 1);
  for (Eigen::Index i = 0; i < n; ++i)
    if (!(c(i, i) > 0)) return {};
  const double width = prior.width_of_log_re, of_prior = 1 / (width * width);
  Eigen::MatrixXd information = c.inverse();
  if (knows_prior) information(0, 0) = std::max(0.0, information(0, 0) - of_prior);
  information /= excess;
  information(0, 0) += of_prior;
  if (index) information(3, 3) += 1 / prior_variance_of_index(fit);
  const double determinant = information.determinant();
  if (!(determinant > 0) || !std::isfinite(determinant)) return {};
  double term = static_cast<double>(n) * std::log(2 * std::numbers::pi) - std::log(determinant);
  if (ellipse) {
    const double eta = std::hypot(model.shape.ee1, model.shape.ee2);
    const double e = std::sqrt(std::pow(1 - std::exp(-eta), 2) + excess * (c(1, 1) + c(2, 2)) / 2);
    term -= 2 * std::log(std::numbers::pi * e * (1 + e) * (1 + e));
  }
  if (index) term -= 2 * std::log(fit.max_sersic_index - fit.min_sersic_index);
  return term;
}

}  // namespace

std::optional<double> occam_term(const SourceModel& model, std::span<const float> covariance,
                                 const FitOptions& fit, const GalaxyPrior& prior, double excess) {
  return term_of(model, covariance, fit, prior, excess, false);
}

JointErrors errors_alone(const SourceModel& model, std::span<const FitImage> images, const FitOptions& fit,
                         const GalaxyPrior& prior, bool fit_sky) {
  std::vector<JointImage> joint_images;
  std::vector<JointSource> source(1);
  source[0].model = model;
  source[0].round_radius_prior = prior.radius(model.flux);
  for (const FitImage& image : images) {
    source[0].views.push_back({static_cast<int>(joint_images.size()), image.local, image.psf, image.mask});
    joint_images.push_back({image.data, image.inverse_error, image.band, image.cd, image.mjd_tai});
  }
  JointOptions options;
  options.render = fit.render;
  options.fit = fit;
  options.fit.allowed = {};
  options.fit_sky = fit_sky;
  return joint_errors(source, joint_images, options).front();
}

std::optional<double> occam_term(const SourceModel& model, const JointErrors& errors, const FitOptions& fit,
                                 const GalaxyPrior& prior, double excess) {
  // Of re, e1, e2 and the index: after RA and Dec.
  std::vector<float> shape;
  for (std::size_t i = 2; i < 6; ++i)
    for (std::size_t j = 2; j <= i; ++j) shape.push_back(errors.covariance[i * (i + 1) / 2 + j]);
  return term_of(model, shape, fit, prior, excess, errors.know_radius_prior);
}

std::optional<double> prior_odds_of_round(const SourceModel& round, double occam, const GalaxyPrior& prior) {
  const RadiusPrior radius = prior.radius(round.flux);
  if (!(radius.sigma > 0)) return {};
  const double off = (round.shape.log_re - radius.log_re) / radius.sigma;
  return 2 * prior.log_odds(round.flux) + occam -
         std::log(2 * std::numbers::pi * radius.sigma * radius.sigma) - off * off;
}

}  // namespace brickline
