#include "core/camera/mask_operations.h"

#include <algorithm>
#include <cstdlib>
#include <iterator>
#include <set>
#include <string>
#include <vector>

#include "core/base/error.h"
#include "core/facts/mask_bits.h"

namespace brickline {
namespace {

// One step of dilation by the 4-connected cross.
Image<std::uint8_t> dilated(const Image<std::uint8_t>& set) {
  Image<std::uint8_t> out = set;
  const int w = set.width(), h = set.height();
  for (int y = 0; y < h; ++y)
    for (int x = 0; x < w; ++x) {
      if (!set(x, y)) continue;
      if (x > 0) out(x - 1, y) = 1;
      if (x + 1 < w) out(x + 1, y) = 1;
      if (y > 0) out(x, y - 1) = 1;
      if (y + 1 < h) out(x, y + 1) = 1;
    }
  return out;
}

// Bit values of named planes, from cards "<prefix>NAME = bit number" or numbered cards NAMESnn, VALUESnn.
std::map<std::string, std::uint32_t> plane_bits(const mask_op::Planes& op, CcdHeaders& headers) {
  std::map<std::string, std::uint32_t> bits;
  const fits::Header* header = headers.header(HeaderOf::kMask);
  if (!header) return bits;
  for (const fits::Card& card : header->cards()) {
    const std::string& prefix = op.names.empty() ? op.cards : op.names;
    if (!card.key.starts_with(prefix)) continue;
    const std::string rest = card.key.substr(prefix.size());
    if (op.names.empty()) {
      if (const auto number = header->integer(card.key); number && *number >= 0 && *number < 32)
        bits[rest] = 1u << *number;
    } else if (const auto name = header->text(card.key)) {
      if (const auto value = header->integer(op.values + rest))
        bits[*name] = static_cast<std::uint32_t>(*value);
    }
  }
  return bits;
}

void named_planes(const mask_op::Planes& op, CcdHeaders& headers, ImageView<const std::int32_t> raw,
                  ImageView<std::uint16_t> mask) {
  std::map<std::uint32_t, std::uint16_t> table;
  for (const auto& [name, value] : plane_bits(op, headers)) {
    const auto found = op.table.find(name);
    const bool ignored =
        std::find(op.ignore_names.begin(), op.ignore_names.end(), name) != op.ignore_names.end();
    table[value] = ignored ? 0 : found != op.table.end() ? found->second : op.others;
  }
  bits_to_bits(raw, table, op.others, mask);
}

}  // namespace

void codes_touching(ImageView<std::int32_t> raw, int code, int neighbour, int becomes) {
  Image<std::uint8_t> set(raw.width(), raw.height());
  for (int y = 0; y < raw.height(); ++y)
    for (int x = 0; x < raw.width(); ++x) set(x, y) = raw(x, y) == neighbour;
  const Image<std::uint8_t> near = dilated(set);
  for (int y = 0; y < raw.height(); ++y)
    for (int x = 0; x < raw.width(); ++x)
      if (raw(x, y) == code && near(x, y)) raw(x, y) = becomes;
}

void codes_to_bits(ImageView<const std::int32_t> raw, const std::map<std::uint32_t, std::uint16_t>& table,
                   std::uint16_t others, ImageView<std::uint16_t> mask) {
  // Codes are small numbers; a flat table keeps the pixel loop short.
  std::vector<std::uint16_t> flat(256, others);
  flat[0] = 0;
  for (const auto& [code, bit] : table)
    if (code < flat.size()) flat[code] = bit;
  for (int y = 0; y < raw.height(); ++y)
    for (int x = 0; x < raw.width(); ++x) {
      const std::uint32_t code = static_cast<std::uint32_t>(raw(x, y));
      if (code < flat.size()) {
        mask(x, y) |= flat[code];
      } else {
        const auto found = table.find(code);
        mask(x, y) |= found == table.end() ? others : found->second;
      }
    }
}

void bits_to_bits(ImageView<const std::int32_t> raw, const std::map<std::uint32_t, std::uint16_t>& table,
                  std::uint16_t others, ImageView<std::uint16_t> mask) {
  std::uint32_t known = 0;
  for (const auto& [value, bit] : table) known |= value;
  for (int y = 0; y < raw.height(); ++y)
    for (int x = 0; x < raw.width(); ++x) {
      const std::uint32_t value = static_cast<std::uint32_t>(raw(x, y));
      if (value == 0) continue;
      std::uint16_t bits = value & ~known ? others : 0;
      for (const auto& [one, bit] : table)
        if (value & one) bits |= bit;
      mask(x, y) |= bits;
    }
}

void keep_bits(ImageView<const std::int32_t> raw, std::uint32_t ignore, std::uint16_t bit,
               ImageView<std::uint16_t> mask) {
  for (int y = 0; y < raw.height(); ++y)
    for (int x = 0; x < raw.width(); ++x)
      if (static_cast<std::uint32_t>(raw(x, y)) & ~ignore) mask(x, y) |= bit;
}

void clear_bits(ImageView<std::uint16_t> mask, std::uint16_t bit, std::uint16_t where_also) {
  for (int y = 0; y < mask.height(); ++y)
    for (int x = 0; x < mask.width(); ++x)
      if ((mask(x, y) & where_also) == where_also) mask(x, y) &= static_cast<std::uint16_t>(~bit);
}

void bleed_must_touch_satur(ImageView<std::uint16_t> mask, int dilate) {
  const int w = mask.width(), h = mask.height();
  const auto bleeds = [&](int x, int y) { return (mask(x, y) & mask_bit::kBleed) != 0; };
  Image<std::uint8_t> near(w, h);
  for (int y = 0; y < h; ++y)
    for (int x = 0; x < w; ++x) near(x, y) = (mask(x, y) & mask_bit::kSatur) != 0;
  for (int n = 0; n < dilate; ++n) near = dilated(near);

  Image<std::uint8_t> keep(w, h);
  const auto walk = [&](int x, int y, int step) {
    for (y += step; y >= 0 && y < h && bleeds(x, y) && !near(x, y); y += step) keep(x, y) = 1;
  };
  for (int y = 0; y < h; ++y)
    for (int x = 0; x < w; ++x) {
      const bool edge = y == 0 || y == h - 1;
      if (!near(x, y) && !(edge && bleeds(x, y))) continue;
      if (bleeds(x, y) && !(mask(x, y) & mask_bit::kSatur)) keep(x, y) = 1;
      walk(x, y, +1);
      walk(x, y, -1);
    }
  for (int y = 0; y < h; ++y)
    for (int x = 0; x < w; ++x)
      if (bleeds(x, y) && !keep(x, y)) mask(x, y) &= static_cast<std::uint16_t>(~mask_bit::kBleed);
}

void set_rectangle(ImageView<std::uint16_t> mask, const Box& window, const Box& rectangle,
                   std::uint16_t bit) {
  const Box part = intersection(window, rectangle).shifted(-window.x0, -window.y0);
  for (int y = part.y0; y < part.y1; ++y)
    for (int x = part.x0; x < part.x1; ++x) mask(x, y) |= bit;
}

void add_static_mask(ImageView<std::int32_t> raw, ImageView<const std::uint8_t> plane, int code) {
  for (int y = 0; y < raw.height(); ++y)
    for (int x = 0; x < raw.width(); ++x)
      if (plane(x, y) && raw(x, y) == 0) raw(x, y) = code;
}

namespace {

// One operation at work on the planes of a window.
struct Applier {
  const MaskContext& context;
  ImageView<std::int32_t> raw;
  ImageView<const float> image;
  ImageView<std::uint16_t> mask;

