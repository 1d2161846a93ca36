// Random numbers that are the same on every run and for any number of threads: each source, image and image
// row draws from a stream of its own, named by integer keys.
//
// Generator: xoshiro256++ 1.0 (Blackman & Vigna 2021), seeded by SplitMix64 over the keys.
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>

namespace brickline::simulate {

// What a stream is for; the first key after the seed.
enum class Stream : std::uint64_t {
  kSourceCount = 1,
  kGalaxy,
  kStar,
  kExposure,
  kCcd,
  kPixelRow,
  kDefects,
  kSpaceFlux,
  kWise,
  kGalex,
  kBulge,
};

class Random {
 public:
  Random(std::uint64_t seed, Stream stream, std::initializer_list<std::uint64_t> keys = {});

  std::uint64_t bits();
  double uniform();  // [0, 1)
  double uniform(double low, double high) { return low + (high - low) * uniform(); }
  int integer(int low, int high);  // [low, high)
  double normal();                 // mean 0, variance 1 (Box & Muller 1958)
  double normal(double mean, double sigma) { return mean + sigma * normal(); }
  // Poisson deviates: products of uniforms below mean 10, else transformed rejection (PTRS, Hoermann 1993).
  double poisson(double mean);

 private:
  std::array<std::uint64_t, 4> state_;
  double spare_ = 0;
  bool has_spare_ = false;
};

}  // namespace brickline::simulate
