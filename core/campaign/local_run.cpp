#include "core/campaign/local_run.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <map>
#include <sstream>
#include <thread>

#include "core/base/error.h"
#include "core/base/exit_codes.h"
#include "core/campaign/item_runner.h"
#include "core/campaign/journal.h"
#include "core/campaign/session.h"

namespace brickline {
namespace {

void require_worker(const FrozenRun& run) {
  const std::filesystem::path& worker = run.settings().worker;
  if (::access(worker.c_str(), X_OK) != 0)
    throw input_error("the plan's program is not there, or cannot be run").in_file(worker.string());
}

// The items of a local round, dearest first.
std::vector<WorkItem> work_of(const std::vector<Bundle>& bundles, const Manifest& manifest,
                              const CampaignSettings& settings) {
  std::vector<WorkItem> work;
  for (const Bundle& bundle : bundles)
    for (const std::int64_t row : bundle.rows) {
      const Item& item = manifest.items[static_cast<std::size_t>(row)];
      work.push_back(
          {item, row, item.attempts + 1, settings.classes_mb[static_cast<std::size_t>(item.memory_class)]});
    }
  std::stable_sort(work.begin(), work.end(), [](const WorkItem& a, const WorkItem& b) {
    return a.item.cpu_predicted_seconds > b.item.cpu_predicted_seconds;
  });
  return work;
}

}  // namespace

LocalRunResult run_locally(const PlanFiles& plan, const LocalRunSettings& settings, const Log& log) {
  LocalRunResult result;
  make_directories(plan.locks());
  const BrickLock::Held held = BrickLock::take(plan.locks(), kLocalRunLock, log);
  if (!held.lock) {
    result.interrupted = "the plan is being run by " + held.by;
    return result;
  }
  set_control(plan, Control::kNone);  // an end that was asked for before is no matter any more
  // Local rounds are this process's, and it has none yet.
  const auto why_not_over = [](const Round& round) {
    return std::string(round.engine == Engine::kLocal ? "" : "handed out otherwise");
  };
  int fruitless = 0;
  while (true) {
    std::vector<WorkItem> work;
    RunnerSettings runner;
    std::unique_ptr<FrozenRun> run;
    {
      PlanSession session(plan, log);
      session.fold(why_not_over);
      require_worker(session.run());
      session.assign_classes();
      // All that wait, as one bundle of whatever class.
      Bundle all;
      const std::int32_t phase = current_phase(session.manifest().items);
      for (std::size_t i = 0; i < session.manifest().items.size(); ++i)
        if (const Item& item = session.manifest().items[i];
            item.state == ItemState::kWaiting && item.phase == phase)
          all.rows.push_back(static_cast<std::int64_t>(i));
      result.done = session.count(ItemState::kDone);
      result.nothing = session.count(ItemState::kNothing);
      result.given_up = session.count(ItemState::kGivenUp);
      result.left = std::ssize(session.manifest().items) - result.done - result.nothing - result.given_up;
      const bool ends = all.rows.empty() || !result.interrupted.empty();
      if (!ends) {
        work = work_of({all}, session.manifest(), session.run().settings());
        Round round = session.begin_round(Engine::kLocal, {all}, 0, settings.threads);
        round.tasks = settings.slots;
        write_round(plan, round);
        runner.round = round.number;
      }
      session.save();
      if (ends && result.left > 0 && result.interrupted.empty())
        result.interrupted = fmt::format("{} items are handed out otherwise", result.left);
      if (ends) return result;
      run = std::make_unique<FrozenRun>(session.run());
    }
    runner.slots = settings.slots;
    runner.threads = settings.threads;
    runner.budget_mb = settings.budget_mb;
    runner.control_every_seconds = 0.1;
    runner.asked_to_end = settings.asked_to_end;
    const auto began = std::chrono::steady_clock::now();
    const std::size_t items = work.size();
    const RunnerTally tally = run_items(plan, *run, std::move(work), runner, log);
    if (tally.asked_to_end) {
      result.interrupted = "asked to end";
      continue;  // once more, to write down how far it came
    }
    // Items that others are at: not again at once, and not for ever.
    constexpr int kMostFruitless = 60;
    const bool nothing_ended = tally.interrupted == static_cast<std::int64_t>(items) &&
                               std::chrono::steady_clock::now() - began < std::chrono::seconds(5);
    fruitless = nothing_ended ? fruitless + 1 : 0;
    if (fruitless == kMostFruitless)
      result.interrupted = "the items that are left are interrupted as soon as they begin";
    else if (nothing_ended)
      std::this_thread::sleep_for(std::chrono::seconds(1));
  }
}

TaskResult run_task(const PlanFiles& plan, int round_number, int task, const LocalRunSettings& settings,
                    const Log& log) {
  TaskResult result;
  const Round round = read_round(plan, round_number);
  if (task < 0 || task >= round.tasks)
    throw input_error("round {} has tasks 0 to {}, not {}", round_number, round.tasks - 1, task)
        .in_file(plan.root.string());
  make_directories(plan.task_directory(round_number, task));
  const BrickLock::Held held = BrickLock::take(plan.task_directory(round_number, task), task_lock(task), log);
  if (!held.lock) {
    result.interrupted = "the task is worked on by " + held.by;
    return result;
  }
  std::error_code code;
  if (std::filesystem::exists(closed_marker(plan, round_number), code))
    return result;  // it was given up waiting for
  const FrozenRun run(plan);
  require_worker(run);
  std::vector<WorkItem> work = read_bundle(plan, round_number, task);
  std::map<std::int64_t, int> attempts;
  std::map<std::int64_t, bool> ended;
  for (const Event& e : read_journal(plan.task(round_number, task).string() + ".journal").events) {
    attempts[e.row] = std::max(attempts[e.row], e.attempt);
    ended[e.row] = e.ended && e.code != kInterruptedCode;
  }
  std::erase_if(work, [&](const WorkItem& w) { return ended.contains(w.row) && ended[w.row]; });
  for (WorkItem& w : work)
    if (attempts.contains(w.row)) w.attempt = attempts[w.row] + 1;
  RunnerSettings runner;
  runner.round = round_number;
  runner.first_task = task;
  runner.threads = settings.threads > 0 ? settings.threads : round.threads;
  runner.asked_to_end = settings.asked_to_end;
  const RunnerTally tally = run_items(plan, run, std::move(work), runner, log);
  result.done = tally.done;
  result.nothing = tally.nothing;
  result.failed = tally.failed;
  result.left = tally.left;
  // Where the plan itself is to end, the task is not to be started again.
  if (tally.asked_to_end && tally.left > 0 && asked_control(plan) == Control::kNone)
    result.interrupted = "asked to end";
  else if (tally.asked_to_end)
    result.left = 0;
  return result;
}

std::int64_t available_memory_mb() {
  constexpr std::int64_t kKibibyte = 1024, kMegabyte = 1'000'000;
  std::int64_t available = 0;
  std::ifstream info("/proc/meminfo");
  for (std::string line; std::getline(info, line);)
    if (std::istringstream words(line.substr(std::min(line.size(), line.find(':') + 1)));
        line.starts_with("MemAvailable:"))
      words >> available;
  available = available * kKibibyte / kMegabyte;
  std::int64_t limit = 0;
  if (std::ifstream group("/sys/fs/cgroup/memory.max"); group >> limit)
    available = std::min(available, limit / kMegabyte);
  return available;
}

}  // namespace brickline
