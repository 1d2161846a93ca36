// The bricks that a table or a map of a survey is made from.
#pragma once

#include <tbb/global_control.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/base/log.h"
#include "core/release/brick_products.h"
#include "core/release/parts.h"
#include "core/survey/bricks.h"

namespace brickline {

std::optional<BrickTable> table_of_bricks(const std::filesystem::path& file);  // empty path: none

// Those below a directory that have a catalog, by brickid; `names`: only these. Error (kInput): one of them has none.
std::vector<BrickOutput> output_bricks(const std::filesystem::path& directory, const BrickTable& table,
                                       const std::vector<std::string>& names);

// Warnings of all counts but `quiet` ones, "37 bricks without band i".
void tell_counts(const Counts& counts, const std::vector<std::string>& quiet, const Log& log);

// FILE.parts/GROUP.fits
std::filesystem::path part_file(const std::filesystem::path& out, const std::string& group);
// Removes these files, and their directory if nothing else is in it.
void remove_parts(const std::vector<std::filesystem::path>& parts);
// What a command of a plan is told: the option --again, by which what is there already is made again, and where it tells what it
// has written: the option --checksums, and the list itself (core/campaign/verify.h).
struct PlanWords {
  bool again = false;
  std::filesystem::path checksums;
  std::unique_ptr<tbb::global_control> threads;  // if a number was given
  void add_options(CLI::App& app);
  // Removes a file that would be taken for what is to be made.
  void forget(const std::filesystem::path& file) const;
};
void tell_checksums(const std::filesystem::path& list, const std::vector<std::filesystem::path>& files);
// The group of that name. Error (kInput): no brick is in it.
const BrickGroup& group_named(const std::vector<BrickGroup>& groups, const std::string& name);

}  // namespace brickline
