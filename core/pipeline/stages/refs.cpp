#include "core/pipeline/stages/refs.h"

#include <algorithm>

#include "core/base/error.h"
#include "core/fits/fits_reader.h"
#include "core/pipeline/header_cards.h"
#include "core/refs/reference_table.h"
#include "core/survey/provenance.h"

namespace brickline {
namespace {

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

ReferenceOptions reference_options(const ReferenceChoice& choice, const SurveyDirectory& survey) {
  // What the options say stands for the environment's values, which they have been completed with.
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
    return own;
  };
  ReferenceOptions options = reference_options(survey, environment);
  options.tycho = !choice.no_tycho;
  options.gaia = !choice.no_gaia;
  options.large_galaxies = !choice.no_large_galaxies;
  options.star_clusters = !choice.no_star_clusters;
  options.require_all = choice.require;
  return options;
}

void check_refs(const ReferenceChoice& choice, RunContext& run) {
  const ReferenceOptions sources = reference_options(choice, run.survey);
  std::error_code code;
  // What is not there is a warning of the stage itself, unless it is required.
  const auto check = [&](bool wanted, const std::filesystem::path& path, bool directory,
                         std::string_view what, std::string_view without) {
    if (!wanted) return;
    const bool there = !path.empty() && (directory ? std::filesystem::is_directory(path, code)
                                                   : std::filesystem::is_regular_file(path, code));
    if (!there && sources.require_all)
      throw input_error("{} is required and not there ({} does without)", what, without)
          .in_file(path.string());
    if (!there || directory) return;
    try {
      fits::FitsReader reader(path);
      if (reader.hdu_count() < 2) throw input_error("no table in it").in_file(path.string());
    } catch (Error& error) {
      throw error.while_doing(fmt::format("looking at {}; {} does without", what, without));
    }
  };
  check(sources.tycho, sources.tycho_file, false, "the Tycho-2 catalog", "--no-tycho");
  check(sources.gaia, sources.gaia_dir, true, "the directory of Gaia's files", "--no-gaia");
  if (sources.gaia && std::filesystem::is_directory(sources.gaia_dir, code) && !has_gaia_files(sources))
    throw input_error(
        "none of Gaia's files is there ({}-NNNNN.fits): --gaia-dir (GAIA_CAT_DIR) and --gaia-prefix "
        "(GAIA_CAT_PREFIX) say where they are and how they are called; --no-gaia does without",
        sources.gaia_prefix)
        .in_file(sources.gaia_dir.string());
  check(sources.large_galaxies, sources.large_galaxies_file, false, "the catalog of large galaxies",
        "--no-large-galaxies");
  check(sources.star_clusters, sources.star_clusters_file, false, "the table of star clusters",
        "--no-star-clusters");
}

Outcome<References> run_refs(const ReferenceChoice& choice, const Selection& selection,
                             const RunHeader& header, StageProducts& products, RunContext& run) {
  References out;
  const ReferenceOptions sources = reference_options(choice, run.survey);
  for (const std::filesystem::path& file :
       {sources.tycho_file, sources.large_galaxies_file, sources.star_clusters_file})
    if (!file.empty()) run.note(file);
  out.catalog = read_references(sources, selection.brick.wcs, selection.bands, selection.band_facts, run.log);
  for (const std::filesystem::path& file : out.catalog.files) run.note(file);
  out.mask = reference_mask(out.catalog.rows, selection.brick.wcs);
  fits::Header cards = header.cards;
  add_dependency_cards(cards, dependencies_of(sources, out.catalog));
  if (!out.catalog.empty()) {
    const auto path = products.path(Product::kRefSources);
    products.set().record(path, write_reference_table(path, out.catalog, cards));
  }
  Outcome<References> outcome(std::move(out));
  outcome.cards = cards_added(header.cards, cards);
  return outcome;
}

std::vector<std::array<double, 2>> gaia_pixels(const References& references) {
  std::vector<std::array<double, 2>> pixels;
  for (const ReferenceObject& row : references.catalog.rows)
    if (row.is_gaia) pixels.push_back({row.x, row.y});
  return pixels;
}

}  // namespace brickline
