// The pixels of one source's fit, gathered once: what of every image lies inside its mask, in the layout of
// the kernels, and what the rest of the image adds to chi-square (core/fit only).
#pragma once

#include <span>
#include <vector>

#include "core/fit/source_fitter.h"
#include "core/model/aligned.h"
#include "core/model/kernels.h"

namespace brickline {

struct FitWindow {
  const FitImage* image = nullptr;
  Box mask;  // inside the image
  int pitch = 0;
  long count = 0;                 // pitch * width
  const float* data = nullptr;    // x-major; 0 where masked
  const float* weight = nullptr;  // inverse_error^2
  kernels::PixelSums outside{};   // of the image without the mask
  // Of the mask; computed anew by each call.
  kernels::PixelSums inside() const;
};

class FitWindows {
 public:
  // Images without pixels, PSF or a legal band, and of the rest those whose mask misses the image, take no
  // part in the model; their pixels still count in `outside`.
  void gather(std::span<const FitImage> images, int bands);
  std::span<const FitWindow> windows() const { return windows_; }

 private:
  std::vector<FitWindow> windows_;
  AlignedFloats pixels_;
};

}  // namespace brickline
