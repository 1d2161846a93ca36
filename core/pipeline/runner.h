// Carries out a plan. Knows no stage by name.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>

#include "core/base/cancel.h"
#include "core/base/resources.h"
#include "core/pipeline/plan.h"
#include "core/pipeline/state_store.h"

namespace brickline {

// A stage that has ended, while what it has made is still at hand.
struct StageEvent {
  const PlannedStage& stage;
  const StageResult& result;
  const ArtifactSet& artifacts;
  const fits::Header& header;  // the cards of the run so far
};

struct BrickHooks {
  // Before each stage; its number in the plan, from 1.
  std::function<void(std::string_view stage, std::size_t number, std::size_t stages)> stage_begins;
  // After each stage: its name and what it used (peak_bytes: of the process so far).
  std::function<void(std::string_view stage, const ResourceUse& used)> stage_done;
  // Before that: what it has made.
  std::function<void(const StageEvent& event)> stage_made;
  // Artifacts that stage_made wants to see, even where no later stage needs them.
  std::set<std::string_view> wanted;
  // Who gave each option, by flag: for the page of the run.
  std::map<std::string, std::string, std::less<>> option_origins;
  // While a stage runs.
  std::function<void(std::string_view stage, std::int64_t done, std::int64_t total)> progress;
  // The run is to end before it is done.
  Cancel cancel;
};

struct RunResult {
  enum class Status { kDone, kNothing, kInterrupted };
  Status status = Status::kDone;
  std::string why;  // there is nothing to do; or, in which stage the run was interrupted
  std::vector<Failure> failures;
};

// Runs the stages of the plan one after another. Images are edited as stages need them, and let go, like
// every artifact, after the last stage that needs them. Where items failed, "nothing to do" is not believed:
// the run ends with an Error (kInternal) that says what failed, rather than with an empty brick. Asked to end
// (RunContext::cancel), it does so between two stages, or wherever a stage throws Interrupted; what the stages
// before have made is saved by then.
RunResult run(const Plan& plan, const BrickOptions& options, StateStore& store, RunContext& context,
              const BrickHooks& hooks = {});

}  // namespace brickline
