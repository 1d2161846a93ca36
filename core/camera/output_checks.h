// Whether what a plugin's code gave back keeps the contract. Internal to core/camera.
#pragma once

#include <string>

#include "core/camera/open_ccd.h"

namespace brickline {

// `problem` says in words what is wrong with a pixel; the first pixel it has words for is an Error (kPlugin)
// that names it. Steps that no plugin overrides are not looked at.
template <typename T, typename F>
void check_output(const OpenCcd::Impl& ccd, CameraStep which, ImageView<T> pixels, const Box& box,
                  F&& problem) {
  if (!ccd.camera->overrides(which)) return;
  for (int y = 0; y < pixels.height(); ++y)
    for (int x = 0; x < pixels.width(); ++x) {
      const std::string what = problem(pixels(x, y));
      if (!what.empty())
        throw plugin_error("camera {}: {} returned {} at pixel ({},{}) of {}", ccd.camera->name(),
                           name_of(which), what, box.x0 + x, box.y0 + y, ccd.values.image_filename);
    }
}

}  // namespace brickline
