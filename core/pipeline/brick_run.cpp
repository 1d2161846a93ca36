#include "core/pipeline/brick_run.h"

#include <tbb/global_control.h>
#include <tbb/task_arena.h>

#include <nlohmann/json.hpp>
#include <optional>

#include "core/base/atomic_file.h"
#include "core/base/error.h"
#include "core/pipeline/done.h"
#include "core/pipeline/nothing_to_do.h"
#include "core/pipeline/run_header.h"
#include "core/pipeline/stage_blobmask.h"
#include "core/pipeline/stage_halos.h"
#include "core/pipeline/stage_outliers.h"
#include "core/pipeline/stage_tims.h"
#include "core/pipeline/stages.h"

namespace brickline {
namespace {

ResourceUse since(const ResourceUse& start) {
  ResourceUse now = resource_use();
  now.wall_seconds -= start.wall_seconds;
  now.cpu_seconds -= start.cpu_seconds;
  return now;
}

void write_marker(const std::filesystem::path& path, const std::string& brick, const std::string& reason) {
  const nlohmann::ordered_json marker = {{"brick", brick}, {"nothing_to_do", reason}};
  write_file_atomically(path, marker.dump(1) + "\n");
}

void count_failures(const std::vector<BlobReport>& blobs, BrickOutcome& outcome, const Log& log) {
  for (const BlobReport& blob : blobs) {
    if (blob.status == BlobStatus::kFailed) {
      ++outcome.failed_blobs;
      log.warning("blob {} (x {}:{} y {}:{}, {} sources) could not be fitted: {}", blob.blob, blob.box.x0,
                  blob.box.x1, blob.box.y0, blob.box.y1, blob.sources, blob.message);
    } else if (blob.failed_sources > 0) {
      outcome.failed_sources += blob.failed_sources;
      log.warning("blob {} (x {}:{} y {}:{}): {} of {} sources could not be fitted", blob.blob, blob.box.x0,
                  blob.box.x1, blob.box.y0, blob.box.y1, blob.failed_sources, blob.sources);
    }
  }
}

}  // namespace

BrickOutcome run_brick(const BrickOptions& options, const BrickHooks& hooks, const Log& log) {
  const tbb::global_control limit(tbb::global_control::max_allowed_parallelism, options.threads);
  const std::vector<Stage> plan = plan_stages(options.stages, {options.blob_image, options.blob_mask});

  BrickOutcome outcome;
  outcome.products = ProductSet(options.output_dir);
  std::optional<TimsState> tims;
  std::optional<RefsState> refs;
  std::optional<BlobMask> blob_mask;
  std::optional<SrcsState> srcs;
  std::optional<FitblobsState> fits;
  std::optional<CoaddsState> coadds;
  BrickGeometry geometry;
  try {
    for (const Stage stage : plan) {
      const ResourceUse start = resource_use();
      const std::string_view name = stage_name(stage);
      Progress progress;
      if (hooks.progress)
        progress = [&](std::int64_t done, std::int64_t total) { hooks.progress(name, done, total); };
      if (tims) add_cards_of(stage, options, tims->version_header);
      switch (stage) {
        case Stage::kTims:
          tims = run_tims(options, geometry, progress, log);
          break;
        case Stage::kRefs:
          refs = run_refs(options, *tims, outcome.products, log);
          add_dependency_cards(tims->version_header, refs->dependencies);
          break;
        case Stage::kOutliers:
          run_outliers(options, *tims, tims->images, gaia_pixels(*refs), outcome.products, log);
          break;
        case Stage::kHalos:
          run_halos(halo_stars(refs->catalog, tims->bands), tims->images, log);
          break;
        case Stage::kBlobmask:
          blob_mask = run_blobmask(options, *tims, outcome.products, log);
          break;
        case Stage::kImageCoadds:
          run_image_coadds(options, *tims, *refs, srcs ? &*srcs : nullptr, blob_mask ? &*blob_mask : nullptr,
                           outcome.products, log);
          break;
        case Stage::kSrcs:
          srcs = run_srcs(options, *tims, *refs, tims->images, log);
          if (srcs->detection.sources.empty()) throw NothingToDo("no source passes the detection threshold");
          write_detected_sources(options, *tims, *srcs, refs->catalog, outcome.products);
          break;
        case Stage::kFitblobs:
          fits = run_fitblobs(options, *tims, *refs, *srcs, progress, log);
          write_explanations(options, *tims, *fits, log);
          count_failures(fits->fitted.blobs, outcome, log);
          if (fits->fitted.sources.empty()) throw NothingToDo("no source is significant once fitted");
          break;
        case Stage::kCoadds:
          coadds = run_coadds(options, *tims, *refs, *srcs, *fits, outcome.products, log);
          break;
        case Stage::kWritecat:
          run_writecat(options, *tims, *refs, *srcs, *coadds, outcome.products, log);
          break;
      }
      if (hooks.stage_done) hooks.stage_done(name, since(start));
    }
  } catch (const NothingToDo& nothing) {
    outcome.nothing = nothing.what();
    write_marker(nothing_marker(options.output_dir, geometry.name), geometry.name, outcome.nothing);
  }
  // What a run of before, with other data, may have left.
  if (outcome.nothing.empty() && plan.back() == Stage::kWritecat) {
    std::error_code not_there;
    std::filesystem::remove(nothing_marker(options.output_dir, geometry.name), not_there);
  }
  outcome.brick = geometry.name;
  return outcome;
}

}  // namespace brickline
