// make-bricks: the table of bricks, the boxes of sky that a survey is worked on one at a time.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include "core/base/error.h"
#include "core/fits/fits_writer.h"
#include "core/survey/bricks.h"
#include "tools/common/program.h"

namespace brickline {
namespace {

namespace fs = std::filesystem;

struct Arguments {
  fs::path survey_dir, output;
  std::vector<double> region;
  double size = 0.25;
  bool force = false;
};

void check(const Arguments& a) {
  if (a.survey_dir.empty() == a.output.empty())
    throw usage_error("one of --survey-dir and --out says where the table goes");
  if (!(a.size >= 0.01 && a.size <= 10))
    throw usage_error("--size: {} is not within 0.01 to 10 degrees", a.size);
  const double rows = 180 / a.size;
  if (std::abs(rows - std::round(rows)) > 1e-9 * rows)
    throw usage_error("--size: {} degrees do not divide the 180 from pole to pole", a.size);
  if (!a.survey_dir.empty() && !fs::is_directory(a.survey_dir))
    throw input_error("there is no such directory").in_file(a.survey_dir.string());
  if (a.region.empty()) return;
  for (const int i : {0, 1})
    if (!(std::abs(a.region[i]) <= 360)) throw usage_error("--region: a right ascension of {}", a.region[i]);
  if (!(a.region[2] >= -90 && a.region[2] <= a.region[3] && a.region[3] <= 90))
    throw usage_error("--region: declinations of {} to {}", a.region[2], a.region[3]);
}

// Bricks are told apart by their names, which have tenths of degrees.
void check_names(const fits::Table& table) {
  const auto& names = std::get<std::vector<std::string>>(table.require("brickname").data);
  std::set<std::string_view> seen;
  for (const std::string& name : names)
    if (!seen.insert(name).second)
      throw usage_error(
          "two bricks of this size would be called {}: use a larger --size, or a smaller --region", name);
}

int make_bricks(int argc, char** argv) {
  Arguments a;
  CLI::App app(
      "Writes the table of bricks: the whole sky's (662,174 of a quarter of a degree), or a region's.",
      "make-bricks");
  app.set_version_flag("--version", version_text("make-bricks"));
  app.add_option("--survey-dir", a.survey_dir, "the survey's directory; writes its survey-bricks.fits.gz");
  app.add_option("--out", a.output, "or the file to write");
  app.add_option("--region", a.region,
                 "RA_LO RA_HI DEC_LO DEC_HI, degrees: bricks that touch it; RA_HI < RA_LO: across RA 0")
      ->expected(4);
  app.add_option("--size", a.size, "side of a brick, degrees; must divide 180")->capture_default_str();
  app.add_flag("--force", a.force, "replace a table that is there");
  if (!parse_command_line(app, argc, argv)) return 0;
  check(a);
  const fs::path file = a.output.empty() ? a.survey_dir / "survey-bricks.fits.gz" : a.output;
  if (fs::exists(file) && !a.force)
    throw input_error("it is there already; --force replaces it").in_file(file.string());

  fits::Table table = BrickTiling(a.size).table();
  if (!a.region.empty()) {
    const auto wrapped = [](double ra) { return ra < 0 ? ra + 360 : ra; };
    std::vector<std::int64_t> rows;
    for (const Brick& brick : BrickTable::from_table(table).touching_box(
             wrapped(a.region[0]), wrapped(a.region[1]), a.region[2], a.region[3]))
      rows.push_back(brick.id - 1);  // ids count the tiling's bricks from 1
    if (rows.empty()) throw usage_error("--region: no brick touches it");
    table = table.select(rows);
  }
  check_names(table);
  fits::FitsWriter writer;
  writer.add_table(table);
  writer.write(file);
  write_stdout(fmt::format("{}: {} bricks\n", file.string(), table.rows()));
  return 0;
}

}  // namespace
}  // namespace brickline

int main(int argc, char** argv) {
  return brickline::run_program("make-bricks", [&] { return brickline::make_bricks(argc, argv); });
}
