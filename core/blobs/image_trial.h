// Models tried on the images of a blob, and what chi-squared makes of them. Private to this room.
#pragma once

#include <vector>

#include "core/base/image.h"
#include "core/blobs/blob_images.h"

namespace brickline {

// What BlobImages::add() does to the images from now on: pixels are remembered where it first touches them, so that a
// trial costs what it touches and not the blob. One at a time for the same images, which must outlive it; at its end the
// images are as they were, unless it was kept.
class ImageTrial {
 public:
  explicit ImageTrial(BlobImages& images);
  ~ImageTrial();
  ImageTrial(const ImageTrial&) = delete;
  ImageTrial& operator=(const ImageTrial&) = delete;

  // chi-squared of all images as they are now, less what it was at the start.
  double chi2_change() const;
  // The images become what they were at the start, bit by bit.
  void roll_back();
  // What was done to the images since the start stays; what comes after it is tried anew.
  void keep();

 private:
  friend class BlobImages;
  struct Touched {
    Box box;  // around all that was touched; empty: nothing
    Image<float> before;
  };
  void about_to_change(const SourcePatches& patches);

  BlobImages& images_;
  std::vector<Touched> touched_;  // per image
};

}  // namespace brickline
