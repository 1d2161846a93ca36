// What every program of Brickline has in common: errors become one line on stderr and an exit code, the
// library's log goes to stderr, progress is shown on a terminal only.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "core/base/log.h"

namespace CLI {
class App;
}

namespace brickline {

// Writes messages of at least `threshold` to stderr, a line each; warnings and errors say what they are. On a
// terminal one more line at the bottom, rewritten in place, shows progress.
class TerminalLog : public LogSink {
 public:
  explicit TerminalLog(LogLevel threshold = LogLevel::kWarning);
  ~TerminalLog() override;
  void write(LogLevel level, std::string_view message) override;
  // "what: done/total"; nothing if stderr is no terminal.
  void progress(std::string_view what, std::int64_t done, std::int64_t total);
  // Removes the progress line.
  void clear_progress();

 private:
  void clear_locked();
  LogLevel threshold_;
  bool terminal_;
  std::mutex mutex_;
  std::string shown_;
};

// Runs `body` and returns its exit code; an Error or any other exception becomes "NAME: error: ..." on stderr
// and the exit code of its kind (1 for what is not an Error, 4 for memory that is not to be had).
int run_program(std::string_view name, const std::function<int()>& body);

// Parses a command line. False when help or the version was asked for (and printed to stdout); Error (kUsage)
// for words that the program does not know.
bool parse_command_line(CLI::App& app, int argc, const char* const* argv);

}  // namespace brickline
