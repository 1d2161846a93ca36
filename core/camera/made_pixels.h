// Pixels in the place of those of a file that only its camera can write: while a MadePixels lives on a thread, the file of
// a camera's own format is read as ever, and these are given on. For checks. Internal to core/camera and its checks.
#pragma once

#include <filesystem>

#include "core/base/image.h"

namespace brickline {

class MadePixels {
 public:
  // `pixels`: of the whole HDU.
  MadePixels(std::filesystem::path file, int hdu, Image<float> pixels);
  ~MadePixels();
  MadePixels(const MadePixels&) = delete;
  MadePixels& operator=(const MadePixels&) = delete;

  // Those of that HDU; null: there are none.
  static const Image<float>* of(const std::filesystem::path& file, int hdu);

 private:
  std::filesystem::path file_;
  int hdu_;
  Image<float> pixels_;
  const MadePixels* outer_;
};

}  // namespace brickline
