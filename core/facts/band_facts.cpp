#include "core/facts/band_facts.h"

#include <utility>

namespace brickline {
namespace {

struct StandardBand {
  const char* name;
  double wavelength_nm, extinction_per_ebv;
};
// Effective wavelengths of the survey's filters, rounded to nm; extinction coefficients of the
// Legacy Surveys' data releases (Schlafly & Finkbeiner 2011, table 6, continued to u and Y).
constexpr StandardBand kStandardBands[] = {
    {"u", 355, 3.995}, {"g", 473, 3.214}, {"r", 642, 2.165},
    {"i", 784, 1.592}, {"z", 926, 1.211}, {"Y", 1009, 1.064},
};

// What the reference pipeline's detection looks for; factors relative to r.
struct StandardSed {
  const char* sed;
  std::vector<std::pair<const char*, double>> bands;
};
const std::vector<StandardSed>& standard_seds() {
  static const std::vector<StandardSed> kSeds = {
      {"Flat", {{"g", 1}, {"r", 1}, {"i", 1}, {"z", 1}}},
      {"Red", {{"g", 2.5}, {"r", 1}, {"i", 0.632}, {"z", 0.4}}},
      {"IAFlat", {{"I-A-L427", 1}, {"I-A-L464", 1}, {"I-A-L484", 1}, {"I-A-L505", 1}, {"I-A-L527", 1}}},
      {"IBISFlat", {{"M411", 1}, {"M438", 1}, {"M464", 1}, {"M490", 1}, {"M517", 1}}},
      // Looked at by themselves.
      {nullptr, {{"u", 0}, {"Y", 0}}}};
  return kSeds;
}

// What the survey predicts stars' magnitudes with, whichever camera looks at them: fits of the Legacy Surveys
// to stars that both they and Gaia DR2 have measured.
const GaiaTransform* standard_gaia_transform(std::string_view name) {
  static const std::vector<std::pair<std::string, GaiaTransform>> kTransforms = {
      {"u", {"BP", {-0.41424252, -1.31861541, 4.92371886, -2.56436345, 0.39205685}}},
      {"g",
       {"G",
        {-0.1178631039, 0.3650113495, 0.5608615360, -0.2850687702, -1.0243473939, 1.4378375491, 0.0679401731,
         -1.1713172509, 0.9107811975, -0.3374324004, 0.0683946390, -0.0073089582, 0.0003230170}}},
      {"r",
       {"G",
        {0.1139078673, -0.2868955307, 0.0013196434, 0.1029151074, 0.1196710702, -0.3729031390, 0.1859874242,
         0.1370162451, -0.1808580848, 0.0803219195, -0.0180218196, 0.0020584707, -0.0000953486}}},
      {"i",
       {"G",
        {0.3396481660, -0.6491867119, -0.3330769819, 0.4381097294, 0.5752125977, -1.4746570523, 1.2979140762,
         -0.6371018151, 0.1948940062, -0.0382055596, 0.0046907449, -0.0003296841, 0.0000101480}}},
      {"z",
       {"G",
        {0.4811198057, -0.9990015041, 0.1403990019, 0.2150988888, -0.2917655866, 0.1326831887, -0.0259205004,
         0.0018548776}}},
  };
  for (const auto& [band, transform] : kTransforms)
    if (band == name) return &transform;
  return nullptr;
}

}  // namespace

BandFacts standard_band_facts(std::string_view name) {
  BandFacts facts;
  facts.name = name;
  for (const StandardSed& sed : standard_seds())
    for (const auto& [band, factor] : sed.bands) {
      if (band != name) continue;
      if (!facts.seds) facts.seds.emplace();
      if (sed.sed) (*facts.seds)[sed.sed] = factor;
    }
  for (const StandardBand& band : kStandardBands)
    if (band.name == name) {
      facts.wavelength_nm = band.wavelength_nm;
      facts.extinction_per_ebv = band.extinction_per_ebv;
    }
  if (const GaiaTransform* transform = standard_gaia_transform(name)) facts.gaia = *transform;
  return facts;
}

const std::vector<std::string>& standard_sed_names() {
  static const std::vector<std::string> kNames = [] {
    std::vector<std::string> names;
    for (const StandardSed& sed : standard_seds())
      if (sed.sed) names.emplace_back(sed.sed);
    return names;
  }();
  return kNames;
}

BandFacts merged(const BandFacts& base, const BandFacts& own) {
  BandFacts facts = base;
  if (!own.name.empty()) facts.name = own.name;
  if (own.seds) facts.seds = own.seds;
  if (own.wavelength_nm) facts.wavelength_nm = own.wavelength_nm;
  if (own.extinction_per_ebv) facts.extinction_per_ebv = own.extinction_per_ebv;
  if (own.rgb) facts.rgb = own.rgb;
  if (own.gaia) facts.gaia = own.gaia;
  return facts;
}

}  // namespace brickline
