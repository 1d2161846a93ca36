#include "core/catalog/columns.h"

#include <fmt/format.h>

#include <algorithm>
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

// The number of an epoch as a light curve's value; -1 fills what is left.
struct EpochIndex {
  std::int16_t operator()(const LightCurve&, std::size_t epoch) const {
    return static_cast<std::int16_t>(epoch);
  }
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
  const double coefficient = band_extinction(band, context.extinction).value_or(0);
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

// WISE's and GALEX's bands; rows without them have zeros.
template <auto Get>
void fill_wise(const Context&, std::span<const Row> rows, std::string_view, int band, fits::Column& out) {
  using T = std::decay_t<decltype(Get(std::declval<const SpaceBand&>()))>;
  std::vector<typename Element<T>::type> values;
  for (const Row& row : rows)
    append(values, row.wise ? Get(row.wise->bands.at(static_cast<std::size_t>(band))) : T{});
  out.data = std::move(values);
}
template <auto Get>
void fill_galex(const Context&, std::span<const Row> rows, std::string_view, int band, fits::Column& out) {
  using T = std::decay_t<decltype(Get(std::declval<const SpaceBand&>()))>;
  std::vector<typename Element<T>::type> values;
  for (const Row& row : rows)
    append(values, row.galex ? Get(row.galex->bands.at(static_cast<std::size_t>(band))) : T{});
  out.data = std::move(values);
}

void fill_wisemask(const Context&, std::span<const Row> rows, std::string_view, int band, fits::Column& out) {
  std::vector<std::uint8_t> values;
  for (const Row& row : rows)
    values.push_back(row.wise ? row.wise->mask.at(static_cast<std::size_t>(band)) : std::uint8_t{0});
  out.data = std::move(values);
}

// `Get(curve, epoch)` of the epochs that are kept, the rest of the width filled.
template <auto Get>
void fill_curve(const Context& context, std::span<const Row> rows, std::string_view, int band,
                fits::Column& out) {
  using T = std::decay_t<decltype(Get(std::declval<const LightCurve&>(), std::size_t{0}))>;
  const auto width = static_cast<std::size_t>(context.space.light_curve_width);
  constexpr bool index = std::is_same_v<std::decay_t<decltype(Get)>, EpochIndex>;
  std::vector<T> values;
  values.reserve(rows.size() * width);
  for (const Row& row : rows) {
    std::size_t filled = 0;
    if (row.wise) {
      const LightCurve& curve = row.wise->curves.at(static_cast<std::size_t>(band));
      for (; filled < std::min(width, curve.kept.size()); ++filled)
        values.push_back(Get(curve, static_cast<std::size_t>(curve.kept[filled])));
    }
    values.resize(values.size() + width - filled, index ? static_cast<T>(-1) : T{});
  }
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

constexpr auto kWise = ColumnRepeat::kPerWiseBand;
constexpr auto kWiseAp = ColumnRepeat::kPerWiseApertureBand;
constexpr auto kComposite = ColumnRepeat::kOncePerComposite;
constexpr auto kCurve = ColumnRepeat::kPerLightCurveBand;
constexpr auto kGalex = ColumnRepeat::kPerGalexBand;
constexpr int kSpaceApertures = static_cast<int>(kSpaceApertureRadiiArcsec.size());

#define ROW(...)                                \
  fill_row<[](const Context& c, const Row& r) { \
    (void)c;                                    \
    (void)r;                                    \
    return __VA_ARGS__;                         \
  }>
#define REF(member) fill_reference<[](const ReferenceObject& r) { return r.member; }>
#define GAIA(member) fill_gaia<[](const GaiaMeasurements& g) { return g.member; }>
#define BAND(member) fill_band<[](const Band& b) { return b.member; }>
#define WISE(member) fill_wise<[](const SpaceBand& b) { return b.member; }>
#define GALEX(member) fill_galex<[](const SpaceBand& b) { return b.member; }>
#define CURVE(member) fill_curve<[](const LightCurve& c, std::size_t epoch) { return c.member.at(epoch); }>

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
    {"type", A, kTypeWidth, kOnce, "", "kind of light profile", "fit", ROW(std::string(type_name(r.type)))},
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
    {"flux", E, 1, kWise, kFlux, "flux on the unWISE coadds, AB", "wise", WISE(flux)},
    {"flux", E, 1, kGalex, kFlux, "flux on the GALEX fields", "galex", GALEX(flux)},
    {"flux_ivar", E, 1, kPerBand, kFluxIvar, "inverse variance of flux", "fit", BAND(flux_ivar)},
    {"flux_ivar", E, 1, kWise, kFluxIvar, "inverse variance of flux, AB", "wise", WISE(flux_ivar)},
    {"flux_ivar", E, 1, kGalex, kFluxIvar, "inverse variance of flux", "galex", GALEX(flux_ivar)},
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
    {"apflux", E, kSpaceApertures, kWiseAp, kFlux, "aperture fluxes, unWISE coadds, AB", "wise",
     WISE(apflux)},
    {"apflux_resid", E, kSpaceApertures, kWiseAp, kFlux, "apertures on the unWISE residuals, AB", "wise",
     WISE(apflux_resid)},
    {"apflux_ivar", E, kSpaceApertures, kWiseAp, kFluxIvar, "inverse variance of apflux, AB", "wise",
     WISE(apflux_ivar)},
    {"apflux", E, kSpaceApertures, kGalex, kFlux, "aperture fluxes, GALEX", "galex", GALEX(apflux)},
    {"apflux_resid", E, kSpaceApertures, kGalex, kFlux, "apertures on the GALEX residuals", "galex",
     GALEX(apflux_resid)},
    {"apflux_ivar", E, kSpaceApertures, kGalex, kFluxIvar, "inverse variance of apflux", "galex",
     GALEX(apflux_ivar)},
    {"mw_transmission", E, 1, ColumnRepeat::kPerDustBand, "", "Galactic transmission", "dust",
     fill_transmission},
    {"mw_transmission", E, 1, kWise, "", "Galactic transmission", "dust", fill_transmission},
    {"mw_transmission", E, 1, kGalex, "", "Galactic transmission", "dust", fill_transmission},
    // Measurements
    {"nobs", I, 1, kPerBand, "", "images that cover the source", "coadds", BAND(nobs)},
    {"nobs", I, 1, kWise, "", "frames at the source", "wise", WISE(nobs)},
    {"nobs", I, 1, kGalex, "", "fields that cover the source", "galex", GALEX(nobs)},
    {"rchisq", E, 1, kPerBand, "", "profile-weighted chi2 per pixel", "fit", BAND(rchisq)},
    {"rchisq", E, 1, kWise, "", "profile-weighted chi2", "wise", WISE(rchisq)},
    {"rchisq", E, 1, kGalex, "", "profile-weighted chi2", "galex", GALEX(rchisq)},
    {"fracflux", E, 1, kPerBand, "", "profile-weighted flux of others", "fit", BAND(fracflux)},
    {"fracflux", E, 1, kWise, "", "profile-weighted flux of others", "wise", WISE(fracflux)},
    {"fracflux", E, 1, kGalex, "", "profile-weighted flux of others", "galex", GALEX(fracflux)},
    {"blendedness", E, 1, ColumnRepeat::kPerJointBand, "", "share of flux's variance due to neighbours",
     "fit", BAND(blendedness)},
    {"fracmasked", E, 1, kPerBand, "", "profile fraction on masked pixels", "fit", BAND(fracmasked)},
    {"fracin", E, 1, kPerBand, "", "profile fraction inside the blob", "fit", BAND(fracin)},
    {"ngood", I, 1, kPerBand, "", "images with weight at the source", "coadds", BAND(ngood)},
    {"anymask", I, 1, kPerBand, "", "mask bits set in any image", "coadds", BAND(anymask)},
    {"allmask", I, 1, kPerBand, "", "mask bits set in all images", "coadds", BAND(allmask)},
    {"wisemask", B, 1, ColumnRepeat::kPerWiseMaskBand, "", "WISE mask at the source", "wise", fill_wisemask},
    {"psfsize", E, 1, kPerBand, "arcsec", "effective PSF FWHM", "coadds", BAND(psfsize)},
    {"psfdepth", E, 1, kPerBand, kFluxIvar, "depth for point sources", "coadds", BAND(psfdepth)},
    {"galdepth", E, 1, kPerBand, kFluxIvar, "depth for 0.45 arcsec galaxies", "coadds", BAND(galdepth)},
    {"nea", E, 1, kPerBand, "arcsec^2", "noise-equivalent area", "coadds", BAND(nea)},
    {"blob_nea", E, 1, kPerBand, "arcsec^2", "same, inside the blob only", "coadds", BAND(blob_nea)},
    {"psfdepth", E, 1, kWise, kFluxIvar, "depth for point sources, AB", "wise", WISE(psfdepth)},
    {"psfdepth", E, 1, kGalex, kFluxIvar, "depth for point sources", "galex", GALEX(psfdepth)},
    {"wise_coadd_id", A, 8, ColumnRepeat::kOncePerWise, "", "unWISE tile, blank = none", "wise",
     ROW(r.wise ? r.wise->coadd_id : std::string())},
    {"wise_x", E, 1, ColumnRepeat::kOncePerWise, "pixel", "x in the part of the tile used, 0-based", "wise",
     ROW(r.wise ? r.wise->x : 0.0f)},
    {"wise_y", E, 1, ColumnRepeat::kOncePerWise, "pixel", "y in the part of the tile used, 0-based", "wise",
     ROW(r.wise ? r.wise->y : 0.0f)},
    {"lc_flux", E, kLightCurveWidth, kCurve, kFlux, "flux by epoch, AB", "wise", CURVE(flux)},
    {"lc_flux_ivar", E, kLightCurveWidth, kCurve, kFluxIvar, "inverse variance of lc_flux", "wise",
     CURVE(flux_ivar)},
    {"lc_nobs", I, kLightCurveWidth, kCurve, "", "frames by epoch", "wise", CURVE(nobs)},
    {"lc_fracflux", E, kLightCurveWidth, kCurve, "", "flux of others by epoch", "wise", CURVE(fracflux)},
    {"lc_rchisq", E, kLightCurveWidth, kCurve, "", "chi2 by epoch", "wise", CURVE(rchisq)},
    {"lc_mjd", D, kLightCurveWidth, kCurve, "d", "MJD by epoch, 0 = no data", "wise", CURVE(mjd)},
    {"lc_epoch_index", I, kLightCurveWidth, kCurve, "", "which epochs of the coadds these are, -1 = none",
     "wise", fill_curve<EpochIndex{}>},
    // Shapes
    {"sersic", E, 1, kOnce, "", "Sersic index", "fit", ROW(r.sersic)},
    {"sersic_ivar", E, 1, kOnce, "", "inverse variance of sersic", "fit", ROW(r.sersic_ivar)},
    {"shape_r", E, 1, kOnce, "arcsec", "half-light radius of the major axis", "fit", ROW(r.shape_r)},
    {"shape_r_ivar", E, 1, kOnce, "arcsec^(-2)", "inverse variance of shape_r", "fit", ROW(r.shape_r_ivar)},
    {"shape_e1", E, 1, kOnce, "", "ellipticity component 1", "fit", ROW(r.shape_e1)},
    {"shape_e1_ivar", E, 1, kOnce, "", "inverse variance of shape_e1", "fit", ROW(r.shape_e1_ivar)},
    {"shape_e2", E, 1, kOnce, "", "ellipticity component 2", "fit", ROW(r.shape_e2)},
    {"shape_e2_ivar", E, 1, kOnce, "", "inverse variance of shape_e2", "fit", ROW(r.shape_e2_ivar)},
    // Of COMP alone: shape_r, shape_e1 and shape_e2 are its exponential disk's.
    {"dchisq_comp", E, 1, kComposite, "", "chi2 gain of COMP", "fit", ROW(r.dchisq_comp)},
    {"shapedev_r", E, 1, kComposite, "arcsec", "shape_r of COMP's de Vaucouleurs bulge", "fit",
     ROW(r.shapedev_r)},
    {"shapedev_r_ivar", E, 1, kComposite, "arcsec^(-2)", "inverse variance of shapedev_r", "fit",
     ROW(r.shapedev_r_ivar)},
    {"shapedev_e1", E, 1, kComposite, "", "ellipticity component 1 of the bulge", "fit", ROW(r.shapedev_e1)},
    {"shapedev_e1_ivar", E, 1, kComposite, "", "inverse variance of shapedev_e1", "fit",
     ROW(r.shapedev_e1_ivar)},
    {"shapedev_e2", E, 1, kComposite, "", "ellipticity component 2 of the bulge", "fit", ROW(r.shapedev_e2)},
    {"shapedev_e2_ivar", E, 1, kComposite, "", "inverse variance of shapedev_e2", "fit",
     ROW(r.shapedev_e2_ivar)},
    {"fracdev", E, 1, ColumnRepeat::kPerCompositeBand, "", "share of flux that is COMP's bulge", "fit",
     fill_band<bulge_fraction>},
    {"fracdev_ivar", E, 1, ColumnRepeat::kPerCompositeBand, "", "inverse variance of fracdev", "fit",
     fill_band<bulge_fraction_ivar>},
});

