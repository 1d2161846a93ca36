// Pictures made small enough to be carried along in a page.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "core/page/run_facts.h"

namespace brickline {

struct PictureSize {
  int width = 0, height = 0;
};
// Of a JPEG file. Error (kInput) if it is none.
PictureSize jpeg_size(const std::string& jpeg);

// The same picture, decoded with 1/`shrink` of its width and height (1, 2, 4 or 8) and encoded anew. Error (kInput)
// if it cannot be read.
std::string recode_jpeg(const std::string& jpeg, int quality, int shrink = 1);

// Pictures that do not fit into `most_bytes` together are encoded with less quality, then in half the size, as little
// of both as will do. Those that fit stay the bytes they are. Pictures that cannot be read are left out.
void fit_pictures(std::vector<PictureFact>& pictures, std::size_t most_bytes);

}  // namespace brickline
