// The bits of the reference mask: which pixels of a brick lie near a bright star, in a large galaxy and so
// on. The mask itself is made from the reference catalogs.
#pragma once

#include <cstdint>

namespace brickline::reference_bit {

inline constexpr std::uint8_t kBright = 0x1;     // near a very bright star
inline constexpr std::uint8_t kMedium = 0x2;     // near a bright star
inline constexpr std::uint8_t kCluster = 0x4;    // in a star cluster
inline constexpr std::uint8_t kGalaxy = 0x8;     // in a large galaxy
inline constexpr std::uint8_t kResolved = 0x10;  // in a galaxy resolved into stars
inline constexpr std::uint8_t kClouds = 0x20;    // in one of the Magellanic Clouds

}  // namespace brickline::reference_bit
