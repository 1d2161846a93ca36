// Kinds of galaxies that overlap others, tried with those free.
#include <algorithm>
#include <cmath>

#include "core/blobs/blob_run.h"
#include "core/blobs/image_trial.h"

namespace brickline {
namespace {

// Overlap from which on what a source is found to be depends on what the other is.
constexpr double kStrongOverlap = 0.1;

}  // namespace

// Records become what was fitted of them, `trial`, if there is anything.
void BlobRun::become(std::vector<SourceRecord>& records, const std::vector<int>& members,
                     std::vector<SourceRecord>& trial) {
  for (std::size_t k = 0; k < trial.size(); ++k) {
    SourceRecord& to = records[static_cast<std::size_t>(members[k])];
    images_.add(to.patches, 1);
    const SourcePatches old = std::move(to.patches);
    to = std::move(trial[k]);
    images_.add(to.patches, -1);
    unsettle(records, old);
  }
}

// What chi-squared gains by the last of `members` being of another kind, the others free; `trial` is then what they become.
// 0: less than `least`, or no galaxy that is one. Leaves the images as they were.
double BlobRun::gain_as(const std::vector<SourceRecord>& records, const std::vector<int>& members,
                        SourceKind kind, double least, std::vector<SourceRecord>& trial) {
  trial.clear();
  Group group;
  for (const int m : members) {
    group.members.push_back(static_cast<int>(trial.size()));
    trial.push_back(records[static_cast<std::size_t>(m)]);
  }
  SourceModel& model = trial.back().model;
  constexpr double kIndexOfDev = 4;
  model.sersic_index = model.kind == SourceKind::kDev ? kIndexOfDev : 1;
  model.kind = kind;
  const ModelFit& alone = trial.back().models[dchisq_index(kind)];
  if (alone.status == ModelFitStatus::kFitted) model.max_log_re = alone.model.max_log_re;
  const ImageTrial tried(images_);
  for (const SourceRecord& r : trial) images_.add(r.patches, 1);
  JointOptions options = joint_fit_options();
  options.least_improvement = tried.chi2_change() + least;
  for (const SourceRecord& r : trial) images_.add(r.patches, -1);
  fit_group(trial, group, options);
  const double gain = -tried.chi2_change();
  const bool is_one = inside(model.ra, model.dec) && !at_largest_radius(model, options_.fit) &&
                      std::exp(model.shape.log_re) > options_.together.least_re_arcsec;
  return is_one ? std::max(0.0, gain) : 0;
}

// Galaxies that overlap others are tried as more than they are, now with those free: which kind does better beside
// neighbours as they are is settled by what those were fitted beside.
void BlobRun::try_kinds_freely(std::vector<SourceRecord>& records, const std::vector<char>& wanted) {
  using enum SourceKind;
  constexpr std::size_t kNeighbours = 5;  // the strongest
  constexpr double kTentative = 0.5;      // of a margin
  const JointMargins& margins = options_.together.margins;
  const Neighbourhood near = neighbours(records);
  std::vector<SourceRecord> trial, best;
  for (const int i : brightest_first(records, false)) {
    const SourceRecord& r = records[static_cast<std::size_t>(i)];
    std::vector<int> members;
    for (const Neighbour& t : near.of[static_cast<std::size_t>(i)])
      if (t.overlap > kStrongOverlap && members.size() < kNeighbours) members.push_back(t.record);
    if (!wanted[static_cast<std::size_t>(i)] || members.empty() || r.from_catalog || r.fit_background ||
        !r.model.is_galaxy() || r.model.kind == kSer || r.model.is_composite())
      continue;
    before_source();
    members.push_back(i);
    double most = 0;
    best.clear();
    for (const SourceKind kind : {kExp, kDev, kSer}) {
      if (kind == r.model.kind) continue;
      double least = std::max(most, r.model.kind == kRex ? kTentative * margins.ellipse : margins.galaxy);
      if (kind == kSer) least = most + kTentative * margins.sersic;
      const double gain = gain_as(records, members, kind, least, trial);
      if (!(gain > least)) continue;
      most = gain;
      best = trial;
    }
    become(records, members, best);
  }
}

}  // namespace brickline
