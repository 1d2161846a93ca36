// forced-photom merge: the measurements of a brick's objects in one file, and their averages.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <numeric>
#include <set>
#include <sstream>

#include "core/base/error.h"
#include "core/fits/fits_reader.h"
#include "core/fits/fits_writer.h"
#include "core/forced/forced_exposure.h"
#include "core/forced/forced_merge.h"
#include "core/model/simd.h"
#include "core/survey/ccd_selection.h"
#include "core/survey/provenance.h"
#include "core/survey/target.h"
#include "tools/common/program.h"
#include "tools/forced_photom/commands.h"

namespace brickline {
namespace {

struct Words {
  std::string brick, survey_dir, forced_dir, catalog, catalog_dir, out, averages, light_curves,
      bands = "g,r,z";
  bool all = false, verbose = false;
};

std::vector<std::string> split(const std::string& list) {
  std::vector<std::string> out;
  std::istringstream in(list);
  for (std::string word; std::getline(in, word, ',');)
    if (!word.empty()) out.push_back(word);
  return out;
}

// The tables of all exposures that touch the brick; one line tells which are not there.
std::vector<NamedTable> tables_of(const SurveyDirectory& survey, const Brick& brick,
                                  const std::filesystem::path& forced_dir, const Log& log) {
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
      if (missing++ == 0) first_missing = file.string();
      continue;
    }
    tables.push_back({file.string(), fits::FitsReader(file).table(1)});
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
  writer.add_table(table);
  writer.write(file);
}

int merge(const Words& w) {
  if (w.out.empty()) throw usage_error("where is the merged file to go? (--out FILE)");
  if (w.catalog.empty() && w.catalog_dir.empty())
    throw usage_error("which catalog? (--catalog FILE or --catalog-dir DIR)");
  TerminalLog terminal(w.verbose ? LogLevel::kInfo : LogLevel::kWarning);
  const Log log(terminal);
  const auto survey = SurveyDirectory::open(
      w.survey_dir.empty() ? std::nullopt : std::optional<std::filesystem::path>(w.survey_dir));
  const Brick brick = BrickTable::read(survey).find(w.brick);
  const std::filesystem::path catalog = w.catalog.empty() ? std::filesystem::path(w.catalog_dir) / "tractor" /
                                                                brick.name.substr(0, 3) /
                                                                ("tractor-" + brick.name + ".fits")
                                                          : std::filesystem::path(w.catalog);
  fits::FitsReader reader(catalog);
  const fits::Table objects = reader.columns(reader.find_hdu("CATALOG").value_or(1),
                                             {"release", "brickid", "objid", "brick_primary", "type"});
  const std::vector<NamedTable> tables = tables_of(
      survey, brick, w.forced_dir.empty() ? survey.root() : std::filesystem::path(w.forced_dir), log);
  const std::vector<std::string> bands = split(w.bands);
  const MergedForced merged = merge_forced(objects, tables, bands, w.all);
  const fits::Header header =
      forced_header(read_survey_identity(survey),
                    canonical_command_line("forced-photom merge", {{"--brick", {w.brick}}}), {});
  fits::FitsWriter writer;
  writer.add_empty_primary(header);
  writer.add_table(merged.objects);
  writer.add_table(merged.measurements);
  writer.write(w.out);
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
  app->add_option("--bands", w->bands, "for which nobs_B, index_B and averages are made");
  app->add_option("--out", w->out, "the file to write: objects, and measurements");
  app->add_option("--averages", w->averages, "a file for averages per object and band");
  app->add_option("--light-curves", w->light_curves, "a file for the measurements by object and date");
  app->add_flag("--all", w->all, "objects in neighbours' areas, too");
  app->add_flag("-v,--verbose", w->verbose, "tell more");
  return {app, [w] { return merge(*w); }};
}

}  // namespace brickline
