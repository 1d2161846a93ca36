#include "core/zeropoints/ccd_zero_point.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "core/coadd/aperture.h"
#include "core/facts/mask_bits.h"
#include "core/wcs/sky.h"
#include "core/zeropoints/robust.h"

namespace brickline {
namespace {

// In the band, else Gaia's in G.
double magnitude_of(const ReferenceStar& star) {
  if (std::isfinite(star.mag) && star.mag < 30) return star.mag;
  return star.gaia.g != 0 ? static_cast<double>(star.gaia.g) : 99;
}

class Measurement {
 public:
  Measurement(const CcdImage& image, const CameraFacts& facts, const ReferenceStars& references,
              const StarMeasurementOptions& options)
      : image_(image), facts_(facts), references_(references), options_(options) {
    const auto band = facts.photometry.bands.find(image.band);
    if (band != facts.photometry.bands.end()) band_ = band->second;
    if (options.star_mags[1] > options.star_mags[0]) band_.star_mag_range = options.star_mags;
  }

  CcdZeroPoint run() {
    if (references_.stars.empty()) {
      out_.failure = "no star of the catalogs is in the field";
      return std::move(out_);
    }
    fit_stars();
    if (out_.stars.empty()) {
      out_.failure = nothing_fitted();
      return std::move(out_);
    }
    for (MeasuredStar& star : out_.stars) {
      if (star.fit.flux > 0) star.instrumental_mag = -2.5 * std::log10(star.fit.flux / image_.exptime);
      out_.seen += star.fit.flux / star.fit.dflux > options_.least_significance;
    }
    if (const std::string lost = wrong_places(); !lost.empty()) {
      out_.failure = lost;
      return std::move(out_);
    }
    astrometry();
    if (out_.astrometric > 0)
      photometry();
    else
      out_.failure =
          fmt::format("no star for the astrometric offset: of {} fitted stars of the catalogs none is Gaia's",
                      out_.stars.size());
    return std::move(out_);
  }

 private:
  void fit_stars();
  std::string nothing_fitted() const;
  std::string wrong_places() const;
  std::string too_crowded() const;
  void astrometry();
  void photometry();
  bool is_masked(const MeasuredStar& star) const { return star.fit.fraction_masked > options_.most_masked; }

