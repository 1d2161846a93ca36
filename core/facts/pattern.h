// Regular expressions, as a camera's facts hold them.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace brickline {

// An ECMAScript regular expression, compiled once; copies share it. Safe from any thread.
class Pattern {
 public:
  Pattern() = default;
  // Error (kUsage) if the expression is not valid.
  explicit Pattern(std::string expression, bool ignore_case = false);
  const std::string& expression() const { return expression_; }
  bool empty() const { return expression_.empty(); }
  bool found_in(std::string_view text) const;
  // What `replacement` ($1, $2 ...; "" means the first group, or all without groups) makes of the first
  // match; empty without one.
  std::optional<std::string> extract(std::string_view text, const std::string& replacement) const;

 private:
  struct Compiled;
  std::string expression_;
  std::shared_ptr<const Compiled> compiled_;
};

}  // namespace brickline
