// What a plan must know of a cluster that it cannot ask for: site.toml. Every key may be absent.
//
//   partitions = ["shared", "bigmem"]   # that may be used, in order; none: all that are up
//   account = "m1234"
//   qos = "regular"
//   constraint = "cpu"
//   licenses = "scratch"
//   cpus-per-task = 16                  # the threads of each item
//   task-minutes = 60                   # that a task should take
//   items-per-task = 1000               # at most
//   signal-seconds = 120                # before its end, when a task is told to end
//   most-tasks = 5000                   # queued at once
//   advance-memory-mb = 2000            # of the job that looks at what has ended
//   requeue = true                      # Slurm may start tasks again, after the failure of a node
//   directives = ["--exclusive"]        # further ones of sbatch
//   setup = ["module load brickline"]   # lines of shell before the task
//   scratch = "/tmp"                    # for temporary files
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace brickline {

struct Site {
  std::vector<std::string> partitions;
  std::string account, qos, constraint, licenses, scratch;
  int cpus_per_task = 1;
  int task_minutes = 60;
  int items_per_task = 1000;
  int signal_seconds = 120;
  int most_tasks = 5000;
  int advance_memory_mb = 2000;
  bool requeue = true;
  std::vector<std::string> directives, setup;
};

// Error (kInput), with file and line, for unknown keys and values that make no sense.
Site read_site(const std::filesystem::path& file);

}  // namespace brickline
