// Kinds of galaxies that overlap others, tried with those free.
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "core/blobs/blob_run.h"
#include "core/blobs/image_trial.h"
#include "core/blobs/joint_selection.h"
#include "core/blobs/metrics.h"
#include "core/blobs/model_evidence.h"

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
// Of what is less than `least` nothing but that is told; -infinity: no galaxy that is one. Leaves the images as they were.
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
  if (kind == SourceKind::kRex) model = rounded(std::move(model));
  model.sersic_index = kind == SourceKind::kSer && model.kind == SourceKind::kDev ? kIndexOfDev : 1;
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
  return is_one ? gain : -std::numeric_limits<double>::infinity();
}

// Whether a galaxy of the kind has fewer parameters.
bool BlobRun::is_simpler(SourceKind kind, SourceKind than) const {
  if (kind == SourceKind::kComp || than == SourceKind::kComp) return false;
  const auto& parameters = options_.together.penalties.penalty;
  return parameters[dchisq_index(kind)] < parameters[dchisq_index(than)];
}

// How much larger the residuals under a source are than the pixels' errors.
double BlobRun::excess_of(const SourcePatches& patches) const {
  std::vector<MetricImage> images;
  for (const BlobImage& image : images_.images())
    images.push_back({image.data.view(), image.inverse_error.view(), image.band});
  return excess_variance(images, bands_, patches).all;
}

// The last of `members` as a simpler kind of galaxy than it is, where that is chosen by the whole margins with the others
// free: what it gained as more beside them held may be theirs. `best` is then what they become.
bool BlobRun::simplify_freely(const std::vector<SourceRecord>& records, const std::vector<int>& members,
                              std::vector<SourceRecord>& best) {
  using enum SourceKind;
  const SourceRecord& r = records[static_cast<std::size_t>(members.back())];
  constexpr double kDecided = 100;  // Occam's factors ask for less
  JointEvidence evidence;
  evidence.excess = excess_of(r.patches);
  // With the others' errors.
  const auto occam_of = [&](const std::vector<SourceRecord>& all) {
    Group group;
    for (std::size_t k = 0; k < all.size(); ++k) group.members.push_back(static_cast<int>(k));
    JointInput input;
    describe(all, group, input);
    return occam_term(all.back().model, joint_errors(input.sources, input.images, joint_fit_options()).back(),
                      options_.fit, options_.together.prior, evidence.excess);
  };
  const double gain = r.models[dchisq_index(r.model.kind)].dchisq;
  ModelImprovements improvements;
  improvements[dchisq_index(r.model.kind)] = gain;
  std::array<std::vector<SourceRecord>, kModelKinds> trials;
  for (const SourceKind kind : {kRex, kExp, kDev}) {
    if (!is_simpler(kind, r.model.kind)) continue;
    std::vector<SourceRecord>& trial = trials[dchisq_index(kind)];
    const double least = -kDecided * evidence.excess, more = gain_as(records, members, kind, least, trial);
    if (more > least) improvements[dchisq_index(kind)] = gain + more;
  }
  const auto chosen = [&] {
    return select_jointly(improvements, options_.together, evidence).value_or(r.model.kind);
  };
  if (chosen() == r.model.kind) {
    for (const SourceKind kind : {kRex, kExp, kDev})
      if (is_simpler(kind, r.model.kind) && improvements[dchisq_index(kind)])
        evidence.occam[dchisq_index(kind)] = occam_of(trials[dchisq_index(kind)]);
    std::vector<SourceRecord> as_it_is;
    for (const int m : members) as_it_is.push_back(records[static_cast<std::size_t>(m)]);
    evidence.occam[dchisq_index(r.model.kind)] = occam_of(as_it_is);
  }
  const SourceKind kind = chosen();
  if (kind == r.model.kind) return false;
  best = std::move(trials[dchisq_index(kind)]);
  best.back().told.trials.push_back({r.model.kind, kind, *improvements[dchisq_index(kind)] - gain, 0});
  return true;
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
        !r.model.is_galaxy() || r.model.is_composite())
      continue;
    before_source();
    members.push_back(i);
    double most = 0;
    best.clear();
    if (simplify_freely(records, members, best)) {
      become(records, members, best);
      continue;
    }
    for (const SourceKind kind : {kExp, kDev, kSer}) {
      if (kind == r.model.kind || r.model.kind == kSer || r.no_more_than) continue;
      double least = std::max(most, r.model.kind == kRex ? kTentative * margins.ellipse : margins.galaxy);
      if (kind == kSer) least = most + kTentative * margins.sersic;
      const double gain = gain_as(records, members, kind, least, trial);
      if (!(gain > least)) continue;
      most = gain;
      best = trial;
      best.back().told.trials.push_back({r.model.kind, kind, gain, least});
    }
    become(records, members, best);
  }
}

}  // namespace brickline
