// The pixels of one blob: what of every image falls on it, and nothing else.
//
// A cut-out is the part of an image under the blob's rectangle; only pixels whose nearest blob pixel is in
// the blob's mask keep their weight. Blob pixels are brick pixels less the origin of the blob's box.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/base/image.h"
#include "core/blobs/blob_task.h"
#include "core/blobs/halo_rests.h"
#include "core/blobs/inner_parallel.h"
#include "core/detect/detection_maps.h"
#include "core/fit/source_fitter.h"
#include "core/image/ccd_image.h"
#include "core/model/psf_kernel.h"
#include "core/model/renderer.h"
#include "core/resample/pixel_mapping.h"

namespace brickline {

struct BlobImage {
  std::size_t index = 0;  // of the image that it was cut from
  int band = 0;
  Box box;                           // in the image it was cut from
  Image<float> data, inverse_error;  // finite everywhere; models are subtracted from data in place
  Image<std::uint16_t> mask;
  std::uint16_t saturation_bits = 0;
  double psf_sigma = 0, sig1 = 0, mjd_tai = 0;
  Wcs wcs;
  PixelMapping from_blob;             // blob pixels to pixels of this cut-out
  Image<std::int32_t> blob_pixel;     // y * width + x of the nearest blob pixel; -1 outside the rectangle
  std::unique_ptr<PsfKernel> kernel;  // null where the PSF varies over the cut-out
  Psf psf;                            // in pixels of the cut-out
};

// The models of one source as drawn, one per image; empty where it does not fall on the image or has no flux
// there.
using SourcePatches = std::vector<std::optional<Patch>>;

class ImageTrial;

class BlobImages {
 public:
  // Images that do not reach the blob, and those whose PSF is not finite or holds no light, are left out.
  BlobImages(std::span<const CcdImage> images, std::span<const std::string> bands, const Wcs& brick,
             const BlobTask& task, int constant_psf_size, GalaxyProfiles profiles,
             const HaloRests* rests = nullptr);  // which are taken off

  const Wcs& wcs() const { return wcs_; }  // of the blob's rectangle
  int width() const { return wcs_.width(); }
  int height() const { return wcs_.height(); }
  std::vector<BlobImage>& images() { return images_; }
  const std::vector<BlobImage>& images() const { return images_; }
  std::int64_t good_pixels() const;           // unmasked ones of all images
  int left_out() const { return left_out_; }  // images whose PSF is not usable

  // Where a source stands in an image, its motion taken into account; empty if it has no place there.
  std::optional<PixelPosition> place(const SourceModel& source, const BlobImage& image) const;
  // The source as it is drawn on every image: unit model times flux, natural extent, clipped to the image.
  SourcePatches draw(const SourceModel& source, ThreadTools& tools, bool in_parallel = false) const;
  // The pixels that a source is fitted and drawn on together with others: its natural extent, of a galaxy grown to
  // where its light is lost in the noise. Empty where nothing of it falls on the image.
  std::optional<Box> window(const SourceModel& source, PixelPosition at, const BlobImage& image,
                            const PsfKernel& kernel) const;
  // What of its window a source is fitted on over a constant that stands for a halo: a halo is no constant farther off.
  Box near(const Box& window, const SourceModel& source, PixelPosition at, const BlobImage& image) const;
  // The source as it is drawn on these windows.
  SourcePatches draw_on_windows(const SourceModel& source, ThreadTools& tools,
                                bool in_parallel = false) const;
  // data += factor * patches.
  void add(const SourcePatches& patches, float factor);

  // How far a source's model is from another of it, in sigmas of all images together.
  double distance(const SourcePatches& from, const SourcePatches& to) const;

  // What is drawn beside where a source was drawn before, in sigmas of all images together.
  double light_beside(const SourcePatches& drawn, const SourcePatches& before) const;

  // A fit's view of an image around a source; pixels of `box` only, the whole of it as the model's mask.
  // Empty if the source cannot be placed.
  std::optional<FitImage> fit_image(const SourceModel& source, const BlobImage& image, const Box& box,
                                    std::vector<std::unique_ptr<PsfKernel>>& own_kernels) const;

  // The images as detection sees them.
  std::vector<DetectionImage> detection_images() const;

 private:
  template <class Extent>
  SourcePatches drawn(const SourceModel& source, ThreadTools& tools, bool in_parallel, Extent&& extent) const;

  friend class ImageTrial;

  Wcs wcs_;
  GalaxyProfiles profiles_;
  std::vector<BlobImage> images_;
  int left_out_ = 0;
  ImageTrial* trial_ = nullptr;  // is told before pixels change
};

// The kernel of an image at a pixel: its constant one, or one made for the place and kept in `own_kernels`.
const PsfKernel* kernel_at(const BlobImage& image, double x, double y,
                           std::vector<std::unique_ptr<PsfKernel>>& own_kernels);

}  // namespace brickline
