#include "core/wise/wise_band.h"

#include <cassert>
#include <cmath>
#include <cstddef>

namespace brickline {
namespace {

// Offsets to AB: WISE Explanatory Supplement, section 4.4h.vi.
constexpr std::array<WiseBand, kWiseBands> kBands = {
    WiseBand{.number = 1,
             .name = "w1",
             .product = "W1",
             .ab_minus_vega = 2.699,
             .noise_floor = 0.5,
             .photon_factor = 0.15,
             .saturation = 85000,
             .psf_file = "psf_model_w1_neo6_unwisecat.fits",
             .psf_scale = 1.04,
             .bright_limits = {1000, 20000}},
    WiseBand{.number = 2,
             .name = "w2",
             .product = "W2",
             .ab_minus_vega = 3.339,
             .noise_floor = 2.0,
             .photon_factor = 0.3,
             .saturation = 85000,
             .psf_file = "psf_model_w2_neo6_unwisecat.fits",
             .psf_scale = 1.005,
             .bright_limits = {1000, 20000}},
    WiseBand{.number = 3,
             .name = "w3",
             .product = "W3",
             .ab_minus_vega = 5.174,
             .psf_file = "psf_model_w3.fits",
             .bright_limits = {10000, 1e6}},
    WiseBand{.number = 4,
             .name = "w4",
             .product = "W4",
             .ab_minus_vega = 6.62,
             .invvar_factor = 0.25,
             .flux_ivar_factor = 0.25,
             .psf_file = "psf_model_w4.fits",
             .psf_native_pixels = true,
             .bright_limits = {10000, 1e6}},
};

}  // namespace

double WiseBand::ab_per_vega() const { return std::pow(10.0, -ab_minus_vega / 2.5); }

std::span<const WiseBand> wise_bands() { return kBands; }

const WiseBand& wise_band(int number) {
  assert(number >= 1 && number <= kWiseBands);
  return kBands[static_cast<std::size_t>(number - 1)];
}

}  // namespace brickline
