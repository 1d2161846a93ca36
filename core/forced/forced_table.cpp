#include <algorithm>
#include <cmath>
#include <functional>
#include <string_view>
#include <utility>

#include "core/base/error.h"
#include "core/forced/forced_ccd.h"

namespace brickline {
namespace {

// What a row of the table is made from.
struct Row {
  const ForcedCcd* ccd;
  const CcdRow* table;
  const ForcedSource* source;
  const ForcedMeasurement* measured;
};

// What each column is, for headers and tables of text.
constexpr std::pair<std::string_view, const char*> kDescriptions[] = {
    {"release", "of the catalog"},
    {"brickid", "the object's brick; 0: of a list of positions"},
    {"brickname", "the object's brick"},
    {"objid", "the object in its brick; its row in a list"},
    {"camera", "camera"},
    {"expnum", "exposure number"},
    {"ccdname", "CCD"},
    {"filter", "band"},
    {"mjd", "start of the exposure, UTC"},
    {"exptime", "exposure time"},
    {"psfsize", "FWHM of the PSF"},
    {"fwhm", "FWHM of the PSF, of the image's header"},
    {"ccd_cuts", "why catalogs do without the CCD; CC_ cards"},
    {"airmass", "airmass"},
    {"sky", "median of the sky that was subtracted"},
    {"skyrms", "scatter of the sky, of the CCD table"},
    {"psfdepth", "inverse variance of a point source's flux"},
    {"galdepth", "inverse variance of a small galaxy's flux"},
    {"ccdzpt", "zero point of the CCD"},
    {"ccdrarms", "scatter of the astrometry, RA"},
    {"ccddecrms", "scatter of the astrometry, Dec"},
    {"ccdphrms", "scatter of the photometry"},
    {"ra", "where it was, at the time of the exposure"},
    {"dec", "where it was, at the time of the exposure"},
    {"flux", "of the model, fitted with all others"},
    {"flux_ivar", "of noise alone, as if nothing overlapped"},
    {"fracflux", "light of others in the model, over its own"},
    {"rchisq", "mean chi^2, weighted by the model"},
    {"fracmasked", "share of the model on pixels without weight"},
    {"fracin", "share of the model on the image"},
    {"apflux", "in apertures of APRADn arcsec, masks ignored"},
    {"apflux_ivar", "of apflux"},
    {"x", "column of the CCD, from 0"},
    {"y", "row of the CCD, from 0"},
    {"dqmask", "mask bits at the position; DQ_ cards"},
    {"dra", "offset of the star, from flux_dra"},
    {"ddec", "offset of the star, from flux_ddec"},
    {"dra_ivar", "of dra"},
    {"ddec_ivar", "of ddec"},
    {"flux_dra", "of the derivative in RA"},
    {"flux_ddec", "of the derivative in Dec"},
    {"flux_dra_ivar", "of flux_dra"},
    {"flux_ddec_ivar", "of flux_ddec"},
    {"flux_motion", "fitted with the derivatives"},
    {"flux_motion_ivar", "of flux_motion"},
    {"full_fit_dra", "offset of the star, position and flux fitted"},
    {"full_fit_ddec", "offset of the star, position and flux fitted"},
    {"full_fit_flux", "flux of that fit"},
    {"full_fit_dra_ivar", "of full_fit_dra"},
    {"full_fit_ddec_ivar", "of full_fit_ddec"},
    {"full_fit_flux_ivar", "of full_fit_flux"},
    {"full_fit_x", "column of that fit, from 0"},
    {"full_fit_y", "row of that fit, from 0"},
    {"win_dra", "offset of the windowed centroid"},
    {"win_ddec", "offset of the windowed centroid"},
    {"win_converged", "the centroid was found"},
    {"win_edge", "the window reaches the image's edge"},
    {"win_fracmasked", "share of the window without weight"},
    {"win_satur", "saturated at the position"},
    {"winpsf_dra", "the same of the PSF model"},
    {"winpsf_ddec", "the same of the PSF model"},
    {"winpsf_converged", "its centroid was found"},
    {"flux_ivar_joint", "the same with the fluxes of all others free"},
    {"flux_limit95", "exceeded with a probability of 5 %"},
    {"flux_agn", "of a point source at the galaxy's centre"},
    {"flux_agn_ivar", "of flux_agn"},
    {"zpcheck", "stars' magnitudes less the catalog's"},
    {"zpcheck_err", "of zpcheck"},
    {"zpcheck_stars", "stars that it is from"},
    {"zpcheck_wrong", "the zero point is wrong"},
    {"image_filename", "the image, below images/"},
    {"image_hdu", "its HDU"},
};
const char* description_of(std::string_view column) {
  for (const auto& [name, description] : kDescriptions)
    if (name == column) return description;
  throw internal_error("column {} has no description", column);
}

class Columns {
 public:
  explicit Columns(const std::vector<Row>& rows) : rows_(rows) {}
  template <typename F>
  void add(const char* name, const char* unit, const F& value) {
    using T = std::decay_t<std::invoke_result_t<F, const Row&>>;
    std::vector<T> values;
    values.reserve(rows_.size());
    for (const Row& row : rows_) values.push_back(value(row));
    table.add(name, std::move(values), unit, {}, description_of(name));
  }
  template <typename F>
  void add_apertures(const char* name, const char* unit, const F& value) {
    std::vector<float> values;
    for (const Row& row : rows_)
      for (const float v : value(row)) values.push_back(v);
    table.add(name, std::move(values), unit, {static_cast<std::int64_t>(kForcedApertures)},
              description_of(name));
  }
  fits::Table table;

