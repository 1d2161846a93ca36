// Images of every form: plain and tile-compressed, whole and in part, as every type that the program asks for.
#include <optional>

#include "core/fits/fits_reader.h"
#include "tests/fuzz/fuzz_target.h"

using namespace brickline;

namespace {

constexpr std::int64_t kMostPixels = 1 << 20;  // larger ones take their time, and show nothing new

void read(fits::FitsReader& reader, int hdu) {
  const fits::ImageInfo info = reader.image_info(hdu);
  if (std::int64_t{info.width} * info.height * info.depth > kMostPixels) return;
  const Image<float> whole = reader.image<float>(hdu);
  fuzz::require(whole.width() == info.width && whole.height() == info.height, "an image of the size it told");
  const Box part = Box{info.width / 3, info.width / 3 + 1, info.height / 2, info.height};
  const Image<float> window = reader.image<float>(hdu, part);
  for (int y = 0; y < window.height(); ++y) {
    const float a = window(0, y), b = whole(part.x0, part.y0 + y);
    fuzz::require(a == b || (a != a && b != b), "a part has the pixels of the whole");
  }
  const auto as_integers = [&](auto pixel) {
    fuzz::read_or_refused([&] { (void)reader.image<decltype(pixel)>(hdu, part); });
  };
  as_integers(std::uint8_t{});
  as_integers(std::int16_t{});
  as_integers(std::int32_t{});
  as_integers(std::int64_t{});
  if (info.depth > 1) (void)reader.cube<float>(hdu);
  if (info.compressed) (void)reader.compression_columns(hdu);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::vector<std::uint8_t> bytes = fuzz::copy_of(data, size);
  fuzz::read_or_refused([&] {
    fits::FitsReader reader = fits::FitsReader::in_memory(bytes, "fuzz.fits");
    const int count = std::min(reader.hdu_count(), 6);
    for (int hdu = 0; hdu < count; ++hdu) fuzz::read_or_refused([&] { read(reader, hdu); });
  });
  return 0;
}
