// The reference pipeline's catalogs as rows, for tests.
#pragma once

#include <cmath>
#include <filesystem>
#include <string>
#include <vector>

#include "core/catalog/catalog.h"
#include "core/fits/fits_reader.h"
#include "tests/support/data.h"

namespace brickline::test {

// The one file of that name pattern below a golden case's products.
inline std::filesystem::path golden_product(const std::string& name, const std::string& start,
                                            const std::string& end) {
  for (const auto& entry :
       std::filesystem::recursive_directory_iterator(data_dir() / "golden" / name / "products")) {
    const std::string f = entry.path().filename().string();
    if (f.starts_with(start) && f.ends_with(end)) return entry.path();
  }
  return {};
}

inline fits::Table golden_catalog(const std::string& name) {
  const auto products = data_dir() / "golden" / name / "products" / "tractor";
  for (const auto& entry : std::filesystem::recursive_directory_iterator(products))
    if (entry.path().filename().string().starts_with("tractor-"))
      return fits::FitsReader(entry.path()).table(1);
  return {};
}

// Every value of a catalog of `bands` as rows; fills the context.
inline std::vector<CatalogSource> rows_of(const fits::Table& t, const std::vector<std::string>& bands,
                                          CatalogContext& context) {
  context.release = static_cast<int>(t.integer("release", 0));
  context.brickid = static_cast<std::int32_t>(t.integer("brickid", 0));
  context.brickname = t.text("brickname", 0);
  context.bands = context.survey_bands = bands;
  std::vector<CatalogSource> rows;
  for (std::int64_t i = 0; i < t.rows(); ++i) {
    CatalogSource s;
    const auto number = [&](const char* name) { return t.number(name, i); };
    const auto real = [&](const char* name) { return static_cast<float>(t.number(name, i)); };
    const auto small = [&](const char* name) { return static_cast<std::int16_t>(t.integer(name, i)); };
    s.objid = static_cast<std::int32_t>(t.integer("objid", i));
    s.brick_primary = t.logical("brick_primary", i);
    s.maskbits = static_cast<std::int32_t>(t.integer("maskbits", i));
    s.fitbits = small("fitbits");
    for (CatalogType type : {CatalogType::kPsf, CatalogType::kRex, CatalogType::kExp, CatalogType::kDev,
                             CatalogType::kSer, CatalogType::kDup, CatalogType::kNun})
      if (t.text("type", i) == type_name(type)) s.type = type;
    s.regular = s.type != CatalogType::kDup && s.type != CatalogType::kNun;
    s.ra = number("ra");
    s.dec = number("dec");
    s.ra_ivar = real("ra_ivar");
    s.dec_ivar = real("dec_ivar");
    s.bx = real("bx");
    s.by = real("by");
    for (int k = 0; k < 5; ++k) s.dchisq[k] = static_cast<float>(t.number("dchisq", i, k));
    s.ebv = real("ebv");
    s.mjd_min = number("mjd_min");
    s.mjd_max = number("mjd_max");
    s.nearest_neighbor = real("nearest_neighbor");
    s.sersic = real("sersic");
    s.sersic_ivar = real("sersic_ivar");
    s.shape_r = real("shape_r");
    s.shape_r_ivar = real("shape_r_ivar");
    s.shape_e1 = real("shape_e1");
    s.shape_e1_ivar = real("shape_e1_ivar");
    s.shape_e2 = real("shape_e2");
    s.shape_e2_ivar = real("shape_e2_ivar");
    if (!t.text("ref_cat", i).empty()) {
      ReferenceObject r;
      r.ref_cat = t.text("ref_cat", i);
      r.ref_id = t.integer("ref_id", i);
      r.pmra = real("pmra");
      r.pmdec = real("pmdec");
      r.parallax = real("parallax");
      r.pmra_ivar = real("pmra_ivar");
      r.pmdec_ivar = real("pmdec_ivar");
      r.parallax_ivar = real("parallax_ivar");
      r.ref_epoch = real("ref_epoch");
      r.is_gaia = r.ref_cat[0] == 'G';
      r.ra_ivar = s.ra_ivar;
      r.dec_ivar = s.dec_ivar;
      GaiaMeasurements g;
      g.phot_g_mean_mag = real("gaia_phot_g_mean_mag");
      g.phot_g_mean_flux_over_error = real("gaia_phot_g_mean_flux_over_error");
      g.phot_g_n_obs = small("gaia_phot_g_n_obs");
      g.phot_bp_mean_mag = real("gaia_phot_bp_mean_mag");
      g.phot_bp_mean_flux_over_error = real("gaia_phot_bp_mean_flux_over_error");
      g.phot_bp_n_obs = small("gaia_phot_bp_n_obs");
      g.phot_rp_mean_mag = real("gaia_phot_rp_mean_mag");
      g.phot_rp_mean_flux_over_error = real("gaia_phot_rp_mean_flux_over_error");
      g.phot_rp_n_obs = small("gaia_phot_rp_n_obs");
      g.phot_variable_flag = t.logical("gaia_phot_variable_flag", i);
      g.astrometric_excess_noise = real("gaia_astrometric_excess_noise");
      g.astrometric_excess_noise_sig = real("gaia_astrometric_excess_noise_sig");
      g.astrometric_n_obs_al = small("gaia_astrometric_n_obs_al");
      g.astrometric_n_good_obs_al = small("gaia_astrometric_n_good_obs_al");
      g.duplicated_source = t.logical("gaia_duplicated_source", i);
      g.phot_bp_rp_excess_factor = real("gaia_phot_bp_rp_excess_factor");
      g.astrometric_sigma5d_max = real("gaia_astrometric_sigma5d_max");
      g.astrometric_params_solved = static_cast<std::uint8_t>(t.integer("gaia_astrometric_params_solved", i));
      r.gaia = g;
      s.reference = r;
    }
    for (const std::string& band : bands) {
      CatalogBand b;
      const auto of = [&](const char* name, int k = 0) {
        return static_cast<float>(t.number(name + ("_" + band), i, k));
      };
      const auto count = [&](const char* name) {
        return static_cast<std::int16_t>(t.integer(name + ("_" + band), i));
      };
      b.flux = of("flux");
      b.flux_ivar = of("flux_ivar");
      b.rchisq = of("rchisq");
      b.fracflux = of("fracflux");
      b.fracmasked = of("fracmasked");
      b.fracin = of("fracin");
      b.fiberflux = of("fiberflux");
      b.fibertotflux = of("fibertotflux");
      for (int k = 0; k < kApertures; ++k) {
        b.apflux[k] = of("apflux", k);
        b.apflux_resid[k] = of("apflux_resid", k);
        b.apflux_blobresid[k] = of("apflux_blobresid", k);
        b.apflux_ivar[k] = of("apflux_ivar", k);
        b.apflux_masked[k] = of("apflux_masked", k);
      }
      b.nobs = count("nobs");
      b.ngood = count("ngood");
      b.anymask = count("anymask");
      b.allmask = count("allmask");
      b.psfsize = of("psfsize");
      b.psfdepth = of("psfdepth");
      b.galdepth = of("galdepth");
      b.nea = of("nea");
      b.blob_nea = of("blob_nea");
      s.bands.push_back(b);
    }
    rows.push_back(std::move(s));
  }
  return rows;
}

// Same type, same shape, same values (NaN equals NaN).
inline bool equal_values(const fits::Column& a, const fits::Column& b) {
  if (a.data.index() != b.data.index() || a.width() != b.width()) return false;
  return std::visit(
      [&](const auto& x) {
        const auto& y = std::get<std::decay_t<decltype(x)>>(b.data);
        if (x.size() != y.size()) return false;
        for (std::size_t i = 0; i < x.size(); ++i) {
          if constexpr (std::is_floating_point_v<typename std::decay_t<decltype(x)>::value_type>)
            if (std::isnan(x[i]) && std::isnan(y[i])) continue;
          if (x[i] != y[i]) return false;
        }
        return true;
      },
      a.data);
}

}  // namespace brickline::test
