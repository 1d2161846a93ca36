// Fields of rows of the catalog. Part of codec_fields.h.
#pragma once

#include "core/pipeline/artifact.h"
#include "core/pipeline/codec_columns.h"

namespace brickline::codec {

template <>
struct Fields<CatalogBand> {
  template <class Visit>
  static constexpr void each(Visit&& visit) {
    visit("flux", &CatalogBand::flux);
    visit("flux_ivar", &CatalogBand::flux_ivar);
    visit("rchisq", &CatalogBand::rchisq);
    visit("fracflux", &CatalogBand::fracflux);
    visit("fracmasked", &CatalogBand::fracmasked);
    visit("fracin", &CatalogBand::fracin);
    visit("blendedness", &CatalogBand::blendedness);
    visit("bulge_flux", &CatalogBand::bulge_flux);
    visit("bulge_flux_variance", &CatalogBand::bulge_flux_variance);
    visit("bulge_flux_covariance", &CatalogBand::bulge_flux_covariance);
    visit("fiberflux", &CatalogBand::fiberflux);
    visit("fibertotflux", &CatalogBand::fibertotflux);
    visit("apflux", &CatalogBand::apflux);
    visit("apflux_resid", &CatalogBand::apflux_resid);
    visit("apflux_blobresid", &CatalogBand::apflux_blobresid);
    visit("apflux_ivar", &CatalogBand::apflux_ivar);
    visit("apflux_masked", &CatalogBand::apflux_masked);
    visit("nobs", &CatalogBand::nobs);
    visit("ngood", &CatalogBand::ngood);
    visit("anymask", &CatalogBand::anymask);
    visit("allmask", &CatalogBand::allmask);
    visit("psfsize", &CatalogBand::psfsize);
    visit("psfdepth", &CatalogBand::psfdepth);
    visit("galdepth", &CatalogBand::galdepth);
    visit("nea", &CatalogBand::nea);
    visit("blob_nea", &CatalogBand::blob_nea);
  }
};
template <>
struct Fields<CatalogFitRecord> {
  template <class Visit>
  static constexpr void each(Visit&& visit) {
    visit("bx0", &CatalogFitRecord::bx0);
    visit("by0", &CatalogFitRecord::by0);
    visit("force_kept", &CatalogFitRecord::force_kept);
    visit("bits", &CatalogFitRecord::bits);
    visit("blob_width", &CatalogFitRecord::blob_width);
    visit("blob_height", &CatalogFitRecord::blob_height);
    visit("blob_nimages", &CatalogFitRecord::blob_nimages);
    visit("blob_npix", &CatalogFitRecord::blob_npix);
    visit("blob_totalpix", &CatalogFitRecord::blob_totalpix);
    visit("blob_symm_width", &CatalogFitRecord::blob_symm_width);
    visit("blob_symm_height", &CatalogFitRecord::blob_symm_height);
    visit("blob_symm_nimages", &CatalogFitRecord::blob_symm_nimages);
    visit("blob_symm_npix", &CatalogFitRecord::blob_symm_npix);
  }
};
template <>
struct Fields<SpaceBand> {
  template <class Visit>
  static constexpr void each(Visit&& visit) {
    visit("flux", &SpaceBand::flux);
    visit("flux_ivar", &SpaceBand::flux_ivar);
    visit("rchisq", &SpaceBand::rchisq);
    visit("fracflux", &SpaceBand::fracflux);
    visit("psfdepth", &SpaceBand::psfdepth);
    visit("nobs", &SpaceBand::nobs);
    visit("apflux", &SpaceBand::apflux);
    visit("apflux_resid", &SpaceBand::apflux_resid);
    visit("apflux_ivar", &SpaceBand::apflux_ivar);
  }
};
template <>
struct Fields<LightCurve> {
  template <class Visit>
  static constexpr void each(Visit&& visit) {
    visit("flux", &LightCurve::flux);
    visit("flux_ivar", &LightCurve::flux_ivar);
    visit("fracflux", &LightCurve::fracflux);
    visit("rchisq", &LightCurve::rchisq);
    visit("nobs", &LightCurve::nobs);
    visit("mjd", &LightCurve::mjd);
    visit("kept", &LightCurve::kept);
  }
};
template <>
struct Fields<WiseRow> {
  template <class Visit>
  static constexpr void each(Visit&& visit) {
    visit("bands", &WiseRow::bands);
    visit("curves", &WiseRow::curves);
    visit("mask", &WiseRow::mask);
    visit("coadd_id", &WiseRow::coadd_id);
    visit("x", &WiseRow::x);
    visit("y", &WiseRow::y);
  }
};
template <>
struct Fields<GalexRow> {
  template <class Visit>
  static constexpr void each(Visit&& visit) {
    visit("bands", &GalexRow::bands);
  }
};
template <>
struct Fields<SpaceColumns> {
  template <class Visit>
  static constexpr void each(Visit&& visit) {
    visit("wise", &SpaceColumns::wise);
    visit("wise_apertures", &SpaceColumns::wise_apertures);
    visit("light_curve_width", &SpaceColumns::light_curve_width);
    visit("light_curve_epochs", &SpaceColumns::light_curve_epochs);
    visit("galex", &SpaceColumns::galex);
  }
};
template <>
struct Fields<CatalogSource> {
  template <class Visit>
  static constexpr void each(Visit&& visit) {
    visit("type", &CatalogSource::type);
    visit("regular", &CatalogSource::regular);
    visit("ra", &CatalogSource::ra);
    visit("dec", &CatalogSource::dec);
    visit("ra_ivar", &CatalogSource::ra_ivar);
    visit("dec_ivar", &CatalogSource::dec_ivar);
    visit("bx", &CatalogSource::bx);
    visit("by", &CatalogSource::by);
    visit("dchisq", &CatalogSource::dchisq);
    visit("shape_r", &CatalogSource::shape_r);
    visit("shape_r_ivar", &CatalogSource::shape_r_ivar);
    visit("shape_e1", &CatalogSource::shape_e1);
    visit("shape_e1_ivar", &CatalogSource::shape_e1_ivar);
    visit("shape_e2", &CatalogSource::shape_e2);
    visit("shape_e2_ivar", &CatalogSource::shape_e2_ivar);
    visit("sersic", &CatalogSource::sersic);
    visit("sersic_ivar", &CatalogSource::sersic_ivar);
    visit("dchisq_comp", &CatalogSource::dchisq_comp);
    visit("shapedev_r", &CatalogSource::shapedev_r);
    visit("shapedev_r_ivar", &CatalogSource::shapedev_r_ivar);
    visit("shapedev_e1", &CatalogSource::shapedev_e1);
    visit("shapedev_e1_ivar", &CatalogSource::shapedev_e1_ivar);
    visit("shapedev_e2", &CatalogSource::shapedev_e2);
    visit("shapedev_e2_ivar", &CatalogSource::shapedev_e2_ivar);
    visit("fit_covariance", &CatalogSource::fit_covariance);
    visit("blob", &CatalogSource::blob);
    visit("ninblob", &CatalogSource::ninblob);
    visit("fit", &CatalogSource::fit);
    visit("reference", &CatalogSource::reference);
    visit("reference_row", &CatalogSource::reference_row);
    visit("bands", &CatalogSource::bands);
    visit("wise", &CatalogSource::wise);
    visit("galex", &CatalogSource::galex);
    visit("mjd_min", &CatalogSource::mjd_min);
    visit("mjd_max", &CatalogSource::mjd_max);
    visit("objid", &CatalogSource::objid);
    visit("in_bounds", &CatalogSource::in_bounds);
    visit("brick_primary", &CatalogSource::brick_primary);
    visit("maskbits", &CatalogSource::maskbits);
    visit("fitbits", &CatalogSource::fitbits);
    visit("ebv", &CatalogSource::ebv);
    visit("nearest_neighbor", &CatalogSource::nearest_neighbor);
  }
};
template <>
struct Fields<Measurements> {
  template <class Visit>
  static constexpr void each(Visit&& visit) {
    visit("rows", &Measurements::rows);
    visit("maskbits", &Measurements::maskbits);
  }
};
template <>
struct Fields<WiseResults> {
  template <class Visit>
  static constexpr void each(Visit&& visit) {
    visit("columns", &WiseResults::columns);
    visit("rows", &WiseResults::rows);
    visit("masks", &WiseResults::masks);
    visit("gaia_only", &WiseResults::gaia_only);
  }
};
template <>
struct Fields<GalexResults> {
  template <class Visit>
  static constexpr void each(Visit&& visit) {
    visit("measured", &GalexResults::measured);
    visit("rows", &GalexResults::rows);
  }
};
template <>
struct Fields<ForcedResults::Row> {
  template <class Visit>
  static constexpr void each(Visit&& visit) {
    visit("bands", &ForcedResults::Row::bands);
  }
};
template <>
struct Fields<ForcedResults> {
  template <class Visit>
  static constexpr void each(Visit&& visit) {
    visit("wanted", &ForcedResults::wanted);
    visit("bands", &ForcedResults::bands);
    visit("band_facts", &ForcedResults::band_facts);
    visit("rows", &ForcedResults::rows);
    visit("maskbits", &ForcedResults::maskbits);
  }
};

}  // namespace brickline::codec
