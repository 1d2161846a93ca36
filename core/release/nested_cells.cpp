#include "core/release/nested_cells.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace brickline {
namespace {

constexpr double kDegree = std::numbers::pi / 180;
// Where faces have their middles along RA, in eighths of the circle; and the ring that is theirs.
constexpr int kMiddle[12] = {1, 3, 5, 7, 0, 2, 4, 6, 1, 3, 5, 7};

// Every other bit, from the lowest on.
std::int64_t every_other(std::int64_t bits) {
  std::uint64_t v = static_cast<std::uint64_t>(bits) & 0x5555555555555555U;
  v = (v | v >> 1) & 0x3333333333333333U;
  v = (v | v >> 2) & 0x0f0f0f0f0f0f0f0fU;
  v = (v | v >> 4) & 0x00ff00ff00ff00ffU;
  v = (v | v >> 8) & 0x0000ffff0000ffffU;
  v = (v | v >> 16) & 0x00000000ffffffffU;
  return static_cast<std::int64_t>(v);
}
std::int64_t spread(std::int64_t bits) {
  std::uint64_t v = static_cast<std::uint64_t>(bits);
  v = (v | v << 16) & 0x0000ffff0000ffffU;
  v = (v | v << 8) & 0x00ff00ff00ff00ffU;
  v = (v | v << 4) & 0x0f0f0f0f0f0f0f0fU;
  v = (v | v << 2) & 0x3333333333333333U;
  v = (v | v << 1) & 0x5555555555555555U;
  return static_cast<std::int64_t>(v);
}

}  // namespace

std::int64_t nested_cell(int order, double ra, double dec) {
  const std::int64_t n = std::int64_t{1} << order;
  const auto side = static_cast<double>(n);
  double turns = std::fmod(ra, 360.) / 90;
  if (turns < 0) turns += 4;
  if (turns >= 4) turns = 0;
  const double z = std::sin(dec * kDegree), abs_z = std::abs(z);
  if (abs_z <= 2. / 3) {
    const auto falling = static_cast<std::int64_t>(std::floor(side * (0.5 + turns - 0.75 * z)));
    const auto rising = static_cast<std::int64_t>(std::floor(side * (0.5 + turns + 0.75 * z)));
    const std::int64_t a = falling / n, b = rising / n;
    const std::int64_t face = a == b ? 4 + a % 4 : a < b ? a % 4 : b % 4 + 8;
    return cell_number(order, {static_cast<int>(face), rising % n, n - 1 - falling % n});
  }
  const int quarter = std::min(3, static_cast<int>(turns));
  const double within = turns - quarter;
  // From the cosine near the poles, where 1 - |z| has lost its digits.
  const double from_pole = side * (abs_z >= 0.99 ? std::cos(dec * kDegree) / std::sqrt((1 + abs_z) / 3)
                                                 : std::sqrt(3 * (1 - abs_z)));
  const std::int64_t p = std::min(n - 1, static_cast<std::int64_t>(within * from_pole));
  const std::int64_t m = std::min(n - 1, static_cast<std::int64_t>((1 - within) * from_pole));
  if (z > 0) return cell_number(order, {quarter, n - 1 - m, n - 1 - p});
  return cell_number(order, {quarter + 8, p, m});
}

FaceCell face_cell(int order, std::int64_t cell) {
  const std::int64_t of_face = std::int64_t{1} << (2 * order), within = cell & (of_face - 1);
  return {static_cast<int>(cell >> (2 * order)), every_other(within), every_other(within >> 1)};
}

std::int64_t cell_number(int order, const FaceCell& cell) {
  return (std::int64_t{cell.face} << (2 * order)) + (spread(cell.x) | spread(cell.y) << 1);
}

SkyPosition face_position(int order, int face, double x, double y) {
  const double n = std::ldexp(1., order);
  const double ring = (2 + face / 4) * n - x - y;
  double width = n, dec = 0;
  if (ring < n) {
    width = ring;
    dec = 90 - 2 * std::asin(ring / (n * std::sqrt(6.))) / kDegree;
  } else if (ring > 3 * n) {
    width = 4 * n - ring;
    dec = 2 * std::asin(width / (n * std::sqrt(6.))) / kDegree - 90;
  } else {
    dec = std::asin(2 * (2 * n - ring) / (3 * n)) / kDegree;
  }
  double ra = 45. * kMiddle[face];
  if (width > 0) ra = 45 * (kMiddle[face] * width + x - y) / width;
  ra = std::fmod(ra, 360.);
  return {ra < 0 ? ra + 360 : ra, dec};
}

SkyPosition cell_center(int order, std::int64_t cell) {
  const FaceCell c = face_cell(order, cell);
  return face_position(order, c.face, static_cast<double>(c.x) + 0.5, static_cast<double>(c.y) + 0.5);
}

double cell_area(int order) { return 4 * 180 * 180 / std::numbers::pi / (12 * std::ldexp(1., 2 * order)); }

}  // namespace brickline
