// A FITS header as an ordered list of cards, read or to be written.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace brickline::fits {

// A card's value: none (COMMENT and undefined values), logical, integer, floating point or string.
using CardValue = std::variant<std::monostate, bool, std::int64_t, double, std::string>;

struct Card {
  std::string key;
  CardValue value;
  std::string comment;  // of COMMENT and HISTORY cards: the text
  std::string
      raw;  // as it stood in the file, value field only ("9539067", "'95e1234'"); empty when made by us
};

class Header {
 public:
  // Sets or replaces; a new key goes to the end. Keys are upper-cased; keys longer than 8 characters become
  // HIERARCH cards when written.
  void set(std::string_view key, CardValue value, std::string_view comment = {});
  void set(std::string_view key, const char* value, std::string_view comment = {}) {
    set(key, CardValue(std::string(value)), comment);
  }
  // Overloads for each type of value, so that no number is converted on its way into the variant.
  void set(std::string_view key, int value, std::string_view comment = {}) {
    set(key, CardValue(std::int64_t{value}), comment);
  }
  void set(std::string_view key, std::int64_t value, std::string_view comment = {}) {
    set(key, CardValue(value), comment);
  }
  void set(std::string_view key, double value, std::string_view comment = {}) {
    set(key, CardValue(value), comment);
  }
  void set(std::string_view key, bool value, std::string_view comment = {}) {
    set(key, CardValue(value), comment);
  }
  void set(std::string_view key, std::string value, std::string_view comment = {}) {
    set(key, CardValue(std::move(value)), comment);
  }
  void add_comment(std::string_view text);
  void append(Card card) { cards_.push_back(std::move(card)); }
  void append(const Header& other) { cards_.insert(cards_.end(), other.cards_.begin(), other.cards_.end()); }

  const std::vector<Card>& cards() const { return cards_; }
  bool has(std::string_view key) const { return find(key) != nullptr; }
  // The first card of that key, or null.
  const Card* find(std::string_view key) const;

  // Typed look-ups: empty when the key is absent, has no value, or has one of another type. `text` gives any
  // card's value as a string, numbers exactly as they stood in the file, quotes and trailing blanks removed
  // (PLPROCID = 9539067 or '95e1234'). A field that FITS has no type for (1,5), and `integer` of digits
  // beyond 64 bits, are an Error (kInput) that names the card.
  std::optional<std::string> text(std::string_view key) const;
  std::optional<double> number(std::string_view key) const;  // also from strings that hold a number
  std::optional<std::int64_t> integer(std::string_view key) const;
  std::optional<bool> logical(std::string_view key) const;
  // The same, but absence and a value of another type are an Error (kInput) that names the card; the caller
  // adds the file.
  std::string require_text(std::string_view key) const;
  double require_number(std::string_view key) const;
  std::int64_t require_integer(std::string_view key) const;

 private:
  std::vector<Card> cards_;
};

}  // namespace brickline::fits
