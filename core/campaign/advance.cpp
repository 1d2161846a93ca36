#include "core/campaign/advance.h"

#include <fmt/format.h>

#include <chrono>
#include <limits>
#include <thread>

#include "core/base/error.h"
#include "core/campaign/session.h"
#include "core/campaign/submit.h"

namespace brickline {
namespace {

std::string why_open(const PlanFiles& plan, const Round& round, const AdvanceSettings& settings,
                     const Log& log) {
  if (settings.after == round.number && round.engine != Engine::kLocal) return {};
  switch (round.engine) {
    case Engine::kLocal: {
      const std::string by = holder(plan.locks(), kLocalRunLock, log);
      return by.empty() ? "" : "run by " + by;
    }
    case Engine::kTasks:
      return fmt::format("handed out: survey advance --after {} once its tasks have ended", round.number);
    case Engine::kSlurm:
      break;
  }
  return why_not_over(plan, round, settings.run);
}

// A round whose tasks somebody else will call.
void hand_out(PlanSession& session, const AdvanceSettings& settings, AdvanceReport& report) {
  BundleRules rules;
  rules.task_seconds = settings.task_seconds;
  rules.threads = settings.threads;
  rules.cpu_factor = fit_costs(session.manifest().items).cpu;
  rules.most_bundles = std::numeric_limits<int>::max();
  const std::vector<Bundle> bundles = make_bundles(session.manifest().items, rules);
  if (bundles.empty()) return;
  // A task has no limit that anybody told of: its items do not outlast it.
  const Round round = session.begin_round(Engine::kTasks, bundles, 0, settings.threads);
  write_bundles(session.plan(), round.number, bundles, session.manifest().items, session.run().settings());
  write_round(session.plan(), round);
  report.handed_out = round.number;
  report.tasks = round.tasks;
}

// The next round, if the plan is Slurm's.
void submit_next(PlanSession& session, const AdvanceSettings& settings, AdvanceReport& report) {
  const PlanFiles& plan = session.plan();
  std::error_code code;
  if (!std::filesystem::exists(plan.site(), code) || session.count(ItemState::kWaiting) == 0) return;
  if (asked_control(plan) != Control::kNone) {
    report.text += "an end was asked for: nothing is submitted until survey submit\n";
    return;
  }
  const Site site = read_site(plan.site());
  const Cluster cluster = ask_cluster(settings.run);
  PreparedRound prepared = prepare_round(session, site, cluster, settings.program);
  report.without_partition = prepared.without_partition;
  if (prepared.without_partition > 0)
    report.text += fmt::format("{} items wait in vain: no partition that may be used has their memory\n",
                               prepared.without_partition);
  if (prepared.bundles.empty()) return;
  if (settings.dry_run) {
    for (std::size_t i = 0; i < prepared.scripts.size(); ++i)
      report.text +=
          fmt::format("# ---- array {} of {}\n{}", i + 1, prepared.scripts.size(), prepared.scripts[i]);
    return;
  }
  report.text += submit_round(session, std::move(prepared), site, cluster, settings.run, settings.program);
}

// A task that was killed on another machine leaves a lock, which is known for dead after a while only. Nobody would look
// at its round again: so that while is waited for.
void wait_for_locks_of_the_dead(const PlanFiles& plan, int number, const Log& log) {
  const Round round = read_round(plan, number);
  if (round.engine == Engine::kLocal) return;
  const auto until = std::chrono::steady_clock::now() +
                     std::chrono::duration<double>(LockSettings().dead_after_seconds + 60);
  for (int task = 0; task < round.tasks; ++task)
    while (std::chrono::steady_clock::now() < until &&
           !holder(plan.task_directory(number, task), task_lock(task), log).empty())
      std::this_thread::sleep_for(std::chrono::seconds(2));
}

constexpr double kPatience = 60,
                 kPatienceOfJobs = 900;  // seconds for the plan's lock; no one begins a job again

}  // namespace

AdvanceReport advance_plan(const PlanFiles& plan, const AdvanceSettings& settings, const Log& log) {
  AdvanceReport report;
  try {
    if (settings.after && settings.waits) wait_for_locks_of_the_dead(plan, *settings.after, log);
    PlanSession session(plan, log, settings.waits ? kPatienceOfJobs : kPatience);
    if (settings.lifts_control && !settings.dry_run) set_control(plan, Control::kNone);
    const FoldReport fold =
        session.fold([&](const Round& round) { return why_open(plan, round, settings, log); });
    session.assign_classes();
    report.done = session.count(ItemState::kDone);
    report.nothing = session.count(ItemState::kNothing);
    report.given_up = session.count(ItemState::kGivenUp);
    report.left = std::ssize(session.manifest().items) - report.done - report.nothing - report.given_up;
    report.text =
        fmt::format("{} attempts have ended since; {} done, {} with nothing to do, {} given up, {} left\n",
                    fold.ends, report.done, report.nothing, report.given_up, report.left);
    for (const int round : fold.closed) report.text += fmt::format("round {} is over\n", round);
    for (const FoldReport::Open& open : fold.open)
      report.text += fmt::format("round {} is open: {}\n", open.round, open.why);
    if (settings.hands_out) hand_out(session, settings, report);
    if (!settings.dry_run) session.save();  // also if no round can be submitted
    if (fold.idle_round && settings.submits && settings.after) {
      report.text += fmt::format(
          "round {} has ended and none of its tasks has begun: nothing is submitted until survey submit; its words are in {}\n",
          *fold.idle_round, plan.round(*fold.idle_round).string());
      return report;
    }
    if (settings.submits && !settings.hands_out) submit_next(session, settings, report);
  } catch (const PlanIsHeld& held) {
    report.held_by = held.what();
  }
  return report;
}

}  // namespace brickline
