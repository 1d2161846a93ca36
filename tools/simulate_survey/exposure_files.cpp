// Images and calibrations of one exposure.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>

#include "core/fits/fits_writer.h"
#include "tools/simulate_survey/survey_files.h"

namespace brickline::simulate {
namespace {

// Half the spacing of the sky grid's boxes on a whole chip, pixels.
constexpr int kSkyHalfBox = 256;

std::string iso_date(double mjd) {
  using namespace std::chrono;
  const auto day = static_cast<int>(std::floor(mjd));
  const year_month_day date{sys_days{days{day - 40587}}};
  const double seconds = (mjd - day) * 86400;
  const int whole = static_cast<int>(seconds);
  return fmt::format("{:04d}-{:02d}-{:02d}T{:02d}:{:02d}:{:09.6f}", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()), whole / 3600,
                     whole / 60 % 60, seconds - whole / 60 * 60);
}

std::string sexagesimal(double value, bool sign) {
  const auto milli = std::llround(std::abs(value) * 3600000);
  return fmt::format("{}{:02d}:{:02d}:{:02d}.{:03d}", sign ? (value < 0 ? "-" : "+") : "", milli / 3600000,
                     milli / 60000 % 60, milli / 1000 % 60, milli % 1000);
}

fits::Header primary_header(const SurveyContext& survey, const Exposure& x, const char* product) {
  const Layout& layout = survey.layout;
  fits::Header h;
  h.set("OBJECT", "SIM", "Name of the object observed");
  h.set("PROCTYPE", "InstCal", "Data processing level");
  h.set("PRODTYPE", product, "Data product type");
  h.set("TELESCOP", fits::CardValue(layout.telescope));
  h.set("OBSERVAT", fits::CardValue(layout.observatory));
  h.set("INSTRUME", fits::CardValue(survey.instrument));
  h.set("EXPTIME", fits::CardValue(x.exposure_time), "[s] Exposure duration");
  h.set("EXPREQ", fits::CardValue(x.exposure_time), "[s] Requested exposure duration");
  h.set("DATE-OBS", fits::CardValue(iso_date(x.mjd)), "Start of the observation (UTC)");
  h.set("MJD-OBS", fits::CardValue(x.mjd), "MJD of the start");
  h.set("TIMESYS", "UTC");
  h.set("EXPNUM", fits::CardValue(x.number), "Exposure number");
  h.set("OBSTYPE", "object");
  h.set("PROPID", fits::CardValue(layout.proposal));
  h.set("FILTER", fits::CardValue(layout.filter_text(survey.bands[x.band].name)), "Unique filter identifier");
  h.set("BAND", fits::CardValue(survey.bands[x.band].name));
  h.set("RA", fits::CardValue(sexagesimal(x.boresight.ra / 15, false)), "[HH:MM:SS] Target RA");
  h.set("DEC", fits::CardValue(sexagesimal(x.boresight.dec, true)), "[DD:MM:SS] Target DEC");
  h.set("TELRA", fits::CardValue(sexagesimal(x.boresight.ra / 15, false)), "[HH:MM:SS] Telescope RA");
  h.set("TELDEC", fits::CardValue(sexagesimal(x.boresight.dec, true)), "[DD:MM:SS] Telescope DEC");
  h.set("HA", "00:30:00.000", "[HH:MM:SS] Telescope hour angle");
  h.set("AIRMASS", fits::CardValue(x.airmass), "Airmass");
  h.set("ZD", fits::CardValue(std::acos(1 / x.airmass) * 57.29577951308232),
        "[deg] Telescope zenith distance");
  h.set("RADESYS", "ICRS", "World coordinate reference frame");
  h.set("EQUINOX", fits::CardValue(2000.0), "Mean equinox");
  h.set("SCAMPFLG", 0, "WCS successful");
  h.set("WCSCAL", "Successful", "Astrometric calibration");
  h.set("PLVER", fits::CardValue(layout.pipeline_version));
  h.set("PLPROCID", fits::CardValue(layout.pipeline_run));
  h.set("DATE", fits::CardValue(layout.processing_date));
  h.set("SIMSEED", fits::CardValue(static_cast<std::int64_t>(survey.options.seed)), "Seed of the simulation");
  return h;
}

void add_wcs(fits::Header& h, const CcdPlan& ccd) {
  const ImageGeometry& g = ccd.geometry;
  const char* kind = g.distorted ? "TPV" : "TAN";
  h.set("WCSAXES", 2, "WCS Dimensionality");
  h.set("CTYPE1", fits::CardValue(fmt::format("RA---{}", kind)));
  h.set("CTYPE2", fits::CardValue(fmt::format("DEC--{}", kind)));
  h.set("CUNIT1", "deg");
  h.set("CUNIT2", "deg");
  h.set("CRVAL1", fits::CardValue(ccd.header_reference.ra));
  h.set("CRVAL2", fits::CardValue(ccd.header_reference.dec));
  h.set("CRPIX1", fits::CardValue(g.reference_pixel.x + 1));
  h.set("CRPIX2", fits::CardValue(g.reference_pixel.y + 1));
  const char* names[] = {"CD1_1", "CD1_2", "CD2_1", "CD2_2"};
  for (int i = 0; i < 4; ++i) h.set(names[i], fits::CardValue(g.cd[i]));
  if (!g.distorted) return;
  for (int i = 0; i < ImageGeometry::kTerms; ++i) h.set(fmt::format("PV1_{}", i), fits::CardValue(g.pv1[i]));
  for (int i = 0; i < ImageGeometry::kTerms; ++i) h.set(fmt::format("PV2_{}", i), fits::CardValue(g.pv2[i]));
}

fits::Header extension_header(const SurveyContext& survey, const Exposure& x, const CcdPlan& ccd) {
  const SimulationOptions& o = survey.options;
  const double unit = o.counts_per_second ? 1 / x.exposure_time : 1;
  fits::Header h;
  h.set("CCDNUM", ccd.number, "CCD number");
  h.set("DETPOS", fits::CardValue(ccd.name), "detector position ID");
  for (const char* amplifier : {"A", "B"}) {
    h.set(fmt::format("GAIN{}", amplifier), fits::CardValue(o.gain), "[e/adu] Gain");
    h.set(fmt::format("RDNOISE{}", amplifier), fits::CardValue(x.read_noise * o.gain),
          "[electrons] Read noise");
    h.set(fmt::format("SATURAT{}", amplifier), fits::CardValue(o.saturation * unit));
  }
  h.set("SATURATE", fits::CardValue(o.saturation * unit));
  // A pixel widens the profile by its own variance of 1/12.
  h.set("FWHM", fits::CardValue(std::sqrt(x.fwhm * x.fwhm + 2.3548 * 2.3548 / 12)), "Median FWHM in pixels");
  h.set("ELLIPTIC", fits::CardValue(std::hypot(ccd.psf.e1, ccd.psf.e2)), "Median ELLIPTICITY");
  const double exposure_term = o.counts_per_second ? 0 : 2.5 * std::log10(x.exposure_time);
  h.set("MAGZERO", fits::CardValue(x.zero_point + exposure_term), "[mag] AB of one unit of the pixels");
  h.set("AVSKY", fits::CardValue(ccd.sky.level * unit));
  h.set("AVSIG", fits::CardValue(x.noise * unit));
  h.set("ARAWGAIN", fits::CardValue(o.gain), "[e/adu] Average raw gain");
  add_wcs(h, ccd);
  return h;
}

std::filesystem::path calibration_path(const SurveyContext& survey, const Exposure& x, const char* kind,
                                       const char* suffix) {
  return survey.directory / "calib" / kind / (x.path('i') + suffix);
}

// Columns common to both calibrations.
void add_identity(fits::Table& table, const SurveyContext& survey, const Exposure& x) {
  const std::size_t n = x.ccds.size();
  table.add("legpipev", std::vector<std::string>(n, "simulate-survey"));
  table.add("plver", std::vector<std::string>(n, survey.layout.pipeline_version));
  table.add("plprocid", std::vector<std::string>(n, survey.layout.pipeline_run));
  table.add("imgdsum", std::vector<std::int64_t>(n, 0));
  table.add("procdate", std::vector<std::string>(n, survey.layout.processing_date));
  table.add("expnum", std::vector<std::int64_t>(n, x.number));
  std::vector<std::string> names;
  for (const CcdPlan& ccd : x.ccds) names.push_back(ccd.name);
  table.add("ccdname", names);
}

template <typename T>
void add_constant(fits::Table& table, const char* name, std::size_t rows, T value) {
  table.add(name, std::vector<T>(rows, value));
}

fits::Table psf_table(const SurveyContext& survey, const Exposure& x,
                      const std::vector<std::shared_ptr<const PsfField>>& psfs) {
  using Integer = std::int64_t;
  const std::size_t n = x.ccds.size();
  const int size = survey.options.psf_size;
  const int degree = psfs.empty() || !psfs[0]->varies() ? 0 : 2;
  const int terms = (degree + 1) * (degree + 2) / 2;
  fits::Table t;
  std::vector<float> masks;
  std::vector<double> fwhm, zero1, zero2, scale1, scale2;
  for (std::size_t i = 0; i < n; ++i) {
    for (const Image<float>& plane : psfs[i]->polynomial_planes())
      for (int y = 0; y < size; ++y) masks.insert(masks.end(), plane.row(y), plane.row(y) + size);
    const PsfField::Options& psf = x.ccds[i].psf;
    // PSFEx's own measure of the width: twice the half-light radius.
    fwhm.push_back(2 * psfs[i]->at(psf.width / 2.0, psf.height / 2.0).half_light_radius());
    // FITS pixels of the image, which may be a cut-out of the chip.
    zero1.push_back(degree ? psf.width / 2.0 - x.ccds[i].extent.x0 + 1 : 0);
    zero2.push_back(degree ? psf.height / 2.0 - x.ccds[i].extent.y0 + 1 : 0);
    scale1.push_back(degree ? psf.width / 2.0 : 1);
    scale2.push_back(degree ? psf.height / 2.0 : 1);
  }
  add_constant<Integer>(t, "loaded", n, 100);
  add_constant<Integer>(t, "accepted", n, 100);
  add_constant<double>(t, "chi2", n, 1);
  add_constant<Integer>(t, "polnaxis", n, 2);
  add_constant<Integer>(t, "polgrp1", n, 1);
  add_constant<Integer>(t, "polgrp2", n, 1);
  add_constant<std::string>(t, "polname1", n, "X_IMAGE");
  add_constant<std::string>(t, "polname2", n, "Y_IMAGE");
  t.add("polzero1", zero1);
  t.add("polzero2", zero2);
  t.add("polscal1", scale1);
  t.add("polscal2", scale2);
  add_constant<Integer>(t, "polngrp", n, 1);
  add_constant<Integer>(t, "poldeg1", n, degree);
  t.add("psf_fwhm", fwhm, "pixels");
  add_constant<double>(t, "psf_samp", n, 1);
  add_constant<Integer>(t, "psfnaxis", n, 3);
  add_constant<Integer>(t, "psfaxis1", n, size);
  add_constant<Integer>(t, "psfaxis2", n, size);
  add_constant<Integer>(t, "psfaxis3", n, terms);
  t.add("psf_mask", masks, {}, {size, size, terms});
  add_identity(t, survey, x);
  return t;
}

// Nodes along an axis of the chip; first and last lie at its edges.
std::vector<std::int32_t> sky_nodes(int length) {
  int half = kSkyHalfBox;
  while (half > 8 && length / half + 2 < 4) half /= 2;
  const int n = length / half + 2;
  const int origin = (length - (n - 2) * half) / 2;
  std::vector<std::int32_t> nodes;
  for (int i = 0; i < n; ++i) nodes.push_back(origin + static_cast<int>(half * (i - 0.5)));
  return nodes;
}

fits::Table sky_table(const SurveyContext& survey, const Exposure& x) {
  const std::size_t n = x.ccds.size();
  const double unit = survey.options.counts_per_second ? 1 / x.exposure_time : 1;
  const auto xs = sky_nodes(survey.layout.chip_width), ys = sky_nodes(survey.layout.chip_height);
  const auto width = static_cast<std::int64_t>(xs.size()), height = static_cast<std::int64_t>(ys.size());
  std::vector<float> values, levels, sigmas;
  std::vector<std::int32_t> xgrid, ygrid, x0, y0;
  for (const CcdPlan& ccd : x.ccds) {
    for (int y : ys)
      for (int xn : xs) values.push_back(static_cast<float>(ccd.sky.at(xn, y) * unit));
    xgrid.insert(xgrid.end(), xs.begin(), xs.end());
    ygrid.insert(ygrid.end(), ys.begin(), ys.end());
    x0.push_back(ccd.extent.x0);
    y0.push_back(ccd.extent.y0);
    levels.push_back(static_cast<float>(ccd.sky.level * unit));
    sigmas.push_back(static_cast<float>(x.noise * unit));
  }
  fits::Table t;
  add_constant<std::int32_t>(t, "gridw", n, static_cast<std::int32_t>(width));
  add_constant<std::int32_t>(t, "gridh", n, static_cast<std::int32_t>(height));
  t.add("gridvals", values, {}, {width, height});
  t.add("xgrid", xgrid, {}, {width});
  t.add("ygrid", ygrid, {}, {height});
  add_constant<std::uint8_t>(t, "order", n, 3);
  t.add("x0", x0);
  t.add("y0", y0);
  add_constant<std::string>(t, "skyclass", n, "tractor.splinesky.SplineSky");
  t.add("sig1", sigmas);
  add_constant<std::int64_t>(t, "templ_ver", n, -1);
  add_constant<std::int64_t>(t, "templ_run", n, -1);
  add_constant<float>(t, "templ_scale", n, 0);
  add_constant<double>(t, "halo_zpt", n, 0);
  t.add("blob_masked", std::vector<bool>(n, false));
  add_constant<std::string>(t, "sub_sga_ver", n, "  ");
  for (const char* name : {"sky_mode", "sky_med", "sky_cmed", "sky_john"}) t.add(name, levels);
  add_constant<float>(t, "sky_fmasked", n, 0.1f);
  for (int percent = 0; percent <= 100; percent += 10) {
    // Percentiles of the Gaussian sky noise; the ends at 5 sigma.
    static constexpr double kGaussian[] = {-5,     -1.2816, -0.8416, -0.5244, -0.2533, 0,
                                           0.2533, 0.5244,  0.8416,  1.2816,  5};
    std::vector<float> column = sigmas;
    for (float& value : column) value *= static_cast<float>(kGaussian[percent / 10]);
    t.add(fmt::format("sky_p{}", percent), column);
  }
  add_identity(t, survey, x);
  return t;
}

}  // namespace

