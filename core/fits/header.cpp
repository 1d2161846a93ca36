#include "core/fits/header.h"

#include <fmt/format.h>

#include <cctype>
#include <charconv>
#include <cmath>
#include <cstdlib>

#include "core/base/error.h"

namespace brickline::fits {
namespace {

std::string upper(std::string_view s) {
  std::string out(s);
  for (char& c : out) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return out;
}

std::string_view stripped(std::string_view s) {
  while (!s.empty() && (s.front() == ' ' || s.front() == '\t')) s.remove_prefix(1);
  while (!s.empty() && (s.back() == ' ' || s.back() == '\t')) s.remove_suffix(1);
  return s;
}

std::optional<double> parse_number(std::string_view text) {
  std::string s(stripped(text));
  if (s.empty()) return {};
  for (char& c : s)
    if (c == 'D' || c == 'd') c = 'E';  // FITS allows Fortran's exponent letter
  char* end = nullptr;
  const double value = std::strtod(s.c_str(), &end);
  if (end != s.c_str() + s.size()) return {};
  return value;
}

}  // namespace

void Header::set(std::string_view key, CardValue value, std::string_view comment) {
  const std::string name = upper(stripped(key));
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
  const std::string name = upper(stripped(key));
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
  if (std::holds_alternative<std::monostate>(c->value)) return {};
  if (!c->raw.empty()) return std::string(stripped(c->raw));
  if (const auto* b = std::get_if<bool>(&c->value)) return *b ? "T" : "F";
  if (const auto* i = std::get_if<std::int64_t>(&c->value)) return fmt::format("{}", *i);
  return fmt::format("{}", std::get<double>(c->value));
}

std::optional<double> Header::number(std::string_view key) const {
  const Card* c = find(key);
  if (!c) return {};
  if (const auto* d = std::get_if<double>(&c->value)) return *d;
  if (const auto* i = std::get_if<std::int64_t>(&c->value)) return static_cast<double>(*i);
  if (const auto* s = std::get_if<std::string>(&c->value)) return parse_number(*s);
  return {};
}

std::optional<std::int64_t> Header::integer(std::string_view key) const {
  const Card* c = find(key);
  if (!c) return {};
  if (const auto* i = std::get_if<std::int64_t>(&c->value)) return *i;
  if (const auto* d = std::get_if<double>(&c->value)) {
    if (*d == std::floor(*d) && std::abs(*d) < 9e15) return static_cast<std::int64_t>(*d);
    return {};
  }
  if (const auto* s = std::get_if<std::string>(&c->value)) {
    const std::string_view v = stripped(*s);
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(v.data(), v.data() + v.size(), value);
    if (error == std::errc{} && end == v.data() + v.size() && !v.empty()) return value;
  }
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
  throw input_error("the header has no number {}", key);
}
std::int64_t Header::require_integer(std::string_view key) const {
  if (auto v = integer(key)) return *v;
  throw input_error("the header has no integer {}", key);
}

}  // namespace brickline::fits
