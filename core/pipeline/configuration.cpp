#include "core/pipeline/configuration.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <set>

#include "core/base/error.h"
#include "core/base/nearest_name.h"
#include "core/base/toml_text.h"
#include "core/pipeline/command_line.h"
#include "core/pipeline/toml_library.h"

namespace brickline {
namespace {

// A place in a configuration, for messages.
struct Place {
  std::string_view file;
  toml::source_index line = 0;
};
template <class... Args>
Error wrong(const Place& place, fmt::format_string<Args...> format, Args&&... args) {
  return usage_error("{}:{}: {}", place.file, place.line, fmt::format(format, std::forward<Args>(args)...));
}

std::string_view type_words(const toml::node& node) {
  switch (node.type()) {
    case toml::node_type::table:
      return "a table";
    case toml::node_type::array:
      return "a list";
    case toml::node_type::boolean:
      return "true or false";
    case toml::node_type::string:
      return "a text";
    case toml::node_type::integer:
    case toml::node_type::floating_point:
      return "a number";
    default:
      return "a date or time";
  }
}

// A scalar as the word that a command line would have.
std::string word_of(const toml::node& node, std::string_view key, const Place& place) {
  if (const auto* text = node.as_string()) return **text;
  if (const auto* number = node.as_integer()) return fmt::format("{}", **number);
  if (const auto* number = node.as_floating_point()) return fmt::format("{}", **number);
  throw wrong({place.file, node.source().begin.line}, "{} takes texts and numbers, not {}", key,
              type_words(node));
}

Words words_of(const toml::array& list, std::string_view key, const Place& place) {
  Words words;
  for (const toml::node& node : list) words.push_back(word_of(node, key, place));
  return words;
}

// A list of as many words as one occurrence has.
Words one_occurrence(const toml::node& node, const OptionRow& row, std::string_view key, const Place& place) {
  const toml::array* list = node.as_array();
  if (row.words == 1 && !list) return {word_of(node, key, place)};
  if (row.words == 1) return {fmt::format("{}", fmt::join(words_of(*list, key, place), ","))};
  if (!list || static_cast<int>(list->size()) != row.words)
    throw wrong(place, "{} takes a list of {}: {}", key, row.words, row.values);
  return words_of(*list, key, place);
}

GivenOption given_by(const toml::node& node, const OptionRow& row, std::string_view key, const Place& place) {
  GivenOption given;
  given.origin = fmt::format("{}:{}", place.file, place.line);
  if (row.words == 0) {
    const auto* flag = node.as_boolean();
    const auto* number = row.counted ? node.as_integer() : nullptr;
    constexpr std::int64_t kMost = 100;
    if (!flag && !(number && **number >= 0 && **number <= kMost))
      throw wrong(place, "{} takes {}, not {}", key, row.counted ? "a number" : "true or false",
                  type_words(node));
    const std::int64_t times = flag ? **flag : **number;
    given.off = times == 0;
    given.occurrences.resize(static_cast<std::size_t>(times));
    return given;
  }
  const toml::array* list = node.as_array();
  if (!row.repeatable || !list) {
    given.occurrences = {one_occurrence(node, row, key, place)};
    return given;
  }
  const bool nested =
      std::ranges::any_of(*list, [](const toml::node& element) { return element.is_array(); });
  if (row.words > 1 && !nested && !list->empty()) {
    given.occurrences = {one_occurrence(node, row, key, place)};
    return given;
  }
  given.off = list->empty();
  for (const toml::node& element : *list)
    given.occurrences.push_back(one_occurrence(element, row, key, {place.file, element.source().begin.line}));
  return given;
}

// The values are the option's.
void check_values(const OptionRow& row, const GivenOption& given, const Place& place) {
  BrickOptions scratch;
  try {
    for (const Words& words : given.occurrences) row.read(scratch, row.flag, words);
  } catch (const Error& error) {
    throw wrong(place, "{}", error.message());
  }
}

// A word as a TOML value that reads back as the same word: a number only where no digit is lost.
std::string value_text(const std::string& word) {
  std::int64_t integer = 0;
  const char* end = word.data() + word.size();
  if (const auto r = std::from_chars(word.data(), end, integer);
      r.ec == std::errc() && r.ptr == end && fmt::format("{}", integer) == word)
    return word;
  double number = 0;
  const bool plain = word.find_first_not_of("-0123456789.") == std::string::npos;
  const std::size_t point = word.find('.');
  if (const auto r = std::from_chars(word.data(), end, number);
      plain && point != std::string::npos && point > 0 && point + 1 < word.size() && r.ec == std::errc() &&
      r.ptr == end && fmt::format("{}", number) == word && word[point - 1] != '-')
    return word;
  return toml_text(word);
}

std::string occurrence_text(const Words& words) {
  if (words.size() == 1) return value_text(words[0]);
  std::vector<std::string> values;
  for (const std::string& word : words) values.push_back(value_text(word));
  return fmt::format("[{}]", fmt::join(values, ", "));
}

std::string occurrences_text(const OptionRow& row, const std::vector<Words>& occurrences) {
  if (row.counted) return fmt::format("{}", occurrences.size());
  if (row.words == 0) return "true";
  if (!row.repeatable) return occurrence_text(occurrences.at(0));
  std::vector<std::string> texts;
  for (const Words& words : occurrences) texts.push_back(occurrence_text(words));
  return fmt::format("[{}]", fmt::join(texts, ", "));
}

constexpr std::array<std::string_view, 2> kCommandLineOnly = {"--config", "--dump-config"};

}  // namespace

GivenOptions options_of_configuration(std::string_view toml, std::string_view file) {
  toml::table table;
  try {
    table = toml::parse(toml, file);
  } catch (const NoToml&) {
    throw usage_error("{}: it is no TOML", file);
  } catch (const toml::parse_error& error) {
    throw wrong({file, error.source().begin.line}, "{}", error.description());
  }
  GivenOptions given;
  for (const auto& [name, node] : table) {
    const std::string_view key = name.str();
    const Place place{file, name.source().begin.line};
    const std::string flag = "--" + std::string(key);
    if (const OtherOption* other = find_other_option(flag)) {
      if (!other->accepted) throw wrong(place, "{}: {}", key, other->why);
      continue;
    }
    const OptionRow* row = find_option(flag);
    if (!row) {
      const std::string nearest = nearest_name(key, option_names(false), 3);
      throw wrong(place, "{} is no option{}", key, nearest.empty() ? "" : "; did you mean " + nearest + "?");
    }
    if (std::ranges::count(kCommandLineOnly, row->flag))
      throw wrong(place, "{} can be given on a command line only", row->flag);
    if (given.contains(row)) throw wrong(place, "{} is given twice, under two names", row->flag);
    GivenOption option = given_by(node, *row, key, place);
    check_values(*row, option, place);
    given[row] = std::move(option);
  }
  return given;
}

GivenOptions read_configuration(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::error_code code;
  if (!in || std::filesystem::is_directory(file, code))
    throw input_error("the configuration cannot be read").in_file(file.string());
  return options_of_configuration(std::string(std::istreambuf_iterator<char>(in), {}), file.string());
}

std::string configuration_text(const ResolvedOptions& resolved) {
  std::string out = "# Options of runbrick: what is not at its default, the rest in comments.\n";
  std::string_view heading;
  for (const OptionRow& row : option_table()) {
    if (std::ranges::count(kCommandLineOnly, row.flag)) continue;
    if (row.heading != heading) out += fmt::format("\n# ---- {} ----\n", row.heading);
    heading = row.heading;
    const std::string_view key = row.flag.substr(2);
    const std::vector<Words> occurrences = row.occurrences(resolved.options);
    const auto origin = resolved.origins.find(row.flag);
    const std::string by = origin == resolved.origins.end() ? "" : "  # " + origin->second;
    if (!occurrences.empty()) {
      out += fmt::format("{} = {}{}\n", key, occurrences_text(row, occurrences), by);
    } else if (const auto standard = row.written(resolved.options); row.words > 0 && !standard.empty()) {
      out += fmt::format("# {} = {}{}\n", key, occurrences_text(row, standard), by);
    } else if (row.words == 0) {
      out += fmt::format("# {} = {}{}\n", key, row.counted ? "0" : "false", by);
    } else {
      out += fmt::format("# {} =        # {}\n", key, row.values);
    }
  }
  return out;
}

std::vector<std::filesystem::path> preset_directories(const Environment& environment) {
  std::vector<std::filesystem::path> out;
  if (const auto config = environment("XDG_CONFIG_HOME"))
    out.push_back(std::filesystem::path(*config) / "brickline/presets");
  else if (const auto home = environment("HOME"))
    out.push_back(std::filesystem::path(*home) / ".config/brickline/presets");
  std::error_code code;
  const auto program = std::filesystem::read_symlink("/proc/self/exe", code);
  if (!code) out.push_back(program.parent_path().parent_path() / "share/brickline/presets");
  return out;
}

std::vector<std::string> preset_names(std::span<const std::filesystem::path> directories) {
  std::set<std::string> names;
  for (const std::filesystem::path& directory : directories) {
    std::error_code code;
    for (std::filesystem::directory_iterator file(directory, code), end; !code && file != end;
         file.increment(code))
      if (file->path().extension() == ".toml") names.insert(file->path().stem().string());
  }
  return {names.begin(), names.end()};
}

std::filesystem::path find_preset(const std::string& name,
                                  std::span<const std::filesystem::path> directories) {
  const std::vector<std::string> names = preset_names(directories);
  if (std::ranges::count(names, name))
    for (const std::filesystem::path& directory : directories) {
      const std::filesystem::path file = directory / (name + ".toml");
      std::error_code code;
      if (std::filesystem::exists(file, code)) return file;
    }
  std::vector<std::string> places;
  for (const std::filesystem::path& directory : directories) places.push_back(directory.string());
  const std::string nearest = nearest_name(name, names, 3);
  throw usage_error("--run {}: there is no such preset{} (there are: {}; looked for in {})", name,
                    nearest.empty() ? "" : "; did you mean " + nearest + "?", fmt::join(names, ", "),
                    fmt::join(places, ", "));
}

ResolvedOptions resolve_options(std::span<const std::string> words, const Environment& environment) {
  std::vector<GivenOptions> layers = {options_of_command_line(words), options_of_environment(environment)};
  if (const std::filesystem::path file = resolve(layers).options.control.config; !file.empty())
    layers.push_back(read_configuration(file));
  if (const std::string preset = resolve(layers).options.control.preset; !preset.empty()) {
    layers.push_back(read_configuration(find_preset(preset, preset_directories(environment))));
    for (const auto& [row, given] : layers.back())
      if (row->flag == "--run") throw usage_error("{}: a preset cannot name another", given.origin);
  }
  return resolve(layers);
}

}  // namespace brickline
