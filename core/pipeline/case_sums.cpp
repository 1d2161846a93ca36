#include "core/pipeline/case_sums.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <string_view>

#include "core/base/error.h"
#include "core/base/file_digest.h"

namespace brickline {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kHex = 64;
constexpr std::string_view kDescription = "case.json";

bool tells_of_list(const fs::path& description) {
  std::ifstream in(description);
  const auto json = nlohmann::json::parse(in, nullptr, false);
  if (!json.is_object()) return false;
  const auto list = json.find(kCaseListMember);
  return list != json.end() && list->is_string() && list->get<std::string>() == kCaseList;
}

}  // namespace

std::string case_sums(const fs::path& case_directory) {
  std::set<std::string> names;
  for (const auto& entry : fs::recursive_directory_iterator(case_directory))
    if (entry.is_regular_file()) names.insert(entry.path().lexically_relative(case_directory).string());
  names.erase(std::string(kCaseList));
  std::string text;
  for (const std::string& name : names) {
    const auto digest = file_digest(case_directory / name);
    if (!digest) throw input_error("cannot read it").in_file((case_directory / name).string());
    text += fmt::format("{} *{}\n", digest->sha256, name);
  }
  return text;
}

std::vector<ChangedFile> changed_since_packed(const fs::path& survey_directory) {
  const fs::path directory = fs::weakly_canonical(survey_directory).parent_path(),
                 list = directory / kCaseList;
  std::vector<ChangedFile> changed;
  if (!fs::exists(directory / kDescription)) return changed;
  std::vector<std::string> lines;
  std::ifstream in(list);
  for (std::string line; in && std::getline(in, line);) lines.push_back(line);
  // A description that was damaged is in its list.
  if (!tells_of_list(directory / kDescription) &&
      !std::ranges::any_of(lines, [](std::string_view line) { return line.ends_with(" *case.json"); }))
    return changed;
  if (lines.empty() && !fs::exists(list)) return {{list, "is gone"}};
  int number = 0;
  for (const std::string& line : lines) {
    ++number;
    if (line.size() < kHex + 3 || line.compare(kHex, 2, " *") != 0)
      throw input_error("line {} is not a checksum and a name", number).in_file(list.string());
    const fs::path file = directory / line.substr(kHex + 2);
    const auto digest = file_digest(file);
    if (!digest)
      changed.push_back({file, fs::exists(file) ? "cannot be read" : "is gone"});
    else if (line.compare(0, kHex, digest->sha256) != 0)
      changed.push_back({file, "is not what was packed"});
  }
  if (number == 0) throw input_error("it is empty, or cannot be read").in_file(list.string());
  return changed;
}

}  // namespace brickline
