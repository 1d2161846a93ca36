// A plan on one machine: rounds, one after another, until no item waits.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "core/base/log.h"
#include "core/campaign/plan_files.h"

namespace brickline {

struct LocalRunSettings {
  int slots = 1;               // items at once
  int threads = 1;             // of each
  std::int64_t budget_mb = 0;  // 0: no limit
  std::function<int()> asked_to_end;
};

struct LocalRunResult {
  std::int64_t done = 0, nothing = 0, given_up = 0, left = 0;  // items of the plan
  std::string interrupted;  // why it ended before the plan; empty: it did not
};

// Two of them at once do nothing twice: the second ends, and says who is at it. One that was killed leaves nothing that
// the next would not find: items of its round wait again.
LocalRunResult run_locally(const PlanFiles& plan, const LocalRunSettings& settings, const Log& log);

// Carries out one bundle of a round (what `survey task` does). What an earlier start of the same task has ended is
// passed over.
struct TaskResult {
  std::int64_t done = 0, nothing = 0, failed = 0, left = 0;
  std::string interrupted;
};
TaskResult run_task(const PlanFiles& plan, int round, int task, const LocalRunSettings& settings,
                    const Log& log);

// What this machine has to give, 10^6 bytes: what is available now, within the limit of the control group.
std::int64_t available_memory_mb();

}  // namespace brickline
