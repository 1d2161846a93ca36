// The files of core/page/plots and tools/make_ccds/assets, which the build compiles in (core/page/embed.cmake).
#pragma once

#include <string_view>

namespace brickline::zero_points_page {

extern const std::string_view kHtml, kCss, kJs;

}  // namespace brickline::zero_points_page
