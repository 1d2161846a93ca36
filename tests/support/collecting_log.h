// A log that keeps what it is told.
#pragma once

#include <mutex>
#include <string>
#include <vector>

#include "core/base/log.h"

namespace brickline::test {

class CollectingSink : public LogSink {
 public:
  void write(LogLevel level, std::string_view message) override {
    const std::scoped_lock lock(mutex_);
    if (level == LogLevel::kWarning) warnings.emplace_back(message);
    if (level == LogLevel::kInfo) infos.emplace_back(message);
  }
  std::vector<std::string> warnings, infos;

 private:
  std::mutex mutex_;
};

}  // namespace brickline::test
