// The sums over a plan, so that one need not read a million rows to know how it stands: summary.json, written beside
// the manifest each time that is written. What tasks have told since is added from their journals.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "core/campaign/manifest.h"
#include "core/campaign/plan_files.h"
#include "core/campaign/rounds.h"
#include "core/campaign/settings.h"

namespace brickline {

// How far the journals of open rounds were read.
struct JournalsRead {
  std::map<std::pair<int, int>, std::int64_t> bytes;  // by round and task
  std::int64_t running = 0;                           // attempts that had begun and not ended by then
};

struct ClassSummary {
  std::int64_t memory_mb = 0;
  std::int64_t items[kItemStates] = {};
  double peak_mb = 0;       // of items that are done, the most
  double wall_seconds = 0;  // of those, the mean
};

struct ReasonSummary {
  std::string state, reason;  // numbers in it left out
  std::int64_t items = 0;
  std::string example;  // an item with it
};

struct Summary {
  std::int64_t sequence = 0;
  std::int64_t total = 0, items[kItemStates] = {};
  std::int64_t ccds = 0, ccds_done = 0;  // of a plan of CCDs: of all items, and of those that are done
  double cpu_seconds = 0;                // used by all attempts
  double cpu_seconds_left = 0;           // of items that are not settled, as finished ones say
  double cpu_factor = 1, memory_factor = 1;
  std::vector<ClassSummary> classes;
  std::vector<ReasonSummary> reasons;  // of items that failed in some way, the most frequent first
  struct Slow {
    std::string name;
    double cpu_seconds;
  };
  std::vector<Slow> slowest;
  std::vector<int> open_rounds;
  JournalsRead journals;
};

void write_summary(const PlanFiles& plan, const Manifest& manifest, const CampaignSettings& settings,
                   const JournalsRead& journals);
// Error (kInput) if it is not there or cannot be used.
Summary read_summary(const PlanFiles& plan);

// What has happened since the summary was written.
struct Since {
  std::int64_t running = 0;  // attempts whose end was not told; some may have died
  std::int64_t done = 0, nothing = 0, failed = 0, interrupted = 0;
  double cpu_seconds = 0;
};
Since since_summary(const PlanFiles& plan, const Summary& summary);

std::string status_text(const PlanFiles& plan, const Summary& summary, const Since& since);
std::string status_json(const PlanFiles& plan, const Summary& summary, const Since& since);

}  // namespace brickline
