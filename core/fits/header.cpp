#include "core/fits/header.h"

#include <fmt/format.h>

#include <cmath>

#include "core/base/error.h"
#include "core/base/letter_case.h"
#include "core/base/numbers.h"

namespace brickline::fits {
namespace {

// A value that stands in the file and that no number, integer or logical could be made of.
[[noreturn]] void refuse(const Card& card, std::string_view wanted) {
  throw input_error("the header's {} = {} is no {}", card.key, stripped(card.raw), wanted);
}

// Whether the card has a field of its own that could not be read, such as 1,5.
bool is_unreadable(const Card& card) {
  return std::holds_alternative<std::monostate>(card.value) && !stripped(card.raw).empty();
}

}  // namespace

void Header::set(std::string_view key, CardValue value, std::string_view comment) {
  const std::string name = upper_case(stripped(key));
  for (Card& c : cards_)
    if (c.key == name) {
      c.value = std::move(value);
      c.raw.clear();
      if (!comment.empty()) c.comment = comment;
      return;
    }
  cards_.push_back({name, std::move(value), std::string(comment), {}});
}

void Header::add_comment(std::string_view text) { cards_.push_back({"COMMENT", {}, std::string(text), {}}); }

const Card* Header::find(std::string_view key) const {
  const std::string name = upper_case(stripped(key));
  for (const Card& c : cards_)
    if (c.key == name) return &c;
  return nullptr;
}

std::optional<std::string> Header::text(std::string_view key) const {
  const Card* c = find(key);
  if (!c) return {};
  if (const auto* s = std::get_if<std::string>(&c->value)) {
    std::string_view v = *s;
    while (!v.empty() && v.back() == ' ') v.remove_suffix(1);
    return std::string(v);
  }
  if (!stripped(c->raw).empty()) return std::string(stripped(c->raw));
  if (std::holds_alternative<std::monostate>(c->value)) return {};
  if (const auto* b = std::get_if<bool>(&c->value)) return *b ? "T" : "F";
  if (const auto* i = std::get_if<std::int64_t>(&c->value)) return fmt::format("{}", *i);
  return fmt::format("{}", std::get<double>(c->value));
}

std::optional<double> Header::number(std::string_view key) const {
  const Card* c = find(key);
  if (!c) return {};
  if (const auto* d = std::get_if<double>(&c->value)) return *d;
  if (const auto* i = std::get_if<std::int64_t>(&c->value)) return static_cast<double>(*i);
  if (const auto* s = std::get_if<std::string>(&c->value)) return parse_double(*s);
  if (is_unreadable(*c)) refuse(*c, "number");
  return {};
}

std::optional<std::int64_t> Header::integer(std::string_view key) const {
  const Card* c = find(key);
  if (!c) return {};
  if (const auto* i = std::get_if<std::int64_t>(&c->value)) return *i;
  if (const auto* d = std::get_if<double>(&c->value)) {
    if (*d == std::floor(*d) && std::abs(*d) < 9e15) return static_cast<std::int64_t>(*d);
    // Digits alone: a whole number that would lose its last ones.
    if (c->raw.find_first_of(".eEdD") == std::string::npos && !c->raw.empty()) refuse(*c, "64-bit integer");
    return {};
  }
  if (const auto* s = std::get_if<std::string>(&c->value)) return parse_int(*s);
  if (is_unreadable(*c)) refuse(*c, "integer");
  return {};
}

std::optional<bool> Header::logical(std::string_view key) const {
  const Card* c = find(key);
  if (!c) return {};
  if (const auto* b = std::get_if<bool>(&c->value)) return *b;
  return {};
}

std::string Header::require_text(std::string_view key) const {
  if (auto v = text(key)) return *v;
  throw input_error("the header has no {}", key);
}
double Header::require_number(std::string_view key) const {
  if (auto v = number(key)) return *v;
  if (auto v = text(key)) throw input_error("the header's {} = '{}' is no number", key, *v);
  throw input_error("the header has no {}", key);
}
std::int64_t Header::require_integer(std::string_view key) const {
  if (auto v = integer(key)) return *v;
  if (auto v = text(key)) throw input_error("the header's {} = '{}' is no integer", key, *v);
  throw input_error("the header has no {}", key);
}

}  // namespace brickline::fits
