#include "core/campaign/ccd_items.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <sstream>

#include "core/base/error.h"
#include "core/campaign/command.h"

namespace brickline {
namespace {

using Json = nlohmann::json;

// What the program said, without its name and the kind of its message, if that is an error's.
std::string told(const std::string& err) {
  const std::string_view mark = "error: ";
  const std::string text = err.substr(0, err.find_last_not_of('\n') + 1);
  const auto at = text.rfind(mark);
  return at == std::string::npos ? text : text.substr(at + mark.size());
}

std::string answer_of(const std::vector<std::string>& call) {
  CommandResult result = run_command(call);
  if (result.code != 0)
    throw Error(result.code == static_cast<int>(ErrorKind::kUsage)    ? ErrorKind::kUsage
                : result.code == static_cast<int>(ErrorKind::kPlugin) ? ErrorKind::kPlugin
                                                                      : ErrorKind::kInput,
                fmt::format("{}: {}", call[0], told(result.err)));
  return std::move(result.out);
}

Item item_of(const Json& json, int threads) {
  Item item;
  item.name = json.at("name");
  item.words = json.at("words");
  item.ra = json.at("ra");
  item.dec = json.at("dec");
  item.ccds = json.at("ccds");
  const double pixels = json.at("pixels"), largest = json.at("largest");
  item.cpu_predicted_seconds =
      static_cast<float>(kSecondsPerCalibrateRun + kSecondsPerCcd * item.ccds + kSecondsPerCcdPixel * pixels);
  constexpr double kMegabyte = 1e-6;
  item.memory_predicted_mb = static_cast<float>(
      kMegabyte * (kBytesPerCalibrateRun + kBytesPerCcdPixel * largest * std::min(threads, item.ccds)));
  return item;
}

}  // namespace

CcdPlan items_of_ccds(const std::filesystem::path& program, const std::vector<std::string>& words,
                      int per_item) {
  std::vector<std::string> call = {program.string()};
  call.insert(call.end(), words.begin(), words.end());
  call.insert(call.end(), {"--list-exposures", "--per-job", std::to_string(per_item)});
  std::istringstream lines(answer_of(call));
  CcdPlan plan;
  int threads = 1;
  try {
    for (std::string line; std::getline(lines, line);) {
      const Json json = Json::parse(line);
      if (json.contains("configuration")) {
        plan.configuration = json.at("configuration");
        plan.environment = json.at("environment").get<std::map<std::string, std::string>>();
        plan.merge = json.at("merge");
        threads = json.at("threads");
        continue;
      }
      plan.items.push_back(item_of(json, threads));
      plan.ccds += plan.items.back().ccds;
    }
  } catch (const Json::exception&) {
    throw input_error("it does not tell of exposures as calibrate does").in_file(program.string());
  }
  if (plan.items.empty()) throw input_error("no CCD of the table is chosen");
  return plan;
}

std::vector<std::string> unreadable_ccds(const std::filesystem::path& program,
                                         const std::filesystem::path& configuration,
                                         const std::vector<Item>& items) {
  std::vector<std::string> found;
  constexpr std::size_t kAtOnce = 100;
  for (std::size_t first = 0; first < items.size(); first += kAtOnce) {
    // CCDs by name before exposures, whose option takes all words that follow.
    std::vector<std::string> names, exposures;
    for (std::size_t i = first; i < std::min(items.size(), first + kAtOnce); ++i) {
      std::istringstream in(items[i].words);
      bool exposure = false;
      for (std::string word; in >> word;) {
        exposure = exposure || word.starts_with("--");
        (exposure ? exposures : names).push_back(word);
      }
    }
    std::vector<std::string> call = {program.string(), "--config", configuration.string(), "--dry-run"};
    call.insert(call.end(), names.begin(), names.end());
    call.insert(call.end(), exposures.begin(), exposures.end());
    std::istringstream lines(answer_of(call));
    for (std::string line; std::getline(lines, line);)
      if (line.find("cannot be looked at") != std::string::npos) found.push_back(line);
  }
  return found;
}

}  // namespace brickline
