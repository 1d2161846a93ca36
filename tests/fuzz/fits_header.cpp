// Headers, and the numbers and texts that stand in them.
#include <cmath>
#include <set>

#include "core/base/numbers.h"
#include "core/fits/fits_reader.h"
#include "tests/fuzz/fuzz_target.h"

using namespace brickline;

namespace {

void use(const fits::Header& header) {
  std::set<std::string> seen;
  for (const fits::Card& card : header.cards()) {
    if (!seen.insert(card.key).second) continue;
    fuzz::read_or_refused([&] {
      const auto number = header.number(card.key);
      fuzz::require(!number || std::isfinite(*number), "a card's number is a number");
      const auto text = header.text(card.key);
      // What was read as a number is the number that stands there.
      if (number && text) fuzz::require(parse_double(*text) == number, "a card's number is that of its text");
    });
    fuzz::read_or_refused([&] { (void)header.integer(card.key); });
    fuzz::read_or_refused([&] { (void)header.require_text(card.key); });
    (void)header.logical(card.key);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::vector<std::uint8_t> bytes = fuzz::copy_of(data, size);
  fuzz::read_or_refused([&] {
    fits::FitsReader reader = fits::FitsReader::in_memory(bytes, "fuzz.fits");
    const int count = std::min(reader.hdu_count(), 6);
    for (int hdu = 0; hdu < count; ++hdu) {
      fuzz::read_or_refused([&] { use(reader.header(hdu)); });
      fuzz::read_or_refused([&] { (void)reader.checksums_agree(hdu); });
    }
    (void)reader.find_hdu("S4");
  });
  return 0;
}
