// What bright stars' halos leave on the images once a camera's recipe of them is taken off, or all of them where there is no
// recipe: of each star and image the level by distance from the star, measured on pixels that no blob has,
//
//   level(r) = c0 + c1 R/r + c2 (R/r)^2,  first <= r <= R,
//
// R the radius of the star's mask (a little more where its magnitudes in the fitted bands say so). Within `first`, where too
// few pixels are free or the level is not known well enough, there is nothing but a ramp: the star's own model is to stand
// for what is there. Beyond the last ring with free pixels, or R, it fades out.
#pragma once

#include <array>
#include <optional>
#include <span>
#include <vector>

#include "core/detect/blob_map.h"
#include "core/detect/source_list.h"
#include "core/image/ccd_image.h"
#include "core/model/source_model.h"

namespace brickline {

// A star in whose mask sources are fitted over a background, by a catalog.
struct MaskedStar {
  double ra = 0, dec = 0, radius = 0;  // degrees; of the mask, arcsec
  int source = -1;                     // index into the SourceList; -1: it is not fitted
};

class HaloRests {
 public:
  HaloRests() = default;
  // Of the stars among the sources that have halos, each where the others are taken off. `blobs` are all of the brick;
  // pixels that are `bright` (may be empty) are no blank sky either. `masked`: nothing is known of what lies around those
  // that are not fitted, or too faint in the fitted bands.
  HaloRests(std::span<const CcdImage> images, const Wcs& brick, const BlobMap& blobs,
            ImageView<const std::uint8_t> bright, const SourceList& sources,
            std::span<const MaskedStar> masked = {});

  // Takes them off the pixels of a box of an image.
  void take_off(std::size_t image, const Box& box, Image<float>& data) const;

  struct Star {
    int source = -1;                     // index into the SourceList; -1: none
    double ra = 0, dec = 0, radius = 0;  // degrees; arcsec
    bool measured = false;               // whether it was tried to
  };
  const std::vector<Star>& stars() const { return stars_; }

  struct Range {
    double from = 0, to = 0;  // arcsec from the star; nowhere, if it ends before it begins
  };
  // Where the level of a star (of stars()) is known on an image. Empty: no pixel of the image is near it.
  std::optional<Range> known(std::size_t image, std::size_t star) const;

 private:
  enum class Outcome { kNoPixel, kUnknown, kKnown };
  struct Level {
    Outcome outcome = Outcome::kNoPixel;
    double x = 0, y = 0, arcsec_per_pixel = 1;
    double first = 0, last = 0, radius = 0;  // arcsec
    std::array<double, 3> c{};
    double at(double r) const;
    double at_pixel(int px, int py) const;
    Box box(const Box& within) const;
  };
  struct Blank;
  static Outcome measure(const CcdImage& image, const Blank& blank, const std::vector<Level>& all,
                         Level& out);

  std::vector<Star> stars_;
  std::vector<std::vector<Level>> levels_;  // per image, of each star that was measured
};

}  // namespace brickline
