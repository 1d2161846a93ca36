// Sources that are better as two, where sources are fitted together: what detection could not tell apart.
#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>
#include <limits>
#include <numbers>

#include "core/blobs/blob_run.h"
#include "core/blobs/image_trial.h"
#include "core/wcs/sky.h"

namespace brickline {
namespace {

constexpr double kDegree = std::numbers::pi / 180;

void move(SourceModel& m, double east_arcsec, double north_arcsec) {
  m.ra += east_arcsec / 3600 / std::cos(m.dec * kDegree);
  m.dec += north_arcsec / 3600;
}

SourceRecord second_of(const SourceRecord& first) {
  SourceRecord out;
  out.model = first.model;
  out.fit_background = first.fit_background;
  out.alive = true;
  return out;
}

}  // namespace

// The two that a source is split into, but for what becomes of them.
std::pair<SourceRecord, SourceRecord> BlobRun::two_of(const SourceRecord& whole) {
  std::pair<SourceRecord, SourceRecord> out{whole, second_of(whole)};
  out.first.patches.clear();
  out.first.on_windows.reset();
  out.first.no_more_than.reset();
  return out;
}

// The record starts as what it is.
void BlobRun::start_here(SourceRecord& r) const {
  r.start_flux = r.model.flux;
  r.found = r.after_first_round = r.model;
  const auto at = images_.wcs().sky_to_pixel(r.model.ra, r.model.dec);
  const Pixel pixel = rounded_pixel(r.model);
  r.start_x = at->x;
  r.start_y = at->y;
  r.start_ix = pixel.x;
  r.start_iy = pixel.y;
  r.started_in_blob = task_.mask(pixel.x, pixel.y) != 0;
}

// Two round sources on a galaxy's major axis: the record becomes the first; empty where that is not to be tried.
std::optional<SourceRecord> BlobRun::halved(SourceRecord& r) const {
  const double own_re = std::exp(r.model.shape.log_re);
  if (!r.model.is_galaxy() || !(own_re > options_.together.least_split_re_arcsec) ||
      !(own_re < options_.together.most_split_re_arcsec))
    return {};
  // A round one has the axis of the ellipse that was tried.
  const ModelFit& ellipse = r.models[dchisq_index(SourceKind::kExp)];
  const SoftenedEllipse shape = r.model.kind == SourceKind::kRex && ellipse.status == ModelFitStatus::kFitted
                                    ? ellipse.model.shape
                                    : r.model.shape;
  const double angle = std::atan2(shape.ee2, shape.ee1) / 2;  // east of north
  constexpr double kOffset = 0.8;                             // of re; two equal stars so far off are as long
  const double off = kOffset * std::exp(shape.log_re), north = off * std::cos(angle),
               east = off * std::sin(angle);
  for (double& f : r.model.flux) f /= 2;
  r.model.kind = SourceKind::kRex;
  r.model.bulge.reset();
  r.model.shape = {std::log(options_.together.least_split_re_arcsec), 0, 0};
  r.model_chosen = false;
  SourceRecord other = second_of(r);
  move(r.model, east, north);
  move(other.model, -east, -north);
  return other;
}

// A point source where most is of what `first` leaves, and `r` becomes `first`. Nothing of the source itself may be
// subtracted from the images. Empty where that promises less than `least` of chi-squared.
std::optional<SourceRecord> BlobRun::with_companion(SourceRecord& r, const SourceModel& first, double least) {
  const SourcePatches drawn = images_.draw_on_windows(first, tools_, in_parallel_);
  images_.add(drawn, -1);
  SourceModel point = first;
  point.kind = SourceKind::kPsf;
  point.shape = {};
  point.bulge.reset();
  point.max_log_re = 0;
  std::ranges::fill(point.flux, 1.0);
  // Seen from where it starts a point source is the same at all places, but for whole pixels.
  const SourcePatches unit = images_.draw(point, tools_, in_parallel_);
  std::optional<SourceRecord> best;
  double most = least;
  struct Ring {
    double arcsec;
    int places;
  };
  for (const auto [distance, directions] : {Ring{0.7, 8}, Ring{1.3, 8}, Ring{2.2, 12}})
    for (int k = 0; k < directions; ++k) {
      const double angle = 2 * std::numbers::pi * k / directions;
      SourceModel trial = point;
      move(trial, distance * std::sin(angle), distance * std::cos(angle));
      std::vector<double> with_data(static_cast<std::size_t>(bands_), 0.0), own = with_data;
      for (std::size_t i = 0; i < unit.size(); ++i) {
        const BlobImage& image = images_.images()[i];
        const auto from = images_.place(point, image), to = images_.place(trial, image);
        if (!unit[i] || !from || !to) continue;
        const Patch& u = *unit[i];
        const int x0 = u.x0 + static_cast<int>(std::lround(to->x - from->x)),
                  y0 = u.y0 + static_cast<int>(std::lround(to->y - from->y));
        const Box box =
            intersection(Box{x0, x0 + u.pixels.width(), y0, y0 + u.pixels.height()}, image.data.box());
        double of_data = 0, of_itself = 0;
        for (int y = box.y0; y < box.y1; ++y)
          for (int x = box.x0; x < box.x1; ++x) {
            const double e = image.inverse_error(x, y), ue = u.pixels(x - x0, y - y0) * e;
            of_data += ue * image.data(x, y) * e;
            of_itself += ue * ue;
          }
        with_data[static_cast<std::size_t>(image.band)] += of_data;
        own[static_cast<std::size_t>(image.band)] += of_itself;
      }
      double gain = 0;
      for (std::size_t b = 0; b < own.size(); ++b) {
        trial.flux[b] = own[b] > 0 ? std::max(0.0, with_data[b] / own[b]) : 0;
        gain += trial.flux[b] * with_data[b];
      }
      if (!(gain > most)) continue;
      most = gain;
      best = second_of(r);
      best->model = trial;
    }
  images_.add(drawn, 1);
  if (best) r.model = first;
  return best;
}

// Whether record `i` is better as two; `trial` is then what of `around` and it becomes, the two at the end, all
// subtracted from the images, of which it was `tried`.
bool BlobRun::is_two(const std::vector<SourceRecord>& records, int i, const std::vector<int>& around,
                     SplitStart start, const ImageTrial& tried, std::vector<SourceRecord>& trial) {
  const SourceRecord& whole = records[static_cast<std::size_t>(i)];
  const JointSelection& o = options_.together;
  const bool galaxy = whole.model.is_galaxy();
  const ModelFit& point = whole.models[dchisq_index(SourceKind::kPsf)];
  double least = !galaxy || whole.model.kind == SourceKind::kRex ? o.split_gain_of_round : o.split_gain;
  double share = 0;  // and at least so much
  if (start == SplitStart::kPoint) {
    const bool compact = std::exp(whole.model.shape.log_re) <= o.least_split_re_arcsec;
    if (point.status != ModelFitStatus::kFitted ||
        (galaxy && !compact && whole.model.kind != SourceKind::kSer && !whole.model.is_composite()))
      return false;
    share = o.margins.fraction_of_star * point.dchisq;
  }
  if (start == SplitStart::kItself) {
    // As any other source that is found; and no galaxy has exactly the profile that it is drawn with.
    const double gain = whole.models[dchisq_index(whole.chosen)].dchisq;
    least = o.margins.detection + o.penalties.penalty[dchisq_index(SourceKind::kPsf)];
    if (!galaxy || !whole.model_chosen || !(gain > 2 * least)) return false;
    share = o.margins.fraction_of_composite * gain;
  }
  const double margin = least;
  least = std::max(margin, share);
  trial.clear();
  for (const int t : around) trial.push_back(records[static_cast<std::size_t>(t)]);
  SourceRecord first = whole;
  images_.add(first.patches, 1);
  first.patches.clear();
  first.no_more_than.reset();
  // The fit gains more than its start, and so do the neighbours.
  constexpr double kPromising = 1.0 / 3;
  std::optional<SourceRecord> second;
  if (start == SplitStart::kHalves) second = halved(first);
  if (start == SplitStart::kPoint) second = with_companion(first, point.model, kPromising * least);
  if (start == SplitStart::kItself) second = with_companion(first, whole.model, kPromising * least);
  if (!second) return false;
  trial.push_back(std::move(first));
  trial.push_back(std::move(*second));
  const SourceRecord &a = trial[around.size()], &b = trial.back();
  Group two, all;
  for (std::size_t k = 0; k < trial.size(); ++k) {
    all.members.push_back(static_cast<int>(k));
    if (k >= around.size()) two.members.push_back(static_cast<int>(k));
  }
  const auto gained = [&](const Group& group, double gain) {
    for (const int m : group.members) images_.add(trial[static_cast<std::size_t>(m)].patches, 1);
    JointOptions options = joint_fit_options();
    options.least_improvement = tried.chi2_change() + gain;
    for (const int m : group.members) images_.add(trial[static_cast<std::size_t>(m)].patches, -1);
    fit_group(trial, group, options);
    return inside(a.model.ra, a.model.dec) && inside(b.model.ra, b.model.dec) && a.brightness(false) > 0 &&
           b.brightness(false) > 0 && -tried.chi2_change() > gain &&
           3600 * angular_separation(a.model.ra, a.model.dec, b.model.ra, b.model.dec) >
               o.least_separation_arcsec;
  };
  // Alone first: few gain anything.
  if (around.empty() && !gained(two, least)) return false;
  if (!around.empty() && (!gained(two, kPromising * least) || !gained(all, least))) return false;
  const CountChange change{-tried.chi2_change(), asked_gain(margin, excess_of(whole.patches), share)};
  trial.back().told.by_split = change;
  return change.chi2 > change.asked;
}

// Sources of those `wanted` that are better as two are no more; the two are added, of which the brighter is what the source
// was.
void BlobRun::split(std::vector<SourceRecord>& records, const std::vector<char>& wanted) {
  std::vector<SourceRecord> found, trial;
  constexpr std::size_t kNeighbours = 5;  // that are free while two are tried
  const Neighbourhood near = neighbours(records);
  for (const int i : brightest_first(records, false)) {
    SourceRecord& whole = records[static_cast<std::size_t>(i)];
    // What lies on a halo gains by a second source what it gained by its background.
    if (!wanted[static_cast<std::size_t>(i)] || !may_be_fitted_together(whole) || whole.from_catalog ||
        whole.forced_point_source || whole.fit_background)
      continue;
    before_source();
    std::vector<int> around;
    for (const Neighbour& t : near.of[static_cast<std::size_t>(i)])
      if (records[static_cast<std::size_t>(t.record)].alive && around.size() < kNeighbours)
        around.push_back(t.record);
    {
      ImageTrial tried(images_);
      bool two = false;
      for (const SplitStart start : {SplitStart::kHalves, SplitStart::kPoint, SplitStart::kItself}) {
        two = is_two(records, i, around, start, tried, trial);
        if (two) break;
        tried.roll_back();
      }
      if (!two) continue;
      tried.keep();
    }
    SourceRecord &a = trial[around.size()], &b = trial.back();
    if (b.brightness(false) > a.brightness(false)) {
      std::swap(a.model, b.model);
      std::swap(a.patches, b.patches);
      std::swap(a.on_windows, b.on_windows);
    }
    start_here(b);
    a.split_from = b.split_from = i;
    a.told = {};
    a.told.by_split = b.told.by_split;
    for (SourceRecord* half : {&a, &b}) half->is_new = true;
    whole.alive = false;
    whole.told.fate = SourceFate::kTwo;
    const SourcePatches gone = std::exchange(whole.patches, {});
    for (std::size_t k = 0; k < around.size(); ++k) {
      SourceRecord& r = records[static_cast<std::size_t>(around[k])];
      const SourcePatches old = std::move(r.patches);
      r = std::move(trial[k]);
      becomes_felt(records, around[k], old);
    }
    unsettle(records, gone);
    found.push_back(std::move(a));
    found.push_back(std::move(b));
  }
  std::move(found.begin(), found.end(), std::back_inserter(records));
}

// Of two, from record `first` on, of which one has not stayed, the one that they were comes back as it was. Whether there
// was any.
bool BlobRun::rejoin(std::vector<SourceRecord>& records, std::size_t first) {
  bool any = false;
  for (std::size_t i = first; i + 1 < records.size(); i += 2) {
    SourceRecord &a = records[i], &b = records[i + 1];
    if (a.alive && b.alive) continue;
    for (SourceRecord* half : {&a, &b}) {
      if (half->alive) {
        images_.add(half->patches, 1);
        half->told.fate = SourceFate::kOneAgain;
      }
      half->patches.clear();
      half->alive = false;
    }
    SourceRecord& whole = records[static_cast<std::size_t>(a.split_from)];
    whole.alive = true;
    whole.told.fate = SourceFate::kStays;
    whole.is_new = true;
    draw_on_windows(whole);
    images_.add(whole.patches, -1);
    any = true;
  }
  return any;
}

}  // namespace brickline
