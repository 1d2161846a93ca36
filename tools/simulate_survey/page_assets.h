// The files of core/page/plots and tools/simulate_survey/assets, which the build compiles in (core/page/embed.cmake).
#pragma once

#include <string_view>

namespace brickline::comparison_page {

extern const std::string_view kHtml, kCss, kJs;

}  // namespace brickline::comparison_page
