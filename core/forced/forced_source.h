// The sources whose fluxes forced photometry measures: rows of catalogs (tractor/BBB/tractor-BRICK.fits), with what
// says how a source looks, where it stands and which row it is.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/log.h"
#include "core/base/required.h"
#include "core/fits/table.h"
#include "core/model/galaxy_profiles.h"
#include "core/model/source_model.h"
#include "core/wcs/wcs.h"

namespace brickline {

struct ForcedSource {
  std::int32_t release = 0, brickid = 0, objid = 0;
  std::string brickname;
  bool primary = true;  // it belongs to its brick's own area
  // Row of a table of matches (core/release/match.h) that has none: no source at all.
  bool matched = true;
  // Without a profile of its own: a star at the place of a large galaxy (DUP), nothing fitted (NUN). Fitted as a point
  // source where a person asks for it.
  bool has_profile = true;
  std::string ref_cat;
  std::int64_t ref_id = 0;
  SourceModel model;  // the position at the motion's epoch, if it has a motion; no fluxes
  // Of its catalog; all sources that are measured together have the same.
  Required<GalaxyProfiles> profiles;
  std::optional<float> flux;  // the catalog's, in the image's band
  // Of the position, shape and index where a fit has left it, packed as FittedSource::covariance; empty: not known.
  static constexpr std::size_t kFitted = 6;
  std::vector<float> covariance;
  double fitted_covariance(std::size_t i, std::size_t j) const;
  double common_variance = 0;  // common_flux_variance() of the fit's bands (core/forced/flux_errors.h)
  bool reported = true;        // false: fitted with the others, and not in the table
  // Of a catalog of large galaxies.
  bool is_large_galaxy() const { return !ref_cat.empty() && ref_cat.front() == 'L'; }
};

// All rows of a catalog. `band`: of the images to be measured. Error (kInput) naming a column that is missing or a
// row that makes no sense; the caller names the file.
std::vector<ForcedSource> forced_sources(const fits::Table& catalog, std::string_view band,
                                         GalaxyProfiles profiles);
// The same of a file (its table called CATALOG, else its first), with the profiles that its header says
// (core/model/profiles_card.h).
std::vector<ForcedSource> read_forced_sources(const std::filesystem::path& catalog, std::string_view band);

// Of a file that somebody has put together, say `survey match`: the rows that are to be measured, each once. Rows without a
// profile or a match, and those that repeat another, are told. Error (kInput) as above, and for two rows of one release,
// brickid and objid that are different sources: nobody could tell their measurements apart.
std::vector<ForcedSource> read_chosen_sources(const std::filesystem::path& catalog, std::string_view band,
                                              const Log& log = {});

// Of sources that are measured together: their galaxies'. The reference's where there is none: what galaxies that join such
// sources are to have is known from the catalogs alone.
GalaxyProfiles profiles_of(std::span<const ForcedSource> sources);
// Error (kInput) if it is a galaxy and has other profiles than these; the caller names the file.
void require_same_profiles(const ForcedSource& source, GalaxyProfiles profiles);

// Sources nearer than this are one.
inline constexpr double kSamePlaceArcsec = 0.1;
inline constexpr int kForcedMargin = 20;  // pixels around a region in which sources count as its own

// Which of the sky a CCD, or a part of it, measures.
struct ForcedRegion {
  const Wcs* wcs = nullptr;  // of the whole CCD
  Box box;                   // of it
};

// Whether a source stands (unmoved) within kForcedMargin pixels of the region.
bool is_near(const ForcedSource& source, const ForcedRegion& region);

// The sources as rows of a catalog, with the columns of catalogs that forced photometry reads, at the places where
// the catalog has them; flux_BAND if any of them has one.
fits::Table source_table(std::span<const ForcedSource> sources, std::string_view band);

}  // namespace brickline
