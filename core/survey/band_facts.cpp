#include "core/survey/band_facts.h"

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

}  // namespace

BandFacts standard_band_facts(std::string_view name) {
  BandFacts facts;
  facts.name = name;
  for (const StandardBand& band : kStandardBands)
    if (band.name == name) {
      facts.wavelength_nm = band.wavelength_nm;
      facts.extinction_per_ebv = band.extinction_per_ebv;
    }
  return facts;
}

BandFacts merged(const BandFacts& base, const BandFacts& own) {
  BandFacts facts = base;
  if (!own.name.empty()) facts.name = own.name;
  if (own.wavelength_nm) facts.wavelength_nm = own.wavelength_nm;
  if (own.extinction_per_ebv) facts.extinction_per_ebv = own.extinction_per_ebv;
  if (own.rgb) facts.rgb = own.rgb;
  return facts;
}

}  // namespace brickline
