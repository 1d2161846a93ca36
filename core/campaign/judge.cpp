#include "core/campaign/judge.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>

#include "core/base/error.h"
#include "core/base/exit_codes.h"

namespace brickline {
namespace {

constexpr int code_of(ErrorKind kind) { return static_cast<int>(kind); }
constexpr int kLostInARow = 2;
constexpr int kMostAttempts = 100;  // of an item that is interrupted again and again

void give_up(Item& item, const std::string& why) {
  item.state = ItemState::kGivenUp;
  item.reason = short_reason(why);
}

void count_try(Item& item, const std::string& why, const CampaignSettings& settings) {
  ++item.tries;
  item.reason = short_reason(why);
  if (item.tries >= settings.most_tries) item.state = ItemState::kGivenUp;
}

// `had_mb`: that it was given, which may be less than its class where there was no more.
void more_memory(Item& item, std::int64_t had_mb, const std::string& why, const CampaignSettings& settings) {
  const auto place = static_cast<std::size_t>(item.memory_class);
  if (had_mb > 0 && had_mb < settings.classes_mb[place]) return count_try(item, why, settings);
  const int last = static_cast<int>(settings.classes_mb.size()) - 1;
  if (item.memory_class >= last) return count_try(item, why, settings);
  ++item.memory_class;
  item.lost = 0;
  item.reason =
      short_reason(fmt::format("needs more than {} MB: {}",
                               settings.classes_mb[static_cast<std::size_t>(item.memory_class - 1)], why));
}

// It ran for as long as its task let it.
void outlasted(Item& item, const AttemptEnd& end, const CampaignSettings& settings) {
  constexpr double kShare = 0.25;  // Slurm may tell a task to end a minute early
  item.reason = short_reason(fmt::format("interrupted after {:.0f} s", end.ended.wall_seconds));
  if (item.attempts >= kMostAttempts)
    return give_up(item, fmt::format("interrupted in {} attempts", item.attempts));
  if (end.task_seconds <= 0 || end.ended.wall_seconds < kShare * end.task_seconds) return;
  ++item.outlasted;
  if (settings.bail_out_after == 0 || item.outlasted < settings.bail_out_after) return;
  if (!item.bail_out) {
    item.bail_out = true;
    item.outlasted = 0;
    item.reason = short_reason(
        fmt::format("longer than {} tasks: to end with what is fitted", settings.bail_out_after));
    return;
  }
  give_up(item, fmt::format("longer than {} tasks, even without fitting", item.outlasted));
}

// A disk that is full is no want of memory.
bool is_of_disk(const std::string& reason) {
  return std::ranges::any_of(std::array{ENOSPC, EDQUOT},
                             [&](int error) { return reason.find(::strerror(error)) != std::string::npos; });
}

std::string signal_words(int signal) {
  return fmt::format("ended by signal {} ({})", signal, ::strsignal(signal));
}

}  // namespace

void judge(Item& item, const AttemptEnd& end, const CampaignSettings& settings) {
  const Event& e = end.ended;
  item.attempts = std::max(item.attempts, end.lost ? end.began.attempt : e.attempt);
  if (end.lost) {
    ++item.lost;
    item.exit_code = -1;
    item.reason = short_reason("its task ended without a word");
    if (end.alone && item.lost % kLostInARow == 0)
      more_memory(item, end.began.memory_mb, "its task died with it twice", settings);
    return;
  }
  item.exit_code = e.code;
  item.cpu_seconds += static_cast<float>(e.cpu_seconds);
  item.wall_seconds += static_cast<float>(e.wall_seconds);
  item.peak_mb = std::max(item.peak_mb, static_cast<float>(e.peak_mb));
  item.ended = e.time;
  item.lost = 0;
  if (e.check == Check::kDone || e.check == Check::kNothing) {
    item.state = e.check == Check::kDone ? ItemState::kDone : ItemState::kNothing;
    item.bail_out = end.began.bail_out;  // with which it is what it is
    item.reason = short_reason(item.bail_out && e.check == Check::kDone ? "with --bail-out" : e.reason);
    return;
  }
  if (e.check == Check::kHopeless) {
    ++item.tries;
    return give_up(item, e.reason);
  }
  const double allowed = static_cast<double>(end.began.memory_mb);
  constexpr double kNearLimit = 0.8;
  switch (e.code) {
    case code_of(ErrorKind::kUsage):
    case code_of(ErrorKind::kInput):
    case code_of(ErrorKind::kPlugin):
      ++item.tries;
      return give_up(item, e.reason);
    case code_of(ErrorKind::kResources):
      if (is_of_disk(e.reason)) return count_try(item, e.reason, settings);
      return more_memory(item, end.began.memory_mb, e.reason, settings);
    case kInterruptedCode:
    case -SIGTERM:
      return outlasted(item, end, settings);
    case -SIGKILL:
      if (allowed > 0 && e.peak_mb > kNearLimit * allowed)
        return more_memory(item, end.began.memory_mb, signal_words(SIGKILL), settings);
      return count_try(item, signal_words(SIGKILL), settings);
    case 0:
      return count_try(item, "exit code 0, but: " + e.reason, settings);
    default:
      if (e.code < 0) return count_try(item, signal_words(-e.code) + ": " + e.reason, settings);
      return count_try(
          item, e.code == kSomeItemsFailed ? e.reason : fmt::format("exit code {}: {}", e.code, e.reason),
          settings);
  }
}

}  // namespace brickline
