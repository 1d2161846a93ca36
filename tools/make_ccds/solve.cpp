#include "tools/make_ccds/solve.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <span>

#include "core/base/atomic_file.h"
#include "core/base/error.h"
#include "core/base/exit_codes.h"
#include "core/fits/fits_writer.h"
#include "tools/common/program.h"
#include "tools/make_ccds/solve_parts.h"
#include "tools/make_ccds/table_file.h"

namespace brickline {
namespace {

using namespace solving;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

Solved solve(const SolveArguments& a, const fits::Table& table, const Rows& rows,
             std::vector<StarMeasurement> measurements, const Amplifiers* amplifiers) {
  Solved out;
  std::vector<std::int32_t> number(rows.ccds.size(), -1);
  std::vector<RelativeCcd> ccds;
  for (std::size_t i = 0; i < number.size(); ++i) {
    if (rows.part[i] != Part::kTakesPart) continue;
    number[i] = static_cast<std::int32_t>(ccds.size());
    ccds.push_back(rows.ccds[i]);
  }
  for (StarMeasurement& m : measurements) m.ccd = number[at(m.ccd)];
  // A term's error is the same in all CCDs of a camera and band, which the stars say nothing of, unless several catalogs
  // gave their zero points: then it is between them.
  std::map<int, std::set<int>> catalogs_of;
  for (std::size_t i = 0; i < number.size(); ++i)
    if (number[i] >= 0) catalogs_of[rows.system[i]].insert(rows.catalog[i]);
  Numbers<int> catalogs;
  std::vector<double> catalog_errors;
  std::set<int> mixed;  // cameras and bands
  for (std::size_t i = 0; i < number.size(); ++i) {
    if (number[i] < 0 || !(rows.term_error[i] > 0) || catalogs_of.at(rows.system[i]).size() < 2) continue;
    const int catalog = catalogs(rows.catalog[i]);
    ccds[at(number[i])].catalog = catalog;
    mixed.insert(rows.system[i]);
    if (catalog < std::ssize(catalog_errors)) continue;
    catalog_errors.push_back(rows.term_error[i]);
    out.catalogs.push_back(rows.catalog[i]);
  }
  out.solution = solve_zero_points(
      ccds, measurements, a.options,
      amplifiers ? std::span(amplifiers->all()) : std::span<const RelativeAmplifier>(), catalog_errors);
  // Cameras and bands whose usual zero point is known.
  std::vector<bool> has_usual(at(*std::max_element(rows.system.begin(), rows.system.end()) + 1));
  const bool has_transparency = table.has("transparency");
  const auto transparency = [&](std::size_t i) {
    const double t = has_transparency ? table.number("transparency", static_cast<std::int64_t>(i)) : kNan;
    return t > 0 ? t : kNan;
  };
  const bool has_airmass = table.has("airmass");
  const auto airmass = [&](std::size_t i) {
    const double value = has_airmass ? table.number("airmass", static_cast<std::int64_t>(i)) : kNan;
    return value >= 1 ? value : 1;
  };
  for (std::size_t i = 0; i < number.size(); ++i)
    if (transparency(i) > 0) has_usual[at(rows.system[i])] = true;
  std::vector<ClearValue> clear;
  for (std::size_t i = 0; i < number.size(); ++i) {
    const RelativeCcd& before = rows.ccds[i];
    SolvedCcd ccd;
    ccd.zero_point = before.zero_point;
    ccd.error = before.error;
    if (number[i] >= 0) ccd = out.solution.ccds[at(number[i])];
    out.ccds.push_back(ccd);
    out.with_term.push_back(ccd.solved && mixed.contains(rows.system[i]));
    ClearValue c{before.exposure, before.night, before.detector, rows.system[i], kNan,
                 // What CCDs have in common scatters none of them.
                 out.with_term.back() ? std::min(ccd.error, before.error) : ccd.error, ccd.star_excess};
    if (rows.part[i] == Part::kTakesPart || rows.part[i] == Part::kNoStars) {
      // transparency = 10^(0.4 (zero point - usual + k (airmass - 1))), of the provider's zero point
      c.value = has_usual[at(rows.system[i])]
                    ? 2.5 * std::log10(transparency(i)) + ccd.zero_point - before.zero_point
                    : ccd.zero_point + a.extinction * (airmass(i) - 1);
    }
    clear.push_back(c);
  }
  out.skies = judge_exposures(clear, a.clouds);
  return out;
}

}  // namespace

CLI::App* add_solve_command(CLI::App& app, SolveArguments& a) {
  CLI::App* solving = app.add_subcommand(
      "solve",
      "solves for the zero points of all CCDs of a table of --measure from the stars that they have in common (of one "
      "camera and band), tied to the zero points that are there by their errors; tells exposures that were not photometric. "
      "Where a camera and band has those of several catalogs, the one with the least error of its colour term sets the level. "
      "CCDs without common stars keep theirs (column zpt_solve). Tables EXPOSURES and NIGHTS behind it have what the "
      "provider's errors have in common there. Exit code 6 if measured CCDs have no star table");
  solving->add_option("TABLE", a.table, "the table, of make-ccds --measure")->required();
  solving->add_option("OUT", a.output, "the table to write")->required();
  solving->add_option("STARS", a.stars, "its tables of stars, *-photom.fits, or directories that hold them")
      ->required();
  solving->add_flag("--force", a.force, "replace a table that is there");
  solving->add_flag(
      "--all-stars", a.all_stars,
      "stars without a Gaia identifier, too, matched by position; else Gaia's only, since galaxies' "
      "magnitudes depend on the seeing");
  const auto constant = [&](const char* name, auto& value, const char* help, auto low, auto high) {
    solving->add_option(name, value, help)->check(CLI::Range(low, high))->capture_default_str();
  };
  constant("--match-radius", a.match_radius_arcsec, "arcsec, of --all-stars", 0.01, 60.);
  constant("--largest-error", a.largest_error, "mag, of a star that is used", 1e-6, 1.);
  constant("--most-masked", a.most_masked, "part of a star's light on masked pixels", 0., 1.);
  constant("--night-begins", a.night_begins, "hours of UTC at which one night ends and the next begins", 0.,
           24.);
  RelativeSolveOptions& o = a.options;
  constant("--star-floor", o.star_floor, "mag, added to each star's error in quadrature", 0., 1.);
  constant("--provider-floor", o.provider_floor, "mag, added to the provider's error of each CCD", 0., 1.);
  constant("--exposure-floor", o.exposure_floor,
           "mag, at least, of the provider's error that an exposure's CCDs have in common", 0., 1.);
  constant("--clip-stars", o.clip_stars, "sigmas, of stars' measurements", 1., 100.);
  constant("--clip-provider", o.clip_provider, "sigmas, of the provider's zero points", 1., 100.);
  constant("--fewest-common", o.fewest_common, "stars in common with others, of a CCD that is solved", 1,
           1000000);
  constant("--most-rounds", o.most_rounds, "of leaving out and solving", 4, 1000);
  constant(
      "--most-exact", o.most_whole,
      "CCDs times amplifiers up to which errors are exact, which takes ever longer; beyond, they are estimated",
      0., 1e12);
  constant(
      "--error-accuracy", o.error_accuracy,
      "relative, wanted of errors that are estimated; what 256 random vectors do not reach is told (fewer CCDs need "
      "more), and ZSERRACC, ZSAMPACC, ZSCOMACC say what was reached",
      1e-3, 0.5);
  CloudOptions& c = a.clouds;
  constant("--largest-offset", c.largest_offset, "mag below the clear level, of a photometric exposure", 0.,
           100.);
  constant("--largest-season-offset", c.largest_season_offset, "... below that of all nights", 0., 100.);
  constant("--largest-ccd-scatter", c.largest_ccd_scatter, "mag, of its CCDs", 0., 100.);
  constant("--largest-star-excess", c.largest_star_excess, "of its stars' scatter over the expected", 0.,
           1000.);
  constant(
      "--extinction", a.extinction,
      "mag per airmass that zero points are freed of before clouds are looked for, in cameras and bands without a "
      "usual zero point (column transparency); what has no airmass counts as 1",
      0., 2.);
  AmplifierArguments& m = a.amplifiers;
  const std::string group = "Amplifiers";
  solving
      ->add_option(
          "--amplifiers", m.period,
          "night, run, all: solve also for what the amplifiers of a CCD differ by (their gains), alike in a night, in a run of "
          "nights, or always; where they are the cameras' facts say (amplifiers.table, whose dzp_mag may be 0). ccdzpt is "
          "then that of the whole CCD, and OUT has a table AMPLIFIERS")
      ->check(CLI::IsMember({"night", "run", "all"}))
      ->group(group);
  const auto of_amplifiers = [&](CLI::Option* option) {
    a.amplifier_options.push_back(option->group(group));
  };
  of_amplifiers(solving->add_option(
      "--amplifier-facts", m.facts,
      "a file with {\"amplifiers\": {\"table\": [...]}}, laid over the cameras' own facts"));
  of_amplifiers(solving->add_option(
      "--amplifiers-out", m.out,
      "FILE.json: facts, to be laid over the camera's, that bring amplifiers to their CCD's zero point"));
  of_amplifiers(solving
                    ->add_option("--amplifier-sigma", o.amplifier_sigma,
                                 "mag, that they are thought to differ by before anything is measured")
                    ->check(CLI::Range(1e-4, 10.))
                    ->capture_default_str());
  of_amplifiers(
      solving->add_option("--run-gap", m.run_gap, "days from a night to the next of its run, at most")
          ->check(CLI::Range(1., 1e5))
          ->capture_default_str());
  return solving;
}

int solve_table(const SolveArguments& a) {
  if (a.amplifiers.period.empty())
    for (const CLI::Option* option : a.amplifier_options)
      if (option->count() > 0) throw usage_error("{} is of no use without --amplifiers", option->get_name());
  refuse_to_replace(a.output, a.force);
  if (!a.amplifiers.out.empty()) refuse_to_replace(a.amplifiers.out, a.force);
  TableFile file = TableFile::read(a.table);
  fits::Table& table = file.table;
  Rows rows;
  std::optional<Amplifiers> amplifiers;
  try {
    if (table.has("ccdzpt_provider"))
      throw input_error(
          "its zero points are solved already; the table that make-ccds --measure wrote is needed");
    if (table.rows() == 0) throw input_error("it has no CCD");
    rows = rows_of(table, a.night_begins);
    if (!a.amplifiers.period.empty()) {
      AmplifierArguments of = a.amplifiers;
      of.night_begins = a.night_begins;
      amplifiers.emplace(table, rows.night, of);
      if (amplifiers->divided() == 0)
        throw input_error(
            "no camera's facts say where the amplifiers of its CCDs are (amplifiers.table); --amplifier-facts FILE "
            "can say it");
    }
  } catch (Error& e) {
    throw e.in_file(a.table.string());
  }
  Stars stars = read_stars(a, table, amplifiers ? &*amplifiers : nullptr, rows);
  const auto count = [&](Part part) { return std::count(rows.part.begin(), rows.part.end(), part); };
  if (count(Part::kTakesPart) == 0)
    throw input_error("none of its {} CCDs is both measured and in the star tables", table.rows())
        .in_file(a.table.string());
  const Solved solved =
      solve(a, table, rows, std::move(stars.measurements), amplifiers ? &*amplifiers : nullptr);
  const RelativeSolution& solution = solved.solution;
  const std::string facts = a.amplifiers.out.empty() ? std::string() : amplifiers->facts(solution.amplifiers);
  replace_columns(table, rows, solved);
  add_cards(file.header, solution);
  fits::FitsWriter writer;
  file.add_to(writer);
  add_common_errors(writer, table, rows, solution);
  if (amplifiers) writer.add_table(amplifiers->table(solution.amplifiers), "AMPLIFIERS");
  writer.write(a.output);
  if (!facts.empty()) write_file_atomically(a.amplifiers.out, facts);
  if (const double worst = std::max(
          {solution.error_accuracy, solution.amplifier_error_accuracy, solution.common_error_accuracy});
      worst > a.options.error_accuracy) {
    TerminalLog terminal(LogLevel::kWarning);
    Log(terminal).warning(
        "{}: errors are estimated to {:.1f} % only, and --error-accuracy wants {:.1f} %: a larger --most-exact makes them "
        "exact",
        a.output.string(), 100 * worst, 100 * a.options.error_accuracy);
  }
  write_stdout((amplifiers ? amplifiers->report(solution.amplifiers) : std::string()) +
               report(a, table, rows, stars, solved));
  return count(Part::kNoStars) == 0 ? 0 : kSomeItemsFailed;
}

}  // namespace brickline
