#include "core/survey/bits.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <bit>

#include "core/base/letter_case.h"

namespace brickline {
namespace {

struct Slot {
  std::string_view band;
  std::int32_t saturated, allmask;
};

constexpr std::array<Slot, 4> kPublishedSlots{
    {{"g", 0x4, 0x20}, {"r", 0x8, 0x40}, {"z", 0x10, 0x80}, {"i", 0x4000, 0x8000}}};
constexpr int kFirstFreeBit = 20, kLastBit = 30;  // bit 31 is the sign

// A bit number's card: "maskbit 2 (0x4): g band saturated". Bits in order of value.
void add_cards(fits::Header& header, std::string_view title, std::string_view word,
               std::string_view name_prefix, std::string_view number_prefix, std::vector<NamedBit> bits) {
  header.add_comment(title);
  for (const NamedBit& b : bits)
    header.set(fmt::format("{}_{}", name_prefix, b.name), static_cast<std::int64_t>(b.value),
               fmt::format("{}: {}", word, b.description));
  std::sort(bits.begin(), bits.end(), [](const NamedBit& a, const NamedBit& b) { return a.value < b.value; });
  for (const NamedBit& b : bits) {
    const int number = std::countr_zero(static_cast<std::uint32_t>(b.value));
    header.set(fmt::format("{}_{}", number_prefix, number), b.name,
               fmt::format("{} {} ({:#x}): {}", word, number, b.value, b.description));
  }
}

}  // namespace

std::string band_key(std::string_view band) {
  std::string key = upper_case(band);
  std::ranges::replace(key, '-', '_');
  return key;
}

MaskBits::MaskBits(const std::vector<std::string>& bands, Order order) {
  bits_ = {{"NPRIMARY", maskbit::kNprimary, "not primary brick area"},
           {"BRIGHT", maskbit::kBright, "bright star nearby"},
           {"WISEM1", maskbit::kWisem1, "WISE W1 (all masks)"},
           {"WISEM2", maskbit::kWisem2, "WISE W2 (all masks)"},
           {"BAILOUT", maskbit::kBailout, "Bailed out processing"},
           {"MEDIUM", maskbit::kMedium, "medium-bright star"},
           {"GALAXY", maskbit::kGalaxy, "SGA large galaxy"},
           {"CLUSTER", maskbit::kCluster, "Globular cluster"},
           {"SUB_BLOB", maskbit::kSubBlob, "large blobs broken up"},
           {"RESOLVED", maskbit::kResolved, "local dwarf galaxy"},
           {"MCLOUDS", maskbit::kMclouds, "Magellanic Cloud"},
           {"WISE_GAIA", maskbit::kWiseGaia, "WISE forced phot on Gaia stars only"}};
  int next_bit = kFirstFreeBit;
  std::size_t next_slot = 0;
  for (const std::string& band : bands) {
    const bool known =
        std::any_of(bands_.begin(), bands_.end(), [&](const BandBits& b) { return b.band == band; });
    if (known) continue;
    BandBits b{band, 0, 0};
    const Slot* slot = nullptr;
    if (order == Order::kUpstream) {
      if (next_slot < kPublishedSlots.size()) slot = &kPublishedSlots[next_slot++];
    } else {
      const auto found = std::find_if(kPublishedSlots.begin(), kPublishedSlots.end(),
                                      [&](const Slot& s) { return s.band == band; });
      if (found != kPublishedSlots.end()) slot = &*found;
    }
    if (slot) {
      b.saturated = slot->saturated;
      b.allmask = slot->allmask;
    } else if (next_bit + 1 <= kLastBit) {
      b.saturated = std::int32_t{1} << next_bit++;
      b.allmask = std::int32_t{1} << next_bit++;
    } else {
      without_.push_back(band);
      continue;
    }
    const std::string key = band_key(band);
    bits_.push_back({"SATUR_" + key, b.saturated, band + " band saturated"});
    bits_.push_back({"ALLMASK_" + key, b.allmask, "any ALLMASK_" + key + " bit set"});
    bands_.push_back(std::move(b));
  }
}

std::int32_t MaskBits::saturated(std::string_view band) const {
  for (const BandBits& b : bands_)
    if (b.band == band) return b.saturated;
  return 0;
}

std::int32_t MaskBits::allmask(std::string_view band) const {
  for (const BandBits& b : bands_)
    if (b.band == band) return b.allmask;
  return 0;
}

std::string MaskBits::shortage() const {
  if (without_.empty()) return {};
  return fmt::format(
      "maskbits has no bit left for {} {}: what is saturated or masked in {} cannot be told from maskbits",
      without_.size() == 1 ? "band" : "bands", fmt::join(without_, ", "),
      without_.size() == 1 ? "it" : "them");
}

const std::vector<NamedBit>& fit_bits() {
  static const std::vector<NamedBit> bits{
      {"FORCED_POINTSOURCE", fitbit::kForcedPointsource, "forced to be PSF"},
      {"FIT_BACKGROUND", fitbit::kFitBackground, "background levels fit"},
      {"HIT_RADIUS_LIMIT", fitbit::kHitRadiusLimit, "hit radius limit during fit"},
      {"HIT_SERSIC_LIMIT", fitbit::kHitSersicLimit, "hit Sersic index limit during fit"},
      {"FROZEN", fitbit::kFrozen, "parameters were not fit"},
      {"BRIGHT", fitbit::kBright, "bright star"},
      {"MEDIUM", fitbit::kMedium, "medium-bright star"},
      {"GAIA", fitbit::kGaia, "Gaia source"},
      {"TYCHO2", fitbit::kTycho2, "Tycho-2 star"},
      {"LARGEGALAXY", fitbit::kLargegalaxy, "SGA large galaxy"},
      {"WALKER", fitbit::kWalker, "fitting moved pos > 1 arcsec"},
      {"RUNNER", fitbit::kRunner, "fitting moved pos > 2.5 arcsec"},
      {"GAIA_POINTSOURCE", fitbit::kGaiaPointsource, "Gaia source treated as point source"},
      {"ITERATIVE", fitbit::kIterative, "source detected during iterative detection"}};
  return bits;
}

const std::vector<NamedBit>& wise_bits() {
  static const std::vector<NamedBit> bits{{"BRIGHT", wisebit::kBright, "Bright star core/wings"},
                                          {"SPIKE", wisebit::kSpike, "PSF-based diffraction spike"},
                                          {"GHOST", wisebit::kGhost, "Optical ghost"},
                                          {"LATENT", wisebit::kLatent, "First latent"},
                                          {"LATENT2", wisebit::kLatent2, "Second latent image"},
                                          {"HALO", wisebit::kHalo, "AllWISE-like circular halo"},
                                          {"SATUR", wisebit::kSatur, "Bright star saturation"},
                                          {"SPIKE2", wisebit::kSpike2, "Geometric diffraction spike"}};
  return bits;
}

const std::vector<NamedBit>& ccd_mask_bits() {
  static const std::vector<NamedBit> bits{{"BADPIX", mask_bit::kBadpix, "bad pixel"},
                                          {"SATUR", mask_bit::kSatur, "saturated"},
                                          {"INTERP", mask_bit::kInterp, "interpolated"},
                                          {"CR", mask_bit::kCr, "cosmic ray"},
                                          {"BLEED", mask_bit::kBleed, "bleed trail"},
                                          {"TRANS", mask_bit::kTrans, "transient"},
                                          {"EDGE", mask_bit::kEdge, "edge"},
                                          {"EDGE2", mask_bit::kEdge2, "edge"},
                                          {"OUTLIER", mask_bit::kOutlier, "outlier"}};
  return bits;
}

void add_maskbits_cards(fits::Header& header, const MaskBits& bits) {
  add_cards(header, "maskbits bits:", "maskbit", "MB", "MBIT", bits.bits());
  if (!bits.bands_without_bits().empty())
    header.set("MB_NONE", fmt::format("{}", fmt::join(bits.bands_without_bits(), " ")),
               "bands for which no bit was left");
}

void add_fitbits_cards(fits::Header& header) {
  add_cards(header, "fitbits bits:", "fitbit", "FB", "FBIT", fit_bits());
}

void add_wisemask_cards(fits::Header& header) {
  add_cards(header, "wisemask bits:", "wisemask", "WB", "WBIT", wise_bits());
}

void add_allmask_cards(fits::Header& header) {
  header.add_comment("allmask/anymask bits:");
  for (const NamedBit& b : ccd_mask_bits())
    header.set("AM_" + b.name, static_cast<std::int64_t>(b.value), "allmask/anymask: " + b.description);
  for (const NamedBit& b : ccd_mask_bits()) {
    const int number = std::countr_zero(static_cast<std::uint32_t>(b.value));
    header.set(fmt::format("ABIT_{}", number), lower_case(b.name),
               fmt::format("allmask/anymask bit {} ({:#x}): {}", number, b.value, b.description));
  }
}

}  // namespace brickline
