// What is known of a filter band, whoever observed it: the survey's standard bands, and what a camera adds.
#pragma once

#include <array>
#include <map>
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
  // By the name of a spectral energy distribution that detection looks for: the factor that turns this band's
  // flux into that of the distribution's reference band. Empty map: the band is looked at by itself only. No
  // map: nobody has said, and a source is taken to be as bright in it as in others.
  std::optional<std::map<std::string, double>> seds;
  std::optional<double> wavelength_nm;       // centre
  std::optional<double> extinction_per_ebv;  // A/E(B-V), mag
  std::optional<std::array<double, 3>>
      rgb;  // a camera's own wish for colour pictures; empty: the picture's recipe
  std::optional<GaiaTransform> gaia;
};

// The standard values of u, g, r, i, z, Y (extinction: Schlafly & Finkbeiner 2011, as in the
// Legacy Surveys' data releases; Gaia transforms of all but Y); only the name for any other.
BandFacts standard_band_facts(std::string_view name);

// The distributions that the standard bands know, in the order that detection looks for them.
const std::vector<std::string>& standard_sed_names();

// `own` over `base`, value by value.
BandFacts merged(const BandFacts& base, const BandFacts& own);

}  // namespace brickline
