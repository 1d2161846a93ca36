// Fields of what a run is of: brick, bands, CCDs. Part of codec_fields.h.
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

}  // namespace brickline::codec
