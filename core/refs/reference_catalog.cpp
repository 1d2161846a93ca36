#include "core/refs/reference_catalog.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <iterator>

#include "core/base/error.h"
#include "core/refs/catalog_sources.h"
#include "core/wcs/sky.h"

namespace brickline {
namespace {

using refs::Region;

// Transforms of the bands g, r, i, z and of the run's others that have one; their names.
std::vector<GaiaTransform> transforms_of(std::span<const std::string> bands,
                                         const std::map<std::string, BandFacts>& band_facts,
                                         std::vector<std::string>& names) {
  std::vector<GaiaTransform> out;
  const auto add = [&](const std::string& band, const std::optional<GaiaTransform>& transform) {
    if (!transform || std::find(names.begin(), names.end(), band) != names.end()) return;
    names.push_back(band);
    out.push_back(*transform);
  };
  for (const char* band : {"g", "r", "i", "z"}) add(band, standard_band_facts(band).gaia);
  for (const std::string& band : bands) {
    const auto own = band_facts.find(band);
    add(band,
        own != band_facts.end() && own->second.gaia ? own->second.gaia : standard_band_facts(band).gaia);
  }
  return out;
}

// A moving point source as bright as the catalog predicts.
SourceModel star_model(const ReferenceObject& row, const ReferenceCatalog& catalog,
                       std::span<const std::string> bands) {
  SourceModel model;
  model.kind = SourceKind::kPsf;
  model.ra = row.ra;
  model.dec = row.dec;
  model.motion = row.motion();
  const float otherwise = row.gaia && row.gaia->phot_g_mean_mag != 0 ? row.gaia->phot_g_mean_mag : row.mag;
  for (const std::string& band : bands) {
    const float predicted = catalog.band_mag(row, band);
    const double mag = predicted != 0 ? predicted : otherwise;
    model.flux.push_back(std::pow(10., (22.5 - mag) / 2.5));
  }
  return model;
}

// Entries of a large galaxy's own fit that are Gaia stars get what Gaia knows of them, and their Gaia row
// goes.
void join_galaxy_entries(std::vector<ReferenceObject>& galaxies, std::vector<ReferenceObject>& gaia) {
  for (ReferenceObject& entry : galaxies) {
    if (!entry.ref_cat.starts_with('G')) continue;
    const auto star = std::find_if(gaia.begin(), gaia.end(),
                                   [&](const ReferenceObject& g) { return g.ref_id == entry.ref_id; });
    if (star == gaia.end()) continue;
    ReferenceObject joined = *star;
    joined.ra = entry.ra;
    joined.dec = entry.dec;
    joined.mag = entry.mag;
    joined.radius = entry.radius;
    joined.keep_radius = entry.keep_radius;
    joined.ba = entry.ba;
    joined.pa = entry.pa;
    joined.is_large_galaxy = entry.is_large_galaxy;
    joined.is_galaxy_fit = entry.is_galaxy_fit;
    joined.freeze = entry.freeze;
    joined.ignore = entry.ignore;
    joined.fitmode = entry.fitmode;
    joined.is_resolved = entry.is_resolved;
    joined.is_mcloud = entry.is_mcloud;
    joined.set_galaxy_maskbit = entry.set_galaxy_maskbit;
    joined.needs_initial_flux = entry.needs_initial_flux;
    joined.model = std::move(entry.model);
    if (joined.model) {
      joined.model->ra = star->ra;
      joined.model->dec = star->dec;
      joined.model->motion = star->motion();
    }
    entry = std::move(joined);
    gaia.erase(star);
  }
}

// A star on top of a large galaxy is the galaxy.
void mark_duplicates(std::span<const ReferenceObject> galaxies, std::span<ReferenceObject> stars,
                     double radius_arcsec) {
  for (const ReferenceObject& galaxy : galaxies) {
    const int i = refs::nearest_row(stars, galaxy.ra, galaxy.dec, radius_arcsec / 3600);
    if (i >= 0)
      stars[static_cast<std::size_t>(i)].ignore = stars[static_cast<std::size_t>(i)].duplicate = true;
  }
}

// Places the rows in the image and drops those that do not touch it.
void keep_touching(std::vector<ReferenceObject>& rows, const Wcs& wcs) {
  const float scale = static_cast<float>(wcs.pixel_scale_arcsec());
  std::erase_if(rows, [&](ReferenceObject& row) {
    const auto p = wcs.sky_to_pixel(row.ra, row.dec);
    if (!p) return true;
    const double keep = std::ceil(3600.f * std::max(row.keep_radius, row.radius) / scale);
    row.radius_pix = static_cast<std::int64_t>(std::ceil(row.radius * 3600.f / scale));
    // The limits are those of 1-based pixels.
    if (!(p->x + 1 > -keep && p->x + 1 < wcs.width() + keep && p->y + 1 > -keep &&
          p->y + 1 < wcs.height() + keep))
      return true;
    row.x = p->x;
    row.y = p->y;
    row.ibx = static_cast<std::int32_t>(std::nearbyint(p->x));
    row.iby = static_cast<std::int32_t>(std::nearbyint(p->y));
    row.in_bounds = row.ibx >= 0 && row.ibx < wcs.width() && row.iby >= 0 && row.iby < wcs.height();
    return row.is_large_galaxy && !row.in_bounds && !row.freeze && !row.is_resolved &&
           !row.set_galaxy_maskbit;
  });
}

// Notes a catalog that is wanted and absent.
class Absences {
 public:
  Absences(const ReferenceOptions& options, ReferenceCatalog& catalog, const Log& log)
      : require_(options.require_all), has_options_(options.has_options), catalog_(catalog), log_(log) {}

