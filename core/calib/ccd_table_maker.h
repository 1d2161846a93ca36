// A table of CCDs from image files: what `make-ccds` writes and CcdTable reads.
//
// Every HDU that a camera calls a CCD becomes a row: geometry from its WCS, noise from its weights, sky level
// from its pixels, seeing from its header, zero point from the first of what the caller states, what the header
// says, and the camera's usual value. All files are looked at; what is missing is gathered, not thrown.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/base/log.h"
#include "core/base/progress.h"
#include "core/camera/registry.h"
#include "core/fits/table.h"
#include "core/image/ccd_reader.h"

namespace brickline {

struct CcdTableOptions {
  std::string camera;                        // of all files; empty: the one that claims the file's header
  std::map<std::string, double> zero_point;  // by band, AB mag of 1 count/s; comes before all others
  // A card (of the image's header, else the primary) with the AB magnitude of one unit of the pixels; comes
  // before the camera's own sources.
  std::string zero_point_card;
  // Zero points are measured from the rows: a camera that says none has rows all the same, of a rough one (kUnknown), which
  // only sig1 is in units of; ccdskysb is then NaN.
  bool zero_points_come_later = false;
  std::optional<double> seeing_arcsec;  // of images whose headers do not say it
  bool all_are_images = false;          // a file that nothing reads is a problem, whatever it is called
};

// One thing that keeps a CCD out of the table.
struct CcdProblem {
  std::string file;  // below the survey's images
  int hdu = -1;      // -1: the whole file
  std::string missing;
  std::string remedy;  // what would fix it; may be empty
};

// Where a row's zero point is from: the column `zpt_source`.
enum class ZeroPointSource { kOption, kHeader, kNominal, kUnknown };
std::string_view name_of(ZeroPointSource source);

struct MadeCcdTable {
  fits::Table table;  // in order of file and HDU
  std::vector<CcdProblem> problems;
  // Images looked at; of them passed over, because they are another file's mask or weight; others that nobody reads.
  std::int64_t files = 0, skipped = 0, foreign = 0;
};

// Files below the survey's images, hidden ones left out, sorted, relative.
std::vector<std::string> image_files(const SurveyDirectory& survey);

// `files`: relative to the survey's images. Loads the cameras that they need (core/camera/image_claims.h). A file that
// is not called FITS (*.fits, *.fit, with .fz or .gz) and whose format nobody knows is something beside the images, and
// no problem.
MadeCcdTable make_ccd_table(const SurveyDirectory& survey, CameraRegistry& cameras,
                            const std::vector<std::string>& files, const CcdTableOptions& options,
                            const Log& log = {}, const Progress& progress = {});

}  // namespace brickline
