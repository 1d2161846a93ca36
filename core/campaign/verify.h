// Whether an item is done: not that files are there, but that they are what its run has written.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>

#include "core/campaign/journal.h"
#include "core/pipeline/brick_options.h"

namespace brickline {

struct Verification {
  Check check = Check::kNone;         // kDone, kNothing or kObjection
  std::string what;                   // the objection, or why there was nothing to do
  std::int64_t files = 0, bytes = 0;  // that were read
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
// Writes such a list, "HEX64 *PATH" a line with absolute paths, which `sha256sum -c` reads. Without files: a line that says
// so. Error (kInput) for a file that cannot be read.
void write_checksums(const std::filesystem::path& list, std::span<const std::filesystem::path> files);

}  // namespace brickline
