#include "core/campaign/frozen_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <sstream>

#include "core/base/error.h"
#include "core/pipeline/command_line.h"
#include "core/pipeline/configuration.h"

namespace brickline {

FrozenRun::FrozenRun(const PlanFiles& plan) : plan_(plan), settings_(read_settings(plan.settings())) {
  output_dir_ = settings_.directory;
  if (settings_.kind != PlanKind::kBricks) return;
  given_ = read_configuration(plan.options());
  const std::vector<GivenOptions> layers = {given_};
  output_dir_ = (settings_.directory / resolve(layers).options.control.output_dir).lexically_normal();
}

namespace {

std::vector<std::string> own_words(const Item& item) {
  std::vector<std::string> words;
  std::istringstream in(item.words);
  for (std::string word; in >> word;) words.push_back(word);
  return words;
}

}  // namespace

std::vector<std::string> words_of(const Item& item) {
  std::vector<std::string> words = own_words(item);
  if (std::ranges::count(words, "--radec") == 0) words.insert(words.begin(), {"--brick", item.name});
  if (item.bail_out) words.emplace_back("--bail-out");
  return words;
}

BrickOptions FrozenRun::options_of(const Item& item) const {
  const std::vector<std::string> words = words_of(item);
  const std::vector<GivenOptions> layers = {options_of_command_line(words), given_};
  BrickOptions options = resolve(layers).options;
  options.control.output_dir = output_dir_;
  return options;
}

Verification FrozenRun::verify(const Item& item) const {
  switch (settings_.kind) {
    case PlanKind::kCommands:
      return verify_checksums(plan_.checksums(item.name));
    case PlanKind::kCcds:
      return verify_calibrations(plan_.checksums(item.name), item);
    case PlanKind::kBricks:
      break;
  }
  return verify_item(options_of(item));
}

std::vector<std::string> FrozenRun::command_line(const Item& item, int threads,
                                                 std::int64_t memory_mb) const {
  if (settings_.kind != PlanKind::kBricks) {
    std::vector<std::string> words = own_words(item);
    if (settings_.kind == PlanKind::kCcds)
      words.insert(words.begin(), {"--config", plan_.calibrate_options().string()});
    words.insert(words.end(), {"--checksums", plan_.checksums(item.name).string()});
    if (threads > 0) words.insert(words.end(), {"--threads", std::to_string(threads)});
    return words;
  }
  std::vector<std::string> words = {"--config", plan_.options().string()};
  for (std::string& word : words_of(item)) words.push_back(std::move(word));
  if (threads > 0) words.insert(words.end(), {"--threads", std::to_string(threads)});
  // What the program predicts is within a fifth of what it takes.
  constexpr double kShare = 0.9e-3;
  if (memory_mb > 0)
    words.insert(words.end(),
                 {"--max-memory-gb", fmt::format("{:.3f}", kShare * static_cast<double>(memory_mb))});
  return words;
}

void check_frozen(const BrickOptions& options) {
  const ControlOptions& control = options.control;
  const auto refuse = [](std::string_view flag, std::string_view why) {
    throw usage_error("{} cannot be among the options of a plan: {}", flag, why);
  };
  if (!options.region.brick.empty()) refuse("--brick", "the plan's list says which bricks");
  if (options.region.radec) refuse("--radec", "the plan's list says which bricks");
  if (!control.stages.empty()) refuse("--stage", "an item is done when its catalog is");
  if (!control.checkpoint.empty()) refuse("--checkpoint", "all items would write one file");
  if (control.plan || control.check_done || control.dump_config)
    refuse("--plan, --check-done, --dump-config", "they run nothing");
  if (control.skip || control.skip_coadd)
    refuse("--skip, --skip-coadd", "the plan itself knows what is done");
  if (options.bail_out.bail_out) refuse("--bail-out", "the plan gives it to items that take too long");
  if (control.output_dir.empty() || control.output_dir == BrickOptions().control.output_dir)
    throw usage_error("--outdir is missing among the options of a plan: a directory for its products alone");
}

}  // namespace brickline
