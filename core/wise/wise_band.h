// The four bands of WISE, and the numbers that go with each.
//
// unWISE images are in Vega nanomaggies per pixel of 2.75 arcsec (22.5 - 2.5 log10 f = Vega magnitude); all
// of this room works in them, and catalogs hold AB nanomaggies: m_AB = m_Vega + ab_minus_vega.
#pragma once

#include <array>
#include <span>
#include <string_view>

namespace brickline {

inline constexpr int kWiseBands = 4;
inline constexpr int kWiseEpochBands = 2;        // W1 and W2 have time-resolved coadds
inline constexpr double kWisePixelScale = 2.75;  // arcsec
inline constexpr int kWiseTilePixels = 2048;     // on a side
inline constexpr int kWiseApertures = 5;
inline constexpr std::array<double, kWiseApertures> kWiseApertureRadiiArcsec = {3, 5, 7, 9, 11};

struct WiseBand {
  int number = 1;            // 1 to 4
  std::string_view name;     // in columns: "w1"
  std::string_view product;  // in names of files and FILTER cards: "W1"
  double ab_minus_vega = 0;  // mag

  // What the coadds' inverse variances leave out: 1/ie^2 grows by noise_floor^2 + photon_factor^2 max(0, d).
  // 0 in bands where nothing is added.
  double noise_floor = 0, photon_factor = 0;
  double saturation = 0;  // pixels above it (and three pixels around) are not used; 0: no limit
  // Inverse variances as distributed, times this: W4 is binned 2 x 2 on board, and its pixels are correlated.
  double invvar_factor = 1;
  // The same once more on what is told of a flux: as in released catalogs.
  double flux_ivar_factor = 1;

  std::string_view psf_file;
  double psf_scale = 1;            // the PSF's sum: the flux that the models' calibration puts in aperture
  bool psf_native_pixels = false;  // the model's pixels are 5.5 arcsec

  // Half the width of a point source's stamp grows at these values of the pixel it stands on.
  std::array<double, 2> bright_limits{};

  bool has_epochs() const { return number <= kWiseEpochBands; }
  // AB nanomaggies per Vega nanomaggy: 10^(-ab_minus_vega/2.5).
  double ab_per_vega() const;
};

std::span<const WiseBand> wise_bands();  // in order
const WiseBand& wise_band(int number);   // 1 to 4

}  // namespace brickline
