#include "core/forced/forced_pictures.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/base/atomic_file.h"
#include "core/coadd/jpeg.h"

namespace brickline {
namespace {

constexpr int kGap = 4;  // columns between panels

float stretched(double value, double black, double white) {
  return static_cast<float>(std::clamp((value - black) / (white - black), 0.0, 1.0));
}

// Three panels beside each other.
Image<float> panels_of(const ForcedCcd& ccd, const ForcedPictureOptions& options) {
  const Image<float>&data = ccd.image.data, &model = ccd.result.model;
  const int bin =
      std::max(1, (std::max(data.width(), data.height()) + options.most_pixels - 1) / options.most_pixels);
  const int w = (data.width() + bin - 1) / bin, h = (data.height() + bin - 1) / bin;
  Image<float> out(3 * w + 2 * kGap, h, 1);
  for (int y = 0; y < h; ++y)
    for (int x = 0; x < w; ++x) {
      const Box square = intersection(data.box(), Box{bin * x, bin * (x + 1), bin * y, bin * (y + 1)});
      double seen = 0, fitted = 0, fitted_where_seen = 0;
      int good = 0;
      for (int j = square.y0; j < square.y1; ++j)
        for (int i = square.x0; i < square.x1; ++i) {
          const double m = model.empty() ? 0 : model(i, j);
          fitted += m;
          if (!(ccd.image.inverse_error(i, j) > 0)) continue;
          seen += data(i, j);
          fitted_where_seen += m;
          ++good;
        }
      // Sums are as uncertain as the root of the number of pixels says.
      const double sigma = ccd.image.sig1 * std::sqrt(std::max(good, 1)),
                   sigma_of_all = ccd.image.sig1 * std::sqrt(square.width() * square.height());
      out(x, y) = good > 0 ? stretched(seen / sigma, options.black, options.white) : 0;
      out(x + w + kGap, y) = stretched(fitted / sigma_of_all, options.black, options.white);
      out(x + 2 * (w + kGap), y) = stretched(good > 0 ? (seen - fitted_where_seen) / sigma : 0,
                                             options.residual_black, options.residual_white);
    }
  return out;
}

}  // namespace

std::vector<std::string> write_forced_pictures(const std::string& base,
                                               const std::vector<ForcedCcd>& measured,
                                               const ForcedPictureOptions& options) {
  std::vector<std::string> files;
  for (const ForcedCcd& ccd : measured) {
    files.push_back(
        fmt::format("{}-{}-{}-{}.jpg", base, ccd.image.camera, ccd.image.expnum, ccd.image.ccdname));
    write_file_atomically(files.back(), encode_grey_jpeg(panels_of(ccd, options).const_view()));
  }
  return files;
}

}  // namespace brickline
