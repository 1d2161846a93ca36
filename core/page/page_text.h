// Texts put together to a page.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace brickline {

// JSON within HTML: no "</script>" nor "<!--" can stand in it.
std::string json_in_html(std::string_view json);

// The page with "{{name}}" replaced by the text of that name. Error (kInternal) for a name that nobody gives.
std::string filled_page(std::string_view page,
                        const std::vector<std::pair<std::string_view, std::string_view>>& texts);

}  // namespace brickline
