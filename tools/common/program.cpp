#include "tools/common/program.h"

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdio>
#include <new>

#include "core/base/error.h"

namespace brickline {

TerminalLog::TerminalLog(LogLevel threshold) : threshold_(threshold), terminal_(isatty(STDERR_FILENO) != 0) {}

TerminalLog::~TerminalLog() { clear_progress(); }

void TerminalLog::clear_locked() {
  if (shown_.empty()) return;
  std::fputs("\r\033[K", stderr);
  shown_.clear();
}

void TerminalLog::clear_progress() {
  const std::scoped_lock lock(mutex_);
  clear_locked();
  std::fflush(stderr);
}

void TerminalLog::write(LogLevel level, std::string_view message) {
  if (level < threshold_) return;
  std::string line(message);
  for (char& c : line)
    if (c == '\n' || c == '\r') c = ' ';
  const char* prefix = level == LogLevel::kWarning ? "warning: " : level == LogLevel::kError ? "error: " : "";
  const std::scoped_lock lock(mutex_);
  clear_locked();
  fmt::print(stderr, "{}{}\n", prefix, line);
}

void TerminalLog::progress(std::string_view what, std::int64_t done, std::int64_t total) {
  if (!terminal_) return;
  const std::string text = fmt::format("{}: {}/{}", what, done, total);
  const std::scoped_lock lock(mutex_);
  if (text == shown_) return;
  clear_locked();
  std::fputs(text.c_str(), stderr);
  std::fflush(stderr);
  shown_ = text;
}

int run_program(std::string_view name, const std::function<int()>& body) {
  // A file that may not grow any more is an error of the write, not the end of the process.
  std::signal(SIGXFSZ, SIG_IGN);
  try {
    return body();
  } catch (const Error& e) {
    fmt::print(stderr, "{}: error: {}\n", name, e.line());
    return e.exit_code();
  } catch (const std::bad_alloc&) {
    fmt::print(stderr, "{}: error: out of memory\n", name);
    return static_cast<int>(ErrorKind::kResources);
  } catch (const std::exception& e) {
    fmt::print(stderr, "{}: internal error: {}\n", name, e.what());
    return static_cast<int>(ErrorKind::kInternal);
  }
}

bool parse_command_line(CLI::App& app, int argc, const char* const* argv) {
  try {
    app.parse(argc, argv);
    return true;
  } catch (const CLI::Success& e) {
    app.exit(e);
    return false;
  } catch (const CLI::ParseError& e) {
    std::string why = e.what();
    for (char& c : why)
      if (c == '\n') c = ' ';
    throw usage_error("{} ({} --help lists the options)", why, app.get_name());
  }
}

}  // namespace brickline
