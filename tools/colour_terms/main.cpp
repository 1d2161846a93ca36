// colour-terms: the colour term of a band from its transmission, or from stars, as facts of a camera.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <cmath>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/base/atomic_file.h"
#include "core/base/error.h"
#include "core/base/numbers.h"
#include "core/catalog/export.h"
#include "core/zeropoints/colour_term_fit.h"
#include "core/zeropoints/star_catalogs.h"
#include "tools/common/program.h"

namespace brickline {
namespace {

namespace fs = std::filesystem;

constexpr const char* kFooter = R"(
A term is band = BASE + c0 + c1 C + c2 C^2 ..., C a colour. Stars come from

  --curve alone    spectra of a locus of dwarfs that comes along (Pickles 1998, smoothed; BP - RP of 0 to 1.6, bands from
                   400 nm on that are wider than 40 nm), in Gaia's passbands and the band's own; such terms are good to
                   some 0.03 mag, as published ones are
  --library        spectra of your own: a directory of two-column files, wavelength and f_lambda
  --gaia           real stars: chunks of gaia-chunks with spectra (--xp-sampled, --xp-continuous), in the band's curve
  --photom         stars of exposures in that band, measured by make-ccds --measure: each CCD has a zero point of its own, and
                   --zero-at says what the term is at a colour, which such stars do not tell: one among theirs, for the
                   error grows fast beyond, and --stars-error what it may be off by; stars that are saturated, masked,
                   or measured too rarely in the catalog are left out

Written are NAME.json (facts: make-ccds --measure --facts NAME.json, or to be copied into the camera's), NAME.svg (the stars,
the polynomial, what is left) and NAME.ecsv (a row per star); --force replaces those that are there. A term is valid between the colours of its stars: others are not
used for zero points.

The curve is the response to photons of detector, optics and atmosphere together, on any scale. Magnitudes are AB.

  colour-terms --band r --curve r.txt --unit nm --out r
  colour-terms --band N540 --curve n540.txt --unit angstrom --gaia GAIA --out n540
  colour-terms --band r --photom zpt/img1-photom.fits zpt/img2-photom.fits --catalog ps1 --base r --colour g,i
      --zero-at 1.2,0.005 --out r
  colour-terms --write-library DIR)";

struct Arguments {
  std::string band, catalog = "gaia", unit, library_unit, base, colour, out, curve, library, gaia,
                    gaia_prefix = "chunk", basis, write_library;
  std::vector<std::string> photom, passbands;
  std::vector<double> range, g_range{13, 17.5}, zero_at;
  int degree = -1;
  double most_error = 0.02;
  std::optional<double> stars_error;
  bool force = false;
};

WavelengthUnit unit_of(const std::string& name, const char* option) {
  if (name == "nm") return WavelengthUnit::kNanometre;
  if (name == "angstrom") return WavelengthUnit::kAngstrom;
  if (name.empty()) throw usage_error("{} says what wavelengths are in: nm or angstrom", option);
  throw usage_error("{}: '{}' is neither nm nor angstrom", option, name);
}

// Terms of bands that the catalog does not have, or that are evaluated otherwise, would be used wrong or not at all.
void check_bands(const Arguments& a, const ColourBands& bands) {
  if (!a.gaia.empty() && a.catalog != "gaia" && a.catalog != "gspc" && a.catalog != "xp")
    throw usage_error("--gaia: its stars have magnitudes of the catalogs gaia, gspc and xp, none of {}",
                      a.catalog);
  if (const std::vector<std::string> known = bands_of_catalog(a.catalog); !known.empty())
    for (const std::string& band : {bands.base, bands.colour[0], bands.colour[1]})
      if (std::find(known.begin(), known.end(), band) == known.end())
        throw usage_error("--catalog {} has no band {}: its bands are {}", a.catalog, band,
                          fmt::join(known, ", "));
  if (a.catalog == "gaia" && bands.colour != std::array<std::string, 2>{"BP", "RP"})
    throw usage_error("--catalog gaia: its terms are of --colour BP,RP, not of {},{}", bands.colour[0],
                      bands.colour[1]);
}

// What another option makes useless says so.
void check_options(const CLI::App& app, const Arguments& a) {
  struct Needed {
    const char* option;
    bool used;
    const char* by;
  };
  for (const Needed& n : {Needed{"--unit", !a.curve.empty(), "with --curve"},
                          Needed{"--library-unit", !a.library.empty(), "with --library"},
                          Needed{"--gaia-prefix", !a.gaia.empty(), "with --gaia"},
                          Needed{"--xp-basis", !a.gaia.empty(), "with --gaia"},
                          Needed{"--g-range", !a.gaia.empty(), "with --gaia"},
                          Needed{"--zero-at", !a.photom.empty(), "with --photom"},
                          Needed{"--most-error", !a.photom.empty(), "with --photom"},
                          Needed{"--passband", a.gaia.empty() && a.photom.empty(),
                                 "with spectra of a library, not with --gaia or --photom"}})
    if (app.count(n.option) > 0 && !n.used) throw usage_error("{} is of use only {}", n.option, n.by);
}

ColourBands bands_of(const Arguments& a) {
  ColourBands bands;
  if (!a.base.empty()) bands.base = a.base;
  if (!a.colour.empty()) {
    const auto comma = a.colour.find(',');
    if (comma == std::string::npos || comma == 0 || comma + 1 == a.colour.size())
      throw usage_error("--colour: '{}' is not BAND,BAND", a.colour);
    bands.colour = {a.colour.substr(0, comma), a.colour.substr(comma + 1)};
  }
  if (a.catalog != "gaia" && (a.base.empty() || a.colour.empty()))
    throw usage_error("--catalog {}: --base and --colour say which of its bands", a.catalog);
  check_bands(a, bands);
  return bands;
}

std::vector<fs::path> chunks_in(const fs::path& directory, const std::string& prefix) {
  std::vector<fs::path> files;
  std::error_code code;
  for (const auto& entry : fs::directory_iterator(directory, code)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with(prefix + "-") && name.ends_with(".fits")) files.push_back(entry.path());
  }
  if (code) throw input_error("cannot be read: {}", code.message()).in_file(directory.string());
  if (files.empty()) throw input_error("no file {}-NNNNN.fits in it", prefix).in_file(directory.string());
  std::sort(files.begin(), files.end());
  return files;
}

