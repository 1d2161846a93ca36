// What the fit of a source makes of light that is not its own. Private to this room.
//
// With u_k the change of a source's model by its parameter k and c the light that is added to the images, its best fit moves
// by (sum c u_k w^2)/(sum u_k^2 w^2) in that parameter, all others held, w being the pixels' inverse errors: in sigmas of
// that parameter, by (sum c u_k w^2)/sqrt(sum u_k^2 w^2). Parameters here are the flux of each band, the place, and of
// galaxies the size and both ellipticities, which are what the PSF leaves of them; u_k is made of differences of the pixels
// that the model is drawn with. So it is a measure of what a change does, and no step of a fit.
#pragma once

#include <array>
#include <span>
#include <vector>

#include "core/blobs/blob_images.h"

namespace brickline {

class Sensitivity {
 public:
  // Of a source that is drawn as `own`.
  Sensitivity(const BlobImages& images, const SourceModel& source, const SourcePatches& own);

  const SourceModel& source() const { return source_; }
  // How far its best fit moves, in sigmas, all parameters together, or all but the fluxes. `own`: as it is drawn.
  double felt(const BlobImages& images, const SourcePatches& own, const SourcePatches& added,
              bool with_fluxes = true) const;

 private:
  static constexpr int kOthers = 5;  // east, north, size, two ellipticities
  struct View {
    double x = 0, y = 0;                      // where the source is
    double to_sky[4] = {}, to_pixel[4] = {};  // of offsets, arcsec and pixels
  };
  template <class Each>
  void for_each_pixel(const BlobImage& image, const View& view, const Patch& own, const Box& box,
                      Each&& each) const;

  SourceModel source_;
  int first_ = 0, others_ = 0;  // of the others, those that it has
  std::vector<View> views_;     // of each image
  std::vector<double> flux_;    // per band: sum u^2 w^2
  std::array<double, kOthers> other_{};
};

// All that `to` is drawn with, less all that `from` is.
SourcePatches light_added(std::span<const SourcePatches* const> from,
                          std::span<const SourcePatches* const> to);

}  // namespace brickline
