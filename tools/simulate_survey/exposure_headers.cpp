#include "tools/simulate_survey/exposure_headers.h"

#include <fmt/format.h>

#include <chrono>
#include <cmath>

namespace brickline::simulate {
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

namespace {

std::string sexagesimal(double value, bool sign) {
  const auto milli = std::llround(std::abs(value) * 3600000);
  return fmt::format("{}{:02d}:{:02d}:{:02d}.{:03d}", sign ? (value < 0 ? "-" : "+") : "", milli / 3600000,
                     milli / 60000 % 60, milli / 1000 % 60, milli % 1000);
}

}  // namespace

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

// A pixel widens the profile by its own variance of 1/12.
double image_fwhm(const Exposure& x) { return std::sqrt(x.fwhm * x.fwhm + 2.3548 * 2.3548 / 12); }

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
  h.set("FWHM", fits::CardValue(image_fwhm(x)), "Median FWHM in pixels");
  h.set("ELLIPTIC", fits::CardValue(std::hypot(ccd.psf.e1, ccd.psf.e2)), "Median ELLIPTICITY");
  const double exposure_term = o.counts_per_second ? 0 : 2.5 * std::log10(x.exposure_time);
  h.set("MAGZERO", fits::CardValue(x.zero_point + exposure_term), "[mag] AB of one unit of the pixels");
  h.set("AVSKY", fits::CardValue(ccd.sky.level * unit));
  h.set("AVSIG", fits::CardValue(x.noise * unit));
  h.set("ARAWGAIN", fits::CardValue(o.gain), "[e/adu] Average raw gain");
  add_wcs(h, ccd);
  return h;
}

}  // namespace brickline::simulate
