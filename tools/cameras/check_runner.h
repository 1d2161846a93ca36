// `cameras check`: every check in a process of its own, so that a camera that crashes, hangs or ends the process is a
// finding and no more.
#pragma once

#include <string>
#include <vector>

#include "core/camera/plugin_checks.h"

namespace brickline {

struct CheckOptions {
  CheckInput input;
  int level = 0;                  // 0: 5 with an image, 4 without
  std::vector<std::string> only;  // ids, "pixels.*"; none: all of the level
  std::vector<std::string> skip;  // likewise, of those that are left out
  double timeout_seconds = 60;    // of one check
};

struct CheckResult {
  std::string id, words, result;  // pass, warn, fail, skip, crash, timeout, ended
  int level = 0;
  double seconds = 0;
  std::vector<std::string> evidence;
  bool failed() const { return result != "pass" && result != "warn" && result != "skip"; }
};

// Which checks there are up to a level, a line each: "LEVEL ID words".
std::string list_of_checks(int level);

// Runs the checks, one after the other. Error (kUsage) for an id that there is not.
std::vector<CheckResult> run_checks(const CheckOptions& options);

// What the process of one check does: runs it and writes the verdict to file descriptor 3. The exit code.
int run_one_check(const std::string& id, const CheckOptions& options);

std::string checks_for_people(const std::vector<CheckResult>& results, const CheckOptions& options);
std::string checks_as_json(const std::vector<CheckResult>& results, const CheckOptions& options);
std::string checks_as_junit(const std::vector<CheckResult>& results, const CheckOptions& options);

}  // namespace brickline
