// survey: many bricks, on one machine or on a cluster.
#include <fmt/format.h>

#include <string>
#include <string_view>
#include <variant>

#include "core/base/error.h"
#include "core/base/nearest_name.h"
#include "core/campaign/session.h"
#include "tools/common/program.h"
#include "tools/common/stop_signals.h"
#include "tools/survey/commands.h"

namespace brickline {
namespace {

struct Subcommand {
  std::string_view name, help;
  std::variant<int (*)(int, char**), int (*)(int, char**, const Cancel&)> run;
};

constexpr Subcommand kSubcommands[] = {
    {"check", "whether every file is there that a run will need", survey_check},
    {"pack", "puts a brick's run into one directory that another machine can run", survey_pack},
    {"plan", "makes a plan: which bricks, or CCDs, how dear each is, with which options", survey_plan},
    {"run", "works through a plan on this machine", survey_run},
    {"task", "carries out one bundle of a round: what a batch system calls", survey_task},
    {"submit", "hands what waits to Slurm, round after round", survey_submit},
    {"hand-out", "makes a round of tasks for another engine", survey_hand_out},
    {"advance", "looks at what has ended, and says what is to be done next", survey_advance},
    {"status", "how a plan stands", survey_status},
    {"why", "the story of one item, with its logs", survey_why},
    {"verify", "checks every file of every item that is done", survey_verify},
    {"again", "lets items that were given up be tried again", survey_again},
    {"stop", "asks everything that runs to end now, to be gone on with", survey_stop},
    {"drain", "asks for no more to be begun", survey_drain},
    {"clean", "removes the saved state of items that are done", survey_clean},
    {"sweep", "cuts the catalogs of finished bricks into boxes of sky", survey_sweep},
    {"summary", "one row per brick: exposures, depths, numbers of sources", survey_summary},
    {"randoms", "random places, with depths, masks and fluxes of the coadds there", survey_randoms},
    {"maps", "HEALPix maps of depth, exposures and masks, and the coverage (MOC)", survey_maps},
    {"hips", "pictures and sources as a HiPS, and a page to look at them", survey_hips},
    {"ccds", "the CCDs that the finished bricks were made from", survey_ccds},
    {"match", "matches another catalog with those of finished bricks", survey_match},
    {"seal", "makes the products of a finished plan read-only, with one table of checksums", survey_seal},
};

constexpr std::string_view kGuide = R"(
Ten bricks on one machine:

  survey plan PLAN --region 149.9 150.4 2.0 2.4 -- --survey-dir DIR --outdir OUT --plugin-dir PLUGINS
  survey run PLAN --local --jobs 2 --threads 4
  survey status PLAN
  survey why PLAN 1501p022

Behind "--" stand the options of runbrick; they are frozen in PLAN/runbrick.toml. An interrupted run is gone on with by
the same command. An item counts as done when its files are verified, never because they are there.

A hundred thousand on a cluster with Slurm:

  survey submit PLAN --site site.toml --dry-run
  survey submit PLAN
  survey status PLAN

Each round is looked at by a job of its own, which submits the next. In the end:

  survey verify PLAN
  survey clean PLAN
  survey seal PLAN

Where calibrations are missing, a plan of CCDs comes first; behind "--" stand the options of calibrate:

  survey plan CALIBS --calibrate -- --survey-dir DIR --plugin-dir PLUGINS
  survey run CALIBS --local --jobs 2
  survey verify CALIBS

What comes of all bricks (BRICKS: the table survey-bricks.fits.gz):

  survey sweep SWEEPS --catalogs OUT/tractor
  survey summary OUT --bricks BRICKS --out summary.fits.gz
  survey randoms OUT --bricks BRICKS --out randoms.fits --density 2500 --dust-dir DUST
  survey maps OUT --bricks BRICKS --out MAPS --nside 256
  survey ccds OUT --bricks BRICKS --out ccds-used.fits
  survey hips OUT --bricks BRICKS --out SKY
  survey match OTHER.fits --catalogs OUT/tractor --out matched.fits --copy MJD,PLATE,FIBERID

or as a plan, with such lines (without "survey") in a file:

  survey plan TABLES --tables tables.txt
  survey run TABLES --local
)";

std::string help() {
  std::string text =
      "survey: works on many bricks, and knows which of them are done.\n\nusage: survey SUBCOMMAND ...\n\n";
  for (const Subcommand& s : kSubcommands) text += fmt::format("  {:<9} {}\n", s.name, s.help);
  return text + "\nsurvey SUBCOMMAND --help tells of each; survey --version.\n" + std::string(kGuide);
}

// SIGTERM, SIGINT and SIGUSR1 end it.
int run_until_stopped(const Subcommand& s, int argc, char** argv) {
  StopSignals stop;  // before there is any thread
  const auto tell = [&](const std::string& why) {
    fmt::print(stderr, "survey {}: ended by {}: the same command goes on\n", s.name, why);
  };
  stop.listen({}, tell);
  try {
    return std::get<1>(s.run)(argc, argv, stop.cancel());
  } catch (const Interrupted&) {
    tell(stop.why());
    return kInterruptedCode;
  }
}

int run(const Subcommand& s, int argc, char** argv) {
  if (s.run.index() == 1) return run_until_stopped(s, argc, argv);
  try {
    return std::get<0>(s.run)(argc, argv);
  } catch (const PlanIsHeld& held) {
    fmt::print(stderr, "survey {}: the plan is held by {}: the same command, later\n", s.name, held.what());
    return kInterruptedCode;
  }
}

int survey(int argc, char** argv) {
  const std::string_view word = argc > 1 ? argv[1] : "";
  if (word == "--help" || word == "-h") {
    write_stdout(help());
    return 0;
  }
  if (word == "--version") {
    write_stdout(version_text("survey") + "\n");
    return 0;
  }
  std::vector<std::string> names;
  for (const Subcommand& s : kSubcommands) {
    if (s.name == word) return run(s, argc - 1, argv + 1);
    names.emplace_back(s.name);
  }
  if (word.empty()) throw usage_error("a subcommand is missing (survey --help lists them)");
  const std::string nearest = nearest_name(word, names, 3);
  throw usage_error("{}: there is no such subcommand{} (survey --help lists them)", word,
                    nearest.empty() ? "" : "; did you mean " + nearest + "?");
}

}  // namespace
}  // namespace brickline

int main(int argc, char** argv) {
  return brickline::run_program("survey", [&] { return brickline::survey(argc, argv); });
}
