// simulate-survey: a survey directory of simulated images from a seed, and catalogs held against its truth.
#include <fmt/format.h>
#include <tbb/global_control.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/base/atomic_file.h"
#include "core/base/error.h"
#include "tools/common/program.h"
#include "tools/simulate_survey/compare.h"
#include "tools/simulate_survey/compare_page.h"
#include "tools/simulate_survey/layout.h"
#include "tools/simulate_survey/simulate.h"

namespace {

using brickline::simulate::SimulationOptions;

// The command line as text, before it becomes options.
struct Arguments {
  std::string output, bands = "grz", filter_map, sig1, depth, seeing, pixel_unit, chip_offset,
                      projection = "tpv";
  std::vector<double> radec;
  std::optional<double> pixel_scale;
  double star_density = -1;
  int threads = 0;
  bool quiet = false;
  std::string survey, products, page;
};

void add_options(CLI::App& app, SimulationOptions& o, Arguments& a) {
  app.add_option("outdir", a.output, "Directory to write the survey to");
  app.add_option("--seed", o.seed, "Seed; the same options and seed give the same bytes")
      ->capture_default_str();
  app.add_option("--threads", a.threads, "Threads; 0 for all cores")->capture_default_str();
  app.add_flag("-q,--quiet", a.quiet, "Only errors and the last line");
  const char* region = "Region";
  app.add_option("--size", o.size, "Side of the region filled with sources, brick pixels")
      ->capture_default_str()
      ->group(region);
  app.add_option("--brick-ra", o.brick_position.ra, "A position in the brick to cover, degrees")
      ->capture_default_str()
      ->group(region);
  app.add_option("--brick-dec", o.brick_position.dec, "")->capture_default_str()->group(region);
  app.add_option("--radec", a.radec, "Centre the region on RA DEC (a custom brick) instead")
      ->expected(2)
      ->group(region);
  const char* sky = "Sources";
  app.add_option("--density", o.density, "Sources per square arcminute, four fifths of them galaxies")
      ->capture_default_str()
      ->group(sky);
  app.add_option("--star-density", a.star_density,
                 "Stars per square arcminute, instead of a fifth of --density")
      ->group(sky);
  app.add_option("--bright", o.brightest_mag, "r magnitude of the brightest sources")
      ->capture_default_str()
      ->group(sky);
  app.add_option("--faint", o.faintest_mag, "r magnitude of the faintest")->capture_default_str()->group(sky);
  app.add_option("--bulge-disk", o.bulge_disk,
                 "Share of the galaxies (but the round ones) that are a disk with a bulge, type COMP")
      ->capture_default_str()
      ->group(sky);
  app.add_option("--proper-motion", o.proper_motion, "Scatter of the stars' motion per axis, mas/yr")
      ->capture_default_str()
      ->group(sky);
  app.add_option(
         "--scene", o.scene,
         "A FITS table of the sources, as truth.fits, instead of drawn ones (scene.h has the columns)")
      ->excludes("--density")
      ->excludes("--star-density")
      ->group(sky);
  const char* camera = "Camera";
  app.add_option("--layout", o.layout,
                 "How files and chips look; known: " + brickline::simulate::layout_names())
      ->group(camera);
  app.add_option("--camera-name", o.camera_name,
                 "Camera to name in tables and headers instead of the layout's")
      ->group(camera);
  app.add_option("--bands", a.bands, "Bands: 'grz', or 'g,N501' where names are longer")
      ->capture_default_str()
      ->group(camera);
  app.add_option("--filter-map", a.filter_map, "What a new band resembles: 'x=r,N501=g' (default r)")
      ->group(camera);
  app.add_option("--pixel-unit", a.pixel_unit, "counts or counts/s; by default the layout's")
      ->check(CLI::IsMember({"counts", "counts/s"}))
      ->group(camera);
  app.add_option("--projection", a.projection, "tpv (distorted) or tan")
      ->check(CLI::IsMember({"tpv", "tan"}))
      ->capture_default_str()
      ->group(camera);
  app.add_option("--pixscale", a.pixel_scale, "Pixel size, arcsec; by default the layout's")->group(camera);
  app.add_option("--gain", o.gain, "Electrons per count")->capture_default_str()->group(camera);
  app.add_option("--read-noise", o.read_noise, "Electrons")->capture_default_str()->group(camera);
  app.add_option("--saturation", o.saturation, "Counts, sky included")->capture_default_str()->group(camera);
  const char* observing = "Observing";
  app.add_option("--nexp", o.exposures, "Exposures per band")->capture_default_str()->group(observing);
  app.add_option("--exptime", o.exposure_time, "Seconds")->capture_default_str()->group(observing);
  app.add_option("--sig1", a.sig1,
                 "Noise per pixel of one exposure, nanomaggies: '0.01' or 'g=0.004,r=0.006'")
      ->group(observing);
  app.add_option("--depth", a.depth,
                 "5-sigma point-source AB magnitude of all exposures: '24' or 'g=24.5,r=24'")
      ->excludes("--sig1")
      ->group(observing);
  app.add_option("--seeing", a.seeing, "FWHM, arcsec: '1.2' or 'g=1.4,r=1.2'")->group(observing);
  app.add_option("--scatter", o.night_scatter,
                 "Scales the scatter of seeing, noise, zero points, ellipticity")
      ->capture_default_str()
      ->group(observing);
  app.add_option("--sky-gradient", o.sky_gradient, "Relative change of the sky across a chip")
      ->capture_default_str()
      ->group(observing);
  app.add_option("--astrometric-offset", o.astrometric_offset,
                 "Scatter per axis of the images' positions, arcsec")
      ->capture_default_str()
      ->group(observing);
  app.add_option("--moffat-beta", o.moffat_beta, "Exponent of the PSF's wings")
      ->capture_default_str()
      ->group(observing);
  app.add_option("--psf-variation", o.psf_variation, "Relative change of the PSF across a chip; 0: none")
      ->capture_default_str()
      ->group(observing);
  app.add_option("--psf-size", o.psf_size, "Pixels of the PSF calibration's stamps")
      ->capture_default_str()
      ->group(observing);
  app.add_option("--cosmic-rays", o.cosmic_rays, "Per square arcminute and exposure")
      ->capture_default_str()
      ->group(observing);
  app.add_option("--bad-columns", o.bad_columns, "Mean number per CCD")
      ->capture_default_str()
      ->group(observing);
  app.add_option("--chip-offset", a.chip_offset,
                 "Chips whose sources are brighter than their zero points say: 'S4=0.1', mag")
      ->group(observing);
  app.add_flag("--trail", o.trail, "An unflagged satellite trail through the first exposure")
      ->group(observing);
  app.add_option(
         "--halos", o.halos,
         "Draw the halos of Gaia's stars that a camera's facts tell of: a file of `cameras info NAME --facts`")
      ->group(observing);
  const char* space = "Space telescopes";
  app.add_option("--wise", o.wise_tiles,
                 "Also unWISE coadds: N x N tiles that meet in the region's centre; 0: none")
      ->capture_default_str()
      ->group(space);
  app.add_option("--wise-epochs", o.wise_epochs, "Time-resolved unWISE coadds: so many epochs")
      ->capture_default_str()
      ->group(space);
  app.add_option("--galex", o.galex_tiles, "Also GALEX fields, so many of the whole region; 0: none")
      ->capture_default_str()
      ->group(space);
  const char* files = "Files";
  app.add_option("--overlap", o.overlap, "Image pixels beyond the region, where images are cut to it")
      ->capture_default_str()
      ->group(files);
  app.add_option("--quantize", o.quantize_level, "Compression of images: step = noise/level")
      ->capture_default_str()
      ->group(files);
  app.add_option(
         "--gaia-spectra", o.spectra_faintest,
         "Also Gaia's spectra and synthetic photometry of stars brighter than this G, and what makes magnitudes of "
         "them: curves/BAND.txt, xp-basis.fits; 0: none")
      ->capture_default_str()
      ->group(files);
  app.add_option("--tycho", o.tycho, "A tycho2.kd.fits to copy in (an empty one is written otherwise)")
      ->group(files);
}

void finish_options(SimulationOptions& o, const Arguments& a) {
  using namespace brickline::simulate;
  o.bands = parse_bands(a.bands);
  o.filter_map = parse_filter_map(a.filter_map);
  o.chip_offset = parse_chip_offsets(a.chip_offset);
  o.sig1 = parse_band_values(a.sig1, o.bands, "--sig1");
  o.depth = parse_band_values(a.depth, o.bands, "--depth");
  o.seeing = parse_band_values(a.seeing, o.bands, "--seeing");
  const Layout& layout = find_layout(o.layout);
  o.counts_per_second = a.pixel_unit.empty() ? layout.counts_per_second : a.pixel_unit == "counts/s";
  o.pixel_scale = a.pixel_scale.value_or(layout.pixel_scale);
  o.tpv = a.projection == "tpv";
  if (!a.radec.empty()) o.custom_centre = SkyPoint{a.radec[0], a.radec[1]};
  if (a.star_density != -1) o.star_density = a.star_density;
}

int simulate(SimulationOptions& o, const Arguments& a) {
  if (a.output.empty()) throw brickline::usage_error("no output directory given (see --help)");
  if (a.threads < 0) throw brickline::usage_error("--threads must not be negative");
  finish_options(o, a);
  brickline::TerminalLog sink(brickline::LogLevel::kInfo);
  const auto summary = simulate_survey(o, a.output, a.quiet ? brickline::Log() : brickline::Log(sink));
  if (o.custom_centre) {
    brickline::write_stdout(
        fmt::format("--radec {} --width {} --height {}\n", summary.brick, summary.size, summary.size));
  } else {
    const int low = summary.zoom_low, high = low + summary.size;
    brickline::write_stdout(
        fmt::format("--brick {} --zoom {} {} {} {}\n", summary.brick, low, high, low, high));
  }
  return 0;
}

int run(int argc, char** argv) {
  CLI::App app(
      "Simulates a survey directory with known truth: images, calibrations, tables, reference stars.\n"
      "Prints the brick and zoom to run on.",
      "simulate-survey");
  app.set_version_flag("--version", brickline::version_text("simulate-survey"));
  SimulationOptions options;
  Arguments arguments;
  add_options(app, options, arguments);
  CLI::App* compare =
      app.add_subcommand("compare", "Print found against true fluxes of a run on a simulated survey");
  compare->add_option("survey", arguments.survey, "The simulated survey's directory")->required();
  compare
      ->add_option("outdir", arguments.products, "The run's output directory, with tractor/*/tractor-*.fits")
      ->required();
  compare->add_option("--page", arguments.page,
                      "FILE.html: the same as plots on a page for a browser; replaces a file that is there");
  if (!brickline::parse_command_line(app, argc, argv)) return 0;
  if (compare->parsed()) {
    const auto comparison = brickline::simulate::compare_with_truth(arguments.survey, arguments.products);
    if (!arguments.page.empty())
      brickline::write_file_atomically(arguments.page, brickline::simulate::comparison_page_html(
                                                           comparison, arguments.survey, arguments.products));
    brickline::write_stdout(brickline::simulate::to_text(comparison));
    return 0;
  }
  std::unique_ptr<tbb::global_control> limit;
  if (arguments.threads > 0)
    limit = std::make_unique<tbb::global_control>(tbb::global_control::max_allowed_parallelism,
                                                  arguments.threads);
  return simulate(options, arguments);
}

}  // namespace

int main(int argc, char** argv) {
  return brickline::run_program("simulate-survey", [&] { return run(argc, argv); });
}
