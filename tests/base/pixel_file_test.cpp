#include "core/base/pixel_file.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <thread>

#include "core/base/error.h"

namespace brickline {
namespace {

Image<float> ramp(int width, int height) {
  Image<float> image(width, height);
  for (int y = 0; y < height; ++y)
    for (int x = 0; x < width; ++x) image(x, y) = static_cast<float>(y * width + x);
  return image;
}

void expect_ramp(const Image<float>& image, float more = 0) {
  for (int y = 0; y < image.height(); ++y)
    for (int x = 0; x < image.width(); ++x)
      ASSERT_EQ(image(x, y), static_cast<float>(y * image.width() + x) + more);
}

TEST(PixelFile, GivesTheSameBytesHoweverOftenTheyWereLetGoOf) {
  PixelFile file(std::filesystem::temp_directory_path(), "1501p022", std::int64_t{1} << 40);
  Image<float> kept = file.keep(ramp(700, 300));
  file.release();
  expect_ramp(kept);
  for (int y = 0; y < 300; ++y)
    for (int x = 0; x < 700; ++x) kept(x, y) += 1;  // what was changed stays changed
  file.release();
  expect_ramp(kept, 1);
  const Image<float> copy = kept;
  kept(0, 0) = -1;
  EXPECT_EQ(copy(0, 0), 1);  // a copy has its own
}

TEST(PixelFile, TakesNoMemoryForWhatIsLetGoOf) {
  constexpr int kSide = 4000;  // 64 MB
  PixelFile file(std::filesystem::temp_directory_path(), "1501p022", std::int64_t{1} << 40);
  const Image<float> kept = file.keep(ramp(kSide, kSide));
  expect_ramp(kept);
  const std::int64_t with = resident_bytes();
  file.release();
  EXPECT_LT(resident_bytes(), with - 50'000'000);
}

TEST(PixelFile, LetsGoByItselfWhereTheProcessTakesTooMuch) {
  PixelFile file(std::filesystem::temp_directory_path(), "1501p022", 1);  // always too much
  const Image<float> kept = file.keep(ramp(500, 500));
  while (file.releases() < 3) {
    expect_ramp(kept);
    std::this_thread::yield();
  }
}

TEST(PixelFile, ImagesMayOutliveIt) {
  Image<float> kept;
  {
    PixelFile file(std::filesystem::temp_directory_path(), "1501p022", 1);
    kept = file.keep(ramp(300, 200));
  }
  expect_ramp(kept);
}

TEST(PixelFile, LeavesNoFileAndSaysWhereNoneCanBeMade) {
  const std::filesystem::path directory =
      std::filesystem::temp_directory_path() / ("brickline-pixels-" + std::to_string(::getpid()));
  std::filesystem::create_directory(directory);
  {
    PixelFile file(directory, "1501p022", 1);
    const Image<float> kept = file.keep(ramp(100, 100));
    EXPECT_TRUE(std::filesystem::is_empty(directory));
  }
  std::filesystem::remove(directory);
  try {
    PixelFile file(directory, "1501p022", 1);
    FAIL() << "there is no such directory";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kResources);
    EXPECT_NE(error.line().find(directory.string()), std::string::npos) << error.line();
  }
}

}  // namespace
}  // namespace brickline
