// catalog-tool: a catalog in the forms that other programs read, and what its columns mean.
#include <CLI/CLI.hpp>
#include <filesystem>
#include <sstream>
#include <string>

#include "core/base/atomic_file.h"
#include "core/base/error.h"
#include "core/catalog/columns.h"
#include "core/catalog/export.h"
#include "core/catalog/split_test.h"
#include "core/fits/fits_reader.h"
#include "core/model/errors_card.h"
#include "core/model/profiles_card.h"
#include "tools/common/program.h"

namespace brickline {
namespace {

// The columns of those names, in that order; all without names.
fits::Table columns_of(const fits::Table& table, const std::string& names) {
  if (names.empty()) return table;
  fits::Table out;
  std::istringstream list(names);
  for (std::string name; std::getline(list, name, ',');) out.add(table.require(name));
  return out;
}

// What the catalog's header says of its galaxies and errors.
TableMeta meta_of(GalaxyProfiles profiles, bool marginal_errors) {
  fits::Header header;
  add_profiles_card(header, profiles);
  add_errors_card(header, marginal_errors);
  TableMeta meta;
  for (const char* card : {kProfilesCard, kErrorsCard})
    if (const auto word = header.text(card)) meta.push_back({card, *word});
  return meta;
}

int catalog_tool(int argc, char** argv) {
  std::filesystem::path catalog, output;
  std::string columns;
  RegionOptions regions;
  CLI::App app("A catalog in other forms, and what its columns mean.", "catalog-tool");
  app.set_version_flag("--version", version_text("catalog-tool"));
  app.require_subcommand(1);
  CLI::App* ecsv =
      app.add_subcommand("ecsv", "the catalog as text with types, units and descriptions (ECSV)");
  ecsv->add_option("--columns", columns, "only these, separated by commas");
  CLI::App* region = app.add_subcommand("regions", "the sources as a ds9 region file: ellipses by type");
  region->add_flag("--primary", regions.primary_only, "only those in the brick's own area");
  std::filesystem::path other;
  SplitOptions split;
  CLI::App* split_command = app.add_subcommand(
      "split-test",
      "how far two catalogs of one sky, made from different exposures, differ in units of their errors");
  split_command->add_option("CATALOG", catalog, "tractor/BBB/tractor-BRICK.fits of one half of the exposures")
      ->required();
  split_command->add_option("OTHER", other, "the same of the other half")->required();
  split_command->add_option("--match-radius", split.match_radius_arcsec, "arcsec")
      ->check(CLI::Range(0.01, 10.0))
      ->capture_default_str();
  CLI::App* schema = app.add_subcommand("schema", "what the columns are, as a Markdown table");
  for (CLI::App* command : {ecsv, region})
    command->add_option("CATALOG", catalog, "tractor/BBB/tractor-BRICK.fits")->required();
  for (CLI::App* command : {ecsv, region, split_command, schema})
    command->add_option("-o,--output", output, "file to write [standard output]");
  if (!parse_command_line(app, argc, argv)) return 0;

  std::string text;
  if (schema->parsed()) {
    text = catalog_schema_markdown();
  } else {
    GalaxyProfiles profiles = GalaxyProfiles::kReference;
    bool marginal_errors = false;
    const auto read = [&](const std::filesystem::path& file) {
      fits::FitsReader reader(file);
      const int hdu = reader.find_hdu("CATALOG").value_or(1);
      if (hdu >= reader.hdu_count()) throw input_error("no catalog: it has no table").in_file(file.string());
      try {
        profiles = profiles_of(reader.header(0), reader.header(hdu));
        marginal_errors = errors_are_marginal(reader.header(0), reader.header(hdu));
      } catch (Error& e) {
        e.in_file(file.string());
        throw;
      }
      return reader.table(hdu);
    };
    const fits::Table table = read(catalog);
    fits::Table other_table;
    if (split_command->parsed()) {
      const GalaxyProfiles first = profiles;
      other_table = read(other);
      try {
        if (profiles != first)
          throw input_error(
              "its galaxies have other profiles than those of {} (card {}): they do not compare",
              catalog.string(), kProfilesCard);
        require_split_columns(other_table, fitted_bands(table));
      } catch (Error& e) {
        e.in_file(other.string());
        throw;
      }
    }
    try {
      if (split_command->parsed())
        text = to_text(split_test(table, other_table, fitted_bands(table), split));
      else
        text = ecsv->parsed() ? ecsv_text(columns_of(table, columns), meta_of(profiles, marginal_errors))
                              : ds9_regions(table, regions);
    } catch (Error& e) {
      e.in_file(catalog.string());
      throw;
    }
  }
  if (output.empty())
    write_stdout(text);
  else
    write_file_atomically(output, text);
  return 0;
}

}  // namespace
}  // namespace brickline

int main(int argc, char** argv) {
  return brickline::run_program("catalog-tool", [&] { return brickline::catalog_tool(argc, argv); });
}