void write_library(const fs::path& directory) {
  std::error_code code;
  fs::create_directories(directory / "gaia", code);
  fs::create_directories(directory / "stars", code);
  if (code) throw input_error("cannot make the directory: {}", code.message()).in_file(directory.string());
  for (const LibrarySpectrum& s : stellar_locus()) {
    std::string text = "# wavelength (nm), f_lambda (any scale): a locus of dwarfs after Pickles (1998)\n";
    for (std::size_t i = 0; i < s.flux.size(); ++i)
      text += fmt::format("{:g} {:.6e}\n", s.wavelengths_nm[i], s.flux[i]);
    write_file_atomically(directory / "stars" / (s.name + ".txt"), text);
  }
  for (const GaiaPassband& p : gaia_passbands()) {
    std::string text = fmt::format(
        "# wavelength (nm), response: Gaia {}, Riello et al. (2021), reduced; Vega - AB = {:.10f} mag\n",
        p.name, p.vega_minus_ab);
    for (std::size_t i = 0; i < p.curve.responses().size(); ++i)
      text += fmt::format("{:g} {:g}\n", p.curve.wavelengths_nm()[i], p.curve.responses()[i]);
    write_file_atomically(directory / "gaia" / (p.name + ".txt"), text);
  }
}

struct Stars {
  std::vector<ColourSample> samples;
  std::string origin;
  ColourTermOptions options;
};

