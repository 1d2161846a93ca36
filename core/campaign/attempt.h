// One attempt at an item: a process of the worker program, its words kept, its memory bounded.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace brickline {

struct AttemptCall {
  std::filesystem::path program;
  std::vector<std::string> arguments;
  std::filesystem::path directory;  // where it runs
  std::filesystem::path log;        // what it says goes to the end of this file
  std::int64_t memory_mb = 0;       // of its heap, 10^6 bytes (RLIMIT_DATA); 0: no limit
  std::map<std::string, std::string>
      environment;  // laid over this process's; an empty value takes a variable away
};

struct AttemptResult {
  int code = 0;  // exit code; minus the number of a signal
  double wall_seconds = 0, cpu_seconds = 0, peak_mb = 0;
};

class Attempt {
 public:
  // Starts it. It gets SIGTERM should this process end first. Error (kInput, kResources) if there is no process to be
  // had; a program that cannot be started ends with code 127.
  explicit Attempt(const AttemptCall& call);
  // Kills it, if it still runs.
  ~Attempt();
  Attempt(Attempt&& other) noexcept;
  Attempt& operator=(Attempt&&) = delete;

  void send(int signal) const;
  // Becomes readable when the process has ended (poll).
  int descriptor() const { return pidfd_; }
  // Its end, if it has come.
  std::optional<AttemptResult> ended();

 private:
  pid_t pid_ = -1;
  int pidfd_ = -1;
  std::chrono::steady_clock::time_point began_;
};

}  // namespace brickline
