#include "core/facts/pattern.h"

#include <regex>

#include "core/base/error.h"

namespace brickline {

struct Pattern::Compiled {
  std::regex regex;
};

Pattern::Pattern(std::string expression, bool ignore_case) : expression_(std::move(expression)) {
  try {
    auto flags = std::regex::ECMAScript;
    if (ignore_case) flags |= std::regex::icase;
    compiled_ = std::make_shared<const Compiled>(Compiled{std::regex(expression_, flags)});
  } catch (const std::regex_error& e) {
    throw usage_error("'{}' is not a regular expression: {}", expression_, e.what());
  }
}

bool Pattern::found_in(std::string_view text) const {
  return compiled_ && std::regex_search(text.begin(), text.end(), compiled_->regex);
}

std::optional<std::string> Pattern::extract(std::string_view text, const std::string& replacement) const {
  std::match_results<std::string_view::const_iterator> match;
  if (!compiled_ || !std::regex_search(text.begin(), text.end(), match, compiled_->regex)) return {};
  if (!replacement.empty()) return match.format(replacement);
  return match.size() > 1 ? match.str(1) : match.str(0);
}

}  // namespace brickline
