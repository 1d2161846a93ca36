// The bits that products are made of: MASKBITS (the brick's mask map and the catalog's column), FITBITS, the
// WISE mask and ANYMASK/ALLMASK, and the header cards that tell readers which bit is which.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/fits/header.h"

namespace brickline {

// MASKBITS without the bands' own.
namespace maskbit {
inline constexpr std::int32_t kNotPrimary = 0x1;  // outside the brick's unique area
inline constexpr std::int32_t kBright = 0x2;
inline constexpr std::int32_t kWiseM1 = 0x100;
inline constexpr std::int32_t kWiseM2 = 0x200;
inline constexpr std::int32_t kBailout = 0x400;
inline constexpr std::int32_t kMedium = 0x800;
inline constexpr std::int32_t kGalaxy = 0x1000;
inline constexpr std::int32_t kCluster = 0x2000;
inline constexpr std::int32_t kSubBlob = 0x10000;
inline constexpr std::int32_t kResolved = 0x20000;
inline constexpr std::int32_t kMClouds = 0x40000;
inline constexpr std::int32_t kWiseGaia = 0x80000;
}  // namespace maskbit

// Bits of the reference mask map (uint8), as they come from the reference catalogs.
namespace refbit {
inline constexpr std::uint8_t kBright = 0x1;
inline constexpr std::uint8_t kMedium = 0x2;
inline constexpr std::uint8_t kCluster = 0x4;
inline constexpr std::uint8_t kGalaxy = 0x8;
inline constexpr std::uint8_t kResolved = 0x10;
inline constexpr std::uint8_t kMClouds = 0x20;
}  // namespace refbit
std::int32_t maskbits_of_reference_bits(std::uint8_t reference_bits);

namespace fitbit {
inline constexpr std::int16_t kForcedPointsource = 0x1;
inline constexpr std::int16_t kFitBackground = 0x2;
inline constexpr std::int16_t kHitRadiusLimit = 0x4;
inline constexpr std::int16_t kHitSersicLimit = 0x8;
inline constexpr std::int16_t kFrozen = 0x10;
inline constexpr std::int16_t kBright = 0x20;
inline constexpr std::int16_t kMedium = 0x40;
inline constexpr std::int16_t kGaia = 0x80;
inline constexpr std::int16_t kTycho2 = 0x100;
inline constexpr std::int16_t kLargeGalaxy = 0x200;
inline constexpr std::int16_t kWalker = 0x400;
inline constexpr std::int16_t kRunner = 0x800;
inline constexpr std::int16_t kGaiaPointsource = 0x1000;
inline constexpr std::int16_t kIterative = 0x2000;
}  // namespace fitbit

// Which MASKBITS bits belong to which band.
class BandMaskbits {
 public:
  enum class Order {
    kPublished,  // g, r, z, i have the bits of the published releases; other bands get bits from 20 upward
    kUpstream,   // the reference pipeline's: the published slots go to the run's bands in their order
  };
  struct Slot {
    std::string band;
    std::int32_t satur = 0, allmask = 0;  // bit values
  };

  BandMaskbits() = default;
  // `bands`: the survey's, in order. Those beyond the last free bit (30) get no slot.
  explicit BandMaskbits(const std::vector<std::string>& bands, Order order = Order::kPublished);

  const std::vector<Slot>& slots() const { return slots_; }
  const Slot* find(std::string_view band) const;  // null: the band has no bits

 private:
  std::vector<Slot> slots_;
};

// Cards MB_<NAME> = value and MBIT_<n> = 'NAME', and the same for the other registries, each list after a
// COMMENT card.
fits::Header maskbits_cards(const BandMaskbits& bands);
fits::Header fitbits_cards();
fits::Header wisemask_cards();
fits::Header allmask_cards();

}  // namespace brickline
