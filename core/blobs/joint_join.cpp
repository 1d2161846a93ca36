// Sources that are one too many, where sources are fitted together: the reverse of joint_split.cpp.
#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "core/blobs/blob_run.h"
#include "core/blobs/image_trial.h"
#include "core/wcs/sky.h"

namespace brickline {
namespace {

constexpr double kAlike = 0.4;      // overlap from which on one may stand for both
constexpr double kTakesPart = 0.1;  // overlap of those that are free meanwhile,
constexpr std::size_t kFree = 5;    // of which the strongest are

}  // namespace

// What chi-squared loses without record `i`, the `members` free; `trial` is then what they become, as `kind` the first of
// them if it is a galaxy. What loses more than `most` need not be known. Leaves the images as they were.
double BlobRun::loss_without(const std::vector<SourceRecord>& records, int i, const std::vector<int>& members,
                             SourceKind kind, double most, std::vector<SourceRecord>& trial) {
  const SourceRecord& gone = records[static_cast<std::size_t>(i)];
  trial.clear();
  Group group;
  for (const int m : members) {
    group.members.push_back(static_cast<int>(trial.size()));
    trial.push_back(records[static_cast<std::size_t>(m)]);
  }
  // It starts with the light of both, where their light is.
  SourceModel& heir = trial.front().model;
  const double own = trial.front().brightness(false), all = own + gone.brightness(false);
  const double part = all > 0 ? std::clamp(gone.brightness(false) / all, 0.0, 1.0) : 0;
  if (!heir.motion) {
    heir.ra += part * std::remainder(gone.model.ra - heir.ra, 360);
    heir.dec += part * (gone.model.dec - heir.dec);
  }
  for (std::size_t b = 0; b < heir.flux.size(); ++b) heir.flux[b] += gone.model.flux[b];
  if (kind != heir.kind) {
    const ModelFit& alone = trial.front().models[dchisq_index(kind)];
    if (alone.status == ModelFitStatus::kFitted) {
      heir.shape = alone.model.shape;
      heir.sersic_index = alone.model.sersic_index;
      heir.max_log_re = alone.model.max_log_re;
    }
    heir.kind = kind;
  }
  const ImageTrial tried(images_);
  images_.add(gone.patches, 1);
  for (const SourceRecord& r : trial) images_.add(r.patches, 1);
  JointOptions options = joint_fit_options();
  options.least_improvement = std::max(0.0, tried.chi2_change() - most);
  for (const SourceRecord& r : trial) images_.add(r.patches, -1);
  fit_group(trial, group, options);
  const double loss = tried.chi2_change();
  return inside(heir.ra, heir.dec) ? loss : std::numeric_limits<double>::infinity();
}

// Sources without which the others do as well, by what two must gain over one. Each of two such has what the other leaves,
// so that neither goes when its kind is chosen beside the other. Only those that are `wanted`.
void BlobRun::drop_superfluous(std::vector<SourceRecord>& records, const std::vector<char>& wanted) {
  using enum SourceKind;
  const JointSelection& o = options_.together;
  const Neighbourhood near = neighbours(records);
  std::vector<int> order = brightest_first(records, false);
  std::ranges::reverse(order);
  std::vector<SourceRecord> trial, best;
  for (const int i : order) {
    SourceRecord& r = records[static_cast<std::size_t>(i)];
    if (!wanted[static_cast<std::size_t>(i)] || !may_be_fitted_together(r) || r.from_catalog ||
        r.forced_point_source || r.fit_background)
      continue;
    std::vector<int> members;
    double strongest = 0;
    for (const Neighbour& t : near.of[static_cast<std::size_t>(i)]) {
      const SourceRecord& other = records[static_cast<std::size_t>(t.record)];
      if (!other.alive || members.size() == kFree || !(t.overlap > kTakesPart)) continue;
      strongest = std::max(strongest, t.overlap);
      members.push_back(t.record);
    }
    if (!(strongest > kAlike)) continue;
    const SourceRecord& heir = records[static_cast<std::size_t>(members.front())];
    if (heir.from_catalog || heir.model.is_composite()) continue;
    before_source();
    best.clear();
    double least = std::numeric_limits<double>::infinity(), asked = 0;
    const double excess = excess_of(heir.patches);
    const ModelFit& ellipse = heir.models[dchisq_index(kExp)];
    for (const SourceKind kind : {heir.model.kind, kExp}) {
      if (kind != heir.model.kind && (heir.forced_point_source || ellipse.status != ModelFitStatus::kFitted))
        continue;
      if (!best.empty() && kind == heir.model.kind) continue;
      const bool simple = kind == kPsf || kind == kRex;
      double margin = simple ? o.split_gain_of_round : o.split_gain, share = 0;
      // A PSF that is off by a fraction of itself is as much light of the star as lies where this one's does.
      if (kind == kPsf)
        share = o.margins.fraction_of_star * strongest * strongest * heir.models[dchisq_index(kPsf)].dchisq;
      // Two at one place are a galaxy of more than one profile.
      if (3600 * angular_separation(r.model.ra, r.model.dec, heir.model.ra, heir.model.dec) <
          o.least_separation_arcsec) {
        margin = std::max(margin, o.margins.composite);
        share =
            std::max(share, o.margins.fraction_of_composite * heir.models[dchisq_index(heir.chosen)].dchisq);
      }
      const double needed = asked_gain(margin, excess, share);
      const double most = std::min(needed, least);
      const double loss = loss_without(records, i, members, kind, most, trial);
      if (!(loss < most)) continue;
      least = loss;
      asked = needed;
      best = trial;
    }
    if (best.empty()) continue;
    images_.add(r.patches, 1);
    const SourcePatches gone = std::exchange(r.patches, {});
    r.alive = false;
    r.told.fate = SourceFate::kSuperfluous;
    r.told.other = members.front();
    r.told.by_loss = {least, asked};
    unsettle(records, gone);
    become(records, members, best);
  }
}

}  // namespace brickline
