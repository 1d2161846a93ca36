// The single catalogs that reference_catalog.h puts together. Private to this room.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "core/base/log.h"
#include "core/fits/fits_reader.h"
#include "core/fits/table.h"
#include "core/refs/gaia_magnitude.h"
#include "core/refs/reference_catalog.h"
#include "core/wcs/wcs.h"

namespace brickline::refs {

// z's place in ReferenceCatalog::mag_bands, which begin with g, r, i, z.
inline constexpr std::size_t kMagBandZ = 3;

// The image with a margin, in which stars and clusters are looked for.
struct Region {
  Wcs wcs;
  SkyPosition centre;
  double radius = 0;  // centre to corner, degrees
};
Region padded_region(const Wcs& wcs, double margin_degrees);

// The files' healpix numbers that the region touches, in increasing order.
std::vector<int> gaia_healpixes(const Region& region, HealpixScheme scheme);

// Rows in the region, brightest first, with the predicted magnitudes of `transforms` in band_mags. Error if a
// file is missing or cannot be used.
std::vector<ReferenceObject> read_gaia(const ReferenceOptions& options, const Region& region,
                                       std::span<const GaiaTransform> transforms,
                                       std::vector<std::filesystem::path>& files);

// Rows of HDU 1 within `radius` degrees of a position, in the order of the file's search tree (the first of
// `trees` that is there). Without a usable one all rows are looked through, in the file's order, with a
// warning.
std::vector<std::int64_t> rows_near(fits::FitsReader& reader, std::initializer_list<const char*> trees,
                                    const SkyPosition& centre, double radius, const Log& log);

// Stars within a degree of the region's centre that are bright enough to have a mask.
std::vector<ReferenceObject> read_tycho2(const std::filesystem::path& file, const Region& region,
                                         const Log& log);

// Gaia rows that are a Tycho-2 star take over its flags; such Tycho-2 rows go.
void merge_tycho_into_gaia(std::vector<ReferenceObject>& tycho, std::vector<ReferenceObject>& gaia);

// Clusters whose radius reaches into the region. Those in it of unknown size are entries without a mask, which
// the log is told.
std::vector<ReferenceObject> read_star_clusters(const std::filesystem::path& file, const Region& region,
                                                const Log& log);

struct LargeGalaxies {
  std::vector<ReferenceObject> rows;
  std::string version;         // "L3", "LG" ...
  bool refer_to_gaia = false;  // rows may be entries of Gaia ("G2" ...)
};
LargeGalaxies read_large_galaxies(const ReferenceOptions& options, const Wcs& wcs,
                                  std::span<const std::string> bands, const Log& log);

// A column as numbers; empty if the table does not have it.
std::vector<double> optional_numbers(const fits::Table& table, const char* name);
// For messages: "; --no-gaia does without", where the program has such an option.
std::string does_without(const ReferenceOptions& options, std::string_view option);
// Error naming all columns that the table lacks.
void require_columns(const fits::Table& table, std::initializer_list<const char*> names);

// The row nearest to a position within `radius` degrees; -1: none.
int nearest_row(std::span<const ReferenceObject> rows, double ra, double dec, double radius);

// Entries whose values are unusable, told once for a file: "FILE: 3 entries have no usable SIZE (the first: ...);
// CONSEQUENCE".
class UnusableEntries {
 public:
  UnusableEntries(std::string value, std::string consequence)
      : value_(std::move(value)), consequence_(std::move(consequence)) {}
  void note(double ra, double dec) {
    if (count_++ == 0) first_ = {ra, dec};
  }
  void tell(const std::string& file, const Log& log) const {
    if (count_ > 0)
      log.warning("{}: {} entries have no usable {} (the first at {:.5f} {:.5f}); {}", file, count_, value_,
                  first_.ra, first_.dec, consequence_);
  }

 private:
  std::string value_, consequence_;
  std::int64_t count_ = 0;
  SkyPosition first_;
};

inline float finite_or_zero(double v) {
  const float f = static_cast<float>(v);
  return f - f == 0 ? f : 0.f;
}

}  // namespace brickline::refs
