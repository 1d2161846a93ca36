// Correlation with a circular Gaussian.
#pragma once

#include <vector>

#include "core/base/image.h"

namespace brickline {

// The weights of offsets -R..R, R = trunc(4 sigma + 0.5), normalised to sum 1.
std::vector<float> gaussian_weights(double sigma);

// Along y, then along x; beyond the edges the image is reflected with its edge pixel repeated (c b a | a b
// c). Parallel over rows.
Image<float> gaussian_filter(ImageView<const float> image, double sigma);

}  // namespace brickline
