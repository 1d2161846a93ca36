// Headers from cards as they stand in files.
#pragma once

#include <algorithm>
#include <fstream>
#include <string>
#include <vector>

#include "core/fits/fits_reader.h"
#include "tests/support/data.h"

namespace brickline::test {

// Every card in the place of an earlier one of its keyword, or behind all; but one that begins with "+"
// stands there as well.
inline std::vector<std::string> laid_over(std::vector<std::string> cards,
                                          const std::vector<std::string>& more) {
  for (const std::string& card : more) {
    const auto same = [&](const std::string& other) { return other.substr(0, 8) == card.substr(0, 8); };
    const auto old = std::find_if(cards.begin(), cards.end(), same);
    if (card.starts_with('+'))
      cards.push_back(card.substr(1));
    else if (old != cards.end())
      *old = card;
    else
      cards.push_back(card);
  }
  return cards;
}

// The cards (up to 80 characters each) as a file's only header, read back.
inline fits::Header header_of(const std::vector<std::string>& cards) {
  std::vector<std::string> lines = {"SIMPLE  =                    T", "BITPIX  =                    8",
                                    "NAXIS   =                    0"};
  lines.insert(lines.end(), cards.begin(), cards.end());
  lines.emplace_back("END");
  const TemporaryDirectory scratch;
  std::string bytes;
  for (std::string line : lines) {
    line.resize(80, ' ');
    bytes += line;
  }
  bytes.resize((bytes.size() + 2879) / 2880 * 2880, ' ');
  std::ofstream(scratch / "cards.fits", std::ios::binary) << bytes;
  return fits::FitsReader(scratch / "cards.fits").header(0);
}

// A plain header: 96 x 96 pixels of 0.262 arcsec about (150, 2), with more cards or other values.
inline std::vector<std::string> plain_cards(const std::vector<std::string>& more = {}) {
  std::vector<std::string> cards = {"CTYPE1  = 'RA---TAN'",
                                    "CTYPE2  = 'DEC--TAN'",
                                    "CRVAL1  =                150.0",
                                    "CRVAL2  =                  2.0",
                                    "CRPIX1  =                 48.5",
                                    "CRPIX2  =                 48.5",
                                    "CD1_1   = -7.27777777777778E-05",
                                    "CD1_2   =                  0.0",
                                    "CD2_1   =                  0.0",
                                    "CD2_2   =  7.27777777777778E-05"};
  return laid_over(std::move(cards), more);
}

// The same without cards whose keywords begin with `prefix`.
inline std::vector<std::string> without(std::vector<std::string> cards, const std::string& prefix) {
  std::erase_if(cards, [&](const std::string& card) { return card.starts_with(prefix); });
  return cards;
}

}  // namespace brickline::test
