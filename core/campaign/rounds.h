// Rounds: items handed out together, in bundles. A bundle is the work of one task: items of one memory class, one after
// another.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/campaign/manifest.h"
#include "core/campaign/plan_files.h"
#include "core/campaign/settings.h"

namespace brickline {

enum class Engine {
  kLocal,  // one process of `survey run --local`
  kSlurm,  // arrays of jobs
  kTasks   // whoever calls `survey task`
};
std::string_view engine_name(Engine engine);

// An array of jobs, each of which is a task.
struct Job {
  std::int64_t id = 0;  // 0: not yet known
  std::string name;     // by which it is found if nobody could write down its id
  std::string partition;
  int memory_class = 0;
  int first_task = 0, tasks = 0;
  double task_seconds = 0;  // that one of its tasks may take; 0: as the round says
};

struct Round {
  int number = 0;
  Engine engine = Engine::kLocal;
  int tasks = 0;            // bundles; of a local one, slots
  int threads = 0;          // of each item; 0: as the options say
  double task_seconds = 0;  // that a task may take; 0: no limit
  double began = 0;         // seconds since 1970
  std::vector<Job> jobs;
  std::int64_t advance_job = 0;

  // Of that task: partitions have limits of their own.
  double seconds_of(int task) const;
};

void write_round(const PlanFiles& plan, const Round& round);
Round read_round(const PlanFiles& plan, int number);

// An item as a task is told of it.
struct WorkItem {
  Item item;
  std::int64_t row = 0;  // of the manifest
  int attempt = 1;
  std::int64_t memory_mb = 0;  // it may have; 0: no limit
};

struct Bundle {
  int number = 0;
  int memory_class = 0;
  double predicted_seconds = 0;
  std::vector<std::int64_t> rows;  // of the manifest, dearest first
};

struct BundleRules {
  double task_seconds = 3600;      // that a bundle should take
  int threads = 1;                 // cores of a task
  double cpu_factor = 1;           // by which items turned out to be dearer than predicted
  int most_bundles = 1000;         // further items wait
  std::int64_t most_items = 1000;  // of a bundle
};

// Of all items of the current phase that wait: by memory class, dearest first, each bundle filled up to its time. An item that is longer
// than that is a bundle of its own. The dearest class comes first.
std::vector<Bundle> make_bundles(const std::vector<Item>& items, const BundleRules& rules);

// The files from which tasks read their own bundle, a line per bundle, 500 in a file.
void write_bundles(const PlanFiles& plan, int round, const std::vector<Bundle>& bundles,
                   const std::vector<Item>& items, const CampaignSettings& settings);
// Error (kInput) if there is no such bundle.
std::vector<WorkItem> read_bundle(const PlanFiles& plan, int round, int bundle);

}  // namespace brickline
