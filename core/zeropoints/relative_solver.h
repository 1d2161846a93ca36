// The solver of relative_solve.h, in three parts: which measurements are used (relative_measurements.cpp), the normal
// matrix (relative_normal_matrix.cpp), and the rounds, the estimates and what is told (relative_solve.cpp).
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <utility>

#include "core/zeropoints/normal_factor.h"
#include "core/zeropoints/relative_solve.h"
#include "core/zeropoints/robust.h"

namespace brickline::relative {

using Eigen::Index;
using Eigen::VectorXd;
using Matrix = Eigen::SparseMatrix<double>;

constexpr double kSigmaPerMedian = 1.4826;  // of a normal distribution, of the median of |x|
constexpr int kFewestGroups = 5;            // whose scatter is taken for an estimate

inline std::size_t at(int i) { return static_cast<std::size_t>(i); }

inline double sigma_of_absolute(std::vector<double> values) {
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
  RelativeSolution run();

 private:
  struct Share {
    int amplifier;
    double part;
  };

  void check(std::span<const StarMeasurement> measurements) const;
  // Keeps the stars that were seen more than once, and lists them by CCD, too.
  void sort_by_star(std::span<const StarMeasurement> measurements);
  void sort_by_amplifier();
  // Which part of the stars that each CCD's provider's zero point is made of belongs to which amplifier.
  void share_out(std::span<const StarMeasurement> measurements);
  // Which measurements agree with their stars' others at the present zero points. Residuals below `reach` do.
  void choose_stars(double reach);
  void see_what_amplifiers_tell();
  void leave_out_sparse_ccds();
  // Numbers those that stars tie together, from 0, the largest first, else by their first CCD.
  void find_parts();

  // What a measurement says of its star.
  double star_mag(std::size_t k) const {
    const double mag = mag_[k] + z_[ccd_[k]];
    return amplifier_.empty() || amplifier_[k] < 0 ? mag : mag + amplifier_offset_[amplifier_[k]];
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
  bool levelled(int c) const { return !levelled_.empty() && levelled_[at(c)]; }
  // Of amplifiers and catalogs, those of a solution; the largest change.
  double keep_offsets(const VectorXd& x);

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
  GroupMeans exposure_means(bool used_only) const;
  // Whose provider's zero point agrees with the others' of its part.
  void choose_providers();
  double scale() const;
  void estimate_common_errors();

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
  Matrix assemble(const CommonErrors& common);
  // Of a CCD that no star ties: its zero point less its calibrators' amplifiers is all that is known of it, and it says
  // nothing of them.
  double lone_weight(int c) const { return 1 / (ccds_[at(c)].error * ccds_[at(c)].error); }
  // The elements of the normal matrix between amplifiers, and of amplifiers with catalogs, each once, by the first: the
  // unknown and the value. Of amplifiers of a detector, which are nought in the mean, and of those whose stars made one
  // provider's zero point.
  std::vector<std::vector<std::pair<int, double>>> between_amplifiers() const;
  // Of the amplifiers, each with those of its detector, if the matrix is too large to be factorized whole; else empty.
  std::vector<int> blocks_of_amplifiers() const;
  VectorXd solve(const Matrix& a, const NormalFactor& near) const;

  void tell(const VectorXd& variance);
  void tell_groups(const VectorXd& x, const VectorXd& variance);

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

}  // namespace brickline::relative
