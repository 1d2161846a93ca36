// Sizes of the engine's Fourier transforms and their tables, made once per size and process.
#pragma once

#include <vector>

#include "core/model/aligned.h"
#include "core/model/kernels.h"

namespace brickline {

inline constexpr int kMaxTransformSize = 8192;

// The smallest size of the list that is at least `n`; the list is {32, 48, 64, 72, 80, 96, 128, 160, 192,
// 240, 256} and then 2^k {1, 1.25, 1.5}: products of 2, 3 and 5, and multiples of 8. 0 if n >
// kMaxTransformSize.
int transform_size(double n);
// 2^ceil(log2(n)), at least 32; 0 if above kMaxTransformSize.
int power_of_two_size(double n);

struct TransformPlan {
  explicit TransformPlan(int n);
  TransformPlan(const TransformPlan&) = delete;
  TransformPlan& operator=(const TransformPlan&) = delete;

  int n;
  int pitch;                       // of half spectra: n/2 rounded up to 16
  kernels::FftPlan columns, rows;  // of length n and n/2
  AlignedFloats row_twiddle;
  AlignedFloats frequency_v, frequency_w;  // cycles per pixel
  AlignedFloats root_re, root_im;          // exp(2 pi i k/n)

 private:
  std::vector<AlignedFloats> twiddles_;
};

// Safe from any thread; the reference stays good.
const TransformPlan& transform_plan(int n);

}  // namespace brickline
