#include "core/pipeline/option_text.h"

#include <charconv>
#include <cmath>

#include "core/base/numbers.h"

namespace brickline {
namespace {

template <class T>
std::optional<T> whole(std::string_view word) {
  if (word.starts_with('+') && word.size() > 1 && word[1] != '-') word.remove_prefix(1);
  T value{};
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
  if (error != std::errc() || end != word.data() + word.size()) return {};
  return value;
}

}  // namespace

double number_option(std::string_view option, const std::string& word) {
  const auto value = whole<double>(word);
  if (!value || !std::isfinite(*value)) throw usage_error("{} {}: not a number", option, word);
  return *value;
}

std::int64_t integer_option(std::string_view option, const std::string& word, std::int64_t least,
                            std::int64_t most) {
  const auto value = whole<std::int64_t>(word);
  if (!value || *value < least || *value > most) throw usage_error("{} {}: not a whole number", option, word);
  return *value;
}

std::vector<std::string> CommaList::elements(std::string_view option, std::string_view text) {
  std::vector<std::string> out;
  for (std::size_t from = 0;;) {
    const std::size_t comma = text.find(',', from);
    out.emplace_back(stripped(text.substr(from, comma - from)));
    if (out.back().empty()) throw usage_error("{} {}: an element of the list is empty", option, text);
    if (comma == std::string_view::npos) return out;
    from = comma + 1;
  }
}

}  // namespace brickline
