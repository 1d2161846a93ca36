#include "core/facts/pipeline_version.h"

#include <cctype>
#include <regex>
#include <string>

namespace brickline {
namespace {

std::string_view stripped(std::string_view s) {
  while (!s.empty() && std::isspace(static_cast<unsigned char>(s.front()))) s.remove_prefix(1);
  while (!s.empty() && std::isspace(static_cast<unsigned char>(s.back()))) s.remove_suffix(1);
  return s;
}

void erase_all(std::string& s, std::string_view part) {
  for (std::size_t at; (at = s.find(part)) != std::string::npos;) s.erase(at, part.size());
}

int number_at(const std::smatch& match, int group) {
  return match[group].matched ? std::stoi(match[group]) : 0;
}

}  // namespace

std::optional<PipelineVersion> parse_pipeline_version(std::string_view text, bool* exact) {
  std::string s(stripped(text));
  erase_all(s, "DES ");
  erase_all(s, "V");
  if (s.ends_with("+1")) s.replace(s.size() - 2, 2, "a1");
  if (s.ends_with("2a")) s += '1';
  if (s.ends_with("LS")) s.erase(s.size() - 2);
  if (s.ends_with("beta")) s.replace(s.size() - 4, 4, "b1");

  if (exact) *exact = true;
  static const std::regex whole(R"((\d{1,8})\.(\d{1,8})(?:\.(\d{1,8}))?(?:([ab])(\d{1,8}))?)");
  std::smatch match;
  if (std::regex_match(s, match, whole)) {
    PipelineVersion v{number_at(match, 1), number_at(match, 2), number_at(match, 3), 'z', 0};
    if (match[4].matched) {
      v.stage = *match[4].first;
      v.number = number_at(match, 5);
    }
    return v;
  }
  if (exact) *exact = false;
  static const std::regex leading(R"((\d{1,8})(?:\.(\d{1,8})(?:\.(\d{1,8}))?)?)");
  if (std::regex_search(s, match, leading))
    return PipelineVersion{number_at(match, 1), number_at(match, 2), number_at(match, 3), 'z', 0};
  return {};
}

}  // namespace brickline
