#include "core/fits/gzip.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace brickline::fits {
namespace {

std::span<const std::uint8_t> bytes_of(const std::string& s) {
  return {reinterpret_cast<const std::uint8_t*>(s.data()), s.size()};
}

std::string sample(std::size_t size) {
  std::string s(size, '\0');
  unsigned state = 7;
  for (char& c : s) c = static_cast<char>((state = state * 1664525u + 1013904223u) >> 29);
  return s;
}

// The piece stands for the 4 GiB that zlib counts to.
TEST(Gzip, InputsLongerThanAPieceComeOutWhole) {
  const std::string in = sample(300'000);
  for (const std::size_t piece :
       {std::size_t{1} << 30, std::size_t{100'000}, std::size_t{4096}, std::size_t{7}}) {
    const std::string packed = gzipped(in, piece);
    std::string out(in.size() + 10, 'x');
    const auto length = gunzip(bytes_of(packed), {reinterpret_cast<std::uint8_t*>(out.data()), out.size()});
    ASSERT_EQ(length, in.size()) << piece;
    out.resize(in.size());
    EXPECT_EQ(out, in) << piece;
  }
  EXPECT_EQ(gzipped(in), gzipped(in));
}

TEST(Gzip, NothingIsAStreamToo) {
  const std::string packed = gzipped("");
  std::uint8_t none[1];
  EXPECT_EQ(gunzip(bytes_of(packed), std::span(none, 0)), 0u);
}

TEST(Gzip, DamagedStreamsAndThoseThatDoNotFitAreRefused) {
  const std::string in = sample(5000), packed = gzipped(in);
  std::vector<std::uint8_t> out(in.size());
  EXPECT_EQ(gunzip(bytes_of(packed), out), in.size());
  EXPECT_FALSE(gunzip(bytes_of(packed), std::span(out).first(in.size() - 1)));
  for (std::size_t cut = 0; cut < packed.size(); ++cut)
    ASSERT_FALSE(gunzip(bytes_of(packed.substr(0, cut)), out)) << cut;
  std::string damaged = packed;
  damaged[packed.size() - 6] ^= 1;  // of the checksum
  EXPECT_FALSE(gunzip(bytes_of(damaged), out));
}

}  // namespace
}  // namespace brickline::fits
