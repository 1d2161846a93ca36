// pack_and_unpack FILE THREADS: half of the threads read the dithered image in HDU 1 of FILE, the others pack
// a dithered image, all at once and before anything else; then each is done once more alone. Exit 0 if all
// got the same, 1 if not (a line says how many), 2 on any error.
#include <cstdio>
#include <cstdlib>
#include <latch>
#include <string>
#include <thread>
#include <vector>

#include "core/base/atomic_file.h"
#include "core/fits/fits_reader.h"
#include "core/fits/fits_writer.h"

namespace {

using namespace brickline;

std::string unpacked(const char* file) {
  const Image<float> pixels = fits::FitsReader(file).image<float>(1);
  std::string bytes;
  for (int y = 0; y < pixels.height(); ++y)
    bytes.append(reinterpret_cast<const char*>(pixels.row(y)), sizeof(float) * pixels.width());
  return sha256_hex(bytes);
}

std::string packed() {
  Image<float> image(120, 120);
  unsigned state = 1;
  for (int y = 0; y < image.height(); ++y)
    for (int x = 0; x < image.width(); ++x)
      image(x, y) = static_cast<float>((state = state * 1664525u + 1013904223u) >> 8) / (1 << 20);
  fits::FitsWriter writer;
  // Tiles of another size than the offsets, by which the preloaded library knows them.
  writer.add_image(
      image.const_view(), {}, "A",
      {fits::Compression::Algorithm::kRice, 4, fits::Compression::Dither::kSubtractive2, 60, 60});
  return sha256_hex(writer.finish());
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  const int count = std::atoi(argv[2]);
  try {
    std::vector<std::string> results(count);
    std::latch start(count);
    std::vector<std::thread> threads;
    for (int i = 0; i < count; ++i)
      threads.emplace_back([&, i] {
        start.arrive_and_wait();
        try {
          results[i] = i % 2 ? packed() : unpacked(argv[1]);
        } catch (const std::exception& e) {
          results[i] = e.what();
        }
      });
    for (std::thread& t : threads) t.join();
    const std::string expected[2] = {unpacked(argv[1]), packed()};
    int wrong = 0;
    for (int i = 0; i < count; ++i) wrong += results[i] != expected[i % 2];
    if (wrong) std::printf("%d of %d threads got something else\n", wrong, count);
    return wrong ? 1 : 0;
  } catch (const std::exception& e) {
    std::fprintf(stderr, "%s\n", e.what());
    return 2;
  }
}
