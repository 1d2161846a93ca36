#include "core/survey/product_bits.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace brickline {

namespace {

struct NamedBit {
  std::int64_t value = 0;
  std::string name, meaning;
};

std::vector<NamedBit> common_maskbits() {
  return {{maskbit::kNotPrimary, "NPRIMARY", "not primary brick area"},
          {maskbit::kBright, "BRIGHT", "bright star nearby"},
          {maskbit::kWiseM1, "WISEM1", "WISE W1 (all masks)"},
          {maskbit::kWiseM2, "WISEM2", "WISE W2 (all masks)"},
          {maskbit::kBailout, "BAILOUT", "processing was cut short"},
          {maskbit::kMedium, "MEDIUM", "medium-bright star"},
          {maskbit::kGalaxy, "GALAXY", "large galaxy"},
          {maskbit::kCluster, "CLUSTER", "star cluster"},
          {maskbit::kSubBlob, "SUB_BLOB", "large blob fitted in parts"},
          {maskbit::kResolved, "RESOLVED", "resolved dwarf galaxy"},
          {maskbit::kMClouds, "MCLOUDS", "Magellanic Cloud"},
          {maskbit::kWiseGaia, "WISE_GAIA", "WISE photometry of Gaia stars only"}};
}

// Value cards in the list's order, name cards by increasing bit.
fits::Header cards(const std::vector<NamedBit>& bits, std::string_view title, std::string_view value_prefix,
                   std::string_view name_prefix, std::string_view what) {
  fits::Header header;
  header.add_comment(fmt::format("{} bits:", title));
  for (const NamedBit& b : bits)
    header.set(fmt::format("{}_{}", value_prefix, b.name), b.value, fmt::format("{}: {}", what, b.meaning));
  std::vector<NamedBit> sorted = bits;
  std::sort(sorted.begin(), sorted.end(),
            [](const NamedBit& a, const NamedBit& b) { return a.value < b.value; });
  for (const NamedBit& b : sorted) {
    const int n = 63 - __builtin_clzll(static_cast<unsigned long long>(b.value));
    header.set(fmt::format("{}_{}", name_prefix, n), b.name,
               fmt::format("{} {} (0x{:x}): {}", what, n, b.value, b.meaning));
  }
  return header;
}

std::string upper_band(std::string_view band) {
  std::string s(band);
  for (char& c : s) c = c == '-' ? '_' : (c >= 'a' && c <= 'z') ? static_cast<char>(c - 'a' + 'A') : c;
  return s;
}

}  // namespace

std::int32_t maskbits_of_reference_bits(std::uint8_t bits) {
  std::int32_t m = 0;
  if (bits & refbit::kBright) m |= maskbit::kBright;
  if (bits & refbit::kMedium) m |= maskbit::kMedium;
  if (bits & refbit::kCluster) m |= maskbit::kCluster;
  if (bits & refbit::kGalaxy) m |= maskbit::kGalaxy;
  if (bits & refbit::kResolved) m |= maskbit::kResolved;
  if (bits & refbit::kMClouds) m |= maskbit::kMClouds;
  return m;
}

BandMaskbits::BandMaskbits(const std::vector<std::string>& bands, Order order) {
  // The published releases' slots, in increasing order of the bits.
  static constexpr std::array<const char*, 4> kOwners = {"g", "r", "z", "i"};
  static constexpr std::array<std::int32_t, 4> kSatur = {0x4, 0x8, 0x10, 0x4000};
  static constexpr std::array<std::int32_t, 4> kAllmask = {0x20, 0x40, 0x80, 0x8000};
  int next_bit = 20;
  for (std::size_t i = 0; i < bands.size(); ++i) {
    std::size_t place = kOwners.size();
    if (order == Order::kUpstream)
      place = i;
    else
      place = static_cast<std::size_t>(std::find(kOwners.begin(), kOwners.end(), bands[i]) - kOwners.begin());
    if (place < kOwners.size()) {
      slots_.push_back({bands[i], kSatur[place], kAllmask[place]});
    } else if (next_bit + 1 <= 30) {
      slots_.push_back({bands[i], std::int32_t{1} << next_bit, std::int32_t{1} << (next_bit + 1)});
      next_bit += 2;
    }
  }
}

