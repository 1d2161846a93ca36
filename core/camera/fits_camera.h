// The FITS camera: what each step does where no plugin overrides it. Images, masks and weights are HDUs of
// FITS files, and the facts say the rest. Internal to core/camera.
#pragma once

#include "core/base/image.h"
#include "core/camera/open_ccd.h"

namespace brickline {

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
void run_mask_operation(OpenCcd::Impl& ccd, const MaskOperation& operation, const bl_step& io);

}  // namespace brickline
