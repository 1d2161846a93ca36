#include "tools/make_ccds/choose.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdlib>

#include "core/base/error.h"
#include "core/base/exit_codes.h"
#include "core/fits/fits_writer.h"
#include "core/image/ccd_reader.h"
#include "core/survey/kd_tree_writer.h"
#include "tools/common/program.h"
#include "tools/make_ccds/table_file.h"

namespace brickline {
namespace {

namespace fs = std::filesystem;

// 1/pixel, of the galaxy that depths are of: the table's column, else, of a row that has none (of a table without the column
// that others were joined to), what the PSF says where the brick is.
class GalaxyNorms {
 public:
  GalaxyNorms(const SurveyDirectory& survey, const PluginSearch& plugins, const CcdTable& table,
              const std::vector<CcdRow>& rows, const Target& target)
      : table_(table), rows_(rows), target_(target), terminal_(LogLevel::kWarning) {
    for (const char* name : {"galnorm_mean", "galnorm"})
      if (table.table().has(name)) column_ = column_.empty() ? name : column_;
    std::map<std::string, std::int64_t> wanted;
    for (const CcdRow& row : rows) wanted[row.camera] += !(stated(row) > 0);
    std::erase_if(wanted, [](const auto& camera) { return camera.second == 0; });
    if (wanted.empty()) return;
    cameras_ = CameraRegistry::scan(plugins, Log(terminal_));
    cameras_->load(wanted);
    reader_ = std::make_unique<CcdReader>(survey, *cameras_, &table.table());
  }
  double operator()(std::size_t i) const {
    const CcdRow& row = rows_[i];
    if (const double v = stated(row); v > 0) return v;
    ReadImageOptions reading;
    reading.pixels = reading.sky = false;
    reading.polygon = target_.polygon();
    reading.required = true;
    reading.min_size = 1;  // whatever part of it the brick has
    return reader_->read(reader_->input(row), reading)->galnorm;
  }

 private:
  double stated(const CcdRow& row) const {
    return column_.empty() ? 0 : table_.table().number(column_, row.table_row);
  }

