#include "core/blobs/blob_fitter.h"

#include <tbb/task_group.h>
#include <time.h>

#include <algorithm>
#include <cmath>
#include <mutex>

#include "core/base/error.h"
#include "core/base/first_failure.h"
#include "core/base/threads.h"
#include "core/blobs/blob_run.h"
#include "core/blobs/item_failure.h"
#include "core/blobs/merge.h"
#include "core/blobs/task_queue.h"

namespace brickline {
namespace {

double thread_cpu_seconds() {
  timespec t{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
}

// Whether a result that was kept can be of this task.
bool is_of(const BlobResult& result, const BlobTask& task) {
  return result.report.box == task.box && result.report.pixels == task.pixels &&
         result.report.sources == static_cast<int>(task.sources.size());
}

BlobResult fit_one(const BlobFitInput& input, const BlobTask& task, const BlobFitOptions& options,
                   const BlobFitHooks& hooks, const std::function<bool()>& alone) {
  BlobResult out;
  BlobMemory::Kept kept;
  if (hooks.memory) kept = hooks.memory->recall(task.blob, task.part);
  if (kept.result && is_of(*kept.result, task)) return std::move(*kept.result);
  const double start = thread_cpu_seconds();
  try {
    const auto failure = failure_of_item([&] {
      if (hooks.cancelled && hooks.cancelled()) throw Interrupted();
      options.fit.cancel.stop_if_asked();
      if (options.no_more) {
        out.report.status = BlobStatus::kBailedOut;
        out.report.message = "no more blobs were to be fitted";
        return;
      }
      out = BlobRun(input, task, options, hooks.cancelled, alone, std::move(kept.steps), hooks.memory).run();
    });
    if (failure) {
      out = {};
      out.report.status = BlobStatus::kFailed;
      out.report.message = *failure;
    }
  } catch (const Interrupted&) {
    out = {};
    out.report.status = BlobStatus::kCancelled;
    if (hooks.memory) hooks.memory->interrupted();
  }
  out.report.blob = task.blob;
  out.report.part = task.part;
  out.report.box = task.box;
  out.report.pixels = task.pixels;
  out.report.sources = static_cast<int>(task.sources.size());
  out.report.fitted = static_cast<int>(out.sources.size());
  out.report.cpu_seconds = thread_cpu_seconds() - start;
  const bool worth_keeping =
      out.report.status == BlobStatus::kFitted || out.report.status == BlobStatus::kEmpty;
  if (hooks.memory && worth_keeping) hooks.memory->keep(out);
  return out;
}

}  // namespace

FittedCatalog fit_blobs(const BlobFitInput& given_input, const BlobFitOptions& given,
                        const BlobFitHooks& hooks, const Log& log) {
  BlobFitInput input = given_input;
  const Box brick = Box::from_size(input.brick.width(), input.brick.height());
  if (!input.all_blobs) input.all_blobs = input.blobs;
  if (!input.blobs || !input.sources || input.blobs->labels.box() != brick ||
      input.all_blobs->labels.box() != brick || (!input.bright.empty() && input.bright.box() != brick) ||
      (!input.reference_mask.empty() && input.reference_mask.box() != brick))
    throw internal_error("blobs, sources or masks do not belong to the brick of {} x {} pixels", brick.x1,
                         brick.y1);
  BlobFitOptions options = given;
  if (options.joint)
    options.together.prior.stars = options.together.prior.crowding(*input.sources, input.brick);
  HaloRests rests;
  if (options.joint && !options.no_more) {
    rests = HaloRests(input.images, input.brick, *input.all_blobs, input.bright, *input.sources,
                      input.masked_stars);
    input.halo_rests = &rests;
  }
  const BlobPlan plan =
      plan_blobs(*input.blobs, input.brick, input.plan, {input.sources, input.reference_mask, input.frozen});
  const int count = static_cast<int>(plan.tasks.size());
  std::vector<BlobResult> results(count);
  // Each result has its place. No thread waits for memory: those without a blob help with the others', as with the last.
  TaskQueue queue(count, usable_threads(), hooks.budget ? hooks.budget(plan) : std::nullopt);
  const std::function<bool()> alone = [&] { return queue.can_help(); };
  int done = 0;
  std::mutex mutex;
  FirstFailure failure;
  const auto fit = [&](int i) {
    failure.run(i, [&] {
      results[i] = fit_one(input, plan.tasks[i], options, hooks, alone);
      const std::lock_guard lock(mutex);
      ++done;
      if (hooks.progress) hooks.progress(results[i].report, done, count);
    });
    queue.done(i);
  };
  tbb::task_group group;
  const std::function<void()> start_more = [&] {
    while (const auto i = queue.take())
      group.run([&, i = *i] {
        fit(i);
        start_more();
      });
  };
  start_more();
  group.wait();
  failure.rethrow();
  for (const BlobResult& r : results)
    if (r.report.status == BlobStatus::kCancelled) throw Interrupted();

  FittedCatalog out = merge_results(input, plan, std::move(results));
  for (const BlobReport& r : out.blobs)
    log.debug("blob {}{}: {} of {} sources, {} pixels, {} in {} images, {:.3f} s: {} {}", r.blob,
              r.part < 0 ? "" : fmt::format("-{}", r.part + 1), r.fitted, r.sources, r.pixels, r.image_pixels,
              r.images, r.cpu_seconds, status_name(r.status), r.message);
  const int failed = summarize_failures(out.blobs).blobs;
  const auto left =
      static_cast<int>(std::ranges::count(out.blobs, BlobStatus::kBailedOut, &BlobReport::status));
  log.info("{} sources fitted in {} blobs ({} skipped, {} failed{})", out.sources.size(),
           count - failed - left, plan.skipped.size(), failed,
           left > 0 ? fmt::format(", {} not to be fitted", left) : "");
  int unfinished = 0;
  for (const BlobReport& r : out.blobs) unfinished += r.unfinished;
  if (unfinished > 0)
    log.info("{} of them took all the steps that a fit may, or went as far: they may not be at their best",
             unfinished);
  for (const BlobReport& r : out.blobs)
    if (r.cut_short)
      log.warning("blob {} of {} sources (x {}:{} y {}:{}): {}", r.blob, r.fitted, r.box.x0, r.box.x1,
                  r.box.y0, r.box.y1, r.message);
  return out;
}

}  // namespace brickline
