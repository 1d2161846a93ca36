#include "core/catalog/columns.h"

#include <fmt/format.h>

#include <array>
#include <cstdint>
#include <type_traits>
#include <utility>

#include "core/catalog/catalog.h"

namespace brickline {

namespace {

using Context = CatalogContext;
using Row = CatalogSource;
using Band = CatalogBand;

// ---- How a column is filled from one value per row ----

template <typename T>
struct Element {
  using type = T;
  static constexpr int count = 1;
};
template <typename T, std::size_t N>
struct Element<std::array<T, N>> {
  using type = T;
  static constexpr int count = N;
};

template <typename Values, typename T>
void append(Values& values, const T& v) {
  if constexpr (Element<T>::count > 1)
    values.insert(values.end(), v.begin(), v.end());
  else
    values.push_back(v);
}

// `Get(context, row)` gives a row's value.
template <auto Get>
void fill_row(const Context& context, std::span<const Row> rows, std::string_view, int, fits::Column& out) {
  using T = std::decay_t<decltype(Get(context, std::declval<const Row&>()))>;
  std::vector<typename Element<T>::type> values;
  values.reserve(rows.size() * Element<T>::count);
  for (const Row& row : rows) append(values, Get(context, row));
  out.data = std::move(values);
}

// `Get(band)` gives a band's value; bands without images have zeros.
template <auto Get>
void fill_band(const Context&, std::span<const Row> rows, std::string_view, int band, fits::Column& out) {
  using T = std::decay_t<decltype(Get(std::declval<const Band&>()))>;
  std::vector<typename Element<T>::type> values;
  values.reserve(rows.size() * Element<T>::count);
  for (const Row& row : rows)
    append(values, band < 0 ? T{} : Get(row.bands.at(static_cast<std::size_t>(band))));
  out.data = std::move(values);
}

void fill_transmission(const Context& context, std::span<const Row> rows, std::string_view band, int,
                       fits::Column& out) {
  const double coefficient = band_extinction(context, band).value_or(0);
  std::vector<float> values;
  values.reserve(rows.size());
  for (const Row& row : rows) values.push_back(transmission(row.ebv, coefficient));
  out.data = std::move(values);
}

template <auto Get>
void fill_gaia(const Context&, std::span<const Row> rows, std::string_view, int, fits::Column& out) {
  using T = std::decay_t<decltype(Get(std::declval<const GaiaMeasurements&>()))>;
  std::vector<T> values;
  values.reserve(rows.size());
  for (const Row& row : rows)
    values.push_back(row.reference && row.reference->gaia ? Get(*row.reference->gaia) : T{});
  out.data = std::move(values);
}

template <auto Get>
void fill_reference(const Context&, std::span<const Row> rows, std::string_view, int, fits::Column& out) {
  using T = std::decay_t<decltype(Get(std::declval<const ReferenceObject&>()))>;
  std::vector<T> values;
  values.reserve(rows.size());
  for (const Row& row : rows) values.push_back(row.reference ? Get(*row.reference) : T{});
  out.data = std::move(values);
}

// ---- The table ----

constexpr auto kOnce = ColumnRepeat::kOnce;
constexpr auto kPerBand = ColumnRepeat::kPerBand;
constexpr auto L = ColumnType::kLogical;
constexpr auto B = ColumnType::kUint8;
constexpr auto I = ColumnType::kInt16;
constexpr auto J = ColumnType::kInt32;
constexpr auto K = ColumnType::kInt64;
constexpr auto E = ColumnType::kFloat;
constexpr auto D = ColumnType::kDouble;
constexpr auto A = ColumnType::kText;

// The Legacy Surveys' own words. FITS has no unit for fluxes relative to AB magnitude zero; nanomaggies are
// named as their readers expect. Every other unit is in the standard's grammar, where "(mas/yr)^(-2)", as the
// reference has it, is not.
constexpr std::string_view kFlux = "nanomaggies", kFluxIvar = "nanomaggies^(-2)";
constexpr std::string_view kMotionIvar = "yr^2/mas^2";

// Columns of Gaia's first releases that readers of the catalog expect; no reference catalog carries them on.
constexpr float kNotCarried = 0;

#define ROW(...)                                \
  fill_row<[](const Context& c, const Row& r) { \
    (void)c;                                    \
    (void)r;                                    \
    return __VA_ARGS__;                         \
  }>
#define REF(member) fill_reference<[](const ReferenceObject& r) { return r.member; }>
#define GAIA(member) fill_gaia<[](const GaiaMeasurements& g) { return g.member; }>
#define BAND(member) fill_band<[](const Band& b) { return b.member; }>

constexpr std::array kColumns = std::to_array<CatalogColumn>({
    // Identification
    {"", K, 1, kOnce, "", "unique identifier: release, brick and object", "run", ROW(unique_id(c, r))},
    {"release", I, 1, kOnce, "", "data release number", "run", ROW(static_cast<std::int16_t>(c.release))},
    {"brickid", J, 1, kOnce, "", "brick number, -1 for custom bricks", "run", ROW(c.brickid)},
    {"brickname", A, 0, kOnce, "", "brick name", "run", ROW(c.brickname)},
    {"objid", J, 1, kOnce, "", "number within the brick", "catalog", ROW(r.objid)},
    {"brick_primary", L, 1, kOnce, "", "inside the brick's unique area", "catalog", ROW(r.brick_primary)},
    {"maskbits", J, 1, kOnce, "", "MASKBITS at the source", "catalog", ROW(r.maskbits)},
    {"fitbits", I, 1, kOnce, "", "how the fit went (FITBITS)", "catalog", ROW(r.fitbits)},
    {"type", A, 3, kOnce, "", "kind of light profile", "fit", ROW(std::string(type_name(r.type)))},
    {"ra", D, 1, kOnce, "deg", "right ascension", "fit", ROW(r.ra)},
    {"dec", D, 1, kOnce, "deg", "declination", "fit", ROW(r.dec)},
    {"ra_ivar", E, 1, kOnce, "deg^(-2)", "inverse variance of ra cos(dec)", "fit", ROW(r.ra_ivar)},
    {"dec_ivar", E, 1, kOnce, "deg^(-2)", "inverse variance of dec", "fit", ROW(r.dec_ivar)},
    {"bx", E, 1, kOnce, "pixel", "x in the brick image, 0-based", "fit", ROW(r.bx)},
    {"by", E, 1, kOnce, "pixel", "y in the brick image, 0-based", "fit", ROW(r.by)},
    {"dchisq", E, 5, kOnce, "", "chi2 gain of PSF,REX,DEV,EXP,SER", "fit", ROW(r.dchisq)},
    {"ebv", E, 1, kOnce, "mag", "Galactic E(B-V) of SFD98", "dust", ROW(r.ebv)},
    {"mjd_min", D, 1, kOnce, "d", "first observation, MJD (TAI)", "coadds", ROW(r.mjd_min)},
    {"mjd_max", D, 1, kOnce, "d", "last observation, MJD (TAI)", "coadds", ROW(r.mjd_max)},
    {"nearest_neighbor", E, 1, kOnce, "arcsec", "distance to nearest row, 0 = none", "catalog",
     ROW(r.nearest_neighbor)},
    // Reference catalogs
    {"ref_cat", A, 2, kOnce, "", "reference catalog, blank = none", "refs", REF(ref_cat)},
    {"ref_id", K, 1, kOnce, "", "its identifier", "refs", REF(ref_id)},
    {"pmra", E, 1, kOnce, "mas/yr", "proper motion in RA cos(dec)", "refs", REF(pmra)},
    {"pmdec", E, 1, kOnce, "mas/yr", "proper motion in Dec", "refs", REF(pmdec)},
    {"parallax", E, 1, kOnce, "mas", "parallax", "refs", REF(parallax)},
    {"pmra_ivar", E, 1, kOnce, kMotionIvar, "inverse variance of pmra", "refs", REF(pmra_ivar)},
    {"pmdec_ivar", E, 1, kOnce, kMotionIvar, "inverse variance of pmdec", "refs", REF(pmdec_ivar)},
    {"parallax_ivar", E, 1, kOnce, "mas^(-2)", "inverse variance of parallax", "refs", REF(parallax_ivar)},
    {"ref_epoch", E, 1, kOnce, "yr", "epoch of the position", "refs", REF(ref_epoch)},
    {"gaia_phot_g_mean_mag", E, 1, kOnce, "mag", "Gaia G", "refs", GAIA(phot_g_mean_mag)},
    {"gaia_phot_g_mean_flux_over_error", E, 1, kOnce, "", "Gaia G signal to noise", "refs",
     GAIA(phot_g_mean_flux_over_error)},
    {"gaia_phot_g_n_obs", I, 1, kOnce, "", "Gaia G observations", "refs", GAIA(phot_g_n_obs)},
    {"gaia_phot_bp_mean_mag", E, 1, kOnce, "mag", "Gaia BP", "refs", GAIA(phot_bp_mean_mag)},
    {"gaia_phot_bp_mean_flux_over_error", E, 1, kOnce, "", "Gaia BP signal to noise", "refs",
     GAIA(phot_bp_mean_flux_over_error)},
    {"gaia_phot_bp_n_obs", I, 1, kOnce, "", "Gaia BP observations", "refs", GAIA(phot_bp_n_obs)},
    {"gaia_phot_rp_mean_mag", E, 1, kOnce, "mag", "Gaia RP", "refs", GAIA(phot_rp_mean_mag)},
    {"gaia_phot_rp_mean_flux_over_error", E, 1, kOnce, "", "Gaia RP signal to noise", "refs",
     GAIA(phot_rp_mean_flux_over_error)},
    {"gaia_phot_rp_n_obs", I, 1, kOnce, "", "Gaia RP observations", "refs", GAIA(phot_rp_n_obs)},
    {"gaia_phot_variable_flag", L, 1, kOnce, "", "Gaia: variable", "refs", GAIA(phot_variable_flag)},
    {"gaia_astrometric_excess_noise", E, 1, kOnce, "mas", "Gaia: excess noise of the astrometry", "refs",
     GAIA(astrometric_excess_noise)},
    {"gaia_astrometric_excess_noise_sig", E, 1, kOnce, "", "Gaia: its significance", "refs",
     GAIA(astrometric_excess_noise_sig)},
    {"gaia_astrometric_n_obs_al", I, 1, kOnce, "", "Gaia: observations along scan", "refs",
     GAIA(astrometric_n_obs_al)},
    {"gaia_astrometric_n_good_obs_al", I, 1, kOnce, "", "Gaia: good ones of them", "refs",
     GAIA(astrometric_n_good_obs_al)},
    {"gaia_astrometric_weight_al", E, 1, kOnce, "mas^(-2)", "Gaia: their mean weight", "refs",
     ROW(kNotCarried)},
    {"gaia_duplicated_source", L, 1, kOnce, "", "Gaia: may be duplicated", "refs", GAIA(duplicated_source)},
    {"gaia_a_g_val", E, 1, kOnce, "mag", "Gaia: extinction in G", "refs", ROW(kNotCarried)},
    {"gaia_e_bp_min_rp_val", E, 1, kOnce, "mag", "Gaia: reddening of BP-RP", "refs", ROW(kNotCarried)},
    {"gaia_phot_bp_rp_excess_factor", E, 1, kOnce, "", "Gaia: BP+RP flux excess", "refs",
     GAIA(phot_bp_rp_excess_factor)},
    {"gaia_astrometric_sigma5d_max", E, 1, kOnce, "mas", "Gaia: longest axis of the 5-d error", "refs",
     GAIA(astrometric_sigma5d_max)},
    {"gaia_astrometric_params_solved", B, 1, kOnce, "", "Gaia: which parameters were solved", "refs",
     GAIA(astrometric_params_solved)},
    // Fluxes
    {"flux", E, 1, kPerBand, kFlux, "model flux", "fit", BAND(flux)},
    {"flux_ivar", E, 1, kPerBand, kFluxIvar, "inverse variance of flux", "fit", BAND(flux_ivar)},
    {"fiberflux", E, 1, kPerBand, kFlux, "model flux in a 1.5 arcsec fiber", "coadds", BAND(fiberflux)},
    {"fibertotflux", E, 1, kPerBand, kFlux, "same, with the neighbors' light", "coadds", BAND(fibertotflux)},
    {"apflux", E, kApertures, kPerBand, kFlux, "aperture fluxes", "coadds", BAND(apflux)},
    {"apflux_resid", E, kApertures, kPerBand, kFlux, "apertures on the residuals", "coadds",
     BAND(apflux_resid)},
    {"apflux_blobresid", E, kApertures, kPerBand, kFlux, "apertures on the blob residuals", "coadds",
     BAND(apflux_blobresid)},
    {"apflux_ivar", E, kApertures, kPerBand, kFluxIvar, "inverse variance of apflux", "coadds",
     BAND(apflux_ivar)},
    {"apflux_masked", E, kApertures, kPerBand, "", "masked fraction of the apertures", "coadds",
     BAND(apflux_masked)},
    {"mw_transmission", E, 1, ColumnRepeat::kPerDustBand, "", "Galactic transmission", "dust",
     fill_transmission},
    // Measurements
    {"nobs", I, 1, kPerBand, "", "images that cover the source", "coadds", BAND(nobs)},
    {"rchisq", E, 1, kPerBand, "", "profile-weighted chi2 per pixel", "fit", BAND(rchisq)},
    {"fracflux", E, 1, kPerBand, "", "profile-weighted flux of others", "fit", BAND(fracflux)},
    {"fracmasked", E, 1, kPerBand, "", "profile fraction on masked pixels", "fit", BAND(fracmasked)},
    {"fracin", E, 1, kPerBand, "", "profile fraction inside the blob", "fit", BAND(fracin)},
    {"ngood", I, 1, kPerBand, "", "images with weight at the source", "coadds", BAND(ngood)},
    {"anymask", I, 1, kPerBand, "", "mask bits set in any image", "coadds", BAND(anymask)},
    {"allmask", I, 1, kPerBand, "", "mask bits set in all images", "coadds", BAND(allmask)},
    {"psfsize", E, 1, kPerBand, "arcsec", "effective PSF FWHM", "coadds", BAND(psfsize)},
    {"psfdepth", E, 1, kPerBand, kFluxIvar, "depth for point sources", "coadds", BAND(psfdepth)},
    {"galdepth", E, 1, kPerBand, kFluxIvar, "depth for 0.45 arcsec galaxies", "coadds", BAND(galdepth)},
    {"nea", E, 1, kPerBand, "arcsec^2", "noise-equivalent area", "coadds", BAND(nea)},
    {"blob_nea", E, 1, kPerBand, "arcsec^2", "same, inside the blob only", "coadds", BAND(blob_nea)},
    // Shapes
    {"sersic", E, 1, kOnce, "", "Sersic index", "fit", ROW(r.sersic)},
    {"sersic_ivar", E, 1, kOnce, "", "inverse variance of sersic", "fit", ROW(r.sersic_ivar)},
    {"shape_r", E, 1, kOnce, "arcsec", "half-light radius of the major axis", "fit", ROW(r.shape_r)},
    {"shape_r_ivar", E, 1, kOnce, "arcsec^(-2)", "inverse variance of shape_r", "fit", ROW(r.shape_r_ivar)},
    {"shape_e1", E, 1, kOnce, "", "ellipticity component 1", "fit", ROW(r.shape_e1)},
    {"shape_e1_ivar", E, 1, kOnce, "", "inverse variance of shape_e1", "fit", ROW(r.shape_e1_ivar)},
    {"shape_e2", E, 1, kOnce, "", "ellipticity component 2", "fit", ROW(r.shape_e2)},
    {"shape_e2_ivar", E, 1, kOnce, "", "inverse variance of shape_e2", "fit", ROW(r.shape_e2_ivar)},
});

#undef ROW
#undef REF
#undef GAIA
#undef BAND

std::string_view type_text(ColumnType type) {
  switch (type) {
    case ColumnType::kLogical:
      return "logical";
    case ColumnType::kUint8:
      return "uint8";
    case ColumnType::kInt16:
      return "int16";
    case ColumnType::kInt32:
      return "int32";
    case ColumnType::kInt64:
      return "int64";
    case ColumnType::kFloat:
      return "float32";
    case ColumnType::kDouble:
      return "float64";
    case ColumnType::kText:
      return "text";
  }
  return "?";
}

}  // namespace

std::span<const CatalogColumn> catalog_columns() { return kColumns; }

std::string band_column_name(std::string_view name, std::string_view band) {
  std::string s = fmt::format("{}_{}", name, band);
  for (char& c : s)
    if (c == '-') c = '_';
  return s;
}

std::string catalog_schema_markdown() {
  std::string text =
      "# The columns of the catalog\n\n"
      "One row per source in `tractor/BBB/tractor-BRICK.fits`, HDU CATALOG, in this order. `<band>` stands "
      "for each "
      "band of the survey in turn (of those with a known extinction, for `mw_transmission`); bands without "
      "images "
      "hold zeros. This page is made from the table in `columns.cpp`.\n\n"
      "| column | type | unit | filled by | content |\n|---|---|---|---|---|\n";
  for (const CatalogColumn& c : catalog_columns()) {
    const std::string name = std::string(c.name.empty() ? "ls_id_dr11" : c.name) +
                             (c.repeat == ColumnRepeat::kOnce ? "" : "_<band>");
    const std::string type = c.type != ColumnType::kText && c.width > 1
                                 ? fmt::format("{}[{}]", type_text(c.type), c.width)
                                 : std::string(type_text(c.type));
    text += fmt::format("| `{}` | {} | {} | {} | {} |\n", name, type, c.unit, c.source, c.description);
  }
  return text;
}

}  // namespace brickline
