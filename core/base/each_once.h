// A sink that hands on each message once: for what many items say alike.
#pragma once

#include <mutex>
#include <set>
#include <string>

#include "core/base/log.h"

namespace brickline {

class EachOnce : public LogSink {
 public:
  // `to` must outlive it.
  explicit EachOnce(Log to) : to_(to) {}
  void write(LogLevel level, std::string_view message) override {
    {
      const std::scoped_lock lock(mutex_);
      if (!said_.emplace(message).second) return;
    }
    to_.message(level, message);
  }

 private:
  Log to_;
  std::mutex mutex_;
  std::set<std::string> said_;
};

}  // namespace brickline
