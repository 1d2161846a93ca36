// Programs that we do not write, run as a careful person would: without a shell, in a directory of their own,
// with a time limit, their words kept.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/cancel.h"

namespace brickline {

// The program of the first of those names that is on $PATH (`path`: its value); empty if none is. A name with a
// slash is that file, if it can be run.
std::optional<std::filesystem::path> find_program(const std::vector<std::string>& names,
                                                  const std::optional<std::string>& path);

struct ProgramCall {
  std::filesystem::path program;
  std::vector<std::string> arguments;
  std::filesystem::path directory;  // where it runs
  std::filesystem::path log;        // what it says goes to the end of this file
  double time_limit_seconds = 600;
  Cancel cancel = {};  // ends it when it is asked
};

struct ProgramResult {
  enum class End { kExit, kSignal, kTimeLimit, kCancelled };
  End end = End::kExit;
  int code = 0;  // exit code, or the signal
  double cpu_seconds = 0;
  bool succeeded() const { return end == End::kExit && code == 0; }
  // "was ended by signal 9 (Killed)", "did not end within 600 s", "ended with code 1".
  std::string description() const;
};

// Runs it to its end. It is killed with this process, should that end first. LC_ALL is C. Error (kInput) if it
// cannot be started, (kResources) without a process to be had.
ProgramResult run_external(const ProgramCall& call);

// The last words of a log that say something, in one line of at most `longest` characters.
std::string last_words(const std::filesystem::path& log, std::size_t longest = 300);

// A fresh directory, removed with all that is in it at the end of its life.
class ScratchDirectory {
 public:
  // Below `parent`, or below $TMPDIR or /tmp. Error (kResources, kInput) if it cannot be made.
  explicit ScratchDirectory(const std::filesystem::path& parent = {});
  ~ScratchDirectory();
  ScratchDirectory(const ScratchDirectory&) = delete;
  ScratchDirectory& operator=(const ScratchDirectory&) = delete;
  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path operator/(std::string_view name) const { return path_ / name; }
  // It stays when its time is over.
  void keep() { keep_ = true; }

 private:
  std::filesystem::path path_;
  bool keep_ = false;
};

}  // namespace brickline
