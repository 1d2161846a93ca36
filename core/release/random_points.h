// Random places in a brick's unique area: the same for a brick and seed whatever else is made, in any order, and those of a
// lower density the first of those of a higher one.
//
// Point i takes philox4x32_10 of counter (i low, i high, stream, 0) and key (seed, number), `number` being the brick's id
// (of a custom brick: bit 31 and the first 31 bits of the SHA-256 of its name). Words w0 ... w3 of
//   stream 0: u of (w0, w1), v of (w2, w3):  ra = ra1 + (ra2 - ra1) u,  dec = asin(sin dec1 + (sin dec2 - sin dec1) v)
//   stream 1: t of (w0, w1): e_i = -ln t, level_i = (e_0 + ... + e_i)/area;  (w2, w3) is the sort key.
// Points of a density D (per square degree) are those of level <= D: their number is Poisson distributed.
#pragma once

#include <cstdint>
#include <vector>

#include "core/survey/bricks.h"

namespace brickline {

struct RandomPoint {
  double ra = 0, dec = 0;  // degrees
  std::uint64_t key = 0;   // by which the points of all bricks are put in a random order
  double level = 0;        // the density from which on it is there, per square degree
  // No less than it: of a density that is a float, the same points have no greater one.
  float float_level() const;
};

std::uint32_t random_stream_of(const Brick& brick);
std::uint64_t random_sort_key(std::uint32_t seed, std::uint32_t stream, std::int64_t i);
std::vector<RandomPoint> random_points(const Brick& brick, std::uint32_t seed, double density);

// Square degrees of the unique area.
double area_of(const Brick& brick);

}  // namespace brickline
