// One image's constant PSF in the forms that rendering needs: the stamp, its Fourier transforms at the sizes
// asked for so far, and the circular Gaussian that stands for it where a galaxy is too wide for the
// transform.
//
// Make one per image (or per image and position, where the PSF varies), keep it as long as sources are
// rendered there: transforms are made once per size. Calls are safe from any thread.
#pragma once

#include <memory>

#include "core/base/image.h"
#include "core/psf/psf.h"

namespace brickline {

class PsfKernel {
 public:
  // `stamp`: response to a unit point source centred on pixel (width/2, height/2), not normalized further.
  // Pixels that are not finite count as 0. `gaussian_sigma_pixels` = 0: no Gaussian; all light goes through
  // the transform.
  PsfKernel(Image<float> stamp, double gaussian_sigma_pixels);
  // The PSF as it is at (x, y).
  PsfKernel(const Psf& psf, double x, double y);
  ~PsfKernel();
  PsfKernel(PsfKernel&&) noexcept;
  PsfKernel& operator=(PsfKernel&&) noexcept;

  const Image<float>& stamp() const;
  int width() const { return stamp().width(); }
  int height() const { return stamp().height(); }
  double gaussian_sigma_pixels() const;
  double radius_pixels() const;  // hypot(width, height)/2

  // The half spectrum at size n x n of the stamp wrapped around index (0, 0); internal to core/model.
  struct Spectrum;
  const Spectrum& spectrum(int n) const;
  // The stamp transposed (x-major) with a frame of zeros; internal to core/model.
  struct Columns;
  const Columns& columns() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace brickline
