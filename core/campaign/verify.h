// Whether an item is done: not that files are there, but that they are what its run has written.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "core/base/checksum_list.h"
#include "core/campaign/journal.h"
#include "core/campaign/manifest.h"
#include "core/pipeline/brick_options.h"

namespace brickline {

struct Verification {
  Check check = Check::kNone;         // kDone, kNothing, kObjection, kFailed or kHopeless
  std::string what;                   // the objection, or why there was nothing to do
  std::int64_t files = 0, bytes = 0;  // that were read
  bool wants_memory = false;          // of kFailed: a program of the run was killed, as for want of memory
};

// kDone, if
//   - the catalog can be read, with its checksums right, made with these options, and no item failed (catalog_done of
//     core/pipeline/done.h);
//   - the brick's list of checksums is whole, names the catalog, and every file that it names has that digest;
//   - the catalog has as many rows as its intermediate one, of which it is made.
// kNothing, if in the catalog's place a marker of these options says that there was nothing to do, and there is no
// list of checksums.
Verification verify_item(const BrickOptions& options);

// Of a plan of commands: kDone, if the item's list of checksums is whole and every file that it names has that digest;
// kNothing, if the list says that nothing came of it; kDone as well, if it says that its files were put together in others.
Verification verify_checksums(const std::filesystem::path& list);
void write_put_together(const std::filesystem::path& list);
bool is_put_together(const std::filesystem::path& list);

// Of a plan of CCDs: kDone, if the item's record (core/calib/calibration_record.h) tells of as many CCDs as the item has, all of
// its exposure and each once; every file that it names has its digest, and the calibrations in it are valid for their
// CCDs by the readers' rules. kNothing, if the camera brings all of them itself. kHopeless, if that holds but for CCDs whose
// calibrations cannot be made; kFailed, if one of those may go well another time.
Verification verify_calibrations(const std::filesystem::path& list, const Item& item);
// What stands for an item all of whose calibrations were there: it has cost no more than a look.
inline constexpr std::string_view kAllValidAlready = "all calibrations were valid already";
// Renames calibrations that the item itself has made, and that do not have their digest any more, to NAME.damaged
// (NAME.damaged.2, ... where that is taken): one that can be read would be taken for valid. What was valid before is not its own to
// rename: its owner may have written it anew. Returns how many.
int set_damaged_aside(const std::filesystem::path& list);

}  // namespace brickline
