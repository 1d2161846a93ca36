#include "core/page/run_page.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "core/base/markup.h"
#include "core/page/base64.h"
#include "core/page/page_assets.h"
#include "core/page/page_text.h"
#include "core/page/picture_budget.h"

namespace brickline {
namespace {

// Pictures are read by the page's script; they stand here for themselves where scripts do not run.
std::string picture_elements(const std::vector<PictureFact>& pictures, const std::string& brick) {
  std::string out;
  for (const PictureFact& picture : pictures)
    out += fmt::format("<img id=\"picture-{}\" alt=\"{} of brick {}\" src=\"data:image/jpeg;base64,{}\">\n",
                       markup_text(picture.id), markup_text(picture.title), markup_text(brick),
                       base64(picture.jpeg));
  return out;
}

}  // namespace

RunPage make_run_page(RunFacts facts, std::size_t most_bytes) {
  RunPage page;
  page.json = run_json(facts);
  const std::string data = json_in_html(page.json);
  const std::size_t rest =
      data.size() + page_assets::kHtml.size() + page_assets::kCss.size() + page_assets::kJs.size();
  const std::size_t pictures = std::max(most_bytes > rest ? most_bytes - rest : 0, most_bytes / 4);
  fit_pictures(facts.pictures, pictures / 4 * 3);  // as base64 they are a third larger
  const std::string title = markup_text("Brick " + facts.brick);
  const std::string images = picture_elements(facts.pictures, facts.brick);
  page.html = filled_page(page_assets::kHtml, {{"title", title},
                                               {"style", page_assets::kCss},
                                               {"script", page_assets::kJs},
                                               {"data", data},
                                               {"pictures", images}});
  return page;
}

}  // namespace brickline
