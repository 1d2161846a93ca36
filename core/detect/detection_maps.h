// Detection maps: at every brick pixel the flux that a point source centred there would have, and how well
// that is known.
//
// Each image is correlated with a circular Gaussian of its own PSF's width s (the matched filter for that
// PSF):
//   D = G_s * data / n^2,   V = G_s * (n / sig1)^2 where unmasked,   n = 1/(2 sqrt(pi) s)
// (n is the norm of that Gaussian), mapped to the brick by nearest neighbour and averaged with weight V.
// Units: nanomaggies and nanomaggies^-2. Masked pixels and pixels that are not finite count as 0 in both.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/base/cancel.h"
#include "core/base/image.h"
#include "core/image/ccd_image.h"
#include "core/resample/pixel_mapping.h"
#include "core/wcs/wcs.h"

namespace brickline {

// One image as detection sees it: views of pixels of one size, their WCS and how deep they are.
struct DetectionImage {
  ImageView<const float> data;           // nanomaggies per pixel
  ImageView<const float> inverse_error;  // only whether it is above 0 matters
  ImageView<const std::uint16_t> mask;   // may be empty
  std::uint16_t saturation_bits = 0;
  int band = 0;          // index into the run's bands
  double psf_sigma = 0;  // pixels
  double sig1 = 0;       // nanomaggies per pixel
  const Wcs* wcs = nullptr;
  const PixelMapping* mapping =
      nullptr;  // brick to image, if the caller has it already; else made from `wcs`
};

struct DetectionMapOptions {
  // Sensitivity falls off towards every image edge over this many pixels, so that edges are not taken for
  // sources; 0: not at all.
  int apodize_pixels = 10;
  // Saturated: in any image (0), or in at least this many, or in all that cover the pixel.
  int saturated_images = 0;
  Cancel cancel;  // Interrupted, between images
};

struct BandMaps {
  Image<float> flux;              // D; 0 where nothing is known
  Image<float> inverse_variance;  // V
  Image<std::uint8_t> saturated;  // 1 where an image says so
};

// One per band, of the brick's size; parallel, and the same for any number of threads.
std::vector<BandMaps> detection_maps(std::span<const DetectionImage> images, const Wcs& brick, int bands,
                                     const DetectionMapOptions& options = {});

// The views of CCD images whose band is among `bands`.
std::vector<DetectionImage> detection_images(std::span<const CcdImage> images,
                                             std::span<const std::string> bands);

}  // namespace brickline
