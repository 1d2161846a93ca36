// What one run works on: a brick (or a custom piece of sky), the pixel grid of its image, and the part of the
// sky that belongs to it alone.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "core/base/image.h"
#include "core/survey/bricks.h"
#include "core/wcs/wcs.h"

namespace brickline {

inline constexpr int kBrickPixels = 3600;          // the survey's brick images
inline constexpr double kBrickPixelScale = 0.262;  // arcsec

// A tangent plane about (ra, dec), the centre of the image; east is -x, north +y.
Wcs brick_wcs(double ra, double dec, int width, int height, double pixel_scale_arcsec);

struct TargetOptions {
  int width = kBrickPixels, height = kBrickPixels;
  double pixel_scale_arcsec = kBrickPixelScale;
  std::optional<Box> zoom;  // the part of the brick's image to work on; may reach beyond it
};

struct Target {
  Brick brick;
  Wcs wcs;  // of the (zoomed) image
  int width() const { return wcs.width(); }
  int height() const { return wcs.height(); }
  // Centres of the corner pixels, (0,0), (W-1,0), (W-1,H-1), (0,H-1).
  std::array<SkyPosition, 4> corners() const { return wcs.corners(); }
  std::vector<SkyPosition> polygon() const {
    const auto c = corners();
    return {c.begin(), c.end()};
  }
};

// Error (kUsage) for sizes, scales and zooms that make no image.
Target make_target(const Brick& brick, const TargetOptions& options = {});

// A target about any position. Its brick has id -1, the name "custom-..." unless one is given, and the bounds
// of its image: the RA of the middles of the outermost columns, the Dec of those of the outermost rows;
// of an image that holds a pole all RA, and the Dec from the pole to the middle of the farthest edge.
Target make_custom_target(double ra, double dec, const TargetOptions& options = {},
                          const std::string& name = {});

}  // namespace brickline
