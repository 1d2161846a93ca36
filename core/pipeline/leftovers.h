// Files that processes which were killed have left half-written.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "core/base/log.h"

namespace brickline {

// Removes, from the directories of the brick's products and from `directories`, the temporary files
// ("tmp-NAME.RANDOM", see write_file_atomically) whose name holds the brick's. To be called by the one process
// that works on the brick.
void remove_leftovers(const std::filesystem::path& output_dir, const std::string& brick,
                      const std::vector<std::filesystem::path>& directories, const Log& log);

}  // namespace brickline
