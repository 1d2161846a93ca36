// What is known of a filter band, whoever observed it: the survey's standard bands, and what a camera adds.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace brickline {

// A star's magnitude in a band from Gaia's photometry: base + sum c_k (BP - RP)^k, the colour clipped.
struct GaiaTransform {
  std::string base = "G";  // or "BP", "RP"
  std::vector<double> coefficients;
  std::array<double, 2> colour_clip{-0.6, 4.1};  // mag
};

struct BandFacts {
  std::string name;
  std::optional<double> wavelength_nm;       // centre
  std::optional<double> extinction_per_ebv;  // A/E(B-V), mag
  std::optional<std::array<double, 3>>
      rgb;  // a camera's own wish for colour pictures; empty: the picture's recipe
  std::optional<GaiaTransform> gaia;
};

// The standard values of u, g, r, i, z, Y (extinction: Schlafly & Finkbeiner 2011, as in the
// Legacy Surveys' data releases; Gaia transforms of all but Y); only the name for any other.
BandFacts standard_band_facts(std::string_view name);

// `own` over `base`, value by value.
BandFacts merged(const BandFacts& base, const BandFacts& own);

}  // namespace brickline
