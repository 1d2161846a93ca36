// How a plan's items are worked on: plan.toml.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace brickline {

enum class PlanKind {
  kBricks,    // an item is a brick that runbrick works on
  kCommands,  // an item is a command line of the worker, which writes a list of its files' checksums
  kCcds       // an item is an exposure's CCDs that calibrate works on
};

struct CampaignSettings {
  PlanKind kind = PlanKind::kBricks;
  std::filesystem::path worker;     // the program that runs one item
  std::filesystem::path directory;  // where it runs: relative paths among its options are below it
  // What an item may have of memory, 10^6 bytes, rising. An item that turns out to need more goes to the next.
  std::vector<std::int64_t> classes_mb = {1000, 2000, 4000, 8000, 16000, 32000, 64000, 128000};
  int most_tries = 3;  // failures after which an item is given up
  int bail_out_after =
      3;  // long tasks that an item may outlast before it is finished with what it has; 0: never
  // Variables that the program reads; of those in kFrozenVariables, and of those that stand for options, that are not
  // here, it sees none.
  std::map<std::string, std::string> environment;
};

// Of a plan's directory (plan_files.h): a plan begun with another one cannot be gone on with. 1, without a number: lists of
// checksums and bundles in single directories.
inline constexpr int kPlanFormat = 2;

inline constexpr std::string_view kFrozenVariables[] = {"BRICKLINE_PLUGIN_PATH", "BRICKLINE_SIMD",
                                                        "XDG_DATA_HOME"};

std::string settings_text(const CampaignSettings& settings);
// Error (kInput), with file and line, for what is no TOML, unknown keys, values that make no sense, and another
// format of plans.
CampaignSettings read_settings(const std::filesystem::path& file);

// The class of items that need so many 10^6 bytes: the first that has them, else the last.
int memory_class(const CampaignSettings& settings, double memory_mb);

}  // namespace brickline
