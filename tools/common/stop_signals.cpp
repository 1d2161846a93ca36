#include "tools/common/stop_signals.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>

#include "core/base/exit_codes.h"

namespace brickline {
namespace {

using Clock = std::chrono::steady_clock;

// The signal that a thread of ours is woken by when the object goes.
constexpr int kWakeUp = SIGUSR2;
// Work gets so long to end by itself; what is left of two seconds is for the exit.
constexpr double kPatienceSeconds = 1.6;
// A time limit asks so long before it is over (or in the middle of it, if it is short).
constexpr double kMarginSeconds = 3;

std::string name_of(int signal) {
  switch (signal) {
    case SIGTERM:
      return "SIGTERM";
    case SIGINT:
      return "SIGINT";
    case SIGUSR1:
      return "SIGUSR1";
    default:
      return fmt::format("signal {}", signal);
  }
}

}  // namespace

StopSignals::StopSignals() {
  sigemptyset(&signals_);
  for (const int signal : {SIGTERM, SIGINT, SIGUSR1, kWakeUp}) sigaddset(&signals_, signal);
  pthread_sigmask(SIG_BLOCK, &signals_, nullptr);
}

StopSignals::~StopSignals() {
  if (!thread_.joinable()) return;
  ends_ = true;
  pthread_kill(thread_.native_handle(), kWakeUp);
  thread_.join();
}

void StopSignals::listen(std::optional<double> time_limit_seconds,
                         std::function<void(const std::string&)> last_words) {
  last_words_ = std::move(last_words);
  // One that was there before counts before any work, however late the thread may begin.
  const int pending = wait(0);
  if (pending > 0) ask(name_of(pending));
  thread_ = std::thread([this, time_limit_seconds, pending] { watch(time_limit_seconds, pending); });
}

std::string StopSignals::why() const {
  const std::lock_guard lock(mutex_);
  return why_;
}

void StopSignals::ask(const std::string& why) {
  {
    const std::lock_guard lock(mutex_);
    why_ = why;
  }
  asked_ = true;
}

int StopSignals::wait(double seconds) const {
  const auto until = Clock::now() + std::chrono::duration<double>(seconds);
  while (true) {
    const double left = std::max(0.0, std::chrono::duration<double>(until - Clock::now()).count());
    const auto whole = static_cast<std::time_t>(left);
    const timespec time{whole, static_cast<long>((left - static_cast<double>(whole)) * 1e9)};
    const int signal = sigtimedwait(&signals_, nullptr, &time);
    if (signal > 0) return signal;
    if (errno == EAGAIN) return 0;
  }
}

void StopSignals::watch(std::optional<double> time_limit_seconds, int pending) {
  constexpr double kForEver = 1e9;
  const double limit = time_limit_seconds.value_or(kForEver);
  const double until_asked = std::max(limit - kMarginSeconds, limit / 2);
  int signal = pending > 0 ? pending : wait(until_asked);
  if (ends_) return;
  if (pending <= 0) ask(signal > 0 ? name_of(signal) : fmt::format("the time limit of {:g} s", limit));
  const double patience = signal > 0 ? kPatienceSeconds : std::min(kPatienceSeconds, limit / 4);
  signal = wait(patience);
  if (ends_) return;
  last_words_(why());
  _exit(kInterruptedCode);
}

}  // namespace brickline
