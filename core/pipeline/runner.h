// Carries out a plan. Knows no stage by name.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "core/base/resources.h"
#include "core/pipeline/plan.h"
#include "core/pipeline/state_store.h"

namespace brickline {

struct BrickHooks {
  // After each stage: its name and what it used (peak_bytes: of the process so far).
  std::function<void(std::string_view stage, const ResourceUse& used)> stage_done;
  // While a stage runs.
  std::function<void(std::string_view stage, std::int64_t done, std::int64_t total)> progress;
};

struct RunResult {
  enum class Status { kDone, kNothing };
  Status status = Status::kDone;
  std::string why;  // there is nothing to do
  std::vector<Failure> failures;
};

// Runs the stages of the plan one after another. Images are edited as stages need them, and let go, like
// every artifact, after the last stage that needs them. Where items failed, "nothing to do" is not believed:
// the run ends with an Error (kInternal) that says what failed, rather than with an empty brick.
RunResult run(const Plan& plan, const BrickOptions& options, StateStore& store, RunContext& context,
              const BrickHooks& hooks = {});

}  // namespace brickline
