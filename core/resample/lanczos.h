// Resampling images through a PixelMapping: Lanczos-3 interpolation and nearest neighbours.
//
// Lanczos-3: value = sum over k, l in -3..3 of w_k(dx) w_l(dy) pixel(ix+k, iy+l), where (dx, dy) is the
// position less the nearest pixel (ix, iy),
//   w_k(d) = L(k-d) / sum_j L(j-d),   L(t) = sinc(t) sinc(t/3) for |t| < 3, else 0        (Duchon 1979),
// and pixels beyond the image repeat its edge. Weights are normalised per axis, so that a constant stays
// constant. Pixels must be finite: those beside a footprint may be multiplied by zero. Results lie on the
// mapping's box: element (0, 0) is target pixel (box().x0, box().y0).
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "core/base/image.h"
#include "core/resample/pixel_mapping.h"

namespace brickline {

// The seven normalised weights of one axis, for k = -3..3; d in (-2, 2).
std::array<float, 7> lanczos3_weights(double d);

// The interpolated value at nearest pixel (ix, iy) plus (dx, dy).
float lanczos3_at(ImageView<const float> input, int ix, int iy, double dx, double dy);

// One row: out[i] for every covered element of the row, others left alone. `out` is row.size() long.
void lanczos3_row(ImageView<const float> input, const PixelMapping::Row& row, std::span<float> out);
// The same for several images of one size on the same grid (an image and its models): weights are worked out
// once.
void lanczos3_row(std::span<const ImageView<const float>> inputs, const PixelMapping::Row& row,
                  std::span<const std::span<float>> outs);
// The elements begin <= i < end of the row alone. Where the input is turned against the target, pieces of
// several rows before the next piece of them keep to a part of the input that stays in the processor's
// caches.
void lanczos3_row(std::span<const ImageView<const float>> inputs, const PixelMapping::Row& row,
                  std::span<const std::span<float>> outs, int begin, int end);

template <typename T>
void nearest_row(ImageView<const T> input, const PixelMapping::Row& row, std::span<T> out, int begin,
                 int end) {
  for (int i = begin; i < end; ++i)
    if (row.ix[i] >= 0) out[i] = input(row.ix[i], row.iy[i]);
}

template <typename T>
void nearest_row(ImageView<const T> input, const PixelMapping::Row& row, std::span<T> out) {
  nearest_row(input, row, out, 0, row.size());
}

// Whole images; `outside` where the input does not reach.
Image<float> resample_lanczos3(const PixelMapping& mapping, ImageView<const float> input, float outside = 0);

template <typename T>
Image<T> resample_nearest(const PixelMapping& mapping, ImageView<const T> input, T outside = T{}) {
  Image<T> out(mapping.box().width(), mapping.box().height(), outside);
  PixelMapping::Row row;
  for (int y = 0; y < out.height(); ++y)
    if (mapping.map_row(mapping.box().y0 + y, row))
      nearest_row(input, row, std::span<T>(out.row(y), static_cast<std::size_t>(out.width())));
  return out;
}

// 1 where the input reaches, 0 elsewhere.
Image<std::uint8_t> coverage(const PixelMapping& mapping);

}  // namespace brickline
