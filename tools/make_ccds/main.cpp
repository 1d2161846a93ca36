// make-ccds: the table of CCDs of a survey directory, from its image files.
#include <fmt/format.h>
#include <tbb/global_control.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cctype>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/base/error.h"
#include "core/base/exit_codes.h"
#include "core/calib/ccd_table_maker.h"
#include "core/fits/fits_writer.h"
#include "core/survey/concatenate_tables.h"
#include "tools/common/program.h"
#include "tools/common/run_display.h"
#include "tools/make_ccds/choose.h"
#include "tools/make_ccds/cut.h"
#include "tools/make_ccds/measure.h"
#include "tools/make_ccds/report.h"
#include "tools/make_ccds/solve.h"
#include "tools/make_ccds/table_file.h"

namespace brickline {
namespace {

namespace fs = std::filesystem;

struct Arguments {
  std::string survey_dir, name = "made";
  std::vector<std::string> files, zero_points;
  CcdTableOptions table;
  MeasureArguments measure;
  double seeing = 0;
  PluginSearch plugins;
  bool no_user_plugins = false, force = false;
  int threads = 0, verbosity = 0;
  // Of the other commands.
  fs::path output;
  std::vector<fs::path> inputs;
  CutArguments cut;
  TreeArguments tree;
  DepthCutArguments depth_cut;
  SolveArguments solve;
  ReportArguments report;
};

void write_table(const fits::Table& table, const fs::path& file, bool force) {
  refuse_to_replace(file, force);
  fits::FitsWriter writer;
  writer.add_table(table);
  writer.write(file);
}

void write_table(const TableFile& table, const fs::path& file) {
  fits::FitsWriter writer;
  table.add_to(writer);
  writer.write(file);
}

// BAND=MAG of each word.
std::map<std::string, double> zero_points_of(const std::vector<std::string>& words) {
  std::map<std::string, double> found;
  for (const std::string& word : words) {
    const auto equals = word.find('=');
    char* end = nullptr;
    const double mag = equals == std::string::npos ? 0 : std::strtod(word.c_str() + equals + 1, &end);
    if (equals == 0 || equals == std::string::npos || *end || !(mag > 0 && mag < 50))
      throw usage_error("--zeropoint: '{}' is not BAND=MAG", word);
    found[word.substr(0, equals)] = mag;
  }
  return found;
}

// Names below the survey's images, each once; of files elsewhere an error.
std::vector<std::string> relative_names(const SurveyDirectory& survey,
                                        const std::vector<std::string>& files) {
  std::vector<std::string> names;
  const fs::path images = fs::absolute(survey.root() / "images").lexically_normal();
  const auto is_inside = [](const fs::path& path) {
    return !path.empty() && path.is_relative() && *path.begin() != "..";
  };
  for (const fs::path file : files) {
    std::error_code code;
    // As it stands; as it is said; with all links followed, which may lead out of the survey's directory.
    fs::path name = file.lexically_normal();
    if (!is_inside(name) || !fs::exists(images / name, code))
      name = fs::absolute(file).lexically_normal().lexically_relative(images);
    if (!is_inside(name)) name = fs::weakly_canonical(file).lexically_relative(fs::weakly_canonical(images));
    if (!is_inside(name) || !fs::exists(images / name, code))
      throw input_error("it is not in the survey's directory of images ({})", images.string())
          .in_file(file.string());
    if (std::find(names.begin(), names.end(), name.string()) == names.end()) names.push_back(name.string());
  }
  return names;
}

int make_table(Arguments& a) {
  std::optional<StopSignals> signals;
  if (a.measure.measure) signals.emplace().listen(std::nullopt, [](const std::string&) {});
  RunDisplay terminal(a.verbosity > 0 ? LogLevel::kDebug : LogLevel::kWarning,
                      RunDisplay::form_of_stderr(false));
  const Log log(terminal);
  std::unique_ptr<tbb::global_control> limit;
  if (a.threads > 0)
    limit = std::make_unique<tbb::global_control>(tbb::global_control::max_allowed_parallelism,
                                                  static_cast<std::size_t>(a.threads));
  a.table.zero_point = zero_points_of(a.zero_points);
  if (a.seeing > 0) a.table.seeing_arcsec = a.seeing;
  a.plugins.use_user_directory = !a.no_user_plugins;
  check_measure_options(a.measure);
  const SurveyDirectory survey =
      SurveyDirectory::open(a.survey_dir.empty() ? std::nullopt : std::optional(fs::path(a.survey_dir)));
  const fs::path file = survey.root() / fmt::format("survey-ccds-{}.fits.gz", a.name);
  refuse_to_replace(file, a.force);
  if (!a.measure.report.empty()) refuse_to_replace(a.measure.report, a.force);
  CameraRegistry cameras = CameraRegistry::scan(a.plugins, log);
  const std::vector<std::string> files =
      a.files.empty() ? image_files(survey) : relative_names(survey, a.files);
  a.table.all_are_images = !a.files.empty();
  a.table.zero_points_come_later = a.measure.measure;
  terminal.stage_begins("looking at images", 1, 1);
  const MadeCcdTable made =
      make_ccd_table(survey, cameras, files, a.table, log,
                     [&](std::int64_t done, std::int64_t total) { terminal.progress(done, total); });
  terminal.end(0);
  for (const CcdProblem& p : made.problems)
    log.error("{}{}: {}{}{}", p.file, p.hdu >= 0 ? fmt::format("[{}]", p.hdu) : "", p.missing,
              p.remedy.empty() ? "" : "; what would help: ", p.remedy);
  if (made.files == 0)
    throw input_error("there are no images{}",
                      made.foreign == 0
                          ? ""
                          : fmt::format(", but {} files that are not FITS and that no camera here reads "
                                        "(--plugin-dir says where others are)",
                                        made.foreign))
        .in_file((survey.root() / "images").string());
  // Measured tables have rows for problems.
  if (made.table.rows() == 0 && (!a.measure.measure || made.problems.empty()))
    throw input_error("none of {} files gave a CCD; {} are masks or weights of others; {} problems",
                      made.files, made.skipped, made.problems.size())
        .in_file((survey.root() / "images").string());
  if (a.measure.measure)
    return measure_and_write(
        survey, cameras, made, a.measure, a.name, file,
        [&](const fits::Table& table) { write_table(table, file, a.force); }, terminal, *signals, log);
  write_table(made.table, file, a.force);
  write_stdout(fmt::format("{}: {} CCDs of {} files ({} are masks or weights of others), {} problems\n",
                           file.string(), made.table.rows(), made.files, made.skipped, made.problems.size()));
  return made.problems.empty() ? 0 : kSomeItemsFailed;
}

int merge(const Arguments& a) {
  TerminalLog terminal(LogLevel::kWarning);
  const Log log(terminal);
  std::vector<NamedTable> tables;
  for (const fs::path& name : a.inputs) {
    TableFile file = TableFile::read(name);
    if (const std::string words = words_of_left_out(file, true); !words.empty())
      log.warning("{}: {}", name.string(), words);
    tables.push_back({name.string(), std::move(file.table)});
  }
  require_same_kind(tables);
  const std::vector<std::string> lacking = words_of_lacking(tables);
  for (std::size_t i = 0; i < tables.size(); ++i)
    if (!lacking[i].empty()) log.warning("{}: {}", tables[i].name, lacking[i]);
  const fits::Table table = concatenate_tables(tables);
  if (const std::string words = ccds_there_twice(table); !words.empty())
    log.warning("{}: {}", a.output.string(), words);
  write_table(table, a.output, a.force);
  write_stdout(fmt::format("{}: {} CCDs of {} tables\n", a.output.string(), table.rows(), tables.size()));
  return 0;
}

int cut(Arguments& a) {
  TerminalLog terminal(LogLevel::kWarning);
  CameraRegistry cameras = CameraRegistry::scan(a.plugins, Log(terminal));
  // Before the first is written.
  for (const fs::path& file : {a.output, a.cut.annotated_out})
    if (!file.empty()) refuse_to_replace(file, a.force);
  const CutTables cut = cut_table(TableFile::read(a.inputs.front()), cameras, a.cut);
  write_table(cut.table, a.output.empty() ? a.inputs.front() : a.output);
  if (!a.cut.annotated.empty())
    write_table(cut.annotated, a.cut.annotated_out.empty() ? a.cut.annotated : a.cut.annotated_out);
  write_stdout(cut.report);
  return 0;
}

void add_plugin_options(CLI::App& app, Arguments& a) {
  app.add_option("--plugin-dir", a.plugins.plugin_dirs,
                 "directory of camera plugins, searched first; repeatable")
      ->expected(1)
      ->take_all()
      ->allow_extra_args(false);
  app.add_flag("--no-user-plugins", a.no_user_plugins, "leave out the user's own directory");
  app.add_flag("--allow-insecure-plugins", a.plugins.allow_insecure, "use files that everyone may write to");
}

int make_ccds(int argc, char** argv) {
  Arguments a;
  CLI::App app(
      "Writes survey-ccds-NAME.fits.gz of a survey directory from the images below its images/. Everything that "
      "keeps a CCD out of it is listed, with what would help; exit code 6 if there is such a thing.",
      "make-ccds");
  app.set_version_flag("--version", version_text("make-ccds"));
  app.add_option("FILES", a.files, "images, below the survey's images/; none: all that are there");
  app.add_option("--survey-dir", a.survey_dir, "the survey's directory (else $LEGACY_SURVEY_DIR)");
  app.add_option("--name", a.name, "of the table")->capture_default_str();
  app.add_option("--camera", a.table.camera, "camera of all files (else the one that claims each header)");
  app.add_option("--zeropoint", a.zero_points, "BAND=MAG: AB magnitude of 1 count per second; repeatable")
      ->expected(1)
      ->take_all()
      ->allow_extra_args(false)
      ->delimiter(',');
  app.add_option("--zeropoint-card", a.table.zero_point_card,
                 "card with the AB magnitude of one unit of the pixels");
  app.add_option("--seeing", a.seeing, "arcsec, of images whose headers do not say it")
      ->check(CLI::Range(0.01, 100.));
  app.add_option("--threads", a.threads, "threads; 0 for all cores")->check(CLI::Range(0, 4096));
  app.add_flag("-v,--verbose", a.verbosity, "say more");
  app.add_flag("--force", a.force, "replace a table that is there");
  add_plugin_options(app, a);
  add_measure_options(app, a.measure);

  CLI::App* merging = app.add_subcommand("merge", "joins tables, column by column");
  merging->add_option("OUT", a.output, "the table to write")->required();
  merging->add_option("TABLES", a.inputs, "the tables to join, of one kind and in the same units")
      ->required();
  merging->add_flag("--force", a.force, "replace a table that is there");
  CLI::App* cutting = app.add_subcommand(
      "cut", "sets ccd_cuts by the cameras' limits and prints how many CCDs each rule cuts");
  cutting->add_option("TABLE", a.inputs, "the table, which is replaced unless --out is given")
      ->required()
      ->expected(1);
  cutting->add_option("--out", a.output, "the table to write");
  add_cut_options(*cutting, a.cut);
  cutting->add_flag("--force", a.force, "replace a table that is there");
  add_plugin_options(*cutting, a);
  CLI::App* growing = add_tree_command(app, a.tree);
  CLI::App* choosing = add_depth_cut_command(app, a.depth_cut);
  add_plugin_options(*choosing, a);
  CLI::App* solving = add_solve_command(app, a.solve);
  add_plugin_options(*solving, a);
  CLI::App* reporting = add_report_command(app, a.report);
  add_plugin_options(*reporting, a);
  if (!parse_command_line(app, argc, argv)) return 0;
  if (merging->parsed()) return merge(a);
  if (cutting->parsed()) return cut(a);
  if (growing->parsed()) return write_tree(a.tree);
  if (choosing->parsed()) return cut_bricks(a.depth_cut, a.plugins);
  if (solving->parsed()) {
    a.solve.amplifiers.plugins = a.plugins;
    a.solve.amplifiers.plugins.use_user_directory = !a.no_user_plugins;
    return solve_table(a.solve);
  }
  if (reporting->parsed()) {
    a.plugins.use_user_directory = !a.no_user_plugins;
    return write_report(a.report, a.plugins);
  }
  return make_table(a);
}

}  // namespace
}  // namespace brickline

int main(int argc, char** argv) {
  return brickline::run_program("make-ccds", [&] { return brickline::make_ccds(argc, argv); });
}
