#include "tools/calibrate/selection.h"

#include <tbb/parallel_for.h>

#include <algorithm>
#include <fstream>
#include <optional>
#include <set>
#include <sstream>
#include <unordered_map>

#include "core/base/error.h"
#include "core/fits/fits_reader.h"
#include "core/survey/bricks.h"
#include "core/survey/ccd_places.h"
#include "core/survey/target.h"

namespace brickline {
namespace {

bool is_fits(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  char start[2] = {};
  if (!in.read(start, 2)) return false;
  const std::string_view begin(start, 2);
  return begin == "SI" || begin == "\x1f\x8b";
}

// The words of a text, without remarks; of a table, its rows in words.
template <class OfRow>
std::vector<std::string> words_of_file(const std::string& file, const OfRow& of_row) {
  std::vector<std::string> words;
  if (is_fits(file)) {
    const fits::Table table = fits::FitsReader(file).table(1);
    for (std::int64_t i = 0; i < table.rows(); ++i) words.push_back(of_row(table, i));
    return words;
  }
  std::ifstream in(file);
  if (!in) throw input_error("cannot read it").in_file(file);
  for (std::string line; std::getline(in, line);) {
    std::istringstream text(line.substr(0, line.find('#')));
    for (std::string word; text >> word;) words.push_back(word);
  }
  return words;
}

template <class OfRow>
std::vector<std::string> expanded(const std::vector<std::string>& items, const OfRow& of_row) {
  std::vector<std::string> words;
  for (const std::string& item : items) {
    if (!item.starts_with('@')) {
      words.push_back(item);
      continue;
    }
    std::vector<std::string> more = words_of_file(item.substr(1), of_row);
    if (more.empty()) throw input_error("it lists nothing").in_file(item.substr(1));
    words.insert(words.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
  }
  return words;
}

bool all_digits(const std::string& text) {
  return !text.empty() && text.size() < 18 && text.find_first_not_of("0123456789") == std::string::npos;
}

// Rows by exposure: of many, found in one go.
class Exposures {
 public:
  Exposures(const CcdTable& table, std::size_t questions) : table_(table) {
    constexpr std::size_t kMany = 50;
    if (questions < kMany) return;
    rows_.emplace();
    for (std::int64_t i = 0; i < table.rows(); ++i) (*rows_)[table.table().integer("expnum", i)].push_back(i);
  }
  std::vector<std::int64_t> find(std::int64_t expnum) const {
    if (!rows_) return table_.find(expnum);
    const auto found = rows_->find(expnum);
    return found == rows_->end() ? std::vector<std::int64_t>() : found->second;
  }

 private:
  const CcdTable& table_;
  std::optional<std::unordered_map<std::int64_t, std::vector<std::int64_t>>> rows_;
};

void add_item(const CcdTable& table, const Exposures& exposures, const std::string& item,
              std::set<std::int64_t>& rows) {
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
  std::vector<std::int64_t> found = exposures.find(std::stoll(exposure));
  std::erase_if(found,
                [&](std::int64_t i) { return table.table().text("ccdname", i) != item.substr(dash + 1); });
  if (found.size() != 1) throw usage_error("'{}' is the name of {} CCDs of the table", item, found.size());
  rows.insert(found.front());
}

std::vector<Brick> wanted_bricks(const SurveyDirectory& survey, const CcdChoice& choice) {
  const BrickTable bricks = BrickTable::read(survey);
  std::unordered_map<std::string_view, const Brick*> by_name;
  for (const Brick& brick : bricks.bricks()) by_name[brick.name] = &brick;
  std::vector<Brick> wanted;
  for (const std::string& name : expanded(choice.bricks, [](const fits::Table&table, std::int64_t i) {
         return table.text("brickname", i);
       })) {
    const auto found = by_name.find(name);
    wanted.push_back(found == by_name.end() ? bricks.find(name)
                                            : *found->second);  // throws, with similar names
  }
  if (!choice.region.empty()) {
    const std::vector<double>& r = choice.region;
    const auto wrapped = [](double ra) { return ra < 0 ? ra + 360 : ra; };
    const std::vector<Brick> touching = bricks.touching_box(wrapped(r[0]), wrapped(r[1]), r[2], r[3]);
    wanted.insert(wanted.end(), touching.begin(), touching.end());
  }
  return wanted;
}

}  // namespace

bool is_wanted(const CcdRow& ccd, const CcdChoice& choice) {
  return (choice.ignore_cuts || ccd.ccd_cuts == 0) &&
         (choice.bands.empty() || std::ranges::count(choice.bands, ccd.band) > 0);
}

std::vector<std::int64_t> chosen_rows(const CcdTable& table, const SurveyDirectory& survey,
                                      const CcdChoice& choice) {
  std::set<std::int64_t> rows;
  const std::vector<std::string> items = expanded(choice.items, [](const fits::Table& ccds, std::int64_t i) {
    return std::to_string(ccds.integer("expnum", i)) + "-" + ccds.text("ccdname", i);
  });
  const Exposures exposures(table, items.size() + choice.expnums.size());
  for (const std::string& item : items) add_item(table, exposures, item, rows);
  for (const std::int64_t expnum : choice.expnums) {
    const std::vector<std::int64_t> found = exposures.find(expnum);
    if (found.empty()) throw usage_error("--expnum: the table has no exposure {}", expnum);
    rows.insert(found.begin(), found.end());
  }
  if (!choice.bricks.empty() || !choice.region.empty()) {
    const std::vector<Brick> wanted = wanted_bricks(survey, choice);
    const CcdPlaces places(table);
    std::vector<std::vector<std::int64_t>> found(wanted.size());
    tbb::parallel_for(std::size_t{0}, wanted.size(), [&](std::size_t i) {
      found[i] = places.touching(make_target(wanted[i], TargetOptions{}).wcs);
    });
    for (const std::vector<std::int64_t>& of_brick : found) rows.insert(of_brick.begin(), of_brick.end());
  }
  const bool all =
      choice.items.empty() && choice.expnums.empty() && choice.bricks.empty() && choice.region.empty();
  if (all)
    for (std::int64_t i = 0; i < table.rows(); ++i) rows.insert(i);

  std::vector<std::int64_t> out;
  for (const std::int64_t row : rows)
    if (is_wanted(table.row(row), choice)) out.push_back(row);
  return out;
}

}  // namespace brickline