  const CcdImage& image_;
  const CameraFacts& facts_;
  const ReferenceStars& references_;
  const StarMeasurementOptions& options_;
  BandPhotometry band_;
  CcdZeroPoint out_;
  int masked_ = 0;
};

void Measurement::fit_stars() {
  Image<float> weight(image_.data.width(), image_.data.height());
  for (int y = 0; y < weight.height(); ++y)
    for (int x = 0; x < weight.width(); ++x)
      weight(x, y) = image_.inverse_error(x, y) * image_.inverse_error(x, y);
  std::vector<const ReferenceStar*> stars;
  std::vector<PixelPosition> places;
  std::vector<double> brightness;
  for (const ReferenceStar& star : references_.stars)
    if (const auto at = image_.wcs.sky_to_pixel(star.ra_now, star.dec_now)) {
      stars.push_back(&star);
      places.push_back(*at);
      brightness.push_back(-magnitude_of(star));
    }
  std::vector<StarFit> fits;
  if (!options_.alone)
    fits = fit_stars_together(image_.data.view(), image_.inverse_error.view(), image_.psf, places, brightness,
                              options_.fit);
  for (std::size_t i = 0; i < stars.size(); ++i) {
    const ReferenceStar& star = *stars[i];
    const PixelPosition* at = &places[i];
    MeasuredStar m;
    m.fit = options_.alone ? fit_star(image_.data.view(), image_.inverse_error.view(), image_.psf, *at,
                                      options_.fit.star)
                           : fits[i];
    out_.off_image += m.fit.end == StarFitEnd::kOffImage;
    masked_ += m.fit.end == StarFitEnd::kMasked;
    if (!m.fit.fitted()) continue;
    m.star = star;
    m.x_ref = at->x + image_.extent.x0;
    m.y_ref = at->y + image_.extent.y0;
    m.x = m.fit.x + image_.extent.x0;
    m.y = m.fit.y + image_.extent.y0;
    const SkyPosition sky = image_.wcs.pixel_to_sky(m.fit.x, m.fit.y);
    m.ra_fit = sky.ra;
    m.dec_fit = sky.dec;
    m.ra_offset = ra_difference(star.ra_now, sky.ra) * std::cos(star.dec_now * std::numbers::pi / 180) * 3600;
    m.dec_offset = (star.dec_now - sky.dec) * 3600;
    const int ix = std::clamp(static_cast<int>(std::nearbyint(m.fit.x)), 0, image_.mask.width() - 1);
    const int iy = std::clamp(static_cast<int>(std::nearbyint(m.fit.y)), 0, image_.mask.height() - 1);
    m.bits = image_.mask(ix, iy);
    for (std::size_t a = 0; a < m.aperture_flux.size(); ++a) {
      const double radius = options_.aperture_diameters_arcsec[a] / 2 / image_.pixel_scale_arcsec;
      const ApertureSums sums = aperture_sums(image_.data.view(), weight.view(), m.fit.x, m.fit.y, radius);
      m.aperture_flux[a] = sums.flux;
      m.aperture_error[a] = std::sqrt(sums.variance);
    }
    out_.stars.push_back(std::move(m));
  }
}

std::string Measurement::nothing_fitted() const {
  return fmt::format(
      "none of the {} catalog stars of the field could be fitted: {} are masked (saturated, or bad), {} too "
      "near an edge",
      references_.stars.size(), masked_, out_.off_image);
}

// Bright stars that are not where the catalog has them. How bright is known from Gaia's G, roughly, and the usual zero
// point.
std::string Measurement::wrong_places() const {
  if (!band_.zero_point) return {};
  constexpr double kFewest = 5, kRoughMags = 1;  // G is not the band
  int expected = 0, found = 0;
  for (const MeasuredStar& star : out_.stars) {
    const double mag = magnitude_of(star.star);
    if (!(mag > 5 && mag < 30) || is_masked(star)) continue;
    const double least =
        image_.exptime *
        std::pow(10, 0.4 * (*band_.zero_point - mag - kRoughMags - options_.unknown_transparency));
    if (!(least / star.fit.dflux > options_.expected_significance)) continue;
    ++expected;
    found += star.fit.flux / star.fit.dflux > options_.expected_significance / 2 &&
             star.fit.flux > least / 2 &&
             std::hypot(star.ra_offset, star.dec_offset) < options_.seen_within_arcsec;
  }
  if (expected < kFewest || found >= options_.least_seen * expected) return {};
  return fmt::format(
      "of {} bright catalog stars only {} are seen within {:.3g} arcsec of their places: its world coordinates are "
      "off, or nothing came through the clouds",
      expected, found, options_.seen_within_arcsec);
}

void Measurement::astrometry() {
  std::vector<double> ra, dec, errors, colour;
  std::vector<AstrometricStar> places;
  for (const MeasuredStar& star : out_.stars) {
    if (!star.star.astrometric()) continue;
    ra.push_back(star.ra_offset);
    dec.push_back(star.dec_offset);
    errors.push_back(std::max(star.fit.x_error, star.fit.y_error) * image_.pixel_scale_arcsec);
    places.push_back({star.x, star.y, star.ra_offset, star.dec_offset, errors.back()});
    if (star.star.gaia.bp != 0 && star.star.gaia.rp != 0)
      colour.push_back(static_cast<double>(star.star.gaia.bp) - static_cast<double>(star.star.gaia.rp));
  }
  if (ra.empty()) return;
  out_.ra_offset = median_of(ra);
  out_.dec_offset = median_of(dec);
  out_.ra_offset_error = error_of_median(errors, scatter_beyond_errors(ra, errors, out_.ra_offset));
  out_.dec_offset_error = error_of_median(errors, scatter_beyond_errors(dec, errors, out_.dec_offset));
  const std::vector<double> kept_ra = clip_values(ra, options_.clip_astrometry).kept,
                            kept_dec = clip_values(dec, options_.clip_astrometry).kept;
  out_.ra_rms = root_mean_square(kept_ra);
  out_.dec_rms = root_mean_square(kept_dec);
  out_.ra_root_median = root_median_square(ra);
  out_.dec_root_median = root_median_square(dec);
  out_.astrometric = static_cast<int>(kept_ra.size());
  out_.bp_rp = median_of(std::move(colour));
  if (options_.astrometry.order != AstrometricOrder::kShift)
    out_.terms = fit_astrometric_terms(places, image_.full_wcs.width(), image_.full_wcs.height(),
                                       options_.astrometry, out_.no_terms);
}

// Usable stars that stand so close to another one of the catalogs that their fluxes are of both.
std::string Measurement::too_crowded() const {
  if (!(image_.psf_fwhm > 0)) return {};
  std::vector<const MeasuredStar*> all;
  for (const MeasuredStar& star : out_.stars) all.push_back(&star);
  std::sort(all.begin(), all.end(), [](const auto* a, const auto* b) { return a->y_ref < b->y_ref; });
  const double reach = options_.crowded_within_fwhm * image_.psf_fwhm;
  int usable = 0, crowded = 0;
  for (std::size_t i = 0; i < all.size(); ++i) {
    const MeasuredStar& star = *all[i];
    if (!star.star.usable ||
        !(star.star.mag > band_.star_mag_range[0] && star.star.mag < band_.star_mag_range[1]))
      continue;
    ++usable;
    bool close = false;
    const auto look = [&](const MeasuredStar& other) {
      close |= std::hypot(other.x_ref - star.x_ref, other.y_ref - star.y_ref) < reach &&
               magnitude_of(other.star) < star.star.mag + options_.crowding_magnitudes;
    };
    for (std::size_t k = i; k-- > 0 && star.y_ref - all[k]->y_ref < reach;) look(*all[k]);
    for (std::size_t k = i + 1; k < all.size() && all[k]->y_ref - star.y_ref < reach; ++k) look(*all[k]);
    crowded += close;
  }
  if (usable == 0 || crowded <= options_.most_crowded * usable) return {};
  return fmt::format("crowded: {} of {} usable stars have a neighbour of like brightness within {:.2g} FWHM",
                     crowded, usable, options_.crowded_within_fwhm);
}

void Measurement::photometry() {
  if (!references_.no_photometry.empty()) {
    out_.failure = references_.no_photometry;
    return;
  }
  const auto [brightest, faintest] = band_.star_mag_range;
  std::vector<double> differences, errors;
  std::vector<MeasuredStar*> stars;
  int with_mag = 0, usable = 0, in_range = 0, masked = 0;
  for (MeasuredStar& star : out_.stars) {
    with_mag += std::isfinite(star.star.mag);
    if (!star.star.usable || !std::isfinite(star.star.mag)) continue;
    ++usable;
    if (!(star.star.mag > brightest && star.star.mag < faintest)) continue;
    ++in_range;
    if (is_masked(star) || (star.bits & image_.saturation_bits)) {
      ++masked;
      continue;
    }
    if (!(star.fit.flux > 0)) continue;
    differences.push_back(star.star.mag - star.instrumental_mag);
    errors.push_back(star.mag_error());
    stars.push_back(&star);
  }
  if (differences.empty()) {
    out_.failure = fmt::format(
        "no star for the zero point: of {} fitted stars {} have a magnitude, {} of these a colour and measurements that can "
        "be used, {} of these are of magnitude {} to {}, {} of these are masked or saturated",
        out_.stars.size(), with_mag, usable, in_range, brightest, faintest, masked);
    return;
  }
  if (const std::string crowded = too_crowded(); !crowded.empty()) {
    out_.failure = crowded;
    return;
  }
  const ClippedValues clipped = clip_values(differences, options_.clip_photometry);
  const double scatter = standard_deviation(clipped.kept);
  const int used = static_cast<int>(clipped.kept.size());
  if (used < options_.fewest_stars) {
    out_.failure = fmt::format(
        "{} stars for the zero point, fewer than {}: of {} usable ones of magnitude {} to {}, {} are masked or saturated",
        used, options_.fewest_stars, in_range, brightest, faintest, masked);
    return;
  }
  if (scatter > options_.largest_scatter) {
    out_.failure = fmt::format("the zero points of its {} stars scatter by {:.2f} mag", used, scatter);
    return;
  }
  std::vector<double> used_errors;
  for (std::size_t i = 0; i < stars.size(); ++i) {
    stars[i]->used = clipped.holds(differences[i]);
    if (stars[i]->used) used_errors.push_back(errors[i]);
  }
  out_.used = used;
  out_.zero_point = median_of(clipped.kept);
  out_.scatter = scatter;
  out_.intrinsic_scatter = scatter_beyond_errors(differences, errors, out_.zero_point);
  out_.error = error_of_median(used_errors, out_.intrinsic_scatter);
  if (options_.fit.star.shift == PsfShift::kLanczos3)
    out_.error = std::hypot(out_.error, magnitude_lost_by_lanczos(image_.psf, {image_.data.width() / 2.,
                                                                               image_.data.height() / 2.}));
  out_.term_error = references_.term_error;
  out_.error = std::hypot(out_.error, out_.term_error);
  for (MeasuredStar& star : out_.stars)
    if (star.fit.flux > 0) star.mag = star.instrumental_mag + out_.zero_point;
  if (band_.zero_point && std::isfinite(image_.airmass))
    out_.transparency = std::pow(10, 0.4 * (out_.zero_point - *band_.zero_point +
                                            band_.extinction_per_airmass * (image_.airmass - 1)));
}

}  // namespace

CcdZeroPoint measure_zero_point(const CcdImage& image, const CameraFacts& facts,
                                const ReferenceStars& references, const std::string& provider,
                                const StarMeasurementOptions& options) {
  CcdZeroPoint out = Measurement(image, facts, references, options).run();
  out.provider = provider;
  return out;
}

}  // namespace brickline
