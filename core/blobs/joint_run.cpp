// Sources of a blob fitted together, group by group (joint_groups.cpp): kinds chosen again with the neighbours at their
// best, and errors from the joint normal matrix.
#include <algorithm>
#include <cmath>
#include <limits>
#include <span>
#include <utility>

#include "core/blobs/blob_run.h"
#include "core/blobs/item_failure.h"
#include "core/wcs/local_linear.h"

namespace brickline {
namespace {

// A band that sees less than this share of a source's light, and than a tenth of what the best band sees, says nothing of
// it: only its wings lie on usable pixels, and their flux may be anything.
constexpr double kLeastShare = 0.05, kOfBest = 0.1;

// The light of a model on usable pixels.
double usable_light(const BlobImage& image, const Patch& model) {
  const Box box = intersection(model.box(), image.data.box());
  double sum = 0;
  for (int y = box.y0; y < box.y1; ++y)
    for (int x = box.x0; x < box.x1; ++x)
      if (image.inverse_error(x, y) > 0) sum += model.pixels(x - model.x0, y - model.y0);
  return sum;
}

// How large a galaxy may become at all.
double largest_log_re(const SourceModel& model, const FitOptions& o) {
  if (model.max_log_re != 0) return model.max_log_re;
  return model.kind == SourceKind::kRex ? o.max_log_re_rex : o.max_log_re_galaxy;
}

// What its growth is measured from: what it was chosen as; if it `may_grow` as it will, the model, if that is larger.
const SourceModel& grown_from(const SourceModel& model, const SourceRecord& r, bool may_grow) {
  const ModelFit& chosen = r.models[dchisq_index(r.chosen)];
  const bool known = chosen.status == ModelFitStatus::kFitted && chosen.model.is_galaxy();
  return known && (!may_grow || chosen.model.shape.log_re > model.shape.log_re) ? chosen.model : model;
}

// Whether the patches do not cover all that the others did.
bool is_smaller(const SourcePatches& patches, const SourcePatches& than) {
  for (std::size_t i = 0; i < than.size(); ++i)
    if (than[i] && (i >= patches.size() || !patches[i] ||
                    !(intersection(patches[i]->box(), than[i]->box()) == than[i]->box())))
      return true;
  return false;
}

}  // namespace

// The group as the fitter sees it; `images` views pixels that the members are not subtracted from.
void BlobRun::describe(const std::vector<SourceRecord>& records, const Group& group, JointInput& out) const {
  out = {};
  const std::vector<BlobImage>& images = images_.images();
  std::vector<int> place(images.size(), -1);
  Renderer renderer(options_.fit.render);
  // The share of a model's light on usable pixels; of what is drawn already, by that.
  const auto share_of = [&](const Component& component, std::size_t i, const Box& window,
                            const PixelPosition& at, const PsfKernel& kernel) {
    const BlobImage& image = images[i];
    const SourceRecord& r = *component.record;
    const double flux = r.model.flux[static_cast<std::size_t>(image.band)];
    if (!r.model.is_composite() && i < r.patches.size() && r.patches[i] && flux != 0 && r.on_windows &&
        same_light(*r.on_windows, r.model))
      return usable_light(image, *r.patches[i]) / flux;
    const auto unit = renderer.patch_on(window, component.model, at,
                                        {image.data.width(), image.data.height(), image.wcs.cd(), &kernel});
    return unit ? usable_light(image, *unit) : 0;
  };
  for (const Component& component : components_of(records, group)) {
    const SourceModel& model = component.model;
    JointSource s;
    s.model = model;
    s.joined = component.joined;
    s.move_position = s.move_shape = !component.held;
    if (knows_radius_prior(*component.record))
      s.round_radius_prior = options_.together.prior.radius(model.flux);
    std::vector<double> share(static_cast<std::size_t>(bands_), 0.0);
    double most_reach = 0;  // arcsec
    for (std::size_t i = 0; i < images.size(); ++i) {
      const BlobImage& image = images[i];
      const auto at = images_.place(model, image);
      const auto local = local_linear(image.wcs, model.ra, model.dec, LocalLinearWcs::Jacobian::kLocal);
      if (!at || !local) continue;
      const PsfKernel* kernel = kernel_at(image, at->x, at->y, out.kernels);
      auto window = images_.window(component.record->model, *at, image, *kernel);
      if (window && component.record->fit_background && !makes_background(*component.record))
        window = images_.near(*window, component.record->model, *at, image);
      if (!window || window->empty()) continue;
      double& best = share[static_cast<std::size_t>(image.band)];
      best = std::max(best, share_of(component, i, *window, *at, *kernel));
      if (place[i] < 0) {
        place[i] = static_cast<int>(out.images.size());
        out.images.push_back(
            {image.data.view(), image.inverse_error.view(), image.band, image.wcs.cd(), image.mjd_tai});
      }
      s.views.push_back({place[i], *local, kernel, *window});
      const double reach = image.wcs.pixel_scale_arcsec() * std::max(window->width(), window->height()) / 2;
      most_reach = std::max(most_reach, reach);
    }
    if (model.is_galaxy() && !component.record->model.is_composite())
      s.model.max_log_re =
          std::min(largest_log_re(model, options_.fit),
                   most_log_re(grown_from(model, *component.record, may_grow_), most_reach, may_grow_));
    const double best = *std::max_element(share.begin(), share.end());
    const auto unseen = [&](int band) {
      const double v = share[static_cast<std::size_t>(band)];
      return (v < kLeastShare && v < kOfBest * best) || component.left_out(band);
    };
    std::erase_if(s.views, [&](const JointView& v) {
      return unseen(out.images[static_cast<std::size_t>(v.image)].band);
    });
    for (int b = 0; b < bands_; ++b)
      if (unseen(b)) s.model.flux[static_cast<std::size_t>(b)] = 0;
    out.sources.push_back(std::move(s));
  }
}

JointOptions BlobRun::joint_fit_options() const {
  JointOptions o;
  o.render = options_.fit.render;
  o.fit = options_.fit;
  o.fit.allowed = {};
  o.fit.position_box_arcsec = options_.together.position_box_arcsec;
  o.fit.max_step_position_arcsec = options_.together.max_step_position_arcsec;
  return o;
}

BlobRun::GroupFit BlobRun::fit_group(std::vector<SourceRecord>& records, const Group& group,
                                     const JointOptions& how) {
  for (const int m : group.members) images_.add(records[static_cast<std::size_t>(m)].patches, 1);
  JointInput input;
  describe(records, group, input);
  JointOptions options = how;
  constexpr double kOfEach = 0.005;  // ln P, of each source, that steps of a group must gain
  options.min_gain = std::max(options.min_gain, kOfEach * static_cast<double>(group.members.size()));
  // What starts in the blob stays in it.
  std::vector<char> kept_inside;
  const auto note_inside = [&] {
    kept_inside.clear();
    for (const JointSource& s : input.sources) kept_inside.push_back(inside(s.model.ra, s.model.dec));
  };
  note_inside();
  options.allowed = [&](std::size_t s, double ra, double dec) { return !kept_inside[s] || inside(ra, dec); };
  JointResult fit = fit_members(input, options);
  const auto usable = [&] { return fit.status != FitStatus::kBadInput && fit.status != FitStatus::kNoData; };
  // What is no composite galaxy any more is again what it was chosen as without being one.
  bool again = false;
  for (std::size_t k = 0; usable() && k < group.members.size(); ++k)
    again = again || (records[static_cast<std::size_t>(group.members[k])].model.is_composite() &&
                      !fit.models[k].is_composite());
  if (again) {
    for (std::size_t k = 0; k < group.members.size(); ++k) {
      SourceRecord& r = records[static_cast<std::size_t>(group.members[k])];
      const bool was_composite = r.model.is_composite();
      r.model = fit.models[k];
      if (!was_composite || r.model.is_composite()) continue;
      r.model = r.models[dchisq_index(r.chosen)].model;
      r.composite_gain = 0;
    }
    describe(records, group, input);
    note_inside();
    fit = fit_members(input, options);
  }
  const bool ok = usable();
  // What stopped at how large it may become on its pixels is fitted again on those of what it is now.
  std::vector<char> stopped(group.members.size(), 0);
  for (std::size_t k = 0; ok && k < group.members.size(); ++k) {
    SourceModel& model = fit.models[k];
    if (!model.is_galaxy() || model.is_composite()) continue;
    const SourceModel& before = records[static_cast<std::size_t>(group.members[k])].model;
    constexpr double kNear = 1e-3;
    stopped[k] = may_grow_ && model.shape.log_re > model.max_log_re - kNear &&
                 model.max_log_re < largest_log_re(before, options_.fit);
    model.max_log_re = before.max_log_re;
  }
  GroupFit out;
  std::vector<SourcePatches> before;
  const bool nobody_else = group.whole && std::ranges::none_of(group.held, [](char h) { return h != 0; });
  for (std::size_t k = 0; k < group.members.size(); ++k) {
    SourceRecord& r = records[static_cast<std::size_t>(group.members[k])];
    if (ok) r.model = fit.models[k];
    out.unfinished.push_back(fit.status == FitStatus::kMaxIterations || (ok && fit.at_position_limit[k]));
    before.push_back(std::exchange(r.patches, {}));
    draw_on_windows(r);
    images_.add(r.patches, -1);
    out.beside.push_back(stopped[k] ? std::numeric_limits<double>::infinity()
                                    : images_.light_beside(r.patches, before[k]));
  }
  if (nobody_else) return out;
  std::vector<const SourcePatches*> from, to;
  for (std::size_t k = 0; k < group.members.size(); ++k) {
    const SourcePatches& now = records[static_cast<std::size_t>(group.members[k])].patches;
    if (!is_felt(before[k], now)) continue;
    from.push_back(&before[k]);
    to.push_back(&now);
  }
  out.added = light_added(from, to);
  return out;
}

// Sources that changes have moved by more than a small share of their errors since they were last fitted with their
// neighbours, group by group; then again those that did not come to an end, that grew beyond the pixels that they were
// fitted on, or that are moved by the changes of neighbours that were not in their group.
void BlobRun::fit_groups(std::vector<SourceRecord>& records, bool finally) {
  const double settled_below = finally ? kSettled : kSettledMeanwhile;
  const auto at = [&](int k) -> SourceRecord& { return records[static_cast<std::size_t>(k)]; };
  if (std::ranges::none_of(records, [&](const SourceRecord& r) {
        return may_be_fitted_together(r) && (r.is_new || r.unsettled > settled_below);
      }))
    return;
  const Neighbourhood near = neighbours(records);
  for (SourceRecord& r : records)
    if (r.is_new) r.unsettled = std::numeric_limits<double>::infinity();
  for (std::size_t s = 0; s < records.size(); ++s)
    if (records[s].is_new && near.takes_part[s]) becomes_felt(records, static_cast<int>(s), {});
  for (int sweep = 0; sweep < options_.together.sweeps; ++sweep) {
    std::vector<char> settled;
    for (const SourceRecord& r : records) settled.push_back(r.unsettled <= settled_below);
    for (const Group& group : groups_of(records, near, 0, &settled)) {
      before_source();
      const GroupFit fit = fit_group(records, group, joint_fit_options());
      std::vector<Among> among(records.size(), Among::kNot);
      for (std::size_t k = 0; k < group.members.size(); ++k)
        among[static_cast<std::size_t>(group.members[k])] = group.held[k] ? Among::kFluxesFree : Among::kFree;
      for (std::size_t k = 0; k < group.members.size(); ++k) {
        SourceRecord& r = at(group.members[k]);
        if ((group.own[k] || group.whole) && !group.held[k]) {
          r.unfinished = fit.unfinished[k] != 0;
          const bool ended = !r.unfinished && fit.beside[k] <= settled_below;
          r.unsettled = ended ? 0 : std::numeric_limits<double>::infinity();
        }
      }
      feel(records, fit.added, among);
    }
  }
  fit_over_background(records);
}

// Whether a source is what others near it are fitted over a background for: a star or a galaxy of a catalog as bright as
// the stars that such masks are made around.
bool BlobRun::makes_background(const SourceRecord& r) const {
  constexpr double kMediumMagnitude = 16, kZeroPoint = 22.5;
  const double flux = std::pow(10, 0.4 * (kZeroPoint - kMediumMagnitude));
  return r.fit_background && r.from_catalog &&
         (r.traits.large_galaxy || *std::ranges::max_element(r.model.flux) > flux);
}

// What is bright enough to have a halo is fitted with all that overlaps it as it is, so that it takes what it can of its
// halo; then what lies on the halo, over one constant per image, which stands for what is left of it there.
void BlobRun::fit_over_background(std::vector<SourceRecord>& records) {
  const auto wanted = [&](const SourceRecord& r) { return r.fit_background && !makes_background(r); };
  if (std::ranges::none_of(records, wanted)) return;
  JointOptions options = joint_fit_options();
  options.fit_sky = true;
  for (const Group& group : groups_of(records, neighbours(records, wanted))) {
    before_source();
    fit_group(records, group, options);
    for (const int m : group.members)
      records[static_cast<std::size_t>(m)].unsettled = std::numeric_limits<double>::infinity();
  }
}

// What is known to come of a step for all records at once: their states, and behind them those of the two of each that
// has become two. Whether all of it is known.
bool BlobRun::take_known(std::vector<SourceRecord>& records) {
  const std::size_t n = records.size(), left = known_.size() - next_known_;
  if (left < n) return false;
  const std::span<SourceState> known(known_.data() + next_known_, left);
  std::size_t all = n;
  for (std::size_t i = 0; i < n; ++i)
    if (records[i].alive && known[i].told.fate == SourceFate::kTwo) all += 2;
  if (left < all) return false;
  for (std::size_t k = n; k < all; k += 2)
    if (known[k].split_from < 0 || static_cast<std::size_t>(known[k].split_from) >= n) return false;
  for (std::size_t k = n; k < all; k += 2) {
    auto [a, b] = two_of(records[static_cast<std::size_t>(known[k].split_from)]);
    static_cast<SourceState&>(a) = std::move(known[k]);
    static_cast<SourceState&>(b) = std::move(known[k + 1]);
    start_here(b);
    records.push_back(std::move(a));
    records.push_back(std::move(b));
  }
  for (std::size_t i = 0; i < n; ++i) static_cast<SourceState&>(records[i]) = std::move(known[i]);
  next_known_ += all;
  return true;
}

// The outcome of `work` for all records at once, to which it may add those that others were split into; or what is known to
// come of it. The images are then the same in both cases: what they were without the sources, less their models on their
// windows.
template <class Work>
void BlobRun::step_together(std::vector<SourceRecord>& records, Work&& work) {
  for (const SourceRecord& r : records)
    if (r.alive) images_.add(r.patches, 1);
  std::vector<Image<float>> before;
  for (const BlobImage& image : images_.images()) before.push_back(image.data);
  const auto subtract_all = [&](bool as_drawn) {
    for (SourceRecord& r : records) {
      if (!r.alive) continue;
      if (!as_drawn) draw_on_windows(r);
      images_.add(r.patches, -1);
    }
  };
  const bool known = take_known(records);
  if (!known) {
    const std::size_t left = known_.size() - next_known_;
    before_source();
    subtract_all(false);
    take_work();
    work();
    for (SourceRecord& r : records) r.work = 0;
    records.front().work = take_work();
    next_known_ = known_.size();
    for (std::size_t i = left; memory_ && i < records.size(); ++i)
      memory_->keep_step(task_.blob, task_.part, records[i]);
    for (std::size_t i = 0; i < before.size(); ++i) images_.images()[i].data = before[i];
  }
  for (SourceRecord& r : records)
    if (!r.alive) r.patches.clear();
  subtract_all(!known);
  for (const SourceRecord& r : records) work_ += r.work;
}

// Of the fits since it was last taken.
double BlobRun::take_work() {
  return std::exchange(fit_work_, 0) + selection_.work.exchange(0) + joint_selection_.work.exchange(0);
}

// Pixels that a source is drawn on, in all images.
double BlobRun::window_pixels(const SourceRecord& r) {
  double sum = 0;
  for (const auto& p : r.patches)
    if (p) sum += static_cast<double>(p->box().area());
  return sum;
}

// What a blob's joint fit may take: so many steps over all its pixels and over those of every source that it starts with.
void BlobRun::bound_work(const std::vector<SourceRecord>& records) {
  double pixels = static_cast<double>(images_.good_pixels());
  for (const SourceRecord& r : records) pixels += window_pixels(r);
  most_work_ = options_.together.most_steps * pixels;
  work_ = 0;
}

// The kinds of the wanted sources (all, if empty) once more, brightest first, the others' models subtracted; but of those
// around which nothing has changed since.
void BlobRun::choose_again(std::vector<SourceRecord>& records, const std::vector<char>& wanted) {
  constexpr double kAlone = 0.1;  // of crowding()
  chosen_on_.resize(records.size());
  for (const int i : brightest_first(records, true)) {
    if (!wanted.empty() && !wanted[static_cast<std::size_t>(i)]) continue;
    SourceRecord& r = records[static_cast<std::size_t>(i)];
    const bool of_known_kind = r.from_catalog && (r.found.is_galaxy() || r.traits.point_source);
    Decided& chosen_on = chosen_on_[static_cast<std::size_t>(i)];
    // Halves that were split while there was work left have no kind yet.
    const bool has_none = !r.model_chosen && r.split_from >= 0;
    if (!may_be_fitted_together(r) || of_known_kind || (spent() && !has_none) || is_decided(r, chosen_on))
      continue;
    Decided now = decided_now(r);
    const bool as_single = !(all_is_there_ || may_grow_ || crowding(records, i) < kAlone);
    images_.add(r.patches, 1);
    step(r, [&] {
      r.known_galaxy.reset();
      const SourceState before = r;
      if (r.model.is_galaxy()) {
        r.known_galaxy = r.model.is_composite() ? r.models[dchisq_index(r.chosen)].model : r.model;
        r.model.kind = SourceKind::kPsf;
        r.model.shape = {};
        r.model.bulge.reset();
        r.model.max_log_re = 0;
      }
      r.composite_gain = 0;
      const auto failure = failure_of_item([&] {
        joint_selection_.may_grow = may_grow_;
        joint_selection_.run(r, {}, -1, {}, in_parallel_);
        if (as_single)
          r.told.composite_asked.reset();
        else
          try_composite(r);
      });
      if (failure) static_cast<SourceState&>(r) = before;
      // One of two that were one has no model to go back to.
      if (failure && r.split_from >= 0 && !r.model_chosen) r.alive = false;
    });
    now.kind = r.model.kind;
    now.as_single = as_single;
    chosen_on = std::move(now);
    const SourcePatches old = std::exchange(r.patches, {});
    if (!r.alive && r.traits.star) {
      r.alive = r.forced_to_stay = true;
      r.model_chosen = false;
      r.model.flux = r.start_flux;
    }
    if (!r.alive) {
      unsettle(records, old);
      continue;
    }
    draw_on_windows(r);
    images_.add(r.patches, -1);
    if (r.unsettled <= kSettledMeanwhile) r.unsettled += images_.distance(old, r.patches);
    becomes_felt(records, i, old);
    // Neighbours on wings that it had are not those of what it is now.
    if (is_smaller(r.patches, old)) unsettle(records, old);
  }
}

// The kinds of the wanted sources with their neighbours free. What is another kind then, and all that it overlaps, have
// their kinds chosen again, by the whole margins.
void BlobRun::choose_freely(std::vector<SourceRecord>& records, std::vector<char> wanted) {
  constexpr int kRounds = 3;
  if (std::ranges::none_of(wanted, [](char c) { return c != 0; })) return;
  for (int round = 0; round < kRounds && !spent(); ++round) {
    std::vector<SourceKind> before;
    for (const SourceRecord& r : records) before.push_back(r.model.kind);
    tried_on_.resize(records.size());
    for (std::size_t i = 0; i < records.size(); ++i) {
      SourceRecord& r = records[i];
      wanted[i] =
          wanted[i] && may_be_fitted_together(r) && r.model.is_galaxy() && !is_decided(r, tried_on_[i]);
      if (!wanted[i]) continue;
      tried_on_[i] = decided_now(r);
      r.no_more_than.reset();
    }
    step_together(records, [&] { try_kinds_freely(records, wanted); });
    std::vector<char> changed(records.size(), 0);
    for (std::size_t i = 0; i < records.size(); ++i) {
      changed[i] = records[i].model.kind != before[i];
      if (changed[i] && is_simpler(records[i].model.kind, before[i]))
        records[i].no_more_than = records[i].model.kind;
    }
    wanted = with_neighbours(records, changed);
    if (std::ranges::none_of(wanted, [](char c) { return c != 0; })) break;
    choose_again(records, wanted);
    fit_together(records);
  }
}

// `finally`: nothing is decided on it any more, and every source is brought to its best.
void BlobRun::fit_together(std::vector<SourceRecord>& records, bool finally) {
  const auto fit = [&] {
    step_together(records, [&] {
      fit_groups(records, finally);
      for (SourceRecord& r : records) r.is_new = false;
    });
  };
  fit();
  constexpr int kRefits = 3;
  for (int k = 0; k < kRefits && drop_dark(records); ++k) fit();
  drop_dark(records);
}

// All of them once more, whatever has changed since they were fitted.
void BlobRun::fit_together_again(std::vector<SourceRecord>& records) {
  for (SourceRecord& r : records) r.unsettled = std::numeric_limits<double>::infinity();
  fit_together(records, true);
}

// The given records and all that feel them.
std::vector<char> BlobRun::with_neighbours(const std::vector<SourceRecord>& records,
                                           std::vector<char> given) {
  if (std::ranges::none_of(given, [](char c) { return c != 0; })) return given;
  constexpr double kFelt = 1;  // in sigmas of a source's flux, what another takes of it
  const Neighbourhood near = neighbours(records);
  std::vector<char> out = given;
  for (std::size_t i = 0; i < records.size(); ++i) {
    if (!given[i]) continue;
    for (const Neighbour& t : near.of[i])
      if (t.overlap * near.snr[i] > kFelt) out[static_cast<std::size_t>(t.record)] = 1;
  }
  return out;
}

// The kinds of records from `first` on, of which there may be none, and of all that feel them.
void BlobRun::choose_near(std::vector<SourceRecord>& records, std::size_t first) {
  if (first == records.size()) return;
  std::vector<char> given(records.size(), 0);
  std::fill(given.begin() + static_cast<std::ptrdiff_t>(first), given.end(), 1);
  choose_again(records, with_neighbours(records, std::move(given)));
  fit_together(records);
}

// Sources that are one too many go; the kinds of those that have their light, which are told, are chosen again.
std::vector<char> BlobRun::join(std::vector<SourceRecord>& records) {
  std::vector<SourceModel> before;
  std::vector<char> was_alive;
  for (const SourceRecord& r : records) {
    before.push_back(r.model);
    was_alive.push_back(r.alive);
  }
  const std::vector<char> wanted = undecided(records, dropped_on_);
  step_together(records, [&] { drop_superfluous(records, wanted); });
  std::vector<char> changed(records.size(), 0);
  bool any = false;
  for (std::size_t i = 0; i < records.size(); ++i) {
    any = any || (was_alive[i] && !records[i].alive);
    changed[i] = records[i].alive && records[i].model.flux != before[i].flux;
  }
  if (!any) return std::vector<char>(records.size(), 0);
  for (std::size_t i = 0; i < records.size(); ++i)
    if (changed[i]) records[i].no_more_than.reset();
  choose_again(records, changed);
  fit_together(records);
  return changed;
}

// Whether all is there that takes much light: until then what is one source may be many.
void BlobRun::note_what_is_there() {
  constexpr double kMost = 1.5;  // of chi-squared, pixels
  all_is_there_ = chi2(false) < kMost * static_cast<double>(images_.good_pixels());
}

// From now on galaxies may become larger: those so large that it bounded them until now are fitted, and their kinds chosen,
// again; so are the kinds of those that were not tried as a bulge plus disk yet.
void BlobRun::let_grow(std::vector<SourceRecord>& records) {
  may_grow_ = true;
  constexpr double kNear = 0.01;  // of ln arcsec
  for (std::size_t i = 0; i < records.size(); ++i) {
    SourceRecord& r = records[i];
    if (i < chosen_on_.size() && chosen_on_[i].as_single && may_be_composite(r)) chosen_on_[i] = {};
    if (!r.model.is_galaxy() || grown_from(r.model, r, true).shape.log_re < most_log_re({}, 0, false) - kNear)
      continue;
    r.unsettled = std::numeric_limits<double>::infinity();
    if (i < chosen_on_.size()) chosen_on_[i] = {};
    if (i < tried_on_.size()) tried_on_[i] = {};
  }
}

// Sources in what the fits leave, kinds beside them, and sources that are two. Once more, all kinds too, where that told
// much and the models are still far from the data, as where a galaxy is of no profile that is tried: then also where the
// models are bright, and as long as it tells anything, so that little depends on which of its pieces were found first.
void BlobRun::look_further(std::vector<SourceRecord>& records) {
  constexpr double kWorthwhile = 0.05,
                   kStillWorthwhile = 0.01;  // of chi-squared, in the first and in later rounds
  constexpr double kFar = 5;                 // of chi-squared's own sigmas
  const auto pixels = static_cast<double>(images_.good_pixels());
  // What later rounds find and drop again tells that they come to no end: of all that is there, and of what was found.
  constexpr double kDropped = 0.1, kStays = 0.25;
  const auto there = [&] {
    return static_cast<double>(std::ranges::count(records, true, &SourceRecord::alive));
  };
  double before = chi2(false);
  bool all_tried = all_is_there_;  // choose_freely()
  for (int round = 0; round < options_.together.rounds && !spent(); ++round) {
    const std::size_t first = records.size();
    const double at_first = there();
    if (round > 0) {
      choose_again(records, {});
      fit_together(records);
      choose_freely(records, std::vector<char>(records.size(), 1));
    }
    std::vector<SourceKind> kinds;
    for (const SourceRecord& r : records) kinds.push_back(r.model.kind);
    const Search what = round > 0 ? Search{options_.together.model_share_of_later_rounds, true}
                                  : Search{options_.iterative_model_share};
    for (int k = 0; options_.iterative && k < options_.together.searches && !spent() && search(records, what);
         ++k)
      fit_together(records);
    choose_near(records, first);
    const std::size_t whole = records.size();
    if (!spent()) {
      const std::vector<char> not_tried = undecided(records, split_on_);
      step_together(records, [&] { split(records, not_tried); });
    }
    if (whole < records.size()) fit_together(records);
    choose_near(records, whole);
    if (rejoin(records, whole)) fit_together(records);
    const double found = there();
    std::vector<char> changed = join(records);
    const double stay = there();
    note_what_is_there();
    if (!may_grow_ && all_is_there_) let_grow(records);
    // What was chosen before all of its neighbours were there.
    choose_again(records, {});
    fit_together(records);
    for (std::size_t i = 0; i < records.size(); ++i)
      changed[i] =
          records[i].alive && (!all_tried || changed[i] || i >= first || records[i].model.kind != kinds[i]);
    all_tried = true;
    choose_freely(records, with_neighbours(records, std::move(changed)));
    const double after = chi2(false);
    const double least = round > 0 ? kStillWorthwhile : kWorthwhile;
    if (!(before - after > least * after) || !(after > pixels + kFar * std::sqrt(2 * pixels))) break;
    if (round > 0 && found - stay > kDropped * at_first && stay - at_first < kStays * (found - at_first))
      break;
    before = after;
  }
  if (!may_grow_) {
    let_grow(records);
    choose_again(records, {});
  }
  fit_together(records, true);
}

// What has no flux above 0 with its neighbours at their best is no source. Whether there was any.
bool BlobRun::drop_dark(std::vector<SourceRecord>& records) {
  bool any = false;
  for (SourceRecord& r : records) {
    if (!may_be_fitted_together(r) || r.from_catalog ||
        std::ranges::any_of(r.model.flux, [](double f) { return f > 0; }))
      continue;
    images_.add(r.patches, 1);
    const SourcePatches gone = std::exchange(r.patches, {});
    r.alive = false;
    r.told.fate = SourceFate::kDark;
    unsettle(records, gone);
    any = true;
  }
  return any;
}

// Of every source that may be fitted together, from the group that is its own.
std::vector<std::optional<JointErrors>> BlobRun::errors_together(const std::vector<SourceRecord>& records) {
  constexpr double kCounts = 0.05;  // of overlap; of less, errors are another by a thousandth
  std::vector<std::optional<JointErrors>> out(records.size());
  const std::vector<Group> groups = groups_of(records, neighbours(records), kCounts);
  for_each_index(groups.size(), in_parallel_, [&](std::size_t k) {
    const Group& group = groups[k];
    JointInput input;
    describe(records, group, input);
    JointOptions options = joint_fit_options();
    for (const int m : group.members)
      options.fit_sky = options.fit_sky || records[static_cast<std::size_t>(m)].fit_background;
    std::vector<JointErrors> errors = joint_errors(input.sources, input.images, options);
    for (std::size_t m = 0; m < group.members.size(); ++m)
      if (group.own[m]) out[static_cast<std::size_t>(group.members[m])] = std::move(errors[m]);
  });
  return out;
}

}  // namespace brickline
