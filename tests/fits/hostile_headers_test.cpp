// Headers that ask for more than there is.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <string>
#include <vector>

#include "core/base/error.h"
#include "core/fits/fits_reader.h"
#include "tests/support/data.h"

namespace brickline::fits {
namespace {

using ::testing::HasSubstr;

class HostileHeaders : public ::testing::Test {
 protected:
  static std::string header(const std::vector<std::string>& cards) {
    std::string bytes;
    for (const std::string& card : cards) bytes += card + std::string(80 - card.size(), ' ');
    bytes += "END" + std::string(77, ' ');
    bytes.resize((bytes.size() + 2879) / 2880 * 2880, ' ');
    return bytes;
  }
  static std::string primary() {
    return header({"SIMPLE  =                    T", "BITPIX  =                    8",
                   "NAXIS   =                    0"});
  }
  std::filesystem::path file(const std::string& bytes) {
    std::ofstream(directory_ / "f.fits", std::ios::binary) << bytes;
    return directory_ / "f.fits";
  }
  // A table of one row of `width` bytes.
  std::filesystem::path table_file(const std::string& format, int width,
                                   const std::vector<std::string>& more) {
    std::vector<std::string> cards = {"XTENSION= 'BINTABLE'", "BITPIX  = 8",
                                      "NAXIS   = 2",          "NAXIS1  = " + std::to_string(width),
                                      "NAXIS2  = 1",          "PCOUNT  = 0",
                                      "GCOUNT  = 1",          more.size() > 1 ? "TFIELDS = 2" : "TFIELDS = 1",
                                      "TTYPE1  = 'a'",        "TFORM1  = '" + format + "'"};
    cards.insert(cards.end(), more.begin(), more.end());
    return file(primary() + header(cards) + std::string(2880, '\0'));
  }
  static std::string error_of(const auto& what) {
    try {
      what();
    } catch (const Error& e) {
      EXPECT_EQ(e.kind(), ErrorKind::kInput) << e.line();
      return e.line();
    }
    return "no error";
  }
  test::TemporaryDirectory directory_;
};

TEST_F(HostileHeaders, ImagesOfManyAxesAreRefusedByName) {
  std::vector<std::string> cards = {"SIMPLE  = T", "BITPIX  = 16", "NAXIS   = 12"};
  for (int i = 1; i <= 12; ++i) cards.push_back("NAXIS" + std::to_string(i) + "  = 2");
  const auto path = file(header(cards) + std::string(10 * 2880, '\0'));
  EXPECT_THAT(error_of([&] { FitsReader(path).image_info(0); }), HasSubstr("12 axes"));
  EXPECT_THAT(error_of([&] { FitsReader(path).image<float>(0); }), HasSubstr("12 axes"));
}

TEST_F(HostileHeaders, AxesWhoseProductOverflowsAreRefused) {
  std::vector<std::string> cards = {"SIMPLE  = T", "BITPIX  = 8", "NAXIS   = 5"};
  for (int i = 1; i <= 5; ++i) cards.push_back("NAXIS" + std::to_string(i) + "  = 1000000");
  const auto path = file(header(cards) + std::string(2880, '\0'));
  EXPECT_NE(error_of([&] { FitsReader(path).image<float>(0); }), "no error");
  EXPECT_NE(error_of([&] { FitsReader(path).cube<float>(0); }), "no error");
}

TEST_F(HostileHeaders, NineAxesAreRead) {
  std::vector<std::string> cards = {"SIMPLE  = T", "BITPIX  = 8", "NAXIS   = 9", "NAXIS1  = 3",
                                    "NAXIS2  = 2"};
  for (int i = 3; i <= 9; ++i) cards.push_back("NAXIS" + std::to_string(i) + "  = " + (i == 9 ? "2" : "1"));
  std::string data(2880, '\0');
  for (int i = 0; i < 12; ++i) data[i] = static_cast<char>(i);
  const auto path = file(header(cards) + data);
  const Image<float> cube = FitsReader(path).cube<float>(0), first = FitsReader(path).image<float>(0);
  ASSERT_EQ(cube.height(), 4);
  ASSERT_EQ(first.height(), 2);
  EXPECT_EQ(cube(2, 3), 11);
  EXPECT_EQ(first(2, 1), 5);
}

TEST_F(HostileHeaders, PixelsThatBeginElsewhereAreRefused) {
  const auto image = [&](int parameters, int groups) {
    std::vector<std::string> cards = {"XTENSION= 'IMAGE   '", "BITPIX  = 16", "NAXIS   = 2", "NAXIS1  = 3",
                                      "NAXIS2  = 2"};
    cards.push_back("PCOUNT  = " + std::to_string(parameters));
    cards.push_back("GCOUNT  = " + std::to_string(groups));
    return file(primary() + header(cards) + std::string(2880, '\1'));
  };
  EXPECT_EQ(FitsReader(image(0, 1)).image<float>(1).height(), 2);
  EXPECT_THAT(error_of([&] { FitsReader(image(1, 1)).image<float>(1); }), HasSubstr("PCOUNT = 1"));
  EXPECT_THAT(error_of([&] { FitsReader(image(0, 2)).image<float>(1); }), HasSubstr("GCOUNT = 2"));
}

TEST_F(HostileHeaders, PixelsOfNoKnownSizeAreRefused) {
  for (const char* bits : {"-1", "-16", "12", "0"}) {
    const std::vector<std::string> cards = {"XTENSION= 'OTHER   '", std::string("BITPIX  = ") + bits,
                                            "NAXIS   = 2",          "NAXIS1  = 3",
                                            "NAXIS2  = 2",          "PCOUNT  = 0",
                                            "GCOUNT  = 1"};
    const auto path = file(primary() + header(cards) + std::string(2880, '\1'));
    EXPECT_NE(error_of([&] { FitsReader(path).image<float>(1); }), "no error") << bits;
  }
}

TEST_F(HostileHeaders, AShapeThatIsNotTheColumnsIsLeftOut) {
  for (const char* tdim :
       {"(1,1,1,1,1,1,1,1,1,1,1,2)", "(3,4)", "(-1,-2)", "(2", "x", "()", "(1,1,1,1,1,1,1,1,2)"}) {
    const auto path = table_file("2J", 8, {"TDIM1   = '" + std::string(tdim) + "'"});
    const Table table = FitsReader(path).table(1);
    ASSERT_EQ(table.find("a")->width(), 2) << tdim;
    EXPECT_EQ(table.number("a", 0, 1), 0) << tdim;
  }
}

TEST_F(HostileHeaders, TablesOfMillionsOfColumnsAreRefused) {
  const auto path = file(primary() +
                         header({"XTENSION= 'BINTABLE'", "BITPIX  = 8", "NAXIS   = 2", "NAXIS1  = 8",
                                 "NAXIS2  = 1", "PCOUNT  = 0", "GCOUNT  = 1", "TFIELDS = 16514043"}) +
                         std::string(2880, '\0'));
  EXPECT_THAT(error_of([&] { FitsReader(path).table(1); }), HasSubstr("TFIELDS"));
}

TEST_F(HostileHeaders, RowsThatAreNotThereAreATruncation) {
  for (const char* rows : {"1000000", "100000000000", "9000000000000000000"}) {
    std::vector<std::string> cards = {"XTENSION= 'BINTABLE'",
                                      "BITPIX  = 8",
                                      "NAXIS   = 2",
                                      "NAXIS1  = 8",
                                      "NAXIS2  = " + std::string(rows),
                                      "PCOUNT  = 0",
                                      "GCOUNT  = 1",
                                      "TFIELDS = 1",
                                      "TTYPE1  = 'a'",
                                      "TFORM1  = 'D'"};
    const auto path = file(primary() + header(cards) + std::string(2880, '\0'));
    EXPECT_NE(error_of([&] { FitsReader(path).table(1); }), "no error") << rows;
    EXPECT_NE(error_of([&] { FitsReader(path).table_bytes(1); }), "no error") << rows;
  }
}

// CFITSIO looks for the next one at the place where it thought the last but one to end.
TEST_F(HostileHeaders, NothingBehindAnHduThatCannotBeReadCounts) {
  const std::string image = header({"XTENSION= 'IMAGE   '", "BITPIX  = 16", "NAXIS   = 2", "NAXIS1  = 3",
                                    "NAXIS2  = 2", "PCOUNT  = 0", "GCOUNT  = 1"}) +
                            std::string(2880, '\1');
  const std::string broken = std::string(2880, 'x') + std::string(2880, '\1');
  const auto path = file(primary() + image + broken + image);
  EXPECT_EQ(FitsReader(path).hdu_count(), 2);
  EXPECT_EQ(FitsReader(path).image<float>(1).height(), 2);
  for (const int hdu : {2, 3}) EXPECT_NE(error_of([&] { FitsReader(path).image<float>(hdu); }), "no error");
}

TEST_F(HostileHeaders, ValuesOutsideTheHeapAreUnreadableColumns) {
  for (const auto& [place, byte] : {std::pair{0, '\x7f'}, {4, '\x80'}, {5, '\x7f'}}) {
    std::string row(8, '\0');  // two numbers at the heap's beginning
    row[3] = 2;
    std::vector<std::string> cards = {
        "XTENSION= 'BINTABLE'", "BITPIX  = 8", "NAXIS   = 2", "NAXIS1  = 8",   "NAXIS2  = 1",
        "PCOUNT  = 8",          "GCOUNT  = 1", "TFIELDS = 1", "TTYPE1  = 'a'", "TFORM1  = 'PJ(2)'"};
    const auto reads = [&] {
      (void)FitsReader(file(primary() + header(cards) + row + std::string(2872, '\1')))
          .table(1)
          .number("a", 0, 1);
    };
    EXPECT_EQ(error_of(reads), "no error");
    row[place] = byte;
    EXPECT_THAT(error_of(reads), HasSubstr("outside the table's heap")) << place;
  }
}

TEST_F(HostileHeaders, TextsLongerThanCfitsiosBufferAreUnreadableColumns) {
  std::string descriptor(8, '\0');  // 40,000 characters at the heap's beginning
  descriptor[2] = static_cast<char>(40'000 >> 8);
  descriptor[3] = static_cast<char>(40'000 & 255);
  std::vector<std::string> cards = {
      "XTENSION= 'BINTABLE'", "BITPIX  = 8", "NAXIS   = 2", "NAXIS1  = 8",   "NAXIS2  = 1",
      "PCOUNT  = 40000",      "GCOUNT  = 1", "TFIELDS = 1", "TTYPE1  = 'a'", "TFORM1  = 'PA(40000)'"};
  const auto path = file(primary() + header(cards) + descriptor + std::string(14 * 2880 - 8, 'x'));
  const Table table = FitsReader(path).table(1);
  EXPECT_THAT(error_of([&] { (void)table.text("a", 0); }), HasSubstr("40000 characters"));
}

// CFITSIO sees it in a file on disk.
TEST_F(HostileHeaders, AColumnLargerThanARowIsRefusedWhateverTheOthersAre) {
  const auto path = table_file("99999999E", 4, {"TTYPE2  = 'b'", "TFORM2  = 'SUBTRACTIVE'", "ZTABLE  = 8"});
  std::ifstream in(path, std::ios::binary);
  std::vector<std::uint8_t> bytes{std::istreambuf_iterator<char>(in), {}};
  EXPECT_NE(error_of([&] { FitsReader(path).table(1); }), "no error");
  EXPECT_THAT(error_of([&] { FitsReader::in_memory(bytes, "f.fits").table(1); }),
              ::testing::AnyOf(HasSubstr("NAXIS1 says 4"), HasSubstr("row width")));
}

TEST_F(HostileHeaders, CompressedImagesThatMakeNoSenseAreRefused) {
  const std::vector<std::string> good = {
      "XTENSION= 'BINTABLE'", "BITPIX  = 8",  "NAXIS   = 2",
      "NAXIS1  = 8",          "NAXIS2  = 4",  "PCOUNT  = 0",
      "GCOUNT  = 1",          "TFIELDS = 1",  "TTYPE1  = 'COMPRESSED_DATA'",
      "TFORM1  = '1PB(10)'",  "ZIMAGE  = T",  "ZBITPIX = 16",
      "ZNAXIS  = 2",          "ZNAXIS1 = 10", "ZNAXIS2 = 4",
      "ZTILE1  = 10",         "ZTILE2  = 1",  "ZCMPTYPE= 'RICE_1'",
      "ZVAL1   = 32",         "ZVAL2   = 2"};
  const auto with = [&](const std::string& card) {
    std::vector<std::string> cards = good;
    for (std::string& c : cards)
      if (c.substr(0, 8) == card.substr(0, 8)) c = card;
    return file(primary() + header(cards) + std::string(2880, '\0'));
  };
  for (const char* card :
       {"ZBITPIX = 17", "ZBITPIX = -32", "ZNAXIS1 = 0", "ZNAXIS1 = -5", "ZNAXIS2 = 100000000", "ZNAXIS  = 12",
        "ZTILE1  = 0", "ZTILE2  = -1", "ZCMPTYPE= 'BZIP2_1'", "ZCMPTYPE= 'NEW'", "ZVAL1   = 0", "ZVAL2   = 3",
        "ZNAXIS  = 0", "NAXIS2  = 5", "TTYPE1  = 'OTHER'", "TFORM1  = '1PE(10)'"})
    EXPECT_NE(error_of([&] { FitsReader(with(card)).image<float>(1); }), "no error") << card;
  // Names end at a blank, and a long name may be a short one: the same cards to CFITSIO.
  for (const char* card :
       {"ZVAL1 c = 0", "HIERARCH ZVAL1 = 0", "ZVAL1   = 'word word word word word word word word &'",
        "ZTILE1 c= 0", "ZBITPIX = 'word word word word word word word word word'", "ZNAME1  = BLOCKSIZE"}) {
    std::vector<std::string> cards = good;
    for (std::string& c : cards)
      if (c.starts_with(std::string(card).substr(0, 5) == "HIERA" ? "ZVAL1" : std::string(card).substr(0, 6)))
        c = card;
    if (std::string(card).starts_with("ZNAME1")) cards.emplace_back(card);
    EXPECT_THAT(
        error_of([&] { FitsReader(file(primary() + header(cards) + std::string(2880, '\0'))).hdu_count(); }),
        HasSubstr("the header of a"))
        << card;
  }
  for (const char* card : {"ZNAXIS1 = 9", "ZTILE1  = 5", "NAXIS2  = 5", "TFIELDS = 2", "PCOUNT  = 1"}) {
    std::vector<std::string> cards = good;
    cards.emplace_back(card);
    EXPECT_THAT(
        error_of([&] { FitsReader(file(primary() + header(cards) + std::string(2880, '\0'))).hdu_count(); }),
        HasSubstr("is given twice"))
        << card;
  }
  std::vector<std::string> alike = good;  // the same number, written otherwise
  alike.emplace_back("ZNAXIS1 = 10.");
  EXPECT_EQ(FitsReader(file(primary() + header(alike) + std::string(2880, '\0'))).hdu_count(), 2);
  // Of two codes CFITSIO takes the first, and divides by the length of its blocks.
  std::vector<std::string> two = good;
  two.push_back("ZCMPTYPE= 'GZIP_1'");
  for (std::string& c : two)
    if (c.starts_with("ZVAL1")) c = "ZVAL1   = 0";
  const auto path = file(primary() + header(two) + std::string(2880, '\0'));
  EXPECT_NE(error_of([&] { FitsReader(path).hdu_count(); }), "no error");
}

}  // namespace
}  // namespace brickline::fits
