// The columns of the tractor-i file: what the catalog is made from, with the fit's bookkeeping.
#include <algorithm>
#include <cmath>
#include <type_traits>

#include "core/catalog/catalog.h"
#include "core/catalog/columns.h"
#include "core/survey/bits.h"

namespace brickline {

namespace {

class Builder {
 public:
  Builder(const std::vector<CatalogSource>& rows, std::size_t bands) : rows_(rows), bands_(bands) {}

  template <typename F>
  void row(const char* name, F&& get, int string_width = 0) {
    using T = std::decay_t<decltype(get(std::declval<const CatalogSource&>()))>;
    std::vector<T> values;
    values.reserve(rows_.size());
    for (const CatalogSource& r : rows_) values.push_back(get(r));
    fits::Column column;
    column.name = name;
    column.data = std::move(values);
    column.string_width = string_width;
    table.add(std::move(column));
  }

  // One value per fitted band.
  template <typename T>
  void band(const char* name, T CatalogBand::*member) {
    std::vector<T> values;
    values.reserve(rows_.size() * bands_);
    for (const CatalogSource& r : rows_)
      for (std::size_t b = 0; b < bands_; ++b) values.push_back(r.bands.at(b).*member);
    table.add(name, std::move(values), "", {static_cast<std::int64_t>(bands_)});
  }

  // Apertures, fastest, times fitted bands.
  void apertures(const char* name, ApertureValues CatalogBand::*member) {
    std::vector<float> values;
    values.reserve(rows_.size() * bands_ * kApertures);
    for (const CatalogSource& r : rows_)
      for (std::size_t b = 0; b < bands_; ++b)
        values.insert(values.end(), (r.bands.at(b).*member).begin(), (r.bands.at(b).*member).end());
    table.add(name, std::move(values), "", {kApertures, static_cast<std::int64_t>(bands_)});
  }

  template <typename T>
  void reference(const char* name, T ReferenceObject::*member, int string_width = 0) {
    row(
        name, [&](const CatalogSource& r) { return r.reference ? (*r.reference).*member : T{}; },
        string_width);
  }

  template <typename T>
  void gaia(const char* name, T GaiaMeasurements::*member) {
    row(name, [&](const CatalogSource& r) {
      return r.reference && r.reference->gaia ? (*r.reference->gaia).*member : T{};
    });
  }

  // Whether the fit set one of the bits.
  void fit_bit(const char* name, std::uint16_t bits) {
    row(name, [&](const CatalogSource& r) { return r.fit.has(bits); });
  }

  template <typename T>
  void fit(const char* name, T CatalogFitRecord::*member) {
    row(name, [&](const CatalogSource& r) { return r.fit.*member; });
  }

  template <typename T>
  void own(const char* name, T CatalogSource::*member) {
    row(name, [&](const CatalogSource& r) { return r.*member; });
  }

  fits::Table table;

