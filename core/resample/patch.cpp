#include "core/resample/patch.h"

#include <array>
#include <cassert>
#include <cmath>
#include <cstdint>
#include <utility>
#include <vector>

namespace brickline {
namespace {

constexpr std::array<std::pair<int, int>, 4> kNeighbours{{{-1, 0}, {1, 0}, {0, -1}, {0, 1}}};

struct Pixel {
  int x, y;
};

// The masked pixels within `reach` steps of a good one, in order of their distance.
std::vector<Pixel> required_pixels(const Image<std::uint8_t>& good, int reach) {
  Image<std::uint8_t> seen = good;
  std::vector<Pixel> required;
  const Box box = good.box();
  for (int y = 0; y < good.height(); ++y)
    for (int x = 0; x < good.width(); ++x) {
      if (good(x, y)) continue;
      for (const auto& [dx, dy] : kNeighbours)
        if (box.contains(x + dx, y + dy) && good(x + dx, y + dy)) seen(x, y) = 1;
      if (seen(x, y)) required.push_back({x, y});
    }
  std::size_t begin = 0;
  for (int step = 1; step < reach; ++step) {
    const std::size_t end = required.size();
    for (; begin < end; ++begin)
      for (const auto& [dx, dy] : kNeighbours) {
        const Pixel p{required[begin].x + dx, required[begin].y + dy};
        if (!box.contains(p.x, p.y) || seen(p.x, p.y)) continue;
        seen(p.x, p.y) = 1;
        required.push_back(p);
      }
  }
  return required;
}

}  // namespace

void patch_masked_pixels(Image<float>& image, ImageView<const float> inverse_error, int reach) {
  assert(image.width() == inverse_error.width() && image.height() == inverse_error.height());
  if (reach < 1) return;
  Image<std::uint8_t> good(image.width(), image.height());
  for (int y = 0; y < image.height(); ++y)
    for (int x = 0; x < image.width(); ++x) good(x, y) = inverse_error(x, y) > 0;
  const Box box = image.box();
  std::vector<Pixel> missing = required_pixels(good, reach);
  while (!missing.empty()) {
    // Everything of one round is taken from the state at its start.
    std::vector<std::pair<Pixel, float>> filled;
    std::vector<Pixel> left;
    for (const Pixel& p : missing) {
      double sum = 0;
      int count = 0;
      for (const auto& [dx, dy] : kNeighbours) {
        const int x = p.x + dx, y = p.y + dy;
        if (!box.contains(x, y) || !good(x, y) || !std::isfinite(image(x, y))) continue;
        sum += image(x, y);
        ++count;
      }
      if (count)
        filled.emplace_back(p, static_cast<float>(sum / count));
      else
        left.push_back(p);
    }
    for (const auto& [p, value] : filled) {
      image(p.x, p.y) = value;
      good(p.x, p.y) = 1;
    }
    if (filled.empty()) {
      for (const Pixel& p : left) image(p.x, p.y) = 0;
      return;
    }
    missing = std::move(left);
  }
}

}  // namespace brickline
