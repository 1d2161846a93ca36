#include "core/pipeline/brick_run.h"

#include <tbb/global_control.h>

#include "core/base/error.h"
#include "core/pipeline/done.h"
#include "core/pipeline/option_table.h"
#include "core/pipeline/stage_table.h"

namespace brickline {

BrickOutcome run_brick(const BrickOptions& options, const BrickHooks& hooks, const Log& log) {
  check_options(options);
  const SoftwareIdentity software = this_software();
  NoState store;
  const Plan plan = make_plan(stage_table(), options, software, store);
  const tbb::global_control limit(tbb::global_control::max_allowed_parallelism,
                                  static_cast<std::size_t>(options.control.threads));
  RunContext context = make_run_context(options, log);
  context.brick = brick_name(options.region);
  check_output_directory(context.output_dir);
  std::vector<const StageSpec*> running;
  for (const PlannedStage& stage : plan.stages)
    if (!stage.from_state) running.push_back(stage.spec);
  for (const StageSpec* stage : running)
    if (stage->check) stage->check(options, context);
  remove_stale_products(running, options, log);

  const RunResult result = run(plan, options, store, context, hooks);
  BrickOutcome outcome;
  outcome.brick = context.brick;
  outcome.products = std::move(context.products);
  outcome.failures = result.failures;
  if (result.status == RunResult::Status::kNothing) {
    outcome.nothing = result.why;
    write_nothing_marker(context, result.why);
  }
  return outcome;
}

std::string plan_of_brick(const BrickOptions& options) {
  check_options(options);
  NoState store;
  return plan_text(make_plan(stage_table(), options, this_software(), store));
}

}  // namespace brickline
