// Whether a brick's run has been done before: what lets a farm of jobs be started again.
#pragma once

#include <filesystem>
#include <string>

#include "core/pipeline/brick_options.h"

namespace brickline {

// The brick's name, of a custom brick too; nothing is read. Error (kUsage) for a position that is none.
std::string brick_name(const BrickOptions& options);

// The file that stands in the catalog's place when there was nothing to do: "tractor/BBB/nothing-BRICK.json".
std::filesystem::path nothing_marker(const std::filesystem::path& output_dir, const std::string& brick);

struct Done {
  bool done = false;
  std::string what;  // which file says so, or what is wrong with it
};

// The catalog is there and whole (it can be read as a table and its checksums are right), or the marker is.
Done catalog_done(const BrickOptions& options);
// The picture of the coadds is there.
Done coadds_done(const BrickOptions& options);

}  // namespace brickline
