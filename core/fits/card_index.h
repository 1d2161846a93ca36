// The cards of the current HDU by their keys, read in one pass: CFITSIO searches the whole header anew for each key
// that it is asked for. Private to this room.
#pragma once

#include <fitsio.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace brickline::fits {

// The value of a quoted FITS string: quotes removed, doubled quotes halved, trailing blanks dropped.
std::string unquoted(std::string_view field);

// Of a card that holds no text: all that stands between its "=" and its comment, without the blanks around it. CFITSIO
// gives the first word alone, and a number with a blank inside for the number before it.
std::string whole_field(std::string_view record, std::string_view first_word);

class CardIndex {
 public:
  // Error (kInput), without the file, if the header cannot be read.
  explicit CardIndex(fitsfile* file);

  // Of the first card of that key: its value as text, strings without their quotes and the blanks around them;
  // empty if there is no such card, or none but blanks in it.
  std::optional<std::string> text(std::string_view key) const;
  std::string comment(std::string_view key) const;
  // The same as numbers; Error (kInput) naming the card where it holds something else, or stands twice with two values.
  std::optional<double> number(std::string_view key) const;
  std::optional<std::int64_t> integer(std::string_view key) const;

 private:
  struct Entry {
    std::string value, comment;
    std::optional<std::string> other;  // value of a later card of that key that says otherwise
  };
  std::unordered_map<std::string, Entry> cards_;
};

}  // namespace brickline::fits
