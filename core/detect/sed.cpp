#include "core/detect/sed.h"

#include <algorithm>
#include <set>

namespace brickline {
namespace {

// What a band that nobody has said anything of is part of.
constexpr const char* kUsualSed = "Flat";

std::map<std::string, double> factors_of(const std::string& band,
                                         const std::map<std::string, BandFacts>& facts) {
  const auto own = facts.find(band);
  const BandFacts known = own != facts.end() ? own->second : standard_band_facts(band);
  return known.seds.value_or(std::map<std::string, double>{{kUsualSed, 1.0}});
}

}  // namespace

std::vector<Sed> detection_seds(std::span<const std::string> bands,
                                const std::map<std::string, BandFacts>& facts) {
  std::vector<Sed> out;
  for (std::size_t b = bands.size(); b-- > 0;) {
    Sed alone{bands[b], std::vector<double>(bands.size(), 0.0)};
    alone.factor[b] = 1;
    out.push_back(std::move(alone));
  }
  if (bands.size() < 2) return out;

  std::vector<std::map<std::string, double>> factors;
  std::set<std::string> others;
  for (const std::string& band : bands) {
    factors.push_back(factors_of(band, facts));
    for (const auto& [sed, factor] : factors.back()) others.insert(sed);
  }
  std::vector<std::string> names = standard_sed_names();
  for (const std::string& name : names) others.erase(name);
  names.insert(names.end(), others.begin(), others.end());
  for (const std::string& name : names) {
    Sed sed{name, std::vector<double>(bands.size(), 0.0)};
    for (std::size_t b = 0; b < bands.size(); ++b)
      if (const auto f = factors[b].find(name); f != factors[b].end()) sed.factor[b] = f->second;
    if (std::count_if(sed.factor.begin(), sed.factor.end(), [](double f) { return f != 0; }) >= 2)
      out.push_back(std::move(sed));
  }
  return out;
}

}  // namespace brickline
