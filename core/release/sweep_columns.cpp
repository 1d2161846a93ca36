#include "core/release/sweep_columns.h"

#include <algorithm>
#include <array>
#include <set>
#include <string_view>

#include "core/base/letter_case.h"

namespace brickline {
namespace {

// A line of the list: a name, or with a * a group of one column for each band. `space`: how many of WISE's bands follow.
struct Entry {
  std::string_view name;
  int space = 0;
};
constexpr Entry kMain[] = {{"release"},
                           {"brickid"},
                           {"brickname"},
                           {"objid"},
                           {"type"},
                           {"ra"},
                           {"dec"},
                           {"ra_ivar"},
                           {"dec_ivar"},
                           {"dchisq"},
                           {"ebv"},
                           {"flux_*", 4},
                           {"flux_ivar_*", 4},
                           {"mw_transmission_*", 4},
                           {"nobs_*", 4},
                           {"rchisq_*", 4},
                           {"fracflux_*", 4},
                           {"fracmasked_*"},
                           {"fracin_*"},
                           {"anymask_*"},
                           {"allmask_*"},
                           {"wisemask_w1"},
                           {"wisemask_w2"},
                           {"psfsize_*"},
                           {"psfdepth_*"},
                           {"galdepth_*"},
                           {"psfdepth_w1"},
                           {"psfdepth_w2"},
                           {"wise_coadd_id"},
                           {"shape_r"},
                           {"shape_r_ivar"},
                           {"shape_e1"},
                           {"shape_e1_ivar"},
                           {"shape_e2"},
                           {"shape_e2_ivar"},
                           {"fiberflux_*"},
                           {"fibertotflux_*"},
                           {"ref_cat"},
                           {"ref_id"},
                           {"ref_epoch"},
                           {"gaia_phot_g_mean_mag"},
                           {"gaia_phot_g_mean_flux_over_error"},
                           {"gaia_phot_bp_mean_mag"},
                           {"gaia_phot_bp_mean_flux_over_error"},
                           {"gaia_phot_rp_mean_mag"},
                           {"gaia_phot_rp_mean_flux_over_error"},
                           {"gaia_astrometric_excess_noise"},
                           {"gaia_duplicated_source"},
                           {"gaia_phot_bp_rp_excess_factor"},
                           {"gaia_astrometric_sigma5d_max"},
                           {"gaia_astrometric_params_solved"},
                           {"parallax"},
                           {"parallax_ivar"},
                           {"pmra"},
                           {"pmra_ivar"},
                           {"pmdec"},
                           {"pmdec_ivar"},
                           {"maskbits"},
                           {"fitbits"},
                           {"sersic"},
                           {"sersic_ivar"},
                           {"shapedev_r"},
                           {"shapedev_r_ivar"},
                           {"shapedev_e1"},
                           {"shapedev_e1_ivar"},
                           {"shapedev_e2"},
                           {"shapedev_e2_ivar"},
                           {"fracdev_*"},
                           {"fracdev_ivar_*"}};
constexpr std::string_view kLightCurves[] = {
    "lc_flux_w1",   "lc_flux_w2",   "lc_flux_ivar_w1",   "lc_flux_ivar_w2",  "lc_nobs_w1",
    "lc_nobs_w2",   "lc_mjd_w1",    "lc_mjd_w2",         "lc_fracflux_w1",   "lc_fracflux_w2",
    "lc_rchisq_w1", "lc_rchisq_w2", "lc_epoch_index_w1", "lc_epoch_index_w2"};
constexpr std::string_view kIds[] = {"release", "brickid", "objid"};

class Chooser {
 public:
  explicit Chooser(std::span<const RowColumn> all) : all_(all) {}
  // The column, if there is one.
  void take(std::string_view name, std::vector<RowColumn>& out) {
    const auto found =
        std::ranges::find_if(all_, [&](const RowColumn& c) { return lower_case(c.name) == name; });
    if (found == all_.end()) return;
    taken_.insert(lower_case(found->name));
    out.push_back(*found);
    out.back().name = upper_case(found->name);
  }
  void take_rest(std::vector<RowColumn>& out) {
    for (const RowColumn& c : all_)
      if (!taken_.contains(lower_case(c.name))) {
        out.push_back(c);
        out.back().name = upper_case(c.name);
      }
  }

 private:
  std::span<const RowColumn> all_;
  std::set<std::string> taken_;
};

}  // namespace

std::vector<std::string> bands_of_columns(std::span<const RowColumn> all) {
  constexpr std::string_view kFlux = "flux_";
  const auto has = [&](const std::string& name) {
    return std::ranges::any_of(all, [&](const RowColumn& c) { return lower_case(c.name) == name; });
  };
  std::vector<std::string> bands;
  for (const char* band : {"u", "g", "r", "i", "z", "y"})
    if (has(std::string(kFlux) + band)) bands.push_back(band);
  for (const RowColumn& c : all) {
    const std::string name = lower_case(c.name);
    if (!name.starts_with(kFlux)) continue;
    const std::string band = name.substr(kFlux.size());
    // A band of the survey has depths, which space telescopes and inverse variances have not.
    if (has("galdepth_" + band) && std::ranges::find(bands, band) == bands.end()) bands.push_back(band);
  }
  return bands;
}

SweepColumns sweep_columns(std::span<const RowColumn> all, SweepLayout layout) {
  const std::vector<std::string> bands = bands_of_columns(all);
  const bool with_ids = layout == SweepLayout::kWithIds;
  std::string long_id;
  for (const RowColumn& c : all)
    if (lower_case(c.name).starts_with("ls_id")) long_id = lower_case(c.name);
  Chooser chooser(all);
  SweepColumns out;
  const auto take_ids = [&](std::vector<RowColumn>& to) {
    for (const std::string_view id : kIds) chooser.take(id, to);
    if (with_ids && !long_id.empty()) chooser.take(long_id, to);
  };
  const auto take_group = [&](std::string_view stem, int space) {
    for (const std::string& band : bands) chooser.take(std::string(stem) + band, out.main);
    for (int i = 1; i <= space; ++i) chooser.take(std::string(stem) + "w" + std::to_string(i), out.main);
  };
  for (const Entry& entry : kMain) {
    if (entry.name.ends_with('*'))
      take_group(entry.name.substr(0, entry.name.size() - 1), entry.space);
    else
      chooser.take(entry.name, out.main);
    if (with_ids && entry.name == "objid" && !long_id.empty()) chooser.take(long_id, out.main);
    if (with_ids && entry.name == "nobs_*") take_group("ngood_", 0);
  }
  take_ids(out.light_curves);
  for (const std::string_view name : kLightCurves) chooser.take(name, out.light_curves);
  take_ids(out.extra);
  chooser.take_rest(out.extra);
  return out;
}

}  // namespace brickline
