#include "core/facts/pipeline_version.h"

#include <string>

#include "core/base/numbers.h"
#include "core/facts/pattern.h"

namespace brickline {
namespace {

void erase_all(std::string& s, std::string_view part) {
  for (std::size_t at; (at = s.find(part)) != std::string::npos;) s.erase(at, part.size());
}

int number_in(const std::string& digits) { return static_cast<int>(parse_int(digits).value_or(0)); }

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
  static const Pattern whole(R"(^(\d{1,8})\.(\d{1,8})(?:\.(\d{1,8}))?(?:([ab])(\d{1,8}))?$)");
  if (const auto part = whole.groups(s)) {
    PipelineVersion v{number_in((*part)[1]), number_in((*part)[2]), number_in((*part)[3]), 'z', 0};
    if (!(*part)[4].empty()) {
      v.stage = (*part)[4].front();
      v.number = number_in((*part)[5]);
    }
    return v;
  }
  if (exact) *exact = false;
  static const Pattern leading(R"((\d{1,8})(?:\.(\d{1,8})(?:\.(\d{1,8}))?)?)");
  if (const auto part = leading.groups(s))
    return PipelineVersion{number_in((*part)[1]), number_in((*part)[2]), number_in((*part)[3]), 'z', 0};
  return {};
}

}  // namespace brickline
