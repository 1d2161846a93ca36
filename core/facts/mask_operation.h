// How a camera's mask codes become the canonical bits: a closed set of operations, as plain values.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/base/image.h"
#include "core/facts/conditions.h"

namespace brickline {

// The mask operations. As JSON, each with "op": its name, and "when" where it is not for every CCD:
//   {"op": "codes", "table": {"1": "badpix", "8": "ignore"}, "others": "ignore"}
// Keys are the member names unless a comment says otherwise. Bit 0 of a table stands for "ignore".
namespace mask_op {
using CodeTable = std::map<std::uint32_t, std::uint16_t>;

// Where the plane of `file` is 1 and raw is 0, raw becomes `code`. Which plane: key "hdu_by", "ccd" or "hdu".
struct StaticMask {
  static constexpr std::string_view kName = "static_mask";
  std::string file;  // "data:..."
  bool hdu_by_ccd = true;
  int code = 1;
};
// Raw `code` with a 4-neighbour of raw `neighbour` becomes `becomes`.
struct CodesTouching {
  static constexpr std::string_view kName = "codes_touching";
  int code = 1, neighbour = 3, becomes = 3;
};
// Raw integer codes to bits.
struct Codes {
  static constexpr std::string_view kName = "codes";
  CodeTable table;
  std::uint16_t others = 0;
};
// Raw bits ("0x1") to bits.
struct Bits {
  static constexpr std::string_view kName = "bits";
  CodeTable table;
  std::uint16_t others = 0;
};
// Named planes to bits. Which raw bit a plane is: cards of the mask's header that begin with `cards` and give
// the bit's number, or numbered cards with the planes' names and bit values (prefixes `names`, `values`).
struct Planes {
  static constexpr std::string_view kName = "planes";
  std::map<std::string, std::uint16_t> table;
  std::uint16_t others = 0;
  std::string cards = "MP_";
  std::string names, values;
  std::vector<std::string> ignore_names;
};
// Any raw bit but those of `ignore` sets `sets`.
struct KeepBits {
  static constexpr std::string_view kName = "keep_bits";
  std::uint32_t ignore = 0;
  std::uint16_t sets = 0;
};
// Clears `bit` where `where_also` is set too.
struct Clear {
  static constexpr std::string_view kName = "clear";
  std::uint16_t bit = 0, where_also = 0;
};
// Drops bleed trails that no saturated pixel (dilated `dilate` times) begins.
struct BleedMustTouchSatur {
  static constexpr std::string_view kName = "bleed_must_touch_satur";
  int dilate = 2;
};
// Sets bits in boxes.
struct Rectangles {
  static constexpr std::string_view kName = "rectangles";
  struct Row {
    Condition when;
    Box box;
    std::uint16_t bit = 0;
  };
  std::vector<Row> rows;
};
// Sets `bit` where the image is below (above) `value`, times the exposure time if that is per second.
struct Threshold {
  double value = 0;
  std::uint16_t bit = 0;
  bool per_second = false;
};
struct Below : Threshold {
  static constexpr std::string_view kName = "below";
};
struct Above : Threshold {
  static constexpr std::string_view kName = "above";
};
}  // namespace mask_op

// One operation of the mask pipeline.
struct MaskOperation {
  using What = std::variant<mask_op::StaticMask, mask_op::CodesTouching, mask_op::Codes, mask_op::Bits,
                            mask_op::Planes, mask_op::KeepBits, mask_op::Clear, mask_op::BleedMustTouchSatur,
                            mask_op::Rectangles, mask_op::Below, mask_op::Above>;
  Condition when;
  What what;
  // "codes_touching" and the like, as in the facts.
  std::string_view name() const;
};
// One operation from its name and the JSON object of its other keys. Error (kInput) listing what is wrong.
MaskOperation parse_mask_operation(std::string_view name, std::string_view json_arguments);

}  // namespace brickline
