#include "core/survey/band_facts.h"

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
  return facts;
}

}  // namespace brickline
