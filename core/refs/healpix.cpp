#include "core/refs/healpix.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace brickline {
namespace {

// One of the twelve base pixels and the pixel's place in it: x grows north-east, y north-west.
struct FacePixel {
  int face = 0, x = 0, y = 0;
};

// z = sin(dec); turns: right ascension in quarters of a circle, [0, 4); c = cos(dec).
FacePixel face_pixel(double z, double c, double turns, int nside) {
  const double abs_z = std::abs(z);
  if (abs_z <= 2. / 3) {
    // The equatorial belt: pixels are squares in (turns, 3/4 z), cut by rising and falling diagonals.
    const double along = nside * (0.5 + turns), up = nside * z * 0.75;
    const int falling =
        static_cast<int>(std::ceil(along - up)) - 1;  // a border belongs to the northern pixel
    const int rising = static_cast<int>(std::floor(along + up));
    const int column_f = falling / nside, column_r = rising / nside;
    int face = column_r % 4 + 4;
    if (column_r > column_f) face = column_f % 4;      // north of the belt's own faces
    if (column_r < column_f) face = column_r % 4 + 8;  // south
    return {face, rising % nside, nside - 1 - falling % nside};
  }
  // The polar caps: four triangles, their sides drawn from the pole.
  const int quarter = std::min(3, static_cast<int>(turns));
  const double within = turns - quarter;
  const double from_pole = nside * c * std::sqrt(3 / (1 + abs_z));  // nside sqrt(3 (1 - |z|))
  const int east = std::min(nside - 1, static_cast<int>(within * from_pole));
  const int west = std::min(nside - 1, static_cast<int>((1 - within) * from_pole));
  if (z > 0) return {quarter, nside - 1 - west, nside - 1 - east};
  return {quarter + 8, east, west};
}

int nested_number(const FacePixel& p, int nside) {
  int interleaved = 0;
  for (int bit = 0; (1 << bit) < nside; ++bit)
    interleaved |= ((p.x >> bit) & 1) << (2 * bit) | ((p.y >> bit) & 1) << (2 * bit + 1);
  return p.face * nside * nside + interleaved;
}

int ring_number(double z, double c, double turns, int nside) {
  const double abs_z = std::abs(z);
  const int cap = 2 * nside * (nside - 1);  // pixels of a polar cap
  if (abs_z <= 2. / 3) {
    const double along = nside * (0.5 + turns), up = nside * z * 0.75;
    const int falling =
        static_cast<int>(std::ceil(along - up)) - 1;  // a border belongs to the northern pixel
    const int rising = static_cast<int>(std::floor(along + up));
    const int ring = nside + falling - rising;  // from the first ring below the northern cap
    const int shift = (ring & 1) ? 1 : 0;       // every other ring begins half a pixel later
    const int place = (falling + rising - nside + shift + 1) / 2;
    return cap + ring * 4 * nside + ((place % (4 * nside)) + 4 * nside) % (4 * nside);
  }
  const double within = turns - static_cast<int>(turns);
  const double from_pole = nside * c * std::sqrt(3 / (1 + abs_z));
  const int ring = static_cast<int>(within * from_pole) + static_cast<int>((1 - within) * from_pole) + 1;
  const int place = std::min(static_cast<int>(turns * ring), 4 * ring - 1);
  return z > 0 ? 2 * ring * (ring - 1) + place : 12 * nside * nside - 2 * ring * (ring + 1) + place;
}

}  // namespace

int healpix(double ra, double dec, int nside, HealpixScheme scheme) {
  constexpr double kDegree = std::numbers::pi / 180;
  double turns = std::fmod(ra, 360.0) / 90;
  if (turns < 0) turns += 4;
  if (turns >= 4) turns = 0;
  const double z = std::sin(dec * kDegree), c = std::cos(dec * kDegree);
  return scheme == HealpixScheme::kRing ? ring_number(z, c, turns, nside)
                                        : nested_number(face_pixel(z, c, turns, nside), nside);
}

}  // namespace brickline
