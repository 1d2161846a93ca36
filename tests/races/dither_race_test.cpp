// CFITSIO makes its table of dither offsets visible before it has filled it: a thread that packs or unpacks a
// quantised tile meanwhile gets other pixels, without an error. The room that wraps CFITSIO fills the table
// first.
#include <gtest/gtest.h>

#include <string>

#include "core/base/image.h"
#include "core/fits/fits_writer.h"
#include "tests/support/run_program.h"

namespace brickline::test {
namespace {

TEST(DitherOffsets, AreWaitedForByEveryThread) {
  TemporaryDirectory directory;
  const std::string file = (directory / "dithered.fits.fz").string();
  Image<float> image(200, 200);
  for (int y = 0; y < image.height(); ++y)
    for (int x = 0; x < image.width(); ++x)
      image(x, y) = static_cast<float>((x * 7919 + y * 104729) % 1009) / 7;
  fits::FitsWriter writer;
  writer.add_image(
      image.const_view(), {}, "A",
      {fits::Compression::Algorithm::kRice, 4, fits::Compression::Dither::kSubtractive1, 60, 60});
  writer.write(file);

  constexpr int kRuns = 300;
  int wrong = 0;
  std::string first;
  for (int run = 0; run < kRuns; ++run) {
    const ProgramResult result =
        run_program(PACK_AND_UNPACK, {file, "4"}, {{"LD_PRELOAD", DELAY_DITHER_OFFSETS}});
    ASSERT_TRUE(result.exit_code == 0 || result.exit_code == 1) << result.exit_code << " " << result.err;
    if (result.exit_code == 1 && wrong++ == 0) first = result.out;
  }
  EXPECT_EQ(wrong, 0) << "of " << kRuns << " runs; the first: " << first;
}

}  // namespace
}  // namespace brickline::test
