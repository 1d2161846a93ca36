// How a program that runs for long is told to end, and sees to it that it does.
//
// From its construction on, SIGTERM, SIGINT and SIGUSR1 ask the work to end (Cancel), and so does the time that
// has been given to it. Work that hears of it ends by itself, in its own way. Work that does not, because it is
// within something that never asks, is ended two seconds after the signal at the latest, and at once on a
// second signal: `last_words` is called and the process exits with code kInterruptedCode (exit_codes.h). To be made before any
// thread is: all inherit that the signals are this object's.
#pragma once

#include <atomic>
#include <csignal>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "core/base/cancel.h"

namespace brickline {

class StopSignals {
 public:
  StopSignals();
  ~StopSignals();
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;

  // Begins to listen. `time_limit_seconds`: within which the process must have ended. `last_words` is told what
  // asked for the end; it may be called from another thread while the work is still at it, and must not wait for
  // it.
  void listen(std::optional<double> time_limit_seconds,
              std::function<void(const std::string& why)> last_words);

  Cancel cancel() const { return Cancel(asked_); }
  // What asked for the end: "SIGTERM", "the time limit of 60 s"; empty: nothing.
  std::string why() const;

 private:
  void watch(std::optional<double> time_limit_seconds, int pending);
  void ask(const std::string& why);
  // A signal, or 0 if none comes for so long.
  int wait(double seconds) const;

  sigset_t signals_{};
  std::atomic<bool> asked_ = false;
  std::atomic<bool> ends_ = false;
  mutable std::mutex mutex_;
  std::string why_;
  std::function<void(const std::string&)> last_words_;
  std::thread thread_;
};

}  // namespace brickline