 private:
  const std::vector<Row>& rows_;
};

// A column of the CCD table, if it has one of that name, as single precision.
void add_from_ccds(Columns& columns, const CcdTable& ccds, const char* name, const char* unit) {
  if (!ccds.table().has(name)) return;
  columns.add(name, unit,
              [&](const Row& r) { return static_cast<float>(ccds.table().number(name, r.ccd->ccd_row)); });
}

void add_cuts(Columns& columns, const CcdTable& ccds) {
  const fits::Column* cuts = ccds.table().find("ccd_cuts");
  if (!cuts) return;
  const auto as = [&]<typename T>(T) {
    columns.add("ccd_cuts", "", [&](const Row& r) {
      return static_cast<T>(ccds.table().integer("ccd_cuts", r.ccd->ccd_row));
    });
  };
  if (std::holds_alternative<std::vector<std::int16_t>>(cuts->data))
    as(std::int16_t{});
  else if (std::holds_alternative<std::vector<std::int32_t>>(cuts->data))
    as(std::int32_t{});
  else
    as(std::int64_t{});
}

void add_identity(Columns& c) {
  c.add("release", "", [](const Row& r) { return static_cast<std::int16_t>(r.source->release); });
  c.add("brickid", "", [](const Row& r) { return r.source->brickid; });
  c.add("brickname", "", [](const Row& r) { return r.source->brickname; });
  c.add("objid", "", [](const Row& r) { return r.source->objid; });
  c.add("camera", "", [](const Row& r) { return r.table->camera; });
  c.add("expnum", "", [](const Row& r) { return r.table->expnum; });
  c.add("ccdname", "", [](const Row& r) { return r.table->ccdname; });
  c.add("filter", "", [](const Row& r) { return r.table->band; });
}

void add_exposure(Columns& c, const CcdTable& ccds) {
  c.add("mjd", "", [](const Row& r) { return r.table->mjd_obs; });
  add_from_ccds(c, ccds, "exptime", "sec");
  c.add("psfsize", "arcsec", [](const Row& r) {
    return static_cast<float>(r.ccd->image.psf_fwhm * r.table->pixel_scale_arcsec());
  });
  c.add("fwhm", "pixels", [](const Row& r) { return static_cast<float>(r.ccd->image.psf_fwhm); });
  add_cuts(c, ccds);
  add_from_ccds(c, ccds, "airmass", "");
  c.add("sky", "nanomaggies/arcsec^2", [](const Row& r) {
    const CcdImage& i = r.ccd->image;
    return static_cast<float>(i.sky_median / i.zpscale / (i.pixel_scale_arcsec * i.pixel_scale_arcsec));
  });
  add_from_ccds(c, ccds, "skyrms", "counts/sec");
  const auto depth = [](double norm, double sig1) { return static_cast<float>(std::pow(norm / sig1, 2)); };
  c.add("psfdepth", "nanomaggies^(-2)",
        [&](const Row& r) { return depth(r.ccd->image.psfnorm, r.ccd->image.sig1); });
  c.add("galdepth", "nanomaggies^(-2)",
        [&](const Row& r) { return depth(r.ccd->image.galnorm, r.ccd->image.sig1); });
  add_from_ccds(c, ccds, "ccdzpt", "");
  add_from_ccds(c, ccds, "ccdrarms", "arcsec");
  add_from_ccds(c, ccds, "ccddecrms", "arcsec");
  add_from_ccds(c, ccds, "ccdphrms", "");
}

void add_measurements(Columns& c, const ForcedOptions& options) {
  c.add("ra", "deg", [](const Row& r) { return r.measured->position.ra; });
  c.add("dec", "deg", [](const Row& r) { return r.measured->position.dec; });
  if (options.fit) {
    c.add("flux", "nanomaggies", [](const Row& r) { return r.measured->flux; });
    c.add("flux_ivar", "nanomaggies^(-2)", [](const Row& r) { return r.measured->flux_ivar; });
    c.add("fracflux", "", [](const Row& r) { return r.measured->fracflux; });
    c.add("rchisq", "", [](const Row& r) { return r.measured->rchisq; });
    c.add("fracmasked", "", [](const Row& r) { return r.measured->fracmasked; });
    c.add("fracin", "", [](const Row& r) { return r.measured->fracin; });
  }
  if (options.apertures) {
    c.add_apertures("apflux", "nanomaggies", [](const Row& r) { return r.measured->apflux; });
    c.add_apertures("apflux_ivar", "nanomaggies^(-2)", [](const Row& r) { return r.measured->apflux_ivar; });
  }
  c.add("x", "", [](const Row& r) { return r.measured->x; });
  c.add("y", "", [](const Row& r) { return r.measured->y; });
  c.add("dqmask", "", [](const Row& r) { return static_cast<std::int16_t>(r.measured->dqmask); });
}

void add_motions(Columns& c) {
  const auto of = [](auto member) {
    return [member](const Row& r) { return r.measured->motion.value_or(StarMotion{}).*member; };
  };
  c.add("dra", "arcsec", of(&StarMotion::dra));
  c.add("ddec", "arcsec", of(&StarMotion::ddec));
  c.add("dra_ivar", "arcsec^(-2)", of(&StarMotion::dra_ivar));
  c.add("ddec_ivar", "arcsec^(-2)", of(&StarMotion::ddec_ivar));
  c.add("flux_dra", "nanomaggies deg", of(&StarMotion::flux_dra));
  c.add("flux_ddec", "nanomaggies deg", of(&StarMotion::flux_ddec));
  c.add("flux_dra_ivar", "nanomaggies^(-2) deg^(-2)", of(&StarMotion::flux_dra_ivar));
  c.add("flux_ddec_ivar", "nanomaggies^(-2) deg^(-2)", of(&StarMotion::flux_ddec_ivar));
  c.add("flux_motion", "nanomaggies", of(&StarMotion::flux_motion));
  c.add("flux_motion_ivar", "nanomaggies^(-2)", of(&StarMotion::flux_motion_ivar));
  c.add("full_fit_dra", "arcsec", of(&StarMotion::full_fit_dra));
  c.add("full_fit_ddec", "arcsec", of(&StarMotion::full_fit_ddec));
  c.add("full_fit_flux", "nanomaggies", of(&StarMotion::full_fit_flux));
  c.add("full_fit_dra_ivar", "arcsec^(-2)", of(&StarMotion::full_fit_dra_ivar));
  c.add("full_fit_ddec_ivar", "arcsec^(-2)", of(&StarMotion::full_fit_ddec_ivar));
  c.add("full_fit_flux_ivar", "nanomaggies^(-2)", of(&StarMotion::full_fit_flux_ivar));
  c.add("full_fit_x", "", of(&StarMotion::full_fit_x));
  c.add("full_fit_y", "", of(&StarMotion::full_fit_y));
}

void add_centroids(Columns& c) {
  const auto of = [](auto member) {
    return [member](const Row& r) { return r.measured->centroid.value_or(ForcedCentroid{}).*member; };
  };
  c.add("win_dra", "arcsec", of(&ForcedCentroid::win_dra));
  c.add("win_ddec", "arcsec", of(&ForcedCentroid::win_ddec));
  c.add("win_converged", "", of(&ForcedCentroid::win_converged));
  c.add("win_edge", "", of(&ForcedCentroid::win_edge));
  c.add("win_fracmasked", "", of(&ForcedCentroid::win_fracmasked));
  c.add("win_satur", "", of(&ForcedCentroid::win_satur));
  c.add("winpsf_dra", "arcsec", of(&ForcedCentroid::winpsf_dra));
  c.add("winpsf_ddec", "arcsec", of(&ForcedCentroid::winpsf_ddec));
  c.add("winpsf_converged", "", of(&ForcedCentroid::winpsf_converged));
}

}  // namespace

fits::Table forced_table(const CcdTable& ccds, std::span<const ForcedCcd> measured,
                         const ForcedOptions& options) {
  std::vector<CcdRow> tables;
  for (const ForcedCcd& ccd : measured) tables.push_back(ccds.row(ccd.ccd_row));
  std::vector<Row> rows;
  for (std::size_t i = 0; i < measured.size(); ++i)
    for (const ForcedMeasurement& m : measured[i].result.rows)
      rows.push_back({&measured[i], &tables[i], &measured[i].sources.at(m.source), &m});
  Columns c(rows);
  add_identity(c);
  add_exposure(c, ccds);
  add_measurements(c, options);
  if (options.fit && options.motions) add_motions(c);
  add_centroids(c);
  const bool joint = std::ranges::any_of(
      measured, [&](const ForcedCcd& ccd) { return has_joint_errors(options, ccd.sources); });
  if (options.fit && joint)
    c.add("flux_ivar_joint", "nanomaggies^(-2)", [](const Row& r) { return r.measured->flux_ivar_joint; });
  if (options.fit && options.limits) {
    c.add("flux_limit95", "nanomaggies", [](const Row& r) { return r.measured->flux_limit95; });
  }
  if (options.fit && options.nuclei) {
    c.add("flux_agn", "nanomaggies", [](const Row& r) { return r.measured->flux_agn; });
    c.add("flux_agn_ivar", "nanomaggies^(-2)", [](const Row& r) { return r.measured->flux_agn_ivar; });
  }
  if (options.fit) {
    c.add("zpcheck", "mag", [](const Row& r) { return r.ccd->zero_point.offset; });
    c.add("zpcheck_err", "mag", [](const Row& r) { return r.ccd->zero_point.error; });
    c.add("zpcheck_stars", "",
          [](const Row& r) { return static_cast<std::int32_t>(r.ccd->zero_point.stars); });
    c.add("zpcheck_wrong", "", [](const Row& r) { return r.ccd->zero_point.wrong; });
  }
  c.add("image_filename", "", [](const Row& r) { return r.table->image_filename; });
  c.add("image_hdu", "", [](const Row& r) { return static_cast<std::int32_t>(r.table->image_hdu); });
  return std::move(c.table);
}

}  // namespace brickline
