// The named mask operations: from the codes and bits that observatories write to the canonical bits.
//
// Pure functions of the pixels of one window. `raw` holds the codes as stored; `mask` the canonical bits, to
// which the operations add. Neighbours outside the window count as not set.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>

#include "core/base/image.h"
#include "core/base/log.h"
#include "core/facts/camera_facts.h"

namespace brickline {

// Raw `code` with a 4-neighbour that was `neighbour` at the start becomes `becomes`.
void codes_touching(ImageView<std::int32_t> raw, int code, int neighbour, int becomes);

// Integer codes to bits; codes that are not in the table become `others`; 0 is good.
void codes_to_bits(ImageView<const std::int32_t> raw, const std::map<std::uint32_t, std::uint16_t>& table,
                   std::uint16_t others, ImageView<std::uint16_t> mask);

// Each raw bit (or group of bits) of the table that is set sets its bit; any other set raw bit sets `others`.
void bits_to_bits(ImageView<const std::int32_t> raw, const std::map<std::uint32_t, std::uint16_t>& table,
                  std::uint16_t others, ImageView<std::uint16_t> mask);

// Any raw bit that is not in `ignore` sets `bit`.
void keep_bits(ImageView<const std::int32_t> raw, std::uint32_t ignore, std::uint16_t bit,
               ImageView<std::uint16_t> mask);

// Clears `bit` where all of `where_also` is set too.
void clear_bits(ImageView<std::uint16_t> mask, std::uint16_t bit, std::uint16_t where_also);

// Drops the bleed bit of pixels that no saturated pixel accounts for (some reductions mark circles around
// stars as bleed trails). Let D be the saturated pixels dilated `dilate` times by the 4-connected cross.
// Seeds are the pixels of D and the bleed pixels of the first and last row. From each seed, bleed pixels up
// and down its column are kept until the first pixel that is not bleed or belongs to D; the seed itself is
// kept if it is bleed and not saturated.
void bleed_must_touch_satur(ImageView<std::uint16_t> mask, int dilate);

// Sets `bit` in the part of `rectangle` (full CCD) inside the window.
void set_rectangle(ImageView<std::uint16_t> mask, const Box& window, const Box& rectangle, std::uint16_t bit);

// Where the static plane is not 0 and raw is 0, raw becomes `code`.
void add_static_mask(ImageView<std::int32_t> raw, ImageView<const std::uint8_t> plane, int code);

// What the operations of a pipeline need besides the pixels.
struct MaskContext {
  const CcdValues& ccd;
  CcdHeaders& headers;
  Box window;  // in the full CCD
  // The window of a static mask's plane for this CCD; empty if its shape does not agree.
  std::function<std::optional<Image<std::uint8_t>>(const mask_op::StaticMask&)> static_plane;
  Log log;
};

// What the operation works on and is not there, in words: "raw_mask", "mask" or "image"; empty: all is there.
std::string missing_plane(const MaskOperation& operation, bool has_raw, bool has_image, bool has_mask);

// One operation, if its condition holds. `image` may be empty for operations that do not look at it.
void apply(const MaskOperation& operation, const MaskContext& context, ImageView<std::int32_t> raw,
           ImageView<const float> image, ImageView<std::uint16_t> mask);

// The whole pipeline of the facts, on a mask of zeros. Without one, raw bits that are canonical are taken as
// they are and any other bit counts as badpix. `raw` is changed.
Image<std::uint16_t> apply_pipeline(const MaskFacts& facts, const MaskContext& context,
                                    ImageView<std::int32_t> raw, ImageView<const float> image);

// Raw values, not 0, that no table of the facts' codes and bits knows, not even to ignore them, and that became no
// bit: at most `most` of them, rising. None where the pipeline has operations that know values in other ways.
std::vector<std::int32_t> unknown_values(const MaskFacts& facts, ImageView<const std::int32_t> raw,
                                         ImageView<const std::uint16_t> mask, std::size_t most = 8);

}  // namespace brickline
