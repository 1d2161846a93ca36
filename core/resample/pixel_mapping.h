// Where the pixels of one grid fall on another: target pixel -> sky -> input pixel.
//
// The mapping is smooth, so it is evaluated exactly on nodes some 25 pixels apart and interpolated between
// them by a tensor product of cubic splines (not-a-knot ends), good to well below 1e-4 pixel for any survey
// camera; small regions are mapped exactly, pixel by pixel. The object is small (nodes only): rows are worked
// out when asked for. Pixels are 0-based throughout. Const calls are safe from any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "core/base/image.h"
#include "core/wcs/wcs.h"

namespace brickline {

// The bounds, in target pixels, of the four corner pixels' centres of an input image.
struct ProjectedBounds {
  double x0 = 0, x1 = 0, y0 = 0, y1 = 0;
};
// Empty if a corner has no place on the target's tangent plane.
std::optional<ProjectedBounds> project_corners(const Wcs& target, const Wcs& input);

// The factor that keeps surface brightness when pixels of `input` become pixels of `target`: the ratio of
// their areas, from the constant pixel scales. Images and models are multiplied by it, inverse variances
// divided by its square.
double surface_brightness_scale(const Wcs& target, const Wcs& input);

struct PixelMappingOptions {
  double node_spacing = 25;  // pixels; the reference pipeline's
  int margin = 12;  // candidate pixels beyond the projected corners, when interpolating; the reference's
  // The reference rounds input positions by truncating f + 0.5 toward zero, so that target pixels up to 1.5
  // pixels before the input's first column or row still take its value. False: they count as outside.
  bool extend_low_edges = true;
};

class PixelMapping {
 public:
  PixelMapping() = default;
  PixelMapping(const Wcs& target, const Wcs& input, const PixelMappingOptions& options = {});

  // The target pixels that may see the input; empty if none does. Some of them may lie outside all the same.
  const Box& box() const { return box_; }
  bool empty() const { return box_.empty(); }
  int input_width() const { return input_.width(); }
  int input_height() const { return input_.height(); }

  // Input positions of the target pixels (box().x0 + i, y); y in the box, both spans box().width() long. NaN
  // where there is none.
  void positions(int y, std::span<double> input_x, std::span<double> input_y) const;

  // One row of target pixels: the nearest input pixel (-1 in `ix` where the input does not reach), and the
  // rest, position - nearest, mostly in [-0.5, 0.5].
  struct Row {
    int y = 0, x0 = 0;  // of the first element, in target pixels
    std::vector<std::int32_t> ix, iy;
    std::vector<float> dx, dy;
    int size() const { return static_cast<int>(ix.size()); }
  };
  // Fills `row`, whose vectors keep their memory from call to call. False if no pixel of the row is covered.
  bool map_row(int y, Row& row) const;

 private:
  void build_nodes();
  Wcs target_, input_;
  PixelMappingOptions options_;
  Box box_;
  // Nodes of the interpolation, [ny][nx]; no nodes: every pixel is mapped exactly.
  int nx_ = 0, ny_ = 0;
  double x_first_ = 0, y_first_ = 0, x_step_ = 1, y_step_ = 1;
  std::vector<double> node_x_, node_y_;    // input positions
  std::vector<double> curve_x_, curve_y_;  // their second derivatives along y, per step^2
};

// Calls f(x, y, ix, iy) for every covered target pixel, in row-major order.
template <typename F>
void for_each_mapped_pixel(const PixelMapping& mapping, F&& f) {
  PixelMapping::Row row;
  for (int y = mapping.box().y0; y < mapping.box().y1; ++y) {
    if (!mapping.map_row(y, row)) continue;
    for (int i = 0; i < row.size(); ++i)
      if (row.ix[i] >= 0) f(row.x0 + i, y, row.ix[i], row.iy[i]);
  }
}

}  // namespace brickline
