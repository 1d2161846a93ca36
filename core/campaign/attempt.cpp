#include "core/campaign/attempt.h"

#include <fmt/format.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "core/base/child_process.h"
#include "core/base/error.h"

extern char** environ;

namespace brickline {
namespace {

std::vector<std::string> variables_of(const std::map<std::string, std::string>& changes) {
  std::vector<std::string> out;
  for (char** e = environ; *e; ++e) {
    const std::string entry = *e;
    if (!changes.contains(entry.substr(0, entry.find('=')))) out.push_back(entry);
  }
  for (const auto& [name, value] : changes)
    if (!value.empty()) out.push_back(name + "=" + value);
  return out;
}

}  // namespace

Attempt::Attempt(const AttemptCall& call) : began_(std::chrono::steady_clock::now()) {
  ChildCall child;
  child.program = call.program;
  child.arguments = call.arguments;
  child.environment = variables_of(call.environment);
  child.directory = call.directory;
  child.log = call.log;
  child.signal_with_parent = SIGTERM;
  constexpr std::int64_t kMegabyte = 1'000'000;
  child.data_bytes = call.memory_mb * kMegabyte;
  pid_ = start_child(child);
  pidfd_ = static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0));  // without one, polling takes longer
}

Attempt::Attempt(Attempt&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)), pidfd_(std::exchange(other.pidfd_, -1)), began_(other.began_) {}

Attempt::~Attempt() {
  if (pidfd_ >= 0) ::close(pidfd_);
  if (pid_ < 0) return;
  send(SIGKILL);
  while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
}

void Attempt::send(int signal) const {
  if (pid_ > 0 && ::kill(-pid_, signal) != 0) ::kill(pid_, signal);
}

std::optional<AttemptResult> Attempt::ended() {
  int status = 0;
  rusage used{};
  const pid_t ended = ::wait4(pid_, &status, WNOHANG, &used);
  if (ended < 0 && errno != EINTR)
    throw internal_error("waiting for process {}: {}", pid_, std::strerror(errno));
  if (ended != pid_) return {};
  pid_ = -1;
  AttemptResult result;
  result.code = WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
  result.wall_seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began_).count();
  result.cpu_seconds = seconds(used.ru_utime) + seconds(used.ru_stime);
  constexpr double kKibibyte = 1024, kMegabyte = 1e6;
  result.peak_mb = static_cast<double>(used.ru_maxrss) * kKibibyte / kMegabyte;
  return result;
}

}  // namespace brickline
