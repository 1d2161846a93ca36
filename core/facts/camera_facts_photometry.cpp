// The facts about photometry, quality limits and star halos.
#include <algorithm>

#include "core/facts/camera_facts_sections.h"

namespace brickline::facts {
namespace {

// Magnitudes of the stars that zero points are measured with, where a camera does not say.
std::array<double, 2> default_star_range(std::string_view band) {
  if (band == "r" || band == "i") return {16, 19.5};
  if (band == "z" || band == "Y") return {16.5, 19};
  return {16, 20};
}

void check_increasing(const std::array<double, 2>& range, const std::string& path, Report& report) {
  if (!(range[0] < range[1])) report.problem(path, "[{}, {}] does not increase", range[0], range[1]);
}

// "standard": the camera's band is the one that Brickline's own transform of Gaia's magnitudes was measured
// for.
void read_standard_term(const std::string& catalogue, const std::string& band, const std::string& path,
                        Report& report, ColourTerm& out) {
  const auto transform = standard_band_facts(band).gaia;
  if (catalogue != "gaia" || !transform)
    return report.problem(path, "there is no standard colour term of {} for band {}", catalogue, band);
  out.base = transform->base;
  out.colour = {"BP", "RP"};
  out.coefficients = transform->coefficients;
  out.clip = {-100, 100};  // the term is not clipped, its colour is
  out.colour_clip = transform->colour_clip;
}

// What a camera knows of that term beside.
void read_about_standard_term(const Json& j, const std::string& path, Report& report, ColourTerm& out) {
  Object o(j, path, report);
  o.read("base", out.base);  // "standard"
  o.read("valid", out.valid);
  if (out.valid) check_increasing(*out.valid, o.path("valid"), report);
  o.read_within("error", out.error, 0, 1);
}

// Terms of Gaia are evaluated as a polynomial of BP - RP that is added to G, BP or RP (GaiaTransform), and nothing else:
// others would be evaluated wrong. What is not said is G, and BP - RP.
void check_gaia_term(const std::string& path, Report& report, ColourTerm& term) {
  if (term.base.empty()) term.base = "G";
  if (term.colour[0].empty() && term.colour[1].empty()) term.colour = {"BP", "RP"};
  if (term.base != "G" && term.base != "BP" && term.base != "RP")
    report.problem(path + ".base", "'{}' is no band of gaia: G, BP or RP", term.base);
  if (term.colour != std::array<std::string, 2>{"BP", "RP"})
    report.problem(path + ".colour", "[{}, {}]: terms of gaia are of the colour [BP, RP]", term.colour[0],
                   term.colour[1]);
}

// What core/zeropoints/transmission_curve.h asks of a curve and a look at its numbers tells.
void check_transmission(const std::vector<std::array<double, 2>>& curve, const std::string& path,
                        Report& report) {
  for (std::size_t i = 0; i < curve.size(); ++i) {
    if (!(curve[i][0] >= 100 && curve[i][0] <= 5000))
      return report.problem(path, "{} is no wavelength in nm (100 to 5000)", curve[i][0]);
    if (i > 0 && !(curve[i][0] > curve[i - 1][0]))
      return report.problem(path, "wavelength {} follows {}: they must increase", curve[i][0],
                            curve[i - 1][0]);
    if (!(curve[i][1] >= 0))
      return report.problem(path, "the response at {} nm is {}", curve[i][0], curve[i][1]);
  }
}

void read_catalogue(const Json& j, const std::string& name, const std::string& path, Report& report,
                    CatalogueFacts& out) {
  Object o(j, path, report);
  o.read("colour_range", out.colour_range);
  o.read_texts("require", out.require);
  o.read("files", out.files);
  o.read("scheme", out.scheme);
  o.read("nside", out.nside);
  o.read("ra", out.ra);
  o.read("dec", out.dec);
  o.read("columns", out.columns);
  static const std::vector<std::string> kOwn = {"colour_range", "require", "files", "scheme",
                                                "nside",        "ra",      "dec",   "columns"};
  for (const std::string& band : o.all_keys())
    if (std::find(kOwn.begin(), kOwn.end(), band) == kOwn.end()) {
      const bool with_more = j[band].is_object() && j[band].value("base", Json()) == "standard";
      if (with_more) read_about_standard_term(j[band], o.path(band), report, out.bands[band]);
      if (with_more || j[band] == "standard")
        read_standard_term(name, band, o.path(band), report, out.bands[band]);
      else
        convert(j[band], o.path(band), report, out.bands[band]);
      if (name == "gaia") check_gaia_term(o.path(band), report, out.bands[band]);
    }
}

}  // namespace

void convert(const Json& j, const std::string& path, Report& report, ColourTerm& out) {
  Object o(j, path, report);
  o.read("base", out.base);
  o.read("colour", out.colour);
  o.read("coefficients", out.coefficients);
  o.read("clip", out.clip);
  if (out.coefficients.size() > 16) report.problem(o.path("coefficients"), "more than 16 coefficients");
  check_increasing(out.clip, o.path("clip"), report);
  o.read("colour_clip", out.colour_clip);
  if (out.colour_clip) check_increasing(*out.colour_clip, o.path("colour_clip"), report);
  o.read("valid", out.valid);
  if (out.valid) check_increasing(*out.valid, o.path("valid"), report);
  o.read_within("error", out.error, 0, 1);
}

void convert(const Json& j, const std::string& path, Report& report, Detrend& out) {
  Object o(j, path, report);
  o.require("reference", out.reference);
  o.require("airmass_slope", out.airmass_slope);
  o.read("segments", out.segments);
}

void convert(const Json& j, const std::string& path, Report& report, QualityFacts::ExtraCut& out) {
  Object o(j, path, report);
  o.read("when", out.when);
  o.read("column", out.column);
  o.require("bit", out.bit);
}

void convert(const Json& j, const std::string& path, Report& report, HaloProfile& out) {
  Object o(j, path, report);
  if (!o.read_name<bool>("form", out.moffat, {{"power", false}, {"moffat", true}}))
    report.problem(o.path("form"), "is required, expected power or moffat");
  o.require("weight", out.weight);
  if (out.moffat) {
    o.require("alpha_arcsec", out.alpha_arcsec);
    o.require("beta", out.beta);
    o.read("off_chip_factor", out.off_chip_factor);
  } else {
    o.require("exponent", out.exponent);
  }
}

void read_photometry(Object& root, CameraFacts& out) {
  PhotometryFacts& photometry = out.photometry;
  for (const std::string& band : out.detector.bands)
    photometry.bands[band].star_mag_range = default_star_range(band);
  const Json* j = root.get("photometry");
  if (!j) return;
  Report& report = root.report();
  Object o(*j, "photometry", report);
  if (const Json* bands = o.get("bands")) {
    Object all(*bands, o.path("bands"), report);
    for (const std::string& name : all.all_keys()) {
      Object b((*bands)[name], all.path(name), report);
      BandPhotometry& band = photometry.bands[name];
      band.star_mag_range = default_star_range(name);
      b.read_within("zero_point", band.zero_point, 10, 40);
      b.read_within("extinction_per_airmass", band.extinction_per_airmass, 0, 2);
      Source real;
      real.as = Source::As::kReal;
      b.read_sources("header_zero_point", real, band.header_zero_point);
      b.read("star_mag_range", band.star_mag_range);
      check_increasing(band.star_mag_range, b.path("star_mag_range"), report);
      b.read("transmission", band.transmission);
      check_transmission(band.transmission, b.path("transmission"), report);
    }
  }
  if (const Json* catalogues = o.get("catalogues")) {
    Object all(*catalogues, o.path("catalogues"), report);
    for (const std::string& name : all.all_keys())
      read_catalogue((*catalogues)[name], name, all.path(name), report, photometry.catalogues[name]);
  }
  if (const auto gaia = photometry.catalogues.find("gaia"); gaia != photometry.catalogues.end())
    for (BandFacts& band : out.bands)
      if (const auto term = gaia->second.bands.find(band.name);
          term != gaia->second.bands.end() && !term->second.coefficients.empty()) {
        band.gaia = GaiaTransform{term->second.base, term->second.coefficients};
        if (term->second.colour_clip) band.gaia->colour_clip = *term->second.colour_clip;
      }
  o.read("preferred_catalogue", photometry.preferred_catalogue);
  o.read("detrend", photometry.detrend);
}

void read_quality(Object& root, CameraFacts& out) {
  const Json* j = root.get("quality");
  if (!j) return;
  Report& report = root.report();
  Object o(*j, "quality", report);
  QualityFacts& q = out.quality;
  o.read("zero_point_window", q.zero_point_window);
  o.read("max_sky_per_second", q.max_sky_per_second);
  const auto check_band = [&](const char* key, const std::string& band) {
    const auto& bands = out.detector.bands;
    if (std::find(bands.begin(), bands.end(), band) == bands.end())
      report.problem(o.path(key) + "." + band, "is not one of the detector's bands");
  };
  for (const auto& [band, window] : q.zero_point_window) {
    check_band("zero_point_window", band);
    check_increasing(window, o.path("zero_point_window") + "." + band, report);
  }
  for (const auto& [band, limit] : q.max_sky_per_second) check_band("max_sky_per_second", band);
  o.read_within("max_radec_rms_arcsec", q.max_radec_rms_arcsec, 0, 1e6);
  o.read_within("max_zero_point_difference_mag", q.max_zero_point_difference_mag, 0, 1e6);
  o.read_within("max_sky_counts", q.max_sky_counts, 0, 1e12);
  o.read_within("max_photometric_rms_mag", q.max_photometric_rms_mag, 0, 1e6);
  o.read_within("min_exptime_seconds", q.min_exptime_seconds, 0, 1e6);
  o.read_within("max_seeing_arcsec", q.max_seeing_arcsec, 0, 1e6);
  o.read_within("min_stars", q.min_stars, 0, 1e6);
  o.read("extra_cuts", q.extra_cuts);
  o.read("accepted_plver", q.accepted_plver);
  o.read("survey_bands", q.survey_bands);
  o.read_within("min_good_ccd_fraction", q.min_good_ccd_fraction, 0, 1);
  o.read("bad_exposures", q.bad_exposures);
  if (const Json* tiles = o.get("tiles")) {
    Object t(*tiles, o.path("tiles"), report);
    q.tiles.emplace();
    t.read("file", q.tiles->file);
    t.require("object", q.tiles->object);
  }
}

void read_halo(Object& root, CameraFacts& out) {
  const Json* j = root.get("halo");
  if (!j) return;
  Object o(*j, "halo", root.report());
  HaloFacts& halo = out.halo.emplace();
  o.require("bands", halo.bands);
  o.read_within("inner_arcsec", halo.inner_arcsec, 0, 1e4);
  o.read_within("inner_ramp_arcsec", halo.inner_ramp_arcsec, 0, 1e4);
  o.read_within("max_radius_pixels", halo.max_radius_arcsec, 1, 1e5);
  o.read_within("max_radius_arcsec", halo.max_radius_arcsec, 1, 1e5);
  o.read_within("radius_factor", halo.radius_factor, 0, 1e4);
  o.read_within("scaling", halo.scaling, 0, 1e4);
}

}  // namespace brickline::facts
