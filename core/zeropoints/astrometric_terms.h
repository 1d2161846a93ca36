// Where an image's world coordinates are off by more than a shift: a polynomial over the CCD, fitted to Gaia's stars.
//
// With (u, v) the pixel's place, -1 to 1 from edge to edge, and the offsets (catalog - image, arcsec, true angles) of the
// stars, for each of the two axes
//   offset = c0 + c1 u + c2 v                               linear: rotation, scale, shear
//          + c3 u^2 + c4 u v + c5 v^2                        quadratic
// by least squares with weights 1/(e^2 + s^2), e the star's own error and s what the stars scatter beside (robust.h),
// and Huber's weights (stars beyond 1.5 sigma count as at 1.5 sigma; none beyond `clip`), in turns until nothing changes.
// The errors are those of the normal matrix' inverse.
#pragma once

#include <array>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "core/fits/header.h"
#include "core/wcs/wcs.h"

namespace brickline {

enum class AstrometricOrder { kShift = 0, kLinear = 1, kQuadratic = 2 };
std::string_view name_of(AstrometricOrder order);

struct AstrometricStar {
  double x = 0, y = 0;                   // pixels of the whole CCD, 0-based
  double ra_offset = 0, dec_offset = 0;  // arcsec
  double error = 0;                      // arcsec, per axis
};

struct AstrometricTermOptions {
  AstrometricOrder order = AstrometricOrder::kShift;
  int stars_per_term = 5;       // fewer: terms of a lower order are fitted
  double largest_error = 0.02;  // arcsec, anywhere on the CCD; else of a lower order
  double clip = 4;              // sigmas
};

struct AstrometricTerms {
  AstrometricOrder order = AstrometricOrder::kShift;
  int width = 0, height = 0;
  std::array<std::array<double, 6>, 2> terms{};  // c0 ... c5, arcsec, along RA cos(Dec) and Dec
  int stars = 0;                                 // that counted
  double ra_rms = 0, dec_rms = 0;                // arcsec, of what is left
  double error = 0;                              // arcsec: the largest of an axis, in the CCD's corners
  double largest = 0;  // arcsec: of what the terms beyond the shift make, in the corners

  // Arcsec, along RA cos(Dec) and Dec.
  std::array<double, 2> at(double x, double y) const;
};

// The highest order that `options` and the stars allow. Empty if that is a shift; `why` says what was lacking.
std::optional<AstrometricTerms> fit_astrometric_terms(std::span<const AstrometricStar> stars, int width,
                                                      int height, const AstrometricTermOptions& options,
                                                      std::string& why);

// `wcs` of a whole CCD with those terms, as TAN-SIP cards (Shupe et al. 2005) around the middle of the CCD, less the shift
// (`ra_shift`, `dec_shift` arcsec, which a table of CCDs has by itself; 0, 0 where runs do not apply that: fact wcs.offset):
// Wcs::with_offset by it gives all of the terms. Error
// (kInput) if no polynomial of the fifth order follows the image's own distortion to within a milliarcsecond, or within a
// degree of a pole.
fits::Header corrected_wcs_cards(const Wcs& wcs, const AstrometricTerms& terms, double ra_shift,
                                 double dec_shift);

}  // namespace brickline
