#include "core/facts/pattern.h"

#include <re2/re2.h>

#include "core/base/error.h"

namespace brickline {
namespace {

re2::RE2::Options options_of(bool ignore_case) {
  re2::RE2::Options options(re2::RE2::Latin1);  // headers are not always UTF-8
  options.set_log_errors(false);
  options.set_case_sensitive(!ignore_case);
  return options;
}

re2::StringPiece piece(std::string_view text) { return {text.data(), text.size()}; }

std::string expanded(std::string_view replacement, const std::vector<std::string>& groups) {
  std::string out;
  for (std::size_t i = 0; i < replacement.size(); ++i) {
    const char next = replacement[i] == '$' && i + 1 < replacement.size() ? replacement[i + 1] : '\0';
    if (next == '$') {
      out += '$';
    } else if (next == '&') {
      out += groups[0];
    } else if (next >= '1' && next <= '9') {
      const auto group = static_cast<std::size_t>(next - '0');
      if (group < groups.size()) out += groups[group];
    } else {
      out += replacement[i];
      continue;
    }
    ++i;
  }
  return out;
}

}  // namespace

struct Pattern::Compiled {
  Compiled(const std::string& expression, bool ignore_case) : re(expression, options_of(ignore_case)) {}
  re2::RE2 re;
};

Pattern::Pattern(std::string expression, bool ignore_case) : expression_(std::move(expression)) {
  compiled_ = std::make_shared<const Compiled>(expression_, ignore_case);
  if (!compiled_->re.ok())
    throw usage_error("'{}' is not a regular expression: {}", expression_, compiled_->re.error());
}

bool Pattern::found_in(std::string_view text) const {
  return compiled_ && re2::RE2::PartialMatch(piece(text), compiled_->re);
}

std::optional<std::vector<std::string>> Pattern::groups(std::string_view text) const {
  if (!compiled_) return {};
  std::vector<re2::StringPiece> found(static_cast<std::size_t>(compiled_->re.NumberOfCapturingGroups()) + 1);
  if (!compiled_->re.Match(piece(text), 0, text.size(), re2::RE2::UNANCHORED, found.data(),
                           static_cast<int>(found.size())))
    return {};
  std::vector<std::string> groups;
  for (const re2::StringPiece& group : found) groups.emplace_back(group.data() ? group.as_string() : "");
  return groups;
}

std::optional<std::string> Pattern::extract(std::string_view text, std::string_view replacement) const {
  const auto found = groups(text);
  if (!found) return {};
  if (!replacement.empty()) return expanded(replacement, *found);
  return found->size() > 1 ? (*found)[1] : (*found)[0];
}

}  // namespace brickline
