// The measurements of stars, by star, CCD and amplifier, and which of them are used.
#include <algorithm>
#include <numeric>

#include "core/base/error.h"
#include "core/zeropoints/relative_solver.h"

namespace brickline::relative {

void Solver::check(std::span<const StarMeasurement> measurements) const {
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

void Solver::sort_by_star(std::span<const StarMeasurement> measurements) {
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

void Solver::sort_by_amplifier() {
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

void Solver::share_out(std::span<const StarMeasurement> measurements) {
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

void Solver::choose_stars(double reach) {
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

void Solver::see_what_amplifiers_tell() {
  told_.assign(at(after_amplifiers_ - n_), 0);
  for (std::size_t k = 0; k < amplifier_.size(); ++k)
    if (active_[k] && amplifier_[k] >= 0) told_[at(amplifier_[k])] = 1;
  levelled_.assign(shares_.size(), 0);
  for (std::size_t c = 0; c < shares_.size(); ++c)
    for (const Share& share : shares_[c])
      if (!tied_[c] && told_[at(share.amplifier)]) levelled_[c] = 1;
}

void Solver::leave_out_sparse_ccds() {
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

void Solver::find_parts() {
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

}  // namespace brickline::relative
