#include "core/coadd/jpeg.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace brickline {

namespace {

// Values that are not finite become black.
unsigned char byte_of(float v) {
  const float scaled = 255 * v;
  if (!(scaled > 0)) return 0;
  return scaled >= 255 ? 255 : static_cast<unsigned char>(scaled);
}

}  // namespace

std::string encode_jpeg(const RgbPlanes& picture, const JpegOptions& options) {
  const int w = picture.red.width(), h = picture.red.height();
  PictureBytes pixels{w, h, 3, std::vector<unsigned char>(static_cast<std::size_t>(w) * h * 3)};
  for (int y = 0; y < h; ++y) {
    unsigned char* out = pixels.bytes.data() + static_cast<std::size_t>(h - 1 - y) * w * 3;
    for (int x = 0; x < w; ++x) {
      *out++ = byte_of(picture.red(x, y));
      *out++ = byte_of(picture.green(x, y));
      *out++ = byte_of(picture.blue(x, y));
    }
  }
  return encode_jpeg(pixels, options);
}

Image<float> stretch_grey(ImageView<const float> picture) {
  float low = std::numeric_limits<float>::infinity(), high = -low;
  for (int y = 0; y < picture.height(); ++y)
    for (int x = 0; x < picture.width(); ++x)
      if (const float v = picture(x, y); std::isfinite(v)) {
        low = std::min(low, v);
        high = std::max(high, v);
      }
  const float range = high > low ? high - low : 1;
  Image<float> out(picture.width(), picture.height());
  for (int y = 0; y < picture.height(); ++y)
    for (int x = 0; x < picture.width(); ++x) out(x, y) = (picture(x, y) - low) / range * 256 / 255;
  return out;
}

std::string encode_grey_jpeg(ImageView<const float> picture, const JpegOptions& options) {
  PictureBytes pixels{picture.width(), picture.height(), 1, {}};
  pixels.bytes.reserve(static_cast<std::size_t>(picture.width()) * picture.height());
  for (int y = picture.height() - 1; y >= 0; --y)
    for (int x = 0; x < picture.width(); ++x) pixels.bytes.push_back(byte_of(picture(x, y)));
  return encode_jpeg(pixels, options);
}

}  // namespace brickline
