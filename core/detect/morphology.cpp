#include "core/detect/morphology.h"

#include <algorithm>
#include <limits>
#include <numeric>

#include "core/detect/parallel_rows.h"

namespace brickline {
namespace {

// A horizontal run of set pixels, [x0, x1).
struct Run {
  int y, x0, x1;
};

int root_of(std::vector<int>& parent, int i) {
  while (parent[i] != i) {
    parent[i] = parent[parent[i]];
    i = parent[i];
  }
  return i;
}

// The root of a union is its first run, so that numbering roots in order numbers components in raster order.
void unite(std::vector<int>& parent, int a, int b) {
  a = root_of(parent, a);
  b = root_of(parent, b);
  if (a < b)
    parent[b] = a;
  else
    parent[a] = b;
}

template <typename Set>
Components label_where(int width, int height, Set&& set) {
  std::vector<Run> runs;
  std::vector<int> parent;
  std::size_t previous = 0, previous_end = 0;  // runs of the row above
  for (int y = 0; y < height; ++y) {
    const std::size_t first = runs.size();
    std::size_t above = previous;
    for (int x = 0; x < width;) {
      if (!set(x, y)) {
        ++x;
        continue;
      }
      Run run{y, x, x};
      while (x < width && set(x, y)) ++x;
      run.x1 = x;
      const int index = static_cast<int>(runs.size());
      runs.push_back(run);
      parent.push_back(index);
      while (above < previous_end && runs[above].x1 <= run.x0) ++above;
      for (std::size_t a = above; a < previous_end && runs[a].x0 < run.x1; ++a)
        unite(parent, static_cast<int>(a), index);
    }
    previous = first;
    previous_end = runs.size();
  }

  Components out;
  out.labels = Image<std::int32_t>(width, height);
  std::vector<int> number(runs.size(), 0);
  for (std::size_t i = 0; i < runs.size(); ++i) {
    const Run& run = runs[i];
    const int root = root_of(parent, static_cast<int>(i));
    if (root == static_cast<int>(i)) {
      number[i] = out.count() + 1;
      out.boxes.push_back({run.x0, run.x1, run.y, run.y + 1});
      out.pixels.push_back(0);
    }
    const int label = number[i] = number[root];
    Box& box = out.boxes[label - 1];
    box.x0 = std::min(box.x0, run.x0);
    box.x1 = std::max(box.x1, run.x1);
    box.y1 = run.y + 1;
    out.pixels[label - 1] += run.x1 - run.x0;
    std::fill(out.labels.row(run.y) + run.x0, out.labels.row(run.y) + run.x1, label);
  }
  return out;
}

}  // namespace

Image<std::uint8_t> dilate(ImageView<const std::uint8_t> mask, int n) {
  const int w = mask.width(), h = mask.height();
  Image<std::uint8_t> out(w, h);
  if (w == 0 || h == 0) return out;
  // City-block distance to the nearest set pixel, saturating: forward pass, then backward.
  constexpr std::uint16_t kFar = std::numeric_limits<std::uint16_t>::max() / 2;
  Image<std::uint16_t> distance(w, h);
  for (int y = 0; y < h; ++y) {
    const std::uint8_t* m = mask.row(y);
    std::uint16_t* d = distance.row(y);
    const std::uint16_t* up = y > 0 ? distance.row(y - 1) : nullptr;
    std::uint16_t left = kFar;
    for (int x = 0; x < w; ++x) {
      std::uint16_t v = up ? std::min(left, up[x]) : left;
      v = m[x] ? 0 : static_cast<std::uint16_t>(std::min<int>(v + 1, kFar));
      d[x] = left = v;
    }
  }
  for (int y = h - 1; y >= 0; --y) {
    std::uint16_t* d = distance.row(y);
    const std::uint16_t* down = y + 1 < h ? distance.row(y + 1) : nullptr;
    std::uint8_t* o = out.row(y);
    int right = kFar;
    for (int x = w - 1; x >= 0; --x) {
      int v = std::min<int>(d[x], right + 1);
      if (down) v = std::min(v, down[x] + 1);
      v = std::min<int>(v, kFar);
      d[x] = static_cast<std::uint16_t>(v);
      right = v;
      o[x] = v <= n;
    }
  }
  return out;
}

Image<std::uint8_t> fill_holes(ImageView<const std::uint8_t> mask) {
  const int w = mask.width(), h = mask.height();
  const Components background = label_where(w, h, [&](int x, int y) { return mask(x, y) == 0; });
  // A component reaches the border exactly if its box does.
  std::vector<std::uint8_t> hole(background.count() + 1, 0);
  for (int i = 0; i < background.count(); ++i) {
    const Box& b = background.boxes[i];
    hole[i + 1] = b.x0 > 0 && b.y0 > 0 && b.x1 < w && b.y1 < h;
  }
  hole[0] = 1;  // set pixels stay set
  Image<std::uint8_t> out(w, h);
  for (int y = 0; y < h; ++y)
    for (int x = 0; x < w; ++x) out(x, y) = hole[background.labels(x, y)];
  return out;
}

Components label_components(ImageView<const std::uint8_t> mask) {
  return label_where(mask.width(), mask.height(), [&](int x, int y) { return mask(x, y) != 0; });
}

Image<float> grey_dilate(ImageView<const float> image) {
  const int w = image.width(), h = image.height();
  Image<float> out(w, h);
  detect_detail::parallel_row_blocks(0, h, w, [&](int first, int last) {
    for (int y = first; y < last; ++y) {
      const float* up = image.row(std::max(y - 1, 0));
      const float* here = image.row(y);
      const float* down = image.row(std::min(y + 1, h - 1));
      float* o = out.row(y);
      for (int x = 0; x < w; ++x) o[x] = std::max(here[x], std::max(up[x], down[x]));
      for (int x = 0; x + 1 < w; ++x) o[x] = std::max(o[x], here[x + 1]);
      for (int x = 1; x < w; ++x) o[x] = std::max(o[x], here[x - 1]);
    }
  });
  return out;
}

}  // namespace brickline
