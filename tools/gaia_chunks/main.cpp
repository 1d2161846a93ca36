// gaia-chunks: Gaia's own files made into the chunk files that every program here reads.
#include <fmt/format.h>
#include <tbb/global_control.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "core/base/cancel.h"
#include "core/base/error.h"
#include "core/base/exit_codes.h"
#include "core/base/resources.h"
#include "core/refs/gaia_chunks.h"
#include "tools/common/program.h"
#include "tools/common/stop_signals.h"

namespace brickline {
namespace {

namespace fs = std::filesystem;

constexpr const char* kFooter = R"(
INPUT: GaiaSource_*.csv.gz as they are downloaded, or what the archive answers a query with: CSV, ECSV, FITS, VOTable
(TABLEDATA or BINARY2), gzipped or not; or directories of such files. Needed are the columns of the table gaia_source
that programs here read; what is missing is named.

  gaia-chunks GaiaSource/ --out GAIA --threads 8
  gaia-chunks query.fits.gz --out GAIA --columns g_sdss_mag,r_sdss_mag,bp_coefficients:55D
  gaia-chunks GaiaSource/ --gspc SyntheticPhotometryGspc/ --xp-continuous XpContinuousMeanSpectrum/ --out GAIA

A run that was interrupted or killed is gone on with by the same command. Once everything is done, the same command
does nothing. A chunk holds the stars of its pixel (1.8 degrees wide) that the inputs have: of a query over part of the
sky, those at its border are not whole.

Tables to be joined have a row for some of the stars; each may be given several times, as files and directories. make-ccds
--measure --photometry gspc and xp read what is kept of them.

A chunk takes some 120 bytes for each star, and of joined tables for every star, with a row of them or without, 88 more for
synthetic photometry, 440 for continuous and 1372 for sampled spectra. Disk needed beside the chunks while it runs: 120
bytes for each star, and as many as above for each row of the joined tables.)";

struct Arguments {
  std::vector<fs::path> inputs;
  std::string scheme = "ring";
  std::vector<std::string> columns;
  std::vector<fs::path> gspc, xp_sampled, xp_continuous;
  GaiaChunkOptions options;
  int threads = 0;
  int verbosity = 0;
};

int gaia_chunks(int argc, char** argv) {
  Arguments a;
  CLI::App app("Makes the Gaia catalog's files, chunk-NNNNN.fits, of Gaia's own.", "gaia-chunks");
  app.set_version_flag("--version", version_text("gaia-chunks"));
  app.footer(kFooter);
  app.add_option("INPUT", a.inputs, "files and directories");
  app.add_option("--out", a.options.out_dir, "the directory that gets the chunks: --gaia-dir, GAIA_CAT_DIR");
  app.add_option(
         "--columns", a.columns,
         "NAME, NAME:D (double precision) or NAME:55E (an array), ...: further columns of numbers to keep along")
      ->delimiter(',');
  const auto joined = [&](const char* name, std::vector<fs::path>& paths, const char* help) {
    app.add_option(name, paths, help)
        ->expected(1)
        ->take_all()
        ->allow_extra_args(false)
        ->group("Joined by source_id");
  };
  joined("--gspc", a.gspc,
         "SyntheticPhotometryGspc_*: keep magnitudes (u_jkc_mag ... y_ps1_mag) and their flags");
  joined("--xp-sampled", a.xp_sampled, "XpSampledMeanSpectrum_*: keep flux as xp_flux");
  joined("--xp-continuous", a.xp_continuous,
         "XpContinuousMeanSpectrum_*: keep bp_coefficients and rp_coefficients");
  app.add_option("--scheme", a.scheme, "how pixels are numbered, ring or nested: GAIA_CAT_SCHEME")
      ->capture_default_str();
  app.add_option("--prefix", a.options.prefix, "the names' beginning: GAIA_CAT_PREFIX")
      ->capture_default_str();
  app.add_option("--release", a.options.release,
                 "the data release; if not given, as ref_epoch says (2015.5: 2, 2016: 3)");
  app.add_option("--work-dir", a.options.work_dir,
                 "where what is read is kept until all is written (default: --out)");
  app.add_option("--threads", a.threads, "0: as many as the machine has")->capture_default_str();
  app.add_flag("--force", a.options.force,
               "replace chunks that were made from other inputs or with other options");
  app.add_flag("-v,--verbose", a.verbosity, "tell of each input");
  if (!parse_command_line(app, argc, argv)) return 0;
  if (a.inputs.empty()) throw usage_error("no input: files or directories of Gaia's are wanted");
  if (a.options.out_dir.empty()) throw usage_error("--out says where the chunks go");
  if (a.scheme != "ring" && a.scheme != "nested")
    throw usage_error("--scheme: '{}' is neither ring nor nested", a.scheme);
  if (a.options.prefix.empty() || a.options.prefix.find('/') != std::string::npos)
    throw usage_error("--prefix: '{}' is no beginning of a file's name", a.options.prefix);
  if (a.threads < 0) throw usage_error("--threads: {}", a.threads);
  if (a.scheme == "nested") a.options.scheme = HealpixScheme::kNested;
  for (const std::string& word : a.columns) a.options.columns.push_back(parse_gaia_extra_column(word));
  for (const auto& [paths, table] :
       {std::pair{&a.gspc, GaiaJoinedTable::gspc()}, std::pair{&a.xp_sampled, GaiaJoinedTable::xp_sampled()},
        std::pair{&a.xp_continuous, GaiaJoinedTable::xp_continuous()}})
    if (!paths->empty()) {
      a.options.joined.push_back(table);
      a.options.joined.back().inputs = gaia_inputs(*paths);
    }

  StopSignals signals;
  signals.listen(std::nullopt, [](const std::string&) {});
  TerminalLog terminal(a.verbosity > 0 ? LogLevel::kInfo : LogLevel::kWarning);
  std::unique_ptr<tbb::global_control> limit;
  if (a.threads > 0)
    limit = std::make_unique<tbb::global_control>(tbb::global_control::max_allowed_parallelism,
                                                  static_cast<std::size_t>(a.threads));
  try {
    const GaiaChunkSummary s =
        make_gaia_chunks(gaia_inputs(a.inputs), a.options, Log(terminal), signals.cancel());
    std::string text = s.nothing_to_do ? "nothing to do: " : "";
    text += fmt::format("{}: {} stars in {} chunks, from {} files", a.options.out_dir.string(),
                        s.rows - s.duplicates, s.chunks, s.inputs);
    if (s.duplicates > 0) text += fmt::format("; {} rows stood in them twice", s.duplicates);
    if (s.inputs_done_before > 0) text += fmt::format("; {} files were read before", s.inputs_done_before);
    for (std::size_t k = 0; k < s.joined.size(); ++k)
      text += fmt::format("\n{} stars have {}", s.joined[k], a.options.joined[k].name);
    text +=
        fmt::format("\nGAIA_CAT_DIR={} GAIA_CAT_VER={}", fs::absolute(a.options.out_dir).string(), s.release);
    if (a.scheme != "ring") text += " GAIA_CAT_SCHEME=" + a.scheme;
    if (a.options.prefix != "chunk") text += " GAIA_CAT_PREFIX=" + a.options.prefix;
    write_stdout(text + "\n");
    if (a.verbosity > 0) {
      const ResourceUse use = resource_use();
      Log(terminal).info("{:.1f} s of CPU, at most {:.0f} MB", use.cpu_seconds,
                         static_cast<double>(use.peak_bytes) / 1e6);
    }
  } catch (const Interrupted&) {
    fmt::print(stderr, "gaia-chunks: interrupted by {}: the same command goes on\n", signals.why());
    return kInterruptedCode;
  }
  return 0;
}

}  // namespace
}  // namespace brickline

int main(int argc, char** argv) {
  return brickline::run_program("gaia-chunks", [&] { return brickline::gaia_chunks(argc, argv); });
}
