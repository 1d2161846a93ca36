// Paths that somebody typed, on a command line or in a file of options. A catalog or a directory that nobody gave, or that a
// variable of the environment points to in vain, may be done without: a warning says what that costs. What was typed is meant:
// if it names nothing, another run would come of it than the one that was asked for.
#pragma once

#include <filesystem>
#include <string_view>

namespace brickline {

enum class PathKind {
  kAny,  // it may name nothing
  kDirectory,
  kDirectories,  // with ":" between them
  kFile,
};

// Error (kInput) naming the path and `option`, if `path` names nothing of its kind; `holds`, if not empty, is a file that the
// directory must have. An empty path was not typed.
void require_typed(std::string_view option, const std::filesystem::path& path, PathKind kind,
                   std::string_view holds = {});

}  // namespace brickline
