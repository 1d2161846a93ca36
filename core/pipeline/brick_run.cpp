#include "core/pipeline/brick_run.h"

#include <tbb/global_control.h>

#include <cmath>

#include "core/base/error.h"
#include "core/pipeline/done.h"
#include "core/pipeline/option_table.h"
#include "core/pipeline/run_recorder.h"
#include "core/pipeline/stage_table.h"
#include "core/pipeline/state_store_files.h"

namespace brickline {

namespace {

// Which stages are taken from their state, and why others that have one are not.
void tell(const Plan& plan, const Log& log) {
  for (const PlannedStage& stage : plan.stages)
    if (stage.from_state)
      log.info("stage {:<12} is taken from its state, {}", stage.spec->name, stage.why);
    else if (stage.state_refused)
      log.info("stage {} runs: {}", stage.spec->name, stage.why);
    else
      log.debug("stage {} runs: {}", stage.spec->name, stage.why);
}

// Whether the run has come to the end of the brick.
bool is_last(const Plan& plan, const RunResult& result) {
  return result.status == RunResult::Status::kNothing ||
         (!plan.stages.empty() && plan.stages.back().spec->name == last_stage(stage_table()));
}

}  // namespace

BrickOutcome run_brick(const BrickOptions& options, const BrickHooks& hooks, const Log& log) {
  check_options(options);
  const SoftwareIdentity software = this_software();
  StateFiles store(state_settings(stage_table(), options, brick_name(options.region)), artifact_codecs(),
                   log);
  const Plan plan = make_plan(stage_table(), options, software, store);
  tell(plan, log);
  const tbb::global_control limit(tbb::global_control::max_allowed_parallelism,
                                  static_cast<std::size_t>(options.control.threads));
  std::optional<RunRecorder> recorder;
  if (options.control.page) recorder.emplace(options, log);
  RunContext context = make_run_context(options, recorder ? recorder->log() : log);
  context.brick = brick_name(options.region);
  if (const auto most = options.control.max_memory_gb) context.most_memory = std::llround(*most * 1e9);
  check_output_directory(context.output_dir);
  std::vector<const StageSpec*> running;
  for (const PlannedStage& stage : plan.stages)
    if (!stage.from_state) running.push_back(stage.spec);
  for (const StageSpec* stage : running)
    if (stage->check) stage->check(options, context);
  remove_stale_products(running, options, log, store.products());

  const RunResult result =
      recorder ? recorder->watch(context, plan,
                                 [&] { return run(plan, options, store, context, recorder->hooks(hooks)); })
               : run(plan, options, store, context, hooks);
  BrickOutcome outcome;
  outcome.brick = context.brick;
  outcome.products = std::move(context.products);
  outcome.failures = result.failures;
  if (result.status == RunResult::Status::kNothing) {
    outcome.nothing = result.why;
    write_nothing_marker(context, result.why);
  }
  // What is there is whole: there is nothing to go on with, and what failed is to be tried again.
  if (!options.control.keep_state && is_last(plan, result)) store.remove_all(stage_table());
  return outcome;
}

std::string plan_of_brick(const BrickOptions& options) {
  check_options(options);
  StateFiles store(state_settings(stage_table(), options, brick_name(options.region)), artifact_codecs(), {});
  return plan_text(make_plan(stage_table(), options, this_software(), store));
}

}  // namespace brickline
