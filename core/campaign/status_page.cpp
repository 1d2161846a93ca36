#include "core/campaign/status_page.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>

#include "core/campaign/command_items.h"
#include "core/campaign/settings.h"
#include "core/campaign/status_page_text.h"
#include "core/campaign/story.h"
#include "core/pipeline/run_recorder.h"

namespace brickline {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kLogLines = 12;
constexpr std::size_t kGroupsWithLog = 20;

// What the page shows of an item beside its place: of many, only of those that are not well.
constexpr std::size_t kMostNamed = 200'000;

bool is_well(const Item& item) { return item.state == ItemState::kDone || item.state == ItemState::kNothing; }

// A JSON text that may stand within a script of a page.
std::string in_script(const Json& json) {
  std::string text = json.dump(-1, ' ', false, Json::error_handler_t::replace), out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    out += text[i];
    if (text[i] == '<') out.replace(out.size() - 1, 1, "\\u003c");
  }
  return out;
}

// Of a plan of commands: each product with the items that make it, by their places in the manifest; the last one puts its parts
// together.
Json products_of(const Manifest& manifest) {
  std::map<std::string, std::size_t> places;
  Json products = Json::array();
  for (std::size_t i = 0; i < manifest.items.size(); ++i) {
    const std::string name = product_of(manifest.items[i]);
    const auto [place, is_new] = places.emplace(name, products.size());
    if (is_new) products.push_back({{"name", name}, {"items", Json::array()}});
    Json& product = products[place->second];
    product["items"].push_back(i);
    if (manifest.items[i].phase != 0) product["words"] = manifest.items[i].words;
  }
  return products;
}

}  // namespace

std::string status_page(const PlanFiles& plan, const Manifest& manifest, const Summary& summary,
                        const Since& since, const std::filesystem::path& output_dir,
                        const std::filesystem::path& page) {
  Json ra = Json::array(), dec = Json::array(), names = Json::object();
  std::string states;
  const bool all_named = manifest.items.size() <= kMostNamed;
  const auto rounded = [](double degrees) { return std::round(1e4 * degrees) / 1e4; };
  for (std::size_t i = 0; i < manifest.items.size(); ++i) {
    const Item& item = manifest.items[i];
    ra.push_back(rounded(item.ra));
    dec.push_back(rounded(item.dec));
    states += static_cast<char>('0' + static_cast<int>(item.state));
    if (all_named || !is_well(item)) names[std::to_string(i)] = {item.name, item.reason};
  }
  Json groups = Json::array();
  for (const ReasonSummary& r : summary.reasons) {
    Json group = {{"state", r.state}, {"reason", r.reason}, {"items", r.items}, {"example", r.example}};
    if (groups.size() < kGroupsWithLog && r.state != state_name(ItemState::kNothing)) {
      const auto item = std::find_if(manifest.items.begin(), manifest.items.end(),
                                     [&](const Item& one) { return one.name == r.example; });
      if (item != manifest.items.end())
        group["log"] = last_log_of(plan, manifest, item - manifest.items.begin(), kLogLines);
    }
    groups.push_back(std::move(group));
  }
  Json state_names = Json::array();
  for (int i = 0; i < kItemStates; ++i)
    state_names.push_back(std::string(state_name(static_cast<ItemState>(i))));
  // Where the page of a brick is, with its name in the place of "NAME" and the first three letters in that of "NAM".
  const PlanKind kind = read_settings(plan.settings()).kind;
  const bool has_pages = kind == PlanKind::kBricks;
  const std::string pages =
      !has_pages
          ? ""
          : (page_path(output_dir, "NAMENAME").lexically_relative(page.parent_path()).generic_string()) +
                ".html";
  const Json data = {{"plan", plan.root.string()},
                     {"products", kind == PlanKind::kCommands ? products_of(manifest) : Json::array()},
                     {"items", kind == PlanKind::kBricks ? "bricks"
                               : kind == PlanKind::kCcds ? "CCDs, by exposure"
                                                         : "parts"},
                     {"summary", Json::parse(status_json(plan, summary, since))},
                     {"states", state_names},
                     {"ra", std::move(ra)},
                     {"dec", std::move(dec)},
                     {"state", states},
                     {"names", std::move(names)},
                     {"groups", std::move(groups)},
                     {"pages", pages}};
  return std::string(kStatusPageHead) + in_script(data) + std::string(kStatusPageTail);
}

}  // namespace brickline
