// The table of CCDs that a survey directory offers: one row per CCD of an exposure.
//
// The tables of the directory are read (whole, or only the rows near a target: a survey has millions), joined
// and completed with what the columns at hand allow; every default that is used is told through the log in
// one line per file. What a brick run needs of a row is `CcdRow`; all columns stay available for the
// per-brick CCD product.
#pragma once

#include <cstdint>
#include <filesystem>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/log.h"
#include "core/base/read_log.h"
#include "core/facts/ccd_values.h"
#include "core/fits/table.h"
#include "core/survey/survey_directory.h"
#include "core/wcs/wcs.h"

namespace brickline {

// The values of a CCD as the table has them (mjd_obs and sig1 are 0 where it does not know them), and where
// it lies on the sky.
struct CcdRow : CcdValues {
  std::int64_t table_row = -1;  // in CcdTable::table()
  // Without it the noise is to be had from the weights when the image is read.
  bool sig1_from_weights() const { return !(sig1 > 0); }
  std::int64_t ccd_cuts = 0;
  // A tangent plane that ignores distortions, good enough to find the CCDs of a brick.
  double crpix1 = 0, crpix2 = 0;  // 1-based, as in the table
  double crval1 = 0, crval2 = 0;  // degrees
  CdMatrix cd{};
  double ra = 0, dec = 0;              // of the middle, degrees
  double ccdraoff = 0, ccddecoff = 0;  // astrometric offset, arcsec of true angle, added to CRVAL
  std::optional<std::int64_t> ccdnastrom, ccdnphotom;

  Wcs approximate_wcs() const;
  double pixel_scale_arcsec() const;
  double seeing_arcsec() const { return psf_fwhm * pixel_scale_arcsec(); }
  // "EXPNUM-CCDNAME", for messages.
  std::string name() const;
};

// The row's values as cameras' conditions and plugins are judged by them: with what the table does not say
// unknown; zero_point (of the pixels as they are) is the camera's to add.
CcdValues ccd_values(const CcdRow& row);

class CcdTable {
 public:
  CcdTable() = default;
  // The rows near the target, of every table of the directory (survey_directory.h says which), in order of
  // their paths; of a table with a search tree in the order in which the tree is walked, else in the file's:
  // the order of the images, and of all sums over them. Rows that are unusable but near are among them
  // (ccd_table_search.h). A CCD is there once (ccd_table_duplicates.h). The log tells how many rows were
  // read. Error (kInput): no tables, no rows in any, a required column missing (the file and all missing
  // columns are named).
  static CcdTable read_near(const SurveyDirectory& survey, const Wcs& target, const Log& log = {},
                            ReadLog* read_log = nullptr);
  // The same of the given files.
  static CcdTable read_near(const std::vector<std::filesystem::path>& files, const Wcs& target,
                            const Log& log = {}, ReadLog* read_log = nullptr);
  // All rows, in the files' order. For tables that fit in memory.
  static CcdTable read(const SurveyDirectory& survey, const Log& log = {});
  static CcdTable read(const std::vector<std::filesystem::path>& files, const Log& log = {});
  // Of tables already in memory, under the names that messages use. Same checks and defaults.
  struct Source {
    std::filesystem::path file;
    fits::Table table;
    std::vector<std::int64_t> row_in_file{};     // of each row, from 0; empty: the table is the whole file's
    std::optional<std::int64_t> rows_in_file{};  // absent: as many as the table has
  };
  static CcdTable from_tables(std::vector<Source> sources, const Log& log = {});

  std::int64_t rows() const { return table_.rows(); }
  // Every column of every file, completed: fwhm and ccdzpt are there even if a file had seeing or zpt
  // instead; camera, ccdname and filter are without blanks. Column names are lower-case.
  const fits::Table& table() const { return table_; }
  // Error (kInput) naming file and row where a whole number is not one.
  CcdRow row(std::int64_t i) const;
  std::vector<CcdRow> rows_of(const std::vector<std::int64_t>& indices) const;

  const std::vector<std::filesystem::path>& files() const { return files_; }
  const std::filesystem::path& file_of(std::int64_t row) const;
  // "FILE row N (EXPNUM-CCDNAME)", rows counted from 1 as in the file.
  std::string describe(std::int64_t row) const;
  // Whether the row's own file had that column; its values are zeros or defaults otherwise.
  bool was_present(std::string_view column, std::int64_t row) const;

  // The rows of an exposure, of one of its CCDs if `ccdname` is given.
  std::vector<std::int64_t> find(std::int64_t expnum, std::string_view ccdname = {}) const;

 private:
  fits::Table table_;
  std::vector<std::filesystem::path> files_;
  std::vector<std::vector<std::string>> columns_;  // of each file its own, lower-case, sorted
  std::vector<std::int32_t> file_index_;           // per row
  std::vector<std::int64_t> row_in_file_;          // per row, from 0
};

}  // namespace brickline
