#include "core/campaign/settings.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "core/base/error.h"
#include "core/base/toml_text.h"
#include "core/campaign/toml_file.h"

namespace brickline {
namespace {

// By kind; a file that says nothing is of the first.
struct Kind {
  std::string_view name, what;
};
constexpr Kind kKinds[] = {{"bricks", "items are bricks"},
                           {"commands", "items are command lines of the worker"},
                           {"ccds", "items are the CCDs of exposures"}};

}  // namespace

std::string settings_text(const CampaignSettings& s) {
  std::string out = "# How the items of this plan are worked on.\n";
  out += fmt::format("format = {}               # of this directory's files\n", kPlanFormat);
  if (const Kind& kind = kKinds[static_cast<int>(s.kind)]; s.kind != PlanKind::kBricks)
    out += fmt::format("kind = {}            # {}\n", toml_text(kind.name), kind.what);
  out += fmt::format("worker = {}              # the program that runs one item\n",
                     toml_text(s.worker.string()));
  out += fmt::format("directory = {}           # where it runs\n", toml_text(s.directory.string()));
  out += fmt::format("memory-classes-mb = [{}]  # what an item may have, 10^6 bytes\n",
                     fmt::join(s.classes_mb, ", "));
  out += fmt::format("most-tries = {}           # failures after which an item is given up\n", s.most_tries);
  out += fmt::format(
      "bail-out-after = {}       # tasks that an item may outlast before it ends with what it has; 0: never\n",
      s.bail_out_after);
  out += "\n[environment]\n";
  for (const auto& [name, value] : s.environment) out += fmt::format("{} = {}\n", name, toml_text(value));
  return out;
}

CampaignSettings read_settings(const std::filesystem::path& file) {
  TomlFile toml(file);
  CampaignSettings s;
  const auto required = [&](std::string_view key) {
    const auto value = toml.text(key);
    if (!value || value->empty()) throw input_error("{} is missing", key).in_file(file.string());
    return *value;
  };
  constexpr std::int64_t kMostFormat = 1'000'000;
  const auto format = toml.integer("format", 1, kMostFormat);
  if (format && *format > kPlanFormat)
    throw input_error("the plan is of a later version (format {}, here {}): go on with that one", *format,
                      kPlanFormat)
        .in_file(file.string());
  const std::string name = toml.text("kind").value_or(std::string(kKinds[0].name));
  const auto* kind = std::ranges::find(kKinds, name, &Kind::name);
  if (kind == std::end(kKinds))
    throw input_error("kind '{}' is none of bricks, commands, ccds", name).in_file(file.string());
  s.kind = static_cast<PlanKind>(kind - std::begin(kKinds));
  s.worker = required("worker");
  s.directory = required("directory");
  constexpr std::int64_t kMostMemory = 100'000'000, kMostTries = 1000;
  if (const auto classes = toml.integers("memory-classes-mb", 1, kMostMemory)) s.classes_mb = *classes;
  if (s.classes_mb.empty() || !std::is_sorted(s.classes_mb.begin(), s.classes_mb.end()))
    throw input_error("memory-classes-mb must be one or more rising numbers").in_file(file.string());
  s.most_tries = static_cast<int>(toml.integer("most-tries", 1, kMostTries).value_or(s.most_tries));
  s.bail_out_after =
      static_cast<int>(toml.integer("bail-out-after", 0, kMostTries).value_or(s.bail_out_after));
  s.environment = toml.table("environment");
  toml.require_all_known();
  if (format.value_or(1) < kPlanFormat)
    throw input_error(
        "the plan is of an earlier version, which kept its lists in other places: finish it with that version, or make "
        "a new one with the same output directory, where what is done stays")
        .in_file(file.string());
  return s;
}

int memory_class(const CampaignSettings& settings, double memory_mb) {
  const auto& classes = settings.classes_mb;
  const auto first = std::find_if(classes.begin(), classes.end(),
                                  [&](std::int64_t mb) { return static_cast<double>(mb) >= memory_mb; });
  return static_cast<int>(std::min<std::ptrdiff_t>(first - classes.begin(), std::ssize(classes) - 1));
}

}  // namespace brickline
