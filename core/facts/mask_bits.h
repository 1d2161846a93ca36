// The canonical bits of a CCD's mask: what every camera's own codes are turned into.
//
// Any non-zero value means zero weight. The values 1, 2, 4, 16, 64, 128 follow the NOIRLab Community Pipeline
// and are written to products.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace brickline {

namespace mask_bit {
inline constexpr std::uint16_t kBadpix = 0x1;
inline constexpr std::uint16_t kSatur = 0x2;
inline constexpr std::uint16_t kInterp = 0x4;
inline constexpr std::uint16_t kCr = 0x10;
inline constexpr std::uint16_t kBleed = 0x40;
inline constexpr std::uint16_t kTrans = 0x80;
inline constexpr std::uint16_t kEdge = 0x100;
inline constexpr std::uint16_t kEdge2 = 0x200;
inline constexpr std::uint16_t kOutlier = 0x800;  // set by the outlier stage, never by a camera
}  // namespace mask_bit

// The bits a camera may set.
inline constexpr std::uint16_t kCameraMaskBits = 0x3d7;

// "badpix", "satur", "interp", "cr", "bleed", "trans", "edge", "edge2"; empty for other names.
std::optional<std::uint16_t> mask_bit_of(std::string_view name);

}  // namespace brickline