#undef ROW
#undef REF
#undef GAIA
#undef BAND
#undef WISE
#undef GALEX
#undef CURVE

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

// What follows a column's name on its page.
std::string_view suffix_text(ColumnRepeat repeat) {
  switch (repeat) {
    case ColumnRepeat::kOnce:
    case ColumnRepeat::kOncePerWise:
    case ColumnRepeat::kOncePerComposite:
      return "";
    case ColumnRepeat::kPerBand:
    case ColumnRepeat::kPerDustBand:
    case ColumnRepeat::kPerJointBand:
    case ColumnRepeat::kPerCompositeBand:
      return "_<band>";
    case ColumnRepeat::kPerWiseBand:
    case ColumnRepeat::kPerWiseApertureBand:
      return "_w1..w4";
    case ColumnRepeat::kPerWiseMaskBand:
    case ColumnRepeat::kPerLightCurveBand:
      return "_w1,w2";
    case ColumnRepeat::kPerGalexBand:
      return "_nuv,fuv";
  }
  return "?";
}

}  // namespace

std::span<const CatalogColumn> catalog_columns() { return kColumns; }

std::vector<ColumnBand> column_bands(const CatalogColumn& column, const CatalogContext& context) {
  const SpaceColumns& space = context.space;
  const auto first = [](std::span<const std::string_view> names, std::size_t count, bool wanted) {
    std::vector<ColumnBand> bands;
    for (std::size_t b = 0; wanted && b < count; ++b)
      bands.push_back({std::string(names[b]), static_cast<int>(b)});
    return bands;
  };
  switch (column.repeat) {
    case ColumnRepeat::kOnce:
      return {{}};
    case ColumnRepeat::kOncePerWise:
      return space.wise ? std::vector<ColumnBand>{{}} : std::vector<ColumnBand>{};
    case ColumnRepeat::kPerWiseBand:
      return first(kCatalogWiseBands, 4, space.wise);
    case ColumnRepeat::kPerWiseApertureBand:
      return first(kCatalogWiseBands, 4, space.wise && space.wise_apertures);
    case ColumnRepeat::kPerWiseMaskBand:
      return first(kCatalogWiseBands, 2, space.wise);
    case ColumnRepeat::kPerLightCurveBand:
      return first(kCatalogWiseBands, 2, space.wise && space.light_curve_width > 0);
    case ColumnRepeat::kPerGalexBand:
      return first(kCatalogGalexBands, 2, space.galex);
    case ColumnRepeat::kPerJointBand:
      if (!context.joint) return {};
      break;
    case ColumnRepeat::kOncePerComposite:
      return context.composites ? std::vector<ColumnBand>{{}} : std::vector<ColumnBand>{};
    case ColumnRepeat::kPerCompositeBand:
      if (!context.composites) return {};
      break;
    case ColumnRepeat::kPerBand:
    case ColumnRepeat::kPerDustBand:
      break;
  }
  std::vector<ColumnBand> bands;
  for (const std::string& band : context.survey_bands) {
    if (column.repeat == ColumnRepeat::kPerDustBand && !band_extinction(band, context.extinction)) continue;
    const auto found = std::find(context.bands.begin(), context.bands.end(), band);
    bands.push_back(
        {band, found == context.bands.end() ? -1 : static_cast<int>(found - context.bands.begin())});
  }
  return bands;
}

