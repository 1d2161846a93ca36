#include "core/forced/catalog_directories.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "core/base/error.h"
#include "core/catalog/dust.h"
#include "core/wcs/sky.h"

namespace brickline {
namespace {

bool is_file(const std::filesystem::path& file) {
  std::error_code ignored;
  return std::filesystem::exists(file, ignored);
}

bool is_there(const ForcedSource& source, const ReferenceObject& galaxy) {
  return source.is_large_galaxy() && angular_separation(source.model.ra, source.model.dec, galaxy.ra,
                                                        galaxy.dec) < kSamePlaceArcsec / 3600;
}

bool is_among(std::span<const ForcedSource> sources, const ReferenceObject& galaxy) {
  return std::ranges::any_of(sources, [&](const ForcedSource& s) { return is_there(s, galaxy); });
}

bool is_frozen(const ReferenceObject& galaxy) {
  return galaxy.is_large_galaxy && galaxy.freeze && !galaxy.ignore && galaxy.model;
}

void require_in(const std::filesystem::path& file, const ForcedSource& source, GalaxyProfiles profiles) {
  try {
    require_same_profiles(source, profiles);
  } catch (Error& e) {
    e.in_file(file.string());
    throw;
  }
}

// As the catalog of the brick around it has it.
std::optional<ForcedSource> in_its_brick(const ReferenceObject& galaxy, const CatalogDirectories& catalogs,
                                         const BrickTable& bricks, std::string_view band,
                                         GalaxyProfiles profiles, ReadLog* reads) {
  for (const Brick& brick : bricks.bricks()) {
    if (!brick.contains(galaxy.ra, galaxy.dec)) continue;
    const std::filesystem::path file = catalog_file(catalogs.of(galaxy.ra, galaxy.dec), brick);
    if (reads) reads->note(file);
    if (!is_file(file)) continue;
    for (ForcedSource& s : read_forced_sources(file, band))
      if (s.primary && s.has_profile && is_there(s, galaxy)) {
        require_in(file, s, profiles);
        return std::move(s);
      }
  }
  return std::nullopt;
}

ForcedSource as_its_catalog_has_it(const ReferenceObject& galaxy, GalaxyProfiles profiles) {
  ForcedSource s{.profiles = profiles};
  s.primary = s.reported = false;
  s.ref_cat = galaxy.ref_cat;
  s.ref_id = galaxy.ref_id;
  s.model = *galaxy.model;
  if (!galaxy.needs_initial_flux && !s.model.flux.empty()) s.flux = static_cast<float>(s.model.flux.front());
  s.model.flux.clear();
  return s;
}

}  // namespace

const std::filesystem::path& CatalogDirectories::of(double ra, double dec) const {
  if (!all.empty()) return all;
  return dec >= resolve_dec && galactic_from_equatorial(ra, dec).b > 0 ? north : south;
}

std::vector<std::filesystem::path> CatalogDirectories::of(const Brick& brick) const {
  if (!all.empty()) return {all};
  std::vector<std::filesystem::path> out;
  for (const double ra : {brick.ra1, brick.ra, brick.ra2})
    for (const double dec : {brick.dec1, brick.dec, brick.dec2})
      if (const auto& directory = of(ra, dec); std::ranges::find(out, directory) == out.end())
        out.push_back(directory);
  std::ranges::sort(out);
  return out;
}

std::filesystem::path catalog_file(const std::filesystem::path& directory, const Brick& brick) {
  return directory / "tractor" / brick.name.substr(0, 3) / ("tractor-" + brick.name + ".fits");
}

SourcesNear forced_sources_near(const CatalogDirectories& catalogs, const BrickTable& bricks,
                                const ForcedRegion& region, std::string_view band, const Log& log) {
  SourcesNear out;
  std::string missing;
  const auto is_galaxy = [](const ForcedSource& s) { return s.model.is_galaxy(); };
  for (const Brick& brick : bricks.touching(*region.wcs))
    for (const std::filesystem::path& directory : catalogs.of(brick)) {
      const std::filesystem::path file = catalog_file(directory, brick);
      if (!is_file(file)) {
        missing += (missing.empty() ? "" : ", ") + file.string();
        continue;
      }
      for (ForcedSource& s : read_forced_sources(file, band)) {
        if (!s.primary || !s.has_profile || !is_near(s, region) ||
            catalogs.of(s.model.ra, s.model.dec) != directory)
          continue;
        // The first galaxy's count for more than those of stars before it, of any catalog.
        if (!out.profiles || (is_galaxy(s) && std::ranges::none_of(out.sources, is_galaxy)))
          out.profiles = s.profiles;
        require_in(file, s, *out.profiles);
        out.sources.push_back(std::move(s));
      }
    }
  if (!missing.empty())
    log.warning("no catalogs of bricks that the CCD touches, nothing of theirs is measured: {}", missing);
  return out;
}

void add_large_galaxies(std::vector<ForcedSource>& sources, std::span<const ReferenceObject> reaching,
                        const CatalogDirectories& catalogs, const BrickTable& bricks, std::string_view band,
                        GalaxyProfiles profiles, const Log& log, ReadLog* reads) {
  for (const ReferenceObject& galaxy : reaching) {
    if (!is_frozen(galaxy) || is_among(sources, galaxy)) continue;
    std::optional<ForcedSource> found = in_its_brick(galaxy, catalogs, bricks, band, profiles, reads);
    log.info(
        "large galaxy {} {}: {}", galaxy.ref_cat, galaxy.ref_id,
        found ? "as brick " + found->brickname + " has it" : "in no catalog of a brick; as its own has it");
    sources.push_back(found ? std::move(*found) : as_its_catalog_has_it(galaxy, profiles));
  }
}

void add_frozen_galaxies(std::vector<ForcedSource>& sources, std::span<const ForcedSource> known,
                         std::span<const ReferenceObject> reaching, GalaxyProfiles profiles) {
  for (const ReferenceObject& galaxy : reaching)
    if (is_frozen(galaxy) && !is_among(sources, galaxy) && !is_among(known, galaxy))
      sources.push_back(as_its_catalog_has_it(galaxy, profiles));
}

}  // namespace brickline
