#include "core/pipeline/brick_run.h"

#include <tbb/global_control.h>
#include <tbb/task_arena.h>

#include <nlohmann/json.hpp>
#include <optional>

#include "core/base/atomic_file.h"
#include "core/base/error.h"
#include "core/pipeline/nothing_to_do.h"
#include "core/pipeline/stage_tims.h"
#include "core/pipeline/stages.h"
#include "core/survey/products.h"

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

}  // namespace

BrickOutcome run_brick(const BrickOptions& options, const BrickHooks& hooks, const Log& log) {
  const tbb::global_control limit(tbb::global_control::max_allowed_parallelism, options.threads);
  const std::vector<Stage> plan = plan_stages(options.stages);

  BrickOutcome outcome;
  outcome.products = ProductSet(options.output_dir);
  std::optional<TimsState> tims;
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
      switch (stage) {
        case Stage::kTims:
          tims = run_tims(options, geometry, progress, log);
          break;
        case Stage::kImageCoadds:
          run_image_coadds(options, *tims, outcome.products, log);
          break;
        case Stage::kSrcs:
          srcs = run_srcs(options, *tims, tims->images, log);
          if (srcs->detection.sources.empty()) throw NothingToDo("no source passes the detection threshold");
          write_detected_sources(options, *tims, *srcs, {}, outcome.products);
          break;
        case Stage::kFitblobs:
          fits = run_fitblobs(options, *tims, *srcs, progress, log);
          for (const BlobReport& blob : fits->fitted.blobs)
            if (blob.status == BlobStatus::kFailed) {
              ++outcome.failed_blobs;
              log.warning("blob {} (x {}:{} y {}:{}, {} sources) could not be fitted: {}", blob.blob,
                          blob.box.x0, blob.box.x1, blob.box.y0, blob.box.y1, blob.sources, blob.message);
            }
          if (fits->fitted.sources.empty()) throw NothingToDo("no source is significant once fitted");
          break;
        case Stage::kCoadds:
          coadds = run_coadds(options, *tims, *srcs, *fits, outcome.products, log);
          break;
        case Stage::kWritecat:
          run_writecat(options, *tims, *srcs, *coadds, outcome.products, log);
          break;
      }
      if (hooks.stage_done) hooks.stage_done(name, since(start));
    }
  } catch (const NothingToDo& nothing) {
    outcome.nothing = nothing.what();
    ProductKey key;
    key.brick = geometry.name;
    const std::filesystem::path catalog = options.output_dir / product_path(Product::kTractor, key);
    write_marker(catalog.parent_path() / ("nothing-" + geometry.name + ".json"), geometry.name,
                 outcome.nothing);
  }
  outcome.brick = geometry.name;
  return outcome;
}

}  // namespace brickline
