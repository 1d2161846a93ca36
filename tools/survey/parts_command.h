// What the commands have in common that make a table or a map of all finished bricks, a group of bricks at a time.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/release/brick_products.h"
#include "tools/survey/output_bricks.h"

namespace CLI {
class App;
}

namespace brickline {

struct PartsCommand {
  std::filesystem::path directory, bricks_file, out;
  std::vector<std::string> names;  // of bricks; empty: all
  std::string group;
  std::vector<std::filesystem::path>
      beside;  // further tables, whose parts are made along with those of `out`
  bool list = false, keep = false, no_verify = false;
  PlanWords plan_words;

  void add_places(CLI::App& app, const std::string& out_help);  // DIR, --bricks, --out
  void add_parts(CLI::App& app);                                // --brick and what follows
  std::vector<BrickOutput> bricks() const;
  // Makes the part of each group. Empty: only one of them or their names were asked for, and all is said and done.
  std::optional<std::vector<std::filesystem::path>> make_parts(
      const std::vector<BrickOutput>& bricks,
      const std::function<void(const BrickGroup& group, const std::filesystem::path& part)>& make) const;
  // Unless they are to be kept.
  void remove(const std::vector<std::filesystem::path>& parts) const;
};

// Error (kUsage): a band is there twice. Columns are named after them, and their names have no case.
void check_bands(const std::vector<std::string>& bands);

}  // namespace brickline
