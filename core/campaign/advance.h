// One look at a plan: what has ended is judged, rounds that are over are closed, and where the plan is worked on by Slurm
// the next round is submitted.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "core/base/log.h"
#include "core/campaign/command.h"
#include "core/campaign/plan_files.h"

namespace brickline {

struct AdvanceSettings {
  std::optional<int> after;    // this round is known to be over, if none of its tasks is alive
  bool submits = true;         // the next round, if the plan has a site.toml and nobody asked for an end
  bool lifts_control = false;  // an end that was asked for before is no matter any more
  bool waits = false;  // for locks of tasks that may have died elsewhere, and long for the plan: a job's own
  bool dry_run = false;        // only shows the scripts that would be submitted; nothing is written
  bool hands_out = false;      // makes a round for `survey task`, whoever calls it; no Slurm
  double task_seconds = 3600;  // of such a round
  int threads = 1;             // of such a round
  std::string program;         // this one, as jobs call it
  CommandRunner run = run_command;
};

struct AdvanceReport {
  std::string held_by;  // somebody else has the plan; nothing was looked at
  std::string text;     // for people
  std::int64_t done = 0, nothing = 0, given_up = 0, left = 0;
  std::optional<int> handed_out;  // a round, with so many tasks
  int tasks = 0;
  std::int64_t without_partition = 0;  // items that no partition has the memory for
};

AdvanceReport advance_plan(const PlanFiles& plan, const AdvanceSettings& settings, const Log& log);

}  // namespace brickline
