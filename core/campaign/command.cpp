#include "core/campaign/command.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "core/base/child_process.h"
#include "core/base/error.h"

extern char** environ;

namespace brickline {

CommandResult run_command(const std::vector<std::string>& words) {
  constexpr int kSignal = 128;
  std::vector<std::string> copies = words;
  const std::vector<char*> argv = pointers(copies);

  std::array<int, 2> out{}, err{};
  if (::pipe2(out.data(), O_CLOEXEC) != 0)
    throw resource_error("no pipe for {}: {}", words[0], std::strerror(errno));
  if (::pipe2(err.data(), O_CLOEXEC) != 0) {
    ::close(out[0]);
    ::close(out[1]);
    throw resource_error("no pipe for {}: {}", words[0], std::strerror(errno));
  }
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, out[1], 1);
  posix_spawn_file_actions_adddup2(&actions, err[1], 2);
  pid_t child = 0;
  // Variables by which a user changes what Slurm's programs list and submit are not for us.
  std::vector<char*> environment;
  for (char** e = environ; *e; ++e)
    if (std::strncmp(*e, "SQUEUE_", 7) != 0 && std::strncmp(*e, "SBATCH_", 7) != 0 &&
        std::strncmp(*e, "SINFO_", 6) != 0)
      environment.push_back(*e);
  environment.push_back(nullptr);
  const int failed = ::posix_spawnp(&child, argv[0], &actions, nullptr, argv.data(), environment.data());
  posix_spawn_file_actions_destroy(&actions);
  ::close(out[1]);
  ::close(err[1]);
  CommandResult result;
  std::array<pollfd, 2> ends{pollfd{out[0], POLLIN, 0}, pollfd{err[0], POLLIN, 0}};
  while (failed == 0 && (ends[0].fd >= 0 || ends[1].fd >= 0)) {
    if (::poll(ends.data(), ends.size(), -1) < 0 && errno != EINTR) break;
    for (std::size_t i = 0; i < ends.size(); ++i) {
      if (ends[i].fd < 0 || ends[i].revents == 0) continue;
      std::array<char, 4096> bytes{};
      const ssize_t n = ::read(ends[i].fd, bytes.data(), bytes.size());
      if (n > 0)
        (i == 0 ? result.out : result.err).append(bytes.data(), static_cast<std::size_t>(n));
      else if (n == 0 || errno != EINTR)
        ends[i].fd = -1;
    }
  }
  ::close(out[0]);
  ::close(err[0]);
  if (failed != 0) return {kCannotStart, {}, std::strerror(failed)};
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  result.code = WIFEXITED(status) ? WEXITSTATUS(status) : kSignal + WTERMSIG(status);
  return result;
}

}  // namespace brickline
