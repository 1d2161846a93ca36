// make-ccds solve: zero points of a finished table of CCDs from the stars that its CCDs have in common.
#pragma once

#include <filesystem>
#include <vector>

#include "core/facts/camera_facts.h"
#include "core/zeropoints/cloudy_exposures.h"
#include "core/zeropoints/relative_solve.h"
#include "tools/make_ccds/amplifiers.h"

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace brickline {

struct SolveArguments {
  std::filesystem::path table, output;
  std::vector<std::filesystem::path> stars;  // -photom tables, or directories with them
  bool all_stars = false, force = false;
  double match_radius_arcsec = 0.5, largest_error = 0.05, most_masked = 0.1, night_begins = 18;
  // mag per airmass, where transparencies do not say what the airmass takes
  double extinction = BandPhotometry{}.extinction_per_airmass;
  RelativeSolveOptions options;
  CloudOptions clouds;
  AmplifierArguments amplifiers;
  std::vector<const CLI::Option*> amplifier_options;  // that are of no use without --amplifiers
};
CLI::App* add_solve_command(CLI::App& app, SolveArguments& a);
int solve_table(const SolveArguments& a);

}  // namespace brickline
