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

}  // namespace

RefsState run_refs(const BrickOptions& options, const TimsState& tims, ProductSet& products, const Log& log) {
  const SurveyDirectory survey = SurveyDirectory::open(
      options.survey_dir.empty() ? std::nullopt : std::optional(options.survey_dir), options.cache_dir);
  RefsState out;
  out.catalog =
      read_references(choose(options.references, survey), tims.brick.wcs, tims.bands, tims.band_facts, log);
  out.mask = reference_mask(out.catalog.rows, tims.brick.wcs);
  if (out.catalog.empty()) return out;
  const auto path = product_paths(options, tims.brick)("ref-sources", "");
  products.record(path, write_reference_table(path, out.catalog, tims.version_header));
  return out;
}

std::vector<std::array<double, 2>> gaia_pixels(const RefsState& refs) {
  std::vector<std::array<double, 2>> pixels;
  for (const ReferenceObject& row : refs.catalog.rows)
    if (row.is_gaia) pixels.push_back({row.x, row.y});
  return pixels;
}

}  // namespace brickline
