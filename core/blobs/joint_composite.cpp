// Galaxies as a bulge plus disk, where sources are fitted together: an exponential and a de Vaucouleurs profile at one
// place, each with its own shape and its own flux in every band, none of them negative.
#include <algorithm>
#include <array>
#include <cmath>
#include <map>

#include "core/blobs/blob_run.h"

namespace brickline {
namespace {

bool usable(const JointResult& fit) {
  return fit.status != FitStatus::kBadInput && fit.status != FitStatus::kNoData;
}

// The source is not fitted in a band any more.
void leave_out(JointSource& s, int band, const std::vector<JointImage>& images) {
  std::erase_if(s.views,
                [&](const JointView& v) { return images[static_cast<std::size_t>(v.image)].band == band; });
  s.model.flux[static_cast<std::size_t>(band)] = 0;
}

// What is one component alone, in all bands that have light, is no composite galaxy.
SourceModel settled(const SourceModel& composite) {
  bool disk = false, bulge = false;
  for (std::size_t b = 0; b < composite.flux.size(); ++b) {
    if (composite.flux[b] == 0) continue;
    disk = disk || composite.bulge->fraction[b] < 1;
    bulge = bulge || composite.bulge->fraction[b] > 0;
  }
  if (disk && bulge) return composite;
  return bulge ? bulge_of(composite) : disk_of(composite);
}

// Radii of the disk and the bulge, in those of the single profile.
constexpr std::array<std::array<double, 2>, 2> kStarts = {{{1.2, 0.3}, {1.0, 1.0}}};
constexpr double kStartFraction = 0.3;

SourceModel start_of(const SourceModel& single, const std::array<double, 2>& radii) {
  SourceModel out = single;
  out.kind = SourceKind::kComp;
  out.shape.log_re += std::log(radii[0]);
  SoftenedEllipse bulge = single.shape;
  bulge.log_re += std::log(radii[1]);
  bulge.ee1 /= 2;
  bulge.ee2 /= 2;
  out.bulge = Bulge{bulge, std::vector<double>(single.flux.size(), kStartFraction)};
  return out;
}

}  // namespace

// In a band where it has none of the light: what would be below 0.
bool BlobRun::Component::left_out(int band) const {
  if (!record->model.is_composite()) return false;
  return record->model.bulge->fraction[static_cast<std::size_t>(band)] == (joined ? 0 : 1);
}

std::vector<BlobRun::Component> BlobRun::components_of(const std::vector<SourceRecord>& records,
                                                       const Group& group) {
  std::vector<Component> out;
  for (std::size_t k = 0; k < group.members.size(); ++k) {
    const SourceRecord& r = records[static_cast<std::size_t>(group.members[k])];
    const SourceModel& model = r.model;
    if (model.is_composite()) {
      out.push_back({disk_of(model), &r});
      out.push_back({bulge_of(model), &r, true});
    } else {
      out.push_back({model, &r, false, !group.held.empty() && group.held[k] != 0});
    }
  }
  return out;
}

JointResult BlobRun::fit_members(JointInput& input, const JointOptions& options) {
  JointResult fit = fit_jointly(input.sources, input.images, options);
  fit_work_ += fit.work;
  std::vector<JointSource>& sources = input.sources;
  if (std::ranges::none_of(sources, &JointSource::joined)) return fit;
  // A component that is negative in a band is left out of it; then the others are at their best with what is left.
  const auto negative = [&] {
    bool any = false;
    for (std::size_t s = 1; s < sources.size(); ++s) {
      if (!sources[s].joined) continue;
      for (std::size_t b = 0; b < sources[s].model.flux.size(); ++b) {
        const double disk = fit.models[s - 1].flux[b], bulge = fit.models[s].flux[b];
        if (bulge == 0 || disk == 0 || (bulge > 0 && disk > 0)) continue;
        if (!any)
          for (std::size_t k = 0; k < sources.size(); ++k) sources[k].model = fit.models[k];
        any = true;
        leave_out(bulge < 0 ? sources[s] : sources[s - 1], static_cast<int>(b), input.images);
      }
    }
    return any;
  };
  while (usable(fit) && negative()) {
    JointResult again = fit_jointly(sources, input.images, options);
    fit_work_ += again.work;
    again.gain = fit.gain + (again.improvement - fit.improvement) / 2;
    again.evaluations += fit.evaluations;
    fit = std::move(again);
  }
  std::vector<SourceModel> models;
  std::vector<bool> measured, at_position_limit;
  for (std::size_t s = 0; s < sources.size(); ++s) {
    if (sources[s].joined) {
      models.back() = settled(composite_of(models.back(), fit.models[s]));
      measured.back() = measured.back() || fit.measured[s];
    } else {
      models.push_back(fit.models[s]);
      measured.push_back(fit.measured[s]);
      at_position_limit.push_back(fit.at_position_limit[s]);
    }
  }
  fit.models = std::move(models);
  fit.measured = std::move(measured);
  fit.at_position_limit = std::move(at_position_limit);
  return fit;
}

// Whether it is a galaxy of its kind that is tried as a bulge plus disk.
bool BlobRun::may_be_composite(const SourceRecord& r) const {
  const JointSelection& o = options_.together;
  if (o.composites == CompositeTrials::kNone || !r.alive || !r.model.is_galaxy() || r.fit_background ||
      r.no_more_than)
    return false;
  const bool all = o.composites == CompositeTrials::kAll;
  return (all || r.chosen == SourceKind::kSer) &&
         r.models[dchisq_index(r.chosen)].dchisq >
             (all ? o.least_composite_gain : o.least_composite_gain_of_sersic);
}

// A galaxy that has its kind becomes a bulge plus disk where that does better by the margin. All that overlaps it is
// subtracted from the images, and nothing of itself; all models are fitted on the pixels of the largest.
void BlobRun::try_composite(SourceRecord& r) {
  const JointSelection& o = options_.together;
  r.told.composite_asked.reset();
  if (!may_be_composite(r)) return;
  std::vector<SourceModel> models = {r.model};
  for (const auto& radii : kStarts) models.push_back(start_of(r.model, radii));
  std::vector<JointInput> inputs;
  std::map<const float*, Box> windows;  // by image
  for (const SourceModel& model : models) {
    std::vector<SourceRecord> one(1);
    one.front().model = model;
    Group group;
    group.members = {0};
    describe(one, group, inputs.emplace_back());
    for (const JointSource& s : inputs.back().sources)
      for (const JointView& v : s.views) {
        const auto [at, first] =
            windows.emplace(inputs.back().images[static_cast<std::size_t>(v.image)].data.row(0), v.window);
        Box& box = at->second;
        if (!first)
          box = {std::min(box.x0, v.window.x0), std::max(box.x1, v.window.x1), std::min(box.y0, v.window.y0),
                 std::max(box.y1, v.window.y1)};
      }
  }
  JointOptions options = joint_fit_options();
  options.allowed = [this](std::size_t, double ra, double dec) { return inside(ra, dec); };
  double single = 0, least = 0;
  std::optional<SourceModel> best;
  const double most = r.model.max_log_re != 0 ? r.model.max_log_re : options_.fit.max_log_re_galaxy;
  constexpr double kNear = 0.01;  // of ln arcsec
  for (std::size_t k = 0; k < models.size(); ++k) {
    JointInput& input = inputs[k];
    for (JointSource& s : input.sources)
      for (JointView& v : s.views)
        v.window = windows.at(input.images[static_cast<std::size_t>(v.image)].data.row(0));
    const JointResult fit = fit_members(input, options);
    if (!usable(fit)) return;
    if (k == 0) {
      single = fit.improvement;
      r.told.composite_asked = std::max(o.margins.composite, o.margins.fraction_of_composite * single);
      least = options.least_improvement = single + *r.told.composite_asked;
      continue;
    }
    const SourceModel& found = fit.models.front();
    if (!(fit.improvement > least) || !found.is_composite() || found.shape.log_re > most - kNear ||
        found.shape.log_re < std::log(o.least_re_arcsec))
      continue;
    // Of what a bulge larger than its disk takes, most is a faint neighbour's that nobody has found.
    if (found.bulge->shape.log_re > found.shape.log_re) continue;
    least = fit.improvement;
    best = found;
  }
  if (!best) return;
  const double gain = least - single, excess = joint_selection_.excess_of(*best, r.fit_background);
  if (!(gain > asked_gain(o.margins.composite, excess, o.margins.fraction_of_composite * single))) return;
  r.model = *best;
  r.composite_gain = gain;
}

}  // namespace brickline
