// Zero points of many CCDs from the stars that they have in common, tied to the zero points that a photometric catalog
// (the provider) gave each of them.
//
// Star s has magnitude M_s; on CCD c, by amplifier g, it was measured as m = -2.5 log10(flux/exptime) with error e.
// Minimized is
//   sum_(s,c) w (m_sc + Z_c + b_g - M_s)^2                  w = 1 / (f^2 (e^2 + star_floor^2))
//   + sum_c p_c (Z_c + B_c + t_k(c) + u_x(c) + v_n(c) + a_d(c) - Y_c)^2    p = 1 / (error_c^2 + provider_floor^2)
//   + sum_x (u_x/S_x)^2 + sum_n (v_n/S_n)^2 + sum_d (a_d/S_d)^2 + sum_g (b_g/amplifier_sigma)^2 + sum_k (t_k/T_k)^2
// over the zero points Z, the magnitudes M, the parts u, v, a and t of the provider's errors that all CCDs of an exposure,
// all of a night, all of one detector, and all that one catalog gave have in common, and what an amplifier's zero point
// differs by from its CCD's, b. Y_c is the provider's zero point, B_c the mean b of the stars that it was made of. T_k is
// given: of a catalog's colour term, say. Each detector's b are zero in the mean over the area of those that a star tells of:
// Z is the zero point of the whole CCD. Whoever gives no amplifiers has b = 0. A star's magnitude is eliminated exactly (its
// weighted mean): of the normal matrix what is left is a row for each CCD, each amplifier, each catalog, each night, each
// exposure and each detector, with elements where CCDs share stars:
//   A_cc' = sum_s (w_sc delta_cc' - w_sc w_sc' / sum_c" w_sc") + terms of p and S
// It is factorized (sparse L D L^T); errors are the roots of the diagonal of its inverse, exact, with f, S as they are. Where
// CCDs and amplifiers are too many for that, zero points are as exact by another way, and errors are estimated
// (normal_factor.h).
//
// What is estimated beforehand, from solutions without u, v and a:
//   f    scale of the stars' scatter: 1.4826 median |residual| / its expected standard deviation; not below 1
//   S    with d_c = Y_c - Z_c - B_c - t_k(c), whose variance is V_c = (1 - h_c)/p_c, h_c = p_c/A_cc, and d_x, V_x the mean of an exposure
//        with weights p and its variance:  S_x^2 = ((1.4826 median |d_x|)^2 - median V_x) / (median over x of 1 - h)^2;
//        of nights the same with the means over their exposures, of detectors with d_c - d_x. By moments and medians, in one
//        step; 0 of fewer than five groups or where the scatter is what the errors say. S_x is at least exposure_floor.
// They are errors that the overlaps can show. An error that the provider has everywhere alike (of its colour term, say)
// is in all zero points and, unless it is given as a catalog's T, in none of the errors.
//
// Robust: of a star whose measurements disagree the worst is left out, until they agree; of the exposures, and of single
// CCDs, whose provider's zero point disagrees with the others' by more than clip_provider sigmas, it is not used, unless
// that were most of those that are tied together. CCDs with fewer than fewest_common stars in common with others are left
// out: they keep their provider's zero point, less B_c where other CCDs tell of their amplifiers. The others may fall into several parts without a star in common; each
// is tied to its own CCDs' provider.
//
// Units: magnitudes. Deterministic: one thread, fixed order.
#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <vector>

namespace brickline {

struct RelativeCcd {
  double zero_point = 0, error = 0;  // the provider's, for counts per second; error > 0
  // Numbers from 0; -1: not known.
  int exposure = -1, night = -1, detector = -1;
  int catalog = -1;  // whose error in common is given; -1: there is none, or it is the same in all CCDs
};

// One star on one CCD; at most once. Only measurements of one band of one camera have one star's number.
struct StarMeasurement {
  std::int32_t star = 0, ccd = 0;
  float mag = 0, error = 0;     // instrumental; error >= 0
  std::int32_t amplifier = -1;  // number from 0; -1: not known
  bool calibrator = false;      // the provider's zero point of the CCD is made of it and others
};

// A part of a detector whose gain is its own, of one time within which it stays the same.
struct RelativeAmplifier {
  int detector = 0;  // number: the amplifiers of one detector and time
  double area = 1;   // on any scale, of what is used; 0: it does not count for its CCD's zero point
};

struct RelativeSolveOptions {
  double star_floor = 0.005;      // of each measurement: flat fields, wings of PSFs
  double provider_floor = 0.002;  // of each CCD's zero point
  double exposure_floor = 0.002;  // of what an exposure's CCDs have in common of the provider's error
  double amplifier_sigma = 0.05;  // what amplifiers are thought to differ by before anything is measured
  double clip_stars = 4;          // sigmas
  double clip_provider = 5;       // sigmas
  int fewest_common = 3;          // stars
  int most_rounds = 12;           // of leaving out and solving
  double settled = 1e-5;          // a round that changes no zero point by more is the last
  double most_whole =
      2e7;  // CCDs times amplifiers, up to which errors are exact; beyond, time goes like the cube
  double error_accuracy =
      0.01;  // relative, wanted of errors that are estimated; the solution says what was reached
};

struct SolvedCcd {
  bool solved = false;    // else zero_point and error are the provider's ...
  bool levelled = false;  // ... less what the amplifiers of its stars differ by from the CCD
  double zero_point = 0, error = 0;
  int common = 0;  // stars in common with others that were used
  double star_scatter = std::numeric_limits<double>::quiet_NaN();  // root mean square of their residuals
  // ... in units of the expected, all stars counted, by their median; clouds that are uneven over the CCD make it large.
  double star_excess = std::numeric_limits<double>::quiet_NaN();
  double common_error = 0;    // u + v + a + t: what the provider's errors have in common here
  bool provider_used = true;  // false: its zero point disagrees with the others'
  int part = 0;               // of those tied together, from 1, the largest first; 0: none
};

// Of an amplifier: what it adds to the zero points of its CCD; its error, if no star tells of it (no members), is what was
// thought before. Of an exposure, a night, a detector, a catalog: the provider's error that its CCDs have in common; NaN where
// such errors were not told apart from those of each CCD (S is 0).
struct SolvedGroup {
  double value = 0, error = 0;
  std::int64_t members = 0;  // stars' measurements of an amplifier, CCDs of others
};

struct RelativeSolution {
  std::vector<SolvedCcd> ccds;                                                  // as they were given
  std::vector<SolvedGroup> amplifiers, exposures, nights, detectors, catalogs;  // by their numbers
  int parts = 0, rounds = 0;
  bool settled = false;                        // false: most_rounds ended it
  std::int64_t measurements = 0, clipped = 0;  // of stars seen more than once; of these left out as outliers
  double star_scale = 1;                       // f
  // How well errors are known, relative, their root mean square: of CCDs, of amplifiers, and of what CCDs have in common; 0:
  // they are exact.
  double error_accuracy = 0, amplifier_error_accuracy = 0, common_error_accuracy = 0;
  double exposure_error = 0, night_error = 0, detector_error = 0;  // S_x, S_n, S_d
};

// `catalogs`: T of each, above 0. Error (kInput): a number that is not finite, an error that is not above 0, a CCD, amplifier
// or catalog that there is not.
RelativeSolution solve_zero_points(std::span<const RelativeCcd> ccds,
                                   std::span<const StarMeasurement> measurements,
                                   const RelativeSolveOptions& options = {},
                                   std::span<const RelativeAmplifier> amplifiers = {},
                                   std::span<const double> catalogs = {});

}  // namespace brickline