Stars stars_of(const Arguments& a, const ColourBands& bands, const TransmissionCurve* curve) {
  Stars stars;
  if (!a.photom.empty()) {
    if (a.zero_at.size() != 2)
      throw usage_error(
          "--zero-at COLOUR,MAG: stars of exposures do not tell the term's constant; what is it at some colour?");
    stars.samples =
        colour_samples_of_photom({a.photom.begin(), a.photom.end()}, a.band, a.catalog, bands, a.most_error);
    stars.options.grouped = true;
    stars.options.zero_colour = a.zero_at[0];
    stars.options.zero_value = a.zero_at[1];
    stars.options.edge_stars = 5;
    stars.origin = fmt::format("stars of {} tables of make-ccds", a.photom.size());
  } else if (!a.gaia.empty()) {
    const XpBand spectrum =
        a.basis.empty() ? XpBand::of_sampled(*curve) : XpBand::of_continuous(*curve, XpBasis::read(a.basis));
    stars.samples = colour_samples_of_spectra(chunks_in(a.gaia, a.gaia_prefix), spectrum, bands,
                                              {a.g_range[0], a.g_range[1]});
    stars.options.edge_stars = 5;
    stars.origin =
        fmt::format("spectra of Gaia, G {:g} to {:g}, in the band's curve", a.g_range[0], a.g_range[1]);
  } else {
    std::map<std::string, TransmissionCurve> passbands;
    for (const std::string& word : a.passbands) {
      const auto equals = word.find('=');
      if (equals == 0 || equals == std::string::npos)
        throw usage_error("--passband: '{}' is not BAND=FILE", word);
      if (const std::string band = word.substr(0, equals); is_vega_band(a.catalog, band))
        throw usage_error(
            "--passband {}: magnitudes in a passband are AB, and {}'s in {} are on the Vega scale: {}", word,
            a.catalog, band,
            band == "G" || band == "BP" || band == "RP" ? "its passband comes along"
                                                        : "--gaia has stars with its magnitudes");
      passbands.emplace(word.substr(0, equals),
                        TransmissionCurve::read(word.substr(equals + 1), unit_of(a.unit, "--unit")));
    }
    std::vector<LibrarySpectrum> library;
    if (a.library.empty()) {
      if (const std::string problem = stellar_locus_problem(*curve); !problem.empty())
        throw input_error(
            "{}: the library that comes along does not know; --library or --gaia brings spectra", problem)
            .in_file(a.curve);
      library = stellar_locus();
      stars.origin = "a locus of dwarfs (Pickles 1998, smoothed; good to some 0.03 mag)";
    } else {
      library = read_stellar_library(a.library, unit_of(a.library_unit, "--library-unit"));
      stars.origin = fmt::format("{} spectra of a library", library.size());
    }
    stars.samples = colour_samples(library, *curve, bands, passbands);
    if (a.library.empty()) stars.options.stars_error = kStellarLocusError;
    stars.options.clip = INFINITY;  // every spectrum is what it is
  }
  return stars;
}

