// The normal matrix of zero points, amplifiers, catalogs and errors in common.
#include <map>

#include "core/zeropoints/relative_solver.h"

namespace brickline::relative {

namespace {
constexpr double kExact = 1e-13;  // of the right side: what the conjugate gradients leave
constexpr double kNought = 1e-5;  // mag: how close to nought the amplifiers of a detector are in the mean
}  // namespace

Matrix Solver::assemble(const CommonErrors& common) {
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
      if (const std::size_t k = by_ccd_[static_cast<std::size_t>(i)]; active_[k]) diagonal += add_star(k, c);
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

std::vector<std::vector<std::pair<int, double>>> Solver::between_amplifiers() const {
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

std::vector<int> Solver::blocks_of_amplifiers() const {
  const int count = after_amplifiers_ - n_;
  if (static_cast<double>(n_) * count <= o_.most_whole) return {};
  std::map<int, int> numbers;
  std::vector<int> out;
  for (const RelativeAmplifier& a : amplifiers_)
    out.push_back(numbers.emplace(a.detector, static_cast<int>(numbers.size())).first->second);
  return out;
}

VectorXd Solver::solve(const Matrix& a, const NormalFactor& near) const {
  return solve_with(near, a, rhs_, kExact * rhs_.norm());
}

}  // namespace brickline::relative
