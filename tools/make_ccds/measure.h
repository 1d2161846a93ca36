// make-ccds --measure: zero points from stars, instead of those that headers and cameras state.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "core/zeropoints/measured_images.h"
#include "tools/common/run_display.h"
#include "tools/common/stop_signals.h"

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace brickline {

struct MeasureArguments {
  bool measure = false, skip_calibrations = false, legacy_fits = false;
  std::string report;  // a page; empty: none
  std::string astrometry = "shift", outdir, gaia_dir, gaia_scheme, gaia_prefix, ps1_dir, sdss_dir, dust_dir,
              calib_dir, xp_basis;
  std::vector<std::string> catalogs;  // NAME=DIR
  std::vector<std::string> facts;     // files
  std::vector<double> star_mags;
  MeasureOptions options;
  std::vector<const CLI::Option*> all;        // but --measure itself
  std::vector<const CLI::Option*> constants;  // those options of which the command line in products tells
};

void add_measure_options(CLI::App& app, MeasureArguments& a);
// What ranges of single options do not tell. Error (kUsage).
void check_measure_options(const MeasureArguments& a);

// Measures what `made` lists, writes the images' tables and, by `write`, the survey's, which has `name`. CCDs that are
// finished are kept in the directory of the images' tables until all are written: a signal ends it with kInterruptedCode, and
// the same command goes on. Returns the exit code.
int measure_and_write(const SurveyDirectory& survey, const CameraRegistry& cameras, const MadeCcdTable& made,
                      MeasureArguments& a, const std::string& name, const std::filesystem::path& table_file,
                      const std::function<void(const fits::Table&)>& write, RunDisplay& display,
                      StopSignals& signals, const Log& log);

}  // namespace brickline