int type_width(const CatalogContext& context) { return context.composites ? 4 : 3; }

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
      "hold zeros. Columns filled by `wise` are there with unWISE photometry, those filled by `galex` with GALEX's, "
      "`blendedness` where sources were fitted together (`--fit joint`), and there, but for `--no-bulge-disk`, `dchisq_comp`, "
      "`shapedev_*` and `fracdev`: a source of type COMP is an exponential profile of the shape "
      "in `shape_r`, `shape_e1`, `shape_e2` and a de Vaucouleurs profile of that in `shapedev_*`, which has the share "
      "`fracdev_<band>` of `flux_<band>`; both are 0 for other types. `type` has four characters then. "
      "Fluxes and shapes of galaxies are of whole Sersic profiles where the header's GALPROF is SERSIC (`--fit joint`), else of "
      "the reference's. Inverse variances of what is fitted, in the bands of WISE and GALEX and their light curves too, are "
      "marginal where IVARKIND is MARGINAL (`--fit joint`). Without that card they are of noise alone in catalogs without GALPROF; "
      "joint catalogs of older versions have errors of noise alone in the bands of WISE and GALEX, and sweeps and tables of "
      "matches may have been made of such ones, of others, or of both. Those of apertures are of noise always. "
      "This page is made from the table in `columns.cpp`.\n\n"
      "| column | type | unit | filled by | content |\n|---|---|---|---|---|\n";
  for (const CatalogColumn& c : catalog_columns()) {
    const std::string name =
        std::string(c.name.empty() ? "ls_id_dr11" : c.name) + std::string(suffix_text(c.repeat));
    const std::string type = c.width == kLightCurveWidth ? fmt::format("{}[epochs]", type_text(c.type))
                             : c.type != ColumnType::kText && c.width > 1
                                 ? fmt::format("{}[{}]", type_text(c.type), c.width)
                                 : std::string(type_text(c.type));
    text += fmt::format("| `{}` | {} | {} | {} | {} |\n", name, type, c.unit, c.source, c.description);
  }
  return text;
}

}  // namespace brickline
