// catalog-tool: a catalog in the forms that other programs read, and what its columns mean.
#include <CLI/CLI.hpp>
#include <filesystem>
#include <sstream>
#include <string>

#include "core/base/atomic_file.h"
#include "core/base/error.h"
#include "core/catalog/columns.h"
#include "core/catalog/export.h"
#include "core/fits/fits_reader.h"
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
  CLI::App* schema = app.add_subcommand("schema", "what the columns are, as a Markdown table");
  for (CLI::App* command : {ecsv, region})
    command->add_option("CATALOG", catalog, "tractor/BBB/tractor-BRICK.fits")->required();
  for (CLI::App* command : {ecsv, region, schema})
    command->add_option("-o,--output", output, "file to write [standard output]");
  if (!parse_command_line(app, argc, argv)) return 0;

  std::string text;
  if (schema->parsed()) {
    text = catalog_schema_markdown();
  } else {
    fits::FitsReader reader(catalog);
    const fits::Table table = reader.table(reader.find_hdu("CATALOG").value_or(1));
    try {
      text = ecsv->parsed() ? ecsv_text(columns_of(table, columns)) : ds9_regions(table, regions);
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
