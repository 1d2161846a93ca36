#include "core/wcs/wcs_cards.h"

#include <algorithm>
#include <cmath>

#include "core/base/error.h"
#include "core/base/letter_case.h"
#include "core/base/numbers.h"

namespace brickline {
namespace {

// The value as it stands in the file, for messages.
std::string shown(const fits::Card& card) {
  if (!card.raw.empty()) return card.raw;
  if (const auto* s = std::get_if<std::string>(&card.value)) return "'" + *s + "'";
  if (const auto* i = std::get_if<std::int64_t>(&card.value)) return fmt::format("{}", *i);
  if (const auto* d = std::get_if<double>(&card.value)) return fmt::format("{}", *d);
  if (const auto* b = std::get_if<bool>(&card.value)) return *b ? "T" : "F";
  return "";
}

std::optional<double> number_in(const fits::Card& card) {
  if (std::holds_alternative<bool>(card.value)) return {};
  if (const auto* s = std::get_if<std::string>(&card.value)) return parse_double(*s);
  if (!card.raw.empty()) return parse_double(card.raw);
  if (const auto* i = std::get_if<std::int64_t>(&card.value)) return static_cast<double>(*i);
  if (const auto* d = std::get_if<double>(&card.value))
    if (std::isfinite(*d)) return *d;
  return {};
}

bool same_value(const fits::Card& a, const fits::Card& b) {
  const auto x = number_in(a), y = number_in(b);
  return x && y ? *x == *y : stripped(shown(a)) == stripped(shown(b));
}

// One to three digits at the front of `s`, which it takes away; leading zeros are told.
std::optional<int> take_index(std::string_view& s, bool& zeros) {
  std::size_t n = 0;
  while (n < s.size() && n < 4 && s[n] >= '0' && s[n] <= '9') ++n;
  if (n == 0 || n == 4) return {};
  int value = 0;
  for (const char c : s.substr(0, n)) value = 10 * value + (c - '0');
  zeros = zeros || (n > 1 && s.front() == '0');
  s.remove_prefix(n);
  return value;
}

}  // namespace

WcsCards::WcsCards(const fits::Header& header) {
  for (const fits::Card& card : header.cards()) {
    if (card.key.empty() || card.key == "COMMENT" || card.key == "HISTORY") continue;
    keys_.push_back(upper_case(card.key));
    cards_.push_back(&card);
  }
}

const fits::Card* WcsCards::find(std::string_view key) const {
  const fits::Card* found = nullptr;
  for (std::size_t i = 0; i < keys_.size(); ++i) {
    if (keys_[i] != key) continue;
    if (!found)
      found = cards_[i];
    else if (!same_value(*found, *cards_[i]))
      throw input_error("{} stands twice in the header: {} and {}", key, shown(*found), shown(*cards_[i]));
  }
  return found;
}

std::optional<double> WcsCards::number(std::string_view key) const {
  const fits::Card* card = find(key);
  if (!card) return {};
  if (const auto value = number_in(*card)) return value;
  const std::string value = shown(*card);
  if (value.empty()) throw input_error("the card {} holds no value, where a number is needed", key);
  throw input_error("{} = {} is not a number", key, value);
}

std::optional<int> WcsCards::integer(std::string_view key) const {
  const auto value = number(key);
  if (!value) return {};
  if (*value != std::floor(*value) || std::abs(*value) > 1e6)
    throw input_error("{} = {} is not a whole number of a size that it can have", key, *value);
  return static_cast<int>(*value);
}

std::optional<std::string> WcsCards::unstripped_text(std::string_view key) const {
  const fits::Card* card = find(key);
  if (!card) return {};
  if (const auto* s = std::get_if<std::string>(&card->value)) return *s;
  const std::string value = shown(*card);
  if (value.empty()) return {};
  return value;
}

std::optional<std::string> WcsCards::text(std::string_view key) const {
  const auto value = unstripped_text(key);
  if (!value || stripped(*value).empty()) return {};
  return std::string(stripped(*value));
}

double WcsCards::require_number(std::string_view key) const {
  if (const auto value = number(key)) return *value;
  throw input_error("the header has no {} card, so no world coordinates", key);
}

std::vector<WcsCards::Indexed> WcsCards::indexed(std::string_view prefix) const {
  std::vector<Indexed> found;
  for (const std::string& key : keys_) {
    if (!key.starts_with(prefix)) continue;
    std::string_view rest = std::string_view(key).substr(prefix.size());
    bool zeros = false;
    const auto i = take_index(rest, zeros);
    if (!i || !rest.starts_with('_')) continue;
    rest.remove_prefix(1);
    const auto j = take_index(rest, zeros);
    if (!j || !rest.empty()) continue;
    if (zeros) throw input_error("{} is no keyword of the FITS standard: an index begins with 0", key);
    if (std::none_of(found.begin(), found.end(), [&](const Indexed& f) { return f.key == key; }))
      found.push_back({key, *i, *j});
  }
  return found;
}

}  // namespace brickline