const BandMaskbits::Slot* BandMaskbits::find(std::string_view band) const {
  for (const Slot& s : slots_)
    if (s.band == band) return &s;
  return nullptr;
}

fits::Header maskbits_cards(const BandMaskbits& bands) {
  std::vector<NamedBit> bits = common_maskbits();
  for (const BandMaskbits::Slot& s : bands.slots()) {
    const std::string name = upper_band(s.band);
    bits.push_back({s.satur, "SATUR_" + name, fmt::format("{} band saturated", s.band)});
    bits.push_back({s.allmask, "ALLMASK_" + name, fmt::format("masked in all {} images", s.band)});
  }
  return cards(bits, "maskbits", "MB", "MBIT", "maskbit");
}

fits::Header fitbits_cards() {
  static const std::vector<NamedBit> kBits = {
      {fitbit::kForcedPointsource, "FORCED_POINTSOURCE", "forced to be PSF"},
      {fitbit::kFitBackground, "FIT_BACKGROUND", "background levels fit"},
      {fitbit::kHitRadiusLimit, "HIT_RADIUS_LIMIT", "hit radius limit during fit"},
      {fitbit::kHitSersicLimit, "HIT_SERSIC_LIMIT", "hit Sersic index limit during fit"},
      {fitbit::kFrozen, "FROZEN", "parameters were not fit"},
      {fitbit::kBright, "BRIGHT", "bright star"},
      {fitbit::kMedium, "MEDIUM", "medium-bright star"},
      {fitbit::kGaia, "GAIA", "Gaia source"},
      {fitbit::kTycho2, "TYCHO2", "Tycho-2 star"},
      {fitbit::kLargeGalaxy, "LARGEGALAXY", "large galaxy"},
      {fitbit::kWalker, "WALKER", "fit moved position > 1 arcsec"},
      {fitbit::kRunner, "RUNNER", "fit moved position > 2.5 arcsec"},
      {fitbit::kGaiaPointsource, "GAIA_POINTSOURCE", "Gaia source taken as point source"},
      {fitbit::kIterative, "ITERATIVE", "found in the residuals"}};
  return cards(kBits, "fitbits", "FB", "FBIT", "fitbit");
}

fits::Header wisemask_cards() {
  static const std::vector<NamedBit> kBits = {{1, "BRIGHT", "bright star core and wings"},
                                              {2, "SPIKE", "PSF-based diffraction spike"},
                                              {4, "GHOST", "optical ghost"},
                                              {8, "LATENT", "first latent"},
                                              {16, "LATENT2", "second latent image"},
                                              {32, "HALO", "AllWISE-like circular halo"},
                                              {64, "SATUR", "bright star saturation"},
                                              {128, "SPIKE2", "geometric diffraction spike"}};
  return cards(kBits, "wisemask", "WB", "WBIT", "wisemask");
}

fits::Header allmask_cards() {
  struct MaskName {
    int bit;
    const char* name;
  };
  static constexpr std::array<MaskName, 9> kNames = {{{0, "badpix"},
                                                      {1, "satur"},
                                                      {2, "interp"},
                                                      {4, "cr"},
                                                      {6, "bleed"},
                                                      {7, "trans"},
                                                      {8, "edge"},
                                                      {9, "edge2"},
                                                      {11, "outlier"}}};
  fits::Header header;
  header.add_comment("allmask/anymask bits:");
  for (const MaskName& m : kNames)
    header.set("AM_" + upper_band(m.name), std::int64_t{1} << m.bit,
               fmt::format("allmask/anymask bit 2**{}", m.bit));
  for (const MaskName& m : kNames)
    header.set(fmt::format("ABIT_{}", m.bit), m.name,
               fmt::format("allmask/anymask bit 2**{}={} meaning", m.bit, 1 << m.bit));
  return header;
}

}  // namespace brickline
