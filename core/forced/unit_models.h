// Models of unit flux on one image, each with the PSF as it is at its source. Of composite galaxies the bulge's first
// fraction counts: they are of one band.
#pragma once

#include <memory>
#include <optional>

#include "core/image/ccd_image.h"
#include "core/model/psf_kernel.h"
#include "core/model/renderer.h"
#include "core/model/source_model.h"
#include "core/wcs/wcs.h"

namespace brickline {

// Not for use by two threads at once. The image must outlive it.
class UnitModels {
 public:
  explicit UnitModels(const CcdImage& image, GalaxyProfiles profiles);
  // `at`: pixels of the image. Empty where nothing of the source falls on the image.
  std::optional<Patch> patch(const SourceModel& source, PixelPosition at);
  // The PSF at a place, for pictures of one star at several places near it.
  std::unique_ptr<PsfKernel> kernel_at(PixelPosition at) const;
  // On the pixels of `box` alone, moved to its place exactly (by phases, not by seven taps): for derivatives.
  std::optional<Patch> patch_on(const Box& box, const SourceModel& source, PixelPosition at,
                                const PsfKernel& psf);

 private:
  bool near_image(const SourceModel& source, PixelPosition at) const;
  const CcdImage& image_;
  Renderer renderer_, exact_renderer_;
  RenderTarget target_;
  std::unique_ptr<PsfKernel> constant_;
};

}  // namespace brickline
