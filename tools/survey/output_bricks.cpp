#include "tools/survey/output_bricks.h"

#include <algorithm>
#include <set>

#include "core/base/error.h"
#include "core/campaign/verify.h"
#include "core/fits/fits_reader.h"
#include "core/release/sweeps.h"

namespace brickline {

namespace fs = std::filesystem;

std::optional<BrickTable> table_of_bricks(const fs::path& file) {
  if (file.empty()) return {};
  fits::FitsReader reader(file);
  return BrickTable::from_table(reader.table(1), file);
}

std::vector<BrickOutput> output_bricks(const fs::path& directory, const BrickTable& table,
                                       const std::vector<std::string>& names) {
  const std::set<std::string> wanted(names.begin(), names.end());
  std::vector<BrickOutput> bricks;
  for (const BrickCatalog& catalog : find_catalogs(directory / "tractor", &table))
    if (wanted.empty() || wanted.contains(catalog.brick))
      bricks.push_back({directory, table.find(catalog.brick)});
  for (const std::string& name : names)
    if (std::ranges::none_of(bricks, [&](const BrickOutput& b) { return b.brick.name == name; }))
      throw input_error("brick {} has no catalog", name).in_file(directory.string());
  return bricks;
}

void tell_counts(const Counts& counts, const std::vector<std::string>& quiet, const Log& log) {
  for (const auto& [what, count] : counts)
    if (count > 0 && std::ranges::find(quiet, what) == quiet.end()) log.warning("{} {}", count, what);
}

fs::path part_file(const fs::path& out, const std::string& group) {
  return fs::path(out.string() + ".parts") / (group + ".fits");
}

void remove_parts(const std::vector<fs::path>& parts) {
  std::error_code ignored;
  for (const fs::path& part : parts) fs::remove(part, ignored);
  if (!parts.empty()) fs::remove(parts[0].parent_path(), ignored);
}

void PlanWords::add_options(CLI::App& app) {
  app.add_flag("--again", again,
               "make also what is there already, of the same bricks and with the same options");
  app.add_option_function<int>(
         "--threads",
         [this](int count) {
           if (count > 0)
             threads = std::make_unique<tbb::global_control>(tbb::global_control::max_allowed_parallelism,
                                                             static_cast<std::size_t>(count));
         },
         "at once; 0: as many as there are cores")
      ->check(CLI::Range(0, 4096));
  app.add_option("--checksums", checksums,
                 "in the end, write the checksums of the files that were made to this file");
}

void PlanWords::forget(const fs::path& file) const {
  std::error_code ignored;
  if (again) fs::remove(file, ignored);
}

void tell_checksums(const fs::path& list, const std::vector<fs::path>& files) {
  if (!list.empty()) write_checksums(list, files);
}

const BrickGroup& group_named(const std::vector<BrickGroup>& groups, const std::string& name) {
  const auto found = std::ranges::find(groups, name, &BrickGroup::name);
  if (found == groups.end()) throw input_error("--group {}: no finished brick's name begins so", name);
  return *found;
}

}  // namespace brickline
