#include "core/image/corrected_wcs.h"

#include <fmt/format.h>

#include <cmath>
#include <utility>

#include "core/base/error.h"
#include "core/base/read_log.h"
#include "core/fits/fits_reader.h"

namespace brickline {

namespace fs = std::filesystem;

namespace {

// What the row says of the measurement is what the cards say. A table without the columns has no offset.
void require_same_measurement(const fits::Header& header, const CcdSource& source) {
  constexpr double kSameArcsec = 1e-4;  // the table has fewer digits
  const fits::Table& table = *source.table;
  for (const auto& [key, column] :
       {std::pair{kCorrectedWcsRaOffset, "ccdraoff"}, {kCorrectedWcsDecOffset, "ccddecoff"}}) {
    const std::optional<double> of_file = header.number(key);
    const double of_row = table.has(column) ? table.number(column, source.row) : 0;
    if (!of_file || !(std::abs(*of_file - of_row) <= kSameArcsec))
      throw input_error(
          "it is of another measurement than the table of CCDs, which has {} {} for {}: the file has {}",
          column, of_row, source.values.image_filename, of_file ? fmt::format("{}", *of_file) : "none");
  }
  if (!table.has("wcs_terms")) return;
  const std::string of_file = header.text(kCorrectedWcsTerms).value_or(""),
                    of_row = table.text("wcs_terms", source.row);
  if (of_file != of_row)
    throw input_error(
        "it is of another measurement than the table of CCDs, which has wcs_terms '{}' for {}: the file has '{}'",
        of_row, source.values.image_filename, of_file);
}

// The offset is in them, or is applied to them.
void require_offset_once(const fits::Header& header, const WcsFacts& facts) {
  const bool holds = header.logical(kCorrectedWcsHoldsOffset).value_or(false);
  if (holds == !facts.offset) return;
  throw input_error(
      "it {} the offset of the table of CCDs (card {}), which the camera's fact wcs.offset {}: it was made by other facts",
      holds ? "holds" : "lacks", kCorrectedWcsHoldsOffset,
      facts.offset ? "has runs apply to it" : "has runs not apply");
}

// By name; of a CCD without, by the number of its HDU.
std::optional<int> hdu_of(fits::FitsReader& file, const CcdValues& ccd) {
  if (!ccd.ccdname.empty()) return file.find_hdu(ccd.ccdname);
  for (int hdu = 0; hdu < file.hdu_count(); ++hdu)
    if (file.header(hdu).integer(kCorrectedWcsHdu) == ccd.image_hdu) return hdu;
  return {};
}

}  // namespace

fs::path corrected_wcs_file(const CcdSource& source, const std::vector<fs::path>& calibration_dirs) {
  if (!source.table || source.row < 0 || !source.table->has(kCorrectedWcsColumn)) return {};
  const std::string name = source.table->text(kCorrectedWcsColumn, source.row);
  if (name.empty()) return {};
  const fs::path relative = fs::path(name).lexically_normal();
  if (relative.is_absolute() || *relative.begin() == "..")
    throw input_error("{}: the column {} names '{}', which leaves the survey's directory",
                      source.values.image_filename, kCorrectedWcsColumn, name);
  std::error_code code;
  for (const fs::path& directory : calibration_dirs) {
    if (source.read_log) source.read_log->note(directory / relative);
    if (fs::exists(directory / relative, code)) return directory / relative;
  }
  return source.locate(SurveyPlace::kCalib, relative.string());
}

std::optional<fits::Header> corrected_wcs(const CcdSource& source, const CcdValues& values,
                                          const WcsFacts& facts,
                                          const std::vector<fs::path>& calibration_dirs) {
  const fs::path file = corrected_wcs_file(source, calibration_dirs);
  if (file.empty()) return {};
  const char* remedy = "make-ccds --measure --astrometry makes it";
  std::error_code code;
  if (!fs::exists(file, code))
    throw input_error("the world coordinates that the table of CCDs names for {} are not there: {}",
                      values.image_filename, remedy)
        .in_file(file.string());
  fits::FitsReader reader(file, source.read_log);
  const std::optional<int> hdu = hdu_of(reader, values);
  if (!hdu)
    throw input_error("it has no HDU of CCD {}: {}",
                      values.ccdname.empty() ? fmt::format("[{}]", values.image_hdu) : values.ccdname, remedy)
        .in_file(file.string());
  fits::Header header = reader.header(*hdu);
  if (header.integer("EXPNUM") != values.expnum || header.text("PLVER").value_or("") != values.plver)
    throw input_error("it is of exposure {} by pipeline version '{}', the image of exposure {} by '{}': {}",
                      header.integer("EXPNUM").value_or(-1), header.text("PLVER").value_or(""), values.expnum,
                      values.plver, remedy)
        .in_file(file.string());
  try {
    require_same_measurement(header, source);
    require_offset_once(header, facts);
  } catch (const Error& e) {
    throw input_error("{}; {}, and the table with it", e.message(), remedy).in_file(file.string());
  }
  return header;
}

}  // namespace brickline
