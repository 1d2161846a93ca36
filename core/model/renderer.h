// Pictures of sources: the unit-flux model of one source on one image's pixels, for subtraction, model images
// and measurements. (The fitter does not come through here: see core/fit/source_fitter.h.)
//
// A galaxy is a Gaussian mixture times the PSF's transform (Hogg & Lang 2013, PASP 125, 719), transformed
// back; a point source is the PSF's stamp, shifted. The PSF is effective: it contains the pixel. Position:
// 0-based pixels.
#pragma once

#include <memory>
#include <optional>

#include "core/base/image.h"
#include "core/model/galaxy_profiles.h"
#include "core/model/psf_kernel.h"
#include "core/model/source_model.h"
#include "core/wcs/wcs.h"

namespace brickline {

// How a model is moved by a fraction of a pixel.
enum class PsfShift {
  kLanczos3,  // 7 normalized taps of Lanczos-3, as released catalogs; displaces centroids by up to 0.02 pixel
  kFourier,   // a phase, exact for a band-limited PSF
};

struct RenderOptions {
  PsfShift shift = PsfShift::kLanczos3;
  GalaxyProfiles profiles = GalaxyProfiles::kReference;
  // Components of a galaxy whose width (root of the covariance's trace, pixels) exceeds N/2/ramp_low go past
  // the transform of size N as Gaussians convolved with the PSF's Gaussian; those below N/2/ramp_high go
  // through it; between, both in proportion. The reference pipeline's numbers.
  double ramp_low = 3, ramp_high = 4;
};

// A picture with its place: pixel (0, 0) of `pixels` is the image's pixel (x0, y0).
struct Patch {
  Image<float> pixels;
  int x0 = 0, y0 = 0;
  Box box() const { return {x0, x0 + pixels.width(), y0, y0 + pixels.height()}; }
};

// image += factor * patch, where they overlap.
void add_patch(ImageView<float> image, const Patch& patch, float factor);

// What an image does to a source.
struct RenderTarget {
  int width = 0, height = 0;  // pixels
  CdMatrix cd{};              // degrees per pixel, the header's constant one: for shapes
  const PsfKernel* psf = nullptr;
  int band = -1;  // of the source's: what composite galaxies are drawn for, whose components differ in colour
};

// The pixels that a source without a mask is drawn on: the stamp's for a point source (it may hang over the
// edge), and for a galaxy a box clipped to the image, of half size
//   max(PSF radius, min(max(1, nre re/pixel scale), 1 + the greatest distance to an edge)),
// nre = 4 for REX and EXP, 8 for DEV and SER; of COMP the larger of its components' boxes. Empty when nothing of it can fall on the image, or the position
// or the shape is not finite.
std::optional<Box> model_extent(const SourceModel& source, PixelPosition at, const RenderTarget& target);

// Not for use by two threads at once: it keeps its working memory between calls.
class Renderer {
 public:
  explicit Renderer(const RenderOptions& options = {});
  ~Renderer();
  Renderer(Renderer&&) noexcept;
  Renderer& operator=(Renderer&&) noexcept;

  // The unit-flux model on model_extent(); empty where that is, or if the model is not finite.
  std::optional<Patch> patch(const SourceModel& source, PixelPosition at, const RenderTarget& target);
  // The unit-flux model on exactly the pixels of `mask` (image pixels; it may hang over the edge). Empty when
  // a point source's stamp does not reach the mask.
  std::optional<Patch> patch_on(const Box& mask, const SourceModel& source, PixelPosition at,
                                const RenderTarget& target);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace brickline
