#include "core/base/child_process.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "core/base/error.h"

namespace brickline {

namespace {

// The descriptor, as one that is none of the standard ones: those are free where this process has closed its own.
int above_standard(int descriptor) {
  if (descriptor < 0 || descriptor > 2) return descriptor;
  const int above = ::fcntl(descriptor, F_DUPFD_CLOEXEC, 3);
  const int error = errno;
  ::close(descriptor);
  errno = error;
  return above;
}

}  // namespace

pid_t start_child(const ChildCall& call) {
  std::vector<std::string> words{call.program.string()};
  words.insert(words.end(), call.arguments.begin(), call.arguments.end());
  std::vector<std::string> variables = call.environment;
  const std::vector<char*> argv = pointers(words), envp = pointers(variables);
  const int log = above_standard(::open(call.log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666));
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
    ::prctl(PR_SET_PDEATHSIG, call.signal_with_parent);
    if (::getppid() != parent) ::_exit(kCannotStart);
    for (const int signal : {SIGTERM, SIGINT, SIGUSR1, SIGUSR2, SIGXFSZ, SIGPIPE}) ::signal(signal, SIG_DFL);
    sigset_t none;  // what this process waits for is not for its child to ignore
    sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    if (call.data_bytes > 0) {
      const auto bytes = static_cast<rlim_t>(call.data_bytes);
      const rlimit limit{bytes, bytes};
      ::setrlimit(RLIMIT_DATA, &limit);
    }
    const int nothing = above_standard(::open("/dev/null", O_RDONLY | O_CLOEXEC));
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
  return child;
}

}  // namespace brickline
