#include "core/image/corrected_wcs.h"

#include "core/base/error.h"
#include "core/fits/fits_reader.h"

namespace brickline {

namespace fs = std::filesystem;

fs::path corrected_wcs_file(const CcdSource& source, const std::vector<fs::path>& calibration_dirs) {
  if (!source.table || source.row < 0 || !source.table->has(kCorrectedWcsColumn)) return {};
  const std::string name = source.table->text(kCorrectedWcsColumn, source.row);
  if (name.empty()) return {};
  const fs::path relative = fs::path(name).lexically_normal();
  if (relative.is_absolute() || *relative.begin() == "..")
    throw input_error("{}: the column {} names '{}', which leaves the survey's directory",
                      source.values.image_filename, kCorrectedWcsColumn, name);
  for (const fs::path& directory : calibration_dirs)
    if (fs::exists(directory / relative)) return directory / relative;
  return source.locate(SurveyPlace::kCalib, relative.string());
}

std::optional<fits::Header> corrected_wcs(const CcdSource& source, const CcdValues& values,
                                          const std::vector<fs::path>& calibration_dirs) {
  const fs::path file = corrected_wcs_file(source, calibration_dirs);
  if (file.empty()) return {};
  const char* remedy = "make-ccds --measure --astrometry makes it";
  if (!fs::exists(file))
    throw input_error("the world coordinates that the table of CCDs names for {} are not there: {}",
                      values.image_filename, remedy)
        .in_file(file.string());
  fits::FitsReader reader(file, source.read_log);
  const std::optional<int> hdu = reader.find_hdu(values.ccdname);
  if (!hdu) throw input_error("it has no HDU of CCD {}: {}", values.ccdname, remedy).in_file(file.string());
  fits::Header header = reader.header(*hdu);
  if (header.integer("EXPNUM") != values.expnum || header.text("PLVER").value_or("") != values.plver)
    throw input_error("it is of exposure {} by pipeline version '{}', the image of exposure {} by '{}': {}",
                      header.integer("EXPNUM").value_or(-1), header.text("PLVER").value_or(""), values.expnum,
                      values.plver, remedy)
        .in_file(file.string());
  return header;
}

}  // namespace brickline
