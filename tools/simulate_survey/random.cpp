#include "tools/simulate_survey/random.h"

#include <bit>
#include <cmath>
#include <numbers>

namespace brickline::simulate {
namespace {

std::uint64_t split_mix(std::uint64_t& state) {
  std::uint64_t z = (state += 0x9e3779b97f4a7c15);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}

// ln(k!) from a table, then Stirling's series; std::lgamma is slower and writes a global.
double log_factorial(double k) {
  static constexpr int kTabulated = 16;
  static const std::array<double, kTabulated> table = [] {
    std::array<double, kTabulated> t{};
    for (int i = 1; i < kTabulated; ++i) t[i] = t[i - 1] + std::log(static_cast<double>(i));
    return t;
  }();
  if (k < kTabulated) return table[static_cast<int>(k)];
  const double n = k + 1;
  return (n - 0.5) * std::log(n) - n + 0.5 * std::log(2 * std::numbers::pi) + 1 / (12 * n) -
         1 / (360 * n * n * n);
}

}  // namespace

Random::Random(std::uint64_t seed, Stream stream, std::initializer_list<std::uint64_t> keys) {
  std::uint64_t mixed = seed;
  const auto absorb = [&mixed](std::uint64_t key) {
    std::uint64_t s = mixed ^ (key * 0xd1342543de82ef95 + 1);
    mixed = split_mix(s);
  };
  absorb(static_cast<std::uint64_t>(stream));
  for (std::uint64_t key : keys) absorb(key);
  for (std::uint64_t& word : state_) word = split_mix(mixed);
}

std::uint64_t Random::bits() {
  const std::uint64_t result = std::rotl(state_[0] + state_[3], 23) + state_[0];
  const std::uint64_t t = state_[1] << 17;
  state_[2] ^= state_[0];
  state_[3] ^= state_[1];
  state_[1] ^= state_[2];
  state_[0] ^= state_[3];
  state_[2] ^= t;
  state_[3] = std::rotl(state_[3], 45);
  return result;
}

double Random::uniform() { return static_cast<double>(bits() >> 11) * 0x1p-53; }

int Random::integer(int low, int high) { return low + static_cast<int>(uniform() * (high - low)); }

double Random::normal() {
  if (has_spare_) {
    has_spare_ = false;
    return spare_;
  }
  const double radius = std::sqrt(-2 * std::log(1 - uniform()));
  const double angle = 2 * std::numbers::pi * uniform();
  spare_ = radius * std::sin(angle);
  has_spare_ = true;
  return radius * std::cos(angle);
}

double Random::poisson(double mean) {
  if (mean <= 0) return 0;
  if (mean < 10) {
    const double limit = std::exp(-mean);
    double product = uniform();
    int count = 0;
    while (product > limit) {
      product *= uniform();
      ++count;
    }
    return count;
  }
  const double b = 0.931 + 2.53 * std::sqrt(mean);
  const double a = -0.059 + 0.02483 * b;
  const double inverse_alpha = 1.1239 + 1.1328 / (b - 3.4);
  const double v_r = 0.9277 - 3.6224 / (b - 2);
  while (true) {
    const double u = uniform() - 0.5;
    const double v = uniform();
    const double us = 0.5 - std::abs(u);
    const double k = std::floor((2 * a / us + b) * u + mean + 0.43);
    if (us >= 0.07 && v <= v_r) return k;
    if (k < 0 || (us < 0.013 && v > us)) continue;
    const double log_mean = std::log(mean);
    if (std::log(v) + std::log(inverse_alpha) - std::log(a / (us * us) + b) <=
        k * log_mean - mean - log_factorial(k))
      return k;
  }
}

}  // namespace brickline::simulate
