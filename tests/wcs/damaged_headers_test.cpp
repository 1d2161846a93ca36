// Headers with something wrong in them, by the thousand: an error or a position, never a crash.

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "core/wcs/wcs.h"
#include "tests/wcs/cards.h"
#include "tests/wcs/fuzz_wcs_header.h"

namespace brickline {
namespace {

std::string records_of(std::vector<std::string> cards) {
  std::string records;
  for (std::string& card : cards) {
    card.resize(80, ' ');
    records += card;
  }
  return records;
}

// Headers of every kind, to begin with.
std::vector<std::string> whole_headers() {
  const auto with = [](const std::vector<std::string>& more) { return records_of(test::plain_cards(more)); };
  const std::vector<std::string> without_cd = test::without(test::plain_cards(), "CD");
  return {
      with({"LONPOLE = 180.0", "LATPOLE = 2.0", "RADESYS = 'ICRS'", "EQUINOX = 2000.0", "CUNIT1  = 'deg'"}),
      with({"CTYPE1  = 'RA---TAN-SIP'", "CTYPE2  = 'DEC--TAN-SIP'", "A_ORDER = 3", "B_ORDER = 2",
            "A_2_0   = 1E-5", "A_1_2   = 1E-8", "B_1_1   = -2D-5"}),
      with({"CTYPE1  = 'RA---TPV'", "CTYPE2  = 'DEC--TPV'", "PV1_1   = 1.01", "PV1_3   = 1E-4",
            "PV2_1   = 0.99", "PV2_7   = 0.01", "PV2_39  = 0.1"}),
      with({"CTYPE1  = 'RA---TNX'", "CTYPE2  = 'DEC--TNX'",
            "WAT1_001= 'wtype=tnx axtype=ra lngcor = \"1. 3. 2. 2. -.01 .01 -.01 .01 1E-4'",
            "WAT1_002= '2E-4 1E-5 0. 3E-5\"'",
            "WAT2_001= 'wtype=tnx axtype=dec latcor = \"3. 2. 2. 1. -1 1 -1 1 1E-4 .01 0. 2.\"'"}),
      records_of(test::laid_over(without_cd, {"CDELT1  = -7E-5", "CDELT2  = 7E-5", "PC001001= 0.9",
                                              "PC001002= 0.1", "PC002001= -0.1", "PC002002= 0.9"})),
      records_of(test::laid_over(without_cd,
                                 {"CDELT1  = -7E-5", "CDELT2  = 7E-5", "CROTA2  = 33.0", "CRVAL2  = 90.0"})),
  };
}

std::span<const std::uint8_t> bytes_of(const std::string& s) {
  return {reinterpret_cast<const std::uint8_t*>(s.data()), s.size()};
}

TEST(DamagedHeaders, NeverEndTheProgram) {
  std::mt19937 random(7);
  const auto below = [&](std::size_t n) { return static_cast<std::size_t>(random() % n); };
  const std::vector<std::string> headers = whole_headers();
  const std::string letters = "0123456789.+-EDed '\"/=_ABCPQVTNX\0\xff";
  const std::vector<std::string> values = {"0",    "-1",   "1E300", "1E-300", "NaN", "",      "'x'", "T",
                                           "1e99", "-1E9", "1E5",   "180",    "90",  "-90.0", "360", "0.1"};
  for (int round = 0; round < 4000; ++round) {
    std::string records = headers[below(headers.size())];
    for (std::size_t changes = 1 + below(3); changes > 0; --changes) {
      const std::size_t card = 80 * below(records.size() / 80);
      switch (below(4)) {
        case 0:  // another character anywhere
          records[card + below(40)] = letters[below(letters.size())];
          break;
        case 1: {  // another value
          std::string value = values[below(values.size())];
          value.resize(70, ' ');
          records.replace(card + 10, 70, value);
          break;
        }
        case 2:  // a card less
          records.erase(card, 80);
          break;
        case 3: {  // a card of another header
          const std::string& other = headers[below(headers.size())];
          records.insert(card, other.substr(80 * below(other.size() / 80), 80));
          break;
        }
      }
      if (records.empty()) break;
    }
    test::fuzz_wcs_header(bytes_of(records));
  }
}

TEST(DamagedHeaders, WholeOnesAreRead) {
  for (const std::string& records : whole_headers()) {
    test::fuzz_wcs_header(bytes_of(records));
    EXPECT_NO_THROW(Wcs::from_header(test::header_of_records(records), 96, 96)) << records;
  }
}

}  // namespace
}  // namespace brickline
