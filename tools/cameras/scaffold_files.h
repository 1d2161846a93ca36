// `cameras scaffold`: the files that a new camera begins with, and what is printed about them.
#pragma once

#include <filesystem>
#include <string>

#include "core/camera/scaffold.h"

namespace brickline {

// Writes a project to the directory, which must not exist: the camera as a C++ source, or as a file of facts where
// `facts_alone`, CMakeLists.txt, README.md and TODO.md.
void write_scaffold(const Scaffold& scaffold, const std::string& name, bool facts_alone,
                    const std::filesystem::path& directory);

// The HDUs with their roles and reasons, and how much is left to do.
std::string scaffold_for_people(const Scaffold& scaffold, const std::filesystem::path& directory);

}  // namespace brickline
