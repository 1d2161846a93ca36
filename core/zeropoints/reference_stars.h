// The stars that a CCD is measured with: of Gaia for its astrometry, of a photometric catalog for its zero point,
// joined where both have the same star.
#pragma once

#include <array>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "core/facts/camera_facts.h"
#include "core/zeropoints/star_catalogs.h"

namespace brickline {

struct ReferenceStar {
  GaiaStar gaia;  // id 0: not one of Gaia's
  double ra_now = 0,
         dec_now = 0;  // at the time of the exposure, for Gaia's stars; else the photometric catalog's
  bool astrometric() const { return gaia.id != 0; }
  PhotometricStar photometric;  // of another catalog than Gaia
  bool has_photometric = false;
  // In the camera's band, from the catalog and its colour term; NaN: it has none.
  double mag = std::numeric_limits<double>::quiet_NaN();
  bool usable = false;  // for the zero point, by its colour and by how it was measured
  double ra() const { return astrometric() ? gaia.ra : photometric.ra; }
  double dec() const { return astrometric() ? gaia.dec : photometric.dec; }
};

// The magnitude in a camera's band of a star of another catalog: that in the term's base band plus the polynomial of
// its colour, clipped; NaN if one of them is. `bands`: of `mags`. Error (kInput) if the catalog has not those bands.
double transformed_magnitude(const ColourTerm& term, const std::vector<std::string>& bands,
                             const std::vector<double>& mags);

// Where magnitudes come from, for one band of a camera.
struct PhotometricProvider {
  std::string name;                           // "ps1", "gaia", ...
  std::optional<PhotometricCatalog> catalog;  // absent: Gaia itself
  ColourTerm term;
  std::array<double, 2> colour_range{-1e9, 1e9};  // mag, of stars that are used; both ends outside
  // Whose colour the range is of. Empty: no range.
  std::array<std::string, 2> range_colour;
};

// That of camera `facts` in a band. Empty if its facts have no colour term from that catalog for it; of Gaia's spectra
// ("xp"), no transmission, which is all that they need: a term is one from the magnitude so found (AB) to the camera's.
// `basis`: that of continuous spectra; without it they are sampled ones. Error (kInput): the band is not within the spectra,
// or its curve is none.
std::optional<PhotometricProvider> photometric_provider(const CameraFacts& facts, const std::string& catalog,
                                                        const std::string& band,
                                                        const XpBasis* basis = nullptr);

struct ReferenceStarOptions {
  double match_radius_arcsec =
      1;  // of a photometric star around one of Gaia's, both at their catalogs' epochs
  double footprint_margin_pixels = 10;
  int most_stars = 1000;  // of each catalog, the brightest
};

struct ReferenceStars {
  std::vector<ReferenceStar> stars;  // Gaia's alone, then the photometric ones
  int gaia = 0, photometric = 0, usable = 0;
  std::string no_photometry;  // why there are no magnitudes
  double term_error = 0;      // mag, of the colour term, as the facts tell it (ColourTerm::error)
};

// Stars of the image of `wcs`. Gaia's are moved to `mjd` (UTC). Error (kInput) where a file of Gaia's is missing or
// cannot be used; what is wrong with the photometric catalog's is told in no_photometry.
ReferenceStars read_reference_stars(const Wcs& wcs, double mjd, const CatalogFiles& gaia,
                                    const PhotometricProvider* provider, const ReferenceStarOptions& options,
                                    CatalogCache& cache);

}  // namespace brickline
