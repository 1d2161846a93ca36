// Whole Sersic (1963) profiles as Gaussian mixtures: their fluxes are all the light, their radii hold half of it.
//
// With re the effective radius, b(n) that of P(2n, b) = 1/2 (P the regularized incomplete gamma function) and
// alpha = 1/(2n) <= 1, the profile is
//   I(r) = exp(-b (r/re)^(1/n)) = exp(-lambda^alpha),  lambda = b^(2n) (r/re)^2.
// exp(-lambda^alpha) is the Laplace transform of the one-sided stable law (Pollard 1946, Bull. AMS 52, 908): with X of that
// law, I(r) is the mean of exp(-lambda X), and exp(-lambda X) is a Gaussian of variance v = re^2/(2 b^(2n) X), whose light is
// 2 pi v. So a Sersic profile of n >= 1/2 *is* a mixture of Gaussians with positive amplitudes, and its distribution of light
// over ln v is known: X = (A(phi)/W)^((1 - alpha)/alpha) with phi uniform on (0, pi), W exponential with mean 1,
//   A(phi) = (sin(alpha phi)^alpha sin((1 - alpha) phi)^(1 - alpha)/sin phi)^(1/(1 - alpha))
// (Kanter 1975, Ann. Prob. 3, 697, eq. 2.4 and cor. 4.1).
//
// That distribution is made discrete by Gauss's quadrature (Golub & Welsch 1969, Math. Comp. 23, 221) in
//   u = ln((v + v_core)/(1 + v/v_wing)),
// which takes as one what is smaller than any PSF and what is beyond any noise. Components and amplitudes are smooth in n
// down to n = 1/2, the Gaussian. Seen with a PSF of 0.7 arcsec FWHM, profiles of 0.15 to 4.8 arcsec are true to 1.5e-3 of
// their centre's brightness; fluxes and radii that are fitted with them are true to 2e-4 and 1.2e-3.
#pragma once

#include "core/model/mixture.h"

namespace brickline {

inline constexpr double kMinWholeSersicIndex = 0.5, kMaxWholeSersicIndex = 6.3;

// n is clamped to that range. Nine components.
Mixture whole_sersic_mixture(double n);
// n = 1 in six components, n = 4 in nine.
Mixture whole_exponential_mixture();
Mixture whole_de_vaucouleurs_mixture();

}  // namespace brickline