  void operator()(const mask_op::StaticMask& op) const {
    const auto plane = context.static_plane(op);
    if (plane && plane->width() == raw.width() && plane->height() == raw.height())
      add_static_mask(raw, plane->view(), op.code);
    else
      context.log.warning("{}: the static mask {} does not cover the image; not used",
                          context.ccd.image_filename, op.file);
  }
  void operator()(const mask_op::CodesTouching& op) const {
    codes_touching(raw, op.code, op.neighbour, op.becomes);
  }
  void operator()(const mask_op::Codes& op) const { codes_to_bits(raw, op.table, op.others, mask); }
  void operator()(const mask_op::Bits& op) const { bits_to_bits(raw, op.table, op.others, mask); }
  void operator()(const mask_op::Planes& op) const { named_planes(op, context.headers, raw, mask); }
  void operator()(const mask_op::KeepBits& op) const { keep_bits(raw, op.ignore, op.sets, mask); }
  void operator()(const mask_op::Clear& op) const { clear_bits(mask, op.bit, op.where_also); }
  void operator()(const mask_op::BleedMustTouchSatur& op) const { bleed_must_touch_satur(mask, op.dilate); }
  void operator()(const mask_op::Rectangles& op) const {
    for (const mask_op::Rectangles::Row& r : op.rows)
      if (holds(r.when, context.ccd, &context.headers)) set_rectangle(mask, context.window, r.box, r.bit);
  }
  void operator()(const mask_op::Below& op) const {
    threshold(op, op.kName, [](float pixel, double limit) { return pixel < limit; });
  }
  void operator()(const mask_op::Above& op) const {
    threshold(op, op.kName, [](float pixel, double limit) { return pixel > limit; });
  }

