#include "core/survey/survey_identity.h"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "core/base/error.h"
#include "core/base/nearest_name.h"

namespace brickline {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kLongestCardText = 68;

Json parse(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  if (!in) throw input_error("cannot be read");
  try {
    Json json = Json::parse(text);
    if (!json.is_object()) throw input_error("is not a JSON object");
    return json;
  } catch (const Json::exception& e) {
    std::string what = e.what();  // "[json.exception.parse_error.101] parse error at line 1, column 2: ..."
    if (const auto at = what.find("] "); at != std::string::npos) what.erase(0, at + 2);
    throw input_error("is not JSON: {}", what);
  }
}

std::string card_text(const std::string& key, const Json& value) {
  if (!value.is_string()) throw input_error("{}: {} is not text", key, value.dump(-1, ' ', true));
  std::string text = value.get<std::string>();
  if (text.empty()) throw input_error("{}: is empty", key);
  if (text.size() > kLongestCardText)
    throw input_error("{}: {} characters, a header card holds {}", key, text.size(), kLongestCardText);
  if (!std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; }))
    throw input_error("{}: a header card holds ASCII characters only", key);
  return text;
}

}  // namespace

SurveyIdentity read_survey_identity(const SurveyDirectory& survey) {
  SurveyIdentity identity;
  const std::optional<std::filesystem::path> file = survey.identity();
  if (!file) return identity;
  try {
    const std::vector<std::pair<std::string, std::string*>> known{{"name", &identity.survey},
                                                                  {"survey_id", &identity.survey_id},
                                                                  {"data_release", &identity.data_release}};
    const Json json = parse(*file);
    for (const auto& [key, value] : json.items()) {
      if (key == "note") continue;
      const auto entry =
          std::find_if(known.begin(), known.end(), [&, &k = key](const auto& e) { return e.first == k; });
      if (entry != known.end()) {
        *entry->second = card_text(key, value);
        continue;
      }
      if (key == "comments") {
        if (!value.is_array())
          throw input_error("{}: {} is not a list of texts", key, value.dump(-1, ' ', true));
        for (const Json& comment : value) identity.comments.push_back(card_text(key, comment));
        continue;
      }
      std::vector<std::string> names;
      for (const auto& e : known) names.push_back(e.first);
      names.emplace_back("comments");
      const std::string nearest = nearest_name(key, names, 3);
      throw input_error("{}: there is no such key{}", key,
                        nearest.empty() ? fmt::format("; the keys are {}", fmt::join(names, ", "))
                                        : "; did you mean " + nearest + "?");
    }
  } catch (Error& e) {
    e.in_file(file->string());
    throw;
  }
  return identity;
}

}  // namespace brickline
