#include "tools/make_ccds/table_file.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <map>
#include <set>
#include <tuple>
#include <utility>

#include "core/base/error.h"
#include "core/base/letter_case.h"
#include "core/fits/fits_reader.h"
#include "core/wcs/units.h"

namespace brickline {
namespace {

// core/survey/kd_tree.h
bool is_of_search_tree(const fits::Table& table) {
  return !table.columns().empty() && table.columns().front().name.starts_with("kdtree_");
}

}  // namespace

TableFile TableFile::read(const std::filesystem::path& file) {
  fits::FitsReader reader(file);
  TableFile out{reader.table(1), reader.header(0), reader.header(1)};
  const auto require_whole = [&](const fits::Table& table) {
    for (const fits::Table::Unreadable& column : table.unreadable())
      throw input_error("column {} cannot be read, and would be lost: {}", column.name, column.why)
          .in_file(file.string());
  };
  require_whole(out.table);
  for (int hdu = 2; hdu < reader.hdu_count(); ++hdu) {
    if (!reader.is_table(hdu))
      throw input_error("HDU {} is no table, and would be lost", hdu).in_file(file.string());
    Further further{reader.table(hdu), reader.header(hdu)};
    if (is_of_search_tree(further.table)) continue;
    require_whole(further.table);
    out.further.push_back(std::move(further));
  }
  return out;
}

void TableFile::add_to(fits::FitsWriter& writer) const {
  writer.add_empty_primary(primary);
  writer.add_table(table, header.text("EXTNAME").value_or(""), header);
  for (const Further& f : further) writer.add_table(f.table, f.header.text("EXTNAME").value_or(""), f.header);
}

std::string words_of_left_out(const TableFile& file, bool with_cards) {
  std::vector<std::string> names;
  for (const TableFile::Further& f : file.further)
    names.push_back(f.header.text("EXTNAME").value_or("one without a name"));
  std::string words;
  if (!names.empty()) words = fmt::format("the tables behind it ({})", fmt::join(names, ", "));
  const auto& cards = file.header.cards();
  if (with_cards && std::any_of(cards.begin(), cards.end(),
                                [](const fits::Card& card) { return card.key.starts_with("ZS"); }))
    words += words.empty() ? "the cards ZS* of its header" : " and the cards ZS* of its header";
  return words.empty() ? words : words + " are left out: they are of that table alone";
}

std::string short_name(const std::filesystem::path& image) {
  return (image.parent_path().filename() / image.filename()).string();
}

void require_same_kind(std::span<const NamedTable> tables) {
  constexpr const char* kOfCcds = "image_filename";
  std::map<std::string, std::pair<std::string, std::string>> units;  // by column: unit, file
  for (const NamedTable& t : tables) {
    if (t.table.has(kOfCcds) != tables.front().table.has(kOfCcds)) {
      const bool first = tables.front().table.has(kOfCcds);
      throw input_error("it is {}table of CCDs (column {}), and {} is {}", first ? "no " : "a ", kOfCcds,
                        tables.front().name, first ? "one" : "none")
          .in_file(t.name);
    }
    for (const fits::Column& column : t.table.columns()) {
      if (column.unit.empty()) continue;
      std::string name = column.name;
      std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::tolower(c); });
      const auto [known, is_new] = units.try_emplace(name, column.unit, t.name);
      // There are many spellings of one unit; what is not known is not judged.
      if (constexpr double kSame = 1e-9;
          !is_new && (std::abs(unit_ratio(column.unit, known->second.first).value_or(1) - 1) > kSame ||
                      are_of_unlike_quantities(column.unit, known->second.first)))
        throw input_error("column {} is in '{}', and in '{}' in {}", column.name, column.unit,
                          known->second.first, known->second.second)
            .in_file(t.name);
    }
  }
}

std::vector<std::string> words_of_lacking(std::span<const NamedTable> tables) {
  std::set<std::string> all;
  for (const NamedTable& t : tables)
    for (const fits::Column& column : t.table.columns()) all.insert(lower_case(column.name));
  std::vector<std::string> out;
  for (const NamedTable& t : tables) {
    std::set<std::string> lacking = all;
    for (const fits::Column& column : t.table.columns()) lacking.erase(lower_case(column.name));
    for (const fits::Table::Unreadable& column : t.table.unreadable()) lacking.erase(lower_case(column.name));
    out.push_back(lacking.empty() ? ""
                                  : fmt::format("it lacks the columns {}: they are 0, or empty, in its rows",
                                                fmt::join(lacking, ", ")));
  }
  return out;
}

std::string ccds_there_twice(const fits::Table& table) {
  for (const char* name : {"image_filename", "image_hdu", "ccdname"})
    if (!table.has(name)) return {};
  std::map<std::tuple<std::string, std::int64_t, std::string>, std::int64_t> rows;
  std::int64_t twice = 0;
  std::string first;
  for (std::int64_t i = 0; i < table.rows(); ++i) {
    if (table.has("ccd_cuts") && table.integer("ccd_cuts", i) != 0) continue;
    const std::string image = table.text("image_filename", i), ccdname = table.text("ccdname", i);
    const auto [known, is_new] = rows.try_emplace({image, table.integer("image_hdu", i), ccdname}, i);
    if (!is_new && twice++ == 0)
      first = fmt::format("rows {} and {} are both CCD {} of {} [{}]", known->second + 1, i + 1, ccdname,
                          image, table.integer("image_hdu", i));
  }
  if (twice == 0) return {};
  return fmt::format(
      "{} CCDs are there more than once (the first: {}): make-ccds cut and solve refuse such a table", twice,
      first);
}

void refuse_to_replace(const std::filesystem::path& file, bool force) {
  if (std::filesystem::exists(file) && !force)
    throw input_error("it is there already; --force replaces it").in_file(file.string());
}

}  // namespace brickline