 private:
  template <typename F>
  void threshold(const mask_op::Threshold& op, std::string_view name, F&& beyond) const {
    if (image.empty()) throw internal_error("the mask operation {} needs the image", name);
    const double limit = op.per_second ? op.value * context.ccd.exptime : op.value;
    for (int y = 0; y < mask.height(); ++y)
      for (int x = 0; x < mask.width(); ++x)
        if (beyond(image(x, y), limit)) mask(x, y) |= op.bit;
  }
};

}  // namespace

std::string missing_plane(const MaskOperation& operation, bool has_raw, bool has_image, bool has_mask) {
  return std::visit(
      [&](const auto& op) -> std::string {
        using Op = std::decay_t<decltype(op)>;
        namespace m = mask_op;
        constexpr bool kOnRawAlone =
            std::is_same_v<Op, m::StaticMask> || std::is_same_v<Op, m::CodesTouching>;
        constexpr bool kOnRaw = kOnRawAlone || std::is_same_v<Op, m::Codes> || std::is_same_v<Op, m::Bits> ||
                                std::is_same_v<Op, m::Planes> || std::is_same_v<Op, m::KeepBits>;
        if (kOnRaw && !has_raw) return "raw_mask";
        if (!kOnRawAlone && !has_mask) return "mask";
        if (std::is_base_of_v<m::Threshold, Op> && !has_image) return "image";
        return {};
      },
      operation.what);
}

void apply(const MaskOperation& op, const MaskContext& context, ImageView<std::int32_t> raw,
           ImageView<const float> image, ImageView<std::uint16_t> mask) {
  if (holds(op.when, context.ccd, &context.headers)) std::visit(Applier{context, raw, image, mask}, op.what);
}

Image<std::uint16_t> apply_pipeline(const MaskFacts& facts, const MaskContext& context,
                                    ImageView<std::int32_t> raw, ImageView<const float> image) {
  Image<std::uint16_t> mask(raw.width(), raw.height());
  if (facts.pipeline.empty()) {
    for (int y = 0; y < raw.height(); ++y)
      for (int x = 0; x < raw.width(); ++x) {
        const std::uint32_t bits = static_cast<std::uint32_t>(raw(x, y));
        mask(x, y) = static_cast<std::uint16_t>(bits & kCameraMaskBits);
        if (bits & ~std::uint32_t{kCameraMaskBits}) mask(x, y) |= mask_bit::kBadpix;
      }
    return mask;
  }
  for (const MaskOperation& operation : facts.pipeline) apply(operation, context, raw, image, mask.view());
  return mask;
}

std::vector<std::int32_t> unknown_values(const MaskFacts& facts, ImageView<const std::int32_t> raw,
                                         ImageView<const std::uint16_t> mask, std::size_t most) {
  std::set<std::uint32_t> codes;
  std::uint32_t bits = 0;
  bool by_tables = false;
  for (const MaskOperation& operation : facts.pipeline) {
    if (const auto* op = std::get_if<mask_op::Codes>(&operation.what)) {
      by_tables = true;
      for (const auto& [code, bit] : op->table) codes.insert(code);
    } else if (const auto* op = std::get_if<mask_op::Bits>(&operation.what)) {
      by_tables = true;
      for (const auto& [bit, becomes] : op->table) bits |= bit;
    } else if (std::holds_alternative<mask_op::Planes>(operation.what) ||
               std::holds_alternative<mask_op::KeepBits>(operation.what)) {
      return {};
    }
  }
  std::set<std::int32_t> found;
  for (int y = 0; by_tables && y < raw.height(); ++y)
    for (int x = 0; x < raw.width(); ++x) {
      const auto value = static_cast<std::uint32_t>(raw(x, y));
      if (value == 0 || mask(x, y) != 0 || codes.contains(value) || (value & ~bits) == 0) continue;
      found.insert(raw(x, y));
      if (found.size() > most) found.erase(std::prev(found.end()));
    }
  return {found.begin(), found.end()};
}

}  // namespace brickline
