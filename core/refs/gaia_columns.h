// The columns of the Gaia chunk files, which gaia.cpp reads and gaia_chunks.h makes: the names of Gaia's own archive
// (table gaia_source), and how they are stored.
#pragma once

namespace brickline::refs {

inline constexpr int kGaiaNside = 32;  // a file for each pixel of that grid

struct GaiaColumn {
  const char* name;
  char type;  // of TFORM: K, D, E, I or L
  const char* unit;
};

inline constexpr GaiaColumn kGaiaColumns[] = {
    {"source_id", 'K', ""},
    {"ra", 'D', "deg"},
    {"dec", 'D', "deg"},
    {"ra_error", 'E', "mas"},
    {"dec_error", 'E', "mas"},
    {"pmra", 'E', "mas/yr"},
    {"pmdec", 'E', "mas/yr"},
    {"parallax", 'E', "mas"},
    {"pmra_error", 'E', "mas/yr"},
    {"pmdec_error", 'E', "mas/yr"},
    {"parallax_error", 'E', "mas"},
    {"ref_epoch", 'E', "yr"},
    {"phot_g_mean_mag", 'E', "mag"},
    {"phot_bp_mean_mag", 'E', "mag"},
    {"phot_rp_mean_mag", 'E', "mag"},
    {"phot_g_mean_flux_over_error", 'E', ""},
    {"phot_bp_mean_flux_over_error", 'E', ""},
    {"phot_rp_mean_flux_over_error", 'E', ""},
    {"phot_g_n_obs", 'I', ""},
    {"phot_bp_n_obs", 'I', ""},
    {"phot_rp_n_obs", 'I', ""},
    {"phot_variable_flag", 'L', ""},
    {"astrometric_excess_noise", 'E', "mas"},
    {"astrometric_excess_noise_sig", 'E', ""},
    {"astrometric_n_obs_al", 'I', ""},
    {"astrometric_n_good_obs_al", 'I', ""},
    {"phot_bp_rp_excess_factor", 'E', ""},
    {"astrometric_sigma5d_max", 'E', "mas"},
    {"astrometric_params_solved", 'E', ""},
    {"duplicated_source", 'L', ""},
};

}  // namespace brickline::refs
