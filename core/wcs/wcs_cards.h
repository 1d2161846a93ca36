// The cards that place an image on the sky, read strictly: a value that is not a number where one is needed
// (text, nothing at all, "150,0", NaN) is an error that names the card, and so is a keyword that stands twice
// with different values. Keywords are found in either case.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/fits/header.h"

namespace brickline {

class WcsCards {
 public:
  explicit WcsCards(const fits::Header& header);

  bool has(std::string_view key) const { return find(key) != nullptr; }
  // Empty where there is no such card. Text that holds nothing but a number is that number.
  std::optional<double> number(std::string_view key) const;
  std::optional<int> integer(std::string_view key) const;
  // Without blanks at either end; empty too where the card holds nothing.
  std::optional<std::string> text(std::string_view key) const;
  // As `text`, with the blanks at its beginning.
  std::optional<std::string> unstripped_text(std::string_view key) const;
  double require_number(std::string_view key) const;

  // The cards PREFIXi_j in the order of the header, i and j without leading zeros. What begins the same and
  // goes on differently is no business of ours, but for leading zeros, which are an error.
  struct Indexed {
    std::string key;
    int i = 0, j = 0;
  };
  std::vector<Indexed> indexed(std::string_view prefix) const;

  // Every keyword, in capitals.
  const std::vector<std::string>& keys() const { return keys_; }

 private:
  const fits::Card* find(std::string_view key) const;

  std::vector<std::string> keys_;
  std::vector<const fits::Card*> cards_;
};

}  // namespace brickline
