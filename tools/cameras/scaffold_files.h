// `cameras scaffold`: the files that a new camera begins with, and what is printed about them.
#pragma once

#include <filesystem>
#include <string>

#include "core/camera/scaffold.h"

namespace brickline {

// Writes a project to the directory, which must not exist: the camera as a C++ source, or as a file of facts where
// `facts_alone`, CMakeLists.txt, README.md, TODO.md, LICENSE, a workflow that builds and checks it, and below tests/images
// the middle of the first image, its mask and its weight (no more than about a megabyte) for its test.
void write_scaffold(const Scaffold& scaffold, const ScaffoldInput& input, bool facts_alone,
                    const std::filesystem::path& directory);

// The HDUs with their roles and reasons, and how much is left to do.
std::string scaffold_for_people(const Scaffold& scaffold, const std::filesystem::path& directory);

}  // namespace brickline
