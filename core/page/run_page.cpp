#include "core/page/run_page.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "core/base/error.h"
#include "core/page/base64.h"
#include "core/page/page_assets.h"
#include "core/page/picture_budget.h"

namespace brickline {
namespace {

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '&':
        out += "&amp;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

// JSON within HTML: no "</script>" nor "<!--" can stand in it.
std::string within_script(std::string_view json) {
  std::string out;
  out.reserve(json.size());
  for (const char c : json)
    if (c == '<')
      out += "\\u003c";
    else
      out += c;
  return out;
}

// Pictures are read by the page's script; they stand here for themselves where scripts do not run.
std::string picture_elements(const std::vector<PictureFact>& pictures, const std::string& brick) {
  std::string out;
  for (const PictureFact& picture : pictures)
    out += fmt::format("<img id=\"picture-{}\" alt=\"{} of brick {}\" src=\"data:image/jpeg;base64,{}\">\n",
                       escaped(picture.id), escaped(picture.title), escaped(brick), base64(picture.jpeg));
  return out;
}

// The page with "{{name}}" replaced by the text of that name.
std::string filled(std::string_view page,
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

}  // namespace

RunPage make_run_page(RunFacts facts, std::size_t most_bytes) {
  RunPage page;
  page.json = run_json(facts);
  const std::string data = within_script(page.json);
  const std::size_t rest =
      data.size() + page_assets::kHtml.size() + page_assets::kCss.size() + page_assets::kJs.size();
  const std::size_t pictures = std::max(most_bytes > rest ? most_bytes - rest : 0, most_bytes / 4);
  fit_pictures(facts.pictures, pictures / 4 * 3);  // as base64 they are a third larger
  const std::string title = escaped("Brick " + facts.brick);
  const std::string images = picture_elements(facts.pictures, facts.brick);
  page.html = filled(page_assets::kHtml, {{"title", title},
                                          {"style", page_assets::kCss},
                                          {"script", page_assets::kJs},
                                          {"data", data},
                                          {"pictures", images}});
  return page;
}

}  // namespace brickline
