// Many handles at once: what CFITSIO shares between threads must not show.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "core/base/atomic_file.h"
#include "core/base/error.h"
#include "core/fits/fits_reader.h"
#include "core/fits/fits_writer.h"
#include "tests/support/data.h"

namespace brickline::fits {
namespace {

std::string small_file(int value) {
  Image<std::int32_t> image(40, 30);
  for (int y = 0; y < 30; ++y)
    for (int x = 0; x < 40; ++x) image(x, y) = value * 1000 + y * 40 + x;
  FitsWriter writer;
  writer.add_image(image.const_view(), {}, "A");
  return writer.finish();
}

// A `.gz` is a file in CFITSIO's memory while it is read, and so is what a writer composes: slots of one
// table.
TEST(Threads, FilesInMemoryMayBeOpenedAndClosedAtTheSameTime) {
  test::TemporaryDirectory directory;
  constexpr int kThreads = 4, kRounds = 100;
  std::vector<std::string> expected;
  for (int t = 0; t < kThreads; ++t) {
    FitsWriter writer;
    Image<std::int32_t> image(40, 30);
    for (int y = 0; y < 30; ++y)
      for (int x = 0; x < 40; ++x) image(x, y) = t * 1000 + y * 40 + x;
    writer.add_image(image.const_view(), {}, "A");
    writer.write(directory / fmt::format("f{}.fits.gz", t));
    expected.push_back(small_file(t));
  }
  std::vector<int> wrong(kThreads);
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t)
    threads.emplace_back([&, t] {
      for (int round = 0; round < kRounds; ++round) {
        const auto image = FitsReader(directory / fmt::format("f{}.fits.gz", t)).image<std::int32_t>(0);
        if (image(39, 29) != t * 1000 + 29 * 40 + 39 || small_file(t) != expected[t]) ++wrong[t];
      }
    });
  for (std::thread& t : threads) t.join();
  EXPECT_THAT(wrong, ::testing::Each(0));
}

TEST(Threads, AnErrorTellsOfItsOwnFileOnly) {
  test::TemporaryDirectory directory;
  std::ofstream(directory / "text.fits") << std::string(2880, 'x');
  write_file_atomically(directory / "good.fits", small_file(1));
  const auto message = [&](int kind) -> std::string {
    try {
      if (kind == 0) FitsReader(directory / "text.fits");
      FitsReader good(directory / "good.fits");
      if (kind == 1) good.table(0);
      if (kind == 2) good.image<float>(7);
      good.find_hdu("NOBODY");
    } catch (const Error& e) {
      return e.line();
    }
    return "";
  };
  std::vector<std::string> alone;
  for (int kind = 0; kind < 4; ++kind) alone.push_back(message(kind));
  EXPECT_THAT(alone[0], ::testing::HasSubstr("text.fits: cannot be read as FITS"));
  std::vector<int> wrong(4);
  std::vector<std::thread> threads;
  for (int kind = 0; kind < 4; ++kind)
    threads.emplace_back([&, kind] {
      for (int round = 0; round < 200; ++round) wrong[kind] += message(kind) != alone[kind];
    });
  for (std::thread& t : threads) t.join();
  EXPECT_THAT(wrong, ::testing::Each(0));
}

}  // namespace
}  // namespace brickline::fits
