// Whether a brick's run has been done before, with these options: what lets a farm of jobs be started again.
#pragma once

#include <filesystem>
#include <set>
#include <string>

#include "core/pipeline/brick_options.h"
#include "core/pipeline/stage.h"

namespace brickline {

// The brick's name, of a custom brick too; nothing is read. Error (kUsage) for a position that is none.
std::string brick_name(const RegionOptions& region);

// The file that stands in the catalog's place when there was nothing to do: "tractor/BBB/nothing-BRICK.json",
// with the reason and the options that change products.
std::filesystem::path nothing_marker(const std::filesystem::path& output_dir, const std::string& brick);
void write_nothing_marker(const RunContext& run, const std::string& reason);

struct Done {
  bool done = false;
  std::string what;  // which file says so, or what is wrong with it
};

// The catalog is there and whole (it can be read as a table and its checksums are right), and its header
// tells of the same options and of no failed item; or the marker is there and tells of the same options.
Done catalog_done(const BrickOptions& options);
// The picture of the coadds is there.
Done coadds_done(const BrickOptions& options);

// Removes, before a run, what it will write anew and what would then look done without being so: the
// products of `stages`, and (if they write any) the catalog, its list of checksums and the marker; not those in
// `kept` (normalized paths), which stages that are not run again have made under the same names. Error if one
// cannot be removed.
void remove_stale_products(const std::vector<const StageSpec*>& stages, const BrickOptions& options,
                           const Log& log, const std::set<std::filesystem::path>& kept = {});

}  // namespace brickline
