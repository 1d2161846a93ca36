// Every exposure of a band against the mean of the others, row by row on the brick. Private to this room; the
// formulas are those of core/detect/outliers.h.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/base/image.h"
#include "core/detect/outliers.h"
#include "core/image/ccd_image.h"
#include "core/resample/pixel_mapping.h"
#include "core/wcs/wcs.h"

namespace brickline::detect_detail {

// One image, ready to be compared.
struct Exposure {
  const CcdImage* image = nullptr;
  PixelMapping mapping;   // brick to image
  double blur_sigma = 0;  // pixels of the image
  float blur_norm2 = 1;   // b^2
  Image<float> smoothed;  // the image at the band's seeing

  float weight(int x, int y) const {
    const float inverse_error = image->inverse_error(x, y);
    return inverse_error * inverse_error / blur_norm2;
  }
  // 1/sqrt(median of the weights > 0 at the brick's pixels); 0 if there is none.
  float noise() const;
};

// All images of a band at the seeing that suits the worst of them.
std::vector<Exposure> prepare_exposures(std::span<const CcdImage* const> images, const Wcs& brick,
                                        const OutlierOptions& options, const ExposurePixels& pixels);

// What the significance of a pixel's difference is good for.
inline constexpr std::uint8_t kAboveFirst = 1, kAboveSecond = 2, kBelowFirst = 4, kBelowSecond = 8;

// A pixel with a significant difference, which is an outlier if the difference is great beside the noise too
// and nothing vetoes it.
struct Candidate {
  int x = 0, y = 0;  // of the brick
  float value = 0, others = 0;
};

struct Comparison {
  Box box;                              // of the brick
  Image<std::uint8_t> classes;          // k... bits above, on the box
  std::vector<Candidate> candidates;    // in raster order
  float noise_low = 0, noise_high = 0;  // Exposure::noise() lies between them
};

struct BandComparison {
  std::vector<Comparison> exposures;
  Image<std::uint8_t> bleeding, saturated;  // 1 where any image says so, on the brick
};
BandComparison compare_exposures(std::span<const Exposure> exposures, const Wcs& brick,
                                 const OutlierOptions& options);

}  // namespace brickline::detect_detail
