// Bands of Gaia's synthetic photometry (Gaia DR3, table synthetic_photometry_gspc; Gaia Collaboration, Montegriffo et al.
// 2023, A&A 674, A33).
#pragma once

namespace brickline::refs {

struct GspcBand {
  const char* name;    // as colour terms call it
  const char* column;  // how the archive's columns of it begin: u_jkc_mag, u_jkc_flag
  bool vega;           // its magnitudes are on the Vega scale, not AB
};
// Johnson-Kron-Cousins, SDSS, Pan-STARRS.
inline constexpr GspcBand kGspcBands[] = {
    {"U", "u_jkc", true},   {"B", "b_jkc", true},   {"V", "v_jkc", true},   {"R", "r_jkc", true},
    {"I", "i_jkc", true},   {"u", "u_sdss", false}, {"g", "g_sdss", false}, {"r", "r_sdss", false},
    {"i", "i_sdss", false}, {"z", "z_sdss", false}, {"Y", "y_ps1", false}};

}  // namespace brickline::refs
