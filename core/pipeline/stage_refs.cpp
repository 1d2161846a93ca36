#include <algorithm>

#include "core/pipeline/stage_products.h"
#include "core/pipeline/stages.h"
#include "core/refs/reference_table.h"
#include "core/survey/provenance.h"
#include "core/survey/survey_directory.h"

namespace brickline {
namespace {

ReferenceOptions choose(const ReferenceChoice& choice, const SurveyDirectory& survey) {
  // What is given on the command line stands for the environment's value.
  const Environment environment = [&](const std::string& name) -> std::optional<std::string> {
    const auto given = [](const auto& value) -> std::optional<std::string> {
      if (value.empty()) return {};
      return std::string(value);
    };
    std::optional<std::string> own;
    if (name == "TYCHO2_KD_DIR") own = given(choice.tycho_dir);
    if (name == "GAIA_CAT_DIR") own = given(choice.gaia_dir);
    if (name == "GAIA_CAT_PREFIX") own = given(choice.gaia_prefix);
    if (name == "GAIA_CAT_SCHEME") own = given(choice.gaia_scheme);
    if (name == "GAIA_CAT_VER") own = given(choice.gaia_version);
    if (name == "LARGEGALAXIES_CAT") own = given(choice.large_galaxies_file);
    if (name == "STAR_CLUSTERS_CAT") own = given(choice.star_clusters_file);
    return own ? own : process_environment(name);
  };
  ReferenceOptions options = reference_options(survey, environment);
  options.tycho = !choice.no_tycho;
  options.gaia = !choice.no_gaia;
  options.large_galaxies = !choice.no_large_galaxies;
  options.star_clusters = !choice.no_star_clusters;
  options.require_all = choice.require;
  return options;
}

std::vector<Dependency> dependencies_of(const ReferenceOptions& options, const ReferenceCatalog& catalog) {
  const auto was_read = [&](const std::filesystem::path& file) {
    return !file.empty() && std::ranges::find(catalog.files, file) != catalog.files.end();
  };
  std::vector<Dependency> out;
  if (was_read(options.large_galaxies_file))
    out.push_back({"LARGEGALAXIES_CAT",
                   options.large_galaxies_file.filename().string() + " " + catalog.large_galaxies_version});
  if (was_read(options.tycho_file)) out.push_back({"TYCHO2_KD", options.tycho_file.filename().string()});
  if (options.gaia && std::ranges::any_of(catalog.files, [&](const std::filesystem::path& file) {
        return file.parent_path() == options.gaia_dir;
      }))
    out.push_back({"GAIA_CAT", "G" + options.gaia_version});
  if (was_read(options.star_clusters_file))
    out.push_back({"STAR_CLUSTERS_CAT", options.star_clusters_file.filename().string()});
  return out;
}

}  // namespace

RefsState run_refs(const BrickOptions& options, const TimsState& tims, ProductSet& products, const Log& log) {
  const SurveyDirectory survey = SurveyDirectory::open(
      options.survey_dir.empty() ? std::nullopt : std::optional(options.survey_dir), options.cache_dir);
  RefsState out;
  const ReferenceOptions sources = choose(options.references, survey);
  out.catalog = read_references(sources, tims.brick.wcs, tims.bands, tims.band_facts, log);
  out.dependencies = dependencies_of(sources, out.catalog);
  out.mask = reference_mask(out.catalog.rows, tims.brick.wcs);
  if (out.catalog.empty()) return out;
  const auto path = product_paths(options, tims.brick)("ref-sources", "");
  fits::Header header = tims.version_header;
  add_dependency_cards(header, out.dependencies);
  products.record(path, write_reference_table(path, out.catalog, header));
  return out;
}

std::vector<std::array<double, 2>> gaia_pixels(const RefsState& refs) {
  std::vector<std::array<double, 2>> pixels;
  for (const ReferenceObject& row : refs.catalog.rows)
    if (row.is_gaia) pixels.push_back({row.x, row.y});
  return pixels;
}

}  // namespace brickline
