// The next round, handed to Slurm: arrays of tasks by memory class, and a job that looks at them once all have ended.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "core/base/log.h"
#include "core/campaign/session.h"
#include "core/campaign/site.h"
#include "core/campaign/slurm.h"

namespace brickline {

struct PreparedRound {
  Round round;
  std::vector<Bundle> bundles;
  std::vector<std::string> scripts;    // of round.jobs
  std::string advance_script;          // its dependency lacks the jobs' numbers
  std::int64_t without_partition = 0;  // items that wait because no partition has their memory
  std::int64_t left = 0;               // items that wait for a later round
};

// What would be submitted for the items that wait. `program`: this one, as tasks call it.
PreparedRound prepare_round(PlanSession& session, const Site& site, const Cluster& cluster,
                            const std::string& program);

// Does it: bundles and scripts are written, the manifest is saved with the items queued, then jobs are submitted, and the
// number of each is written down at once. A process that ends within leaves a round whose jobs can be found by their
// names. Returns what is to be told.
std::string submit_round(PlanSession& session, PreparedRound prepared, const Site& site,
                         const Cluster& cluster, const CommandRunner& run, const std::string& program,
                         double patience_seconds = 600);

// Why a round of Slurm's is not known to be over; empty: it is. Looks for jobs whose numbers nobody could write down.
std::string why_not_over(const PlanFiles& plan, const Round& round, const CommandRunner& run);

// Takes jobs that have not begun out of the queue. Returns what is to be told.
std::string cancel_pending(const PlanFiles& plan, const CommandRunner& run);

}  // namespace brickline
