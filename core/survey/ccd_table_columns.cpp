#include "core/survey/ccd_table_columns.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <set>

#include "core/base/error.h"
#include "core/base/letter_case.h"
#include "core/base/numbers.h"

namespace brickline {
namespace {

// What no default can stand for. fwhm and ccdzpt are needed too, but may come from seeing and zpt.
constexpr std::array kRequired{"camera", "image_filename", "image_hdu", "expnum", "ccdname",
                               "filter", "exptime",        "width",     "height", "crpix1",
                               "crpix2", "crval1",         "crval2",    "cd1_1",  "cd1_2",
                               "cd2_1",  "cd2_2",          "ra",        "dec"};
constexpr std::array kText{"camera", "image_filename", "ccdname",  "filter",  "object",
                           "propid", "plver",          "procdate", "plprocid"};
constexpr std::array kNumbers{"image_hdu", "expnum",     "exptime",   "width",    "height",   "crpix1",
                              "crpix2",    "crval1",     "crval2",    "cd1_1",    "cd1_2",    "cd2_1",
                              "cd2_2",     "ra",         "dec",       "fwhm",     "seeing",   "ccdzpt",
                              "zpt",       "sig1",       "mjd_obs",   "ccd_cuts", "ccdraoff", "ccddecoff",
                              "airmass",   "ccdnastrom", "ccdnphotom"};

// What numbers of the table are taken as, and how people write that.
struct UnitOfColumns {
  std::string_view unit;
  std::vector<std::string_view> spellings;
  std::vector<const char*> columns;
};
const std::vector<UnitOfColumns>& units_of_columns() {
  static const std::vector<UnitOfColumns> kUnits{
      {"degrees", {"deg", "degree", "degrees"}, {"ra", "dec", "crval1", "crval2"}},
      {"degrees per pixel",
       {"deg", "degree", "degrees", "deg/pix", "deg/pixel", "degrees/pixel", "deg pix-1", "deg pixel-1",
        "deg / pix"},
       {"cd1_1", "cd1_2", "cd2_1", "cd2_2"}},
      {"arcsec", {"arcsec", "arcsecs", "arcsecond", "arcseconds", "\""}, {"ccdraoff", "ccddecoff", "seeing"}},
      {"seconds", {"s", "sec", "secs", "second", "seconds"}, {"exptime"}},
      {"days", {"d", "day", "days", "mjd", "jd-2400000.5"}, {"mjd_obs"}},
      {"pixels", {"pix", "pixel", "pixels"}, {"fwhm", "width", "height", "crpix1", "crpix2"}},
      {"magnitudes",
       {"mag", "mags", "magnitude", "magnitudes", "ab mag", "abmag", "mag(ab)"},
       {"ccdzpt", "zpt"}},
      {"nanomaggies",
       {"nmgy", "nanomaggy", "nanomaggies", "nmgy/pix", "nanomaggy/pixel", "1/sqrt(ivar)"},
       {"sig1"}}};
  return kUnits;
}

bool is_used(const std::string& name) {
  return std::find(kText.begin(), kText.end(), name) != kText.end() ||
         std::find(kNumbers.begin(), kNumbers.end(), name) != kNumbers.end();
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

}  // namespace

void check_ccd_columns(const fits::Table& table, const std::string& file) {
  std::vector<std::string> missing;
  for (const char* name : kRequired)
    if (!table.has(name)) missing.emplace_back(name);
  if (!table.has("fwhm") && !table.has("seeing")) missing.emplace_back("fwhm (or seeing)");
  if (!table.has("ccdzpt") && !table.has("zpt")) missing.emplace_back("ccdzpt (or zpt)");
  if (!missing.empty())
    throw input_error("the CCD table lacks {} {}", missing.size() == 1 ? "the column" : "the columns",
                      fmt::join(missing, ", "))
        .in_file(file);
  for (const char* name : kText)
    if (const fits::Column* c = table.find(name); c && !c->is_string())
      throw input_error("column {} of the CCD table holds numbers, not text", name).in_file(file);
  for (const char* name : kNumbers)
    if (const fits::Column* c = table.find(name); c && c->is_string())
      throw input_error("column {} of the CCD table holds text, not numbers", name).in_file(file);
  const auto single = [&](const char* name) {
    if (const fits::Column* c = table.find(name); c && c->width() != 1)
      throw input_error("column {} of the CCD table holds {} values per row", name, c->width()).in_file(file);
  };
  for (const char* name : kText) single(name);
  for (const char* name : kNumbers) single(name);
}

void check_ccd_units(const fits::Table& table, const std::string& file, const Log& log) {
  for (const UnitOfColumns& known : units_of_columns())
    for (const char* name : known.columns) {
      const auto& columns = table.columns();
      const auto c = std::find_if(columns.begin(), columns.end(), [&](const fits::Column& column) {
        return lower_case(column.name) == name;
      });
      if (c == columns.end() || stripped(c->unit).empty()) continue;
      const std::string unit = lower_case(std::string(stripped(c->unit)));
      if (std::find(known.spellings.begin(), known.spellings.end(), unit) == known.spellings.end())
        log.warning("{}: column {} of the CCD table is in '{}'; its values are taken as {}", file, name,
                    c->unit, known.unit);
    }
}

void check_no_column_is_lost(const fits::Header& header, const fits::Table& table, const std::string& file,
                             const Log& log) {
  std::set<std::string> seen;
  const std::int64_t count = header.integer("TFIELDS").value_or(0);
  for (std::int64_t i = 1; i <= count; ++i) {
    const std::optional<std::string> name = header.text(fmt::format("TTYPE{}", i));
    if (!name) continue;
    const std::string lower = lower_case(*name);
    const bool repeated = !seen.insert(lower).second;
    if (!repeated && table.has(lower)) continue;
    const std::string what =
        repeated ? fmt::format("the CCD table has two columns {} (names in FITS have no case)", lower)
                 : fmt::format("column {} of the CCD table has a form ({}) that cannot be read", *name,
                               header.text(fmt::format("TFORM{}", i)).value_or("none"));
    if (is_used(lower)) throw input_error("{}", what).in_file(file);
    log.warning("{}: {}", file, what);
  }
}

void check_columns_can_be_read(const fits::Table& table, const std::string& file, const Log& log) {
  for (const fits::Table::Unreadable& column : table.unreadable()) {
    const std::string what =
        fmt::format("column {} of the CCD table cannot be read: {}", column.name, column.why);
    if (is_used(lower_case(column.name))) throw input_error("{}", what).in_file(file);
    log.warning("{}: {}", file, what);
  }
}

void lower_case_names(fits::Table& table) {
  for (fits::Column& c : table.columns()) c.name = lower_case(c.name);
}

void complete_ccd_columns(fits::Table& table, const std::string& file, const Log& log) {
  lower_case_names(table);
  const std::int64_t n = table.rows();
  if (!table.has("fwhm")) {
    log.warning("{}: no column fwhm; taken from seeing by each CCD's pixel scale", file);
    std::vector<float> fwhm(static_cast<std::size_t>(n));
    for (std::int64_t i = 0; i < n; ++i)
      fwhm[static_cast<std::size_t>(i)] =
          static_cast<float>(table.number("seeing", i) / pixel_scale_of(table, i));
    table.add("fwhm", std::move(fwhm), "pixels");
  }
  if (!table.has("ccdzpt")) {
    log.warning("{}: no column ccdzpt; taken from zpt, magnitudes for one count per second", file);
    std::vector<float> ccdzpt(static_cast<std::size_t>(n));
    for (std::int64_t i = 0; i < n; ++i)
      ccdzpt[static_cast<std::size_t>(i)] = static_cast<float>(table.number("zpt", i));
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
  for (const char* name : {"ccdname", "camera", "filter"}) strip_blanks(table, name);
}

}  // namespace brickline