  // Whether there is something at `path`; if not, says what that costs and what to do.
  bool is_there(const std::filesystem::path& path, bool directory, std::string_view name,
                std::string_view cost, std::string_view option, std::string_view variable,
                std::string_view without) {
    std::error_code code;
    if (!path.empty() && (directory ? std::filesystem::is_directory(path, code)
                                    : std::filesystem::is_regular_file(path, code)))
      return true;
    const std::string where = path.empty() ? "none is given" : fmt::format("there is no {}", path.string());
    const std::string line = has_options_
                                 ? fmt::format("no {} ({}): {}; give it by {} ({}), or say {}", name, where,
                                               cost, option, variable, without)
                                 : fmt::format("no {} ({}): {}; give it by {}", name, where, cost, variable);
    if (require_) throw input_error("{}", line);
    log_.warning("{}", line);
    catalog_.absent.push_back(line);
    return false;
  }

 private:
  bool require_, has_options_;
  ReferenceCatalog& catalog_;
  const Log& log_;
};

}  // namespace

ReferenceOptions reference_options(const SurveyDirectory& survey, const Environment& environment) {
  ReferenceOptions options;
  std::error_code code;
  constexpr std::string_view kClusters = "NGC-star-clusters.fits";
  const auto own = [&](std::string_view name) {
    const std::filesystem::path path = survey.cached(survey.root() / name);
    return std::filesystem::is_regular_file(path, code) ? path : std::filesystem::path();
  };
  options.tycho_file = own(kTycho2File);
  if (const auto directory = environment("TYCHO2_KD_DIR")) {
    const std::filesystem::path given = std::filesystem::path(*directory) / kTycho2File;
    if (std::filesystem::is_regular_file(given, code) || options.tycho_file.empty())
      options.tycho_file = given;
  }
  if (const auto v = environment("GAIA_CAT_DIR")) options.gaia_dir = *v;
  if (const auto v = environment("GAIA_CAT_PREFIX")) options.gaia_prefix = *v;
  if (const auto v = environment("GAIA_CAT_VER")) options.gaia_version = *v;
  if (const auto v = environment("GAIA_CAT_SCHEME")) {
    if (*v != "ring" && *v != "nested")
      throw usage_error("GAIA_CAT_SCHEME is '{}': known are ring and nested", *v);
    options.gaia_scheme = *v == "ring" ? HealpixScheme::kRing : HealpixScheme::kNested;
  }
  if (const auto v = environment("LARGEGALAXIES_CAT")) options.large_galaxies_file = *v;
  options.star_clusters_file = own(kClusters);
  if (const auto v = environment("STAR_CLUSTERS_CAT")) options.star_clusters_file = *v;
  return options;
}

bool has_gaia_files(const ReferenceOptions& options) {
  std::error_code code;
  const std::string begin = options.gaia_prefix + "-";
  for (std::filesystem::directory_iterator it(options.gaia_dir, code), end; !code && it != end;
       it.increment(code)) {
    const std::string name = it->path().filename().string();
    if (name.starts_with(begin) && name.ends_with(".fits")) return true;
  }
  return false;
}

float StarMask::radius_degrees(float mag) {
  return static_cast<float>(kRadiusOfMagnitude0) * std::pow(static_cast<float>(kBase), -mag);
}

SkyMotion ReferenceObject::motion() const { return {pmra, pmdec, parallax, ref_epoch}; }

float ReferenceCatalog::band_mag(const ReferenceObject& row, std::string_view band) const {
  for (std::size_t i = 0; i < mag_bands.size() && i < row.band_mags.size(); ++i)
    if (mag_bands[i] == band) return row.band_mags[i];
  return 0;
}

namespace refs {

Region padded_region(const Wcs& wcs, double margin_degrees) {
  const int margin = static_cast<int>(std::ceil(margin_degrees * 3600 / wcs.pixel_scale_arcsec()));
  Region region;
  region.wcs = wcs.sub_image({-margin, wcs.width() + margin, -margin, wcs.height() + margin});
  region.centre = region.wcs.center();
  region.radius = region.wcs.radius_degrees();
  return region;
}

std::vector<double> optional_numbers(const fits::Table& table, const char* name) {
  return table.has(name) ? table.numbers(name) : std::vector<double>();
}

std::string does_without(const ReferenceOptions& options, std::string_view option) {
  return options.has_options ? fmt::format("; {} does without", option) : std::string();
}

void require_columns(const fits::Table& table, std::initializer_list<const char*> names) {
  std::string lacking;
  for (const char* name : names)
    if (!table.has(name)) lacking += (lacking.empty() ? "" : ", ") + std::string(name);
  if (!lacking.empty()) throw input_error("the table lacks the column(s) {}", lacking);
}

int nearest_row(std::span<const ReferenceObject> rows, double ra, double dec, double radius) {
  int best = -1;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (!(std::abs(rows[i].dec - dec) <= radius)) continue;
    const double distance = angular_separation(rows[i].ra, rows[i].dec, ra, dec);
    if (distance > radius) continue;
    radius = distance;
    best = static_cast<int>(i);
  }
  return best;
}

}  // namespace refs

