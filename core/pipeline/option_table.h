// The one list of what a brick's run can be told: a row per option, from which are made the command line and
// its help, CMDLINE in the products' headers, and the keys of the stages.
#pragma once

#include <cmath>
#include <functional>
#include <limits>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/typed_path.h"
#include "core/pipeline/brick_options.h"
#include "core/pipeline/option_text.h"

namespace brickline {

// What giving an option may change.
enum class OptionEffect {
  kProducts,  // what is in the products: told in CMDLINE
  kPaths,     // where inputs are looked for, and what else leaves good products as they are
  kControl,   // how the run goes about it; no stage reads it
};

struct OptionRange {
  double least = -std::numeric_limits<double>::infinity(), most = std::numeric_limits<double>::infinity();
  bool above_least = false;  // the least value itself is not allowed
  bool any() const { return std::isfinite(least) || std::isfinite(most); }
};

struct OptionRow {
  std::string_view flag;         // "--width"
  std::string_view short_flag;   // "-W", or empty
  std::string_view other_flag;   // a further long one by which it is known, or empty
  std::string_view heading;      // of the help: "Region"
  std::string_view values;       // of the help: "PIXELS", "X0 X1 Y0 Y1"; empty for flags
  std::string_view help;         // what it does
  std::string_view environment;  // the variable that stands in for it, or empty
  OptionEffect effect = OptionEffect::kProducts;
  std::string_view group;  // of options (kOptionGroup) that its member belongs to
  std::size_t member = 0;  // where in BrickOptions the member is: no two rows have the same
  int words = 0;           // that one occurrence takes
  bool repeatable = false;
  bool counted = false;  // a flag whose value is how often it is given

  OptionRange range;  // of its numbers
  // What a path of it that was typed must name, and a file that a directory must have.
  PathKind names = PathKind::kAny;
  std::string_view holds;
  // Whether a run with these options looks at it; null: always.
  bool (*used)(const BrickOptions& options) = nullptr;

  // The words of the value, an element per occurrence of the option; of a flag, one element without words.
  std::vector<Words> (*written)(const BrickOptions& options) = nullptr;
  bool (*at_default)(const BrickOptions& options) = nullptr;
  void (*reset)(BrickOptions& options) = nullptr;  // to its default
  // Reads one occurrence. Error (kUsage) naming the option for words that say no value.
  void (*read)(BrickOptions& options, std::string_view flag, std::span<const std::string> words) = nullptr;

  bool is_used(const BrickOptions& options) const { return !used || used(options); }
  // How it must be given to have its value; empty at its default.
  std::vector<Words> occurrences(const BrickOptions& options) const {
    return at_default(options) ? std::vector<Words>{} : written(options);
  }
  std::string default_text() const;  // of the help; empty: there is none to tell
};

std::span<const OptionRow> option_table();

// The row of a flag, long or short; null if there is none.
const OptionRow* find_option(std::string_view flag);

// "--flag words..." of every option that is not at its default and of which `which` says so, sorted by flag.
std::vector<Words> given_options(const BrickOptions& options,
                                 const std::function<bool(const OptionRow&)>& which);

// The options that change products, as a command line in canonical order; of some groups (kOptionGroup) alone.
std::string canonical_options(const BrickOptions& options);
std::string canonical_options(const BrickOptions& options, const std::set<std::string_view>& groups);

// Error (kInput) for a path that was typed, names nothing (core/base/typed_path.h) and would be looked at. `typed`: as what
// ("--gaia-dir"); empty: it was not.
void require_typed_paths(const BrickOptions& options,
                         const std::function<std::string(const OptionRow&)>& typed);
// All of them were: what is frozen.
void require_typed_paths(const BrickOptions& options);

// Error (kUsage) for values out of their range and for options that contradict each other.
void check_options(const BrickOptions& options);

}  // namespace brickline
