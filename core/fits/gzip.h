// gzip in memory, on zlib.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace brickline::fits {

// One gzip member (level 9) without name and time: the same bytes give the same bytes. CFITSIO's own would
// put the clock into it. zlib counts what is at hand in 32 bits and is fed in pieces of at most `piece`
// bytes, so that inputs beyond 4 GiB come out whole.
std::string gzipped(std::string_view bytes, std::size_t piece = std::size_t{1} << 30);

// Unpacks one gzip or zlib stream into `out` and returns its length; empty where the stream is damaged or
// cut, or does not fit.
std::optional<std::size_t> gunzip(std::span<const std::uint8_t> packed, std::span<std::uint8_t> out);

}  // namespace brickline::fits
