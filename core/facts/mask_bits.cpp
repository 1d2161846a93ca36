#include "core/facts/mask_bits.h"

namespace brickline {

std::optional<std::uint16_t> mask_bit_of(std::string_view name) {
  if (name == "badpix") return mask_bit::kBadpix;
  if (name == "satur") return mask_bit::kSatur;
  if (name == "interp") return mask_bit::kInterp;
  if (name == "cr") return mask_bit::kCr;
  if (name == "bleed") return mask_bit::kBleed;
  if (name == "trans") return mask_bit::kTrans;
  if (name == "edge") return mask_bit::kEdge;
  if (name == "edge2") return mask_bit::kEdge2;
  return {};
}

}  // namespace brickline
