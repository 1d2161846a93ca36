#include "core/zeropoints/relative_solve.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <numeric>

#include "core/base/error.h"
#include "core/zeropoints/robust.h"
#include "core/zeropoints/selected_inverse.h"

namespace brickline {
namespace {

using Eigen::Index;
using Eigen::VectorXd;
using Matrix = Eigen::SparseMatrix<double>;

constexpr double kSigmaPerMedian = 1.4826;  // of a normal distribution, of the median of |x|
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr int kFewestGroups = 5;  // whose scatter is taken for an estimate
constexpr std::size_t kMostForScale = 2'000'000;
// Outliers of less than these are kept in the first rounds, whose zero points are still the provider's.
constexpr double kFirstReaches[] = {1, 0.2, 0.05};
constexpr double kExact = 1e-13;  // of the right side: what the conjugate gradients leave
constexpr double kNought = 1e-5;  // mag: how close to nought the amplifiers of a detector are in the mean

std::size_t at(int i) { return static_cast<std::size_t>(i); }

double sigma_of_absolute(std::vector<double> values) {
  for (double& v : values) v = std::abs(v);
  return kSigmaPerMedian * median_of(std::move(values));
}

// Weighted means of groups of CCDs, or of groups of such groups.
struct GroupMeans {
  std::vector<double> value, variance, follows,
      weight;  // follows: what part of an error in common the mean shows
  std::vector<int> members;
  explicit GroupMeans(int groups)
      : value(at(groups)), variance(value), follows(value), weight(value), members(at(groups)) {}
  void add(int group, double v, double v_variance, double v_follows, double w) {
    const std::size_t g = at(group);
    value[g] += w * v;
    variance[g] += w * w * v_variance;
    follows[g] += w * v_follows;
    weight[g] += w;
    ++members[g];
  }
  void finish() {
    for (std::size_t g = 0; g < value.size(); ++g) {
      if (members[g] == 0) continue;
      value[g] /= weight[g];
      variance[g] /= weight[g] * weight[g];
      follows[g] /= weight[g];
    }
  }
  // The scatter of their errors in common beyond what the variances say.
  double excess() const {
    std::vector<double> values, variances, parts;
    for (std::size_t g = 0; g < value.size(); ++g) {
      if (members[g] < 2 || !(follows[g] > 0)) continue;
      values.push_back(value[g]);
      variances.push_back(variance[g]);
      parts.push_back(follows[g]);
    }
    if (std::ssize(values) < kFewestGroups) return 0;
    const double scatter = sigma_of_absolute(std::move(values)), part = median_of(std::move(parts));
    return std::sqrt(std::max(0., scatter * scatter - median_of(std::move(variances)))) / part;
  }
};

class Solver {
 public:
  Solver(std::span<const RelativeCcd> ccds, std::span<const StarMeasurement> measurements,
         const RelativeSolveOptions& options, std::span<const RelativeAmplifier> amplifiers,
         std::span<const double> catalogs)
      : ccds_(ccds),
        amplifiers_(amplifiers),
        catalogs_(catalogs),
        o_(options),
        n_(static_cast<int>(ccds.size())),
        after_amplifiers_(n_ + static_cast<int>(amplifiers.size())),
        base_(after_amplifiers_ + static_cast<int>(catalogs.size())) {
    check(measurements);
    for (const RelativeCcd& c : ccds) {
      exposures_ = std::max(exposures_, c.exposure + 1);
      nights_ = std::max(nights_, c.night + 1);
      detectors_ = std::max(detectors_, c.detector + 1);
      provider_weight_.push_back(1 / (c.error * c.error + o_.provider_floor * o_.provider_floor));
    }
    sort_by_star(measurements);
    share_out(measurements);
    amplifier_offset_ = VectorXd::Zero(after_amplifiers_ - n_);
    catalog_offset_ = VectorXd::Zero(base_ - after_amplifiers_);
    provider_used_.assign(at(n_), 1);
    z_.resize(n_);
    for (int c = 0; c < n_; ++c) z_[c] = ccds_[at(c)].zero_point;
    common_error_ = VectorXd::Zero(n_);
  }

