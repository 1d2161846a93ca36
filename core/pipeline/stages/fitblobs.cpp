#include "core/pipeline/stages/fitblobs.h"

#include <algorithm>
#include <cmath>

#include "core/base/error.h"
#include "core/base/threads.h"
#include "core/blobs/blob_fitter.h"
#include "core/blobs/blob_subset.h"
#include "core/fits/fits_reader.h"
#include "core/model/light_share.h"
#include "core/pipeline/blob_journal.h"
#include "core/pipeline/explain_page.h"
#include "core/pipeline/frozen_galaxies.h"
#include "core/pipeline/memory_forecast.h"
#include "core/survey/provenance.h"

namespace brickline {
namespace {

BlobSubset subset_of(const BlobChoice& options, const Wcs& brick, const Log& log) {
  BlobSubset subset;
  subset.first = options.first_blob;
  subset.count = options.blob_count;
  subset.numbers = options.blob_numbers;
  subset.at = options.blobs_at;
  for (const auto& [ra, dec] : options.blobs_at_sky) {
    const auto at = brick.sky_to_pixel(ra, dec);
    if (!at || std::abs(at->x) > 1e6 || std::abs(at->y) > 1e6) {
      log.warning("the position {} {} is not near the brick", ra, dec);
      continue;
    }
    subset.at.push_back({static_cast<int>(std::nearbyint(at->x)), static_cast<int>(std::nearbyint(at->y))});
  }
  return subset;
}

BlobFitOptions fit_options(const DetectionChoice& detection, const FitWay& way, const FittingChoice& fitting,
                           const MetricsOptions& metrics, const ExplainOptions& explain) {
  BlobFitOptions fit;
  fit.detection.nsigma = fitting.iterative_nsigma.value_or(detection.nsigma);
  fit.iterative = fitting.iterative;
  fit.segmentation = fitting.segmentation;
  fit.reoptimize = fitting.reoptimize;
  fit.joint = way.joint();
  fit.fit.render.profiles = way.profiles();
  fit.together.composites = fitting.bulge_disk_of_all ? CompositeTrials::kAll
                            : fitting.bulge_disk      ? CompositeTrials::kSersic
                                                      : CompositeTrials::kNone;
  fit.galaxy_masking = fitting.galaxy_masking;
  fit.bright_masking = fitting.bright_masking;
  fit.galaxy_forces_point_sources = fitting.galaxy_forces_point_sources;
  fit.background_near_medium_stars = !fitting.less_masking;
  fit.all_model_variances = metrics.metrics;
  fit.accounts = !explain.explain_blobs.empty();
  return fit;
}

// Large galaxies whose parameters are taken from their catalog, with the pixels of their masks.
std::vector<FrozenGalaxy> frozen_galaxies(const ReferenceCatalog& references, const SourceList& sources,
                                          const Wcs& brick, GalaxyProfiles profiles) {
  std::vector<FrozenGalaxy> out;
  for (const int r : frozen_rows(references)) {
    const ReferenceObject& row = references.rows[r];
    FrozenGalaxy galaxy;
    const auto of_row = std::ranges::find(sources, r, &DetectedSource::reference_row);
    if (of_row != sources.end()) galaxy.source = static_cast<int>(of_row - sources.begin());
    galaxy.model = *row.model;
    convert_fluxes(galaxy.model, GalaxyProfiles::kReference, profiles);
    galaxy.x = row.x;
    galaxy.y = row.y;
    galaxy.box = Box::from_size(brick.width(), brick.height());
    galaxy.footprint = reference_mask({&row, 1}, brick);
    out.push_back(std::move(galaxy));
  }
  return out;
}

// The catalog's stars whose masks sources are fitted over a background in.
std::vector<MaskedStar> masked_stars(const ReferenceCatalog& catalog, const SourceList& sources) {
  std::vector<int> source_of(catalog.rows.size(), -1);
  for (std::size_t s = 0; s < sources.size(); ++s)
    if (const int row = sources[s].reference_row; row >= 0)
      source_of[static_cast<std::size_t>(row)] = static_cast<int>(s);
  std::vector<MaskedStar> out;
  for (std::size_t i = 0; i < catalog.rows.size(); ++i)
    if (const ReferenceObject& row = catalog.rows[i]; (row.is_bright || row.is_medium) && row.radius > 0)
      out.push_back({row.ra, row.dec, 3600.0 * row.radius, source_of[i]});
  return out;
}

// What went wrong, blob by blob.
std::vector<Failure> failures_of(const std::vector<BlobReport>& blobs, const Log& log) {
  std::vector<Failure> failures;
  for (const FailureSummary::Item& item : summarize_failures(blobs).items) {
    log.warning("{} could not be fitted: {}", item.what, item.reason);
    failures.push_back({item.what, item.reason});
  }
  return failures;
}

struct Unfitted {
  std::int64_t blobs = 0, pixels = 0;
};
Unfitted unfitted(const std::vector<BlobReport>& blobs) {
  Unfitted out;
  for (const BlobReport& blob : blobs) {
    if (blob.status != BlobStatus::kBailedOut) continue;
    ++out.blobs;
    out.pixels += blob.pixels;
  }
  return out;
}

// Sources that are not measured are missed by whoever does not know why.
void tell_of_large_blobs(const BlobMap& map, std::int64_t most_pixels, const Log& log) {
  if (most_pixels <= 0) return;
  std::int64_t count = 0, largest = 0;
  for (const Blob& blob : map.blobs) {
    if (blob.pixels <= most_pixels) continue;
    ++count;
    largest = std::max<std::int64_t>(largest, blob.pixels);
  }
  if (count > 0)
    log.warning(
        "{} of {} blobs are larger than the {} pixels of --max-blobsize and are not fitted (the largest has {})",
        count, map.blobs.size(), most_pixels, largest);
}

// Where the images lie in the brick, pixels.
std::vector<Box> footprints(const BlobFitInput& input) {
  std::vector<Box> out;
  for (const CcdImage& image : input.images) {
    const Box data = image.data.box();
    double x0 = 1e9, x1 = -1e9, y0 = 1e9, y1 = -1e9;
    for (const double x : {0.0, data.x1 - 1.0})
      for (const double y : {0.0, data.y1 - 1.0}) {
        const SkyPosition sky = image.wcs.pixel_to_sky(x, y);
        const auto at = input.brick.sky_to_pixel(sky.ra, sky.dec);
        if (!at) continue;
        x0 = std::min(x0, at->x), x1 = std::max(x1, at->x);
        y0 = std::min(y0, at->y), y1 = std::max(y1, at->y);
      }
    if (x0 > x1 || y0 > y1) continue;
    out.push_back({static_cast<int>(std::floor(x0)), static_cast<int>(std::ceil(x1)) + 1,
                   static_cast<int>(std::floor(y0)), static_cast<int>(std::ceil(y1)) + 1});
  }
  return out;
}

// Whether --sub-blobs would cut a blob that is fitted as a whole.
bool can_be_cut(const BlobFitInput& input, const BlobTask& task) {
  if (input.plan.parts || task.part >= 0) return false;
  PlanOptions in_parts = input.plan;
  in_parts.parts = true;
  const BlobPlan plan =
      plan_blobs(*input.blobs, input.brick, in_parts, {input.sources, input.reference_mask, input.frozen});
  return std::ranges::any_of(plan.tasks,
                             [&](const BlobTask& t) { return t.blob == task.blob && t.part >= 0; });
}

// The sources, which decide what joint fits take, were not known when the run's memory was foretold. As many blobs are
// fitted at once as there is memory for. Error (kResources) if there is not enough for one of them, even with the images in
// a file.
std::optional<BlobBudget> budget_of_joint_fits(const BlobFitInput& input, const BlobPlan& plan,
                                               RunContext& run) {
  constexpr double kReserve = 1.5;  // the forecast may be a third too low
  const std::vector<Box> images = footprints(input);
  BlobBudget out;
  for (const BlobTask& task : plan.tasks) {
    double seen = 0;
    for (const Box& image : images)
      seen +=
          static_cast<double>(intersection(image, task.box).area()) / static_cast<double>(task.box.area());
    out.bytes.push_back(forecast_joint_fit(task, seen));
  }
  const std::int64_t all = forecast_joint_fits(out.bytes, usable_threads());
  if (out.bytes.empty()) return {};
  run.log.info(
      "joint fits will need some {} MB (the largest blob alone {}) beside what was foretold for stage fitblobs",
      all / 1'000'000, *std::ranges::max_element(out.bytes) / 1'000'000);
  if (!run.most_memory) return {};
  for (std::int64_t& bytes : out.bytes) bytes = std::llround(kReserve * static_cast<double>(bytes));
  MemoryQuestion question;
  question.brick_pixels = input.brick.width() * std::int64_t{input.brick.height()};
  question.bands = static_cast<int>(std::ssize(input.bands));
  for (const CcdImage& image : input.images) question.image_pixels += image.data.box().area();
  question.threads = usable_threads();
  question.images_in_file = run.pixel_file != nullptr;
  const auto beside = [&] { return forecast_memory(question).of("fitblobs"); };
  const auto largest = std::ranges::max_element(out.bytes);
  if (beside() + *largest > *run.most_memory && !question.images_in_file) {
    question.images_in_file = true;
    if (beside() + *largest <= *run.most_memory) {
      run.log.info("the images are kept in a file from here on, for what joint fits need");
      run.pixel_file = std::make_unique<PixelFile>(run.output_dir, run.brick, *run.most_memory);
      run.images_to_file();
    }
  }
  out.most = *run.most_memory - beside();
  out.of_helper = kJointThreadBytes;
  if (*largest > out.most) {
    const BlobTask& task = plan.tasks[static_cast<std::size_t>(largest - out.bytes.begin())];
    const std::int64_t whole = beside() + *largest;
    throw resource_error(
        "the joint fit of the blob at pixels {}:{},{}:{}, of {} sources, may need {} MB of memory with all that stage "
        "fitblobs needs, and --max-memory-gb allows {}: allow {:.2f} GB, {}leave out the largest blobs (--max-blobsize), make "
        "the region smaller (--zoom), or fit one source after the other (--fit reference)",
        task.box.x0, task.box.x1, task.box.y0, task.box.y1, task.sources.size(), whole / 1'000'000,
        *run.most_memory / 1'000'000, static_cast<double>(whole) / 1e9 + 0.005,
        can_be_cut(input, task) ? "cut it into parts (--sub-blobs), " : "");
  }
  if (forecast_joint_fits(out.bytes, usable_threads()) > out.most)
    run.log.info("fewer blobs than threads are fitted at once where --max-memory-gb allows no more");
  return out;
}

// The last blob in the catalog that an earlier run with the same options has left; nothing, if there is no such catalog.
std::optional<int> last_blob_of_finished(const RunContext& run) {
  const std::filesystem::path catalog = run.path_of(Product::kTractorIntermediate);
  std::error_code code;
  if (!std::filesystem::exists(catalog, code)) return {};
  try {
    fits::FitsReader reader(catalog);
    if (reader.header(0).text("CMDLINE") != run.command_line) return {};
    const std::vector<double> blobs = reader.table(1).numbers("blob");
    return blobs.empty() ? -1 : static_cast<int>(std::ranges::max(blobs));
  } catch (const Error&) {
    return {};  // it is made anew
  }
}

}  // namespace

void check_fitblobs(const ExplainOptions& explain, RunContext& run) {
  for (const std::string& which : explain.explain_blobs) check_blob_name(which);
  if (explain.explain_blobs.empty()) return;
  if (const auto last = last_blob_of_finished(run)) check_blob_numbers(explain.explain_blobs, *last);
}

Outcome<Fits> run_fitblobs(const DetectionChoice& detection, const FitWay& way, const FittingChoice& fitting,
                           const BlobChoice& choice, const MetricsOptions& metrics,
                           const ExplainOptions& explain, const BailOutOptions& bail_out,
                           const Selection& selection, const References& references,
                           const SourcesFound& sources,
                           const EditedImages<OutlierEdits, HaloEdits, SkyEdits>& images, RunContext& run) {
  BlobFitInput input;
  input.images = images.images;
  input.brick = selection.brick.wcs;
  input.bands = selection.bands;
  input.seds = sources.detection.seds;
  input.blobs = &sources.detection.blobs;
  input.sources = &sources.detection.sources;
  input.all_blobs = &sources.detection.blobs;
  input.bright = sources.detection.bright.const_view();
  input.reference_mask = references.mask.const_view();
  const std::vector<MaskedStar> masked = masked_stars(references.catalog, sources.detection.sources);
  input.masked_stars = masked;
  if (!selection.brick.custom) input.plan.unique_area = selection.brick.unique_area;
  input.plan.max_blob_pixels = fitting.max_blob_pixels;
  input.plan.parts = fitting.sub_blobs;

  const std::vector<FrozenGalaxy> frozen =
      frozen_galaxies(references.catalog, sources.detection.sources, selection.brick.wcs, way.profiles());
  input.frozen = frozen;

  BlobMap chosen_blobs;
  SourceList chosen_sources;
  if (const BlobSubset subset = subset_of(choice, selection.brick.wcs, run.log); subset.chooses()) {
    chosen_blobs = sources.detection.blobs;
    chosen_sources = sources.detection.sources;
    keep_blobs(chosen_blobs, chosen_sources, choose_blobs(chosen_blobs, subset, run.log));
    input.blobs = &chosen_blobs;
    input.sources = &chosen_sources;
    input.plan.only_parts_at = subset.at;
  }
  check_blob_numbers(explain.explain_blobs, static_cast<int>(std::ssize(input.blobs->blobs)) - 1);
  tell_of_large_blobs(*input.blobs, fitting.max_blob_pixels, run.log);
  BlobFitHooks hooks;
  if (run.progress)
    hooks.progress = [&](const BlobReport&, int done, int total) { run.progress(done, total); };
  std::optional<BlobJournal> journal;
  if (!run.checkpoint.file.empty()) {
    const bool use_old = !run.stage_forced || bail_out.bail_out;
    journal.emplace(BlobJournal::Settings{run.checkpoint.file, run.checkpoint.period_seconds, use_old},
                    run.stage_key, run.log);
    hooks.memory = &*journal;
  }
  BlobFitOptions how = fit_options(detection, way, fitting, metrics, explain);
  how.no_more = bail_out.bail_out;
  how.fit.cancel = run.cancel;
  if (how.joint && !how.no_more)
    hooks.budget = [&](const BlobPlan& plan) { return budget_of_joint_fits(input, plan, run); };
  Fits out;
  out.fitted = fit_blobs(input, how, hooks, run.log);
  const Unfitted left = unfitted(out.fitted.blobs);
  if (left.blobs > 0)
    run.log.warning("{} blobs of {} pixels are not fitted: --bail-out", left.blobs, left.pixels);
  write_explanations(explain, how, selection, out.fitted, run);

  std::vector<Failure> failures = failures_of(out.fitted.blobs, run.log);
  if (out.fitted.sources.empty() && failures.empty() && left.blobs == 0)
    return Nothing{"no source is significant once fitted"};
  const std::int64_t cut_short = std::ranges::count(out.fitted.blobs, true, &BlobReport::cut_short);
  Outcome<Fits> outcome(std::move(out));
  outcome.cards.set("GALFRPSF", fitting.galaxy_forces_point_sources, "point sources only in large galaxies?");
  outcome.cards.set("LESSMASK", fitting.less_masking, "no background near medium-bright stars?");
  add_dchisq_cards(outcome.cards);
  outcome.cards.set("NFAILED", static_cast<std::int64_t>(failures.size()), "items that could not be fitted");
  if (left.blobs > 0) outcome.cards.set("NBAILOUT", left.blobs, "blobs that were not to be fitted");
  if (cut_short > 0) outcome.cards.set("NCUT", cut_short, "blobs whose joint fit took all the work it may");
  outcome.failures = std::move(failures);
  return outcome;
}

}  // namespace brickline
