#include "core/calib/external_program.h"

#include <fmt/format.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sstream>
#include <thread>

#include "core/base/child_process.h"
#include "core/base/error.h"

extern char** environ;

namespace brickline {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

// The environment with LC_ALL=C.
std::vector<std::string> plain_environment() {
  std::vector<std::string> variables{"LC_ALL=C"};
  for (char** e = environ; *e; ++e)
    if (!std::string_view(*e).starts_with("LC_ALL=")) variables.emplace_back(*e);
  return variables;
}

// Waits for the child, which is told to end when its time is over.
ProgramResult wait_for(pid_t child, const ProgramCall& call) {
  using End = ProgramResult::End;
  ProgramResult result;
  const auto limit = Clock::now() + std::chrono::duration<double>(call.time_limit_seconds);
  auto pause = std::chrono::milliseconds(1);
  bool killed = false;
  for (;;) {
    int status = 0;
    rusage used{};
    const pid_t ended = ::wait4(child, &status, killed ? 0 : WNOHANG, &used);
    if (ended < 0 && errno == EINTR) continue;
    if (ended < 0) throw internal_error("waiting for {}: {}", call.program.string(), std::strerror(errno));
    if (ended == child) {
      result.cpu_seconds = seconds(used.ru_utime) + seconds(used.ru_stime);
      if (!killed) {
        result.end = WIFSIGNALED(status) ? End::kSignal : End::kExit;
        result.code = WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status);
      }
      return result;
    }
    const bool cancelled = call.cancel.asked();
    if (cancelled || Clock::now() > limit) {
      result.end = cancelled ? End::kCancelled : End::kTimeLimit;
      result.code = static_cast<int>(call.time_limit_seconds);
      ::kill(-child, SIGKILL);
      killed = true;
      continue;
    }
    std::this_thread::sleep_for(pause);
    pause = std::min(pause * 2, std::chrono::milliseconds(50));
  }
}

}  // namespace

std::optional<fs::path> find_program(const std::vector<std::string>& names,
                                     const std::optional<std::string>& path) {
  const auto runnable = [](const fs::path& file) {
    std::error_code code;
    return fs::is_regular_file(file, code) && ::access(file.c_str(), X_OK) == 0;
  };
  for (const std::string& name : names) {
    if (name.find('/') != std::string::npos) {
      if (runnable(name)) return fs::absolute(name);
      continue;
    }
    std::stringstream directories(path.value_or("/usr/local/bin:/usr/bin:/bin"));
    for (std::string directory; std::getline(directories, directory, ':');)
      if (const fs::path file = fs::path(directory.empty() ? "." : directory) / name; runnable(file))
        return fs::absolute(file);
  }
  return {};
}

std::string ProgramResult::description() const {
  switch (end) {
    case End::kExit:
      return code == kCannotStart ? "could not be started" : fmt::format("ended with code {}", code);
    case End::kSignal:
      return fmt::format("was ended by signal {} ({})", code, ::strsignal(code));
    case End::kTimeLimit:
      return fmt::format("did not end within {} s", code);
    case End::kCancelled:
      return "was stopped with the run";
  }
  return {};
}

ProgramResult run_external(const ProgramCall& call) {
  ChildCall child;
  child.program = call.program;
  child.arguments = call.arguments;
  child.environment = plain_environment();
  child.directory = call.directory;
  child.log = call.log;
  child.signal_with_parent = SIGKILL;
  return wait_for(start_child(child), call);
}

std::string last_words(const fs::path& log, std::size_t longest) {
  std::ifstream in(log);
  std::string last;
  for (std::string line; std::getline(in, line);) {
    // Without the escape sequences that colour a terminal.
    std::string plain;
    for (std::size_t i = 0; i < line.size(); ++i) {
      if (line[i] == '\033') {
        while (i < line.size() && !std::isalpha(static_cast<unsigned char>(line[i]))) ++i;
        continue;
      }
      if (static_cast<unsigned char>(line[i]) >= ' ') plain += line[i];
    }
    const auto first = plain.find_first_not_of(' ');
    if (first != std::string::npos) last = plain.substr(first);
  }
  return last.substr(0, longest);
}

ScratchDirectory::ScratchDirectory(const fs::path& parent) {
  const char* variable = std::getenv("TMPDIR");
  const fs::path above = !parent.empty() ? parent : fs::path(variable && *variable ? variable : "/tmp");
  std::string name = (above / "brickline-calibrate-XXXXXX").string();
  if (!::mkdtemp(name.data())) {
    const bool full = errno == ENOSPC || errno == EDQUOT;
    throw Error(full ? ErrorKind::kResources : ErrorKind::kInput,
                fmt::format("cannot make a directory for temporary files: {}", std::strerror(errno)))
        .in_file(above.string());
  }
  path_ = name;
}

ScratchDirectory::~ScratchDirectory() {
  if (keep_) return;
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

}  // namespace brickline
