// The files of tools/calibrate/assets, which the build compiles in (core/page/embed.cmake).
#pragma once

#include <string_view>

namespace brickline::calibration_page {

extern const std::string_view kHtml, kCss, kJs;

}  // namespace brickline::calibration_page
