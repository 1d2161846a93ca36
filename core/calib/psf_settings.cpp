#include "core/calib/psf_settings.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <fstream>
#include <sstream>

#include "core/base/error.h"
#include "core/base/letter_case.h"

namespace brickline {
namespace {

constexpr std::array kAperturesArcsec{1.5, 3., 5., 7., 9., 11., 13., 15.};

constexpr double kAssumedGain = 4;  // electrons per count

// A Gaussian of 5 pixels' full width at half maximum on 9 x 9 pixels, averaged over each; a quarter of it.
constexpr double kFilter[5][5] = {{.030531, .065238, .112208, .155356, .173152},
                                  {.065238, .139399, .239763, .331961, .369987},
                                  {.112208, .239763, .412386, .570963, .636368},
                                  {.155356, .331961, .570963, .790520, .881075},
                                  {.173152, .369987, .636368, .881075, .982004}};

// What differs from the program's own defaults, and what must not be left to another version's.
const ProgramSettings& common_extraction() {
  static const ProgramSettings settings = {{"CATALOG_TYPE", "FITS_LDAC"},
                                           {"DETECT_TYPE", "CCD"},
                                           {"DETECT_MINAREA", "5"},
                                           {"DETECT_THRESH", "1.0"},
                                           {"ANALYSIS_THRESH", "1.0"},
                                           {"THRESH_TYPE", "RELATIVE"},
                                           {"FILTER", "Y"},
                                           {"DEBLEND_NTHRESH", "64"},
                                           {"DEBLEND_MINCONT", "0.000015"},
                                           {"CLEAN", "Y"},
                                           {"CLEAN_PARAM", "1.0"},
                                           {"MASK_TYPE", "CORRECT"},
                                           {"PHOT_AUTOPARAMS", "2.5,3.5"},
                                           {"PHOT_PETROPARAMS", "2.0,3.5"},
                                           {"SATUR_LEVEL", "40000"},
                                           {"SATUR_KEY", "SATURATE"},
                                           {"GAIN", fmt::format("{:.1f}", kAssumedGain)},
                                           {"GAIN_KEY", "GAIN"},
                                           {"MAG_ZEROPOINT", "30.0"},
                                           {"PIXEL_SCALE", "0"},
                                           {"SEEING_FWHM", "1.2"},
                                           {"BACK_SIZE", "64"},
                                           {"BACK_FILTERSIZE", "3"},
                                           {"BACKPHOTO_TYPE", "LOCAL"},
                                           {"BACKPHOTO_THICK", "24"},
                                           {"CHECKIMAGE_TYPE", "NONE"},
                                           {"MEMORY_OBJSTACK", "30000"},
                                           {"MEMORY_PIXSTACK", "10000000"},
                                           {"MEMORY_BUFSIZE", "1024"},
                                           {"FITS_UNSIGNED", "Y"},
                                           {"VERBOSE_TYPE", "QUIET"},
                                           {"WRITE_XML", "N"}};
  return settings;
}

// The Legacy Surveys' but for the basis. Theirs, PIXEL_AUTO, stops at a mean of stars that were shifted to a pixel's
// centre by Lanczos interpolation, which sharpens what is 3 to 5 pixels wide by a percent; PIXEL solves for the model
// that, shifted the same way, is the stars: of its brightest pixels, as many as are within a full width or two. That
// doubles the time; more of them cost by their square and change nothing.
const ProgramSettings& common_psfex() {
  static const ProgramSettings settings = {{"BASIS_TYPE", "PIXEL"},
                                           {"BASIS_NUMBER", "9"},
                                           {"PSF_PIXELSIZE", "1.0"},
                                           {"PSF_ACCURACY", "0.01"},
                                           {"PSF_RECENTER", "N"},
                                           {"CENTER_KEYS", "X_IMAGE,Y_IMAGE"},
                                           {"PHOTFLUX_KEY", "FLUX_APER(4)"},
                                           {"PHOTFLUXERR_KEY", "FLUXERR_APER(4)"},
                                           {"PSFVAR_KEYS", "X_IMAGE,Y_IMAGE"},
                                           {"PSFVAR_GROUPS", "1,1"},
                                           {"SAMPLE_AUTOSELECT", "Y"},
                                           {"SAMPLEVAR_TYPE", "SEEING"},
                                           {"SAMPLE_VARIABILITY", "0.2"},
                                           {"SAMPLE_FLAGMASK", "0x00fe"},
                                           {"SAMPLE_WFLAGMASK", "0x0000"},
                                           {"BADPIXEL_FILTER", "N"},
                                           {"BADPIXEL_NMAX", "0"},
                                           {"CHECKPLOT_DEV", "NULL"},
                                           {"CHECKPLOT_TYPE", "NONE"},
                                           {"CHECKPLOT_NAME", "none"},
                                           {"CHECKIMAGE_TYPE", "NONE"},
                                           {"CHECKIMAGE_NAME", "none.fits"},
                                           {"OUTCAT_TYPE", "NONE"},
                                           {"VERBOSE_TYPE", "QUIET"},
                                           {"WRITE_XML", "N"},
                                           {"NTHREADS", "1"}};
  return settings;
}

void lay_over(ProgramSettings& settings, const std::map<std::string, std::string>& own) {
  for (const auto& [key, value] : own) {
    settings[upper_case(key)] = value;
  }
}

std::vector<std::string> words_of(const std::string& text) {
  std::istringstream in(text);
  std::vector<std::string> words;
  for (std::string word; in >> word;) words.push_back(word);
  return words;
}

}  // namespace

ProgramSettings extractor_settings(const CameraFacts& facts, double exptime) {
  ProgramSettings settings;
  if (facts.detection.preset == "common") {
    settings = common_extraction();
    if (facts.pixels.unit == PixelFacts::Unit::kPerSecond) {
      const double electrons = facts.pixels.quantity == "electrons" ? 1 : kAssumedGain;
      settings["GAIN"] = fmt::format("{:.7g}", electrons * exptime);
    }
  }
  settings["CATALOG_TYPE"] = "FITS_LDAC";  // psfex reads nothing else
  std::string apertures;
  for (const double arcsec : kAperturesArcsec)
    apertures +=
        fmt::format("{}{:.8g}", apertures.empty() ? "" : ",", arcsec / facts.detector.pixel_scale_arcsec);
  settings["PHOT_APERTURES"] = apertures;
  lay_over(settings, facts.detection.keys);
  return settings;
}

// IMAFLAGS_ISO stays last: psf_maker.cpp counts on it.
std::vector<std::string> extractor_columns(const CameraFacts& facts) {
  const int size = facts.psf.size_pixels;
  return {"NUMBER",       fmt::format("VIGNET({0},{0})", size),
          "X_IMAGE",      "Y_IMAGE",
          "ALPHA_J2000",  "DELTA_J2000",
          "FLAGS",        "FLUX_RADIUS",
          "FLUX_APER(8)", "FLUXERR_APER(8)",
          "SNR_WIN",      "ELONGATION",
          "FLUX_AUTO",    "FLUXERR_AUTO",
          "FWHM_IMAGE",   "ELLIPTICITY",
          "IMAFLAGS_ISO"};
}

std::string extractor_filter(const CameraFacts& facts) {
  std::vector<std::vector<double>> rows = facts.detection.filter;
  if (rows.empty())
    for (int y = 0; y < 9; ++y) {
      rows.emplace_back();
      for (int x = 0; x < 9; ++x) rows.back().push_back(kFilter[std::min(y, 8 - y)][std::min(x, 8 - x)]);
    }
  std::string text = "CONV NORM\n";
  for (const std::vector<double>& row : rows) {
    for (const double v : row) text += fmt::format("{:.6f} ", v);
    text += '\n';
  }
  return text;
}

ProgramSettings psfex_settings(const CameraFacts& facts, const CcdValues& ccd, CcdHeaders* headers) {
  const PsfFacts& psf = facts.psf;
  ProgramSettings settings = common_psfex();
  settings["PSF_SAMPLING"] = fmt::format("{}", psf.sampling);
  settings["PSF_SIZE"] = fmt::format("{0},{0}", psf.size_pixels);
  settings["PSFVAR_DEGREES"] = fmt::format("{}", psf.degree);
  settings["SAMPLE_FWHMRANGE"] = fmt::format("{},{}", psf.fwhm_range_pixels[0], psf.fwhm_range_pixels[1]);
  settings["SAMPLE_MINSN"] = fmt::format("{}", psf.min_sn);
  settings["SAMPLE_MAXELLIP"] = fmt::format("{}", psf.max_ellipticity);
  settings["SAMPLE_IMAFLAGMASK"] = fmt::format("{:#x}", psf.flag_mask);
  lay_over(settings, facts.psfex.keys);
  for (const Rule<PsfFacts::Special>& rule : psf.rules)
    if (holds(rule.when, ccd, headers) && rule.value.degree)
      settings["PSFVAR_DEGREES"] = fmt::format("{}", *rule.value.degree);
  return settings;
}

std::vector<std::string> special_flags(const std::filesystem::path& file, const CcdValues& ccd) {
  std::ifstream in(file);
  if (!in) throw input_error("cannot read it").in_file(file.string());
  const std::string exposure = std::to_string(ccd.expnum), exact = exposure + "-" + upper_case(ccd.ccdname);
  std::optional<std::vector<std::string>> of_exposure;
  int number = 0;
  for (std::string line; std::getline(in, line);) {
    ++number;
    std::vector<std::string> words = words_of(line.substr(0, line.find('#')));
    if (words.empty()) continue;
    const std::string name = upper_case(words.front());
    if (name.find_first_not_of("0123456789") == 0)
      throw input_error("line {} begins with neither EXPNUM nor EXPNUM-CCDNAME", number)
          .in_file(file.string());
    words.erase(words.begin());
    if (name == exact) return words;
    if (name == exposure && !of_exposure) of_exposure = words;
  }
  return of_exposure.value_or(std::vector<std::string>{});
}

std::string settings_text(const ProgramSettings& settings) {
  std::string text;
  for (const auto& [key, value] : settings) text += fmt::format("{} {}\n", key, value);
  return text;
}

}  // namespace brickline
