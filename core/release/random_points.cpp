#include "core/release/random_points.h"

#include <cmath>
#include <limits>
#include <numbers>
#include <string>

#include "core/base/atomic_file.h"
#include "core/release/philox.h"

namespace brickline {
namespace {

constexpr double kRadian = 180 / std::numbers::pi;

double width_of(const Brick& b) { return b.ra2 > b.ra1 ? b.ra2 - b.ra1 : b.ra2 - b.ra1 + 360; }

PhiloxWords words(std::uint32_t seed, std::uint32_t stream, std::int64_t i, std::uint32_t which) {
  return philox4x32_10({static_cast<std::uint32_t>(i), static_cast<std::uint32_t>(i >> 32), which, 0},
                       {seed, stream});
}

}  // namespace

double area_of(const Brick& b) {
  return width_of(b) * kRadian * (std::sin(b.dec2 / kRadian) - std::sin(b.dec1 / kRadian));
}

std::uint32_t random_stream_of(const Brick& brick) {
  if (!brick.is_custom()) return static_cast<std::uint32_t>(brick.id);
  const auto first = static_cast<std::uint32_t>(std::stoul(sha256_hex(brick.name).substr(0, 8), nullptr, 16));
  return 0x80000000U | first >> 1;
}

std::uint64_t random_sort_key(std::uint32_t seed, std::uint32_t stream, std::int64_t i) {
  const PhiloxWords w = words(seed, stream, i, 1);
  return std::uint64_t{w[2]} << 32 | w[3];
}

float RandomPoint::float_level() const {
  const auto nearest = static_cast<float>(level);
  return nearest < level ? std::nextafterf(nearest, std::numeric_limits<float>::infinity()) : nearest;
}

std::vector<RandomPoint> random_points(const Brick& brick, std::uint32_t seed, double density) {
  const std::uint32_t stream = random_stream_of(brick);
  const double area = area_of(brick), low = std::sin(brick.dec1 / kRadian),
               high = std::sin(brick.dec2 / kRadian);
  std::vector<RandomPoint> out;
  double sum = 0;
  for (std::int64_t i = 0;; ++i) {
    const PhiloxWords order = words(seed, stream, i, 1);
    sum -= std::log(uniform_of(order[0], order[1]));
    if (!(sum / area <= density)) return out;
    const PhiloxWords place = words(seed, stream, i, 0);
    RandomPoint p;
    p.ra = brick.ra1 + width_of(brick) * uniform_of(place[0], place[1]);
    if (p.ra >= 360) p.ra -= 360;
    p.dec = std::asin(low + (high - low) * uniform_of(place[2], place[3])) * kRadian;
    p.key = std::uint64_t{order[2]} << 32 | order[3];
    p.level = sum / area;
    out.push_back(p);
  }
}

}  // namespace brickline
