#include "core/calib/sorted_values.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <utility>

namespace brickline {
namespace {

constexpr std::size_t kBlock = 1024;      // values between two stored sums
constexpr std::size_t kFewValues = 2048;  // below which a comparison sort is as fast

// Bits whose unsigned order is that of the numbers.
std::uint32_t ordered(float v) {
  const auto bits = std::bit_cast<std::uint32_t>(v);
  return bits & 0x80000000u ? ~bits : bits | 0x80000000u;
}
float number(std::uint32_t bits) {
  return std::bit_cast<float>(bits & 0x80000000u ? bits & 0x7fffffffu : ~bits);
}

}  // namespace

void sort_floats(std::vector<float>& values) {
  if (values.size() < kFewValues) {
    std::sort(values.begin(), values.end());
    return;
  }
  constexpr int kDigits = 3, kBits = 11;
  constexpr std::uint32_t kMask = (1u << kBits) - 1;
  std::vector<std::uint32_t> from(values.size()), to(values.size());
  std::array<std::array<std::size_t, kMask + 1>, kDigits> counts{};
  for (std::size_t i = 0; i < values.size(); ++i) {
    const std::uint32_t bits = from[i] = ordered(values[i]);
    for (int d = 0; d < kDigits; ++d) ++counts[d][bits >> (d * kBits) & kMask];
  }
  for (int d = 0; d < kDigits; ++d) {
    std::size_t before = 0;
    bool trivial = false;
    for (std::size_t& count : counts[d]) {
      trivial |= count == values.size();
      before += std::exchange(count, before);
    }
    if (trivial) continue;
    for (const std::uint32_t bits : from) to[counts[d][bits >> (d * kBits) & kMask]++] = bits;
    from.swap(to);
  }
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = number(from[i]);
}

SortedValues::SortedValues(std::vector<float> values) : values_(std::move(values)) {
  sort_floats(values_);
  if (values_.empty()) return;
  centre_ = values_[values_.size() / 2];
  Moments sum;
  for (std::size_t i = 0; i < values_.size(); ++i) {
    if (i % kBlock == 0) before_block_.push_back(sum);
    const double d = values_[i] - centre_;
    sum.sum += d;
    sum.squares += d * d;
  }
  before_block_.push_back(sum);
}

float SortedValues::median(Range part) const {
  if (part.size() == 0) return std::numeric_limits<float>::quiet_NaN();
  const std::size_t middle = part.begin + part.size() / 2;
  return part.size() % 2 ? values_[middle] : (values_[middle - 1] + values_[middle]) / 2;
}

double SortedValues::percentile(double percent) const {
  if (values_.empty()) return std::numeric_limits<double>::quiet_NaN();
  const double at = std::clamp(percent / 100, 0., 1.) * static_cast<double>(values_.size() - 1);
  const auto below = std::min(static_cast<std::size_t>(at), values_.size() - 1);
  const std::size_t above = std::min(below + 1, values_.size() - 1);
  const double fraction = at - static_cast<double>(below);
  return values_[below] + fraction * (double{values_[above]} - values_[below]);
}

std::size_t SortedValues::count_below(double v) const {
  return static_cast<std::size_t>(std::lower_bound(values_.begin(), values_.end(), v) - values_.begin());
}

SortedValues::Moments SortedValues::moments(std::size_t end) const {
  if (end == values_.size()) return before_block_.back();
  Moments sum = before_block_[end / kBlock];
  for (std::size_t i = end / kBlock * kBlock; i < end; ++i) {
    const double d = values_[i] - centre_;
    sum.sum += d;
    sum.squares += d * d;
  }
  return sum;
}

double SortedValues::mean(Range part) const {
  if (part.size() == 0) return std::numeric_limits<double>::quiet_NaN();
  return centre_ + (moments(part.end).sum - moments(part.begin).sum) / static_cast<double>(part.size());
}

double SortedValues::standard_deviation(Range part) const {
  if (part.size() == 0) return std::numeric_limits<double>::quiet_NaN();
  const Moments high = moments(part.end), low = moments(part.begin);
  const auto n = static_cast<double>(part.size());
  const double mean = (high.sum - low.sum) / n;
  return std::sqrt(std::max(0., (high.squares - low.squares) / n - mean * mean));
}

SortedValues::Range SortedValues::clipped(double n_sigma) const {
  Range part = all();
  while (part.size() > 0) {
    const double centre = mean(part), reach = n_sigma * standard_deviation(part);
    const auto begin = values_.begin() + static_cast<std::ptrdiff_t>(part.begin),
               end = values_.begin() + static_cast<std::ptrdiff_t>(part.end);
    const Range next{
        static_cast<std::size_t>(std::lower_bound(begin, end, centre - reach) - values_.begin()),
        static_cast<std::size_t>(std::upper_bound(begin, end, centre + reach) - values_.begin())};
    if (next.size() == part.size()) break;
    part = next;
  }
  return part;
}

}  // namespace brickline
