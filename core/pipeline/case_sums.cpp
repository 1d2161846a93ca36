#include "core/pipeline/case_sums.h"

#include <fmt/format.h>

#include <fstream>
#include <set>

#include "core/base/error.h"
#include "core/base/file_digest.h"

namespace brickline {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kList = "SHA256SUMS";
constexpr std::size_t kHex = 64;

}  // namespace

std::string case_sums(const fs::path& case_directory) {
  std::set<std::string> names;
  for (const auto& entry : fs::recursive_directory_iterator(case_directory))
    if (entry.is_regular_file()) names.insert(entry.path().lexically_relative(case_directory).string());
  names.erase(std::string(kList));
  std::string text;
  for (const std::string& name : names) {
    const auto digest = file_digest(case_directory / name);
    if (!digest) throw input_error("cannot read it").in_file((case_directory / name).string());
    text += fmt::format("{} *{}\n", digest->sha256, name);
  }
  return text;
}

std::vector<ChangedFile> changed_since_packed(const fs::path& survey_directory) {
  const fs::path directory = fs::weakly_canonical(survey_directory).parent_path(), list = directory / kList;
  std::vector<ChangedFile> changed;
  if (!fs::exists(directory / "case.json")) return changed;
  std::ifstream in(list);
  if (!in) return {{list, "is gone"}};
  int number = 0;
  for (std::string line; std::getline(in, line);) {
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
  if (number == 0) throw input_error("it is empty").in_file(list.string());
  return changed;
}

}  // namespace brickline