  RelativeSolution run() {
    SparseFactor factor;
    out_.settled = false;
    for (out_.rounds = 0; out_.rounds < o_.most_rounds && !out_.settled; ++out_.rounds) {
      const bool early = out_.rounds < static_cast<int>(std::size(kFirstReaches));
      choose_stars(early ? kFirstReaches[out_.rounds] : 0);
      if (out_.rounds > 0) choose_providers();
      const Matrix a = assemble({});
      if (out_.rounds == 0) {
        factor.compute(a);
        if (factor.info() != Eigen::Success) throw internal_error("the zero points' matrix is singular");
      }
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
    factor.compute(a);
    if (factor.info() != Eigen::Success) throw internal_error("the zero points' matrix is singular");
    VectorXd x = factor.solve(rhs_);
    x += factor.solve(rhs_ - a.selfadjointView<Eigen::Lower>() * x);
    for (int c = 0; c < n_; ++c) {
      z_[c] = ccds_[at(c)].zero_point + x[c];
      common_error_[c] = ccds_[at(c)].catalog < 0 ? 0 : x[catalog_of(c)];
      for (const int g : groups_of(c))
        if (g >= 0) common_error_[c] += x[g];
    }
    keep_offsets(x);
    const VectorXd variance = inverse_diagonal(factor);
    tell(variance);
    tell_groups(x, variance);
    return std::move(out_);
  }

 private:
  struct Share {
    int amplifier;
    double part;
  };

  void check(std::span<const StarMeasurement> measurements) const {
    for (int c = 0; c < n_; ++c) {
      const RelativeCcd& ccd = ccds_[at(c)];
      if (!std::isfinite(ccd.zero_point) || !std::isfinite(ccd.error) || !(ccd.error > 0))
        throw input_error("CCD {} has the zero point {} +- {}", c, ccd.zero_point, ccd.error);
      if (ccd.catalog < -1 || ccd.catalog >= std::ssize(catalogs_))
        throw input_error("CCD {} is of catalog {} of {}", c, ccd.catalog, catalogs_.size());
    }
    for (const double error : catalogs_)
      if (!(error > 0) || !std::isfinite(error)) throw input_error("a catalog's error is {}", error);
    for (const RelativeAmplifier& a : amplifiers_)
      if (!(a.area >= 0) || !std::isfinite(a.area) || a.detector < 0)
        throw input_error("an amplifier of detector {} has the area {}", a.detector, a.area);
    for (const StarMeasurement& m : measurements)
      if (!std::isfinite(m.mag) || !std::isfinite(m.error) || m.error < 0 || m.star < 0 || m.ccd < 0 ||
          m.ccd >= n_ || m.amplifier < -1 || m.amplifier >= after_amplifiers_ - n_)
        throw input_error("a measurement of star {} on CCD {} is {} +- {}", m.star, m.ccd, m.mag, m.error);
  }

  // Keeps the stars that were seen more than once, and lists them by CCD, too.
  void sort_by_star(std::span<const StarMeasurement> measurements) {
    std::int32_t stars = 0;
    for (const StarMeasurement& m : measurements) stars = std::max(stars, m.star + 1);
    std::vector<std::uint32_t> count(at(stars) + 1);
    for (const StarMeasurement& m : measurements) ++count[at(m.star)];
    std::vector<std::int64_t> next(at(stars), -1);
    starts_.push_back(0);
    for (std::size_t s = 0; s < at(stars); ++s) {
      if (count[s] < 2) continue;
      next[s] = starts_.back();
      starts_.push_back(starts_.back() + count[s]);
    }
    const auto size = static_cast<std::size_t>(starts_.back());
    ccd_.resize(size);
    mag_.resize(size);
    variance_.resize(size);
    amplifier_.resize(after_amplifiers_ > n_ ? size : 0);
    for (const StarMeasurement& m : measurements) {
      if (next[at(m.star)] < 0) continue;
      const auto k = static_cast<std::size_t>(next[at(m.star)]++);
      ccd_[k] = m.ccd;
      mag_[k] = m.mag;
      if (after_amplifiers_ > n_) amplifier_[k] = m.amplifier;
      variance_[k] = static_cast<float>(m.error * double{m.error} + o_.star_floor * o_.star_floor);
    }
    active_.assign(size, 1);
    star_.resize(size);
    std::vector<std::int64_t> of_ccd(at(n_) + 1);
    for (std::size_t s = 0; s + 1 < starts_.size(); ++s)
      for (std::int64_t k = starts_[s]; k < starts_[s + 1]; ++k) {
        star_[static_cast<std::size_t>(k)] = static_cast<std::int32_t>(s);
        ++of_ccd[at(ccd_[static_cast<std::size_t>(k)]) + 1];
      }
    std::partial_sum(of_ccd.begin(), of_ccd.end(), of_ccd.begin());
    ccd_starts_ = of_ccd;
    by_ccd_.resize(size);
    for (std::size_t k = 0; k < size; ++k)
      by_ccd_[static_cast<std::size_t>(of_ccd[at(ccd_[k])]++)] = static_cast<std::uint32_t>(k);
    out_.measurements = static_cast<std::int64_t>(size);
    if (after_amplifiers_ > n_) sort_by_amplifier();
  }

  void sort_by_amplifier() {
    std::vector<std::int64_t> of_amplifier(at(after_amplifiers_ - n_) + 1);
    for (const std::int32_t g : amplifier_)
      if (g >= 0) ++of_amplifier[at(g) + 1];
    std::partial_sum(of_amplifier.begin(), of_amplifier.end(), of_amplifier.begin());
    amplifier_starts_ = of_amplifier;
    by_amplifier_.resize(static_cast<std::size_t>(of_amplifier.back()));
    for (std::size_t k = 0; k < amplifier_.size(); ++k)
      if (const std::int32_t g = amplifier_[k]; g >= 0)
        by_amplifier_[static_cast<std::size_t>(of_amplifier[at(g)]++)] = static_cast<std::uint32_t>(k);
  }

  // Which part of the stars that each CCD's provider's zero point is made of belongs to which amplifier.
  void share_out(std::span<const StarMeasurement> measurements) {
    shares_.resize(after_amplifiers_ > n_ ? at(n_) : 0);
    if (shares_.empty()) return;
    std::vector<double> all(at(n_));
    for (const StarMeasurement& m : measurements) {
      if (!m.calibrator) continue;
      ++all[at(m.ccd)];
      if (m.amplifier < 0) continue;
      std::vector<Share>& of = shares_[at(m.ccd)];
      const auto known =
          std::find_if(of.begin(), of.end(), [&](const Share& s) { return s.amplifier == m.amplifier; });
      if (known == of.end())
        of.push_back({m.amplifier, 1});
      else
        ++known->part;
    }
    for (std::size_t c = 0; c < shares_.size(); ++c)
      for (Share& s : shares_[c]) s.part /= all[c];
  }

  // What a measurement says of its star.
  double star_mag(std::size_t k) const {
    const double mag = mag_[k] + z_[ccd_[k]];
    return amplifier_.empty() || amplifier_[k] < 0 ? mag : mag + amplifier_offset_[amplifier_[k]];
  }

  // Of amplifiers and catalogs, those of a solution; the largest change.
  double keep_offsets(const VectorXd& x) {
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

  double weight(std::size_t k) const { return 1 / (out_.star_scale * out_.star_scale * variance_[k]); }

  // The star's weighted mean and weight of what is active.
  struct Mean {
    double mag = 0, weight = 0;
    int count = 0;
  };
  Mean mean_of_star(std::size_t s) const {
    Mean m;
    for (auto k = static_cast<std::size_t>(starts_[s]); k < static_cast<std::size_t>(starts_[s + 1]); ++k) {
      if (!active_[k]) continue;
      const double w = weight(k);
      m.mag += w * star_mag(k);
      m.weight += w;
      ++m.count;
    }
    m.mag /= m.weight;
    return m;
  }

  // Which measurements agree with their stars' others at the present zero points. Residuals below `reach` do.
  void choose_stars(double reach) {
    out_.clipped = 0;
    std::fill(active_.begin(), active_.end(), std::uint8_t{1});
    for (std::size_t s = 0; s + 1 < starts_.size(); ++s)
      for (;;) {
        const Mean m = mean_of_star(s);
        if (m.count < 2) {
          for (std::int64_t k = starts_[s]; k < starts_[s + 1]; ++k) active_[static_cast<std::size_t>(k)] = 0;
          break;
        }
        double worst = o_.clip_stars;
        std::int64_t which = -1;
        for (std::int64_t k = starts_[s]; k < starts_[s + 1]; ++k) {
          const auto i = static_cast<std::size_t>(k);
          if (!active_[i]) continue;
          const double residual = std::abs(star_mag(i) - m.mag);
          const double sigmas = residual / std::sqrt(1 / weight(i) - 1 / m.weight);
          if (residual > reach && sigmas > worst) {
            worst = sigmas;
            which = k;
          }
        }
        if (which < 0) break;
        active_[static_cast<std::size_t>(which)] = 0;
        ++out_.clipped;
      }
    leave_out_sparse_ccds();
    find_parts();
    see_what_amplifiers_tell();
  }

  void see_what_amplifiers_tell() {
    told_.assign(at(after_amplifiers_ - n_), 0);
    for (std::size_t k = 0; k < amplifier_.size(); ++k)
      if (active_[k] && amplifier_[k] >= 0) told_[at(amplifier_[k])] = 1;
    levelled_.assign(shares_.size(), 0);
    for (std::size_t c = 0; c < shares_.size(); ++c)
      for (const Share& share : shares_[c])
        if (!tied_[c] && told_[at(share.amplifier)]) levelled_[c] = 1;
  }
  bool levelled(int c) const { return !levelled_.empty() && levelled_[at(c)]; }

  void leave_out_sparse_ccds() {
    common_.assign(at(n_), 0);
    std::vector<int> on_star(starts_.size());
    for (std::size_t k = 0; k < active_.size(); ++k)
      if (active_[k]) {
        ++common_[at(ccd_[k])];
        ++on_star[at(star_[k])];
      }
    std::vector<int> leaving;
    std::vector<std::uint8_t> left(at(n_));
    const auto look_at = [&](int c) {
      if (left[at(c)] || common_[at(c)] >= o_.fewest_common) return;
      left[at(c)] = 1;
      leaving.push_back(c);
    };
    const auto drop = [&](std::size_t k) {
      active_[k] = 0;
      --common_[at(ccd_[k])];
      --on_star[at(star_[k])];
    };
    for (int c = 0; c < n_; ++c) look_at(c);
    while (!leaving.empty()) {
      const int c = leaving.back();
      leaving.pop_back();
      for (std::int64_t i = ccd_starts_[at(c)]; i < ccd_starts_[at(c) + 1]; ++i) {
        const std::size_t k = by_ccd_[static_cast<std::size_t>(i)];
        if (!active_[k]) continue;
        drop(k);
        const auto s = at(star_[k]);
        if (on_star[s] != 1) continue;
        for (auto j = static_cast<std::size_t>(starts_[s]); j < static_cast<std::size_t>(starts_[s + 1]); ++j)
          if (active_[j]) {
            drop(j);
            look_at(ccd_[j]);
          }
      }
    }
    tied_.assign(at(n_), 0);
    for (int c = 0; c < n_; ++c) tied_[at(c)] = common_[at(c)] > 0;
  }

  // Numbers those that stars tie together, from 0, the largest first, else by their first CCD.
  void find_parts() {
    std::vector<int> parent(at(n_));
    std::iota(parent.begin(), parent.end(), 0);
    const auto root = [&](int c) {
      while (parent[at(c)] != c) c = parent[at(c)] = parent[at(parent[at(c)])];
      return c;
    };
    for (std::size_t s = 0; s + 1 < starts_.size(); ++s) {
      int first = -1;
      for (auto k = static_cast<std::size_t>(starts_[s]); k < static_cast<std::size_t>(starts_[s + 1]); ++k) {
        if (!active_[k]) continue;
        const int r = root(ccd_[k]);
        if (first < 0) first = r;
        if (r == first) continue;
        parent[at(std::max(r, first))] = std::min(r, first);
        first = std::min(r, first);
      }
    }
    std::vector<int> size(at(n_)), order;
    for (int c = 0; c < n_; ++c)
      if (tied_[at(c)] && size[at(root(c))]++ == 0) order.push_back(root(c));
    std::stable_sort(order.begin(), order.end(), [&](int a, int b) { return size[at(a)] > size[at(b)]; });
    std::vector<int> number(at(n_), -1);
    for (std::size_t i = 0; i < order.size(); ++i) number[at(order[i])] = static_cast<int>(i);
    part_.assign(at(n_), -1);
    for (int c = 0; c < n_; ++c)
      if (tied_[at(c)]) part_[at(c)] = number[at(root(c))];
    out_.parts = static_cast<int>(order.size());
  }

  // Of CCD c: how much of an error of its provider its difference from the solution shows.
  double follows(int c) const {
    return provider_used_[at(c)] ? std::max(0., 1 - provider_weight_[at(c)] / diagonal_[c]) : 1;
  }
  double difference(int c) const {
    double d = ccds_[at(c)].zero_point - z_[c];
    if (const int catalog = ccds_[at(c)].catalog; catalog >= 0) d -= catalog_offset_[catalog];
    if (!shares_.empty())
      for (const Share& share : shares_[at(c)]) d -= share.part * amplifier_offset_[share.amplifier];
    return d;
  }
  double difference_variance(int c) const { return follows(c) / provider_weight_[at(c)]; }

  GroupMeans exposure_means(bool used_only) const {
    GroupMeans means(exposures_);
    for (int c = 0; c < n_; ++c)
      if (const int x = ccds_[at(c)].exposure;
          x >= 0 && tied_[at(c)] && (!used_only || provider_used_[at(c)]))
        means.add(x, difference(c), difference_variance(c), follows(c), provider_weight_[at(c)]);
    means.finish();
    return means;
  }

  // Whose provider's zero point agrees with the others' of its part.
  void choose_providers() {
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

  double scale() const {
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

  void estimate_common_errors() {
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
          nights.add(night_of[at(x)], exposures.value[at(x)], variance, exposures.follows[at(x)],
                     1 / variance);
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

  struct CommonErrors {
    double exposure = 0, night = 0, detector = 0;
  };

  // The unknown that the catalog of CCD c is, which has one.
  int catalog_of(int c) const { return after_amplifiers_ + ccds_[at(c)].catalog; }

  // The unknowns that CCD c's groups are; -1: none.
  std::array<int, 3> groups_of(int c) const {
    const RelativeCcd& ccd = ccds_[at(c)];
    return {ccd.exposure < 0 || !(common_errors_.exposure > 0) ? -1 : base_ + ccd.exposure,
            ccd.night < 0 || !(common_errors_.night > 0) ? -1 : base_ + exposures_ + ccd.night,
            ccd.detector < 0 || !(common_errors_.detector > 0) ? -1
                                                               : base_ + exposures_ + nights_ + ccd.detector};
  }

  // The lower triangle of the normal matrix of the differences from the provider's zero points, and its right side.
  // Unknowns that nothing is known of have the diagonal 1, for zero. Without common errors the CCDs, amplifiers and catalogs only.
  Matrix assemble(const CommonErrors& common) {
    common_errors_ = common;
    const bool with_groups = common.exposure > 0 || common.night > 0 || common.detector > 0;
    const int size = with_groups ? base_ + exposures_ + nights_ + detectors_ : base_;
    rhs_ = VectorXd::Zero(size);
    // Star's magnitudes at the provider's zero points.
    std::vector<double> mean(starts_.size()), star_weight(starts_.size());
    const auto at_provider = [&](std::size_t k) { return mag_[k] + ccds_[at(ccd_[k])].zero_point; };
    for (std::size_t k = 0; k < active_.size(); ++k)
      if (active_[k]) {
        mean[at(star_[k])] += weight(k) * at_provider(k);
        star_weight[at(star_[k])] += weight(k);
      }
    for (std::size_t s = 0; s < mean.size(); ++s)
      if (star_weight[s] > 0) mean[s] /= star_weight[s];
    std::vector<double> row(at(base_)), catalog_weight(catalogs_.size()), group_weight(at(size - base_));
    std::vector<std::uint8_t> touched(at(base_));
    std::vector<int> where;
    std::vector<Eigen::Triplet<double>> groups;
    std::vector<int> rows, starts = {0};
    std::vector<double> values;
    const auto add = [&](int column, double v) {
      if (!touched[at(column)]) {
        touched[at(column)] = 1;
        where.push_back(column);
      }
      row[at(column)] += v;
    };
    // Of the row of an unknown, what one of its measurements adds from the diagonal on.
    const auto add_star = [&](std::size_t k, int unknown) {
      const auto s = at(star_[k]);
      const double w = weight(k);
      rhs_[unknown] -= w * (at_provider(k) - mean[s]);
      for (auto j = static_cast<std::size_t>(starts_[s]); j < static_cast<std::size_t>(starts_[s + 1]); ++j) {
        if (!active_[j]) continue;
        const double v = -w * weight(j) / star_weight[s];
        if (ccd_[j] >= unknown) add(ccd_[j], v);
        if (amplifier_.empty() || amplifier_[j] < 0 || n_ + amplifier_[j] < unknown) continue;
        add(n_ + amplifier_[j], v + (j == k ? w : 0));
      }
      return w;
    };
    const auto end_row = [&] {
      std::sort(where.begin(), where.end());
      for (const int column : where) {
        rows.push_back(column);
        values.push_back(row[at(column)]);
        row[at(column)] = 0;
        touched[at(column)] = 0;
      }
      starts.push_back(static_cast<int>(rows.size()));
      where.clear();
    };
    // Column c of the lower triangle is row c of the upper one.
    for (int c = 0; c < n_; ++c) {
      double diagonal = 0;
      for (std::int64_t i = ccd_starts_[at(c)]; i < ccd_starts_[at(c) + 1]; ++i)
        if (const std::size_t k = by_ccd_[static_cast<std::size_t>(i)]; active_[k])
          diagonal += add_star(k, c);
      if (tied_[at(c)] && provider_used_[at(c)]) {
        const double p = provider_weight_[at(c)];
        diagonal += p;
        const int catalog = ccds_[at(c)].catalog;
        if (catalog >= 0) {
          add(catalog_of(c), p);
          catalog_weight[at(catalog)] += p;
        }
        const auto g = groups_of(c);
        for (int a = 0; a < 3; ++a) {
          if (g[at(a)] < 0 || !with_groups) continue;
          group_weight[at(g[at(a)] - base_)] += p;
          groups.emplace_back(g[at(a)], c, p);
          for (int b = 0; b < a; ++b)
            if (g[at(b)] >= 0) groups.emplace_back(g[at(a)], g[at(b)], p);
          if (catalog >= 0) groups.emplace_back(g[at(a)], catalog_of(c), p);
        }
        if (!shares_.empty())
          for (const Share& share : shares_[at(c)]) {
            add(n_ + share.amplifier, p * share.part);
            if (!with_groups) continue;
            for (const int group : g)
              if (group >= 0) groups.emplace_back(group, n_ + share.amplifier, p * share.part);
          }
      }
      if (levelled(c)) {
        diagonal = lone_weight(c);
        for (const Share& share : shares_[at(c)])
          if (told_[at(share.amplifier)]) add(n_ + share.amplifier, diagonal * share.part);
      }
      add(c, diagonal > 0 ? diagonal : 1);
      end_row();
    }
    const std::vector<std::vector<std::pair<int, double>>> amplifiers = between_amplifiers();
    for (int g = 0; g < after_amplifiers_ - n_; ++g) {
      const double diagonal = 1 / (o_.amplifier_sigma * o_.amplifier_sigma);
      for (std::int64_t i = amplifier_starts_[at(g)]; i < amplifier_starts_[at(g) + 1]; ++i)
        if (const std::size_t k = by_amplifier_[static_cast<std::size_t>(i)]; active_[k]) add_star(k, n_ + g);
      add(n_ + g, diagonal);
      for (const auto& [other, v] : amplifiers[at(g)]) add(other, v);
      end_row();
    }
    for (std::size_t i = 0; i < catalogs_.size(); ++i) {
      add(after_amplifiers_ + static_cast<int>(i), catalog_weight[i] + 1 / (catalogs_[i] * catalogs_[i]));
      end_row();
    }
    if (!with_groups)
      return Eigen::Map<const Matrix>(base_, base_, std::ssize(rows), starts.data(), rows.data(),
                                      values.data());
    starts.resize(at(size) + 1, starts.back());
    const Matrix ccds =
        Eigen::Map<const Matrix>(size, size, std::ssize(rows), starts.data(), rows.data(), values.data());
    for (int g = 0; g < size - base_; ++g) {
      const double s = g < exposures_             ? common.exposure
                       : g < exposures_ + nights_ ? common.night
                                                  : common.detector;
      groups.emplace_back(base_ + g, base_ + g, s > 0 ? group_weight[at(g)] + 1 / (s * s) : 1);
    }
    Matrix rest(size, size);
    rest.setFromTriplets(groups.begin(), groups.end());
    return ccds + rest;
  }

  // Of a CCD that no star ties: its zero point less its calibrators' amplifiers is all that is known of it, and it says
  // nothing of them.
  double lone_weight(int c) const { return 1 / (ccds_[at(c)].error * ccds_[at(c)].error); }

  // The elements of the normal matrix between amplifiers, and of amplifiers with catalogs, each once, by the first: the
  // unknown and the value. Of amplifiers of a detector, which are nought in the mean, and of those whose stars made one
  // provider's zero point.
  std::vector<std::vector<std::pair<int, double>>> between_amplifiers() const {
    std::vector<std::vector<std::pair<int, double>>> out(at(after_amplifiers_ - n_));
    if (out.empty()) return out;
    // Of what no star tells the mean would not be known either.
    std::map<int, std::vector<int>> detectors;
    std::map<int, double> area;
    for (int g = 0; g < after_amplifiers_ - n_; ++g) {
      if (!told_[at(g)]) continue;
      detectors[amplifiers_[at(g)].detector].push_back(g);
      area[amplifiers_[at(g)].detector] += amplifiers_[at(g)].area;
    }
    for (const auto& [detector, list] : detectors) {
      const bool equal = !(area[detector] > 0);
      const double all = equal ? static_cast<double>(list.size()) : area[detector];
      const auto part = [&](int g) { return (equal ? 1 : amplifiers_[at(g)].area) / (all * kNought); };
      for (const int a : list)
        for (const int b : list)
          if (b >= a) out[at(a)].emplace_back(n_ + b, part(a) * part(b));
    }
    for (int c = 0; c < n_; ++c) {
      const bool used = tied_[at(c)] && provider_used_[at(c)], alone = levelled(c);
      if (!used && !alone) continue;
      const double p = alone ? lone_weight(c) : provider_weight_[at(c)];
      for (const Share& a : shares_[at(c)]) {
        if (alone && !told_[at(a.amplifier)]) continue;
        for (const Share& b : shares_[at(c)])
          if (b.amplifier >= a.amplifier && (used || told_[at(b.amplifier)]))
            out[at(a.amplifier)].emplace_back(n_ + b.amplifier, p * a.part * b.part);
        if (used && ccds_[at(c)].catalog >= 0) out[at(a.amplifier)].emplace_back(catalog_of(c), p * a.part);
      }
    }
    return out;
  }

  // By conjugate gradients, with the factor of a matrix that is nearly the same.
  VectorXd solve(const Matrix& a, const SparseFactor& near) const {
    const auto times = a.selfadjointView<Eigen::Lower>();
    VectorXd x = VectorXd::Zero(rhs_.size()), r = rhs_, z = near.solve(r), p = z;
    double rz = r.dot(z);
    const double enough = kExact * rhs_.norm();
    for (int i = 0; i < 1000 && r.norm() > enough; ++i) {
      const VectorXd ap = times * p;
      const double step = rz / p.dot(ap);
      x += step * p;
      r -= step * ap;
      z = near.solve(r);
      const double next = r.dot(z);
      p = z + next / rz * p;
      rz = next;
    }
    return x;
  }

  void tell(const VectorXd& variance) {
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

  void tell_groups(const VectorXd& x, const VectorXd& variance) {
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

  std::span<const RelativeCcd> ccds_;
  std::span<const RelativeAmplifier> amplifiers_;
  std::span<const double> catalogs_;
  const RelativeSolveOptions& o_;
  // Unknowns are n_ CCDs, amplifiers, catalogs, and from base_ on exposures, nights and detectors.
  int n_, after_amplifiers_, base_, exposures_ = 0, nights_ = 0, detectors_ = 0;
  std::vector<double> provider_weight_;  // p
  // Measurements, by star; star s's are [starts_[s], starts_[s+1]).
  std::vector<std::int64_t> starts_, ccd_starts_;
  std::vector<std::int64_t> amplifier_starts_;
  std::vector<std::int32_t> ccd_, star_, amplifier_;  // without amplifiers there is no amplifier_
  std::vector<float> mag_, variance_;
  std::vector<std::uint32_t> by_ccd_, by_amplifier_;
  std::vector<std::vector<Share>> shares_;  // by CCD; empty without amplifiers
  std::vector<std::uint8_t> active_, tied_, provider_used_;
  std::vector<std::uint8_t> told_;  // of amplifiers: a star that is used is on it
  // Of CCDs that are not tied: their amplifiers are known from others'. Empty without amplifiers.
  std::vector<std::uint8_t> levelled_;
  std::vector<int> common_, part_;
  VectorXd z_, rhs_, diagonal_, common_error_, amplifier_offset_, catalog_offset_;
  CommonErrors common_errors_;
  RelativeSolution out_;
};

}  // namespace

RelativeSolution solve_zero_points(std::span<const RelativeCcd> ccds,
                                   std::span<const StarMeasurement> measurements,
                                   const RelativeSolveOptions& options,
                                   std::span<const RelativeAmplifier> amplifiers,
                                   std::span<const double> catalogs) {
  if (ccds.empty()) return {};
  return Solver(ccds, measurements, options, amplifiers, catalogs).run();
}

}  // namespace brickline
