#include "core/survey/ccd_table_duplicates.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <optional>
#include <set>
#include <tuple>

#include "core/base/error.h"

namespace brickline {
namespace {

// What a CCD's pixels and their calibration follow from.
constexpr std::array kMeasuredWith{"image_filename", "image_hdu", "filter",  "exptime",  "ccdzpt",
                                   "fwhm",           "sig1",      "mjd_obs", "width",    "height",
                                   "crpix1",         "crpix2",    "crval1",  "crval2",   "cd1_1",
                                   "cd1_2",          "cd2_1",     "cd2_2",   "ccdraoff", "ccddecoff"};

// Camera, exposure, CCD, and what stands in where the latter two are not told.
using Identity = std::tuple<std::string, std::int64_t, std::string, std::string, std::int64_t>;

Identity identity(const fits::Table& t, std::int64_t row) {
  const std::int64_t expnum = t.integer("expnum", row);
  const std::string ccdname = t.text("ccdname", row);
  return {t.text("camera", row), expnum, ccdname, expnum > 0 ? "" : t.text("image_filename", row),
          ccdname.empty() ? t.integer("image_hdu", row) : 0};
}

std::string value_of(const fits::Table& t, const char* column, std::int64_t row) {
  if (t.require(column).is_string()) return t.text(column, row);
  return fmt::format("{}", t.number(column, row));
}

// The columns in which two rows differ, with both values.
std::string differences(const fits::Table& t, std::int64_t a, std::int64_t b) {
  std::vector<std::string> found;
  for (const char* column : kMeasuredWith) {
    if (!t.has(column)) continue;
    const std::string of_a = value_of(t, column, a), of_b = value_of(t, column, b);
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
      const std::string difference = differences(table_, *first, row);
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
  bool is_cut(std::int64_t row) const {
    return table_.has("ccd_cuts") && table_.number("ccd_cuts", row) != 0;
  }

 private:
  std::int64_t number_in_file(std::int64_t row) const {
    return file_.row_in_file->at(static_cast<std::size_t>(row)) + 1;
  }
  Identity identity_of(std::int64_t row) const {
    try {
      return identity(table_, row);
    } catch (Error& e) {
      e.in_file(fmt::format("{} row {}", file_.file, number_in_file(row)));
      throw;
    }
  }
  // One part of one file has been exposed once.
  void check_pixels() const {
    std::map<std::tuple<std::string, std::int64_t, std::string>, std::int64_t> seen;
    for (const auto& [who, rows] : by_identity_) {
      const auto row = std::find_if(rows.begin(), rows.end(), [&](std::int64_t r) { return !is_cut(r); });
      if (row == rows.end() || table_.text("image_filename", *row).empty()) continue;
      const auto [other, is_new] =
          seen.emplace(std::tuple{table_.text("image_filename", *row), table_.integer("image_hdu", *row),
                                  std::get<2>(who)},
                       *row);
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
  std::set<Identity> known;
  for (const CcdRowsOfFile& source : files) {
    const OneFile file(source);
    const std::int64_t n = source.table->rows();
    std::vector<bool> stays(static_cast<std::size_t>(n), false);
    std::int64_t elsewhere = 0, repeated = 0;
    std::string first_repeated;
    for (const auto& [who, rows] : file.ccds()) {
      if (!known.insert(who).second) {
        elsewhere += static_cast<std::int64_t>(rows.size());
        continue;
      }
      const std::int64_t row = file.chosen(rows);
      stays[static_cast<std::size_t>(row)] = true;
      // A repeated row that is cut would not have been used.
      const auto others = std::count_if(rows.begin(), rows.end(),
                                        [&](std::int64_t r) { return r != row && !file.is_cut(r); });
      repeated += others;
      if (others > 0 && first_repeated.empty()) first_repeated = file.name_of(row);
    }
    if (elsewhere > 0)
      log.warning("{}: {} of {} CCDs are in a table read before and left out", source.file, elsewhere, n);
    if (repeated > 0)
      log.warning("{}: {} of {} rows repeat a CCD (the first: {}) and are left out", source.file, repeated, n,
                  first_repeated);
    std::vector<std::int64_t>& kept = result.emplace_back();
    for (std::int64_t row = 0; row < n; ++row)
      if (stays[static_cast<std::size_t>(row)]) kept.push_back(row);
  }
  return result;
}

}  // namespace brickline
