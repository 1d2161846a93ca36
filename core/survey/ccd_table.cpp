#include "core/survey/ccd_table.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <map>
#include <set>
#include <tuple>

#include "core/base/error.h"
#include "core/fits/fits_reader.h"
#include "core/survey/concatenate_tables.h"

namespace brickline {
namespace {

// What no default can stand for. fwhm and ccdzpt are needed too, but may come from seeing and zpt.
constexpr std::array kRequired{"camera", "image_filename", "image_hdu", "expnum", "ccdname",
                               "filter", "exptime",        "width",     "height", "crpix1",
                               "crpix2", "crval1",         "crval2",    "cd1_1",  "cd1_2",
                               "cd2_1",  "cd2_2",          "ra",        "dec"};
constexpr std::array kTextColumns{"camera", "image_filename", "ccdname",  "filter",  "object",
                                  "propid", "plver",          "procdate", "plprocid"};

void lower_case_names(fits::Table& table) {
  for (fits::Column& c : table.columns())
    std::transform(c.name.begin(), c.name.end(), c.name.begin(),
                   [](unsigned char ch) { return std::tolower(ch); });
}

void strip_blanks(fits::Table& table, const char* name) {
  fits::Column* column = table.find(name);
  auto* values = column ? std::get_if<std::vector<std::string>>(&column->data) : nullptr;
  if (!values) return;
  for (std::string& s : *values) {
    s.erase(0, std::min(s.find_first_not_of(' '), s.size()));
    s.erase(s.find_last_not_of(' ') + 1);
  }
}

double pixel_scale_of(const fits::Table& table, std::int64_t row) {
  return 3600 * std::sqrt(std::abs(table.number("cd1_1", row) * table.number("cd2_2", row) -
                                   table.number("cd1_2", row) * table.number("cd2_1", row)));
}

void check_columns(const fits::Table& table, const std::string& file) {
  std::vector<std::string> missing;
  for (const char* name : kRequired)
    if (!table.has(name)) missing.emplace_back(name);
  if (!table.has("fwhm") && !table.has("seeing")) missing.emplace_back("fwhm (or seeing)");
  if (!table.has("ccdzpt") && !table.has("zpt")) missing.emplace_back("ccdzpt (or zpt)");
  if (!missing.empty())
    throw input_error("the CCD table lacks {} {}", missing.size() == 1 ? "the column" : "the columns",
                      fmt::join(missing, ", "))
        .in_file(file);
  for (const char* name : kTextColumns)
    if (const fits::Column* c = table.find(name); c && !c->is_string())
      throw input_error("column {} of the CCD table holds numbers, not text", name).in_file(file);
  for (const fits::Column& c : table.columns()) {
    const bool text = std::find(kTextColumns.begin(), kTextColumns.end(), c.name) != kTextColumns.end();
    const bool needed = std::find(kRequired.begin(), kRequired.end(), c.name) != kRequired.end();
    if (needed && !text && c.is_string())
      throw input_error("column {} of the CCD table holds text, not numbers", c.name).in_file(file);
    if (needed && c.width() != 1)
      throw input_error("column {} of the CCD table holds {} values per row", c.name, c.width())
          .in_file(file);
  }
}

// Columns that follow from others, before zeros could stand in for them.
void complete(fits::Table& table, const std::string& file, const Log& log) {
  const std::int64_t n = table.rows();
  if (!table.has("fwhm")) {
    log.warning("{}: no column fwhm; taken from seeing by each CCD's pixel scale", file);
    std::vector<float> fwhm(n);
    for (std::int64_t i = 0; i < n; ++i)
      fwhm[i] = static_cast<float>(table.number("seeing", i) / pixel_scale_of(table, i));
    table.add("fwhm", std::move(fwhm), "pixels");
  }
  if (!table.has("ccdzpt")) {
    log.warning("{}: no column ccdzpt; taken from zpt, magnitudes for one count per second", file);
    std::vector<float> ccdzpt(n);
    for (std::int64_t i = 0; i < n; ++i) ccdzpt[i] = static_cast<float>(table.number("zpt", i));
    table.add("ccdzpt", std::move(ccdzpt), "mag");
  }
  if (!table.has("sig1"))
    log.warning("{}: no column sig1; each CCD's noise will be taken from its weights", file);
  if (!table.has("mjd_obs"))
    log.warning("{}: no column mjd_obs; dates unknown, so stars are not moved to the time of observation",
                file);
  if (!table.has("ccdraoff") || !table.has("ccddecoff"))
    log.warning("{}: no columns ccdraoff, ccddecoff; astrometric offsets taken as 0", file);
  if (!table.has("ccd_cuts")) log.warning("{}: no column ccd_cuts; none of its CCDs is cut", file);
  if (!table.has("propid")) log.warning("{}: no column propid; left empty", file);
  if (!table.has("plver") || !table.has("plprocid"))
    log.warning("{}: no columns plver, plprocid; calibrations cannot be checked against the images' versions",
                file);
}

std::string ccd_name(std::int64_t expnum, std::string_view ccdname) {
  return ccdname.empty() ? std::to_string(expnum) : fmt::format("{}-{}", expnum, ccdname);
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

CcdTable CcdTable::read(const SurveyDirectory& survey, const Log& log) {
  const std::vector<std::filesystem::path> files = survey.ccd_tables();
  if (files.empty())
    throw input_error("no survey-ccds*.fits.gz or survey-ccds*.kd.fits in {}", survey.root().string());
  std::vector<std::filesystem::path> found;
  for (const auto& f : files) found.push_back(survey.cached(f));
  return read(found, log);
}

CcdTable CcdTable::read(const std::vector<std::filesystem::path>& files, const Log& log) {
  std::vector<Source> sources;
  for (const auto& file : files) {
    // Of a .kd.fits too the first extension is the whole table; its search tree only decides the order.
    fits::FitsReader reader(file);
    if (reader.hdu_count() < 2 || !reader.is_table(1))
      throw input_error("no table in the first extension").in_file(file.string());
    sources.push_back({file, reader.table(1)});
    if (file.string().ends_with(".kd.fits")) try {
        sources.back().tree = SkyTree::read(reader, "ccds");
      } catch (const Error& error) {
        log.warning("{}: its CCDs come in the file's order: {}", file.string(), error.message());
      }
    log.debug("{}: {} CCDs", file.string(), sources.back().table.rows());
  }
  return from_tables(std::move(sources), log);
}

CcdTable CcdTable::from_tables(std::vector<Source> sources, const Log& log) {
  if (sources.empty()) throw input_error("no CCD tables");
  CcdTable result;
  std::vector<NamedTable> tables;
  // A CCD that several files name is one CCD.
  std::set<std::tuple<std::string, std::int64_t, std::string>> known;
  for (Source& source : sources) {
    const std::string file = source.file.string();
    lower_case_names(source.table);
    if (source.table.empty()) {
      if (sources.size() == 1) throw input_error("the CCD table is empty").in_file(file);
      log.warning("{}: the CCD table is empty", file);
      continue;
    }
    check_columns(source.table, file);
    Origin origin;
    for (const fits::Column& c : source.table.columns()) origin.columns.push_back(c.name);
    std::sort(origin.columns.begin(), origin.columns.end());
    complete(source.table, file, log);
    for (const char* name : {"ccdname", "camera", "filter"}) strip_blanks(source.table, name);

    std::vector<std::int64_t> kept;
    const std::int64_t n = source.table.rows();
    const bool check_duplicates = sources.size() > 1;
    std::vector<std::tuple<std::string, std::int64_t, std::string>> own;
    for (std::int64_t i = 0; i < n; ++i) {
      if (check_duplicates) {
        auto key = std::tuple{source.table.text("camera", i), source.table.integer("expnum", i),
                              source.table.text("ccdname", i)};
        if (known.contains(key)) continue;
        own.push_back(std::move(key));
      }
      kept.push_back(i);
    }
    known.insert(own.begin(), own.end());
    if (static_cast<std::int64_t>(kept.size()) < n) {
      log.warning("{}: {} of {} CCDs are in a table read before and left out", file, n - kept.size(), n);
      source.table = source.table.select(kept);
    }
    result.file_index_.insert(result.file_index_.end(), kept.size(),
                              static_cast<std::int32_t>(result.files_.size()));
    result.row_in_file_.insert(result.row_in_file_.end(), kept.begin(), kept.end());
    result.files_.push_back(source.file);
    origin.tree = std::move(source.tree);
    result.origins_.push_back(std::move(origin));
    tables.push_back({file, std::move(source.table)});
  }
  if (tables.empty()) throw input_error("all {} CCD tables are empty", sources.size());
  result.table_ = tables.size() == 1 ? std::move(tables.front().table) : concatenate_tables(tables);
  return result;
}

const std::filesystem::path& CcdTable::file_of(std::int64_t row) const {
  return files_.at(file_index_.at(row));
}

std::vector<std::int64_t> CcdTable::in_search_order(std::vector<std::int64_t> rows, const SkyPosition& centre,
                                                    double radius) const {
  std::vector<std::map<std::int64_t, std::int64_t>> ranks(origins_.size());  // of rows in their file
  for (std::size_t f = 0; f < origins_.size(); ++f)
    if (origins_[f].tree)
      for (const std::int64_t row : origins_[f].tree->search(centre.ra, centre.dec, radius))
        ranks[f].emplace(row, static_cast<std::int64_t>(ranks[f].size()));
  const auto key = [&](std::int64_t row) {
    const std::int32_t file = file_index_.at(row);
    const std::int64_t in_file = row_in_file_.at(row);
    const auto& of_file = ranks[static_cast<std::size_t>(file)];
    const auto rank = of_file.find(in_file);
    // Rows that the tree does not name come last, in their own order.
    const std::int64_t place =
        rank != of_file.end() ? rank->second : static_cast<std::int64_t>(of_file.size());
    return std::tuple{file, place, in_file};
  };
  std::sort(rows.begin(), rows.end(), [&](std::int64_t a, std::int64_t b) { return key(a) < key(b); });
  return rows;
}

std::string CcdTable::describe(std::int64_t row) const {
  return fmt::format("{} row {} ({})", file_of(row).string(), row_in_file_.at(row) + 1,
                     ccd_name(table_.integer("expnum", row), table_.text("ccdname", row)));
}

bool CcdTable::was_present(std::string_view column, std::int64_t row) const {
  const auto& columns = origins_.at(file_index_.at(row)).columns;
  return std::binary_search(columns.begin(), columns.end(), column);
}

CcdRow CcdTable::row(std::int64_t i) const {
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
  r.width = static_cast<int>(table_.integer("width", i));
  r.height = static_cast<int>(table_.integer("height", i));
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
