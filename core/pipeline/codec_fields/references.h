// Fields of reference catalogs, and the models of sources. Part of codec_fields.h.
#pragma once

#include "core/pipeline/artifact.h"
#include "core/pipeline/codec_columns.h"

namespace brickline::codec {

template <>
struct Fields<SkyMotion> {
  template <class Visit>
  static constexpr void each(Visit&& visit) {
    visit("pmra", &SkyMotion::pmra);
    visit("pmdec", &SkyMotion::pmdec);
    visit("parallax", &SkyMotion::parallax);
    visit("ref_epoch", &SkyMotion::ref_epoch);
  }
};
template <>
struct Fields<SoftenedEllipse> {
  template <class Visit>
  static constexpr void each(Visit&& visit) {
    visit("log_re", &SoftenedEllipse::log_re);
    visit("ee1", &SoftenedEllipse::ee1);
    visit("ee2", &SoftenedEllipse::ee2);
  }
};
template <>
struct Fields<Bulge> {
  template <class Visit>
  static constexpr void each(Visit&& visit) {
    visit("shape", &Bulge::shape);
    visit("fraction", &Bulge::fraction);
  }
};
template <>
struct Fields<SourceModel> {
  template <class Visit>
  static constexpr void each(Visit&& visit) {
    visit("kind", &SourceModel::kind);
    visit("ra", &SourceModel::ra);
    visit("dec", &SourceModel::dec);
    visit("motion", &SourceModel::motion);
    visit("flux", &SourceModel::flux);
    visit("shape", &SourceModel::shape);
    visit("bulge", &SourceModel::bulge);
    visit("sersic_index", &SourceModel::sersic_index);
    visit("max_log_re", &SourceModel::max_log_re);
  }
};
template <>
struct Fields<GaiaMeasurements> {
  template <class Visit>
  static constexpr void each(Visit&& visit) {
    visit("phot_g_mean_mag", &GaiaMeasurements::phot_g_mean_mag);
    visit("phot_bp_mean_mag", &GaiaMeasurements::phot_bp_mean_mag);
    visit("phot_rp_mean_mag", &GaiaMeasurements::phot_rp_mean_mag);
    visit("phot_g_mean_flux_over_error", &GaiaMeasurements::phot_g_mean_flux_over_error);
    visit("phot_bp_mean_flux_over_error", &GaiaMeasurements::phot_bp_mean_flux_over_error);
    visit("phot_rp_mean_flux_over_error", &GaiaMeasurements::phot_rp_mean_flux_over_error);
    visit("phot_g_n_obs", &GaiaMeasurements::phot_g_n_obs);
    visit("phot_bp_n_obs", &GaiaMeasurements::phot_bp_n_obs);
    visit("phot_rp_n_obs", &GaiaMeasurements::phot_rp_n_obs);
    visit("phot_variable_flag", &GaiaMeasurements::phot_variable_flag);
    visit("astrometric_excess_noise", &GaiaMeasurements::astrometric_excess_noise);
    visit("astrometric_excess_noise_sig", &GaiaMeasurements::astrometric_excess_noise_sig);
    visit("astrometric_n_obs_al", &GaiaMeasurements::astrometric_n_obs_al);
    visit("astrometric_n_good_obs_al", &GaiaMeasurements::astrometric_n_good_obs_al);
    visit("duplicated_source", &GaiaMeasurements::duplicated_source);
    visit("phot_bp_rp_excess_factor", &GaiaMeasurements::phot_bp_rp_excess_factor);
    visit("astrometric_sigma5d_max", &GaiaMeasurements::astrometric_sigma5d_max);
    visit("astrometric_params_solved", &GaiaMeasurements::astrometric_params_solved);
  }
};
template <>
struct Fields<ReferenceObject> {
  template <class Visit>
  static constexpr void each(Visit&& visit) {
    visit("ra", &ReferenceObject::ra);
    visit("dec", &ReferenceObject::dec);
    visit("ref_cat", &ReferenceObject::ref_cat);
    visit("ref_id", &ReferenceObject::ref_id);
    visit("mag", &ReferenceObject::mag);
    visit("zguess", &ReferenceObject::zguess);
    visit("mask_mag", &ReferenceObject::mask_mag);
    visit("radius", &ReferenceObject::radius);
    visit("keep_radius", &ReferenceObject::keep_radius);
    visit("radius_pix", &ReferenceObject::radius_pix);
    visit("ba", &ReferenceObject::ba);
    visit("pa", &ReferenceObject::pa);
    visit("is_tycho", &ReferenceObject::is_tycho);
    visit("is_gaia", &ReferenceObject::is_gaia);
    visit("is_large_galaxy", &ReferenceObject::is_large_galaxy);
    visit("is_cluster", &ReferenceObject::is_cluster);
    visit("is_galaxy_fit", &ReferenceObject::is_galaxy_fit);
    visit("is_bright", &ReferenceObject::is_bright);
    visit("is_medium", &ReferenceObject::is_medium);
    visit("is_resolved", &ReferenceObject::is_resolved);
    visit("is_mcloud", &ReferenceObject::is_mcloud);
    visit("freeze", &ReferenceObject::freeze);
    visit("point_source", &ReferenceObject::point_source);
    visit("ignore", &ReferenceObject::ignore);
    visit("set_galaxy_maskbit", &ReferenceObject::set_galaxy_maskbit);
    visit("duplicate", &ReferenceObject::duplicate);
    visit("fitmode", &ReferenceObject::fitmode);
    visit("x", &ReferenceObject::x);
    visit("y", &ReferenceObject::y);
    visit("ibx", &ReferenceObject::ibx);
    visit("iby", &ReferenceObject::iby);
    visit("in_bounds", &ReferenceObject::in_bounds);
    visit("ref_epoch", &ReferenceObject::ref_epoch);
    visit("pmra", &ReferenceObject::pmra);
    visit("pmdec", &ReferenceObject::pmdec);
    visit("parallax", &ReferenceObject::parallax);
    visit("ra_ivar", &ReferenceObject::ra_ivar);
    visit("dec_ivar", &ReferenceObject::dec_ivar);
    visit("pmra_ivar", &ReferenceObject::pmra_ivar);
    visit("pmdec_ivar", &ReferenceObject::pmdec_ivar);
    visit("parallax_ivar", &ReferenceObject::parallax_ivar);
    visit("gaia", &ReferenceObject::gaia);
    visit("band_mags", &ReferenceObject::band_mags);
    visit("model", &ReferenceObject::model);
    visit("needs_initial_flux", &ReferenceObject::needs_initial_flux);
  }
};
template <>
struct Fields<ReferenceCatalog> {
  template <class Visit>
  static constexpr void each(Visit&& visit) {
    visit("rows", &ReferenceCatalog::rows);
    visit("mag_bands", &ReferenceCatalog::mag_bands);
    visit("had_gaia", &ReferenceCatalog::had_gaia);
    visit("had_tycho", &ReferenceCatalog::had_tycho);
    visit("had_clusters", &ReferenceCatalog::had_clusters);
    visit("had_galaxies", &ReferenceCatalog::had_galaxies);
    visit("absent", &ReferenceCatalog::absent);
    visit("files", &ReferenceCatalog::files);
    visit("large_galaxies_version", &ReferenceCatalog::large_galaxies_version);
  }
};
template <>
struct Fields<References> {
  template <class Visit>
  static constexpr void each(Visit&& visit) {
    visit("catalog", &References::catalog);
    visit("mask", &References::mask);
  }
};

}  // namespace brickline::codec
