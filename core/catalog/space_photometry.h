// What WISE and GALEX say of a catalog's row. Fluxes are AB nanomaggies; 0 (with inverse variance 0) stands for
// "not measured".
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace brickline {

inline constexpr std::array<std::string_view, 4> kCatalogWiseBands = {"w1", "w2", "w3", "w4"};
inline constexpr std::array<std::string_view, 2> kCatalogGalexBands = {"nuv", "fuv"};
// Of both, arcsec.
inline constexpr std::array<double, 5> kSpaceApertureRadiiArcsec = {3, 5, 7, 9, 11};
using SpaceApertures = std::array<float, kSpaceApertureRadiiArcsec.size()>;

struct SpaceBand {
  float flux = 0, flux_ivar = 0;
  float rchisq = 0, fracflux = 0;
  float psfdepth = 0;     // inverse variance of a point source's flux
  std::int16_t nobs = 0;  // frames of WISE, fields of GALEX
  SpaceApertures apflux{}, apflux_resid{}, apflux_ivar{};
};

// One band's light curve: a value per epoch, in order of the coadds.
struct LightCurve {
  std::vector<float> flux, flux_ivar, fracflux, rchisq;
  std::vector<std::int16_t> nobs;
  std::vector<double> mjd;  // 0: no data
  std::vector<int> kept;  // the epochs that the catalog holds, ascending; the intermediate catalog holds all
};

struct WiseRow {
  std::array<SpaceBand, kCatalogWiseBands.size()> bands;
  std::array<LightCurve, 2> curves;  // W1, W2
  std::array<std::uint8_t, 2> mask{};
  std::string coadd_id;  // the tile it was measured on
  float x = 0, y = 0;    // there
};

struct GalexRow {
  std::array<SpaceBand, kCatalogGalexBands.size()> bands;
};

// Which of these columns a catalog has.
struct SpaceColumns {
  bool wise = false, wise_apertures = false;
  int light_curve_width = 0;   // of the catalog's light curves; 0: none
  int light_curve_epochs = 0;  // of the intermediate catalog's
  bool galex = false;
};

}  // namespace brickline
