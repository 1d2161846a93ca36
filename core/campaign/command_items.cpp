#include "core/campaign/command_items.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <string_view>

#include "core/base/error.h"
#include "core/campaign/command.h"

namespace brickline {
namespace {

// How a command is asked for its parts and told to make one.
struct PartedCommand {
  std::string_view name, list, part;
  std::string_view keep;  // the word by which parts stay, where they are files of their own
};
constexpr PartedCommand kCommands[] = {{"sweep", "--list-boxes", "--box", ""},
                                       {"summary", "--list-groups", "--group", "--keep-parts"},
                                       {"randoms", "--list-groups", "--group", "--keep-parts"},
                                       {"maps", "--list-groups", "--group", "--keep-parts"},
                                       {"hips", "--list-items", "--item", ""},
                                       {"ccds", "--list-groups", "--group", "--keep-parts"},
                                       {"match", "", "", ""}};

// What all of them stay below: they stream. Nobody has foretold their time.
constexpr float kMemoryMb = 1000, kPartSeconds = 600, kWholeSeconds = 1800;

std::vector<std::string> words_of_line(const std::string& line) {
  std::vector<std::string> words;
  std::istringstream in(line.substr(0, line.find('#')));
  for (std::string word; in >> word;) words.push_back(word);
  return words;
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : " ") + word;
  return text;
}

bool has_option(const std::vector<std::string>& words, const std::string& option) {
  return std::ranges::any_of(
      words, [&](const std::string& word) { return word == option || word.starts_with(option + "="); });
}

// What a command would take from a variable stands among its words from then on.
void freeze_variables(std::vector<std::string>& words, const Environment& environment) {
  const bool annotates = words[0] == "ccds" && has_option(words, "--annotated");
  const auto freeze = [&](const std::string& option, const std::string& variable) {
    const auto value = environment(variable);
    if (has_option(words, option) || !value) return;
    if (value->find_first_of(" \t") != std::string::npos)
      throw input_error("${} is '{}': no word may hold a blank", variable, *value);
    words.insert(words.end(), {option, *value});
  };
  if (annotates) freeze("--survey-dir", "LEGACY_SURVEY_DIR");
  if ((annotates || words[0] == "randoms") && !has_option(words, "--no-dust"))
    freeze("--dust-dir", "DUST_DIR");
}

Item item_of(std::string name, std::string words, int phase) {
  Item item;
  item.name = std::move(name);
  item.words = std::move(words);
  item.phase = phase;
  item.cpu_predicted_seconds = phase == 0 ? kPartSeconds : kWholeSeconds;
  item.memory_predicted_mb = kMemoryMb;
  return item;
}

std::vector<std::string> parts_of(const PartedCommand& command, const std::vector<std::string>& words,
                                  const std::filesystem::path& program) {
  std::vector<std::string> call = {program.string()};
  call.insert(call.end(), words.begin(), words.end());
  call.emplace_back(command.list);
  const CommandResult result = run_command(call);
  if (result.code != 0)
    throw input_error("it fails when it is asked for its parts: {}",
                      result.err.substr(0, result.err.find_last_not_of('\n') + 1));
  std::vector<std::string> parts;
  std::istringstream in(result.out);
  for (std::string part; in >> part;) parts.push_back(part);
  return parts;
}

}  // namespace

std::vector<Item> items_of_commands(const std::filesystem::path& file, const std::filesystem::path& program,
                                    const Environment& environment) {
  std::ifstream in(file);
  if (!in) throw input_error("it cannot be read").in_file(file.string());
  std::vector<Item> items;
  std::map<std::string, int> lines_of;  // by command
  int number = 0;
  for (std::string line; std::getline(in, line);) {
    ++number;
    std::vector<std::string> words = words_of_line(line);
    if (words.empty()) continue;
    try {
      const auto command = std::ranges::find(kCommands, words[0], &PartedCommand::name);
      if (command == std::end(kCommands))
        throw input_error(
            "'{}' makes no table of a survey (sweep, summary, randoms, maps, hips, ccds, match)", words[0]);
      for (const std::string_view own : {command->list, command->part, std::string_view("--checksums")})
        if (!own.empty() && std::ranges::count(words, own) > 0)
          throw input_error("{} is the plan's to give", own);
      freeze_variables(words, environment);
      const int times = ++lines_of[words[0]];
      const std::string name = times == 1 ? words[0] : fmt::format("{}.{}", words[0], times);
      if (!command->list.empty())
        for (const std::string& part : parts_of(*command, words, program))
          items.push_back(item_of(fmt::format("{}-{}", name, part),
                                  fmt::format("{} {} {} --again", joined(words), command->part, part), 0));
      const bool keeps = !command->keep.empty() && std::ranges::count(words, command->keep) == 0;
      items.push_back(item_of(name, joined(words) + (keeps ? fmt::format(" {}", command->keep) : ""), 1));
    } catch (const Error& error) {
      throw input_error("line {}: {}", number, error.message()).in_file(file.string());
    }
  }
  if (items.empty()) throw input_error("it lists nothing").in_file(file.string());
  return items;
}

std::string product_of(const Item& item) {
  return item.phase == 0 ? item.name.substr(0, item.name.find('-')) : item.name;
}

std::optional<std::string> put_together_in(const Item& item) {
  const std::vector<std::string> words = words_of_line(item.words);
  const auto command = std::ranges::find(kCommands, words.empty() ? "" : words[0], &PartedCommand::name);
  if (item.phase != 0 || command == std::end(kCommands) || command->keep.empty() ||
      std::ranges::count(words, command->keep) > 0)
    return {};
  return product_of(item);
}

}  // namespace brickline