void write_images(const SurveyContext& survey, const Exposure& x, const std::vector<CcdPixels>& ccds) {
  using fits::Compression;
  // One tile per row, as the community pipeline compresses.
  const auto row_tiles = [](const CcdPlan& ccd, Compression::Algorithm algorithm) {
    Compression c;
    c.algorithm = algorithm;
    c.tile_width = ccd.width();
    c.tile_height = 1;
    return c;
  };
  struct Product {
    char kind;
    const char* name;
  };
  for (const Product& product : {Product{'i', "image"}, Product{'d', "dqmask"}, Product{'w', "wtmap"}}) {
    fits::FitsWriter writer;
    writer.add_empty_primary(primary_header(survey, x, product.name));
    for (std::size_t i = 0; i < ccds.size(); ++i) {
      const fits::Header header = extension_header(survey, x, x.ccds[i]);
      Compression rice = row_tiles(x.ccds[i], Compression::Algorithm::kRice);
      if (product.kind == 'i') {
        rice.quantize_level = static_cast<float>(survey.options.quantize_level);
        rice.dither = Compression::Dither::kSubtractive1;
        writer.add_image(ccds[i].image.view(), header, x.ccds[i].name, rice);
      } else if (product.kind == 'd') {
        writer.add_image(ccds[i].quality.view(), header, x.ccds[i].name, rice);
      } else {
        // Weights are two values: without loss they take next to no space.
        writer.add_image(ccds[i].weight.view(), header, x.ccds[i].name,
                         row_tiles(x.ccds[i], Compression::Algorithm::kGzip1));
      }
    }
    writer.write(survey.directory / "images" / (x.path(product.kind) + ".fits.fz"));
  }
}

void write_calibrations(const SurveyContext& survey, const Exposure& x,
                        const std::vector<std::shared_ptr<const PsfField>>& psfs) {
  fits::FitsWriter psf;
  psf.add_table(psf_table(survey, x, psfs));
  psf.write(calibration_path(survey, x, "psfex", "-psfex.fits"));
  fits::FitsWriter sky;
  sky.add_table(sky_table(survey, x));
  sky.write(calibration_path(survey, x, "sky", "-splinesky.fits"));
}

}  // namespace brickline::simulate
