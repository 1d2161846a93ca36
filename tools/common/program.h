// What every program of Brickline has in common: errors become one line on stderr and an exit code, the
// library's log goes to stderr.
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

// Writes messages of at least `threshold` to stderr, a line each; warnings and errors say what they are.
// Programs that run for long have more to show (run_display.h).
class TerminalLog : public LogSink {
 public:
  explicit TerminalLog(LogLevel threshold = LogLevel::kWarning) : threshold_(threshold) {}
  void write(LogLevel level, std::string_view message) override;

 private:
  LogLevel threshold_;
  std::mutex mutex_;
};

// Runs `body` and returns its exit code; an exception becomes one line "NAME: error: ..." on stderr and the exit
// code of its kind. Of those that are no Error:
//   4  memory, threads, open files or room on the disk that are not to be had (bad_alloc, and system_errors of
//      those kinds)
//   3  paths that cannot be gone along (filesystem_error) and JSON that cannot be read (nlohmann's exceptions)
//   1  all others, as "NAME: internal error: ..."
// `tell`, if there is one, gets the line without "NAME: " first, and says whether it has shown it.
int run_program(std::string_view name, const std::function<int()>& body,
                const std::function<bool(std::string_view line)>& tell = {});

// Writes all of `text` to stdout. Error (kResources) if it does not arrive there: a full disk.
void write_stdout(std::string_view text);

// "NAME 0.1.0 (commit 5c827d6a1b2c)"
std::string version_text(std::string_view name);

// Parses a command line. False when help or the version was asked for (and printed to stdout); Error (kUsage)
// for words that the program does not know.
bool parse_command_line(CLI::App& app, int argc, const char* const* argv);

}  // namespace brickline
