// Environment variables as a value that can be handed in.
#pragma once

#include <functional>
#include <optional>
#include <string>

namespace brickline {

// A variable's value, if it is set and not empty.
using Environment = std::function<std::optional<std::string>(const std::string& name)>;

// The process's own.
std::optional<std::string> process_environment(const std::string& name);

}  // namespace brickline
