// Catalogs of stars whose places or magnitudes are known: Gaia with its synthetic photometry and its spectra, Pan-STARRS 1,
// SDSS, and those that a camera's facts or a user describe. They come as directories of FITS tables, one for each HEALPix
// pixel, of which those that an image touches are read.
#pragma once

#include <cstdint>
#include <filesystem>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "core/facts/camera_facts.h"
#include "core/fits/table.h"
#include "core/refs/reference_catalog.h"
#include "core/wcs/wcs.h"
#include "core/zeropoints/xp_photometry.h"

namespace brickline {

// Where a catalog's files are. In their names "{healpix}" stands for the pixel's number with five digits.
struct CatalogFiles {
  std::filesystem::path directory;
  std::string pattern;
  HealpixScheme scheme = HealpixScheme::kRing;
  int nside = 32;

  std::filesystem::path file(int pixel) const;
};

// The part of the sky that an image sees, and a margin of `margin_pixels` around it.
class Footprint {
 public:
  Footprint(const Wcs& wcs, double margin_pixels);
  // The catalog's pixels that it touches, in increasing order: those of positions on a grid with steps of at most
  // 100 image pixels.
  std::vector<int> healpixes(const CatalogFiles& files) const;
  // The image pixel of a position in it, both ends of the margin included; empty elsewhere.
  std::optional<PixelPosition> pixel(double ra, double dec) const;

 private:
  const Wcs& wcs_;
  double margin_, radius_ = 0, ra_reach_ = 360;
  SkyPosition centre_;
};

// Tables of catalogs, of which the last ones used are kept: the CCDs of an exposure see the same files. Safe from any
// thread.
class CatalogCache {
 public:
  explicit CatalogCache(std::size_t most_tables = 12) : most_(most_tables) {}
  // HDU 1, those of `columns` that it has. Error (kInput) that names the file if it is missing or cannot be read.
  std::shared_ptr<const fits::Table> table(const std::filesystem::path& file,
                                           const std::vector<std::string>& columns);

 private:
  struct Entry {
    std::filesystem::path file;
    std::vector<std::string> columns;
    std::shared_ptr<const fits::Table> table;
  };
  std::mutex mutex_;
  std::list<Entry> entries_;  // last used first
  std::size_t most_;
};

struct GaiaStar {
  std::int64_t id = 0;
  double ra = 0, dec = 0;                                   // degrees, at ref_epoch
  double ref_epoch = 0, pmra = 0, pmdec = 0, parallax = 0;  // years, mas/yr, mas; unknown motions are 0
  float g = 0, bp = 0, rp = 0;                              // mag; 0: unknown
  float g_error = 0, bp_error = 0, rp_error = 0;            // mag: 2.5/ln 10 / max(1, flux over error)
};

// Stars of the footprint in the order of the files and their rows. Error (kInput): a file is missing, or lacks
// columns, which are named.
std::vector<GaiaStar> read_gaia_stars(const CatalogFiles& files, const Footprint& footprint,
                                      CatalogCache& cache);

// A star with magnitudes in the catalog's own bands.
struct PhotometricStar {
  std::int64_t id = 0;
  double ra = 0, dec = 0;
  std::vector<double> mags;  // as PhotometricCatalog::bands; NaN: not measured
  bool complete = true;      // measured in what the catalog asks for
};

// How a catalog's tables are read.
struct PhotometricCatalog {
  std::string name;  // "ps1", "sdss", or as the facts call it
  CatalogFiles files;
  std::vector<std::string> bands;
  std::string ra = "ra", dec = "dec", id;  // columns; no id: rows have none
  // The magnitudes: a column for each band, or the elements of one column, which may hold nanomaggies.
  std::vector<std::string> columns;
  bool fluxes = false;
  // Measurements per band; stars without any in g, r or i are not used.
  std::string counts;
  // Conditions "COLUMN OP NUMBER" (OP one of > >= < <= == !=) of stars that are used.
  std::vector<std::string> require;

  // Of Gaia itself: its rows are read from Gaia's chunks, and joined to Gaia's stars by their identifiers. Zeros of
  // phot_{g,bp,rp}_mean_mag are unknown.
  bool of_gaia = false;
  // By band: a column that is 1 where the magnitude counts, looked at where the table has it.
  std::vector<std::string> flags;
  // Bands that the term at hand needs: columns of others may be absent, and are then NaN. Empty: all.
  std::vector<std::string> needed_bands;
  // The magnitude in the last band, which has no column, by the spectrum.
  std::optional<XpBand> spectrum;

  static PhotometricCatalog ps1();
  static PhotometricCatalog sdss();
  // Gaia's synthetic photometry (Gaia DR3, table synthetic_photometry_gspc; Gaia Collaboration, Montegriffo et al. 2023,
  // A&A 674, A33), kept in Gaia's chunks with the archive's names: bands U, B, V, R, I (Johnson-Kron-Cousins, Vega), u, g,
  // r, i, z (SDSS) and Y (Pan-STARRS), AB; then G, BP, RP of Gaia. A magnitude whose flag is not 1, which is outside of the
  // range for which Gaia validated it, is NaN.
  static PhotometricCatalog gspc();
  // Gaia's spectra: bands G, BP, RP of Gaia and AB, the magnitude in the band of `spectrum`.
  static PhotometricCatalog xp(XpBand spectrum);
  // As the camera's facts describe one of the user's own. Error (kInput) naming the fact that is missing.
  static PhotometricCatalog described(const std::string& name, const CatalogueFacts& facts);
};

std::vector<PhotometricStar> read_photometric_stars(const PhotometricCatalog& catalog,
                                                    const Footprint& footprint, CatalogCache& cache);
// All of one file.
std::vector<PhotometricStar> read_photometric_stars(const PhotometricCatalog& catalog,
                                                    const std::filesystem::path& file);

}  // namespace brickline
