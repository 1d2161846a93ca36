// forced-photom merge: the measurements of a brick's objects in one file, and their averages.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <numeric>
#include <optional>
#include <set>
#include <sstream>

#include "core/base/error.h"
#include "core/fits/fits_reader.h"
#include "core/fits/fits_writer.h"
#include "core/forced/catalog_directories.h"
#include "core/forced/forced_exposure.h"
#include "core/forced/forced_items.h"
#include "core/forced/forced_merge.h"
#include "core/model/profiles_card.h"
#include "core/model/simd.h"
#include "core/survey/ccd_selection.h"
#include "core/survey/products.h"
#include "core/survey/provenance.h"
#include "core/survey/target.h"
#include "tools/common/program.h"
#include "tools/forced_photom/commands.h"

namespace brickline {
namespace {

struct Words {
  std::string brick, survey_dir, forced_dir, catalog, catalog_dir, catalog_dir_north, catalog_dir_south, out,
      out_dir, averages, light_curves, bands = "g,r,z";
  double resolve_dec = CatalogDirectories::kResolveDec;
  bool all = false, verbose = false;
};

std::vector<std::string> split(const std::string& list) {
  std::vector<std::string> out;
  std::istringstream in(list);
  for (std::string word; std::getline(in, word, ',');)
    if (!word.empty()) out.push_back(word);
  return out;
}

// The tables of all exposures that touch the brick, and which profiles were measured (empty: nothing was); one line tells
// which are not there.
std::vector<NamedTable> tables_of(const SurveyDirectory& survey, const Brick& brick,
                                  const std::filesystem::path& forced_dir,
                                  std::optional<GalaxyProfiles>& profiles, const Log& log) {
  std::string said_by;
  const Wcs target = brick_wcs(brick.ra, brick.dec, kBrickPixels, kBrickPixels, kBrickPixelScale);
  const CcdTable ccds = CcdTable::read_near(survey, target, log);
  std::set<std::pair<std::string, std::int64_t>> exposures;
  for (const std::int64_t i : ccds_touching(ccds, target)) {
    const CcdRow row = ccds.row(i);
    exposures.emplace(row.camera, row.expnum);
  }
  std::vector<NamedTable> tables;
  std::size_t missing = 0;
  std::string first_missing;
  for (const auto& [camera, expnum] : exposures) {
    const std::filesystem::path file = forced_file(forced_dir, camera, expnum);
    std::error_code ignored;
    if (!std::filesystem::exists(file, ignored)) {
      const auto record = read_forced_record(file);
      if (record && record->sha256.empty()) continue;  // it has no image
      if (missing++ == 0) first_missing = file.string();
      continue;
    }
    fits::FitsReader reader(file);
    if (const auto failed = reader.header(0).integer("NCCDFAIL"); failed && *failed > 0)
      log.warning("{}: {} CCDs of the exposure could not be measured (NCCDFAIL)", file.string(), *failed);
    tables.push_back({file.string(), reader.table(1)});
    if (tables.back().table.rows() == 0) continue;  // nothing was measured
    try {
      const GalaxyProfiles own = profiles_of(reader.header(0), reader.header(1));
      if (profiles) require_profiles(own, *profiles, said_by, "measurements are merged");
      if (!profiles) profiles = own, said_by = file.string();
    } catch (Error& e) {
      e.in_file(file.string());
      throw;
    }
  }
  if (tables.empty())
    throw input_error("brick {}: none of its {} exposures has been measured: there is no {}", brick.name,
                      exposures.size(), first_missing.empty() ? forced_dir.string() : first_missing);
  if (missing > 0)
    log.warning("brick {}: {} of {} exposures have not been measured, the first of them {}", brick.name,
                missing, exposures.size(), first_missing);
  return tables;
}

fits::Table by_object_and_date(const fits::Table& measurements) {
  std::vector<std::tuple<std::int64_t, std::int64_t, std::int64_t, double>> keys;
  for (std::int64_t i = 0; i < measurements.rows(); ++i)
    keys.emplace_back(measurements.integer("release", i), measurements.integer("brickid", i),
                      measurements.integer("objid", i), measurements.number("mjd", i));
  std::vector<std::int64_t> order(keys.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](std::int64_t a, std::int64_t b) {
    return keys[static_cast<std::size_t>(a)] < keys[static_cast<std::size_t>(b)];
  });
  return measurements.select(order);
}

void write_table(const std::filesystem::path& file, const fits::Header& header, const fits::Table& table) {
  fits::FitsWriter writer;
  writer.add_empty_primary(header);
  fits::Header own;
  add_profiles_card(own, profiles_of(header, {}));
  writer.add_table(table, {}, own);
  writer.write(file);
}

std::set<std::int64_t> values_of(const fits::Table& t, const char* column) {
  std::set<std::int64_t> out;
  for (std::int64_t i = 0; i < t.rows(); ++i) out.insert(t.integer(column, i));
  return out;
}

// Objects of one brick and number are others in another release: their measurements do not belong to this catalog.
void tell_of_other_releases(const fits::Table& objects, const std::vector<NamedTable>& tables,
                            const MergedForced& merged, const Log& log) {
  const std::set<std::int64_t> releases = values_of(objects, "release"),
                               bricks = values_of(objects, "brickid");
  std::set<std::int64_t> others;
  std::int64_t count = 0;
  for (const NamedTable& t : tables)
    for (std::int64_t i = 0; i < t.table.rows(); ++i)
      if (const std::int64_t release = t.table.integer("release", i);
          bricks.contains(t.table.integer("brickid", i)) && !releases.contains(release)) {
        others.insert(release);
        ++count;
      }
  if (count == 0) return;
  const std::string what =
      fmt::format("the catalog is of release {}, and {} measurements of its brick are of release {}",
                  fmt::join(releases, ", "), count, fmt::join(others, ", "));
  if (merged.measurements.rows() == 0) throw input_error("{}: nothing can be merged", what);
  log.warning("{}: they are left out", what);
}

bool has_galaxies(const fits::Table& catalog) {
  for (std::int64_t i = 0; i < catalog.rows(); ++i)
    if (const std::string type = catalog.text("type", i); type != "PSF" && type != "DUP" && type != "NUN")
      return true;
  return false;
}

void tell_of_cut_ccds(const fits::Table& measurements, const Log& log) {
  std::int64_t cut = 0;
  for (std::int64_t i = 0; measurements.has("ccd_cuts") && i < measurements.rows(); ++i)
    cut += measurements.integer("ccd_cuts", i) != 0;
  if (cut > 0)
    log.warning("{} of {} measurements are of CCDs that are cut (ccd_cuts): they are not in the averages",
                cut, measurements.rows());
}

// The brick's catalog, in one directory or two; rows that the other one stands for are left out.
fits::Table catalog_of(const Words& w, const Brick& brick, std::optional<GalaxyProfiles> measured) {
  const auto read = [&](const std::filesystem::path& file) {
    fits::FitsReader reader(file);
    const int hdu = reader.find_hdu("CATALOG").value_or(1);
    fits::Table table = reader.columns(
        hdu, {"release", "brickid", "objid", "brick_primary", "type", "ra", "dec", "ref_epoch"});
    if (measured && has_galaxies(table)) try {
        require_profiles(profiles_of(reader.header(0), reader.header(hdu)), *measured, "the measurements",
                         "measurements are merged with catalogs");
      } catch (Error& e) {
        e.in_file(file.string());
        throw;
      }
    return table;
  };
  if (!w.catalog.empty()) return read(w.catalog);
  const CatalogDirectories catalogs{w.catalog_dir, w.catalog_dir_north, w.catalog_dir_south, w.resolve_dec};
  std::vector<NamedTable> parts;
  for (const std::filesystem::path& directory : catalogs.of(brick)) {
    const std::filesystem::path file = catalog_file(directory, brick);
    const fits::Table all = read(file);
    std::vector<std::int64_t> rows;
    for (std::int64_t i = 0; i < all.rows(); ++i)
      if (catalogs.of(all.number("ra", i), all.number("dec", i)) == directory) rows.push_back(i);
    parts.push_back({file.string(), all.select(rows)});
  }
  return concatenate_tables(parts);
}

void check(const Words& w) {
  if (w.out.empty() == w.out_dir.empty())
    throw usage_error("where is the merged file to go? (--out FILE or --outdir DIR)");
  const bool north = !w.catalog_dir_north.empty(), south = !w.catalog_dir_south.empty();
  if (north != south) throw usage_error("--catalog-dir-north and --catalog-dir-south: both together");
  if (!w.catalog.empty() + !w.catalog_dir.empty() + north != 1)
    throw usage_error(
        "which catalog? (--catalog FILE, --catalog-dir DIR, or --catalog-dir-north with --catalog-dir-south)");
}

// A brick's run with --forced-bands makes another table of this name, which its list of checksums names.
void refuse_products_of_a_run(const std::filesystem::path& out_dir, const std::string& brick) {
  ProductKey key;
  key.brick = brick;
  const std::string product = product_path(Product::kForcedBrick, key).string();
  std::ifstream list(out_dir / product_path(Product::kChecksums, key));
  for (std::string line; std::getline(list, line);)
    if (line.ends_with("*" + product))
      throw input_error(
          "it is a product of the brick's run (--forced-bands), which it would take the place of: name "
          "another with --out or --outdir")
          .in_file((out_dir / product).string());
}

int merge(const Words& w) {
  check(w);
  if (!w.out_dir.empty()) refuse_products_of_a_run(w.out_dir, w.brick);
  TerminalLog terminal(w.verbose ? LogLevel::kInfo : LogLevel::kWarning);
  const Log log(terminal);
  const auto survey = SurveyDirectory::open(
      w.survey_dir.empty() ? std::nullopt : std::optional<std::filesystem::path>(w.survey_dir));
  const Brick brick = BrickTable::read(survey).find(w.brick);
  std::optional<GalaxyProfiles> measured;
  const std::vector<NamedTable> tables =
      tables_of(survey, brick, w.forced_dir.empty() ? survey.root() : std::filesystem::path(w.forced_dir),
                measured, log);
  const fits::Table objects = catalog_of(w, brick, measured);
  require_same_places(objects, tables);
  const std::vector<std::string> bands = split(w.bands);
  const MergedForced merged = merge_forced(objects, tables, bands, w.all);
  tell_of_other_releases(objects, tables, merged, log);
  SurveyIdentity identity = read_survey_identity(survey);
  if (const std::set<std::int64_t> releases = values_of(objects, "release"); releases.size() == 1)
    identity.release = *releases.begin();
  fits::Header header =
      forced_header(identity, canonical_command_line("forced-photom merge", {{"--brick", {w.brick}}}), {});
  const GalaxyProfiles profiles = measured.value_or(GalaxyProfiles::kReference);
  fits::Header own;
  add_profiles_card(header, profiles);
  add_profiles_card(own, profiles);
  fits::FitsWriter writer;
  writer.add_empty_primary(header);
  writer.add_table(merged.objects);
  writer.add_table(merged.measurements, {}, own);
  ProductKey key;
  key.brick = brick.name;
  writer.write(w.out.empty() ? std::filesystem::path(w.out_dir) / product_path(Product::kForcedBrick, key)
                             : std::filesystem::path(w.out));
  if (!w.averages.empty()) tell_of_cut_ccds(merged.measurements, log);
  if (!w.averages.empty())
    write_table(w.averages, header, average_forced(merged.objects, merged.measurements, bands));
  if (!w.light_curves.empty()) write_table(w.light_curves, header, by_object_and_date(merged.measurements));
  return 0;
}

}  // namespace

