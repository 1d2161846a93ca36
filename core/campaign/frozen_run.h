// What every item of a plan is run with: the options of the day when the plan was made. In a plan of commands an item's
// words are all that its program is called with, and "--checksums FILE" and "--threads N" behind them; in one of CCDs
// "--config FILE" stands before them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/campaign/manifest.h"
#include "core/campaign/plan_files.h"
#include "core/campaign/settings.h"
#include "core/campaign/verify.h"
#include "core/pipeline/brick_options.h"
#include "core/pipeline/given_options.h"

namespace brickline {

class FrozenRun {
 public:
  // Error (kInput, kUsage) for files that are missing or cannot be used.
  explicit FrozenRun(const PlanFiles& plan);

  const CampaignSettings& settings() const { return settings_; }
  const std::filesystem::path& output_dir() const { return output_dir_; }
  // Of a plan of bricks: the values of an item's options; its output directory is absolute. Error (kUsage) for words that are no options.
  BrickOptions options_of(const Item& item) const;
  // Whether an item is done (verify.h).
  Verification verify(const Item& item) const;
  // The command line of its next attempt, without the program. `threads` 0: as the options say.
  std::vector<std::string> command_line(const Item& item, int threads, std::int64_t memory_mb) const;

 private:
  PlanFiles plan_;
  CampaignSettings settings_;
  GivenOptions given_;
  std::filesystem::path output_dir_;
};

// An item's own words; "--brick NAME" before them unless they say a place themselves.
std::vector<std::string> words_of(const Item& item);

// Whether one may freeze these options for many bricks. Error (kUsage) for those that are of one brick, or leave
// nothing that could be verified.
void check_frozen(const BrickOptions& options);

}  // namespace brickline
