// What is done with items that are settled: verified again, cleaned up after, sealed, or tried once more.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "core/base/log.h"
#include "core/campaign/plan_files.h"

namespace brickline {

struct VerifyReport {
  std::int64_t done = 0, nothing = 0, not_done = 0, files = 0, bytes = 0;
  // Item and what is wrong, in the manifest's order.
  std::vector<std::pair<std::string, std::string>> objections;
};
// Reads every file of every item that counts as done, and of CCDs also what was made of an item that was given up. With
// `mend`, items that are not what they should be wait again (which needs the plan's lock, and that no round of theirs
// is open); of CCDs, what an item itself has made and is damaged is set aside (verify.h).
VerifyReport verify_plan(const PlanFiles& plan, bool mend, const Log& log);

// Items that were given up wait again, with all tries before them; `names` empty: all. Returns how many. Error (kInput)
// for a name that is no item, or one that was not given up.
std::int64_t try_again(const PlanFiles& plan, const std::vector<std::string>& names, const Log& log);

struct CleanReport {
  std::int64_t items = 0, files = 0, bytes = 0;
};
// Removes saved state and journals of fitted blobs of items that are done; of a plan of commands, parts that are put
// together.
CleanReport clean_plan(const PlanFiles& plan, const Log& log);

struct SealReport {
  std::int64_t items = 0, files = 0;
  std::filesystem::path table;
};
// Verifies, writes survey-checksums.fits (path, size, sha256 of each product and list of checksums) into the output
// directory, and takes the permission to write from all that is in it; of a plan of commands as command_finish.h says.
// Error (kInput) if an item is not settled, was given up (unless `incomplete`), or is not what it should be.
SealReport seal_plan(const PlanFiles& plan, bool incomplete, const Log& log);

}  // namespace brickline
