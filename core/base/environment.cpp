#include "core/base/environment.h"

#include <cstdlib>

namespace brickline {

std::optional<std::string> process_environment(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  if (!value || !*value) return {};
  return value;
}

}  // namespace brickline
