// The bits of the products' masks, and the header cards that explain them. The masks of single CCDs are in
// core/facts/mask_bits.h.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/facts/mask_bits.h"
#include "core/fits/header.h"

namespace brickline {

// ---- maskbits (int32): what is known of a pixel of the brick ----
namespace maskbit {
inline constexpr std::int32_t kNprimary = 0x1;      // outside the brick's unique area
inline constexpr std::int32_t kBright = 0x2;        // bright star nearby
inline constexpr std::int32_t kWisem1 = 0x100;      // WISE W1, any mask
inline constexpr std::int32_t kWisem2 = 0x200;      // WISE W2, any mask
inline constexpr std::int32_t kBailout = 0x400;     // blob not fitted
inline constexpr std::int32_t kMedium = 0x800;      // medium-bright star
inline constexpr std::int32_t kGalaxy = 0x1000;     // large galaxy
inline constexpr std::int32_t kCluster = 0x2000;    // globular cluster
inline constexpr std::int32_t kSubBlob = 0x10000;   // blob fitted in parts
inline constexpr std::int32_t kResolved = 0x20000;  // nearby dwarf galaxy
inline constexpr std::int32_t kMclouds = 0x40000;   // Magellanic Clouds
inline constexpr std::int32_t kWiseGaia = 0x80000;  // WISE photometry of Gaia stars only
}  // namespace maskbit

// A named bit with the words that headers explain it in.
struct NamedBit {
  std::string name;  // upper case
  std::int32_t value = 0;
  std::string description;
};

// maskbits with the bits of a run's bands. g, r, z and i always have their published bits, SATUR 0x4, 0x8,
// 0x10, 0x4000 and ALLMASK 0x20, 0x40, 0x80, 0x8000, whichever bands the run has and in whatever order; other
// bands get new bits from 0x100000 upward, SATUR and ALLMASK in turn, in the order given.
class MaskBits {
 public:
  enum class Order {
    kPublished,
    kUpstream,  // as the reference assigns them: its slots (the published ones, in order of value) handed out
                // to the bands in the order given, so that g,r,i,z swaps i and z
  };
  explicit MaskBits(const std::vector<std::string>& bands, Order order = Order::kPublished);

  // 0 for a band the run does not have, or that found no free bit.
  std::int32_t saturated(std::string_view band) const;
  std::int32_t allmask(std::string_view band) const;
  // Bands that found no free bit among the 31.
  const std::vector<std::string>& bands_without_bits() const { return without_; }
  // What that means, in a sentence for the log; empty where every band has its bits.
  std::string shortage() const;
  // The fixed bits in order of value, then each band's SATUR and ALLMASK.
  const std::vector<NamedBit>& bits() const { return bits_; }

 private:
  struct BandBits {
    std::string band;
    std::int32_t saturated = 0, allmask = 0;
  };
  std::vector<BandBits> bands_;
  std::vector<std::string> without_;
  std::vector<NamedBit> bits_;
};

// ---- fitbits (int16): how a source was fitted ----
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
inline constexpr std::int16_t kLargegalaxy = 0x200;
inline constexpr std::int16_t kWalker = 0x400;
inline constexpr std::int16_t kRunner = 0x800;
inline constexpr std::int16_t kGaiaPointsource = 0x1000;
inline constexpr std::int16_t kIterative = 0x2000;
}  // namespace fitbit
const std::vector<NamedBit>& fit_bits();

// ---- WISE masks (uint8) ----
namespace wisebit {
inline constexpr std::uint8_t kBright = 0x1;
inline constexpr std::uint8_t kSpike = 0x2;
inline constexpr std::uint8_t kGhost = 0x4;
inline constexpr std::uint8_t kLatent = 0x8;
inline constexpr std::uint8_t kLatent2 = 0x10;
inline constexpr std::uint8_t kHalo = 0x20;
inline constexpr std::uint8_t kSatur = 0x40;
inline constexpr std::uint8_t kSpike2 = 0x80;
}  // namespace wisebit
const std::vector<NamedBit>& wise_bits();

// ---- the reference catalogues' map of one brick (uint8) ----
namespace refbit {
inline constexpr std::uint8_t kBright = 0x1;
inline constexpr std::uint8_t kMedium = 0x2;
inline constexpr std::uint8_t kCluster = 0x4;
inline constexpr std::uint8_t kGalaxy = 0x8;
inline constexpr std::uint8_t kResolved = 0x10;
inline constexpr std::uint8_t kMclouds = 0x20;
}  // namespace refbit

// ---- ccd_cuts: why a CCD is not used ----
namespace ccdcut {
inline constexpr std::int32_t kErrLegacyzpts = 0x1;  // the cuts have not been worked out
inline constexpr std::int32_t kNotGrz = 0x2;
inline constexpr std::int32_t kNotThirdPix = 0x4;
inline constexpr std::int32_t kExptime = 0x8;
inline constexpr std::int32_t kCcdnmatch = 0x10;
inline constexpr std::int32_t kZptDiffAvg = 0x20;
inline constexpr std::int32_t kZptSmall = 0x40;
inline constexpr std::int32_t kZptLarge = 0x80;
inline constexpr std::int32_t kSkyIsBright = 0x100;
inline constexpr std::int32_t kBadexpFile = 0x200;
inline constexpr std::int32_t kPhrms = 0x400;
inline constexpr std::int32_t kRadecrms = 0x800;
inline constexpr std::int32_t kSeeingBad = 0x1000;
inline constexpr std::int32_t kEarlyData = 0x2000;
inline constexpr std::int32_t kDepthCut = 0x4000;
inline constexpr std::int32_t kTooManyBadCcds = 0x8000;
inline constexpr std::int32_t kFlaggedInDes = 0x10000;
inline constexpr std::int32_t kPhrmsS7 = 0x20000;
inline constexpr std::int32_t kDepthCut2 = 0x40000;
inline constexpr std::int32_t kPlver = 0x80000;
}  // namespace ccdcut

// Names of a single CCD's mask bits, in order of value, outliers included; as in allmask and anymask.
const std::vector<NamedBit>& ccd_mask_bits();

// The cards that explain a mask in the products' headers: a COMMENT, one card per name (value = bit value),
// one per bit number (value = name): MB_/MBIT_, FB_/FBIT_, WB_/WBIT_ and AM_/ABIT_. Bands without bits are
// named by MB_NONE.
void add_maskbits_cards(fits::Header& header, const MaskBits& bits);
void add_fitbits_cards(fits::Header& header);
void add_wisemask_cards(fits::Header& header);
void add_allmask_cards(fits::Header& header);

// A band's name as part of a keyword or bit name: upper case, '-' becomes '_'.
std::string band_key(std::string_view band);

}  // namespace brickline
