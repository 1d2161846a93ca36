// Changes of FITS files that leave them FITS files: a card's value, name or place, bytes of the data. Blind changes
// alone would mostly move the blocks of 2880 bytes, and be refused for that.
#include <algorithm>
#include <cstring>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "tests/fuzz/fuzz_target.h"

extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t most);

namespace {

constexpr std::size_t kCard = 80;

constexpr std::string_view kValues[] = {"0",
                                        "1",
                                        "-1",
                                        "2",
                                        "8",
                                        "-32",
                                        "64",
                                        "1D2",
                                        "1E300",
                                        "-1E-300",
                                        "9223372036854775807",
                                        "-9223372036854775808",
                                        "2147483648",
                                        "65536",
                                        "NaN",
                                        "1,5",
                                        "1 50",
                                        "",
                                        "T",
                                        "F",
                                        "''",
                                        "'x'",
                                        "'NONE'",
                                        "'RICE_1'",
                                        "'GZIP_2'",
                                        "'HCOMPRESS_1'",
                                        "'PLIO_1'",
                                        "'SUBTRACTIVE_DITHER_1'",
                                        "'SUBTRACTIVE_DITHER_2'",
                                        "'1PB(99)'",
                                        "'1QE(7)'",
                                        "'99999999E'",
                                        "'0A'",
                                        "'11X'",
                                        "'3A'",
                                        "'K'",
                                        "'D'",
                                        "'M'",
                                        "'(3,2)'",
                                        "'(0,-1)'",
                                        "'text&'",
                                        "'it''s"};
constexpr std::string_view kKeys[] = {"NAXIS1  ", "NAXIS2  ", "NAXIS   ", "PCOUNT  ", "GCOUNT  ", "THEAP   ",
                                      "TFIELDS ", "TFORM1  ", "TTYPE1  ", "TSCAL1  ", "TZERO1  ", "TNULL1  ",
                                      "TDIM1   ", "BSCALE  ", "BZERO   ", "BLANK   ", "ZBLANK  ", "ZSCALE  ",
                                      "ZZERO   ", "ZTILE1  ", "ZTILE2  ", "ZNAXIS1 ", "ZBITPIX ", "ZVAL1   ",
                                      "ZQUANTIZ", "ZDITHER0", "ZCMPTYPE", "ZIMAGE  ", "BITPIX  ", "EXTNAME ",
                                      "CONTINUE", "ZTABLE  ", "END     "};

// Where cards with a value begin.
std::vector<std::size_t> cards_of(const std::uint8_t* data, std::size_t size) {
  std::vector<std::size_t> cards;
  for (std::size_t at = 0; at + kCard <= size; at += kCard)
    if (data[at + 8] == '=' && data[at + 9] == ' ' && data[at] >= 'A' && data[at] <= 'Z') cards.push_back(at);
  return cards;
}

}  // namespace

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t most,
                                               unsigned seed) {
  std::minstd_rand random(seed);
  const auto below = [&](std::size_t n) { return static_cast<std::size_t>(random() % n); };
  const std::vector<std::size_t> cards = cards_of(data, size);
  if (cards.empty() || below(8) == 0) return LLVMFuzzerMutate(data, size, most);
  std::uint8_t* card = data + cards[below(cards.size())];
  const std::uint8_t* other = data + cards[below(cards.size())];
  switch (below(7)) {
    case 0: {  // another value
      const std::string_view value = kValues[below(std::size(kValues))];
      std::memset(card + 10, ' ', kCard - 10);
      std::memcpy(card + 10, value.data(), value.size());
      break;
    }
    case 1:  // another card's value
      std::memmove(card + 10, other + 10, kCard - 10);
      break;
    case 2:  // another name
      std::memcpy(card, kKeys[below(std::size(kKeys))].data(), 8);
      break;
    case 3:  // a card less
      std::memset(card, ' ', kCard);
      break;
    case 4:  // a card twice
      std::memmove(card, other, kCard);
      break;
    case 5: {  // another character of the value
      const std::string_view letters = "0123456789.+-EDed '\"/,()PQAXLBIJKMC&";
      card[10 + below(22)] = static_cast<std::uint8_t>(letters[below(letters.size())]);
      break;
    }
    default:  // bytes anywhere
      for (std::size_t n = 1 + below(8); n > 0; --n)
        data[below(size)] = static_cast<std::uint8_t>(random() >> 8);
  }
  return size;
}
