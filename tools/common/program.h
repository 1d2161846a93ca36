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

// Runs `body` and returns its exit code; an exception becomes one line "NAME: error: ..." on stderr and the exit
// code of its kind. Of those that are no Error:
//   4  memory, threads, open files or room on the disk that are not to be had (bad_alloc, and system_errors of
//      those kinds)
//   3  paths that cannot be gone along (filesystem_error) and JSON that cannot be read (nlohmann's exceptions)
//   1  all others, as "NAME: internal error: ..."
int run_program(std::string_view name, const std::function<int()>& body);

// Writes all of `text` to stdout. Error (kResources) if it does not arrive there: a full disk.
void write_stdout(std::string_view text);

// "NAME 0.1.0 (commit 5c827d6a1b2c)"
std::string version_text(std::string_view name);

// Parses a command line. False when help or the version was asked for (and printed to stdout); Error (kUsage)
// for words that the program does not know.
bool parse_command_line(CLI::App& app, int argc, const char* const* argv);

}  // namespace brickline
