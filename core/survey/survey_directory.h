// Where a survey keeps its files: the directory that $LEGACY_SURVEY_DIR names.
//
//   survey-ccds*.fits.gz, survey-ccds*.kd.fits   CCD tables
//   survey-bricks.fits.gz                        the brick table (or survey-bricks-*.fits.gz)
//   images/<image_filename>                      what the CCD tables name
//   calib/...                                    PSF and sky models
//   survey.json                                  whose products these are (survey_identity.h); may be absent
//
// Inputs may have copies in a cache directory of the same layout: a path below the survey directory is
// replaced by its copy's wherever that exists. Lists of files are always those of the survey directory
// itself.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace brickline {

class SurveyDirectory {
 public:
  // The directory given, else $LEGACY_SURVEY_DIR. Error (kInput) if there is neither, or it is not a
  // directory that can be read.
  static SurveyDirectory open(const std::optional<std::filesystem::path>& survey_dir = {},
                              const std::filesystem::path& cache_dir = {});

  const std::filesystem::path& root() const { return root_; }
  const std::filesystem::path& cache() const { return cache_; }

  // The cached copy of a path below the survey directory if there is one, else the path itself.
  std::filesystem::path cached(const std::filesystem::path& path) const;

  // Sorted by path, uncached names. Error (kInput) if the directory cannot be listed. Of a table that exists
  // in both forms (the same name before .kd.fits and .fits.gz) only the .kd.fits.
  std::vector<std::filesystem::path> ccd_tables() const;
  std::vector<std::filesystem::path> annotated_ccd_tables() const;
  // Empty if there is none.
  std::optional<std::filesystem::path> brick_table() const;
  // $TYCHO2_KD_DIR/tycho2.kd.fits if it exists, else the survey's; empty if there is neither.
  std::optional<std::filesystem::path> tycho2() const;
  // $LARGEGALAXIES_CAT, if it is a file.
  std::optional<std::filesystem::path> large_galaxies() const;

  // survey.json; empty if there is none.
  std::optional<std::filesystem::path> identity() const;

  // images/<image_filename>; a companion plane's path is made the same way. Cached.
  std::filesystem::path image(std::string_view image_filename) const;
  // Where calibrations are kept, laid out as core/survey/calibration.h says. They are looked up in the cache
  // file by file.
  std::filesystem::path calib() const { return root_ / "calib"; }

 private:
  std::vector<std::filesystem::path> matching(std::string_view prefix,
                                              std::initializer_list<std::string_view> endings) const;
  std::filesystem::path root_, cache_;
};

}  // namespace brickline
