#include "tools/calibrate/selection.h"

#include <algorithm>
#include <fstream>
#include <set>

#include "core/base/error.h"
#include "core/survey/bricks.h"
#include "core/survey/ccd_selection.h"
#include "core/survey/target.h"

namespace brickline {
namespace {

std::vector<std::string> expanded(const std::vector<std::string>& items) {
  std::vector<std::string> words;
  for (const std::string& item : items) {
    if (!item.starts_with('@')) {
      words.push_back(item);
      continue;
    }
    std::ifstream in(item.substr(1));
    if (!in) throw input_error("cannot read it").in_file(item.substr(1));
    for (std::string word; in >> word;) words.push_back(word);
  }
  return words;
}

bool all_digits(const std::string& text) {
  return !text.empty() && text.size() < 18 && text.find_first_not_of("0123456789") == std::string::npos;
}

void add_item(const CcdTable& table, const std::string& item, std::set<std::int64_t>& rows) {
  const auto dash = item.find('-');
  if (all_digits(item)) {
    const std::int64_t row = std::stoll(item);
    if (row >= table.rows()) throw usage_error("there is no row {}: the table has {}", row, table.rows());
    rows.insert(row);
    return;
  }
  const std::string exposure = item.substr(0, dash);
  if (dash == std::string::npos || !all_digits(exposure))
    throw usage_error("'{}' is neither EXPNUM-CCDNAME nor a row's number", item);
  const std::vector<std::int64_t> found = table.find(std::stoll(exposure), item.substr(dash + 1));
  if (found.size() != 1) throw usage_error("'{}' is the name of {} CCDs of the table", item, found.size());
  rows.insert(found.front());
}

}  // namespace

std::vector<std::int64_t> chosen_rows(const CcdTable& table, const SurveyDirectory& survey,
                                      const CcdChoice& choice) {
  std::set<std::int64_t> rows;
  for (const std::string& item : expanded(choice.items)) add_item(table, item, rows);
  for (const std::int64_t expnum : choice.expnums) {
    const std::vector<std::int64_t> found = table.find(expnum);
    if (found.empty()) throw usage_error("--expnum: the table has no exposure {}", expnum);
    rows.insert(found.begin(), found.end());
  }
  if (!choice.bricks.empty() || !choice.region.empty()) {
    const BrickTable bricks = BrickTable::read(survey);
    std::vector<Brick> wanted;
    for (const std::string& name : choice.bricks) wanted.push_back(bricks.find(name));
    if (!choice.region.empty()) {
      const std::vector<double>& r = choice.region;
      const std::vector<Brick> touching = bricks.touching_box(r[0], r[1], r[2], r[3]);
      wanted.insert(wanted.end(), touching.begin(), touching.end());
    }
    for (const Brick& brick : wanted)
      for (const std::int64_t row : ccds_touching(table, make_target(brick, TargetOptions{}).wcs))
        rows.insert(row);
  }
  const bool all =
      choice.items.empty() && choice.expnums.empty() && choice.bricks.empty() && choice.region.empty();
  if (all)
    for (std::int64_t i = 0; i < table.rows(); ++i) rows.insert(i);

  std::vector<std::int64_t> out;
  for (const std::int64_t row : rows) {
    const CcdRow ccd = table.row(row);
    if (!choice.ignore_cuts && ccd.ccd_cuts != 0) continue;
    if (!choice.bands.empty() &&
        std::find(choice.bands.begin(), choice.bands.end(), ccd.band) == choice.bands.end())
      continue;
    out.push_back(row);
  }
  return out;
}

}  // namespace brickline
