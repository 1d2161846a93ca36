// Slurm, as a plan meets it: what the cluster allows is asked for, jobs are scripts handed to sbatch. Nothing here asks
// its accounting.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/campaign/command.h"
#include "core/campaign/plan_files.h"
#include "core/campaign/rounds.h"
#include "core/campaign/site.h"

namespace brickline {

struct ClusterPartition {
  std::string name;
  bool is_up = true;
  double time_seconds = 0;     // that a job may take; 0: no limit
  std::int64_t memory_mb = 0;  // that a job may have on one of its nodes, 10^6 bytes
  int cpus = 0;                // of its largest node
};

struct Cluster {
  int max_array_size = 1001;  // greater than every index
  int max_job_count = 10000;
  std::vector<ClusterPartition> partitions;
};

// `scontrol show config`, `sinfo` and `scontrol show partition`. Error (kResources) if they cannot be had: Slurm is not
// there, or does not answer.
Cluster ask_cluster(const CommandRunner& run);

// "1-02:03:04", "12:30", "90" (minutes), "infinite", "UNLIMITED": seconds; 0 for the last two. Nothing for what is none.
std::optional<double> slurm_seconds(std::string_view text);

// The partition for tasks with so much memory: of those of the site that are up and have it, the one with the least.
// Null if there is none.
const ClusterPartition* choose_partition(const Cluster& cluster, const Site& site, std::int64_t memory_mb);

// What an item's task asks for beside what the item may have, 10^6 bytes.
inline constexpr std::int64_t kTaskOverheadMb = 50;

// The script of an array of tasks; that of the job which looks at the round once it is over.
std::string array_script(const PlanFiles& plan, const std::string& program, const Site& site,
                         const Round& round, const Job& job, std::int64_t memory_mb, double time_seconds);
std::string advance_script(const PlanFiles& plan, const std::string& program, const Site& site,
                           const Round& round, const ClusterPartition& partition);
// Where an array's tasks' own words go, "%a" in the place of the index.
std::filesystem::path array_output(const PlanFiles& plan, const Round& round, const Job& job);

// Hands a script to sbatch. Where the controller does not answer, tries again for so long, and looks first whether the
// job came to be all the same. Error (kInput) with sbatch's words if it refuses; (kResources) if nobody answers.
std::int64_t submit_script(const CommandRunner& run, const std::filesystem::path& script,
                           const std::string& name, double patience_seconds);

// The jobs of this user that are queued or run: ids (of arrays: theirs) and names. Nothing if Slurm does not answer.
struct QueuedJob {
  std::int64_t id = 0;
  std::string name;
};
std::optional<std::vector<QueuedJob>> queued_jobs(const CommandRunner& run);

// A name that no job of another plan or round has.
std::string job_name(const PlanFiles& plan, int round, std::string_view what);

}  // namespace brickline
