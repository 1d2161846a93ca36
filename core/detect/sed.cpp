#include "core/detect/sed.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace brickline {
namespace {

struct BandFactor {
  std::string_view band;
  double factor;
};
struct StandardSed {
  std::string_view name;
  std::vector<BandFactor> bands;
};

// The reference pipeline's; factors relative to r.
const std::vector<StandardSed>& standard_seds() {
  static const std::vector<StandardSed> seds = {
      {"Flat", {{"g", 1}, {"r", 1}, {"i", 1}, {"z", 1}}},
      {"Red", {{"g", 2.5}, {"r", 1}, {"i", 0.632}, {"z", 0.4}}},
      {"IAFlat", {{"I-A-L427", 1}, {"I-A-L464", 1}, {"I-A-L484", 1}, {"I-A-L505", 1}, {"I-A-L527", 1}}},
      {"IBISFlat", {{"M411", 1}, {"M438", 1}, {"M464", 1}, {"M490", 1}, {"M517", 1}}},
  };
  return seds;
}

// Standard bands that the reference looks through by themselves only.
constexpr std::array<std::string_view, 2> kAlone = {"u", "Y"};

bool is_known(std::string_view band) {
  if (std::find(kAlone.begin(), kAlone.end(), band) != kAlone.end()) return true;
  for (const StandardSed& sed : standard_seds())
    for (const BandFactor& b : sed.bands)
      if (b.band == band) return true;
  return false;
}

}  // namespace

std::vector<Sed> detection_seds(std::span<const std::string> bands) {
  std::vector<Sed> out;
  for (std::size_t b = bands.size(); b-- > 0;) {
    Sed alone{bands[b], std::vector<double>(bands.size(), 0.0)};
    alone.factor[b] = 1;
    out.push_back(std::move(alone));
  }
  if (bands.size() < 2) return out;
  for (const StandardSed& standard : standard_seds()) {
    Sed sed{std::string(standard.name), std::vector<double>(bands.size(), 0.0)};
    for (std::size_t b = 0; b < bands.size(); ++b) {
      for (const BandFactor& f : standard.bands)
        if (f.band == bands[b]) sed.factor[b] = f.factor;
      if (standard.name == "Flat" && !is_known(bands[b])) sed.factor[b] = 1;
    }
    if (std::count_if(sed.factor.begin(), sed.factor.end(), [](double f) { return f != 0; }) >= 2)
      out.push_back(std::move(sed));
  }
  return out;
}

}  // namespace brickline
