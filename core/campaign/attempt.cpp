#include "core/campaign/attempt.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/prctl.h>
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
  std::vector<std::string> words{call.program.string()};
  words.insert(words.end(), call.arguments.begin(), call.arguments.end());
  std::vector<std::string> variables = variables_of(call.environment);
  const std::vector<char*> argv = pointers(words), envp = pointers(variables);
  const int log = ::open(call.log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
  if (log < 0) throw resource_error("cannot be written: {}", std::strerror(errno)).in_file(call.log.string());
  const pid_t parent = ::getpid();
  const pid_t child = ::fork();
  if (child < 0) {
    const int error = errno;
    ::close(log);
    throw resource_error("no process for {}: {}", call.program.string(), std::strerror(error));
  }
  if (child == 0) {
    // Between fork and exec only what may be called in a process of many threads.
    ::setpgid(0, 0);  // a terminal's ^C is for the one above, who hands it on
    ::prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (::getppid() != parent) ::_exit(kCannotStart);
    for (const int signal : {SIGTERM, SIGINT, SIGUSR1, SIGUSR2, SIGXFSZ, SIGPIPE}) ::signal(signal, SIG_DFL);
    sigset_t none;
    sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    if (call.memory_mb > 0) {
      const auto bytes = static_cast<rlim_t>(call.memory_mb) * 1'000'000;
      const rlimit limit{bytes, bytes};
      ::setrlimit(RLIMIT_DATA, &limit);
    }
    const int nothing = ::open("/dev/null", O_RDONLY);
    ::dup2(nothing, 0);
    ::dup2(log, 1);
    ::dup2(log, 2);
    if (::chdir(call.directory.c_str()) == 0) ::execve(argv[0], argv.data(), envp.data());
    constexpr char kWords[] = "the program cannot be started\n";
    if (::write(2, kWords, sizeof kWords - 1) < 0) ::_exit(kCannotStart);
    ::_exit(kCannotStart);
  }
  ::setpgid(child, child);  // whoever of the two is first
  ::close(log);
  pid_ = child;
  pidfd_ = static_cast<int>(::syscall(SYS_pidfd_open, child, 0));  // without one, polling takes longer
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
