// Which sources of a blob are fitted together: how much they overlap, groups of those that do, and which a change leaves
// unsettled.
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "core/blobs/blob_run.h"

namespace brickline {
namespace {

// sum a b inverse_error^2, of every second row: models are smooth. As floats side by side, as many as a vector has.
double weighted_product(const BlobImage& image, const Patch& a, const Patch& b) {
  constexpr int kSums = 16, kRows = 2;
  const Box box = intersection(intersection(a.box(), b.box()), image.data.box());
  double sum = 0;
  for (int y = box.y0 + (box.y0 & 1); y < box.y1; y += kRows) {
    const float* p = a.pixels.row(y - a.y0) + (box.x0 - a.x0);
    const float* q = b.pixels.row(y - b.y0) + (box.x0 - b.x0);
    const float* e = image.inverse_error.row(y) + box.x0;
    std::array<float, kSums> row{};
    const int n = box.width();
    int x = 0;
    for (; x + kSums <= n; x += kSums)
      for (int k = 0; k < kSums; ++k) row[k] += (p[x + k] * e[x + k]) * (q[x + k] * e[x + k]);
    for (int k = 0; x < n; ++x, ++k) row[k] += (p[x] * e[x]) * (q[x] * e[x]);
    for (const float v : row) sum += v;
  }
  return kRows * sum;
}

}  // namespace

bool BlobRun::may_be_fitted_together(const SourceRecord& r) const {
  return r.alive && !r.traits.frozen && !r.forced_to_stay &&
         std::any_of(r.patches.begin(), r.patches.end(), [](const auto& p) { return !!p; });
}

// Which sources each overlaps by more than the options' least, itself left out, the strongest first.
BlobRun::Neighbourhood BlobRun::neighbours(const std::vector<SourceRecord>& records, const Wanted& wanted) {
  const std::size_t n = records.size();
  const std::vector<BlobImage>& images = images_.images();
  Neighbourhood out{std::vector<char>(n), std::vector<double>(n, 0.0),
                    std::vector<std::vector<Neighbour>>(n)};
  std::vector<char>& takes_part = out.takes_part;
  constexpr double kUnknown = -1;
  Overlaps& o = overlaps_;
  o.model.resize(n);
  o.own.resize(n);
  o.with.resize(n);
  for (std::size_t s = 0; s < n; ++s) o.with[s].resize(s, kUnknown);
  for (std::size_t s = 0; s < n; ++s) {
    const SourceRecord& r = records[s];
    takes_part[s] = may_be_fitted_together(r) && (!wanted || wanted(r));
    if (!takes_part[s]) continue;
    if (!o.model[s] || !r.on_windows || !same_light(*o.model[s], *r.on_windows)) {
      o.model[s] = r.on_windows;
      o.own[s].assign(images.size(), 0.0);
      for (std::size_t i = 0; i < images.size(); ++i)
        if (r.patches[i]) o.own[s][i] = weighted_product(images[i], *r.patches[i], *r.patches[i]);
      std::ranges::fill(o.with[s], kUnknown);
      for (std::size_t t = s + 1; t < n; ++t) o.with[t][s] = kUnknown;
    }
    for (const double v : o.own[s]) out.snr[s] += v;
    out.snr[s] = std::sqrt(out.snr[s]);
  }
  const auto overlap = [&](std::size_t s, std::size_t t) {
    double strongest = 0;
    for (std::size_t i = 0; i < images.size(); ++i) {
      const auto &a = records[s].patches[i], &b = records[t].patches[i];
      const double own = o.own[s][i], its = o.own[t][i];
      if (!a || !b || !(own > 0) || !(its > 0) || intersection(a->box(), b->box()).empty()) continue;
      strongest = std::max(strongest, std::abs(weighted_product(images[i], *a, *b)) / std::sqrt(own * its));
    }
    return strongest;
  };
  for (std::size_t s = 0; s < n; ++s)
    for (std::size_t t = 0; takes_part[s] && t < s; ++t) {
      if (!takes_part[t]) continue;
      double& strongest = o.with[s][t];
      if (strongest < 0) strongest = overlap(s, t);
      if (!(strongest > options_.together.least_overlap)) continue;
      out.of[s].push_back({static_cast<int>(t), strongest});
      out.of[t].push_back({static_cast<int>(s), strongest});
    }
  for (std::vector<Neighbour>& of_one : out.of)
    std::sort(of_one.begin(), of_one.end(), [](const Neighbour& a, const Neighbour& b) {
      return a.overlap != b.overlap ? a.overlap > b.overlap : a.record < b.record;
    });
  return out;
}

// All sources that overlap, directly or through others; where those are too many, groups around one source after the
// other, brightest first, grown along the strongest overlaps, until each has been in one with its neighbours, or with
// all of an overlap above `counts`. Where some are `settled`: until each of the others has been in one, with those that
// it overlaps most. `own`: whose group it is first of all.
std::vector<BlobRun::Group> BlobRun::groups_of(const std::vector<SourceRecord>& records,
                                               const Neighbourhood& near, double counts,
                                               const std::vector<char>* settled) const {
  constexpr double kTakesPart = 0.02;  // overlap of settled sources that are fitted with others
  constexpr double kMoves = 0.1;       // overlap of those of them that may move, too
  const auto most = static_cast<std::size_t>(std::max(1, options_.together.largest_group));
  std::vector<char> done = settled ? *settled : std::vector<char>(records.size(), 0);
  std::vector<Group> out;
  for (const int first : brightest_first(records, false)) {
    if (done[static_cast<std::size_t>(first)] || !near.takes_part[static_cast<std::size_t>(first)]) continue;
    Group group;
    std::vector<char> in(records.size(), 0);
    std::vector<std::size_t> next;  // of each member, how many of its neighbours are in
    const auto add = [&](int m) {
      in[static_cast<std::size_t>(m)] = 1;
      group.members.push_back(m);
      next.push_back(0);
    };
    for (int m = first; m >= 0 && group.members.size() < most;) {
      add(m);
      m = -1;
      double strongest = 0;
      for (std::size_t k = 0; k < group.members.size(); ++k) {
        const auto& all = near.of[static_cast<std::size_t>(group.members[k])];
        if (settled && done[static_cast<std::size_t>(group.members[k])]) continue;
        const auto passed = [&](const Neighbour& n) {
          const auto at = static_cast<std::size_t>(n.record);
          return in[at] || (settled && done[at] && n.overlap <= kTakesPart);
        };
        while (next[k] < all.size() && passed(all[next[k]])) ++next[k];
        if (next[k] == all.size() || !(all[next[k]].overlap > strongest)) continue;
        strongest = all[next[k]].overlap;
        m = all[next[k]].record;
      }
    }
    const auto is_done = [&](int m) { return done[static_cast<std::size_t>(m)] != 0; };
    for (const int m : group.members) {
      double moving = 0;  // overlap with what is not settled
      for (const Neighbour& t : near.of[static_cast<std::size_t>(m)])
        if (in[static_cast<std::size_t>(t.record)] && !is_done(t.record))
          moving = std::max(moving, t.overlap);
      const bool composite = records[static_cast<std::size_t>(m)].model.is_composite();
      group.held.push_back(settled && is_done(m) && moving < kMoves && !composite);
    }
    for (const int m : group.members) {
      double outside = 0;
      for (const Neighbour& t : near.of[static_cast<std::size_t>(m)])
        if (!in[static_cast<std::size_t>(t.record)]) outside = std::max(outside, t.overlap);
      const bool its = !done[static_cast<std::size_t>(m)] && (settled || outside <= counts || m == first);
      group.own.push_back(its);
      if (its) done[static_cast<std::size_t>(m)] = 1;
      group.whole = group.whole && outside == 0;
    }
    out.push_back(std::move(group));
  }
  return out;
}

// What its neighbours have of the light that a source is measured by, in shares of its own.
double BlobRun::crowding(const std::vector<SourceRecord>& records, int i) const {
  const SourcePatches& its = records[static_cast<std::size_t>(i)].patches;
  double own = 0, others = 0;
  for (std::size_t k = 0; k < its.size(); ++k) {
    if (!its[k]) continue;
    const BlobImage& image = images_.images()[k];
    own += weighted_product(image, *its[k], *its[k]);
    for (const SourceRecord& r : records)
      if (&r != &records[static_cast<std::size_t>(i)] && r.alive && k < r.patches.size() && r.patches[k] &&
          !intersection(r.patches[k]->box(), its[k]->box()).empty())
        others += std::abs(weighted_product(image, *its[k], *r.patches[k]));
  }
  return own > 0 ? others / own : std::numeric_limits<double>::infinity();
}

// The record's model on its windows, if its patches are not that already.
void BlobRun::draw_on_windows(SourceRecord& r) {
  if (!r.patches.empty() && r.on_windows && same_light(*r.on_windows, r.model)) return;
  r.patches = images_.draw_on_windows(r.model, tools_, in_parallel_);
  r.on_windows = r.model;
}

// Nobody knows what becomes of the sources where these models were.
void BlobRun::unsettle(std::vector<SourceRecord>& records, const SourcePatches& gone) {
  for (SourceRecord& r : records)
    for (std::size_t i = 0; i < std::min(r.patches.size(), gone.size()); ++i)
      if (r.patches[i] && gone[i] && !intersection(r.patches[i]->box(), gone[i]->box()).empty())
        r.unsettled = std::numeric_limits<double>::infinity();
}

// Every source but those that were fitted with it feels the light that is added to the images; what has had its fluxes
// fitted feels it in all else.
void BlobRun::feel(std::vector<SourceRecord>& records, const SourcePatches& added,
                   const std::vector<Among>& among) {
  if (added.empty()) return;
  sensitivities_.resize(records.size());
  for (std::size_t s = 0; s < records.size(); ++s) {
    SourceRecord& r = records[s];
    if (among[s] == Among::kFree || r.unsettled > kSettledMeanwhile || !may_be_fitted_together(r)) continue;
    bool reached = false;
    for (std::size_t i = 0; i < std::min(added.size(), r.patches.size()); ++i)
      reached = reached ||
                (added[i] && r.patches[i] && !intersection(added[i]->box(), r.patches[i]->box()).empty());
    if (!reached) continue;
    std::optional<Sensitivity>& its = sensitivities_[s];
    if (!its || !same_light(its->source(), r.model)) its.emplace(images_, r.model, r.patches);
    r.unsettled += its->felt(images_, r.patches, added, among[s] == Among::kNot);
  }
}

// Whether what a model has become moves anything else.
bool BlobRun::is_felt(const SourcePatches& before, const SourcePatches& now) const {
  constexpr double kByNobody = 0.01;  // sigmas of all images together
  return images_.distance(before, now) > kByNobody;
}

// All others feel what a record has become.
void BlobRun::becomes_felt(std::vector<SourceRecord>& records, int i, const SourcePatches& before) {
  const SourcePatches& now = records[static_cast<std::size_t>(i)].patches;
  if (!is_felt(before, now)) return;
  std::vector<Among> among(records.size(), Among::kNot);
  among[static_cast<std::size_t>(i)] = Among::kFree;
  const std::array<const SourcePatches*, 1> from = {&before}, to = {&now};
  feel(records, light_added(from, to), among);
}

}  // namespace brickline
