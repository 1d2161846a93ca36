// Items run one after another, or several at once within a memory budget: what a task does, and a run on one machine.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "core/base/log.h"
#include "core/campaign/frozen_run.h"
#include "core/campaign/plan_files.h"
#include "core/campaign/rounds.h"

namespace brickline {

struct RunnerSettings {
  int round = 0;
  int first_task = 0;          // slot s writes the files of task first_task + s
  int slots = 1;               // items at once
  int threads = 0;             // of each; 0: as the options say
  std::int64_t budget_mb = 0;  // of all that run at once, 10^6 bytes; 0: no limit
  // How many times the process was asked to end: at the first, running items are asked to, and nothing more is begun; at
  // the second they are killed.
  std::function<int()> asked_to_end;
  double control_every_seconds =
      1;  // that it is asked whether somebody wants an end: a file, of many tasks one
};

struct RunnerTally {
  std::int64_t done = 0, nothing = 0, failed = 0, interrupted = 0;
  std::int64_t left = 0;  // not begun, or to be gone on with
  bool asked_to_end = false;
};

// Works through the list in its order; an item whose memory does not fit beside those that run lets later ones go
// first. Beginnings and ends are written to the slots' journals at once, an item that claims to be done is verified
// first (verify.h). `stop` and `drain` (plan_files.h) are heard within two seconds. Error if a journal or log cannot be
// written; what runs is killed then.
RunnerTally run_items(const PlanFiles& plan, const FrozenRun& run, std::vector<WorkItem> work,
                      const RunnerSettings& settings, const Log& log);

// The last line of a part of a log that says something, an error's if there is one.
std::string last_words(const std::filesystem::path& log, std::int64_t begin, std::int64_t end);

}  // namespace brickline
