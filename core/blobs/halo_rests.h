// What bright stars' halos leave on the images once a camera's recipe of them is taken off, or all of them where there is no
// recipe: of each star and image the level by distance from the star, measured on pixels that no blob has,
//
//   level(r) = c0 + c1 R/r + c2 (R/r)^2,  first <= r <= R,
//
// R the radius of the star's mask (a little more: its magnitudes in the fitted bands say it). Beyond R it fades out; within
// `first`, where too few pixels are free, there is nothing but a ramp: the star's own model is to stand for what is there.
#pragma once

#include <array>
#include <span>
#include <vector>

#include "core/detect/blob_map.h"
#include "core/detect/source_list.h"
#include "core/image/ccd_image.h"
#include "core/model/source_model.h"

namespace brickline {

// A star whose mask sources are fitted over a background in.
bool has_halo(const DetectedSource& source);

class HaloRests {
 public:
  HaloRests() = default;
  // Of the stars among the sources, brightest first, each where those before it are taken off.
  HaloRests(std::span<const CcdImage> images, const Wcs& brick, const BlobMap& blobs,
            const SourceList& sources);

  // Takes them off the pixels of a box of an image.
  void take_off(std::size_t image, const Box& box, Image<float>& data) const;

  struct Star {
    int source = -1;                     // index into the SourceList
    double ra = 0, dec = 0, radius = 0;  // degrees; arcsec
    double known_from = 0;  // arcsec, on all images that it is on; infinite: on one of them nowhere
  };
  const std::vector<Star>& stars() const { return stars_; }

 private:
  struct Level {
    double x = 0, y = 0, arcsec_per_pixel = 1;
    double first = 0, radius = 0;  // arcsec
    std::array<double, 3> c{};
    double at(double r) const;
    Box box(const Box& within) const;
  };
  static bool measure(const CcdImage& image, const Wcs& brick, const BlobMap& blobs,
                      const std::vector<Level>& known, Level& out);

  std::vector<Star> stars_;
  std::vector<std::vector<Level>> levels_;  // per image
};

}  // namespace brickline
