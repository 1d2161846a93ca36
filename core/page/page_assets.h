// The files of core/page/assets, which the build compiles in (embed.cmake).
#pragma once

#include <string_view>

namespace brickline::page_assets {

extern const std::string_view kHtml, kCss, kJs;

}  // namespace brickline::page_assets
