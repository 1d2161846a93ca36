#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <limits>

#include "core/base/atomic_file.h"
#include "core/base/error.h"
#include "core/fits/fits_reader.h"
#include "core/fits/fits_writer.h"
#include "tests/support/data.h"

namespace brickline::fits {
namespace {

Image<float> noise_image(int width, int height, float sigma) {
  Image<float> image(width, height);
  unsigned state = 12345;
  for (int y = 0; y < height; ++y)
    for (int x = 0; x < width; ++x) {
      float sum = 0;
      for (int k = 0; k < 12; ++k) {
        state = state * 1664525u + 1013904223u;
        sum += static_cast<float>(state >> 8) / (1 << 24);
      }
      image(x, y) = (sum - 6) * sigma;
    }
  return image;
}

class RoundTrip : public ::testing::Test {
 protected:
  test::TemporaryDirectory directory_;
};

TEST_F(RoundTrip, HeaderCardsOfEveryTypeSurvive) {
  Header h;
  h.set("TEXT", "it's \"quoted\"", "a string");
  h.set("ANSWER", 42, "an integer");
  h.set("TENTH", CardValue(0.1));
  h.set("WHOLE", CardValue(150.0));
  h.set("TINY", CardValue(-7.277777777777778e-05));
  h.set("YES", CardValue(true));
  h.set("LONGKEYWORD", 3);
  h.set("NANVALUE", CardValue(std::nan("")));
  const std::string text(200, 'x');
  h.set("CMDLINE", CardValue(text));
  h.add_comment("a remark");
  FitsWriter w;
  w.add_empty_primary(h);
  w.write(directory_ / "h.fits");

  Header r = FitsReader(directory_ / "h.fits").header(0);
  EXPECT_EQ(r.text("TEXT"), "it's \"quoted\"");
  EXPECT_EQ(r.integer("ANSWER"), 42);
  EXPECT_EQ(r.number("TENTH"), 0.1);
  EXPECT_TRUE(std::holds_alternative<double>(r.find("WHOLE")->value));
  EXPECT_EQ(r.number("TINY"), -7.277777777777778e-05);
  EXPECT_EQ(r.logical("YES"), true);
  EXPECT_EQ(r.integer("LONGKEYWORD"), 3);
  EXPECT_TRUE(r.has("NANVALUE"));
  EXPECT_FALSE(r.number("NANVALUE"));
  EXPECT_EQ(r.text("CMDLINE"), text);
}

TEST_F(RoundTrip, TableColumnsOfEveryTypeSurvive) {
  Table t;
  t.add("flag", std::vector<bool>{true, false});
  t.add("byte", std::vector<std::uint8_t>{1, 255});
  t.add("short", std::vector<std::int16_t>{-5, 7});
  t.add("int", std::vector<std::int32_t>{-100000, 7});
  t.add("long", std::vector<std::int64_t>{1LL << 60, -3});
  t.add("flux", std::vector<float>{1.5f, -2.25f}, "nanomaggy", {}, "flux in g");
  t.add("grid", std::vector<double>{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}, "", {3, 2});
  t.add("name", std::vector<std::string>{"abc", "z"});
  FitsWriter w;
  w.add_table(t, "CCDS");
  w.write(directory_ / "t.fits.gz");

  FitsReader reader(directory_ / "t.fits.gz");
  ASSERT_EQ(reader.find_hdu("ccds"), 1);
  Table r = reader.table(1);
  ASSERT_EQ(r.rows(), 2);
  EXPECT_TRUE(r.logical("FLAG", 0));
  EXPECT_FALSE(r.logical("flag", 1));
  EXPECT_EQ(r.integer("byte", 1), 255);
  EXPECT_EQ(r.integer("short", 0), -5);
  EXPECT_EQ(r.integer("int", 0), -100000);
  EXPECT_EQ(r.integer("long", 0), 1LL << 60);
  EXPECT_EQ(r.number("flux", 1), -2.25);
  EXPECT_EQ(r.find("flux")->unit, "nanomaggy");
  EXPECT_EQ(r.find("flux")->description, "flux in g");
  EXPECT_THAT(r.find("grid")->shape, ::testing::ElementsAre(3, 2));
  EXPECT_EQ(r.number("grid", 1, 5), 12);
  EXPECT_EQ(r.text("name", 0), "abc");
  EXPECT_THROW(r.number("name", 0), Error);
  EXPECT_THROW(r.require("absent"), Error);
}

TEST_F(RoundTrip, ImagesComeBackWithinTheirQuantisation) {
  const Image<float> image = noise_image(130, 101, 0.01f);
  Compression lossy{Compression::Algorithm::kRice, -1e-4f, Compression::Dither::kSubtractive2};
  Compression lossless{Compression::Algorithm::kGzip1, 0, Compression::Dither::kNone};
  FitsWriter w;
  w.add_image(image.const_view(), {}, "IMAGE_g", lossy);
  w.add_image(image.const_view(), {}, "DEPTH_g", lossless);
  w.write(directory_ / "i.fits.fz");

  FitsReader r(directory_ / "i.fits.fz");
  ASSERT_EQ(r.hdu_count(), 3);
  EXPECT_EQ(r.header(1).text("ZCMPTYPE"), "RICE_ONE");
  EXPECT_EQ(r.header(1).text("ZQUANTIZ"), "SUBTRACTIVE_DITHER_2");
  EXPECT_EQ(r.header(2).text("ZCMPTYPE"), "GZIP_1");
  EXPECT_EQ(r.header(1).integer("ZTILE1"), 100);
  EXPECT_EQ(r.header(1).integer("ZTILE2"), 101);
  const Image<float> rice = r.image<float>(1), gzip = r.image<float>(2);
  for (int y = 0; y < 101; ++y)
    for (int x = 0; x < 130; ++x) {
      ASSERT_NEAR(rice(x, y), image(x, y), 5.1e-5);
      ASSERT_EQ(gzip(x, y), image(x, y));
    }
  const Image<float> part = r.image<float>(2, Box{10, 20, 30, 35});
  EXPECT_EQ(part.width(), 10);
  EXPECT_EQ(part(3, 4), image(13, 34));
}

// CFITSIO mixes up the quantisation of compressed HDUs when one handle goes back and forth between them.
TEST_F(RoundTrip, HdusMayBeReadInAnyOrder) {
  const Image<float> image = noise_image(130, 101, 0.01f);
  const Compression lossy{Compression::Algorithm::kRice, -1e-4f, Compression::Dither::kSubtractive2};
  const Compression lossless{Compression::Algorithm::kGzip1, 0, Compression::Dither::kNone};
  FitsWriter w;
  w.add_image(image.const_view(), {}, "A", lossy);
  w.add_image(image.const_view(), {}, "B", lossless);
  w.add_image(image.const_view(), {}, "C", lossy);
  w.write(directory_ / "abc.fits.fz");
  FitsReader r(directory_ / "abc.fits.fz");
  EXPECT_EQ(r.hdu_count(), 4);
  for (int hdu : {3, 1, 2, 1, 3, 2}) EXPECT_NEAR(r.image<float>(hdu)(5, 7), image(5, 7), 5.1e-5) << hdu;
}

TEST_F(RoundTrip, IntegerMasksAreLosslessUnderHcompress) {
  Image<std::int32_t> mask(120, 104);
  for (int y = 0; y < 104; ++y)
    for (int x = 0; x < 120; ++x) mask(x, y) = (x * 7919 + y * 104729) % 3 ? 0 : (x << 11) | y;
  FitsWriter w;
  w.add_image(mask.const_view(), {}, "MASKBITS", {Compression::Algorithm::kHcompress});
  w.write(directory_ / "m.fits.fz");
  const auto back = FitsReader(directory_ / "m.fits.fz").image<std::int32_t>(1);
  for (int y = 0; y < 104; ++y)
    for (int x = 0; x < 120; ++x) ASSERT_EQ(back(x, y), mask(x, y));
}

TEST_F(RoundTrip, FilesOfTheSameContentAreTheSameBytes) {
  const Image<float> image = noise_image(64, 64, 1);
  const auto make = [&] {
    FitsWriter w;
    w.add_image(image.const_view(), {}, "A", {Compression::Algorithm::kRice, 16});
    return w.finish();
  };
  EXPECT_EQ(sha256_hex(make()), sha256_hex(make()));
}

TEST_F(RoundTrip, TruncatedFilesAreNamedWithTheirHdu) {
  const Image<float> image = noise_image(100, 100, 1);
  FitsWriter w;
  w.add_image(image.const_view());
  const std::string bytes = w.finish();
  std::ofstream(directory_ / "cut.fits", std::ios::binary).write(bytes.data(), 20000);
  try {
    FitsReader(directory_ / "cut.fits").image<float>(0);
    FAIL() << "a truncated file was read";
  } catch (const Error& e) {
    EXPECT_EQ(e.exit_code(), 3);
    EXPECT_THAT(e.line(), ::testing::HasSubstr("cut.fits"));
    EXPECT_THAT(e.line(), ::testing::HasSubstr("truncated"));
  }
}

TEST_F(RoundTrip, MissingFilesAndHdusAreNamed) {
  EXPECT_THROW(FitsReader(directory_ / "none.fits"), Error);
  FitsWriter w;
  w.write(directory_ / "empty.fits");
  FitsReader r(directory_ / "empty.fits");
  EXPECT_THROW(r.header(3), Error);
  EXPECT_THROW(r.image<float>(0), Error);
}

}  // namespace
}  // namespace brickline::fits
