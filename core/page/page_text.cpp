#include "core/page/page_text.h"

#include <algorithm>

#include "core/base/error.h"

namespace brickline {

std::string json_in_html(std::string_view json) {
  std::string out;
  out.reserve(json.size());
  for (const char c : json)
    if (c == '<')
      out += "\\u003c";
    else
      out += c;
  return out;
}

std::string filled_page(std::string_view page,
                        const std::vector<std::pair<std::string_view, std::string_view>>& texts) {
  std::string out;
  std::size_t size = page.size();
  for (const auto& [name, text] : texts) size += text.size();
  out.reserve(size);
  for (;;) {
    const std::size_t open = page.find("{{");
    out += page.substr(0, open);
    if (open == std::string_view::npos) return out;
    const std::size_t close = page.find("}}", open);
    const std::string_view name = page.substr(open + 2, close - open - 2);
    const auto text = std::ranges::find(texts, name, &std::pair<std::string_view, std::string_view>::first);
    if (text == texts.end()) throw internal_error("the page has a place for {}, which nobody fills", name);
    out += text->second;
    page.remove_prefix(close + 2);
  }
}

}  // namespace brickline