  const CcdTable& table_;
  const std::vector<CcdRow>& rows_;
  const Target& target_;
  TerminalLog terminal_;
  std::string column_;
  std::optional<CameraRegistry> cameras_;
  std::unique_ptr<CcdReader> reader_;
};

void write_brick(const DepthCutArguments& a, const Brick& brick, const fits::Table& rows,
                 const DepthCut& cut) {
  fits::Table table = rows;
  std::vector<bool> overlapping, passed;
  std::vector<std::int32_t> pixels, order;
  for (const DepthCutCcd& ccd : cut.ccds) {
    overlapping.push_back(ccd.overlapping);
    passed.push_back(ccd.passed);
    pixels.push_back(static_cast<std::int32_t>(ccd.pixels_overlapping));
    order.push_back(ccd.order);
  }
  table.add("overlapping", std::move(overlapping));
  table.add("passed_depth_cut", std::move(passed));
  table.add("pixels_overlapping", std::move(pixels), "pixel");
  table.add("try_order", std::move(order));
  const fs::path place = a.outdir / brick.name.substr(0, 3);
  if (a.maps)
    for (const auto& [band, result] : cut.bands) {
      fits::FitsWriter writer;
      writer.add_image<float>(result.depth.view(), {}, "DEPTH_" + band);
      writer.write(place / fmt::format("depth-{}-{}.fits", brick.name, band));
    }
  if (a.percentiles) {
    fits::Table t;
    t.set_rows(1);
    std::vector<std::int64_t> percentiles;
    for (int p = 0; p <= 100; ++p) percentiles.push_back(p);
    t.add("percentile", std::move(percentiles), "", {101});
    for (const auto& [band, result] : cut.bands) {
      t.add("depth_" + band, std::vector<double>(result.percentiles.begin(), result.percentiles.end()), "mag",
            {101});
      t.add("npix_all_" + band, std::vector<std::int64_t>{result.pixels_all}, "pixel");
      t.add("npix_keep_" + band, std::vector<std::int64_t>{result.pixels_kept}, "pixel");
    }
    fits::FitsWriter writer;
    writer.add_table(t);
    writer.write(place / fmt::format("depths-{}.fits", brick.name));
  }
  // Last: it says that the brick is done.
  fits::FitsWriter writer;
  writer.add_table(table);
  writer.write(place / fmt::format("ccds-{}.fits", brick.name));
}

}  // namespace

CLI::App* add_tree_command(CLI::App& app, TreeArguments& a) {
  CLI::App* tree = app.add_subcommand(
      "tree",
      "writes a table's CCDs that nothing cuts in the order of a search tree, and the tree: survey-ccds-*.kd.fits, of "
      "which runs over single bricks read only what is near");
  tree->add_option("TABLE", a.table, "the table")->required();
  tree->add_option("OUT", a.output, "the file to write; its name should end in .kd.fits")->required();
  tree->add_flag("--no-cut", a.all, "CCDs that are cut, too");
  tree->add_flag("--force", a.force, "replace a file that is there");
  return tree;
}

int write_tree(const TreeArguments& a) {
  refuse_to_replace(a.output, a.force);
  TableFile file = TableFile::read(a.table);
  fits::Table& table = file.table;
  if (const std::string words = words_of_left_out(file, false); !words.empty()) {
    TerminalLog terminal;
    Log(terminal).warning("{}: {}", a.table.string(), words);
  }
  const std::int64_t all = table.rows();
  if (!a.all && table.has("ccd_cuts")) {
    std::vector<std::int64_t> good;
    for (std::int64_t i = 0; i < all; ++i) try {
        if (table.integer("ccd_cuts", i) == 0) good.push_back(i);
      } catch (Error& e) {
        throw e.in_file(fmt::format("{} row {}", a.table.string(), i + 1));
      }
    table = table.select(good);
  }
  if (table.rows() == 0)
    throw input_error("none of its {} CCDs is without a cut; --no-cut takes all", all)
        .in_file(a.table.string());
  const MadeSkyTree tree = make_sky_tree(table.numbers("ra"), table.numbers("dec"));
  fits::FitsWriter writer;
  TableFile{table.select(tree.order), file.primary, file.header}.add_to(writer);
  add_sky_tree(writer, tree, "ccds");
  writer.write(a.output);
  write_stdout(fmt::format("{}: {} of {} CCDs in {} leaves\n", a.output.string(), table.rows(), all,
                           tree.last.size()));
  return 0;
}

CLI::App* add_depth_cut_command(CLI::App& app, DepthCutArguments& a) {
  CLI::App* cut = app.add_subcommand(
      "depth-cut",
      "chooses the CCDs of bricks that make them as deep as they are meant to be: DIR/AAA/ccds-BRICK.fits with a column "
      "passed_depth_cut. Bricks whose file is there are left as they are; exit code 6 if one failed");
  DepthCutOptions& o = a.options;
  cut->add_option("BRICKS", a.bricks, "names of bricks")->required();
  cut->add_option("--survey-dir", a.survey_dir, "the survey's directory (else $LEGACY_SURVEY_DIR)");
  cut->add_option("--ccd-table", a.tables, "tables of CCDs, instead of the survey's; repeatable")
      ->expected(1)
      ->take_all();
  cut->add_option("--outdir", a.outdir, "where the files go")->capture_default_str();
  cut->add_option(
         "--target", a.targets,
         "BAND=MAG: wanted depth, 5 sigma, of a galaxy of 0.45 arcsec; repeatable (g=24 r=23.4 z=22.5 "
         "i=23 y=22)")
      ->expected(1)
      ->take_all()
      ->delimiter(',');
  cut->add_option("--margin", o.margin, "mag that are wanted beyond")->capture_default_str();
  cut->add_option("--exposures", o.exposures, "that are wanted over most of the brick")
      ->capture_default_str();
  cut->add_option("--exposed", o.exposed, "how much of it that is")->capture_default_str();
  cut->add_option("--first-propids", a.first, "programs whose CCDs are looked at first")->delimiter(',');
  cut->add_option("--keep-propids", a.keep, "programs whose CCDs are kept")->delimiter(',');
  cut->add_option("--max-gb-per-band", o.most_gb_per_band, "of pixels; 0: no limit")->capture_default_str();
  cut->add_flag("--depth-maps", a.maps, "write depth-BRICK-BAND.fits");
  cut->add_flag("--depth-percentiles", a.percentiles, "write depths-BRICK.fits");
  cut->add_flag("--force", a.force, "make those anew that are there");
  return cut;
}

int cut_bricks(DepthCutArguments& a, const PluginSearch& plugins) {
  for (const std::string& word : a.targets) {
    const auto equals = word.find('=');
    char* end = nullptr;
    const double mag = equals == std::string::npos ? 0 : std::strtod(word.c_str() + equals + 1, &end);
    if (equals == 0 || equals == std::string::npos || *end || !(mag > 0 && mag < 50))
      throw usage_error("--target: '{}' is not BAND=MAG", word);
    a.options.target[word.substr(0, equals)] = mag;
  }
  a.options.first_programs = {a.first.begin(), a.first.end()};
  a.options.keep_programs = {a.keep.begin(), a.keep.end()};
  const SurveyDirectory survey =
      SurveyDirectory::open(a.survey_dir.empty() ? std::nullopt : std::optional(fs::path(a.survey_dir)));
  const BrickTable bricks = BrickTable::read(survey);
  TerminalLog terminal(LogLevel::kWarning);
  int failed = 0;
  for (const std::string& name : a.bricks) try {
      const fs::path file = a.outdir / name.substr(0, 3) / fmt::format("ccds-{}.fits", name);
      if (fs::exists(file) && !a.force) {
        write_stdout(fmt::format("{}: there already\n", name));
        continue;
      }
      const Target target = make_target(bricks.find(name));
      const CcdTable table = a.tables.empty() ? CcdTable::read_near(survey, target.wcs, Log(terminal))
                                              : CcdTable::read_near(a.tables, target.wcs, Log(terminal));
      std::vector<CcdRow> rows;
      std::vector<std::int64_t> numbers;
      std::map<std::string, int> unwanted;
      for (std::int64_t i = 0; i < table.rows(); ++i) {
        CcdRow row = table.row(i);
        if (row.ccd_cuts != 0) continue;
        if (!a.options.target.contains(row.band)) {
          ++unwanted[row.band];
          continue;
        }
        numbers.push_back(i);
        rows.push_back(std::move(row));
      }
      for (const auto& [band, count] : unwanted)
        Log(terminal).warning(
            "{}: {} CCDs of band {} are left out, for which no depth is wanted (--target {}=MAG)", name,
            count, band, band);
      if (rows.empty()) {
        write_stdout(fmt::format("{}: no CCD\n", name));
        continue;
      }
      const GalaxyNorms norms(survey, plugins, table, rows, target);
      const DepthCut cut = cut_to_depth(
          rows, target, [&](std::size_t i) { return norms(i); }, a.options);
      write_brick(a, target.brick, table.table().select(numbers), cut);
      const auto kept =
          std::count_if(cut.ccds.begin(), cut.ccds.end(), [](const DepthCutCcd& c) { return c.passed; });
      write_stdout(fmt::format("{}: {} of {} CCDs\n", name, kept, rows.size()));
    } catch (const Error& e) {
      if (e.kind() != ErrorKind::kInput) throw;
      Log(terminal).error("{}: {}", name, e.line());
      ++failed;
    }
  return failed ? kSomeItemsFailed : 0;
}

}  // namespace brickline
