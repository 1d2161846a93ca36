#include "core/survey/ccd_table_duplicates.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <filesystem>
#include <map>
#include <optional>
#include <string_view>
#include <tuple>

#include "core/base/error.h"
#include "core/base/letter_case.h"

namespace brickline {
namespace {

// What a CCD's pixels and their calibration follow from.
constexpr std::array kMeasuredWith{"image_filename", "image_hdu", "filter",  "exptime",  "ccdzpt",
                                   "fwhm",           "sig1",      "mjd_obs", "width",    "height",
                                   "crpix1",         "crpix2",    "crval1",  "crval2",   "cd1_1",
                                   "cd1_2",          "cd2_1",     "cd2_2",   "ccdraoff", "ccddecoff"};

// Camera, exposure, CCD, and what stands in where the latter two are not told.
using Identity = std::tuple<std::string, std::int64_t, std::string, std::string, std::int64_t>;

// "./a//b.fits" is the file "a/b.fits".
std::string file_name(const fits::Table& t, std::int64_t row) {
  return std::filesystem::path(t.text("image_filename", row)).lexically_normal().string();
}

// Cameras have no case.
std::string camera_name(const fits::Table& t, std::int64_t row) { return lower_case(t.text("camera", row)); }

Identity identity(const fits::Table& t, std::int64_t row) {
  const std::int64_t expnum = t.integer("expnum", row);
  const std::string ccdname = t.text("ccdname", row);
  return {camera_name(t, row), expnum, ccdname, expnum > 0 ? "" : file_name(t, row),
          ccdname.empty() ? t.integer("image_hdu", row) : 0};
}

// The part of a file that a row names.
using Pixels = std::tuple<std::string, std::int64_t, std::string>;
Pixels pixels(const fits::Table& t, std::int64_t row) {
  return {file_name(t, row), t.integer("image_hdu", row), t.text("ccdname", row)};
}

std::string value_of(const fits::Table& t, const char* column, std::int64_t row) {
  if (std::string_view(column) == "image_filename") return file_name(t, row);
  if (t.require(column).is_string()) return t.text(column, row);
  return fmt::format("{}", t.number(column, row));
}

// A row of a table.
struct RowOf {
  const fits::Table* table;
  std::int64_t row;
};

// The columns in which two rows differ, with both values.
std::string differences(const RowOf& a, const RowOf& b) {
  std::vector<std::string> found;
  for (const char* column : kMeasuredWith) {
    if (!a.table->has(column) || !b.table->has(column)) continue;
    const std::string of_a = value_of(*a.table, column, a.row), of_b = value_of(*b.table, column, b.row);
    if (of_a != of_b) found.push_back(fmt::format("{} ({} and {})", column, of_a, of_b));
  }
  return fmt::format("{}", fmt::join(found, ", "));
}

class OneFile {
 public:
  explicit OneFile(const CcdRowsOfFile& file) : file_(file), table_(*file.table) {
    for (std::int64_t row = 0; row < table_.rows(); ++row) by_identity_[identity_of(row)].push_back(row);
    for (auto& [who, rows] : by_identity_)
      std::sort(rows.begin(), rows.end(),
                [&](std::int64_t a, std::int64_t b) { return number_in_file(a) < number_in_file(b); });
    check_pixels();
  }

  // Of the rows that are one CCD the one that counts.
  const std::map<Identity, std::vector<std::int64_t>>& ccds() const { return by_identity_; }
  std::int64_t chosen(const std::vector<std::int64_t>& rows) const {
    std::optional<std::int64_t> first;
    for (const std::int64_t row : rows) {
      if (is_cut(row)) continue;
      if (!first) {
        first = row;
        continue;
      }
      const std::string difference = differences({&table_, *first}, {&table_, row});
      if (!difference.empty())
        throw input_error("rows {} and {} are both {} and differ in {}; remove one, or cut it by ccd_cuts",
                          number_in_file(*first), number_in_file(row), name_of(row), difference)
            .in_file(file_.file);
    }
    return first.value_or(rows.front());
  }
  std::string name_of(std::int64_t row) const {
    return fmt::format("{}-{}", table_.integer("expnum", row), table_.text("ccdname", row));
  }
  Pixels pixels_of(std::int64_t row) const {
    return of_row(row, [&] { return pixels(table_, row); });
  }
  bool is_cut(std::int64_t row) const {
    return table_.has("ccd_cuts") && table_.number("ccd_cuts", row) != 0;
  }

