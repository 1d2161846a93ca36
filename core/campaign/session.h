// Work on a plan's manifest: one process at a time, which has the plan's lock.
//
//   PlanSession session(plan, log);                 // waits for the lock, reads the manifest
//   session.fold(over);                             // what tasks have told; rounds that are over are closed
//   Round round = session.begin_round(...);         // items that wait are handed out
//   session.save();                                 // one rename: all of it, or nothing
//
// A process that ends anywhere in between leaves the manifest as it was. Folding the same journals again changes
// nothing: an attempt counts once, by its number.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/base/log.h"
#include "core/campaign/frozen_run.h"
#include "core/campaign/manifest.h"
#include "core/campaign/plan_files.h"
#include "core/campaign/rounds.h"
#include "core/campaign/summary.h"
#include "core/pipeline/brick_lock.h"

namespace brickline {

// Another process has the plan, and did not let go of it in time.
class PlanIsHeld : public std::exception {
 public:
  explicit PlanIsHeld(std::string by) : by_(std::move(by)) {}
  const char* what() const noexcept override { return by_.c_str(); }

 private:
  std::string by_;
};

// How finished items compare with what was predicted of them.
struct CostFactors {
  double cpu = 1;     // used over predicted, summed
  double memory = 1;  // of nineteen in twenty not more than this times the prediction
  std::int64_t items = 0;
};
CostFactors fit_costs(const std::vector<Item>& items);

struct FoldReport {
  std::int64_t ends = 0;  // attempts whose end is new
  std::vector<int> closed;
  struct Open {
    int round;
    std::string why;  // it is not over
  };
  std::vector<Open> open;
  // A round that is over without an attempt having begun: something keeps tasks from working.
  std::optional<int> idle_round;
};

class PlanSession {
 public:
  // Error (kInput) for a plan that cannot be read; PlanIsHeld if nobody lets go of it for so long.
  PlanSession(const PlanFiles& plan, const Log& log, double patience_seconds = 60);

  const PlanFiles& plan() const { return plan_; }
  const FrozenRun& run() const { return run_; }
  Manifest& manifest() { return manifest_; }
  const Manifest& manifest() const { return manifest_; }

  // Reads the journals of all rounds that are open and judges what is new in them. A round of which `over` says nothing
  // is closed, unless one of its tasks is alive: items that are not settled wait again, those whose end nobody told are
  // looked for on disk first.
  FoldReport fold(const std::function<std::string(const Round&)>& why_not_over);

  // Items that are waiting go to classes by what they need, as far as is known by now.
  void assign_classes();
  // The record of a new round; its bundles' items are queued. The caller writes it (and saves) before tasks begin.
  Round begin_round(Engine engine, const std::vector<Bundle>& bundles, double task_seconds, int threads);
  std::int64_t count(ItemState state) const;

  // PlanIsHeld, and nothing is written, if another process has written the manifest since this one read it: this one's
  // lock was taken over as that of a dead process.
  void save();

 private:
  struct Told;
  bool close(const Round& round, const std::vector<Told>& told, FoldReport& report);

  PlanFiles plan_;
  FrozenRun run_;
  Log log_;
  std::unique_ptr<BrickLock> lock_;
  Manifest manifest_;
  JournalsRead journals_;
};

// Names of locks in PlanFiles::locks(), and of a task's beside its journal.
inline constexpr const char* kPlanLock = "plan";
inline constexpr const char* kLocalRunLock = "local-run";
std::filesystem::path closed_marker(const PlanFiles& plan,
                                    int round);  // there: the round's tasks begin nothing any more
std::string task_lock(int task);
// Who has a lock; empty: nobody.
std::string holder(const std::filesystem::path& directory, const std::string& name, const Log& log);

}  // namespace brickline
