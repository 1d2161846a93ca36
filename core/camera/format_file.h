// A file of a format that a camera's plugin reads (the extension brickline.format/1). Internal to core/camera.
#pragma once

#include <memory>

#include "core/camera/image_file.h"
#include "core/camera/open_ccd.h"

namespace brickline {

// The CCD's file of that role, if the camera or one that it extends says that it is of its format; else null. The
// file must exist. While one of the plugin's functions for the file runs, the file is closed to others
// (CcdFile::busy): those functions see bytes, not HDUs.
std::unique_ptr<ImageFile> open_format_file(OpenCcd::Impl& ccd, int role);

}  // namespace brickline
