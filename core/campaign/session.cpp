#include "core/campaign/session.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <thread>

#include "core/base/atomic_file.h"
#include "core/base/error.h"
#include "core/campaign/journal.h"
#include "core/campaign/judge.h"
#include "core/campaign/verify.h"

namespace brickline {
namespace {

double now() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

std::unique_ptr<BrickLock> take_lock(const PlanFiles& plan, const Log& log, double patience_seconds) {
  make_directories(plan.locks());
  const auto until = std::chrono::steady_clock::now() + std::chrono::duration<double>(patience_seconds);
  while (true) {
    BrickLock::Held held = BrickLock::take(plan.locks(), kPlanLock, log);
    if (held.lock) return std::move(held.lock);
    if (std::chrono::steady_clock::now() > until) throw PlanIsHeld(held.by);
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
}

// What was found on disk settles the item, whoever made it and however that ended.
bool is_final(Check check) {
  return check == Check::kDone || check == Check::kNothing || check == Check::kHopeless;
}

}  // namespace

std::filesystem::path closed_marker(const PlanFiles& plan, int round) { return plan.round(round) / "closed"; }

std::string task_lock(int task) { return fmt::format("task-{:06}", task); }

std::string holder(const std::filesystem::path& directory, const std::string& name, const Log& log) {
  std::error_code code;
  if (!std::filesystem::exists(lock_path(directory, name), code)) return {};
  return BrickLock::take(directory, name, log).by;
}

CostFactors fit_costs(const std::vector<Item>& items) {
  CostFactors factors;
  double used = 0, predicted = 0;
  std::vector<float> memory;
  for (const Item& item : items) {
    // Those that went straight to their end.
    if (item.state != ItemState::kDone || item.attempts != 1 || !(item.cpu_predicted_seconds > 0)) continue;
    if (item.reason == kAllValidAlready) continue;
    used += item.cpu_seconds;
    predicted += item.cpu_predicted_seconds;
    if (item.memory_predicted_mb > 0 && item.peak_mb > 0)
      memory.push_back(item.peak_mb / item.memory_predicted_mb);
    ++factors.items;
  }
  constexpr std::int64_t kEnough = 5;
  if (factors.items < kEnough) return factors;
  constexpr double kLeast = 0.01, kMost = 100;
  factors.cpu = std::clamp(used / predicted, kLeast, kMost);
  if (!memory.empty()) {
    const std::size_t place = memory.size() * 19 / 20;
    std::nth_element(memory.begin(), memory.begin() + static_cast<std::ptrdiff_t>(place), memory.end());
    factors.memory = std::clamp(static_cast<double>(memory[place]), 0.1, 10.0);
  }
  return factors;
}

// What journals of a round say of an item.
struct PlanSession::Told {
  int task = 0;
  std::int64_t row = 0;
  Event began, ended;  // the last attempt's
  bool has_begun = false, has_ended = false;
};

PlanSession::PlanSession(const PlanFiles& plan, const Log& log, double patience_seconds)
    : plan_(plan),
      run_(plan),
      log_(log),
      lock_(take_lock(plan, log, patience_seconds)),
      manifest_(read_manifest(plan.manifest())) {}

std::int64_t PlanSession::count(ItemState state) const {
  return std::count_if(manifest_.items.begin(), manifest_.items.end(),
                       [&](const Item& item) { return item.state == state; });
}

FoldReport PlanSession::fold(const std::function<std::string(const Round&)>& why_not_over) {
  FoldReport report;
  std::vector<int> still_open;
  journals_ = {};
  for (const int number : manifest_.open_rounds) {
    const Round round = read_round(plan_, number);
    // Asked before the journals are read: what is over then writes no more.
    const std::string why = why_not_over(round);
    std::vector<Told> told;
    const bool alone = round.engine != Engine::kLocal;
    for (int task = 0; task < round.tasks; ++task) {
      std::map<std::int64_t, Told> of_row;
      JournalPart part = read_journal(plan_.task(number, task).string() + ".journal");
      if (part.end > 0) journals_.bytes[{number, task}] = part.end;
      for (Event& event : part.events) {
        if (event.row < 0 || event.row >= std::ssize(manifest_.items)) continue;
        Item& item = manifest_.items[static_cast<std::size_t>(event.row)];
        if (item.name != event.name || item.round != number) continue;
        Told& t = of_row[event.row];
        t.task = task;
        t.row = event.row;
        if (!event.ended) {
          // The attempt before it was lost, and its task begun anew.
          if (t.has_begun && !t.has_ended && t.began.attempt > item.attempts)
            judge(item, {t.began, {}, true, round.seconds_of(task), alone}, run_.settings());
          t.has_begun = true;
          t.has_ended = false;
          t.began = std::move(event);
          continue;
        }
        t.has_ended = true;
        t.ended = std::move(event);
        // What was given up and is done nevertheless is done.
        const bool good = t.ended.check == Check::kDone || t.ended.check == Check::kNothing;
        const bool settled = is_settled(item.state) && !(item.state == ItemState::kGivenUp && good);
        if (t.ended.attempt <= item.attempts || settled) continue;
        judge(item, {t.began, t.ended, false, round.seconds_of(task), alone}, run_.settings());
        ++report.ends;
      }
      for (auto& [row, t] : of_row) told.push_back(std::move(t));
    }
    if (!why.empty()) {
      report.open.push_back({number, why});
      still_open.push_back(number);
    } else if (!close(round, told, report)) {
      still_open.push_back(number);
    } else {
      report.closed.push_back(number);
      continue;
    }
    for (const Told& t : told)
      if (t.has_begun && !t.has_ended) ++journals_.running;
  }
  manifest_.open_rounds = still_open;
  return report;
}

bool PlanSession::close(const Round& round, const std::vector<Told>& told, FoldReport& report) {
  if (round.engine != Engine::kLocal)
    for (int task = 0; task < round.tasks; ++task)
      if (const std::string by = holder(plan_.task_directory(round.number, task), task_lock(task), log_);
          !by.empty()) {
        report.open.push_back({round.number, fmt::format("task {} is worked on by {}", task, by)});
        return false;
      }
  // A task that begins from here on begins nothing.
  write_file_atomically(closed_marker(plan_, round.number), "");
  for (const Told& t : told) {
    Item& item = manifest_.items[static_cast<std::size_t>(t.row)];
    if (!t.has_begun || t.has_ended || is_settled(item.state) || t.began.attempt <= item.attempts) continue;
    // Nobody told how it ended: perhaps well.
    AttemptEnd end{t.began, {}, true, round.seconds_of(t.task), round.engine != Engine::kLocal};
    if (const Verification found = run_.verify(item); is_final(found.check)) {
      end.lost = false;
      end.ended = t.began;
      end.ended.ended = true;
      end.ended.time = now();
      end.ended.check = found.check;
      end.ended.reason = found.what;
    }
    judge(item, end, run_.settings());
    ++report.ends;
  }
  bool begun = false;
  for (const Told& t : told) begun = begun || t.has_begun;
  bool any = false;
  for (Item& item : manifest_.items) {
    if (item.round != round.number) continue;
    any = true;
    if (item.state == ItemState::kQueued) item.state = ItemState::kWaiting;
  }
  if (any && !begun) report.idle_round = round.number;
  return true;
}

void PlanSession::assign_classes() {
  const CostFactors factors = fit_costs(manifest_.items);
  constexpr double kMargin = 1.2;  // the prediction is within a fifth
  for (Item& item : manifest_.items)
    if (item.state == ItemState::kWaiting)
      item.memory_class = std::max(
          item.memory_class,
          memory_class(run_.settings(), kMargin * std::max(1.0, factors.memory) * item.memory_predicted_mb));
}

Round PlanSession::begin_round(Engine engine, const std::vector<Bundle>& bundles, double task_seconds,
                               int threads) {
  Round round;
  round.number = manifest_.rounds++;
  round.engine = engine;
  round.tasks = static_cast<int>(bundles.size());
  round.threads = threads;
  round.task_seconds = task_seconds;
  round.began = now();
  for (const Bundle& bundle : bundles)
    for (const std::int64_t row : bundle.rows) {
      Item& item = manifest_.items[static_cast<std::size_t>(row)];
      item.state = ItemState::kQueued;
      item.round = round.number;
      item.bundle = bundle.number;
    }
  manifest_.open_rounds.push_back(round.number);
  return round;
}

void PlanSession::save() {
  // A lock whose process seemed dead is taken over: what the other has written meanwhile must not be lost.
  if (const std::int64_t now = manifest_sequence(plan_.manifest()); now != manifest_.sequence)
    throw PlanIsHeld(
        fmt::format("another process, which has written it since it was read here ({} times, now {})",
                    manifest_.sequence, now));
  write_manifest(manifest_, plan_.manifest());
  write_summary(plan_, manifest_, run_.settings(), journals_);
}

}  // namespace brickline
