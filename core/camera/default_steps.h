// What each step does where no plugin overrides it: the facts, applied.
#pragma once

#include "core/base/image.h"
#include "core/camera/open_ccd.h"

namespace brickline {

// ---- Pure functions of pixels ----

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

// ---- The steps of an open CCD ----

// Fills what is not known yet from the headers. `fwhm` and `gain` always come from them.
void default_metadata(OpenCcd::Impl& ccd);
// Names the mask and weight files.
void default_files(OpenCcd::Impl& ccd);
void run_default_step(OpenCcd::Impl& ccd, CameraStep which, bl_step& io);
// Cards of the facts' own projection; empty if the header's are to be used.
std::optional<fits::Header> default_wcs_cards(OpenCcd::Impl& ccd);
// Codes of a window; of unsigned 32-bit ones the bits.
Image<std::int32_t> read_codes(OpenCcd::Impl& ccd, int role, int hdu, const Box& box);
// Runs one mask operation on a step's planes.
void run_mask_operation(OpenCcd::Impl& ccd, const MaskOperation& operation, bl_step& io);

}  // namespace brickline
