#include "core/resample/pixel_mapping.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <cmath>
#include <limits>

#include "core/resample/cubic_spline.h"

namespace brickline {
namespace {

constexpr double kNowhere = std::numeric_limits<double>::quiet_NaN();
constexpr int kFewestNodes = 4;  // per axis, of a cubic spline; with fewer the mapping is exact

PixelPosition map_exactly(const Wcs& target, const Wcs& input, double x, double y) {
  const SkyPosition sky = target.pixel_to_sky(x, y);
  return input.sky_to_pixel(sky.ra, sky.dec).value_or(PixelPosition{kNowhere, kNowhere});
}

// To the nearest integer, halves to even, kept within what an image may reach.
int nearest_pixel(double v) {
  constexpr double kReach = 1 << 28;
  return static_cast<int>(std::nearbyint(std::clamp(v, -kReach, kReach)));
}

}  // namespace

std::optional<ProjectedBounds> project_corners(const Wcs& target, const Wcs& input) {
  std::optional<ProjectedBounds> bounds;
  for (const SkyPosition& corner : input.corners()) {
    const auto p = target.sky_to_pixel(corner.ra, corner.dec);
    if (!p) return {};
    if (!bounds) bounds = ProjectedBounds{p->x, p->x, p->y, p->y};
    bounds->x0 = std::min(bounds->x0, p->x);
    bounds->x1 = std::max(bounds->x1, p->x);
    bounds->y0 = std::min(bounds->y0, p->y);
    bounds->y1 = std::max(bounds->y1, p->y);
  }
  return bounds;
}

double surface_brightness_scale(const Wcs& target, const Wcs& input) {
  const double ratio = target.pixel_scale_arcsec() / input.pixel_scale_arcsec();
  return ratio * ratio;
}

PixelMapping::PixelMapping(const Wcs& target, const Wcs& input, const PixelMappingOptions& options)
    : target_(target), input_(input), options_(options) {
  const auto bounds = project_corners(target, input);
  if (!bounds) return;
  const Box image = Box::from_size(target.width(), target.height());
  const Box corners{nearest_pixel(bounds->x0), nearest_pixel(bounds->x1) + 1, nearest_pixel(bounds->y0),
                    nearest_pixel(bounds->y1) + 1};
  const int m = options.margin;
  box_ = intersection({corners.x0 - m, corners.x1 + m, corners.y0 - m, corners.y1 + m}, image);
  if (box_.empty()) return;
  nx_ = static_cast<int>(std::ceil((box_.width() - 1) / options.node_spacing)) + 1;
  ny_ = static_cast<int>(std::ceil((box_.height() - 1) / options.node_spacing)) + 1;
  if (nx_ >= kFewestNodes && ny_ >= kFewestNodes) {
    build_nodes();
  } else {
    nx_ = ny_ = 0;
    box_ = intersection(corners, image);
  }
}

void PixelMapping::build_nodes() {
  x_first_ = box_.x0;
  y_first_ = box_.y0;
  x_step_ = (box_.width() - 1.0) / (nx_ - 1);
  y_step_ = (box_.height() - 1.0) / (ny_ - 1);
  const std::size_t count = static_cast<std::size_t>(nx_) * ny_;
  for (auto* v : {&node_x_, &node_y_, &curve_x_, &curve_y_}) v->resize(count);
  for (int j = 0; j < ny_; ++j)
    for (int i = 0; i < nx_; ++i) {
      const PixelPosition p = map_exactly(target_, input_, x_first_ + i * x_step_, y_first_ + j * y_step_);
      if (std::isnan(p.x)) {
        // A node without a place on the input would spoil every pixel: map them one by one instead.
        nx_ = ny_ = 0;
        return;
      }
      node_x_[j * nx_ + i] = p.x;
      node_y_[j * nx_ + i] = p.y;
    }
  const UniformSpline along_y(ny_);
  for (int i = 0; i < nx_; ++i) {
    along_y.curvatures(&node_x_[i], &curve_x_[i], nx_);
    along_y.curvatures(&node_y_[i], &curve_y_[i], nx_);
  }
}

void PixelMapping::positions(int y, std::span<double> input_x, std::span<double> input_y) const {
  assert(y >= box_.y0 && y < box_.y1);
  const int width = box_.width();
  assert(static_cast<int>(input_x.size()) == width && static_cast<int>(input_y.size()) == width);
  if (nx_ == 0) {
    for (int i = 0; i < width; ++i) {
      const PixelPosition p = map_exactly(target_, input_, box_.x0 + i, y);
      input_x[i] = p.x;
      input_y[i] = p.y;
    }
    return;
  }
  // A tensor product: along y at every column of nodes, then along x through the values found there.
  const double at = (y - y_first_) / y_step_;
  const int j = std::clamp(static_cast<int>(at), 0, ny_ - 2);
  const UniformSpline along_x(nx_);
  std::vector<double> value(nx_), curve(nx_);
  for (const bool is_x : {true, false}) {
    const std::vector<double>& node = is_x ? node_x_ : node_y_;
    const std::vector<double>& bend = is_x ? curve_x_ : curve_y_;
    const std::span<double> out = is_x ? input_x : input_y;
    for (int i = 0; i < nx_; ++i) {
      const std::size_t k = static_cast<std::size_t>(j) * nx_ + i;
      value[i] = UniformSpline::cubic(node[k], node[k + nx_], bend[k], bend[k + nx_])(at - j);
    }
    along_x.curvatures(value.data(), curve.data(), 1);
    int x = 0;
    for (int i = 0; i + 1 < nx_; ++i) {
      const auto cubic = UniformSpline::cubic(value[i], value[i + 1], curve[i], curve[i + 1]);
      const int end = i + 2 == nx_ ? width : static_cast<int>(std::ceil((i + 1) * x_step_));
      for (; x < end; ++x) out[x] = cubic(x / x_step_ - i);
    }
  }
}

bool PixelMapping::map_row(int y, Row& row) const {
  const int width = box_.width();
  row.y = y;
  row.x0 = box_.x0;
  row.ix.resize(width);
  row.iy.resize(width);
  row.dx.resize(width);
  row.dy.resize(width);
  std::vector<double> position(2 * static_cast<std::size_t>(width));
  const std::span<double> fx(position.data(), width), fy(position.data() + width, width);
  positions(y, fx, fy);
  const double lowest = options_.extend_low_edges ? -1.5 : -0.5;
  const double x_end = input_.width() - 0.5, y_end = input_.height() - 0.5;
  bool any = false;
  for (int i = 0; i < width; ++i) {
    // False for NaN too.
    const bool inside = fx[i] > lowest && fx[i] < x_end && fy[i] > lowest && fy[i] < y_end;
    if (!inside) {
      row.ix[i] = row.iy[i] = -1;
      row.dx[i] = row.dy[i] = 0;
      continue;
    }
    any = true;
    row.ix[i] = static_cast<int>(fx[i] + 0.5);  // toward zero
    row.iy[i] = static_cast<int>(fy[i] + 0.5);
    row.dx[i] = static_cast<float>(fx[i] - row.ix[i]);
    row.dy[i] = static_cast<float>(fy[i] - row.iy[i]);
  }
  return any;
}

}  // namespace brickline
