// What a person looks at to judge the calibrations of a CCD: its sky and what the sky model leaves of the image, the PSF
// over the chip, the noise against what the weights say.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "core/base/image.h"
#include "core/psf/psf.h"

namespace brickline {

// The PSF at one place.
struct PsfShape {
  double x = 0, y = 0;       // CCD pixels, 0-based
  double fwhm_pixels = 0;    // diameter of the circle with the area above half of the peak
  double ellipticity = 0;    // 1 - b/a
  double angle_degrees = 0;  // of the long axis, from x towards y, within -90 to 90
};
// Axes from second moments under a round Gaussian weight of the stamp's own width, whose own effect is taken out as for
// Gaussians (1/I = 1/I_weighted - 1/W; Kaiser, Squires & Broadhurst 1995 weigh so). NaN where there is no light.
PsfShape shape_of(const Image<float>& stamp);

struct CcdPortrait {
  int width = 0, height = 0;  // of the CCD, pixels
  Box extent;                 // the part that was looked at: that of the sky's pictures

  // Cells of bin x bin pixels. NaN where less than a quarter of a cell is sky.
  int bin = 1;
  Image<float> sky;            // the model, native units
  Image<float> residual;       // mean of image - model, in units of sig1
  double residual_excess = 0;  // its width over what noise alone gives: 1 for a model that leaves nothing
  Image<float>
      noise;  // in cells of 8 bins: width of (image - model)/error, which is 1 for weights that are right
  double noise_over_weights = 0;  // the same of all pixels
  static constexpr double kPullRange = 5;
  std::array<double, 50> pulls{};  // histogram of it over +-kPullRange, a density

  std::vector<PsfShape> psf;  // on a grid of kPsfGrid x kPsfGrid, row by row
  static constexpr int kPsfGrid = 5;
  std::vector<Image<float>> stamps;  // corners, middles of edges, centre: 3 x 3, row by row

  std::vector<std::string> lacking;  // why a part is not here
};

// `pixels` in native units, `inverse_error` 1/sigma; both of `extent`. `sky`: the model's level. The PSF is asked in CCD
// pixels. Sources are found and left out as they are where skies are fitted.
void portray_sky(const Image<float>& pixels, const Image<float>& inverse_error, const Image<float>& sky,
                 CcdPortrait& out);
void portray_psf(const Psf& psf, CcdPortrait& out);

// How large pictures are at most.
struct PictureSizes {
  int side = 128;         // of the sky's, cells; 0: none, of the noise neither
  int stamp_radius = 20;  // of the PSF's, pixels; 0: none
};
// Pictures made smaller: cells put together, stamps cut. Numbers stay what they are.
void reduce(CcdPortrait& portrait, const PictureSizes& sizes);

}  // namespace brickline
