// The maps of dust that a table of a survey needs.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "core/catalog/dust.h"

namespace brickline {

// Those of --dust-dir, else of $DUST_DIR; empty with --no-dust. `digest`: what they are. Error (kUsage): nobody says where
// they are; `why` they are needed.
std::optional<DustMaps> dust_of(std::filesystem::path directory, bool no_dust, const std::string& why,
                                std::string& digest);

// The same Error, from the names alone; the directory, or nothing.
std::filesystem::path dust_directory(std::filesystem::path directory, bool no_dust, const std::string& why);

}  // namespace brickline
