// A file with fewer pixels: those that stay are the same bits in the same place, and everything else of it is as it was.
#include "core/fits/cut_file.h"

#include <gtest/gtest.h>

#include <fstream>

#include "core/base/error.h"
#include "core/fits/fits_reader.h"
#include "core/fits/fits_writer.h"
#include "tests/support/data.h"

namespace brickline::fits {
namespace {

using Dither = Compression::Dither;
using Algorithm = Compression::Algorithm;

constexpr int kWidth = 90, kHeight = 130;

Image<float> noise() {
  Image<float> out(kWidth, kHeight);
  std::uint32_t state = 7;
  for (int y = 0; y < kHeight; ++y)
    for (int x = 0; x < kWidth; ++x) {
      state = state * 1664525 + 1013904223;
      out(x, y) = 100 + static_cast<float>(state >> 20) / 400 + static_cast<float>(y);
    }
  return out;
}

class CutFile : public testing::Test {
 protected:
  // Row tiles, square tiles, a plain image, codes, a table.
  void SetUp() override {
    Header named;
    named.set("CRPIX1", 12.5);
    const Image<float> pixels = noise();
    Image<std::int32_t> codes(kWidth, kHeight);
    for (int y = 0; y < kHeight; ++y)
      for (int x = 0; x < kWidth; ++x) codes(x, y) = x * y % 7;
    Table table;
    table.add("a", std::vector<double>{1, 2, 3});
    FitsWriter writer;
    writer.add_empty_primary(named);
    writer.add_image<float>(pixels.view(), named, "ROWS",
                            {Algorithm::kRice, 4, Dither::kSubtractive1, kWidth, 1});
    writer.add_image<float>(pixels.view(), named, "SQUARES",
                            {Algorithm::kRice, 4, Dither::kSubtractive2, 20, 20});
    writer.add_image<float>(pixels.view(), named, "PLAIN");
    writer.add_image<std::int32_t>(codes.view(), named, "CODES", {Algorithm::kGzip1});
    writer.add_image<float>(pixels.view(), named, "OTHER", {Algorithm::kRice, 4, Dither::kSubtractive1});
    writer.add_table(table, "TABLE");
    writer.write(file_);
  }
  test::TemporaryDirectory scratch_;
  const std::filesystem::path file_ = scratch_ / "a.fits", cut_ = scratch_ / "b.fits";
};

TEST_F(CutFile, KeepsThePixelsOfTheBoxAndThePlacesOfAll) {
  const Box box{10, 40, 50, 70};
  const auto bytes = cut_file(file_, {{1, box}, {2, box}, {3, box}, {4, box}});
  ASSERT_TRUE(bytes);
  EXPECT_LT(bytes->size(), std::filesystem::file_size(file_));
  std::ofstream(cut_, std::ios::binary) << *bytes;
  FitsReader before(file_), after(cut_);
  ASSERT_EQ(after.hdu_count(), before.hdu_count());
  for (int hdu = 0; hdu < after.hdu_count(); ++hdu) {
    EXPECT_TRUE(after.checksums_agree(hdu)) << hdu;
    EXPECT_EQ(after.header(hdu).text("EXTNAME"), before.header(hdu).text("EXTNAME"));
  }
  for (const int hdu : {1, 2, 3, 4}) {
    EXPECT_EQ(after.header(hdu).number("CRPIX1"), 12.5);
    ASSERT_EQ(after.image_info(hdu).width, kWidth);
    const Image<float> a = before.image<float>(hdu), b = after.image<float>(hdu);
    for (int y = box.y0; y < box.y1; ++y)
      for (int x = box.x0; x < box.x1; ++x) ASSERT_EQ(a(x, y), b(x, y)) << hdu << " " << x << " " << y;
  }
  EXPECT_NE(after.image<float>(1)(5, 120), before.image<float>(1)(5, 120));
  EXPECT_EQ(after.image<float>(3)(5, 120), 0);
  EXPECT_EQ(after.image_info(5).width, 0);
  EXPECT_EQ(after.table(6).number("a", 2), 3);
}

TEST_F(CutFile, LeavesWhatItCannotReadIntoAlone) {
  std::ofstream(cut_, std::ios::binary) << "\x1f\x8b and so on";
  EXPECT_FALSE(cut_file(cut_, {{1, Box{0, 1, 0, 1}}}));
  std::filesystem::resize_file(file_, std::filesystem::file_size(file_) / 2 + 100);
  EXPECT_THROW(cut_file(file_, {{1, Box{0, 1, 0, 1}}}), Error);
}

TEST_F(CutFile, LeavesOutWhatFollowsTheLastHdu) {
  const auto before = cut_file(file_, {{1, Box{10, 40, 50, 70}}});
  std::ofstream(file_, std::ios::binary | std::ios::app) << std::string(2 * 2880, '\0');
  EXPECT_EQ(cut_file(file_, {{1, Box{10, 40, 50, 70}}}), before);
}

}  // namespace
}  // namespace brickline::fits