ReferenceCatalog read_references(const ReferenceOptions& options, const Wcs& wcs,
                                 std::span<const std::string> bands,
                                 const std::map<std::string, BandFacts>& band_facts, const Log& log) {
  ReferenceCatalog catalog;
  Absences absences(options, catalog, log);
  const std::vector<GaiaTransform> transforms = transforms_of(bands, band_facts, catalog.mag_bands);
  const Region region = refs::padded_region(wcs, options.gaia_margin.value_or(StarMask::kRadiusOfMagnitude0));

  // What a catalog's own file is blamed for names the way to do without it.
  const auto reading = [&](const std::filesystem::path& file, std::string_view what, std::string_view without,
                           auto&& read) {
    try {
      return read();
    } catch (Error& error) {
      error.in_file(file.string()).while_doing(std::string(what) + refs::does_without(options, without));
      throw;
    }
  };

  std::vector<ReferenceObject> tycho, gaia, clusters;
  refs::LargeGalaxies galaxies;
  if (options.tycho && absences.is_there(options.tycho_file, false, "Tycho-2 catalog",
                                         "the brightest stars, which Gaia lacks, are not masked",
                                         "--tycho-dir", "TYCHO2_KD_DIR", "--no-tycho")) {
    tycho = reading(options.tycho_file, "reading Tycho-2's stars", "--no-tycho",
                    [&] { return refs::read_tycho2(options.tycho_file, region, log); });
    catalog.files.push_back(options.tycho_file);
  }
  if (options.gaia &&
      absences.is_there(options.gaia_dir, true, "Gaia catalog",
                        "no star is known beforehand, so none is masked, none has its halo subtracted, and "
                        "moving stars are fitted at a fixed position",
                        "--gaia-dir", "GAIA_CAT_DIR", "--no-gaia"))
    gaia = refs::read_gaia(options, region, transforms, catalog.files);
  if (options.star_clusters &&
      absences.is_there(options.star_clusters_file, false, "catalog of star clusters",
                        "globular clusters and planetary nebulae are not masked", "--star-clusters",
                        "STAR_CLUSTERS_CAT", "--no-star-clusters")) {
    clusters = reading(options.star_clusters_file, "reading star clusters", "--no-star-clusters",
                       [&] { return refs::read_star_clusters(options.star_clusters_file, region, log); });
    catalog.files.push_back(options.star_clusters_file);
  }
  if (options.large_galaxies &&
      absences.is_there(options.large_galaxies_file, false, "catalog of large galaxies",
                        "they are not masked and are fitted in pieces", "--large-galaxies",
                        "LARGEGALAXIES_CAT", "--no-large-galaxies")) {
    galaxies = reading(options.large_galaxies_file, "reading large galaxies", "--no-large-galaxies",
                       [&] { return refs::read_large_galaxies(options, wcs, bands, log); });
    catalog.files.push_back(options.large_galaxies_file);
    catalog.large_galaxies_version = galaxies.version;
  }
  log.info(
      "reference catalogs: {} stars of Tycho-2, {} of Gaia, {} clusters, {} large galaxies in the region",
      tycho.size(), gaia.size(), clusters.size(), galaxies.rows.size());

  catalog.had_tycho = !tycho.empty();
  catalog.had_gaia = !gaia.empty();
  catalog.had_clusters = !clusters.empty();
  catalog.had_galaxies = !galaxies.rows.empty();
  refs::merge_tycho_into_gaia(tycho, gaia);
  if (galaxies.refer_to_gaia) join_galaxy_entries(galaxies.rows, gaia);
  mark_duplicates(galaxies.rows, gaia, 2);
  mark_duplicates(galaxies.rows, tycho, 5);

  for (std::vector<ReferenceObject>* part : {&tycho, &gaia, &clusters, &galaxies.rows}) {
    keep_touching(*part, wcs);
    std::move(part->begin(), part->end(), std::back_inserter(catalog.rows));
  }
  for (ReferenceObject& row : catalog.rows)
    if ((row.is_gaia || row.is_tycho) && !row.model) row.model = star_model(row, catalog, bands);
  return catalog;
}

}  // namespace brickline
