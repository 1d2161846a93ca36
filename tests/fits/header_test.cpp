// What a header's cards say, from cards as they stand in other people's files.
#include "core/fits/header.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <fstream>
#include <limits>
#include <string>
#include <vector>

#include "core/base/error.h"
#include "core/base/read_log.h"
#include "core/fits/fits_reader.h"
#include "tests/support/data.h"

namespace brickline::fits {
namespace {

class HeaderCards : public ::testing::Test {
 protected:
  // A primary HDU without data that holds these cards.
  Header header_of(const std::vector<std::string>& cards) {
    std::string bytes;
    const auto put = [&](std::string card) { bytes += card + std::string(80 - card.size(), ' '); };
    put("SIMPLE  =                    T");
    put("BITPIX  =                    8");
    put("NAXIS   =                    0");
    for (const std::string& card : cards) put(card);
    put("END");
    bytes.resize((bytes.size() + 2879) / 2880 * 2880, ' ');
    std::ofstream(directory_ / "h.fits", std::ios::binary) << bytes;
    return FitsReader(directory_ / "h.fits").header(0);
  }
  static std::string error_of(const auto& look_up) {
    try {
      look_up();
    } catch (const Error& e) {
      EXPECT_EQ(e.kind(), ErrorKind::kInput);
      return e.line();
    }
    return "no error";
  }
  test::TemporaryDirectory directory_;
};

TEST_F(HeaderCards, NumbersAreReadAsTheyAreWritten) {
  const Header h =
      header_of({"A       = -7.277777777777778D-05 / Fortran's double precision", "B       = 1.5E+3",
                 "C       = 1.5d3", "D       = +12", "E       = -.5", "F       = 5.", "G       = '1.25    '",
                 "H       =  9223372036854775807", "I       = ' +7'"});
  EXPECT_EQ(h.number("A"), -7.277777777777778e-05);
  EXPECT_EQ(h.number("B"), 1500);
  EXPECT_EQ(h.number("C"), 1500);
  EXPECT_EQ(h.integer("D"), 12);
  EXPECT_EQ(h.number("E"), -0.5);
  EXPECT_EQ(h.integer("F"), 5);
  EXPECT_EQ(h.number("G"), 1.25);
  EXPECT_EQ(h.integer("H"), std::numeric_limits<std::int64_t>::max());
  EXPECT_EQ(h.integer("I"), 7);
}

TEST_F(HeaderCards, AnIntegerBeyond64BitsIsRefusedByName) {
  const Header h = header_of({"EXPNUM  = 99999999999999999999", "SMALL   = -9223372036854775809"});
  EXPECT_EQ(h.text("EXPNUM"), "99999999999999999999");
  EXPECT_EQ(h.number("EXPNUM"), 1e20);
  EXPECT_THAT(error_of([&] { h.integer("EXPNUM"); }), ::testing::HasSubstr("EXPNUM = 99999999999999999999"));
  EXPECT_THAT(error_of([&] { h.require_integer("SMALL"); }), ::testing::HasSubstr("SMALL"));
}

TEST_F(HeaderCards, AFieldOfNoTypeIsRefusedWhereANumberIsWanted) {
  const Header h = header_of({"EXPTIME = 1,5", "GAIN    = 0x10", "RDNOISE = NaN", "OTHER   = 3",
                              "CRVAL1  = 1 50 / deg", "DARKTIME= 99.5 s"});
  for (const char* key : {"EXPTIME", "GAIN", "RDNOISE", "CRVAL1", "DARKTIME"}) {
    EXPECT_THAT(error_of([&] { h.number(key); }), ::testing::HasSubstr(key));
    EXPECT_THAT(error_of([&] { h.integer(key); }), ::testing::HasSubstr(key));
    EXPECT_THAT(error_of([&] { h.require_number(key); }), ::testing::HasSubstr(key));
  }
  EXPECT_EQ(h.text("EXPTIME"), "1,5");
  EXPECT_EQ(h.text("CRVAL1"), "1 50");  // not the 1 that stands before the blank
  EXPECT_EQ(h.integer("OTHER"), 3);
}

TEST_F(HeaderCards, TextIsNoNumberAndRequiredNumbersSaySo) {
  const Header h = header_of({"SEEING  = 'N/A     '", "BLANK   =", "EMPTY   = ''"});
  EXPECT_FALSE(h.number("SEEING"));
  EXPECT_FALSE(h.number("BLANK"));
  EXPECT_FALSE(h.number("EMPTY"));
  EXPECT_FALSE(h.text("BLANK"));
  EXPECT_THAT(error_of([&] { h.require_number("SEEING"); }), ::testing::HasSubstr("SEEING = 'N/A'"));
  EXPECT_THAT(error_of([&] { h.require_number("BLANK"); }), ::testing::HasSubstr("BLANK"));
  EXPECT_THAT(error_of([&] { h.require_integer("ABSENT"); }), ::testing::HasSubstr("no ABSENT"));
}

TEST_F(HeaderCards, StringsAreJoinedAndUnquoted) {
  const Header h = header_of({"A       = 'it''s   '           / a comment with a / and a '",
                              "B       = 'one &'", "CONTINUE  'two&'", "CONTINUE  ' three' / done",
                              "C       = 'R&D&'", "D       = 4", "E       = '/path'", "F       = 'x' / y"});
  EXPECT_EQ(h.text("A"), "it's");
  EXPECT_EQ(h.text("B"), "one two three");
  EXPECT_EQ(h.text("C"), "R&D&");  // nothing continues it, so the & is its own
  EXPECT_EQ(h.integer("D"), 4);
  EXPECT_EQ(h.text("E"), "/path");
  EXPECT_EQ(h.text("F"), "x");
}

TEST_F(HeaderCards, TheReaderNotesItsFile) {
  header_of({});
  ReadLog log;
  FitsReader(directory_ / "h.fits", &log);
  ASSERT_EQ(log.files().size(), 1u);
  EXPECT_EQ(log.files()[0].path, (directory_ / "h.fits").string());
  EXPECT_EQ(log.files()[0].size, 2880);
}

}  // namespace
}  // namespace brickline::fits
