#include "core/camera/text_cards.h"

#include <algorithm>
#include <cmath>

#include "core/base/error.h"
#include "core/base/numbers.h"
#include "core/camera/loaded_camera.h"
#include "core/facts/pattern.h"

namespace brickline {
namespace {

// The value of "KEY = value / comment": quoted, a number, a truth value, or words.
fits::CardValue card_value(std::string_view text, const std::string& key) {
  if (text.starts_with('\'')) {
    std::string value;
    for (std::size_t i = 1; i < text.size(); ++i) {
      if (text[i] != '\'') {
        value += text[i];
      } else if (i + 1 < text.size() && text[i + 1] == '\'') {
        value += text[i++];
      } else {
        const std::string_view rest = stripped(text.substr(i + 1));
        if (!rest.empty() && !rest.starts_with('/'))
          throw input_error("{}: '{}' stands behind the text's end", key, rest);
        return value;
      }
    }
    throw input_error("{}: the text has no closing quote", key);
  }
  if (const auto comment = text.find('/'); comment != std::string_view::npos)
    text = stripped(text.substr(0, comment));
  if (text.empty()) throw input_error("{} has no value", key);
  if (text == "T" || text == "F") return text == "T";
  if (const auto whole = parse_int(text)) return *whole;
  if (const auto number = parse_double(text, NonFinite::kAllowed)) {
    if (!std::isfinite(*number)) throw input_error("{} is {}, not a finite number", key, text);
    return *number;
  }
  static const Pattern kWords("^[A-Za-z][A-Za-z0-9 ._+:-]*$");
  if (!kWords.found_in(text)) throw input_error("{}: '{}' is neither a number nor a text", key, text);
  return std::string(text);
}

// Whether a line is one of those keywords alone, or with a text behind it.
bool is_keyword(std::string_view line, std::string_view keyword) {
  return line.starts_with(keyword) && (line.size() == keyword.size() || line[keyword.size()] == ' ');
}

bool is_key(std::string_view key, std::size_t longest) {
  return !key.empty() && key.size() <= longest && std::all_of(key.begin(), key.end(), [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  });
}

}  // namespace

std::vector<fits::Header> parse_text_cards(std::string_view text, std::size_t longest_key) {
  std::vector<fits::Header> blocks;
  fits::Header cards;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    const std::string line = one_line(text.substr(at, end - at));
    at = end + 1;
    if (stripped(line).empty() || is_keyword(line, "COMMENT") || is_keyword(line, "HISTORY")) continue;
    if (stripped(line) == "END") {
      blocks.push_back(std::move(cards));
      cards = {};
      continue;
    }
    const auto equals = line.find('=');
    const std::string key(stripped(std::string_view(line).substr(0, equals)));
    try {
      if (equals == std::string::npos || !is_key(key, longest_key))
        throw input_error("no \"KEY = value\" with a keyword of 1 to {} of A-Z, 0-9, _ and -", longest_key);
      cards.set(key, card_value(stripped(std::string_view(line).substr(equals + 1)), key));
    } catch (const Error& e) {
      if (e.kind() == ErrorKind::kResources) throw;
      throw input_error("the line \"{}\": {}", line, e.message());
    }
  }
  if (!cards.cards().empty()) blocks.push_back(std::move(cards));
  return blocks;
}

}  // namespace brickline
