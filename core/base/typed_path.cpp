#include "core/base/typed_path.h"

#include <algorithm>
#include <string>

#include "core/base/error.h"

namespace brickline {

void require_typed(std::string_view option, const std::filesystem::path& path, PathKind kind,
                   std::string_view holds) {
  std::error_code ignored;
  if (kind == PathKind::kAny || path.empty()) return;
  if (kind == PathKind::kFile) {
    if (!std::filesystem::is_regular_file(path, ignored))
      throw input_error("no such file ({})", option).in_file(path.string());
    return;
  }
  if (kind == PathKind::kDirectories) {
    const std::string all = path.string();
    for (std::size_t from = 0; from <= all.size();) {
      const std::size_t colon = std::min(all.find(':', from), all.size());
      require_typed(option, all.substr(from, colon - from), PathKind::kDirectory);
      from = colon + 1;
    }
    return;
  }
  if (!std::filesystem::is_directory(path, ignored))
    throw input_error("no such directory ({})", option).in_file(path.string());
  if (!holds.empty() && !std::filesystem::is_regular_file(path / holds, ignored))
    throw input_error("no such file ({} names the directory that has it)", option)
        .in_file((path / holds).string());
}

}  // namespace brickline
