// forced-photom light-curve: one object's measurements, printed and drawn.
#include <CLI/CLI.hpp>
#include <filesystem>
#include <set>

#include "core/base/atomic_file.h"
#include "core/base/error.h"
#include "core/catalog/export.h"
#include "core/fits/fits_reader.h"
#include "core/forced/forced_merge.h"
#include "tools/common/program.h"
#include "tools/forced_photom/commands.h"

namespace brickline {
namespace {

struct Words {
  std::string file, svg, columns;
  std::int64_t objid = -1, brickid = -1;
};

// The last table of a file: of a merged one the measurements.
fits::Table measurements_of(const std::filesystem::path& file) {
  fits::FitsReader reader(file);
  for (int hdu = reader.hdu_count() - 1; hdu > 0; --hdu)
    if (reader.is_table(hdu)) return reader.table(hdu);
  throw input_error("no table in it").in_file(file.string());
}

constexpr const char* kUsualColumns =
    "filter,mjd,flux,flux_ivar,fracflux,rchisq,dqmask,zpcheck,zpcheck_wrong,camera,expnum,ccdname";

// Of the usual ones those that the table has; of `names` all.
fits::Table chosen_columns(const fits::Table& table, const std::string& names) {
  fits::Table out;
  std::istringstream list(names.empty() ? kUsualColumns : names);
  for (std::string name; std::getline(list, name, ',');)
    if (!names.empty() || table.has(name)) out.add(table.require(name));
  return out;
}

int light_curve(const Words& w) {
  const fits::Table measurements = measurements_of(w.file);
  std::set<std::int64_t> bricks;
  for (std::int64_t i = 0; i < measurements.rows(); ++i)
    if (measurements.integer("objid", i) == w.objid) bricks.insert(measurements.integer("brickid", i));
  if (bricks.empty()) throw input_error("no measurement of object {}", w.objid).in_file(w.file);
  if (w.brickid < 0 && bricks.size() > 1)
    throw usage_error("object {} is one of {} bricks in {}: which? (--brickid)", w.objid, bricks.size(),
                      w.file);
  const std::int64_t brick = w.brickid < 0 ? *bricks.begin() : w.brickid;
  const fits::Table curve = light_curve_of(measurements, brick, w.objid);
  if (curve.rows() == 0)
    throw input_error("no measurement of object {} of brick {}", w.objid, brick).in_file(w.file);
  write_stdout(ecsv_text(chosen_columns(curve, w.columns)));
  if (!w.svg.empty())
    write_file_atomically(w.svg, light_curve_svg(curve, "brick " + std::to_string(brick) + ", object " +
                                                            std::to_string(w.objid)));
  return 0;
}

}  // namespace

Command light_curve_command(CLI::App& parent) {
  const auto w = std::make_shared<Words>();
  CLI::App* app = parent.add_subcommand("light-curve", "one object's measurements by band and date, as ECSV");
  app->add_option("FILE", w->file, "a table of forced photometry, or a merged one")->required();
  app->add_option("OBJECT", w->objid, "the object's objid")->required();
  app->add_option("--brickid", w->brickid, "its brick, where the file has several");
  app->add_option("--columns", w->columns,
                  std::string("what is printed, separated by commas [") + kUsualColumns + "]");
  app->add_option("--svg", w->svg, "a picture: flux with errors against date, a panel for each band");
  return {app, [w] { return light_curve(*w); }};
}

}  // namespace brickline
