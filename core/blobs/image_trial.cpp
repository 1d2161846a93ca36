#include "core/blobs/image_trial.h"

#include <algorithm>
#include <cassert>

namespace brickline {
namespace {

Box around(const Box& a, const Box& b) {
  if (a.empty()) return b;
  return {std::min(a.x0, b.x0), std::max(a.x1, b.x1), std::min(a.y0, b.y0), std::max(a.y1, b.y1)};
}

// The pixels of `box` copied to their place in `to`, whose first pixel is (x0, y0).
void copy_box(const Image<float>& from, int from_x0, int from_y0, const Box& box, Image<float>& to, int x0,
              int y0) {
  for (int y = box.y0; y < box.y1; ++y)
    std::copy_n(from.row(y - from_y0) + (box.x0 - from_x0), box.width(), to.row(y - y0) + (box.x0 - x0));
}

}  // namespace

ImageTrial::ImageTrial(BlobImages& images) : images_(images), touched_(images.images().size()) {
  assert(!images_.trial_);
  images_.trial_ = this;
}

ImageTrial::~ImageTrial() {
  roll_back();
  images_.trial_ = nullptr;
}

void ImageTrial::about_to_change(const SourcePatches& patches) {
  for (std::size_t i = 0; i < patches.size(); ++i) {
    if (!patches[i]) continue;
    Touched& t = touched_[i];
    const Image<float>& data = images_.images()[i].data;
    const Box box = intersection(patches[i]->box(), data.box());
    if (box.empty() || (!t.box.empty() && intersection(box, t.box) == box)) continue;
    const Box all = around(t.box, box);
    Image<float> before(all.width(), all.height());
    copy_box(data, 0, 0, all, before, all.x0, all.y0);
    if (!t.box.empty()) copy_box(t.before, t.box.x0, t.box.y0, t.box, before, all.x0, all.y0);
    t.box = all;
    t.before = std::move(before);
  }
}

double ImageTrial::chi2_change() const {
  double sum = 0;
  for (std::size_t i = 0; i < touched_.size(); ++i) {
    const Touched& t = touched_[i];
    const BlobImage& image = images_.images()[i];
    for (int y = t.box.y0; y < t.box.y1; ++y) {
      const float* now = image.data.row(y) + t.box.x0;
      const float* then = t.before.row(y - t.box.y0);
      const float* e = image.inverse_error.row(y) + t.box.x0;
      for (int x = 0; x < t.box.width(); ++x) {
        const double d = now[x], was = then[x], w = e[x];
        sum += (d - was) * (d + was) * w * w;
      }
    }
  }
  return sum;
}

void ImageTrial::roll_back() {
  for (std::size_t i = 0; i < touched_.size(); ++i) {
    Touched& t = touched_[i];
    if (!t.box.empty()) copy_box(t.before, t.box.x0, t.box.y0, t.box, images_.images()[i].data, 0, 0);
  }
  keep();
}

void ImageTrial::keep() {
  for (Touched& t : touched_) t = {};
}

}  // namespace brickline
