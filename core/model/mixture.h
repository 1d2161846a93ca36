// Light profiles as Gaussian mixtures (Hogg & Lang 2013, PASP 125, 719): the reference pipeline's, which end a few effective
// radii out, and those of whole Sersic profiles (core/model/sersic_gaussians.h).
//
// A profile of unit flux in units of its effective radius is sum_k amplitude[k] N(0, variance[k] I), the
// amplitudes adding up to 1. Components are in order of increasing variance; a variance of 0 is a point-like
// core. Seen in an image all components share one shape matrix S (core/model/shape.h): the covariance of
// component k is variance[k] S.
#pragma once

#include <array>

#include "core/model/galaxy_profiles.h"
#include "core/model/source_model.h"

namespace brickline {

struct Mixture {
  static constexpr int kMaxComponents = 9;
  int size = 0;
  std::array<double, kMaxComponents> amplitude{}, variance{};
  // With respect to the Sersic index; one-sided where the number of components changes; 0 for EXP and DEV.
  std::array<double, kMaxComponents> amplitude_dn{}, variance_dn{};
};

inline constexpr double kMinTabulatedSersicIndex = 0.29, kMaxTabulatedSersicIndex = 6.3;

// The exponential profile's components; amplitudes to be divided by their sum.
inline constexpr std::array<double, 6> kExponentialAmplitudes = {0.00234853813, 0.030799526, 0.223364214,
                                                                 1.17949102,    4.3387375,   5.9982077};
inline constexpr std::array<double, 6> kExponentialVariances = {0.00120078965, 0.00884526493, 0.0391463084,
                                                                0.139976817,   0.4609625,     1.50159566};

// The reference pipeline's.
Mixture exponential_mixture();
Mixture de_vaucouleurs_mixture();
// n is clamped to the tabulated range.
Mixture sersic_mixture(double n);
// Of a galaxy's kind; a single core for a point source. Of COMP, which is two, there is none (Error kInternal).
Mixture profile_mixture(SourceKind kind, double sersic_index, GalaxyProfiles profiles);

}  // namespace brickline
