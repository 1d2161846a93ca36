#include "core/base/product_set.h"

#include <algorithm>
#include <utility>

#include "core/base/atomic_file.h"

namespace brickline {

ProductSet::ProductSet(std::filesystem::path output_dir, std::vector<Entry> entries)
    : output_dir_(std::move(output_dir)), entries_(std::move(entries)) {}

void ProductSet::record(const std::filesystem::path& path, std::string sha256) {
  const auto relative = path.lexically_normal().lexically_relative(output_dir_.lexically_normal());
  const bool inside = !relative.empty() && *relative.begin() != "..";
  std::string name = (inside ? relative : path.lexically_normal()).generic_string();
  const auto known =
      std::find_if(entries_.begin(), entries_.end(), [&](const Entry& e) { return e.path == name; });
  if (known != entries_.end())
    known->sha256 = std::move(sha256);
  else
    entries_.push_back({std::move(name), std::move(sha256)});
}

void ProductSet::write(const std::filesystem::path& path, std::string_view bytes) {
  write_file_atomically(path, bytes);
  record(path, sha256_hex(bytes));
}

std::string ProductSet::checksum_list() const {
  std::string text;
  for (const Entry& e : entries_) text += e.sha256 + " *" + e.path + "\n";
  return text;
}

}  // namespace brickline
