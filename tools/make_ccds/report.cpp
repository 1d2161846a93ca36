#include "tools/make_ccds/report.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <set>

#include "core/base/atomic_file.h"
#include "core/base/error.h"
#include "core/fits/fits_reader.h"
#include "tools/common/program.h"
#include "tools/make_ccds/page.h"
#include "tools/make_ccds/table_file.h"

namespace brickline {
namespace {

namespace fs = std::filesystem;

// Files, each once; of directories the images' tables below them.
std::vector<fs::path> files_of(const std::vector<fs::path>& names) {
  std::vector<fs::path> out;
  std::set<fs::path> known;
  const auto add = [&](const fs::path& file) {
    if (known.insert(fs::weakly_canonical(file)).second) out.push_back(file);
  };
  for (const fs::path& name : names) {
    if (!fs::is_directory(name)) {
      add(name);
      continue;
    }
    std::vector<fs::path> below;
    for (const auto& entry : fs::recursive_directory_iterator(name)) {
      const std::string file = entry.path().filename().string();
      for (const char* ending : {"-photom.fits", "-photom.fits.gz", "-annotated.fits", "-annotated.fits.gz"})
        if (entry.is_regular_file() && file.ends_with(ending)) below.push_back(entry.path());
    }
    if (below.empty())
      throw input_error("no file *-photom.fits or *-annotated.fits is below it").in_file(name.string());
    std::sort(below.begin(), below.end());
    for (const fs::path& file : below) add(file);
  }
  return out;
}

}  // namespace

CLI::App* add_report_command(CLI::App& app, ReportArguments& a) {
  CLI::App* reporting = app.add_subcommand(
      "report",
      "draws tables of --measure as one page for a browser: zero points over time, airmass and focal plane, conditions, "
      "astrometry, colours with their terms, what stands out, and each CCD with its stars");
  reporting
      ->add_option(
          "TABLES", a.tables,
          "tables of CCDs (the survey's, or *-annotated.fits; of a CCD that is in several the first counts), of "
          "stars (*-photom.fits), and directories that hold such files of images")
      ->required();
  reporting->add_option("--out", a.page, "the page to write, PAGE.html")->required();
  reporting
      ->add_option(
          "--facts", a.facts,
          "a file of facts about photometry that were laid over the camera's own when it was measured "
          "(--measure --facts); repeatable")
      ->expected(1)
      ->take_all()
      ->allow_extra_args(false);
  reporting->add_flag("--force", a.force, "replace a page that is there");
  return reporting;
}

int write_report(const ReportArguments& a, const PluginSearch& plugins) {
  refuse_to_replace(a.page, a.force);
  TerminalLog terminal(LogLevel::kWarning);
  const Log log(terminal);
  CameraRegistry cameras = CameraRegistry::scan(plugins, log);
  ZeroPointsPage page(cameras, read_facts_over(a.facts));
  std::vector<fs::path> of_stars;
  for (const fs::path& file : files_of(a.tables)) {
    const fits::Table table = fits::FitsReader(file).table(1);
    if (ZeroPointsPage::is_of_stars(table))
      of_stars.push_back(file);
    else
      page.add_ccds(table, file.string());
  }
  if (page.ccds() == 0) throw input_error("none of the tables has a CCD").in_file(a.tables.front().string());
  for (const std::string& name : page.camera_names()) try {
      cameras.load(name);
    } catch (const Error& e) {
      if (e.kind() == ErrorKind::kInternal) throw;
      log.warning("colour terms of camera {} are not drawn: {}", name, e.line());
    }
  for (const fs::path& file : of_stars) {
    fits::FitsReader reader(file);
    const auto image = reader.header(1).text("FILENAME");
    if (!image)
      throw input_error("its header has no FILENAME: it is no table of stars that make-ccds --measure wrote")
          .in_file(file.string());
    page.add_stars(reader.table(1), *image, file.string());
  }
  const std::string title =
      fmt::format("Zero points of {}{}", a.tables.front().string(), a.tables.size() > 1 ? " and others" : "");
  write_file_atomically(a.page, page.html(title));
  write_stdout(fmt::format(
      "{}: {} CCDs, {} of {} stars{}\n", a.page.string(), page.ccds(), page.stars_shown(), page.stars(),
      page.others() > 0 ? fmt::format("; {} stars are on CCDs that no table has", page.others()) : ""));
  return 0;
}

void write_report(const MadeCcdTable& made, const MeasuredImages& images, const CameraRegistry& cameras,
                  const std::string& facts_over, const std::string& survey, const fs::path& file) {
  std::vector<std::size_t> all(images.rows.size());
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = i;
  ZeroPointsPage page(cameras, facts_over);
  page.add_ccds(annotated_table(made, images, all), survey);
  for (const std::size_t i : all)
    if (!images.rows[i].zero_point.stars.empty())
      page.add_stars(photom_table(made, images, {i}), short_name(images.rows[i].image_filename), survey);
  write_file_atomically(file, page.html("Zero points of " + survey));
}

}  // namespace brickline
