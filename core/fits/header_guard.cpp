#include "core/fits/header_guard.h"

#include <string>
#include <string_view>

#include "core/base/error.h"
#include "core/base/numbers.h"

// Exported by CFITSIO, declared in its private header only: the byte to read next, and reading from there.
extern "C" int ffmbyt(fitsfile* file, LONGLONG position, int past_end, int* status);
extern "C" int ffgbyt(fitsfile* file, LONGLONG count, void* bytes, int* status);

namespace brickline::fits {

void check_divisors(fitsfile* file, LONGLONG start) {
  constexpr int kCard = 80, kMostCards = 400'000, kAllowPastEnd = 1;
  int status = 0;
  ffmbyt(file, start, kAllowPastEnd, &status);
  bool compressed = false, rice = false, table = false, counted = false;
  std::string tile, block, whole, word;  // a wrong card of each
  for (int i = 0; i < kMostCards; ++i) {
    char bytes[kCard];
    if (ffgbyt(file, kCard, bytes, &status))
      break;  // it never ends, which CFITSIO sees when it has taken in the cards
    const std::string_view card(bytes, kCard);
    if (card.starts_with("END     ")) break;
    const auto equals = card.find('=');
    if (equals == std::string_view::npos) continue;
    const std::string_view key = stripped(card.substr(0, equals)), rest = card.substr(equals + 1),
                           value = stripped(rest.substr(0, rest.find('/')));
    if (key == "ZIMAGE") compressed = true;
    // Of several such cards CFITSIO takes the first.
    if (key == "ZCMPTYPE") rice = rice || value.find("RICE") != std::string_view::npos;
    if (key == "XTENSION") table = value.find("TABLE") != std::string_view::npos;
    // CFITSIO allocates for as many as it says, or, where it says nothing, for as many as there happen to be in its memory.
    constexpr double kMostColumns = 999;
    if (key == "TFIELDS") {
      const auto number = parse_double(value);
      if (!number || *number < 0 || *number > kMostColumns)
        throw input_error("a table of {} columns (TFIELDS): FITS has at most {:.0f}", value, kMostColumns);
      counted = true;
    }
    // Words without quotes may be longer than CFITSIO has room for.
    constexpr std::size_t kLongestWord = 60;
    if ((key.starts_with("TTYPE") || key.starts_with("TFORM") || key.starts_with("TUNIT") ||
         key.starts_with("TDIM") || key.starts_with("TDISP") || key.starts_with("EXTNAME")) &&
        !value.empty() && value[0] != '\'' && stripped(rest).size() > kLongestWord)
      word = std::string(key);
    // What CFITSIO takes whole numbers from; a text in their place may be longer than its message about it has room.
    if (key == "ZBITPIX" || key == "ZPCOUNT" || key == "ZGCOUNT" || key == "ZDITHER0" || key == "ZBLANK" ||
        key == "BLANK" || (key.starts_with("ZVAL") && value.find('(') != std::string_view::npos)) {
      if (!parse_double(value)) whole = fmt::format("{} = {}", key, value);
      continue;
    }
    // Axes are what tiles are as long as, unless they say something else.
    const bool is_tile = key.starts_with("ZTILE") || key.starts_with("ZNAXIS"), is_block = key == "ZVAL1";
    if (!is_tile && !is_block) continue;
    // Whatever is no number from 1 on, also '0' and 0.5, which CFITSIO makes a number of, and 1E300, of which it makes 0.
    constexpr double kMost = 2147483647;
    const auto number = parse_double(value);
    if (number && *number >= 1 && *number <= kMost) continue;
    (is_tile ? tile : block) = fmt::format("{} = {}", key, value);
  }
  if (table && !counted) throw input_error("a table without the card TFIELDS");
  if (table && !word.empty()) throw input_error("the value of {} has no quotes", word);
  if (compressed && !whole.empty()) throw input_error("a compressed image's {} is no number", whole);
  if (compressed && !tile.empty())
    throw input_error("a compressed image cannot have axes or tiles of {}", tile);
  if (compressed && rice && !block.empty()) throw input_error("Rice's code cannot have blocks of {}", block);
}

}  // namespace brickline::fits