int colour_terms(int argc, char** argv) {
  Arguments a;
  CLI::App app("Fits the colour term of a band, from its transmission or from stars, and writes it as facts.",
               "colour-terms");
  app.set_version_flag("--version", version_text("colour-terms"));
  app.footer(kFooter);
  app.add_option("--band", a.band, "the camera's band, as its facts call it");
  app.add_option("--out", a.out, "NAME: NAME.json, NAME.svg and NAME.ecsv are written");
  app.add_flag("--force", a.force, "replace files that are there");
  const char* stars = "Stars";
  app.add_option("--curve", a.curve, "the band's response, two columns: wavelength, response to photons")
      ->group(stars);
  app.add_option("--unit", a.unit, "what the curves' wavelengths are in: nm or angstrom")->group(stars);
  app.add_option("--library", a.library, "a directory of spectra, two columns each: wavelength, f_lambda")
      ->group(stars);
  app.add_option("--library-unit", a.library_unit, "what their wavelengths are in: nm or angstrom")
      ->group(stars);
  app.add_option("--gaia", a.gaia, "Gaia's chunks with spectra")->group(stars);
  app.add_option("--gaia-prefix", a.gaia_prefix, "of their names")->capture_default_str()->group(stars);
  app.add_option("--xp-basis", a.basis,
                 "the basis functions of continuous spectra; without, they are sampled ones")
      ->group(stars);
  app.add_option("--g-range", a.g_range, "LO,HI: G of the stars with spectra")
      ->delimiter(',')
      ->expected(2)
      ->capture_default_str()
      ->group(stars);
  app.add_option("--photom", a.photom, "tables of stars, BASE-photom.fits of make-ccds --measure")
      ->group(stars);
  app.add_option("--most-error", a.most_error, "mag, of the magnitude of such a star")
      ->check(CLI::Range(0., 10.))
      ->capture_default_str()
      ->group(stars);
  app.add_option("--zero-at", a.zero_at, "COLOUR,MAG: with --photom, the term at a colour")
      ->delimiter(',')
      ->expected(2)
      ->group(stars);
  app.add_option(
         "--stars-error", a.stars_error,
         "mag by which the stars' magnitudes, or that of --zero-at, are off alike: part of the term's error (the spectra "
         "that come along: 0.03, others: 0)")
      ->check(CLI::Range(0., 1.))
      ->group(stars);
  const char* term = "Term";
  app.add_option("--catalog", a.catalog, "the catalog it leads from: gaia, gspc, ps1, ...")
      ->capture_default_str()
      ->group(term);
  app.add_option("--base", a.base, "its band that is added to (gaia: G)")->group(term);
  app.add_option("--colour", a.colour, "BAND,BAND: the first less the second (gaia: BP,RP)")->group(term);
  app.add_option("--passband", a.passbands,
                 "BAND=FILE: the response of a band of another catalog whose magnitudes are AB; repeatable")
      ->expected(1)
      ->take_all()
      ->allow_extra_args(false)
      ->group(term);
  app.add_option("--degree", a.degree,
                 "of the polynomial (else the smallest that predicts as well as any to 8)")
      ->check(CLI::Range(0, 12))
      ->group(term);
  app.add_option("--range", a.range, "LO,HI: colours of stars that are used")
      ->delimiter(',')
      ->expected(2)
      ->group(term);
  app.add_option("--write-library", a.write_library,
                 "write the spectra and passbands that come along into a directory, and nothing else");
  if (!parse_command_line(app, argc, argv)) return 0;
  if (!a.write_library.empty()) {
    write_library(a.write_library);
    write_stdout(fmt::format("{}: {} spectra, {} passbands\n", a.write_library, stellar_locus().size(),
                             gaia_passbands().size()));
    return 0;
  }
  if (a.band.empty()) throw usage_error("--band says which band the term is of");
  if (a.out.empty()) throw usage_error("--out says how the files are called");
  const int ways = (a.photom.empty() ? 0 : 1) + (a.gaia.empty() ? 0 : 1) + (a.library.empty() ? 0 : 1);
  if (ways > 1) throw usage_error("--library, --gaia and --photom: one of them");
  if (a.curve.empty() && a.photom.empty())
    throw usage_error("--curve gives the band's response, or --photom stars that were measured in it");
  if (a.range.size() == 2 && !(a.range[0] < a.range[1]))
    throw usage_error("--range: {} is not below {}", a.range[0], a.range[1]);
  if (!(a.g_range[0] < a.g_range[1]))
    throw usage_error("--g-range: {} is not below {}", a.g_range[0], a.g_range[1]);
  check_options(app, a);
  const ColourBands bands = bands_of(a);
  for (const char* end : {".json", ".svg", ".ecsv"})
    if (const fs::path file = a.out + end; !a.force && fs::exists(file))
      throw input_error("it is there already; --force replaces it").in_file(file.string());
  std::optional<TransmissionCurve> curve;
  if (!a.curve.empty()) curve = TransmissionCurve::read(a.curve, unit_of(a.unit, "--unit"));

  Stars found = stars_of(a, bands, curve ? &*curve : nullptr);
  if (a.degree >= 0) found.options.degree = a.degree;
  if (a.stars_error) found.options.stars_error = *a.stars_error;
  if (a.range.size() == 2) found.options.range = {a.range[0], a.range[1]};
  const ColourTermFit fit = fit_colour_term(found.samples, found.options);
  const std::string note = fmt::format("colour-terms: {}; {} stars, rms {:.4f} mag, largest {:.4f}",
                                       found.origin, fit.used, fit.rms, fit.largest);
  const std::string title =
      fmt::format("{} from {} of {}: degree {}", a.band, bands.base, a.catalog, fit.degree);
  write_file_atomically(a.out + ".ecsv", ecsv_text(colour_term_table(found.samples, fit)));
  write_file_atomically(a.out + ".svg", colour_term_svg(found.samples, fit, bands, title));
  write_file_atomically(a.out + ".json",
                        colour_term_facts(a.band, a.catalog, bands, fit, curve ? &*curve : nullptr, note));
  const auto& valid = *fit.term.valid;
  if (found.options.grouped &&
      (found.options.zero_colour < valid[0] || found.options.zero_colour > valid[1])) {
    TerminalLog terminal;
    Log(terminal).warning(
        "--zero-at: no star is of colour {:g} (they are of {:.3f} to {:.3f}): the error holds as far as the polynomial "
        "does there",
        found.options.zero_colour, valid[0], valid[1]);
  }
  write_stdout(fmt::format(
      "{}.json: {} = {} + polynomial of degree {} in {} - {}, valid {:.3f} to {:.3f}: {} of {} stars, rms {:.4f} mag, largest "
      "{:.4f}, error in common {:.4f}\n{}{}\n",
      a.out, a.band, bands.base, fit.degree, bands.colour[0], bands.colour[1], valid[0], valid[1], fit.used,
      found.samples.size(), fit.rms, fit.largest, fit.term.error, found.origin,
      curve ? fmt::format("; the band: pivot {:.1f} nm, width {:.1f} nm", curve->pivot_nm(),
                          curve->full_width_half_maximum_nm())
            : ""));
  return 0;
}

}  // namespace
}  // namespace brickline

int main(int argc, char** argv) {
  return brickline::run_program("colour-terms", [&] { return brickline::colour_terms(argc, argv); });
}
