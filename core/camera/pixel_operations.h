// What facts do to the pixels of a window: pure functions.
#pragma once

#include <cstdint>
#include <vector>

#include "core/base/image.h"
#include "core/facts/camera_facts.h"

namespace brickline {

// Pixels above a rule's limit get the saturation bit and weight 0; with `unmasked_only` only those without a
// bit and with a weight.
void apply_saturation_rules(const std::vector<SaturationRule>& rules, const CcdValues& ccd,
                            CcdHeaders& headers, ImageView<const float> image, ImageView<std::uint16_t> mask,
                            ImageView<float> weight);

// Weights (inverse variances) that know sky and read noise only get the sources' photon noise: with the sky
// level s and the exposure time t,  1/w' = 1/w + |image - s|/t.  0 where w or the result is not usable or the
// mask is set.
void add_shot_noise(ImageView<const float> image, double sky, double seconds,
                    ImageView<const std::uint16_t> mask, ImageView<float> weight);

// Rows that apply and overlap the window: image *= s, weight /= s^2, s = 10^(0.4 dzp).
void apply_amplifier_corrections(const std::vector<AmplifierRow>& rows, const CcdValues& ccd,
                                 CcdHeaders& headers, const Box& window, ImageView<float> image,
                                 ImageView<float> weight);

// v = boffset + 2 bsoften sinh(v/scale).
void decode_asinh(double boffset, double bsoften, double scale, ImageView<float> pixels);

}  // namespace brickline
