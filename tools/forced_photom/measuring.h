// What forced-photom is told when it measures, and what follows from it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/base/log.h"
#include "core/forced/forced_ccd.h"
#include "core/survey/survey_directory.h"

namespace CLI {
class App;
}

namespace brickline {

struct MeasuringWords {
  std::string survey_dir, cache_dir, catalog, catalog_dir, catalog_dir_north, catalog_dir_south, camera,
      ccdname, out, out_dir, outlier_dir, positions, ra_column, dec_column, save_model, save_data, write_cat,
      cutouts, plots, list, report, gaia_dir, large_galaxies;
  std::vector<std::string> plugin_dirs;
  std::vector<std::string> outlier_mask;  // a file, or none
  std::int64_t expnum = -1;
  double resolve_dec = -1000;
  std::vector<int> zoom;
  int threads = 1, cutout_size = 20, ceres_threads = 1;
  bool skip = false, no_outliers = false, no_halos = false, no_large_galaxies = false, no_move_gaia = false,
       apphot = false, no_forced = false, positions_alone = false, correct_zero_points = false,
       derivs = false, agn = false, constant_invvar = false, no_normalize_psf = false, redo = false,
       pre_cache = false, trust_header = false, trust_table = false, check_done = false,
       wants_outlier_mask = false, no_effect = false;
  int verbosity = 0;
};

void declare_measuring(CLI::App& app, MeasuringWords& words);
// Error (kUsage) for what contradicts itself, or is not there.
void check_measuring(const CLI::App& app, MeasuringWords& words);
// The options that change the table, in canonical order.
std::string command_line_of(const MeasuringWords& words);
// Reads the list of positions, too.
ForcedCcdOptions measuring_options(const MeasuringWords& words, const SurveyDirectory& survey,
                                   const Log& log);
// What else changes tables: directories, the list of positions.
std::string further_options(const MeasuringWords& words, const ForcedCcdOptions& options);

// Measures; returns the exit code.
int measure(const MeasuringWords& words);

}  // namespace brickline
