#include "core/model/transform_plan.h"

#include <array>
#include <cmath>
#include <map>
#include <memory>
#include <mutex>
#include <numbers>

namespace brickline {
namespace {

constexpr int kSmallestSize = 32;

// Stockham's autosort: a stage of radix r splits what is left of the transform by r.
kernels::FftPlan make_stages(int n, std::vector<AlignedFloats>& store) {
  kernels::FftPlan plan;
  plan.n = n;
  int left = n, stride = 1;
  while (left > 1) {
    int radix = 5;
    for (const int r : {4, 2, 3})
      if (left % r == 0) {
        radix = r;
        break;
      }
    const int count = left / radix;
    AlignedFloats twiddle(static_cast<std::size_t>(2 * (radix - 1) * count));
    for (int p = 0; p < count; ++p)
      for (int j = 1; j < radix; ++j) {
        const double angle = 2 * std::numbers::pi * p * j / left;
        twiddle[2 * ((radix - 1) * p + j - 1)] = static_cast<float>(std::cos(angle));
        twiddle[2 * ((radix - 1) * p + j - 1) + 1] = static_cast<float>(std::sin(angle));
      }
    plan.stages[plan.stage_count++] = {radix, count, stride, twiddle.data()};
    store.push_back(std::move(twiddle));
    left = count;
    stride *= radix;
  }
  return plan;
}

}  // namespace

int transform_size(double n) {
  if (!(n <= kMaxTransformSize)) return 0;
  for (const int size : {kSmallestSize, 48, 64, 72, 80, 96, 128, 160, 192, 240})
    if (size >= n) return size;
  for (int size = 256;; size *= 2)
    for (const int s : {size, size / 4 * 5, size / 2 * 3})
      if (s >= n) return s;
}

int power_of_two_size(double n) {
  if (!(n <= kMaxTransformSize)) return 0;
  int size = kSmallestSize;
  while (size < n) size *= 2;
  return size;
}

TransformPlan::TransformPlan(int size) : n(size), pitch((size / 2 + 15) / 16 * 16) {
  columns = make_stages(n, twiddles_);
  rows = make_stages(n / 2, twiddles_);
  const std::size_t padded = static_cast<std::size_t>(n) + 32;
  row_twiddle.reserve(padded);
  frequency_v.reserve(padded);
  frequency_w.reserve(padded);
  root_re.reserve(padded);
  root_im.reserve(padded);
  for (int k = 0; k < n; ++k) {
    const double angle = 2 * std::numbers::pi * k / n;
    root_re[k] = static_cast<float>(std::cos(angle));
    root_im[k] = static_cast<float>(std::sin(angle));
    frequency_w[k] = static_cast<float>((k < n / 2 ? k : k - n) / static_cast<double>(n));
    if (k <= n / 2) frequency_v[k] = static_cast<float>(k / static_cast<double>(n));
    if (2 * k + 1 < static_cast<int>(padded) && k <= n / 4) {
      row_twiddle[2 * k] = root_re[k];
      row_twiddle[2 * k + 1] = root_im[k];
    }
  }
}

const TransformPlan& transform_plan(int n) {
  static std::mutex mutex;
  static std::map<int, std::unique_ptr<TransformPlan>> plans;
  const std::lock_guard<std::mutex> lock(mutex);
  std::unique_ptr<TransformPlan>& plan = plans[n];
  if (!plan) plan = std::make_unique<TransformPlan>(n);
  return *plan;
}

}  // namespace brickline
