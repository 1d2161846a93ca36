#include "core/page/outlines.h"

#include <algorithm>
#include <map>

namespace brickline {
namespace {

constexpr int kLargestStep = 16;

enum Direction { kRight = 0, kUp = 1, kLeft = 2, kDown = 3 };
constexpr int kDx[4] = {1, 0, -1, 0};
constexpr int kDy[4] = {0, 1, 0, -1};

class Tracer {
 public:
  Tracer(ImageView<const std::int32_t> labels, int step)
      : labels_(labels),
        step_(step),
        width_((labels.width() + step - 1) / step),
        height_((labels.height() + step - 1) / step),
        left_edge_seen_(static_cast<std::size_t>(width_) * height_) {}

  std::vector<Outline> all() {
    std::map<std::int32_t, std::vector<OutlinePath>> found;
    for (int y = 0; y < height_; ++y)
      for (int x = 0; x < width_; ++x) {
        const std::int32_t label = at(x, y);
        if (label >= 0 && at(x - 1, y) != label && !seen(x, y)) found[label].push_back(trace(x, y, label));
      }
    std::vector<Outline> out;
    for (auto& [label, paths] : found) out.push_back({label, std::move(paths)});
    return out;
  }

 private:
  std::int32_t at(int x, int y) const {
    if (x < 0 || y < 0 || x >= width_ || y >= height_) return -1;
    return labels_(x * step_, y * step_);
  }
  std::vector<bool>::reference seen(int x, int y) {
    return left_edge_seen_[static_cast<std::size_t>(y) * width_ + x];
  }
  // Whether the edge that leaves corner (x, y) in that direction has the label on its left and another on its right.
  bool is_edge(int x, int y, int direction, std::int32_t label) const {
    // The pixels to the left and right of the edge.
    static constexpr int kInX[4] = {0, -1, -1, 0}, kInY[4] = {0, 0, -1, -1};
    static constexpr int kOutX[4] = {0, 0, -1, -1}, kOutY[4] = {-1, 0, 0, -1};
    return at(x + kInX[direction], y + kInY[direction]) == label &&
           at(x + kOutX[direction], y + kOutY[direction]) != label;
  }

  // Around the area of which pixel (px, py) is part, beginning at that pixel's left edge.
  OutlinePath trace(int px, int py, std::int32_t label) {
    struct Corner {
      int x, y, leaving;
    };
    std::vector<Corner> corners;
    int x = px, y = py + 1, direction = kDown;
    do {
      if (direction == kDown) seen(x, y - 1) = true;
      x += kDx[direction];
      y += kDy[direction];
      int next = (direction + 1) % 4;  // to the left: pixels that touch at a corner are apart
      while (!is_edge(x, y, next, label)) next = (next + 3) % 4;
      if (next != direction) corners.push_back({x, y, next});
      direction = next;
    } while (x != px || y != py + 1 || direction != kDown);

    if (corners.front().leaving % 2 != 0) std::rotate(corners.begin(), corners.begin() + 1, corners.end());
    OutlinePath path{along_x(corners[0].x), along_y(corners[0].y), {}};
    for (std::size_t i = 0; i + 1 < corners.size(); ++i)
      path.moves.push_back(i % 2 == 0 ? along_x(corners[i + 1].x) - along_x(corners[i].x)
                                      : along_y(corners[i + 1].y) - along_y(corners[i].y));
    return path;
  }
  // Corners of the coarse picture as corners of the fine one, whose last pixels may be fewer than a step.
  int along_x(int x) const { return std::min(x * step_, labels_.width()); }
  int along_y(int y) const { return std::min(y * step_, labels_.height()); }

  ImageView<const std::int32_t> labels_;
  int step_, width_, height_;
  std::vector<bool> left_edge_seen_;
};

}  // namespace

std::vector<Outline> trace_outlines(ImageView<const std::int32_t> labels, int step) {
  return Tracer(labels, step).all();
}

std::int64_t corners_of(const std::vector<Outline>& outlines) {
  std::int64_t corners = 0;
  for (const Outline& outline : outlines)
    for (const OutlinePath& path : outline.paths) corners += static_cast<std::int64_t>(path.moves.size()) + 1;
  return corners;
}

std::vector<Outline> outlines_within(ImageView<const std::int32_t> labels, std::int64_t most_corners) {
  for (int step = 1;; step *= 2) {
    std::vector<Outline> outlines = trace_outlines(labels, step);
    if (step >= kLargestStep || corners_of(outlines) <= most_corners) return outlines;
  }
}

}  // namespace brickline
