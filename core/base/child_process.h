// Programs that are started, and what that takes again and again.
#pragma once

#include <sys/time.h>
#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace brickline {

// A child ends with this where its program cannot be started, as a shell says it.
inline constexpr int kCannotStart = 127;

// As exec and posix_spawn take arguments and variables; valid as long as the texts are.
inline std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> list;
  for (std::string& text : texts) list.push_back(text.data());
  list.push_back(nullptr);
  return list;
}

inline double seconds(const timeval& t) {
  return static_cast<double>(t.tv_sec) + 1e-6 * static_cast<double>(t.tv_usec);
}

struct ChildCall {
  std::filesystem::path program;
  std::vector<std::string> arguments;
  std::vector<std::string> environment;  // all of it, "NAME=VALUE"
  std::filesystem::path directory;       // where it runs
  std::filesystem::path log;             // what it says goes to the end of this file; it reads nothing
  int signal_with_parent = 0;            // that it gets should this process end first
  std::int64_t data_bytes = 0;           // limit of its heap (RLIMIT_DATA); 0: none
};

// Starts it in a process group of its own, with no signal blocked, and those that ask for an end as they are by default. A
// program that cannot be started ends with kCannotStart, which its log says. Error (kResources) if there is no process to be had or
// the log cannot be written.
pid_t start_child(const ChildCall& call);

}  // namespace brickline