 private:
  std::int64_t number_in_file(std::int64_t row) const {
    return file_.row_in_file->at(static_cast<std::size_t>(row)) + 1;
  }
  Identity identity_of(std::int64_t row) const {
    return of_row(row, [&] { return identity(table_, row); });
  }
  template <typename Read>
  auto of_row(std::int64_t row, Read&& read) const -> decltype(read()) {
    try {
      return read();
    } catch (Error& e) {
      e.in_file(fmt::format("{} row {}", file_.file, number_in_file(row)));
      throw;
    }
  }
  // One part of one file has been exposed once.
  void check_pixels() const {
    std::map<Pixels, std::int64_t> seen;
    for (const auto& [who, rows] : by_identity_) {
      const auto row = std::find_if(rows.begin(), rows.end(), [&](std::int64_t r) { return !is_cut(r); });
      if (row == rows.end() || table_.text("image_filename", *row).empty()) continue;
      const auto [other, is_new] = seen.emplace(pixels_of(*row), *row);
      if (!is_new)
        throw input_error(
            "rows {} ({}) and {} ({}) name the same pixels, {} HDU {}; remove one, or cut it by "
            "ccd_cuts",
            number_in_file(other->second), name_of(other->second), number_in_file(*row), name_of(*row),
            table_.text("image_filename", *row), table_.integer("image_hdu", *row))
            .in_file(file_.file);
    }
  }

  const CcdRowsOfFile& file_;
  const fits::Table& table_;
  std::map<Identity, std::vector<std::int64_t>> by_identity_;
};

}  // namespace

std::vector<std::vector<std::int64_t>> rows_without_duplicates(std::span<const CcdRowsOfFile> files,
                                                               const Log& log) {
  std::vector<std::vector<std::int64_t>> result;
  std::map<Identity, RowOf> known;
  std::map<Pixels, std::pair<const CcdRowsOfFile*, std::int64_t>> seen;
  for (const CcdRowsOfFile& source : files) {
    const OneFile file(source);
    const std::int64_t n = source.table->rows();
    std::vector<bool> stays(static_cast<std::size_t>(n), false);
    std::int64_t elsewhere = 0, repeated = 0, otherwise = 0;
    std::string first_repeated, first_otherwise;
    for (const auto& [who, rows] : file.ccds()) {
      if (const auto before = known.find(who); before != known.end()) {
        elsewhere += static_cast<std::int64_t>(rows.size());
        const std::string difference = differences(before->second, {source.table, rows.front()});
        if (!difference.empty() && otherwise++ == 0)
          first_otherwise = fmt::format("{} in {}", file.name_of(rows.front()), difference);
        continue;
      }
      const std::int64_t row = file.chosen(rows);
      known.emplace(who, RowOf{source.table, row});
      stays[static_cast<std::size_t>(row)] = true;
      if (!file.is_cut(row) && !source.table->text("image_filename", row).empty()) {
        const auto [other, is_new] = seen.emplace(file.pixels_of(row), std::pair{&source, row});
        if (!is_new)
          throw input_error(
              "{} and, in {}, {} name the same pixels, {} HDU {}; remove one, or cut it by ccd_cuts",
              file.name_of(row), other->second.first->file,
              OneFile(*other->second.first).name_of(other->second.second),
              source.table->text("image_filename", row), source.table->integer("image_hdu", row))
              .in_file(source.file);
      }
      // A repeated row that is cut would not have been used.
      const auto others = std::count_if(rows.begin(), rows.end(),
                                        [&](std::int64_t r) { return r != row && !file.is_cut(r); });
      repeated += others;
      if (others > 0 && first_repeated.empty()) first_repeated = file.name_of(row);
    }
    if (elsewhere > 0)
      log.warning("{}: {} of {} CCDs are in a table read before and left out{}", source.file, elsewhere, n,
                  otherwise == 0 ? ""
                                 : fmt::format("; {} of them differ from it (the first: {})", otherwise,
                                               first_otherwise));
    if (repeated > 0)
      log.warning("{}: {} of {} rows repeat a CCD (the first: {}) and are left out", source.file, repeated, n,
                  first_repeated);
    std::vector<std::int64_t>& kept = result.emplace_back();
    for (std::int64_t row = 0; row < n; ++row)
      if (stays[static_cast<std::size_t>(row)]) kept.push_back(row);
  }
  return result;
}

void require_all_rows(const fits::Table& table, const fits::Table& kept) {
  if (kept.rows() == table.rows()) return;
  const auto same = [&](std::int64_t i) {
    return i < kept.rows() && table.text("image_filename", i) == kept.text("image_filename", i) &&
           table.integer("image_hdu", i) == kept.integer("image_hdu", i);
  };
  std::int64_t i = 0;
  while (same(i)) ++i;
  throw input_error(
      "{} of {} rows are of CCDs that other rows name, too; the first of them is row {}, {} [{}]: {}",
      table.rows() - kept.rows(), table.rows(), i + 1, table.text("image_filename", i),
      table.integer("image_hdu", i), "every CCD must be there once");
}

}  // namespace brickline
