// One CCD measured against reference stars: its zero point and its astrometric offset, each with its scatter.
//
// The pixels are those of calibrated images with their sky subtracted, in counts (images per second are multiplied by
// the exposure time). All reference stars are fitted at once (star_fit.h); then
//   offset      = catalog - image along RA cos(Dec) and Dec, the median of Gaia's stars; its scatters are about zero,
//                 so that they contain the offset: the root mean square of what 3-sigma clipping leaves, and the root
//                 of the median square of all. Its errors are as the zero point's, with the errors of the places
//   zero point  = the median of (catalog magnitude + 2.5 log10(flux/exptime)) of what 2.5-sigma clipping leaves of the
//                 stars that are usable; its scatter is the standard deviation of those
//                 Its error is that of a median of stars with the errors of their fluxes (StarFit::flux_error) and what
//                 they scatter beside (robust.h), fitted to all stars before clipping; what Lanczos-3 takes of all
//                 fluxes alike, where PSFs are moved by it; and the colour term's own error (ColourTerm::error), in
//                 quadrature. The last is the same error in all CCDs of a band and a catalog: means of zero points have it
//                 undiminished, differences not at all
//   transparency = 10^(0.4 (zero point - usual zero point + k (airmass - 1)))
// The rules are those of the Legacy Surveys' tables; what was found wrong in them is not repeated: a CCD that cannot be
// measured has a reason and no numbers, stars without flux do not count.
#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <numbers>
#include <optional>
#include <string>
#include <vector>

#include "core/facts/camera_facts.h"
#include "core/image/ccd_image.h"
#include "core/zeropoints/astrometric_terms.h"
#include "core/zeropoints/reference_stars.h"
#include "core/zeropoints/star_fit.h"

namespace brickline {

struct StarMeasurementOptions {
  ReferenceStarOptions stars;
  JointFitOptions fit;
  // Each star by itself, with its neighbours' light in its pixels; else all at once.
  bool alone = false;
  double clip_photometry = 2.5, clip_astrometry = 3;  // sigmas
  double least_significance = 5;                      // flux/error of stars that are counted as seen
  std::array<double, 3> aperture_diameters_arcsec{6, 7, 8};
  AstrometricTermOptions astrometry;  // beyond the shift
  // Magnitudes of stars for the zero point; both 0: as the camera's facts say for the band.
  std::array<double, 2> star_mags{0, 0};
  // Stars whose light is masked to a greater part are not used for the zero point.
  double most_masked = 0.5;

  // When a CCD counts as not measured.
  int fewest_stars = 3;  // for the zero point, after clipping
  // Of Gaia's stars that should be seen with this significance, at least such a part must be seen, within so many
  // arcsec of their places: else the world coordinates are off.
  double expected_significance = 50, least_seen = 0.5, seen_within_arcsec = 2;
  double unknown_transparency = 3;  // magnitudes that clouds may take of what is expected
  // Crowded: more than this part of the usable stars have a neighbour in the catalogs within so many FWHM that is not
  // fainter by more than so many magnitudes.
  double most_crowded = 0.5, crowded_within_fwhm = 1.5, crowding_magnitudes = 2.5;
  double largest_scatter = 0.5;  // mag, of the zero point
};

struct MeasuredStar {
  ReferenceStar star;
  double x_ref = 0, y_ref = 0, x = 0, y = 0;  // pixels of the whole CCD, 0-based
  StarFit fit;
  double ra_fit = 0, dec_fit = 0;        // degrees
  double ra_offset = 0, dec_offset = 0;  // arcsec, catalog - image, true angles
  std::uint16_t bits = 0;                // of the mask at the fitted place
  double instrumental_mag = 0;           // -2.5 log10(flux/exptime); 0: no flux
  double mag = 0;                        // with the zero point; 0: no flux, or no zero point
  double mag_error() const { return 2.5 / std::numbers::ln10 * fit.flux_error / fit.flux; }
  std::array<double, 3> aperture_flux{}, aperture_error{};
  bool used = false;  // for the zero point
};

struct CcdZeroPoint {
  static constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();
  std::string failure;   // why there is no zero point; empty: there is
  std::string provider;  // of the magnitudes
  double zero_point = kUnknown, scatter = kUnknown,
         error = kUnknown;       // mag for counts per second
  double term_error = kUnknown;  // mag: the part of `error` that is the colour term's
  // mag: what the stars scatter beyond the errors of their fluxes: colour terms, the catalog, flat fields.
  double intrinsic_scatter = kUnknown;
  double transparency = kUnknown;
  int seen = 0, used = 0, astrometric = 0, off_image = 0;
  double ra_offset = kUnknown, dec_offset = kUnknown;  // arcsec
  double ra_offset_error = kUnknown, dec_offset_error = kUnknown;
  // Beyond the shift, where they were asked for and could be had; else why not.
  std::optional<AstrometricTerms> terms;
  std::string no_terms;
  double ra_rms = kUnknown, dec_rms = kUnknown, ra_root_median = kUnknown, dec_root_median = kUnknown;
  double bp_rp = kUnknown;  // median of the astrometric stars
  std::vector<MeasuredStar> stars;
};

// `image`: native units with the sky subtracted (`data` in counts: see above), its PSF of sum 1. Nothing is thrown for
// what the stars are like.
CcdZeroPoint measure_zero_point(const CcdImage& image, const CameraFacts& facts,
                                const ReferenceStars& references, const std::string& provider,
                                const StarMeasurementOptions& options);

}  // namespace brickline
