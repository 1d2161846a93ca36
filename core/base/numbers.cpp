#include "core/base/numbers.h"

#include <charconv>
#include <cmath>
#include <string>

namespace brickline {
namespace {

constexpr std::string_view kBlanks = " \t\n\v\f\r";

// Without a '+' in front; empty, which is no number, where a second sign follows it.
std::string_view without_plus(std::string_view text) {
  if (!text.starts_with('+')) return text;
  text.remove_prefix(1);
  return text.starts_with('-') || text.starts_with('+') ? std::string_view{} : text;
}

// Whether a number that no double holds is too small, not too large; it is one that from_chars could read.
bool is_tiny(std::string_view number) {
  const auto exponent = number.find_first_of("eE");
  if (exponent != std::string_view::npos) return number.substr(exponent).find('-') != std::string_view::npos;
  return number.substr(0, number.find('.')).find_first_of("123456789") == std::string_view::npos;
}

}  // namespace

std::string_view stripped(std::string_view text) {
  const auto first = text.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

std::optional<double> parse_double(std::string_view text, NonFinite non_finite) {
  text = without_plus(stripped(text));
  if (text.empty()) return {};
  std::string copy;
  if (const auto letter = text.find_first_of("dD"); letter != std::string_view::npos) {
    copy = text;
    copy[letter] = 'e';
    text = copy;
  }
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc::invalid_argument || end != text.data() + text.size()) return {};
  // What the standard library does beyond a double's range differs by its age: out_of_range, infinity or
  // zero.
  const bool spelled_out = text.find_first_of("nN") != std::string_view::npos;
  if (spelled_out) return non_finite == NonFinite::kAllowed ? std::optional(value) : std::nullopt;
  if (error == std::errc::result_out_of_range || !std::isfinite(value)) {
    if (!is_tiny(text)) return {};
    return text.starts_with('-') ? -0.0 : 0.0;
  }
  return value;
}

std::optional<std::int64_t> parse_int(std::string_view text) {
  text = without_plus(stripped(text));
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size()) return {};
  return value;
}

}  // namespace brickline
