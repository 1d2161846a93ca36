#include "core/refs/reference_table.h"

#include <functional>
#include <string_view>
#include <type_traits>
#include <vector>

#include "core/fits/fits_writer.h"

namespace brickline {
namespace {

// Adds columns that `value` gives row by row.
class TableBuilder {
 public:
  explicit TableBuilder(const ReferenceCatalog& catalog) : rows_(catalog.rows) { table_.set_rows(rows()); }

  template <typename F>
  void add(bool present, const char* name, const char* unit, F&& value) {
    if (!present) return;
    using T = std::decay_t<decltype(value(std::declval<const ReferenceObject&>()))>;
    std::vector<T> values;
    values.reserve(rows_.size());
    for (const ReferenceObject& row : rows_) values.push_back(value(row));
    table_.add(name, std::move(values), unit);
  }
  // A column of what Gaia measured, 0 for rows that Gaia does not know.
  template <typename T>
  void gaia(bool present, const char* name, T GaiaMeasurements::*member) {
    add(present, name, "", [&](const ReferenceObject& row) { return row.gaia ? (*row.gaia).*member : T{}; });
  }
  fits::Table take() { return std::move(table_); }

 private:
  std::int64_t rows() const { return static_cast<std::int64_t>(rows_.size()); }
  const std::vector<ReferenceObject>& rows_;
  fits::Table table_;
};

struct Description {
  std::string_view column, text;
};
constexpr Description kDescriptions[] = {
    {"ra", "right ascension at the epoch"},
    {"dec", "declination at the epoch"},
    {"ref_cat", "reference catalog"},
    {"ref_id", "identifier in it"},
    {"mag", "magnitude that its mask follows from"},
    {"istycho", "from the Tycho-2 catalog"},
    {"isgaia", "from the Gaia catalog"},
    {"islargegalaxy", "from the catalog of large galaxies"},
    {"issgafit", "a large galaxy with a fit of its own"},
    {"iscluster", "a star cluster"},
    {"isbright", "a bright star with a mask"},
    {"ismedium", "a medium-bright star with a mask"},
    {"freezeparams", "parameters are not fitted"},
    {"pointsource", "known not to be extended"},
    {"ignore_source", "neither fitted nor subtracted"},
    {"in_bounds", "the nearest pixel is in the image"},
    {"fitmode", "how large galaxies are to be fitted"},
    {"isresolved", "a resolved dwarf galaxy"},
    {"ismcloud", "in a Magellanic Cloud"},
    {"ba", "axis ratio of its mask"},
    {"pa", "position angle of its mask, east of north"},
    {"zguess", "estimated z magnitude"},
    {"mask_mag", "magnitude of its mask"},
    {"radius", "radius of its mask"},
    {"keep_radius", "how far beyond the brick it is kept"},
    {"radius_pix", "radius of its mask, pixels"},
    {"ibx", "x of the nearest brick pixel"},
    {"iby", "y of the nearest brick pixel"},
    {"ref_epoch", "epoch of the position, year"},
    {"pmra", "proper motion in RA cos(dec)"},
    {"pmdec", "proper motion in Dec"},
    {"parallax", "parallax"},
    {"ra_ivar", "inverse variance of ra cos(dec)"},
    {"dec_ivar", "inverse variance of dec"},
    {"pmra_ivar", "inverse variance of pmra"},
    {"pmdec_ivar", "inverse variance of pmdec"},
    {"parallax_ivar", "inverse variance of parallax"},
    {"phot_g_mean_mag", "Gaia G, or the Tycho-2 magnitude"},
    {"phot_bp_mean_mag", "Gaia BP"},
    {"phot_rp_mean_mag", "Gaia RP"},
    {"phot_g_mean_flux_over_error", "Gaia G signal to noise"},
    {"phot_bp_mean_flux_over_error", "Gaia BP signal to noise"},
    {"phot_rp_mean_flux_over_error", "Gaia RP signal to noise"},
    {"phot_g_n_obs", "Gaia G observations"},
    {"phot_bp_n_obs", "Gaia BP observations"},
    {"phot_rp_n_obs", "Gaia RP observations"},
    {"phot_variable_flag", "Gaia: variable"},
    {"astrometric_excess_noise", "Gaia: excess noise, mas"},
    {"astrometric_excess_noise_sig", "Gaia: its significance"},
    {"astrometric_n_obs_al", "Gaia: observations along scan"},
    {"astrometric_n_good_obs_al", "Gaia: good ones of them"},
    {"duplicated_source", "Gaia: may be duplicated"},
    {"phot_bp_rp_excess_factor", "Gaia: BP+RP flux excess"},
    {"astrometric_sigma5d_max", "Gaia: longest axis of the 5-d error, mas"},
    {"astrometric_params_solved", "Gaia: which parameters were solved"},
};

std::string_view description_of(std::string_view column) {
  for (const Description& d : kDescriptions)
    if (d.column == column) return d.text;
  return "magnitude in the surveys' own system, from Gaia";  // one column per band
}

}  // namespace

fits::Table reference_table(const ReferenceCatalog& catalog) {
  using R = ReferenceObject;
  using G = GaiaMeasurements;
  TableBuilder t(catalog);
  const bool gaia = catalog.had_gaia, stars = gaia || catalog.had_tycho, galaxies = catalog.had_galaxies;
  const bool shapes = galaxies || catalog.had_clusters;
  const auto plain = [&](bool present, const char* name, const char* unit, auto R::*member) {
    t.add(present, name, unit, [member](const R& row) { return row.*member; });
  };
  plain(true, "ra", "deg", &R::ra);
  plain(true, "dec", "deg", &R::dec);
  plain(true, "ref_cat", "", &R::ref_cat);
  plain(true, "ref_id", "", &R::ref_id);
  plain(stars || galaxies, "mag", "", &R::mag);
  plain(true, "istycho", "", &R::is_tycho);
  plain(true, "isgaia", "", &R::is_gaia);
  plain(true, "islargegalaxy", "", &R::is_large_galaxy);
  plain(true, "issgafit", "", &R::is_galaxy_fit);
  plain(true, "iscluster", "", &R::is_cluster);
  plain(true, "isbright", "", &R::is_bright);
  plain(true, "ismedium", "", &R::is_medium);
  plain(true, "freezeparams", "", &R::freeze);
  plain(true, "pointsource", "", &R::point_source);
  plain(true, "ignore_source", "", &R::ignore);
  plain(true, "in_bounds", "", &R::in_bounds);
  plain(galaxies, "fitmode", "", &R::fitmode);
  plain(true, "isresolved", "", &R::is_resolved);
  plain(true, "ismcloud", "", &R::is_mcloud);
  plain(shapes, "ba", "", &R::ba);
  plain(shapes, "pa", "deg", &R::pa);
  // Published names: the survey's own system of magnitudes, whichever camera observed the field.
  constexpr const char* kMagnitudes[][2] = {
      {"decam_mag_g", "g"}, {"decam_mag_r", "r"}, {"decam_mag_i", "i"}, {"decam_mag_z", "z"}};
  for (const auto& [name, band] : kMagnitudes)
    t.add(gaia, name, "", [&, b = band](const R& row) { return catalog.band_mag(row, b); });
  plain(stars, "zguess", "mag", &R::zguess);
  plain(stars, "mask_mag", "", &R::mask_mag);
  plain(true, "radius", "deg", &R::radius);
  plain(stars || galaxies, "keep_radius", "deg", &R::keep_radius);
  plain(true, "radius_pix", "", &R::radius_pix);
  plain(true, "ibx", "", &R::ibx);
  plain(true, "iby", "", &R::iby);
  plain(stars, "ref_epoch", "", &R::ref_epoch);
  plain(stars, "pmra", "mas/yr", &R::pmra);
  plain(stars, "pmdec", "mas/yr", &R::pmdec);
  plain(stars, "parallax", "mas", &R::parallax);
  plain(stars, "ra_ivar", "deg^(-2)", &R::ra_ivar);
  plain(stars, "dec_ivar", "deg^(-2)", &R::dec_ivar);
  plain(stars, "pmra_ivar", "yr^2/mas^2", &R::pmra_ivar);
  plain(stars, "pmdec_ivar", "yr^2/mas^2", &R::pmdec_ivar);
  plain(gaia, "parallax_ivar", "mas^(-2)", &R::parallax_ivar);
  // A Tycho-2 star's own magnitude stands where Gaia's would.
  t.add(stars, "phot_g_mean_mag", "", [](const R& row) {
    return row.gaia ? row.gaia->phot_g_mean_mag : row.is_tycho ? row.mag : 0.f;
  });
  t.gaia(gaia, "phot_bp_mean_mag", &G::phot_bp_mean_mag);
  t.gaia(gaia, "phot_rp_mean_mag", &G::phot_rp_mean_mag);
  t.gaia(gaia, "phot_g_mean_flux_over_error", &G::phot_g_mean_flux_over_error);
  t.gaia(gaia, "phot_bp_mean_flux_over_error", &G::phot_bp_mean_flux_over_error);
  t.gaia(gaia, "phot_rp_mean_flux_over_error", &G::phot_rp_mean_flux_over_error);
  t.gaia(gaia, "phot_g_n_obs", &G::phot_g_n_obs);
  t.gaia(gaia, "phot_bp_n_obs", &G::phot_bp_n_obs);
  t.gaia(gaia, "phot_rp_n_obs", &G::phot_rp_n_obs);
  t.gaia(gaia, "phot_variable_flag", &G::phot_variable_flag);
  t.gaia(gaia, "astrometric_excess_noise", &G::astrometric_excess_noise);
  t.gaia(gaia, "astrometric_excess_noise_sig", &G::astrometric_excess_noise_sig);
  t.gaia(gaia, "astrometric_n_obs_al", &G::astrometric_n_obs_al);
  t.gaia(gaia, "astrometric_n_good_obs_al", &G::astrometric_n_good_obs_al);
  t.gaia(gaia, "duplicated_source", &G::duplicated_source);
  t.gaia(gaia, "phot_bp_rp_excess_factor", &G::phot_bp_rp_excess_factor);
  t.gaia(gaia, "astrometric_sigma5d_max", &G::astrometric_sigma5d_max);
  t.gaia(gaia, "astrometric_params_solved", &G::astrometric_params_solved);
  fits::Table table = t.take();
  table.find("ref_cat")->string_width = 2;
  for (fits::Column& column : table.columns()) column.description = description_of(column.name);
  return table;
}

std::string write_reference_table(const std::filesystem::path& path, const ReferenceCatalog& catalog,
                                  const fits::Header& run_header) {
  fits::FitsWriter writer;
  writer.add_empty_primary(run_header);
  writer.add_table(reference_table(catalog), "REFERENCES");
  return writer.write(path);
}

}  // namespace brickline
