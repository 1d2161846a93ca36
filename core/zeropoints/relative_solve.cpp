#include "core/zeropoints/relative_solve.h"

#include "core/base/error.h"
#include "core/zeropoints/relative_solver.h"

namespace brickline {
namespace relative {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr std::size_t kMostForScale = 2'000'000;
// Outliers of less than these are kept in the first rounds, whose zero points are still the provider's.
constexpr double kFirstReaches[] = {1, 0.2, 0.05};

}  // namespace

RelativeSolution Solver::run() {
  NormalFactor factor;
  const std::vector<int> blocks = blocks_of_amplifiers();
  out_.settled = false;
  for (out_.rounds = 0; out_.rounds < o_.most_rounds && !out_.settled; ++out_.rounds) {
    const bool early = out_.rounds < static_cast<int>(std::size(kFirstReaches));
    choose_stars(early ? kFirstReaches[out_.rounds] : 0);
    if (out_.rounds > 0) choose_providers();
    const Matrix a = assemble({});
    if (out_.rounds == 0) factor.compute(a, n_, blocks);
    const VectorXd x = solve(a, factor);
    double change = 0;
    for (int c = 0; c < n_; ++c) {
      const double z = ccds_[at(c)].zero_point + x[c];
      change = std::max(change, std::abs(z - z_[c]));
      z_[c] = z;
    }
    change = std::max(change, keep_offsets(x));
    diagonal_ = a.diagonal();
    out_.settled = !early && change <= o_.settled;
    out_.star_scale = scale();
  }
  choose_stars(0);
  estimate_common_errors();
  const Matrix a = assemble({out_.exposure_error, out_.night_error, out_.detector_error});
  factor.compute(a, n_, blocks);
  VectorXd x;
  if (factor.is_whole()) {
    x = factor.solve(rhs_);
    x += factor.solve(rhs_ - a.selfadjointView<Eigen::Lower>() * x);
  } else {
    x = solve(a, factor);
  }
  for (int c = 0; c < n_; ++c) {
    z_[c] = ccds_[at(c)].zero_point + x[c];
    common_error_[c] = ccds_[at(c)].catalog < 0 ? 0 : x[catalog_of(c)];
    for (const int g : groups_of(c))
      if (g >= 0) common_error_[c] += x[g];
  }
  keep_offsets(x);
  const InverseDiagonal variance = inverse_diagonal(factor, a, n_, o_.error_accuracy);
  out_.error_accuracy = variance.accuracy;
  out_.amplifier_error_accuracy = variance.in_blocks;
  out_.common_error_accuracy = variance.others;
  tell(variance.value);
  tell_groups(x, variance.value);
  return std::move(out_);
}

double Solver::keep_offsets(const VectorXd& x) {
  double change = 0;
  const auto keep = [&](VectorXd& offsets, int first) {
    if (offsets.size() == 0) return;
    const VectorXd now = x.segment(first, offsets.size());
    change = std::max(change, (now - offsets).cwiseAbs().maxCoeff());
    offsets = now;
  };
  keep(amplifier_offset_, n_);
  keep(catalog_offset_, after_amplifiers_);
  return change;
}

GroupMeans Solver::exposure_means(bool used_only) const {
  GroupMeans means(exposures_);
  for (int c = 0; c < n_; ++c)
    if (const int x = ccds_[at(c)].exposure; x >= 0 && tied_[at(c)] && (!used_only || provider_used_[at(c)]))
      means.add(x, difference(c), difference_variance(c), follows(c), provider_weight_[at(c)]);
  means.finish();
  return means;
}

void Solver::choose_providers() {
  const GroupMeans exposures = exposure_means(false);
  const double in_common = std::max(exposures.excess(), o_.exposure_floor);
  std::vector<double> pulls;
  std::vector<double> pull_of(at(n_));
  for (int c = 0; c < n_; ++c) {
    const int x = ccds_[at(c)].exposure;
    if (!tied_[at(c)]) continue;
    const bool alone = x < 0 || exposures.members[at(x)] < 2;
    const double variance = difference_variance(c) + (alone ? in_common * in_common : 0);
    pull_of[at(c)] = (difference(c) - (alone ? 0 : exposures.value[at(x)])) / std::sqrt(variance);
    pulls.push_back(pull_of[at(c)]);
  }
  const double reach = o_.clip_provider * std::max(1., pulls.empty() ? 1. : sigma_of_absolute(pulls));
  std::vector<int> members(at(out_.parts)), dropped(members);
  std::vector<std::uint8_t> used(at(n_), 1);
  for (int c = 0; c < n_; ++c) {
    if (!tied_[at(c)]) continue;
    const int x = ccds_[at(c)].exposure;
    if (std::abs(pull_of[at(c)]) > reach) used[at(c)] = 0;
    if (x >= 0 && std::abs(exposures.value[at(x)]) >
                      o_.clip_provider * std::hypot(in_common, std::sqrt(exposures.variance[at(x)])))
      used[at(c)] = 0;
    ++members[at(part_[at(c)])];
    dropped[at(part_[at(c)])] += !used[at(c)];
  }
  for (int c = 0; c < n_; ++c)
    if (tied_[at(c)] && 2 * dropped[at(part_[at(c)])] >= members[at(part_[at(c)])]) used[at(c)] = 1;
  provider_used_ = std::move(used);
}

double Solver::scale() const {
  const std::size_t stride = active_.size() / kMostForScale + 1;
  std::vector<double> pulls;
  for (std::size_t s = 0; s + 1 < starts_.size(); s += stride) {
    const Mean m = mean_of_star(s);
    for (auto k = static_cast<std::size_t>(starts_[s]); k < static_cast<std::size_t>(starts_[s + 1]); ++k)
      if (active_[k]) {
        const double f2 = out_.star_scale * out_.star_scale;
        pulls.push_back((star_mag(k) - m.mag) / std::sqrt((1 / weight(k) - 1 / m.weight) / f2));
      }
  }
  return pulls.empty() ? 1 : std::max(1., sigma_of_absolute(std::move(pulls)));
}

void Solver::estimate_common_errors() {
  const GroupMeans exposures = exposure_means(true);
  const double of_exposure = exposures.excess();
  GroupMeans nights(nights_), detectors(detectors_);
  std::vector<int> night_of(at(exposures_), -1);
  for (int c = 0; c < n_; ++c) {
    const RelativeCcd& ccd = ccds_[at(c)];
    if (!tied_[at(c)] || !provider_used_[at(c)] || ccd.exposure < 0) continue;
    night_of[at(ccd.exposure)] = ccd.night;
    if (ccd.detector >= 0 && exposures.members[at(ccd.exposure)] > 1)
      detectors.add(ccd.detector, difference(c) - exposures.value[at(ccd.exposure)], difference_variance(c),
                    follows(c), provider_weight_[at(c)]);
  }
  for (int x = 0; x < exposures_; ++x)
    if (night_of[at(x)] >= 0) {
      const double variance = exposures.variance[at(x)] + of_exposure * of_exposure;
      if (variance > 0)
        nights.add(night_of[at(x)], exposures.value[at(x)], variance, exposures.follows[at(x)], 1 / variance);
    }
  nights.finish();
  detectors.finish();
  out_.night_error = nights.excess();
  out_.detector_error = detectors.excess();
  // What nights have in common the exposures' scatter holds, too.
  out_.exposure_error =
      std::max(std::sqrt(std::max(0., of_exposure * of_exposure - out_.night_error * out_.night_error)),
               o_.exposure_floor);
}

void Solver::tell(const VectorXd& variance) {
  out_.ccds.resize(at(n_));
  std::vector<double> mean(starts_.size());
  for (std::size_t s = 0; s + 1 < starts_.size(); ++s) {
    const Mean m = mean_of_star(s);
    mean[s] = m.count > 0 ? m.mag : 0;
  }
  std::vector<double> pulls;
  for (int c = 0; c < n_; ++c) {
    SolvedCcd& ccd = out_.ccds[at(c)];
    ccd.zero_point = ccds_[at(c)].zero_point;
    ccd.error = ccds_[at(c)].error;
    ccd.common = common_[at(c)];
    if (levelled(c)) {
      ccd.levelled = true;
      ccd.zero_point = z_[c];
      ccd.error = std::sqrt(variance[c]);
    }
    if (!tied_[at(c)]) continue;
    ccd.solved = true;
    ccd.zero_point = z_[c];
    ccd.error = std::sqrt(variance[c]);
    ccd.common_error = common_error_[c];
    ccd.provider_used = provider_used_[at(c)];
    ccd.part = part_[at(c)] + 1;
    double sum = 0;
    pulls.clear();
    for (std::int64_t i = ccd_starts_[at(c)]; i < ccd_starts_[at(c) + 1]; ++i) {
      const std::size_t k = by_ccd_[static_cast<std::size_t>(i)];
      const double residual = star_mag(k) - mean[at(star_[k])];
      if (active_[k]) sum += residual * residual;
      if (mean[at(star_[k])] != 0) pulls.push_back(residual * std::sqrt(weight(k)));
    }
    ccd.star_scatter = std::sqrt(sum / ccd.common);
    ccd.star_excess = sigma_of_absolute(pulls);
  }
}

void Solver::tell_groups(const VectorXd& x, const VectorXd& variance) {
  const auto group = [&](int i) { return SolvedGroup{x[i], std::sqrt(variance[i])}; };
  for (std::size_t i = 0; i < catalogs_.size(); ++i)
    out_.catalogs.push_back(group(after_amplifiers_ + static_cast<int>(i)));
  for (int c = 0; c < n_; ++c)
    if (ccds_[at(c)].catalog >= 0 && tied_[at(c)] && provider_used_[at(c)])
      ++out_.catalogs[at(ccds_[at(c)].catalog)].members;
  for (int g = 0; g < after_amplifiers_ - n_; ++g) {
    SolvedGroup& amplifier = out_.amplifiers.emplace_back(group(n_ + g));
    for (std::int64_t i = amplifier_starts_[at(g)]; i < amplifier_starts_[at(g) + 1]; ++i)
      amplifier.members += active_[by_amplifier_[static_cast<std::size_t>(i)]];
  }
  out_.exposures.resize(at(exposures_));
  out_.nights.resize(at(nights_));
  out_.detectors.resize(at(detectors_));
  for (int c = 0; c < n_; ++c) {
    if (!tied_[at(c)] || !provider_used_[at(c)]) continue;
    const RelativeCcd& ccd = ccds_[at(c)];
    const std::array<std::vector<SolvedGroup>*, 3> of = {&out_.exposures, &out_.nights, &out_.detectors};
    const std::array<int, 3> number = {ccd.exposure, ccd.night, ccd.detector}, unknown = groups_of(c);
    for (std::size_t i = 0; i < of.size(); ++i) {
      if (number[i] < 0) continue;
      SolvedGroup& here = (*of[i])[at(number[i])];
      const std::int64_t members = here.members + 1;
      here = unknown[i] < 0 ? SolvedGroup{kNan, kNan} : group(unknown[i]);
      here.members = members;
    }
  }
}

}  // namespace relative

RelativeSolution solve_zero_points(std::span<const RelativeCcd> ccds,
                                   std::span<const StarMeasurement> measurements,
                                   const RelativeSolveOptions& options,
                                   std::span<const RelativeAmplifier> amplifiers,
                                   std::span<const double> catalogs) {
  if (ccds.empty()) return {};
  return relative::Solver(ccds, measurements, options, amplifiers, catalogs).run();
}

}  // namespace brickline
