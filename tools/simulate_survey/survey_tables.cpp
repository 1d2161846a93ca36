// The tables of a survey: CCDs, bricks, reference stars, truth.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <numbers>
#include <set>
#include <sstream>

#include "core/base/atomic_file.h"
#include "core/base/error.h"
#include "core/fits/fits_writer.h"
#include "tools/simulate_survey/gaia_spectra.h"
#include "tools/simulate_survey/renderer.h"
#include "tools/simulate_survey/space_telescopes.h"
#include "tools/simulate_survey/survey_files.h"

namespace brickline::simulate {
namespace {

constexpr int kGaiaSides = 32;         // HEALPix nside of the chunks
constexpr double kBricksRadius = 0.8;  // degrees around the region whose bricks are listed
constexpr double kGaiaRadius = 2.0;    // degrees around the region whose chunks exist

// Collects rows of values into columns.
template <typename T, typename Rows, typename Value>
void add_column(fits::Table& table, const char* name, const Rows& rows, Value value, const char* unit = "") {
  std::vector<T> values;
  for (const auto& row : rows) values.push_back(static_cast<T>(value(row)));
  table.add(name, values, unit);
}

struct CcdRow {
  const Exposure* exposure;
  const CcdPlan* ccd;
  double psf_norm, galaxy_norm;
};

double squared_norm(const Image<float>& image) {
  double sum = 0;
  for (int y = 0; y < image.height(); ++y)
    for (int x = 0; x < image.width(); ++x) sum += static_cast<double>(image(x, y)) * image(x, y);
  return sum;
}

// Detection norms of a point source and of the survey's standard galaxy (exponential, round, 0.45 arcsec).
CcdRow ccd_row(const SurveyContext& survey, const Exposure& x, const CcdPlan& ccd, const PsfField& psf) {
  const double cx = ccd.extent.x0 + ccd.width() / 2.0, cy = ccd.extent.y0 + ccd.height() / 2.0;
  const int size = survey.options.psf_size;
  const Moffat moffat = psf.at(cx, cy);
  const double norm = psf.norm(cx, cy);
  Renderer renderer({.faintest_brightness = 1e-7, .largest_stamp = 256});
  static const SersicProfile exponential(1);
  Image<float> star(size, size), galaxy(size, size);
  renderer.add_star(star, moffat, size / 2, size / 2, norm);
  GalaxyShape shape;
  shape.profile = &exponential;
  shape.half_light_radius = 0.45;
  const double scale = survey.options.pixel_scale;
  shape.arcsec_per_pixel = {scale, 0, 0, scale};
  renderer.add_galaxy(galaxy, moffat, psf.transform(), shape, size / 2, size / 2, norm);
  return {&x, &ccd, std::sqrt(squared_norm(star)), std::sqrt(squared_norm(galaxy))};
}

fits::Table ccd_table(const SurveyContext& survey, const std::vector<CcdRow>& rows) {
  const SimulationOptions& o = survey.options;
  const auto sky_rate = [](const CcdRow& r) { return r.ccd->sky.level / r.exposure->exposure_time; };
  const auto centre = [](const CcdRow& r) {
    ImageGeometry header = r.ccd->geometry;
    header.reference_sky = r.ccd->header_reference;
    return header.to_sky((r.ccd->width() - 1) / 2.0, (r.ccd->height() - 1) / 2.0);
  };
  fits::Table t;
  const auto text = [&](const char* name, auto value) { add_column<std::string>(t, name, rows, value); };
  const auto real = [&](const char* name, auto value, const char* unit = "") {
    add_column<float>(t, name, rows, value, unit);
  };
  const auto precise = [&](const char* name, auto value, const char* unit = "") {
    add_column<double>(t, name, rows, value, unit);
  };
  const auto small = [&](const char* name, auto value) { add_column<std::int16_t>(t, name, rows, value); };

  text("image_filename", [&](const CcdRow& r) { return image_place(survey, *r.exposure, *r.ccd).file; });
  small("image_hdu", [&](const CcdRow& r) { return image_place(survey, *r.exposure, *r.ccd).hdu; });
  text("camera", [&](const CcdRow&) { return survey.camera; });
  add_column<std::int64_t>(t, "expnum", rows,
                           [&](const CcdRow& r) { return table_expnum(survey, *r.exposure); });
  text("plver", [&](const CcdRow&) { return survey.layout.pipeline_version; });
  text("procdate", [&](const CcdRow&) { return survey.layout.processing_date; });
  text("plprocid", [&](const CcdRow&) { return survey.layout.pipeline_run; });
  text("ccdname", [](const CcdRow& r) { return r.ccd->name; });
  text("object", [](const CcdRow&) { return "SIM"; });
  text("propid", [&](const CcdRow&) { return survey.layout.proposal; });
  text("filter", [&](const CcdRow& r) { return survey.bands[r.exposure->band].name; });
  real(
      "exptime", [](const CcdRow& r) { return r.exposure->exposure_time; }, "s");
  precise(
      "mjd_obs", [](const CcdRow& r) { return r.exposure->mjd; }, "d");
  real("airmass", [](const CcdRow& r) { return r.exposure->airmass; });
  real(
      "fwhm", [](const CcdRow& r) { return r.exposure->fwhm; }, "pix");
  real(
      "seeing", [&](const CcdRow& r) { return r.exposure->fwhm * o.pixel_scale; }, "arcsec");
  small("width", [](const CcdRow& r) { return r.ccd->width(); });
  small("height", [](const CcdRow& r) { return r.ccd->height(); });
  precise(
      "ra_bore", [](const CcdRow& r) { return r.exposure->boresight.ra; }, "deg");
  precise(
      "dec_bore", [](const CcdRow& r) { return r.exposure->boresight.dec; }, "deg");
  real(
      "crpix1", [](const CcdRow& r) { return r.ccd->geometry.reference_pixel.x + 1; }, "pix");
  real(
      "crpix2", [](const CcdRow& r) { return r.ccd->geometry.reference_pixel.y + 1; }, "pix");
  precise(
      "crval1", [](const CcdRow& r) { return r.ccd->header_reference.ra; }, "deg");
  precise(
      "crval2", [](const CcdRow& r) { return r.ccd->header_reference.dec; }, "deg");
  const char* cd_names[] = {"cd1_1", "cd1_2", "cd2_1", "cd2_2"};
  for (int i = 0; i < 4; ++i)
    real(
        cd_names[i], [i](const CcdRow& r) { return r.ccd->geometry.cd[i]; }, "deg/pix");
  t.add("yshift", std::vector<bool>(rows.size(), false));
  precise(
      "ra", [&](const CcdRow& r) { return centre(r).ra; }, "deg");
  precise(
      "dec", [&](const CcdRow& r) { return centre(r).dec; }, "deg");
  real(
      "skyrms", [](const CcdRow& r) { return r.exposure->noise / r.exposure->exposure_time; }, "counts/s");
  real(
      "sig1", [](const CcdRow& r) { return r.exposure->noise / r.exposure->counts_per_nanomaggy; },
      "nanomaggy");
  real(
      "ccdzpt", [](const CcdRow& r) { return r.exposure->zero_point; }, "mag");
  real(
      "zpt", [](const CcdRow& r) { return r.exposure->zero_point; }, "mag");
  real(
      "ccdraoff", [](const CcdRow& r) { return r.ccd->offset_ra; }, "arcsec");
  real(
      "ccddecoff", [](const CcdRow& r) { return r.ccd->offset_dec; }, "arcsec");
  real("ccdskycounts", sky_rate, "counts/s");
  real(
      "ccdskysb",
      [&](const CcdRow& r) {
        return r.exposure->zero_point - 2.5 * std::log10(sky_rate(r) / (o.pixel_scale * o.pixel_scale));
      },
      "mag/arcsec^2");
  for (const char* name : {"ccdrarms", "ccddecrms", "ccdphrms", "phrms"})
    real(name, [](const CcdRow&) { return 0.02; });
  for (const char* name : {"ccdnastrom", "ccdnphotom"}) small(name, [](const CcdRow&) { return 500; });
  add_column<std::int64_t>(t, "ccd_cuts", rows, [](const CcdRow&) { return 0; });
  real("psfnorm", [](const CcdRow& r) { return r.psf_norm; });
  real("galnorm", [](const CcdRow& r) { return r.galaxy_norm; });
  return t;
}

fits::Table gaia_table(const std::vector<const Source*>& stars, const std::vector<std::int64_t>& ids) {
  fits::Table t;
  const auto real = [&](const char* name, auto value, const char* unit = "") {
    add_column<float>(t, name, stars, value, unit);
  };
  const auto constant = [&](const char* name, float value, const char* unit = "") {
    t.add(name, std::vector<float>(stars.size(), value), unit);
  };
  const auto count = [&](const char* name, std::int16_t value) {
    t.add(name, std::vector<std::int16_t>(stars.size(), value));
  };
  t.add("source_id", ids);
  add_column<double>(
      t, "ra", stars, [](const Source* s) { return s->position.ra; }, "deg");
  add_column<double>(
      t, "dec", stars, [](const Source* s) { return s->position.dec; }, "deg");
  // The catalog's errors grow towards the faint end.
  const auto error = [](const Source* s) {
    return 0.03 * std::pow(10, 0.2 * std::max(0.0, s->gaia_mag - 15));
  };
  real("ra_error", error, "mas");
  real("dec_error", error, "mas");
  real(
      "phot_g_mean_mag", [](const Source* s) { return s->gaia_mag; }, "mag");
  constant("phot_g_mean_flux_over_error", 1000);
  count("phot_g_n_obs", 100);
  // BP and RP straddle G roughly as 0.4 to 0.6 of the colour.
  real(
      "phot_bp_mean_mag", [](const Source* s) { return s->gaia_mag + 0.4 * s->gaia_bp_rp; }, "mag");
  constant("phot_bp_mean_flux_over_error", 100);
  count("phot_bp_n_obs", 20);
  real(
      "phot_rp_mean_mag", [](const Source* s) { return s->gaia_mag - 0.6 * s->gaia_bp_rp; }, "mag");
  constant("phot_rp_mean_flux_over_error", 100);
  count("phot_rp_n_obs", 20);
  constant("astrometric_weight_al", 1);
  count("astrometric_n_obs_al", 200);
  count("astrometric_n_good_obs_al", 200);
  constant("astrometric_excess_noise", 0);
  constant("astrometric_excess_noise_sig", 0);
  t.add("duplicated_source", std::vector<bool>(stars.size(), false));
  constant("ref_epoch", static_cast<float>(kReferenceEpoch), "yr");
  constant("parallax", 0, "mas");
  real("parallax_error", error, "mas");
  real(
      "pmra", [](const Source* s) { return s->pmra; }, "mas/yr");
  real("pmra_error", error, "mas/yr");
  real(
      "pmdec", [](const Source* s) { return s->pmdec; }, "mas/yr");
  real("pmdec_error", error, "mas/yr");
  t.add("phot_variable_flag", std::vector<bool>(stars.size(), false));
  constant("a_g_val", 0);
  constant("e_bp_min_rp_val", 0);
  constant("phot_bp_rp_excess_factor", 1.2f);
  constant("astrometric_sigma5d_max", 0.5f);
  constant("astrometric_params_solved", 31);
  return t;
}

void write_table(const fits::Table& table, const std::filesystem::path& path,
                 const fits::Header& header = {}) {
  fits::FitsWriter writer;
  writer.add_table(table, {}, header);
  writer.write(path);
}

}  // namespace

void write_ccd_table(const SurveyContext& survey, const std::vector<Exposure>& exposures,
                     const std::vector<std::vector<std::shared_ptr<const PsfField>>>& psfs) {
  std::vector<CcdRow> rows;
  for (std::size_t e = 0; e < exposures.size(); ++e)
    for (std::size_t c = 0; c < exposures[e].ccds.size(); ++c)
      rows.push_back(ccd_row(survey, exposures[e], exposures[e].ccds[c], *psfs[e][c]));
  write_table(ccd_table(survey, rows), survey.directory / "survey-ccds-sim.fits.gz");
}

void write_brick_table(const SurveyContext& survey) {
  const auto bricks = bricks_near(survey.region.centre.ra, survey.region.centre.dec,
                                  kBricksRadius + survey.options.size * Region::kPixelScale / 3600);
  fits::Table t;
  add_column<std::string>(t, "brickname", bricks, [](const Brick& b) { return b.name; });
  add_column<std::int32_t>(t, "brickid", bricks, [](const Brick& b) { return b.id; });
  add_column<std::int16_t>(t, "brickq", bricks, [](const Brick& b) { return b.quarter; });
  add_column<std::int32_t>(t, "brickrow", bricks, [](const Brick& b) { return b.row; });
  add_column<std::int32_t>(t, "brickcol", bricks, [](const Brick& b) { return b.column; });
  const auto angle = [&](const char* name, double Brick::*member) {
    add_column<double>(
        t, name, bricks, [member](const Brick& b) { return b.*member; }, "deg");
  };
  angle("ra", &Brick::ra);
  angle("dec", &Brick::dec);
  angle("ra1", &Brick::ra1);
  angle("ra2", &Brick::ra2);
  angle("dec1", &Brick::dec1);
  angle("dec2", &Brick::dec2);
  write_table(t, survey.directory / "survey-bricks.fits.gz");
}

void write_gaia(const SurveyContext& survey, const std::vector<Source>& sources) {
  std::map<int, std::pair<std::vector<const Source*>, std::vector<std::int64_t>>> chunks;
  // Every chunk near the region exists, if only as an empty table: a missing one is an error to its readers.
  const double reach = kGaiaRadius + survey.options.size * Region::kPixelScale / 3600;
  for (double north = -reach; north <= reach; north += 0.2)
    for (double east = -reach; east <= reach; east += 0.2) {
      const SkyPoint p = offset_point(survey.region.centre, east, north);
      chunks[healpix_ring(kGaiaSides, p.ra, p.dec)];
    }
  for (std::size_t i = 0; i < sources.size(); ++i) {
    const Source& s = sources[i];
    if (!s.in_gaia()) continue;
    auto& [stars, ids] = chunks[healpix_ring(kGaiaSides, s.position.ra, s.position.dec)];
    stars.push_back(&s);
    ids.push_back(1000 + static_cast<std::int64_t>(i));
  }
  for (const auto& [number, chunk] : chunks) {
    fits::Table table = gaia_table(chunk.first, chunk.second);
    if (survey.options.spectra_faintest > 0) add_gaia_spectra(table, survey, chunk.first);
    write_table(table, survey.directory / "gaia" / fmt::format("chunk-{:05d}.fits", number));
  }
}

void write_tycho(const SurveyContext& survey) {
  const std::filesystem::path target = survey.directory / "tycho2.kd.fits";
  if (!survey.options.tycho.empty()) {
    std::ifstream in(survey.options.tycho, std::ios::binary);
    if (!in) throw input_error("cannot read it").in_file(survey.options.tycho.string());
    std::stringstream bytes;
    bytes << in.rdbuf();
    write_file_atomically(target, bytes.str());
    return;
  }
  fits::Table t;
  for (const char* name : {"tyc1", "tyc2"}) t.add(name, std::vector<std::int16_t>{});
  t.add("tyc3", std::vector<std::uint8_t>{});
  for (const char* name : {"ra", "dec", "mean_ra", "mean_dec"}) t.add(name, std::vector<double>{}, "deg");
  for (const char* name : {"sigma_ra", "sigma_dec", "pm_ra", "pm_dec", "sigma_pm_ra", "sigma_pm_dec",
                           "epoch_ra", "epoch_dec", "mag_bt", "mag_vt", "mag_hp"})
    t.add(name, std::vector<float>{});
  t.add("isgalaxy", std::vector<std::uint8_t>{});
  for (const char* name : {"jmag", "hmag", "kmag", "zguess"}) t.add(name, std::vector<float>{});
  fits::Header header;
  header.set("AN_FILE", "TAGALONG");
  write_table(t, target, header);
}

void write_truth(const SurveyContext& survey, const std::vector<Source>& drawn) {
  std::vector<Source> sources;
  std::vector<std::array<double, 6>> in_space;
  const auto drawn_in_space = space_fluxes(survey.options.seed, drawn);
  for (std::size_t i = 0; i < drawn.size(); ++i) {
    if (drawn[i].structure) continue;
    sources.push_back(drawn[i]);
    in_space.push_back(drawn_in_space[i]);
  }
  fits::Table t;
  const auto real = [&](const std::string& name, auto value, const char* unit = "") {
    add_column<double>(t, name.c_str(), sources, value, unit);
  };
  add_column<std::string>(t, "type", sources, [](const Source& s) { return s.type; });
  real(
      "ra", [](const Source& s) { return s.position.ra; }, "deg");
  real(
      "dec", [](const Source& s) { return s.position.dec; }, "deg");
  real(
      "shape_r", [](const Source& s) { return s.half_light_radius; }, "arcsec");
  real("sersic", [](const Source& s) { return s.sersic_index; });
  real("ba", [](const Source& s) { return s.axis_ratio; });
  real(
      "pa", [](const Source& s) { return s.position_angle; }, "deg");
  const auto ellipticity = [](const Source& s) { return (1 - s.axis_ratio) / (1 + s.axis_ratio); };
  constexpr double kTwiceDegree = std::numbers::pi / 90;
  real("shape_e1",
       [&](const Source& s) { return ellipticity(s) * std::cos(kTwiceDegree * s.position_angle); });
  real("shape_e2",
       [&](const Source& s) { return ellipticity(s) * std::sin(kTwiceDegree * s.position_angle); });
  if (std::ranges::any_of(sources, [](const Source& s) { return s.bulge.has_value(); })) {
    const auto of_bulge = [&](const std::string& name, auto value, const char* unit = "") {
      real(
          name, [&](const Source& s) { return s.bulge ? value(*s.bulge) : 0.0; }, unit);
    };
    of_bulge(
        "shapedev_r", [](const TrueBulge& b) { return b.half_light_radius; }, "arcsec");
    of_bulge("shapedev_ba", [](const TrueBulge& b) { return b.axis_ratio; });
    of_bulge(
        "shapedev_pa", [](const TrueBulge& b) { return b.position_angle; }, "deg");
    for (std::size_t k = 0; k < survey.bands.size(); ++k)
      of_bulge("fracdev_" + survey.bands[k].name, [k](const TrueBulge& b) { return b.fraction[k]; });
  }
  for (std::size_t b = 0; b < survey.bands.size(); ++b)
    real(
        "flux_" + survey.bands[b].name, [b](const Source& s) { return s.flux[b]; }, "nanomaggy");
  for (std::size_t b = 0; b < kSpaceBands.size(); ++b) {
    if (b < 4 ? survey.options.wise_tiles == 0 : survey.options.galex_tiles == 0) continue;
    std::vector<double> flux;
    for (const auto& f : in_space) flux.push_back(f[b]);
    t.add(std::string("flux_") + kSpaceBands[b], std::move(flux), "nanomaggy");
  }
  real(
      "gmag", [](const Source& s) { return s.gaia_mag; }, "mag");
  real(
      "pmra", [](const Source& s) { return s.pmra; }, "mas/yr");
  real(
      "pmdec", [](const Source& s) { return s.pmdec; }, "mas/yr");
  real(
      "bx", [](const Source& s) { return s.region_pixel.x; }, "pix");
  real(
      "by", [](const Source& s) { return s.region_pixel.y; }, "pix");
  fits::Header header;
  header.set("SEED", fits::CardValue(static_cast<std::int64_t>(survey.options.seed)));
  header.set("BRICK", fits::CardValue(survey.region.brick.name));
  header.set("REFEPOCH", fits::CardValue(kReferenceEpoch), "of ra, dec");
  write_table(t, survey.directory / "truth.fits", header);
}

void write_description(const SurveyContext& survey, const std::vector<Source>& sources) {
  const SimulationOptions& o = survey.options;
  const Region& region = survey.region;
  nlohmann::ordered_json j;
  if (region.custom) {
    j["radec"] = {region.centre.ra, region.centre.dec};
    j["width"] = j["height"] = region.size;
  } else {
    const int low = region.zoom_low();
    j["brick"] = region.brick.name;
    j["zoom"] = {low, low + region.size, low, low + region.size};
  }
  j["nsources"] = sources.size();
  j["seed"] = o.seed;
  j["bands"] = fmt::format("{}", fmt::join(o.bands, ","));
  j["nexp"] = o.exposures;
  j["camera"] = survey.camera;
  write_file_atomically(survey.directory / "sim.json", j.dump() + "\n");
}

}  // namespace brickline::simulate
