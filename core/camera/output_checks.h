// Whether what a plugin's code gave back keeps the contract. Internal to core/camera.
#pragma once

#include <string>

#include "core/camera/open_ccd.h"

namespace brickline {

// `is_fine` tells of a pixel whether it is right, `problem` says in words what is wrong with one that is not; the
// first such pixel is an Error (kPlugin) that names it. Steps that no plugin overrides are not looked at.
template <typename T, typename Fine, typename F>
void check_output(const OpenCcd::Impl& ccd, CameraStep which, ImageView<T> pixels, const Box& box,
                  Fine&& is_fine, F&& problem) {
  if (!ccd.camera->overrides(which)) return;
  for (int y = 0; y < pixels.height(); ++y) {
    // Without a branch in the loop rows are looked at several pixels at a time.
    const auto* row = pixels.row(y);
    int wrong = 0;
    for (int x = 0; x < pixels.width(); ++x) wrong |= !is_fine(row[x]);
    if (!wrong) continue;
    for (int x = 0; x < pixels.width(); ++x) {
      const std::string what = problem(pixels(x, y));
      if (!what.empty())
        throw plugin_error("camera {}: {} returned {} at pixel ({},{}) of {}", ccd.camera->name(),
                           name_of(which), what, box.x0 + x, box.y0 + y, ccd.values.image_filename);
    }
  }
}

}  // namespace brickline
