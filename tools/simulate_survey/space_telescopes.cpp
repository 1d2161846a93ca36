#include "tools/simulate_survey/space_telescopes.h"

#include <algorithm>
#include <cmath>

#include "tools/simulate_survey/random.h"

namespace brickline::simulate {

std::vector<std::array<double, 6>> space_fluxes(std::uint64_t seed, const std::vector<Source>& sources) {
  std::vector<std::array<double, 6>> out;
  for (std::size_t i = 0; i < sources.size(); ++i) {
    const Source& s = sources[i];
    Random random(seed, Stream::kSpaceFlux, {i});
    // Colours from the reddest optical band on: galaxies brighten into the infrared, stars fade.
    const double optical = 22.5 - 2.5 * std::log10(std::max(s.flux.back(), 1e-3));
    const double w1 = optical + (s.is_star() ? random.normal(1.2, 0.2) : random.normal(-1, 0.5));
    const double w2 = w1 + (s.is_star() ? random.normal(0.6, 0.1) : random.normal(0.1, 0.3));
    const double w3 = w2 + random.normal(0, 0.7), w4 = w3 + random.normal(-0.5, 0.7);
    const double nuv = optical + random.normal(s.is_star() ? 5 : 3, 0.8), fuv = nuv + random.normal(0.6, 0.4);
    std::array<double, 6>& f = out.emplace_back();
    const double mags[6] = {w1, w2, w3, w4, nuv, fuv};
    for (int b = 0; b < 6; ++b) f[static_cast<std::size_t>(b)] = std::pow(10, 0.4 * (22.5 - mags[b]));
  }
  return out;
}

}  // namespace brickline::simulate
