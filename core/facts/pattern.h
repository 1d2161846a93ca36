// Regular expressions, as a camera's facts hold them.
//
// The syntax is RE2's, that of Perl without look-around and back references: matching takes time in
// proportion to the text's length and no stack, whatever a stranger's facts and headers hold. Texts are
// bytes; '^' and '$' are their ends.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace brickline {

// Compiled once; copies share it. Safe from any thread.
class Pattern {
 public:
  Pattern() = default;
  // Error (kUsage) if the expression is not valid.
  explicit Pattern(std::string expression, bool ignore_case = false);
  const std::string& expression() const { return expression_; }
  bool empty() const { return expression_.empty(); }
  bool found_in(std::string_view text) const;
  // The first match and its groups, the whole first; a group that took no part is empty. Empty without a
  // match.
  std::optional<std::vector<std::string>> groups(std::string_view text) const;
  // What `replacement` ($1 ... $9, $& for all, $$ for a dollar; "" means the first group, or all without
  // groups) makes of the first match; empty without one.
  std::optional<std::string> extract(std::string_view text, std::string_view replacement) const;

 private:
  struct Compiled;
  std::string expression_;
  std::shared_ptr<const Compiled> compiled_;
};

}  // namespace brickline
