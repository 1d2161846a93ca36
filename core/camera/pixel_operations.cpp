#include "core/camera/pixel_operations.h"

#include <cmath>

#include "core/facts/mask_bits.h"

namespace brickline {

void apply_saturation_rules(const std::vector<SaturationRule>& rules, const CcdValues& ccd,
                            CcdHeaders& headers, ImageView<const float> image, ImageView<std::uint16_t> mask,
                            ImageView<float> weight) {
  for (const SaturationRule& rule : rules) {
    if (!holds(rule.when, ccd, &headers)) continue;
    for (int y = 0; y < image.height(); ++y)
      for (int x = 0; x < image.width(); ++x) {
        if (!(image(x, y) > rule.above)) continue;
        if (rule.unmasked_only && (mask(x, y) != 0 || !(weight(x, y) > 0))) continue;
        mask(x, y) |= mask_bit::kSatur;
        weight(x, y) = 0;
      }
  }
}

void add_shot_noise(ImageView<const float> image, double sky, double seconds,
                    ImageView<const std::uint16_t> mask, ImageView<float> weight) {
  const float level = static_cast<float>(sky), time = static_cast<float>(seconds);
  for (int y = 0; y < image.height(); ++y)
    for (int x = 0; x < image.width(); ++x) {
      float& w = weight(x, y);
      if (w == 0) continue;
      const float variance = 1.0f / w + std::abs(image(x, y) - level) / time;
      const float with_sources = 1.0f / variance;
      const bool masked = !mask.empty() && mask(x, y) != 0;
      w = masked || !std::isfinite(with_sources) ? 0 : with_sources;
    }
}

void apply_amplifier_corrections(const std::vector<AmplifierRow>& rows, const CcdValues& ccd,
                                 CcdHeaders& headers, const Box& window, ImageView<float> image,
                                 ImageView<float> weight) {
  for (const AmplifierRow& row : rows) {
    const Box part = intersection(row.box, window).shifted(-window.x0, -window.y0);
    // Rows without a correction only say where amplifiers are.
    if (part.empty() || row.dzp_mag == 0 || !holds(row.when, ccd, &headers)) continue;
    const double scale = std::pow(10.0, 0.4 * row.dzp_mag);
    const float factor = static_cast<float>(scale), divisor = static_cast<float>(scale * scale);
    for (int y = part.y0; y < part.y1; ++y)
      for (int x = part.x0; x < part.x1; ++x) {
        image(x, y) *= factor;
        if (!weight.empty()) weight(x, y) /= divisor;
      }
  }
}

void decode_asinh(double boffset, double bsoften, double scale, ImageView<float> pixels) {
  for (int y = 0; y < pixels.height(); ++y)
    for (int x = 0; x < pixels.width(); ++x)
      pixels(x, y) = static_cast<float>(boffset + 2 * bsoften * std::sinh(pixels(x, y) / scale));
}

}  // namespace brickline
