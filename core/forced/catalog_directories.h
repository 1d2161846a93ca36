// The catalogs of bricks as sources of one CCD: which files, which of their rows, and the large galaxies that reach it
// from outside.
#pragma once

#include <filesystem>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "core/base/log.h"
#include "core/base/read_log.h"
#include "core/forced/forced_source.h"
#include "core/refs/reference_object.h"
#include "core/survey/bricks.h"
#include "core/wcs/wcs.h"

namespace brickline {

// Where bricks' catalogs are, DIR/tractor/BBB/tractor-BRICK.fits: in one directory, or in two of a survey whose north
// and south were worked on apart and overlap.
struct CatalogDirectories {
  std::filesystem::path all;  // empty: the other two
  std::filesystem::path north, south;
  // The north begins there (degrees of declination), north of the Galaxy's plane; all else is the south. The Legacy
  // Surveys' own.
  double resolve_dec = kResolveDec;
  static constexpr double kResolveDec = 32.375;

  // The one whose sources count at a position.
  const std::filesystem::path& of(double ra, double dec) const;
  // Those that a brick's own area has a part in.
  std::vector<std::filesystem::path> of(const Brick& brick) const;
};

// DIR/tractor/BBB/tractor-BRICK.fits
std::filesystem::path catalog_file(const std::filesystem::path& directory, const Brick& brick);

// Sources of catalogs, and the profiles that those say, whether there are galaxies among them or not; none where no catalog
// has rows here.
struct SourcesNear {
  std::vector<ForcedSource> sources;
  std::optional<GalaxyProfiles> profiles;
};

// The rows of all bricks whose images touch the CCD that belong to their brick's own area, have a profile, and stand
// (unmoved) within `kForcedMargin` pixels of the region. One line of the log names the bricks without a catalog. Error (kInput)
// naming the file if its galaxies have other profiles than those of the catalogs before it.
SourcesNear forced_sources_near(const CatalogDirectories& catalogs, const BrickTable& bricks,
                                const ForcedRegion& region, std::string_view band, const Log& log);

// Appends the large galaxies whose models are frozen, that reach the CCD (`reaching`, with models in its band alone) and
// are not among the sources: as the catalog of the brick that they lie in has them, else as their own catalog does,
// without a row in the table. `profiles`: of the sources, which fluxes of the models in `reaching` are of. Error (kInput)
// naming the file if a brick's catalog has other ones.
void add_large_galaxies(std::vector<ForcedSource>& sources, std::span<const ReferenceObject> reaching,
                        const CatalogDirectories& catalogs, const BrickTable& bricks, std::string_view band,
                        GalaxyProfiles profiles, const Log& log, ReadLog* reads = nullptr);

// The same of those that are none of `known` either, as their own catalog has them.
void add_frozen_galaxies(std::vector<ForcedSource>& sources, std::span<const ForcedSource> known,
                         std::span<const ReferenceObject> reaching, GalaxyProfiles profiles);

}  // namespace brickline
