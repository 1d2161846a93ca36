// The library's only way to say something: a sink handed in by the caller.
#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>
#include <utility>

namespace brickline {

enum class LogLevel { kDebug = 0, kInfo = 1, kWarning = 2, kError = 3 };

// Implementations must be callable from any thread.
class LogSink {
 public:
  virtual ~LogSink() = default;
  virtual void write(LogLevel level, std::string_view message) = 0;
};

// A cheap handle to a sink; the default handle discards everything.
class Log {
 public:
  Log() = default;
  explicit Log(LogSink& sink) : sink_(&sink) {}

  template <typename... Args>
  void debug(fmt::format_string<Args...> format, Args&&... args) const {
    write(LogLevel::kDebug, format, std::forward<Args>(args)...);
  }
  template <typename... Args>
  void info(fmt::format_string<Args...> format, Args&&... args) const {
    write(LogLevel::kInfo, format, std::forward<Args>(args)...);
  }
  template <typename... Args>
  void warning(fmt::format_string<Args...> format, Args&&... args) const {
    write(LogLevel::kWarning, format, std::forward<Args>(args)...);
  }
  template <typename... Args>
  void error(fmt::format_string<Args...> format, Args&&... args) const {
    write(LogLevel::kError, format, std::forward<Args>(args)...);
  }
  void message(LogLevel level, std::string_view text) const {
    if (sink_) sink_->write(level, text);
  }

 private:
  template <typename... Args>
  void write(LogLevel level, fmt::format_string<Args...> format, Args&&... args) const {
    if (sink_) sink_->write(level, fmt::format(format, std::forward<Args>(args)...));
  }
  LogSink* sink_ = nullptr;
};

}  // namespace brickline
