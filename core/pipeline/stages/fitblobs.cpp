#include "core/pipeline/stages/fitblobs.h"

#include <algorithm>
#include <cmath>

#include "core/base/threads.h"
#include "core/blobs/blob_fitter.h"
#include "core/blobs/blob_subset.h"
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

BlobFitOptions fit_options(const DetectionChoice& detection, const FittingChoice& fitting,
                           const MetricsOptions& metrics, const ExplainOptions& explain) {
  BlobFitOptions fit;
  fit.detection.nsigma = fitting.iterative_nsigma.value_or(detection.nsigma);
  fit.iterative = fitting.iterative;
  fit.segmentation = fitting.segmentation;
  fit.reoptimize = fitting.reoptimize;
  fit.joint = fitting.joint();
  fit.fit.render.profiles = fitting.profiles();
  fit.together.composites = fitting.bulge_disk;
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

// The sources, which decide it, were not known when the run's memory was foretold.
void tell_of_memory(const BlobFitInput& input, const RunContext& run) {
  std::int64_t image_pixels = 0;
  for (const CcdImage& image : input.images) image_pixels += image.data.box().area();
  const double brick_pixels = static_cast<double>(input.brick.width()) * input.brick.height();
  const std::int64_t bytes =
      forecast_joint_fits(*input.blobs, static_cast<double>(image_pixels) / brick_pixels, usable_threads());
  run.log.info("joint fits will need some {} MB beside what was foretold for stage fitblobs",
               bytes / 1'000'000);
  if (!run.most_memory) return;
  MemoryQuestion question;
  question.brick_pixels = input.brick.width() * std::int64_t{input.brick.height()};
  question.bands = static_cast<int>(std::ssize(input.bands));
  question.image_pixels = image_pixels;
  question.threads = usable_threads();
  question.images_in_file = run.pixel_file != nullptr;
  const std::int64_t all = bytes + forecast_memory(question).of("fitblobs");
  if (all > *run.most_memory)
    run.log.warning(
        "joint fits, with what stage fitblobs needs beside them, will need some {} MB, and --max-memory-gb allows {}: the "
        "run goes on and may take more; fewer threads take less",
        all / 1'000'000, *run.most_memory / 1'000'000);
}

}  // namespace

void check_fitblobs(const ExplainOptions& explain, RunContext&) {
  for (const std::string& which : explain.explain_blobs) check_blob_name(which);
}

Outcome<Fits> run_fitblobs(const DetectionChoice& detection, const FittingChoice& fitting,
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
  input.reference_mask = references.mask.const_view();
  if (!selection.brick.custom) input.plan.unique_area = selection.brick.unique_area;
  input.plan.max_blob_pixels = fitting.max_blob_pixels;
  input.plan.parts = fitting.sub_blobs;

  const std::vector<FrozenGalaxy> frozen =
      frozen_galaxies(references.catalog, sources.detection.sources, selection.brick.wcs, fitting.profiles());
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
  BlobFitOptions how = fit_options(detection, fitting, metrics, explain);
  how.no_more = bail_out.bail_out;
  how.fit.cancel = run.cancel;
  if (how.joint) tell_of_memory(input, run);
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
