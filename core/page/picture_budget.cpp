#include "core/page/picture_budget.h"

#include <algorithm>

#include "core/base/error.h"
#include "core/picture/jpeg_codec.h"

namespace brickline {
namespace {

// From the best looking to the smallest.
struct Attempt {
  int quality, shrink;
};
constexpr Attempt kAttempts[] = {{65, 1}, {50, 1}, {35, 1}, {60, 2}, {35, 2}, {50, 4}, {50, 8}};

std::size_t bytes_of(const std::vector<PictureFact>& pictures) {
  std::size_t sum = 0;
  for (const PictureFact& picture : pictures) sum += picture.jpeg.size();
  return sum;
}

}  // namespace

PictureSize jpeg_size(const std::string& jpeg) {
  const PictureBytes picture = jpeg_dimensions(jpeg);
  return {picture.width, picture.height};
}

std::string recode_jpeg(const std::string& jpeg, int quality, int shrink) {
  return encode_jpeg(decode_jpeg(jpeg, shrink), {.quality = quality, .dpi = 0, .optimize_coding = true});
}

void fit_pictures(std::vector<PictureFact>& pictures, std::size_t most_bytes) {
  std::erase_if(pictures, [](const PictureFact& picture) {
    try {
      jpeg_size(picture.jpeg);
      return false;
    } catch (const Error&) {
      return true;
    }
  });
  if (bytes_of(pictures) <= most_bytes) return;
  const std::vector<PictureFact> whole = pictures;
  for (const Attempt& attempt : kAttempts) {
    for (std::size_t i = 0; i < pictures.size(); ++i) {
      std::string smaller = recode_jpeg(whole[i].jpeg, attempt.quality, attempt.shrink);
      if (smaller.size() < whole[i].jpeg.size()) pictures[i].jpeg = std::move(smaller);
    }
    if (bytes_of(pictures) <= most_bytes) return;
  }
}

}  // namespace brickline