Command merge_command(CLI::App& parent) {
  const auto w = std::make_shared<Words>();
  CLI::App* app =
      parent.add_subcommand("merge", "the measurements of one brick's objects, in order, and averages");
  app->add_option("-b,--brick", w->brick, "the brick's name")->required();
  app->add_option("--survey-dir", w->survey_dir, "the survey's files [$LEGACY_SURVEY_DIR]");
  app->add_option("--forced-dir", w->forced_dir, "where forced/CAMERA/... is [the survey directory]");
  app->add_option("--catalog", w->catalog, "the brick's catalog");
  app->add_option("--catalog-dir", w->catalog_dir, "where tractor/BBB/tractor-BRICK.fits is");
  app->add_option("--catalog-dir-north", w->catalog_dir_north,
                  "the same of a survey in two parts: the north's");
  app->add_option("--catalog-dir-south", w->catalog_dir_south, "the south's");
  app->add_option("--catalog-resolve-dec-ngc", w->resolve_dec,
                  "declination where the north begins, degrees, north of the Galaxy's plane");
  app->add_option("--bands", w->bands, "for which nobs_B, index_B and averages are made");
  app->add_option("--out", w->out, "the file to write: objects, and measurements");
  app->add_option("-d,--outdir", w->out_dir, "write DIR/forced-brick/BBB/forced-BRICK.fits");
  app->add_option("--averages", w->averages,
                  "a file for averages per object and band, of CCDs that are not cut (ccd_cuts)");
  app->add_option("--light-curves", w->light_curves, "a file for the measurements by object and date");
  app->add_flag("--all", w->all, "objects in neighbours' areas, too");
  app->add_flag("-v,--verbose", w->verbose, "tell more");
  return {app, [w] { return merge(*w); }};
}

}  // namespace brickline
