#include "core/survey/ccd_table.h"

#include <algorithm>
#include <cmath>

#include "core/base/error.h"
#include "core/fits/fits_reader.h"
#include "core/survey/ccd_table_columns.h"
#include "core/survey/ccd_table_duplicates.h"
#include "core/survey/ccd_table_search.h"
#include "core/survey/concatenate_tables.h"

namespace brickline {
namespace {

std::string ccd_name(std::int64_t expnum, std::string_view ccdname) {
  return ccdname.empty() ? std::to_string(expnum) : fmt::format("{}-{}", expnum, ccdname);
}

// 0: no number of pixels that an image could have.
int side(double pixels) {
  return pixels >= 1 && pixels <= 1 << 20 && pixels == std::floor(pixels) ? static_cast<int>(pixels) : 0;
}

// What goes wrong in there is the file's.
template <typename Work>
auto in_file(const std::filesystem::path& file, Work&& work) -> decltype(work()) {
  try {
    return work();
  } catch (Error& e) {
    e.in_file(file.string());
    throw;
  }
}

std::optional<std::string> optional_text(const CcdTable& table, std::string_view column, std::int64_t row) {
  if (!table.was_present(column, row)) return {};
  return table.table().text(column, row);
}

std::optional<std::int64_t> optional_integer(const CcdTable& table, std::string_view column,
                                             std::int64_t row) {
  if (!table.was_present(column, row)) return {};
  return table.table().integer(column, row);
}

}  // namespace

Wcs CcdRow::approximate_wcs() const {
  return Wcs::tangent(crval1, crval2, crpix1 - 1, crpix2 - 1, cd, width, height);
}

double CcdRow::pixel_scale_arcsec() const {
  return 3600 * std::sqrt(std::abs(cd[0] * cd[3] - cd[1] * cd[2]));
}

std::string CcdRow::name() const { return ccd_name(expnum, ccdname); }

CcdValues ccd_values(const CcdRow& row) {
  CcdValues v = row;
  v.unnamed = v.ccdname.empty();
  if (!(v.mjd_obs > 0)) v.mjd_obs = CcdValues::kUnknown;
  if (!(v.sig1 > 0)) v.sig1 = CcdValues::kUnknown;
  v.pixel_scale = row.pixel_scale_arcsec();
  return v;
}

namespace {

std::vector<std::filesystem::path> tables_of(const SurveyDirectory& survey) {
  std::vector<std::filesystem::path> files = survey.ccd_tables();
  if (files.empty())
    throw input_error("no survey-ccds*.fits.gz or survey-ccds*.kd.fits in {}", survey.root().string());
  for (auto& f : files) f = survey.cached(f);
  return files;
}

}  // namespace

CcdTable CcdTable::read_near(const SurveyDirectory& survey, const Wcs& target, const Log& log,
                             ReadLog* read_log) {
  return read_near(tables_of(survey), target, log, read_log);
}

CcdTable CcdTable::read_near(const std::vector<std::filesystem::path>& files, const Wcs& target,
                             const Log& log, ReadLog* read_log) {
  std::vector<Source> sources;
  for (const auto& file : files) {
    RowsNear found = in_file(
        file, [&] { return read_rows_near(file, target.center(), target.radius_degrees(), log, read_log); });
    log.info("{}: {} of {} CCDs are near ({})", file.string(), found.table.rows(), found.rows_in_file,
             found.by_tree ? "by its search tree" : "all rows looked through");
    sources.push_back({file, std::move(found.table), std::move(found.row_in_file), found.rows_in_file});
  }
  return from_tables(std::move(sources), log);
}

CcdTable CcdTable::read(const SurveyDirectory& survey, const Log& log) {
  return read(tables_of(survey), log);
}

CcdTable CcdTable::read(const std::vector<std::filesystem::path>& files, const Log& log) {
  std::vector<Source> sources;
  for (const auto& file : files) {
    fits::FitsReader reader(file);
    if (reader.hdu_count() < 2 || !reader.is_table(1))
      throw input_error("no table in the first extension").in_file(file.string());
    sources.push_back({file, reader.table(1)});
    log.debug("{}: {} CCDs", file.string(), sources.back().table.rows());
  }
  return from_tables(std::move(sources), log);
}

CcdTable CcdTable::from_tables(std::vector<Source> sources, const Log& log) {
  if (sources.empty()) throw input_error("no CCD tables");
  const std::size_t count = sources.size();
  std::erase_if(sources, [&](const Source& source) {
    if (source.rows_in_file.value_or(source.table.rows()) > 0) return false;
    if (count == 1) throw input_error("the CCD table is empty").in_file(source.file.string());
    log.warning("{}: the CCD table is empty", source.file.string());
    return true;
  });
  if (sources.empty()) throw input_error("all {} CCD tables are empty", count);

  CcdTable result;
  std::vector<CcdRowsOfFile> files;
  for (Source& source : sources) {
    const std::string file = source.file.string();
    if (source.row_in_file.empty())
      for (std::int64_t i = 0; i < source.table.rows(); ++i) source.row_in_file.push_back(i);
    in_file(file, [&] {
      check_columns_can_be_read(source.table, file, log);
      check_ccd_columns(source.table, file);
      check_ccd_units(source.table, file, source.table.empty() ? Log() : log);
      return true;
    });
    lower_case_names(source.table);
    std::vector<std::string>& columns = result.columns_.emplace_back();
    for (const fits::Column& c : source.table.columns()) columns.push_back(c.name);
    std::sort(columns.begin(), columns.end());
    // What is not used has no defaults worth telling of.
    complete_ccd_columns(source.table, file, source.table.empty() ? Log() : log);
    files.push_back({file, &source.table, &source.row_in_file});
  }
  const std::vector<std::vector<std::int64_t>> kept = rows_without_duplicates(files, log);
  std::vector<NamedTable> tables;
  for (std::size_t f = 0; f < sources.size(); ++f) {
    Source& source = sources[f];
    for (const std::int64_t row : kept[f]) {
      result.file_index_.push_back(static_cast<std::int32_t>(f));
      result.row_in_file_.push_back(source.row_in_file[static_cast<std::size_t>(row)]);
    }
    const bool all = static_cast<std::int64_t>(kept[f].size()) == source.table.rows();
    result.files_.push_back(source.file);
    tables.push_back({source.file.string(), all ? std::move(source.table) : source.table.select(kept[f])});
  }
  result.table_ = tables.size() == 1 ? std::move(tables.front().table) : concatenate_tables(tables);
  return result;
}

const std::filesystem::path& CcdTable::file_of(std::int64_t row) const {
  return files_.at(file_index_.at(row));
}

std::string CcdTable::describe(std::int64_t row) const {
  return fmt::format("{} row {} ({})", file_of(row).string(), row_in_file_.at(row) + 1,
                     ccd_name(table_.integer("expnum", row), table_.text("ccdname", row)));
}

bool CcdTable::was_present(std::string_view column, std::int64_t row) const {
  const auto& columns = columns_.at(file_index_.at(row));
  return std::binary_search(columns.begin(), columns.end(), column);
}

CcdRow CcdTable::row(std::int64_t i) const try {
  const auto number_or = [&](std::string_view column, double otherwise) {
    return table_.has(column) ? table_.number(column, i) : otherwise;
  };
  const auto text_or_empty = [&](std::string_view column) {
    return table_.has(column) ? table_.text(column, i) : std::string();
  };
  CcdRow r;
  r.table_row = i;
  r.camera = table_.text("camera", i);
  r.image_filename = table_.text("image_filename", i);
  r.ccdname = table_.text("ccdname", i);
  r.band = table_.text("filter", i);
  r.object = text_or_empty("object");
  r.propid = text_or_empty("propid");
  r.image_hdu = static_cast<int>(table_.integer("image_hdu", i));
  r.expnum = table_.integer("expnum", i);
  r.plver = optional_text(*this, "plver", i).value_or("");
  r.procdate = optional_text(*this, "procdate", i).value_or("");
  r.plprocid = optional_text(*this, "plprocid", i).value_or("");
  r.exptime = table_.number("exptime", i);
  r.mjd_obs = number_or("mjd_obs", 0);
  r.psf_fwhm = table_.number("fwhm", i);
  r.ccdzpt = table_.number("ccdzpt", i);
  r.sig1 = number_or("sig1", 0);
  r.ccd_cuts = table_.has("ccd_cuts") ? table_.integer("ccd_cuts", i) : 0;
  r.width = side(table_.number("width", i));
  r.height = side(table_.number("height", i));
  r.crpix1 = table_.number("crpix1", i);
  r.crpix2 = table_.number("crpix2", i);
  r.crval1 = table_.number("crval1", i);
  r.crval2 = table_.number("crval2", i);
  r.cd = {table_.number("cd1_1", i), table_.number("cd1_2", i), table_.number("cd2_1", i),
          table_.number("cd2_2", i)};
  r.ra = table_.number("ra", i);
  r.dec = table_.number("dec", i);
  r.ccdraoff = number_or("ccdraoff", 0);
  r.ccddecoff = number_or("ccddecoff", 0);
  r.ccdnastrom = optional_integer(*this, "ccdnastrom", i);
  r.ccdnphotom = optional_integer(*this, "ccdnphotom", i);
  return r;
} catch (Error& e) {
  e.in_file(fmt::format("{} row {}", file_of(i).string(), row_in_file_.at(i) + 1));
  throw;
}

std::vector<CcdRow> CcdTable::rows_of(const std::vector<std::int64_t>& indices) const {
  std::vector<CcdRow> result;
  result.reserve(indices.size());
  for (std::int64_t i : indices) result.push_back(row(i));
  return result;
}

std::vector<std::int64_t> CcdTable::find(std::int64_t expnum, std::string_view ccdname) const {
  std::vector<std::int64_t> found;
  for (std::int64_t i = 0; i < rows(); ++i)
    if (table_.integer("expnum", i) == expnum && (ccdname.empty() || table_.text("ccdname", i) == ccdname))
      found.push_back(i);
  return found;
}

}  // namespace brickline
