#include "core/pipeline/leftovers.h"

#include <set>

#include "core/survey/products.h"

namespace brickline {
namespace {

std::set<std::filesystem::path> product_directories(const std::filesystem::path& output_dir,
                                                    const std::string& brick) {
  std::set<std::filesystem::path> out;
  ProductKey key;
  key.brick = brick;
  key.band = "x";
  for (int p = 0; p <= static_cast<int>(Product::kTractorForced); ++p)
    if (const auto product = static_cast<Product>(p); !is_per_exposure(product))
      out.insert((output_dir / product_path(product, key)).parent_path());
  return out;
}

bool is_leftover(const std::string& name, const std::string& brick) {
  if (!name.starts_with("tmp-")) return false;
  for (std::size_t at = name.find(brick); at != std::string::npos; at = name.find(brick, at + 1)) {
    const std::size_t end = at + brick.size();
    if (name[at - 1] == '-' && end < name.size() && (name[end] == '-' || name[end] == '.')) return true;
  }
  return false;
}

}  // namespace

void remove_leftovers(const std::filesystem::path& output_dir, const std::string& brick,
                      const std::vector<std::filesystem::path>& directories, const Log& log) {
  std::set<std::filesystem::path> places = product_directories(output_dir, brick);
  places.insert(output_dir);
  places.insert(directories.begin(), directories.end());
  for (const std::filesystem::path& place : places) {
    std::error_code code;
    std::vector<std::filesystem::path> found;
    for (std::filesystem::directory_iterator file(place, code), end; !code && file != end;
         file.increment(code))
      if (is_leftover(file->path().filename().string(), brick)) found.push_back(file->path());
    for (const std::filesystem::path& file : found)
      if (std::filesystem::remove(file, code))
        log.debug("removed, left by a run that was killed: {}", file.string());
  }
}

}  // namespace brickline
