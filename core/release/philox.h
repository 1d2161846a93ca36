// Philox4x32-10, a random number generator without a state (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2,
// 3", SC11): four words for each counter and key, whichever were asked for before.
#pragma once

#include <array>
#include <cstdint>

namespace brickline {

using PhiloxWords = std::array<std::uint32_t, 4>;

constexpr PhiloxWords philox4x32_10(PhiloxWords counter, std::array<std::uint32_t, 2> key) {
  constexpr std::uint64_t kMultiply0 = 0xD2511F53, kMultiply1 = 0xCD9E8D57;
  constexpr std::uint32_t kRaise0 = 0x9E3779B9, kRaise1 = 0xBB67AE85;
  constexpr int kRounds = 10;
  for (int round = 0; round < kRounds; ++round) {
    if (round > 0) key = {key[0] + kRaise0, key[1] + kRaise1};
    const std::uint64_t a = kMultiply0 * counter[0], b = kMultiply1 * counter[2];
    counter = {static_cast<std::uint32_t>(b >> 32) ^ counter[1] ^ key[0], static_cast<std::uint32_t>(b),
               static_cast<std::uint32_t>(a >> 32) ^ counter[3] ^ key[1], static_cast<std::uint32_t>(a)};
  }
  return counter;
}

// The middle of one of 2^53 equal parts of (0, 1).
constexpr double uniform_of(std::uint32_t high, std::uint32_t low) {
  const std::uint64_t word = std::uint64_t{high} << 32 | low;
  return (static_cast<double>(word >> 11) + 0.5) * 0x1p-53;
}

}  // namespace brickline