 private:
  const std::vector<CatalogSource>& rows_;
  std::size_t bands_;
};

struct Note {
  std::string_view name, unit, description;
};
// Of the columns that the catalog does not have.
constexpr Note kNotes[] = {
    {"blob", "", "number of the blob, -1 = none"},
    {"ninblob", "", "sources in the blob"},
    {"bx0", "pixel", "x where the fit started"},
    {"by0", "pixel", "y where the fit started"},
    {"ibx", "pixel", "x of the nearest pixel"},
    {"iby", "pixel", "y of the nearest pixel"},
    {"in_bounds", "", "the nearest pixel is in the image"},
    {"regular", "", "fitted, not only listed"},
    {"isgaia", "", "from the Gaia catalog"},
    {"istycho", "", "from the Tycho-2 catalog"},
    {"islargegalaxy", "", "from the catalog of large galaxies"},
    {"isbright", "", "a bright star with a mask"},
    {"ismedium", "", "a medium-bright star with a mask"},
    {"pointsource", "", "known not to be extended"},
    {"freezeparams", "", "parameters were not fitted"},
    {"iterative", "", "found in the residuals"},
    {"hit_limit", "", "a parameter is at its limit"},
    {"hit_ser_limit", "", "the Sersic index is at its limit"},
    {"hit_r_limit", "", "the radius is at its limit"},
    {"force_keep_source", "", "kept whatever its significance"},
    {"fit_background", "", "fitted with a free background"},
    {"forced_pointsource", "", "other profiles were not tried"},
    {"fit_covariance", "", "covariance of its parameters (tools/runbrick/README.md)"},
    {"blob_width", "pixel", "width of the blob"},
    {"blob_height", "pixel", "height of the blob"},
    {"blob_npix", "", "pixels in the blob"},
    {"blob_nimages", "", "images of the blob"},
    {"blob_totalpix", "", "image pixels in the blob"},
    {"blob_symm_width", "pixel", "width of the source's own segment"},
    {"blob_symm_height", "pixel", "height of the segment"},
    {"blob_symm_npix", "", "pixels in the segment"},
    {"blob_symm_nimages", "", "images of the segment"},
    {"wise_mask", "", "WISE masks at the source: W1, W2"},
};

// Columns that the catalog has too, whole or once per band, mean the same; Gaia's have its name in front
// there.
void annotate(fits::Column& column) {
  static const CatalogContext everything = [] {
    CatalogContext c{.profiles = GalaxyProfiles::kReference};  // no column depends on it
    c.space = {
        .wise = true, .wise_apertures = true, .light_curve_width = 1, .light_curve_epochs = 1, .galex = true};
    return c;
  }();
  for (const Note& note : kNotes)
    if (note.name == column.name) {
      column.unit = note.unit;
      column.description = note.description;
      return;
    }
  for (const CatalogColumn& spec : catalog_columns()) {
    const bool same = spec.name == column.name || spec.name == "gaia_" + column.name;
    const bool of_the_survey =
        spec.repeat == ColumnRepeat::kPerBand || spec.repeat == ColumnRepeat::kPerDustBand ||
        spec.repeat == ColumnRepeat::kPerJointBand || spec.repeat == ColumnRepeat::kPerCompositeBand;
    const bool of_a_band = of_the_survey && column.name.starts_with(std::string(spec.name) + "_");
    bool of_space = false;
    for (const ColumnBand& band : of_the_survey ? std::vector<ColumnBand>{} : column_bands(spec, everything))
      of_space = of_space || (!band.name.empty() && column.name == band_column_name(spec.name, band.name));
    if (!same && !of_a_band && !of_space) continue;
    column.unit = spec.unit;
    column.description = spec.description;
    if (same || of_space) return;
  }
}

using S = CatalogSource;

void add_identity(Builder& t, const std::vector<S>& rows, const CatalogContext& context) {
  t.row("brickid", [&](const S&) { return context.brickid; });
  t.row(
      "brickname", [&](const S&) { return context.brickname; }, static_cast<int>(context.brickname.size()));
  t.own("objid", &S::objid);
  t.own("blob", &S::blob);
  t.own("ninblob", &S::ninblob);
  t.row(
      "type", [](const S& r) { return std::string(type_name(r.type)); }, type_width(context));
  t.own("ra", &S::ra);
  t.own("dec", &S::dec);
  t.own("ra_ivar", &S::ra_ivar);
  t.own("dec_ivar", &S::dec_ivar);
  t.own("bx", &S::bx);
  t.own("by", &S::by);
  t.fit("bx0", &CatalogFitRecord::bx0);
  t.fit("by0", &CatalogFitRecord::by0);
  t.row("ibx", [](const S& r) { return static_cast<std::int32_t>(std::nearbyint(r.bx)); });
  t.row("iby", [](const S& r) { return static_cast<std::int32_t>(std::nearbyint(r.by)); });
  t.own("in_bounds", &S::in_bounds);
  t.own("regular", &S::regular);
  t.own("brick_primary", &S::brick_primary);
  t.own("maskbits", &S::maskbits);
  t.own("fitbits", &S::fitbits);
  std::vector<float> dchisq;
  for (const S& r : rows) dchisq.insert(dchisq.end(), r.dchisq.begin(), r.dchisq.end());
  t.table.add("dchisq", std::move(dchisq), "", {5});
  t.own("mjd_min", &S::mjd_min);
  t.own("mjd_max", &S::mjd_max);
}

void add_reference(Builder& t) {
  using R = ReferenceObject;
  t.reference("ref_cat", &R::ref_cat, 2);
  t.reference("ref_id", &R::ref_id);
  t.reference("ref_epoch", &R::ref_epoch);
  t.reference("pmra", &R::pmra);
  t.reference("pmdec", &R::pmdec);
  t.reference("parallax", &R::parallax);
  t.reference("pmra_ivar", &R::pmra_ivar);
  t.reference("pmdec_ivar", &R::pmdec_ivar);
  t.reference("parallax_ivar", &R::parallax_ivar);
  t.reference("isgaia", &R::is_gaia);
  t.reference("istycho", &R::is_tycho);
  t.reference("islargegalaxy", &R::is_large_galaxy);
  t.reference("isbright", &R::is_bright);
  t.reference("ismedium", &R::is_medium);
  t.reference("pointsource", &R::point_source);
  t.reference("freezeparams", &R::freeze);
}

void add_gaia(Builder& t) {
  using G = GaiaMeasurements;
  t.gaia("phot_g_mean_mag", &G::phot_g_mean_mag);
  t.gaia("phot_bp_mean_mag", &G::phot_bp_mean_mag);
  t.gaia("phot_rp_mean_mag", &G::phot_rp_mean_mag);
  t.gaia("phot_g_mean_flux_over_error", &G::phot_g_mean_flux_over_error);
  t.gaia("phot_bp_mean_flux_over_error", &G::phot_bp_mean_flux_over_error);
  t.gaia("phot_rp_mean_flux_over_error", &G::phot_rp_mean_flux_over_error);
  t.gaia("phot_g_n_obs", &G::phot_g_n_obs);
  t.gaia("phot_bp_n_obs", &G::phot_bp_n_obs);
  t.gaia("phot_rp_n_obs", &G::phot_rp_n_obs);
  t.gaia("phot_variable_flag", &G::phot_variable_flag);
  t.gaia("astrometric_excess_noise", &G::astrometric_excess_noise);
  t.gaia("astrometric_excess_noise_sig", &G::astrometric_excess_noise_sig);
  t.gaia("astrometric_n_obs_al", &G::astrometric_n_obs_al);
  t.gaia("astrometric_n_good_obs_al", &G::astrometric_n_good_obs_al);
  // Not carried on from Gaia's first releases (columns.cpp).
  const auto zero = [](const S&) { return 0.0f; };
  t.row("astrometric_weight_al", zero);
  t.gaia("duplicated_source", &G::duplicated_source);
  t.row("a_g_val", zero);
  t.row("e_bp_min_rp_val", zero);
  t.gaia("phot_bp_rp_excess_factor", &G::phot_bp_rp_excess_factor);
  t.gaia("astrometric_sigma5d_max", &G::astrometric_sigma5d_max);
  t.gaia("astrometric_params_solved", &G::astrometric_params_solved);
}

void add_fit_record(Builder& t) {
  using F = CatalogFitRecord;
  using namespace fitbit;
  t.fit_bit("iterative", kIterative);
  t.fit_bit("hit_limit", kHitSersicLimit | kHitRadiusLimit);
  t.fit_bit("hit_ser_limit", kHitSersicLimit);
  t.fit_bit("hit_r_limit", kHitRadiusLimit);
  t.fit("force_keep_source", &F::force_kept);
  t.fit_bit("fit_background", kFitBackground);
  t.fit_bit("forced_pointsource", kForcedPointsource);
  t.fit("blob_width", &F::blob_width);
  t.fit("blob_height", &F::blob_height);
  t.fit("blob_npix", &F::blob_npix);
  t.fit("blob_nimages", &F::blob_nimages);
  t.fit("blob_totalpix", &F::blob_totalpix);
  t.fit("blob_symm_width", &F::blob_symm_width);
  t.fit("blob_symm_height", &F::blob_symm_height);
  t.fit("blob_symm_npix", &F::blob_symm_npix);
  t.fit("blob_symm_nimages", &F::blob_symm_nimages);
}

void add_measurements(Builder& t, const std::vector<std::string>& bands) {
  using B = CatalogBand;
  t.band("flux", &B::flux);
  t.band("flux_ivar", &B::flux_ivar);
  t.band("fiberflux", &B::fiberflux);
  t.band("fibertotflux", &B::fibertotflux);
  t.apertures("apflux", &B::apflux);
  t.apertures("apflux_ivar", &B::apflux_ivar);
  t.apertures("apflux_masked", &B::apflux_masked);
  t.apertures("apflux_resid", &B::apflux_resid);
  t.apertures("apflux_blobresid", &B::apflux_blobresid);
  t.band("rchisq", &B::rchisq);
  t.band("fracflux", &B::fracflux);
  t.band("fracmasked", &B::fracmasked);
  t.band("fracin", &B::fracin);
  t.band("nobs", &B::nobs);
  t.band("ngood", &B::ngood);
  t.band("anymask", &B::anymask);
  t.band("allmask", &B::allmask);
  t.band("psfsize", &B::psfsize);
  t.band("psfdepth", &B::psfdepth);
  t.band("galdepth", &B::galdepth);
  for (std::size_t b = 0; b < bands.size(); ++b) {
    t.row(band_column_name("nea", bands[b]).c_str(), [&](const S& r) { return r.bands.at(b).nea; });
    t.row(band_column_name("blob_nea", bands[b]).c_str(), [&](const S& r) { return r.bands.at(b).blob_nea; });
  }
}

// Columns of WISE and GALEX: the light curves whole.
void add_space(Builder& t, const std::vector<S>& rows, const SpaceColumns& space) {
  static const WiseRow no_wise;
  static const GalexRow no_galex;
  const auto wise = [](const S& r) -> const WiseRow& { return r.wise ? *r.wise : no_wise; };
  const auto apertures = [&](const std::string& name, auto band_of, SpaceApertures SpaceBand::*member) {
    std::vector<float> values;
    for (const S& r : rows) {
      const SpaceApertures& v = band_of(r).*member;
      values.insert(values.end(), v.begin(), v.end());
    }
    t.table.add(name, std::move(values), "", {static_cast<std::int64_t>(kSpaceApertureRadiiArcsec.size())});
  };
  const auto add_band = [&](std::string_view band, bool with_apertures, auto band_of) {
    const auto value = [&](const char* name, auto SpaceBand::*member) {
      t.row(band_column_name(name, band).c_str(), [&, member](const S& r) { return band_of(r).*member; });
    };
    value("flux", &SpaceBand::flux);
    value("flux_ivar", &SpaceBand::flux_ivar);
    value("psfdepth", &SpaceBand::psfdepth);
    value("nobs", &SpaceBand::nobs);
    value("fracflux", &SpaceBand::fracflux);
    value("rchisq", &SpaceBand::rchisq);
    if (!with_apertures) return;
    apertures(band_column_name("apflux", band), band_of, &SpaceBand::apflux);
    apertures(band_column_name("apflux_resid", band), band_of, &SpaceBand::apflux_resid);
    apertures(band_column_name("apflux_ivar", band), band_of, &SpaceBand::apflux_ivar);
  };
  if (space.wise) {
    t.row(
        "wise_coadd_id", [&](const S& r) { return wise(r).coadd_id; }, 8);
    t.row("wise_x", [&](const S& r) { return wise(r).x; });
    t.row("wise_y", [&](const S& r) { return wise(r).y; });
    std::vector<std::uint8_t> mask;
    for (const S& r : rows) mask.insert(mask.end(), wise(r).mask.begin(), wise(r).mask.end());
    t.table.add("wise_mask", std::move(mask), "", {2});
    for (std::size_t b = 0; b < kCatalogWiseBands.size(); ++b)
      add_band(kCatalogWiseBands[b], space.wise_apertures,
               [&, b](const S& r) -> const SpaceBand& { return wise(r).bands[b]; });
  }
  const auto epochs = static_cast<std::size_t>(space.light_curve_epochs);
  for (std::size_t b = 0; space.wise && epochs > 0 && b < 2; ++b) {
    const auto curve = [&](const char* name, auto LightCurve::*member) {
      std::remove_reference_t<decltype(std::declval<LightCurve&>().*member)> values;
      for (const S& r : rows) {
        const auto& v = wise(r).curves[b].*member;
        values.insert(values.end(), v.begin(),
                      v.begin() + static_cast<std::ptrdiff_t>(std::min(epochs, v.size())));
        values.resize(values.size() + epochs - std::min(epochs, v.size()));
      }
      t.table.add(band_column_name(name, kCatalogWiseBands[b]), std::move(values), "",
                  {static_cast<std::int64_t>(epochs)});
    };
    curve("lc_flux", &LightCurve::flux);
    curve("lc_flux_ivar", &LightCurve::flux_ivar);
    curve("lc_nobs", &LightCurve::nobs);
    curve("lc_fracflux", &LightCurve::fracflux);
    curve("lc_rchisq", &LightCurve::rchisq);
    curve("lc_mjd", &LightCurve::mjd);
  }
  for (std::size_t b = 0; space.galex && b < kCatalogGalexBands.size(); ++b)
    add_band(kCatalogGalexBands[b], true,
             [b](const S& r) -> const SpaceBand& { return r.galex ? r.galex->bands[b] : no_galex.bands[b]; });
}

void add_shape(Builder& t) {
  t.own("sersic", &S::sersic);
  t.own("sersic_ivar", &S::sersic_ivar);
  t.own("shape_r", &S::shape_r);
  t.own("shape_r_ivar", &S::shape_r_ivar);
  t.own("shape_e1", &S::shape_e1);
  t.own("shape_e1_ivar", &S::shape_e1_ivar);
  t.own("shape_e2", &S::shape_e2);
  t.own("shape_e2_ivar", &S::shape_e2_ivar);
}

// What sources that were fitted together know of themselves.
void add_joint(Builder& t, const std::vector<S>& rows, std::size_t bands) {
  t.band("blendedness", &CatalogBand::blendedness);
  const std::size_t parameters = 6 + bands, width = parameters * (parameters + 1) / 2;
  std::vector<float> values;
  values.reserve(rows.size() * width);
  for (const S& r : rows) {
    // Bands that were not fitted come last.
    values.insert(values.end(), r.fit_covariance.begin(), r.fit_covariance.end());
    values.resize(values.size() + width - r.fit_covariance.size());
  }
  t.table.add("fit_covariance", std::move(values), "", {static_cast<std::int64_t>(width)});
}

// Of bulges.
void add_composite(Builder& t, const std::vector<S>& rows, std::size_t bands) {
  t.own("dchisq_comp", &S::dchisq_comp);
  t.own("shapedev_r", &S::shapedev_r);
  t.own("shapedev_r_ivar", &S::shapedev_r_ivar);
  t.own("shapedev_e1", &S::shapedev_e1);
  t.own("shapedev_e1_ivar", &S::shapedev_e1_ivar);
  t.own("shapedev_e2", &S::shapedev_e2);
  t.own("shapedev_e2_ivar", &S::shapedev_e2_ivar);
  const auto add = [&](const char* name, float (*value)(const CatalogBand&)) {
    std::vector<float> values;
    for (const S& r : rows)
      for (std::size_t b = 0; b < bands; ++b) values.push_back(value(r.bands.at(b)));
    t.table.add(name, std::move(values), "", {static_cast<std::int64_t>(bands)});
  };
  add("fracdev", &bulge_fraction);
  add("fracdev_ivar", &bulge_fraction_ivar);
}

}  // namespace

// The order of the calls is that of the columns.
fits::Table intermediate_table(const std::vector<CatalogSource>& rows, const CatalogContext& context,
                               const fits::Table& extra) {
  Builder t(rows, context.bands.size());
  add_identity(t, rows, context);
  add_reference(t);
  add_gaia(t);
  add_fit_record(t);
  add_measurements(t, context.bands);
  add_space(t, rows, context.space);
  add_shape(t);
  if (context.joint) add_joint(t, rows, context.bands.size());
  if (context.composites) add_composite(t, rows, context.bands.size());
  for (fits::Column& column : t.table.columns()) annotate(column);
  for (const fits::Column& column : extra.columns())
    if (!t.table.has(column.name)) t.table.add(column);
  return std::move(t.table);
}

}  // namespace brickline
