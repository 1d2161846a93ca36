#include "core/pipeline/brick_run.h"

#include <tbb/global_control.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <iterator>

#include "core/base/atomic_file.h"
#include "core/base/error.h"
#include "core/pipeline/brick_lock.h"
#include "core/pipeline/done.h"
#include "core/pipeline/leftovers.h"
#include "core/pipeline/option_table.h"
#include "core/pipeline/run_recorder.h"
#include "core/pipeline/stage_table.h"
#include "core/pipeline/state_path.h"
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

Checkpoint checkpoint_of(const ControlOptions& control, const std::string& brick) {
  Checkpoint out{control.checkpoint, control.checkpoint_period_seconds};
  const bool state_is_written = !control.no_write || !control.write_stages.empty();
  if (out.file.empty() && state_is_written)
    out.file = journal_path(control.output_dir, control.state_pattern, brick);
  return out;
}

// The first product that is not what was written; empty: all are.
std::string changed_product(const ProductSet& products) {
  for (const ProductSet::Entry& product : products.entries()) {
    std::ifstream in(products.output_dir() / product.path, std::ios::binary);
    if (!in || sha256_hex(std::string(std::istreambuf_iterator<char>(in), {})) != product.sha256)
      return product.path;
  }
  return {};
}

// What there is to go on from has served its purpose.
void remove_state(StateFiles& store, const Checkpoint& checkpoint) {
  if (!checkpoint.file.empty()) {
    std::error_code code;
    std::filesystem::remove(checkpoint.file, code);
  }
  store.remove_all(stage_table());
}

// How the run is gone on with after stage `at`.
std::string how_to_go_on(const ControlOptions& control, const std::string& at) {
  if (control.force_all || !control.force_stages.empty())
    return fmt::format("the same command without --force-all and --force-stage goes on from stage {}", at);
  if (control.no_write && control.write_stages.empty())
    return "no state was to be written: the same command begins anew";
  return fmt::format("the same command goes on from stage {}", at);
}

// Bytes of fits that are kept.
std::uintmax_t size_of(const Checkpoint& checkpoint) {
  std::error_code code;
  const std::uintmax_t size = std::filesystem::file_size(checkpoint.file, code);
  return code ? 0 : size;
}

// Whether nothing is kept of what an interrupted run has done: it ended within the first stage that it ran or before, and
// no step of a fit is new. `before`: bytes of fits that were kept when it began.
bool is_in_vain(const Plan& plan, const std::string& ended_in, const Checkpoint& checkpoint,
                std::uintmax_t before) {
  const auto first = std::ranges::find(plan.stages, false, &PlannedStage::from_state);
  const auto last = std::ranges::find(plan.stages, ended_in, [](const auto& s) { return s.spec->name; });
  return first != plan.stages.end() && !first->forced && last <= first && size_of(checkpoint) <= before;
}

}  // namespace

BrickOutcome run_brick(const BrickOptions& options, const BrickHooks& hooks, const Log& log) {
  check_options(options);
  BrickOutcome outcome;
  outcome.brick = brick_name(options.region);
  const SoftwareIdentity software = this_software();
  NoState nothing;
  make_plan(stage_table(), options, software, nothing);  // names of stages are right, before anything is made
  StateFiles store(state_settings(stage_table(), options, outcome.brick), artifact_codecs(), log);
  const tbb::global_control limit(tbb::global_control::max_allowed_parallelism,
                                  static_cast<std::size_t>(options.control.threads));
  std::optional<RunRecorder> recorder;
  if (options.control.page) recorder.emplace(options, log);
  RunContext context = make_run_context(options, recorder ? recorder->log() : log, hooks.cancel);
  context.brick = outcome.brick;
  if (const auto most = options.control.max_memory_gb) context.most_memory = std::llround(*most * 1e9);
  context.checkpoint = checkpoint_of(options.control, outcome.brick);
  check_output_directory(context.output_dir, outcome.brick);
  const BrickLock::Held held = BrickLock::take(context.output_dir, outcome.brick, log);
  if (!held.lock) {
    outcome.interrupted = fmt::format("{} works on it in {}", held.by, context.output_dir.string());
    return outcome;
  }
  remove_leftovers(context.output_dir, outcome.brick,
                   {store.path("").parent_path(), context.checkpoint.file.parent_path()}, log);
  // What there is counts only now that nobody else changes it.
  const Plan plan = make_plan(stage_table(), options, software, store);
  tell(plan, log);
  std::vector<const StageSpec*> running;
  for (const PlannedStage& stage : plan.stages)
    if (!stage.from_state) running.push_back(stage.spec);
  for (const StageSpec* stage : running)
    if (stage->check) stage->check(options, context);
  remove_stale_products(running, options, log, store.products());

  const std::uintmax_t kept_before = size_of(context.checkpoint);
  const RunResult result =
      recorder ? recorder->watch(context, plan,
                                 [&] { return run(plan, options, store, context, recorder->hooks(hooks)); })
               : run(plan, options, store, context, hooks);
  outcome.brick = context.brick;
  outcome.products = std::move(context.products);
  outcome.failures = result.failures;
  if (result.status == RunResult::Status::kInterrupted) {
    outcome.interrupted =
        fmt::format("interrupted in stage {}: {}", result.why, how_to_go_on(options.control, result.why));
    if (is_in_vain(plan, result.why, context.checkpoint, kept_before))
      context.log.warning(
          "nothing new is kept of this run: one that is to get further must be given longer (--time-limit)");
    return outcome;
  }
  if (result.status == RunResult::Status::kNothing) {
    outcome.nothing = result.why;
    write_nothing_marker(context, result.why);
  }
  if (!is_last(plan, result)) return outcome;
  if (const std::string changed = changed_product(outcome.products); !changed.empty())
    throw Error(ErrorKind::kResources, "the file is no more what was written: the saved state is kept")
        .in_file((context.output_dir / changed).string());
  // What is there is whole: there is nothing to go on with, and what failed is to be tried again.
  if (!options.control.keep_state) remove_state(store, context.checkpoint);
  return outcome;
}

std::string plan_of_brick(const BrickOptions& options) {
  check_options(options);
  StateFiles store(state_settings(stage_table(), options, brick_name(options.region)), artifact_codecs(), {});
  return plan_text(make_plan(stage_table(), options, this_software(), store));
}

}  // namespace brickline
