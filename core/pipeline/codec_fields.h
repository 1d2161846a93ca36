// The fields of every structure that artifacts are made of, one list each: a member is added to a structure by
// one word in its list here (without it the program does not compile), and the artifact's kSchema is raised.
#pragma once

#include "core/pipeline/artifact.h"
#include "core/pipeline/codec_columns.h"

namespace brickline::codec {

template <>
struct Fields<SkyBox> {
  template <class Visit>
  static constexpr void each(Visit&& visit) {
    visit("ra1", &SkyBox::ra1);
    visit("dec1", &SkyBox::dec1);
    visit("ra2", &SkyBox::ra2);
    visit("dec2", &SkyBox::dec2);
  }
};
template <>
struct Fields<Box> {
  template <class Visit>
  static constexpr void each(Visit&& visit) {
    visit("x0", &Box::x0);
    visit("x1", &Box::x1);
    visit("y0", &Box::y0);
    visit("y1", &Box::y1);
  }
};
template <>
struct Fields<BrickGeometry> {
  template <class Visit>
  static constexpr void each(Visit&& visit) {
    visit("name", &BrickGeometry::name);
    visit("id", &BrickGeometry::id);
    visit("custom", &BrickGeometry::custom);
    visit("wcs", &BrickGeometry::wcs);
    visit("pixel_scale_arcsec", &BrickGeometry::pixel_scale_arcsec);
    visit("unique_area", &BrickGeometry::unique_area);
  }
};
template <>
struct Fields<GaiaTransform> {
  template <class Visit>
  static constexpr void each(Visit&& visit) {
    visit("base", &GaiaTransform::base);
    visit("coefficients", &GaiaTransform::coefficients);
    visit("colour_clip", &GaiaTransform::colour_clip);
  }
};
template <>
struct Fields<BandFacts> {
  template <class Visit>
  static constexpr void each(Visit&& visit) {
    visit("name", &BandFacts::name);
    visit("seds", &BandFacts::seds);
    visit("wavelength_nm", &BandFacts::wavelength_nm);
    visit("extinction_per_ebv", &BandFacts::extinction_per_ebv);
    visit("rgb", &BandFacts::rgb);
    visit("gaia", &BandFacts::gaia);
  }
};
template <>
struct Fields<CcdValues> {
  template <class Visit>
  static constexpr void each(Visit&& visit) {
    visit("camera", &CcdValues::camera);
    visit("band", &CcdValues::band);
    visit("object", &CcdValues::object);
    visit("propid", &CcdValues::propid);
    visit("image_filename", &CcdValues::image_filename);
    visit("ccdname", &CcdValues::ccdname);
    visit("unnamed", &CcdValues::unnamed);
    visit("expnum", &CcdValues::expnum);
    visit("image_hdu", &CcdValues::image_hdu);
    visit("width", &CcdValues::width);
    visit("height", &CcdValues::height);
    visit("plver", &CcdValues::plver);
    visit("plprocid", &CcdValues::plprocid);
    visit("procdate", &CcdValues::procdate);
    visit("mask_plver", &CcdValues::mask_plver);
    visit("mjd_obs", &CcdValues::mjd_obs);
    visit("exptime", &CcdValues::exptime);
    visit("airmass", &CcdValues::airmass);
    visit("hour_angle", &CcdValues::hour_angle);
    visit("ra_bore", &CcdValues::ra_bore);
    visit("dec_bore", &CcdValues::dec_bore);
    visit("gain", &CcdValues::gain);
    visit("psf_fwhm", &CcdValues::psf_fwhm);
    visit("pixel_scale", &CcdValues::pixel_scale);
    visit("ccdzpt", &CcdValues::ccdzpt);
    visit("zero_point", &CcdValues::zero_point);
    visit("sig1", &CcdValues::sig1);
    visit("read_noise", &CcdValues::read_noise);
  }
};
template <>
struct Fields<CcdRow> {
  template <class Visit>
  static constexpr void each(Visit&& visit) {
    Fields<CcdValues>::each(visit);
    visit("table_row", &CcdRow::table_row);
    visit("ccd_cuts", &CcdRow::ccd_cuts);
    visit("crpix1", &CcdRow::crpix1);
    visit("crpix2", &CcdRow::crpix2);
    visit("crval1", &CcdRow::crval1);
    visit("crval2", &CcdRow::crval2);
    visit("cd", &CcdRow::cd);
    visit("ra", &CcdRow::ra);
    visit("dec", &CcdRow::dec);
    visit("ccdraoff", &CcdRow::ccdraoff);
    visit("ccddecoff", &CcdRow::ccddecoff);
    visit("ccdnastrom", &CcdRow::ccdnastrom);
    visit("ccdnphotom", &CcdRow::ccdnphotom);
  }
  using Base = CcdValues;
};
template <>
struct Fields<CcdLeftOut> {
  template <class Visit>
  static constexpr void each(Visit&& visit) {
    visit("name", &CcdLeftOut::name);
    visit("camera", &CcdLeftOut::camera);
    visit("band", &CcdLeftOut::band);
    visit("file", &CcdLeftOut::file);
    visit("reason", &CcdLeftOut::reason);
  }
};
template <>
struct Fields<Selection> {
  template <class Visit>
  static constexpr void each(Visit&& visit) {
    visit("brick", &Selection::brick);
    visit("bands", &Selection::bands);
    visit("survey_bands", &Selection::survey_bands);
    visit("band_facts", &Selection::band_facts);
    visit("ccds", &Selection::ccds);
    visit("rows", &Selection::rows);
    visit("left_out", &Selection::left_out);
  }
};
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
struct Fields<SourceModel> {
  template <class Visit>
  static constexpr void each(Visit&& visit) {
    visit("kind", &SourceModel::kind);
    visit("ra", &SourceModel::ra);
    visit("dec", &SourceModel::dec);
    visit("motion", &SourceModel::motion);
    visit("flux", &SourceModel::flux);
    visit("shape", &SourceModel::shape);
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
template <>
struct Fields<OutlierEdits::Patch> {
  template <class Visit>
  static constexpr void each(Visit&& visit) {
    visit("pixels", &OutlierEdits::Patch::pixels);
    visit("values", &OutlierEdits::Patch::values);
  }
};
template <>
struct Fields<OutlierEdits> {
  template <class Visit>
  static constexpr void each(Visit&& visit) {
    visit("patches", &OutlierEdits::patches);
    visit("masks", &OutlierEdits::masks);
  }
};
template <>
struct Fields<HaloStar> {
  template <class Visit>
  static constexpr void each(Visit&& visit) {
    visit("ra", &HaloStar::ra);
    visit("dec", &HaloStar::dec);
    visit("motion", &HaloStar::motion);
    visit("magnitude", &HaloStar::magnitude);
    visit("radius_degrees", &HaloStar::radius_degrees);
  }
};
template <>
struct Fields<HaloEdits> {
  template <class Visit>
  static constexpr void each(Visit&& visit) {
    visit("stars", &HaloEdits::stars);
  }
};
template <>
struct Fields<SkyEdits> {
  template <class Visit>
  static constexpr void each(Visit&& visit) {
    visit("coadd_sky", &SkyEdits::coadd_sky);
  }
};
template <>
struct Fields<BlobMask> {
  template <class Visit>
  static constexpr void each(Visit&& visit) {
    visit("mask", &BlobMask::mask);
    visit("saturated", &BlobMask::saturated);
    visit("blobs", &BlobMask::blobs);
    visit("largest_blob", &BlobMask::largest_blob);
    visit("image_pixels", &BlobMask::image_pixels);
  }
};
template <>
struct Fields<BrightPixels> {
  template <class Visit>
  static constexpr void each(Visit&& visit) {
    visit("mask", &BrightPixels::mask);
  }
};
template <>
struct Fields<ReferenceTraits> {
  template <class Visit>
  static constexpr void each(Visit&& visit) {
    visit("star", &ReferenceTraits::star);
    visit("point_source", &ReferenceTraits::point_source);
    visit("large_galaxy", &ReferenceTraits::large_galaxy);
    visit("galaxy_fit", &ReferenceTraits::galaxy_fit);
    visit("frozen", &ReferenceTraits::frozen);
  }
};
template <>
struct Fields<DetectedSource> {
  template <class Visit>
  static constexpr void each(Visit&& visit) {
    visit("model", &DetectedSource::model);
    visit("x", &DetectedSource::x);
    visit("y", &DetectedSource::y);
    visit("ix", &DetectedSource::ix);
    visit("iy", &DetectedSource::iy);
    visit("peak_sn", &DetectedSource::peak_sn);
    visit("sed", &DetectedSource::sed);
    visit("reference_row", &DetectedSource::reference_row);
    visit("reference", &DetectedSource::reference);
    visit("needs_initial_flux", &DetectedSource::needs_initial_flux);
    visit("blob", &DetectedSource::blob);
  }
};
template <>
struct Fields<Blob> {
  template <class Visit>
  static constexpr void each(Visit&& visit) {
    visit("box", &Blob::box);
    visit("pixels", &Blob::pixels);
    visit("sources", &Blob::sources);
  }
};
template <>
struct Fields<BlobMap> {
  template <class Visit>
  static constexpr void each(Visit&& visit) {
    visit("labels", &BlobMap::labels);
    visit("blobs", &BlobMap::blobs);
  }
};
template <>
struct Fields<Sed> {
  template <class Visit>
  static constexpr void each(Visit&& visit) {
    visit("name", &Sed::name);
    visit("factor", &Sed::factor);
  }
};
template <>
struct Fields<PeakCounts> {
  template <class Visit>
  static constexpr void each(Visit&& visit) {
    visit("candidates", &PeakCounts::candidates);
    visit("vetoed", &PeakCounts::vetoed);
    visit("below_saddle", &PeakCounts::below_saddle);
    visit("below_annulus", &PeakCounts::below_annulus);
    visit("kept", &PeakCounts::kept);
    visit("hot_pixels", &PeakCounts::hot_pixels);
  }
};
template <>
struct Fields<Detection> {
  template <class Visit>
  static constexpr void each(Visit&& visit) {
    visit("sources", &Detection::sources);
    visit("blobs", &Detection::blobs);
    visit("saturated", &Detection::saturated);
    visit("bright", &Detection::bright);
    visit("seds", &Detection::seds);
    visit("counts", &Detection::counts);
  }
};
template <>
struct Fields<SourcesFound> {
  template <class Visit>
  static constexpr void each(Visit&& visit) {
    visit("detection", &SourcesFound::detection);
    visit("set_aside", &SourcesFound::set_aside);
  }
};
template <>
struct Fields<InverseVariances> {
  template <class Visit>
  static constexpr void each(Visit&& visit) {
    visit("ra", &InverseVariances::ra);
    visit("dec", &InverseVariances::dec);
    visit("flux", &InverseVariances::flux);
    visit("re", &InverseVariances::re);
    visit("e1", &InverseVariances::e1);
    visit("e2", &InverseVariances::e2);
    visit("sersic_index", &InverseVariances::sersic_index);
  }
};
template <>
struct Fields<ModelFit> {
  template <class Visit>
  static constexpr void each(Visit&& visit) {
    visit("status", &ModelFit::status);
    visit("model", &ModelFit::model);
    visit("inverse_variance", &ModelFit::inverse_variance);
    visit("chi2", &ModelFit::chi2);
    visit("dchisq", &ModelFit::dchisq);
    visit("steps", &ModelFit::steps);
    visit("end", &ModelFit::end);
    visit("at_radius_limit", &ModelFit::at_radius_limit);
    visit("at_sersic_limit", &ModelFit::at_sersic_limit);
  }
};
template <>
struct Fields<SourceMetrics> {
  template <class Visit>
  static constexpr void each(Visit&& visit) {
    visit("fracflux", &SourceMetrics::fracflux);
    visit("fracmasked", &SourceMetrics::fracmasked);
    visit("fracin", &SourceMetrics::fracin);
    visit("rchisq", &SourceMetrics::rchisq);
  }
};
template <>
struct Fields<FittedSource> {
  template <class Visit>
  static constexpr void each(Visit&& visit) {
    visit("model", &FittedSource::model);
    visit("inverse_variance", &FittedSource::inverse_variance);
    visit("dchisq", &FittedSource::dchisq);
    visit("source", &FittedSource::source);
    visit("blob", &FittedSource::blob);
    visit("planned_blob", &FittedSource::planned_blob);
    visit("part", &FittedSource::part);
    visit("start_x", &FittedSource::start_x);
    visit("start_y", &FittedSource::start_y);
    visit("x", &FittedSource::x);
    visit("y", &FittedSource::y);
    visit("ix", &FittedSource::ix);
    visit("iy", &FittedSource::iy);
    visit("in_bounds", &FittedSource::in_bounds);
    visit("fit_bits", &FittedSource::fit_bits);
    visit("forced_to_stay", &FittedSource::forced_to_stay);
    visit("regular", &FittedSource::regular);
    visit("started_in_blob", &FittedSource::started_in_blob);
    visit("finished_in_blob", &FittedSource::finished_in_blob);
    visit("metrics", &FittedSource::metrics);
    visit("rectangle_width", &FittedSource::rectangle_width);
    visit("rectangle_height", &FittedSource::rectangle_height);
    visit("pixels", &FittedSource::pixels);
    visit("images", &FittedSource::images);
    visit("models", &FittedSource::models);
  }
};
template <>
struct Fields<SourceFailure> {
  template <class Visit>
  static constexpr void each(Visit&& visit) {
    visit("source", &SourceFailure::source);
    visit("x", &SourceFailure::x);
    visit("y", &SourceFailure::y);
    visit("reason", &SourceFailure::reason);
  }
};
template <>
struct Fields<BlobReport> {
  template <class Visit>
  static constexpr void each(Visit&& visit) {
    visit("blob", &BlobReport::blob);
    visit("part", &BlobReport::part);
    visit("box", &BlobReport::box);
    visit("pixels", &BlobReport::pixels);
    visit("image_pixels", &BlobReport::image_pixels);
    visit("images", &BlobReport::images);
    visit("images_left_out", &BlobReport::images_left_out);
    visit("sources", &BlobReport::sources);
    visit("fitted", &BlobReport::fitted);
    visit("failures", &BlobReport::failures);
    visit("status", &BlobReport::status);
    visit("message", &BlobReport::message);
    visit("cpu_seconds", &BlobReport::cpu_seconds);
  }
};
template <>
struct Fields<SourceAccount> {
  template <class Visit>
  static constexpr void each(Visit&& visit) {
    visit("source", &SourceAccount::source);
    visit("from_catalog", &SourceAccount::from_catalog);
    visit("start_x", &SourceAccount::start_x);
    visit("start_y", &SourceAccount::start_y);
    visit("found", &SourceAccount::found);
    visit("first_round", &SourceAccount::first_round);
    visit("last", &SourceAccount::last);
    visit("forced_point_source", &SourceAccount::forced_point_source);
    visit("fit_background", &SourceAccount::fit_background);
    visit("frozen", &SourceAccount::frozen);
    visit("needed_flux", &SourceAccount::needed_flux);
    visit("forced_to_stay", &SourceAccount::forced_to_stay);
    visit("failure", &SourceAccount::failure);
    visit("first_round_end", &SourceAccount::first_round_end);
    visit("rectangle_width", &SourceAccount::rectangle_width);
    visit("rectangle_height", &SourceAccount::rectangle_height);
    visit("pixels", &SourceAccount::pixels);
    visit("images", &SourceAccount::images);
    visit("owned_pixels", &SourceAccount::owned_pixels);
    visit("chi2_none", &SourceAccount::chi2_none);
    visit("models", &SourceAccount::models);
    visit("chosen", &SourceAccount::chosen);
    visit("kept", &SourceAccount::kept);
  }
};
template <>
struct Fields<ImageAccount> {
  template <class Visit>
  static constexpr void each(Visit&& visit) {
    visit("name", &ImageAccount::name);
    visit("band", &ImageAccount::band);
    visit("box", &ImageAccount::box);
    visit("pixels", &ImageAccount::pixels);
    visit("chi2", &ImageAccount::chi2);
  }
};
template <>
struct Fields<BlobAccount::Place> {
  template <class Visit>
  static constexpr void each(Visit&& visit) {
    visit("x", &BlobAccount::Place::x);
    visit("y", &BlobAccount::Place::y);
    visit("source", &BlobAccount::Place::source);
  }
};
template <>
struct Fields<BlobAccount> {
  template <class Visit>
  static constexpr void each(Visit&& visit) {
    visit("blob", &BlobAccount::blob);
    visit("part", &BlobAccount::part);
    visit("box", &BlobAccount::box);
    visit("sources", &BlobAccount::sources);
    visit("images", &BlobAccount::images);
    visit("worst", &BlobAccount::worst);
    visit("data", &BlobAccount::data);
    visit("model", &BlobAccount::model);
    visit("residual_sigmas", &BlobAccount::residual_sigmas);
    visit("places", &BlobAccount::places);
  }
};
template <>
struct Fields<FittedCatalog> {
  template <class Visit>
  static constexpr void each(Visit&& visit) {
    visit("sources", &FittedCatalog::sources);
    visit("blob_map", &FittedCatalog::blob_map);
    visit("blobs", &FittedCatalog::blobs);
    visit("number", &FittedCatalog::number);
    visit("maskbits", &FittedCatalog::maskbits);
    visit("accounts", &FittedCatalog::accounts);
    visit("frozen_reach", &FittedCatalog::frozen_reach);
  }
};
template <>
struct Fields<Fits> {
  template <class Visit>
  static constexpr void each(Visit&& visit) {
    visit("fitted", &Fits::fitted);
  }
};
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

}  // namespace brickline::codec
