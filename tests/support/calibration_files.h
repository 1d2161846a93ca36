// The calibration files of a CCD of the real survey data, as a camera without facts of its own finds them.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "core/base/error.h"
#include "core/fits/fits_reader.h"
#include "core/survey/calibration.h"
#include "tests/support/data.h"

namespace brickline::test {

struct SurveyCcd {
  CcdValues values;
  fits::Table table;
  std::int64_t row = -1;
};

// The row of (expnum, ccdname) in the survey's CCD table.
inline SurveyCcd survey_ccd(const std::string& survey, std::int64_t expnum, const std::string& ccdname) {
  for (const auto& entry : std::filesystem::directory_iterator(data_dir() / "surveys" / survey)) {
    if (!entry.path().filename().string().starts_with("survey-ccds")) continue;
    SurveyCcd found{{}, fits::FitsReader(entry.path()).table(1)};
    const fits::Table& t = found.table;
    for (std::int64_t i = 0; i < t.rows(); ++i) {
      if (t.integer("expnum", i) != expnum || t.text("ccdname", i) != ccdname) continue;
      found.row = i;
      CcdValues& v = found.values;
      v.camera = t.text("camera", i);
      v.image_filename = t.text("image_filename", i);
      v.image_hdu = static_cast<int>(t.integer("image_hdu", i));
      v.ccdname = ccdname;
      v.band = t.text("filter", i);
      v.expnum = expnum;
      v.width = static_cast<int>(t.integer("width", i));
      v.height = static_cast<int>(t.integer("height", i));
      v.mjd_obs = t.number("mjd_obs", i);
      v.exptime = t.number("exptime", i);
      v.propid = t.text("propid", i);
      v.plver = t.text("plver", i);
      v.plprocid = t.text("plprocid", i);
      v.procdate = t.text("procdate", i);
      v.ccdzpt = t.number("ccdzpt", i);
      v.sig1 = t.number("sig1", i);
      return found;
    }
  }
  throw input_error("no exposure {}, CCD {} in the survey {}", expnum, ccdname, survey);
}

inline std::vector<std::filesystem::path> calibration_files(const std::string& survey, CalibrationKind kind,
                                                            const CcdValues& ccd) {
  std::vector<std::filesystem::path> files;
  for (const std::string& name : calibration_paths(kind, FileFacts{}, ccd))
    files.push_back(data_dir() / "surveys" / survey / "calib" / name);
  return files;
}

}  // namespace brickline::test
