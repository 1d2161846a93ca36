// Makes the PSF calibration of a CCD with two programs: source-extractor (Bertin & Arnouts 1996) finds the
// sources and cuts their vignettes, psfex (Bertin 2011) models the stars among them.
//
// Both run in a directory of their own on a plain copy of the pixels, whatever the image's format. What they
// leave behind is looked at before it is believed: psfex ends well with no star at all, and with a model of
// zeros.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/base/cancel.h"
#include "core/base/environment.h"
#include "core/base/error.h"
#include "core/base/log.h"
#include "core/fits/table.h"
#include "core/image/ccd_reader.h"

namespace brickline {

struct PsfMakerOptions {
  ReadImageOptions reading;                       // as of SkyMakerOptions
  std::filesystem::path source_extractor, psfex;  // find_psf_programs
  std::filesystem::path scratch_parent;           // of temporary files; empty: $TMPDIR or /tmp
  bool keep_scratch = false;
  std::filesystem::path keep_catalog;  // where source-extractor's catalog is copied to; empty: nowhere
  double time_limit_seconds = 1200;    // of each program
  // Stars that psfex must have accepted: fewer make no model that varies over a chip worth its name.
  int min_stars = 20;
  // The sum of the model's constant plane must lie within this of 1.
  double max_sum_deviation = 0.3;
  bool smooth_wings = true;  // core/calib/psf_wings.h; otherwise they stay as psfex makes them
  Cancel cancel = {};
};

// One of the programs was ended from without (a signal, its time limit), or could not be started: another time it may go
// well.
class ProgramFailure : public Error {
 public:
  ProgramFailure(std::string what, bool was_killed)
      : Error(ErrorKind::kInput, std::move(what)), killed(was_killed) {}
  bool killed;  // by SIGKILL and not by this process: as a system does that has no more memory
};

// Takes what is given of both programs for names, and finds those that are not on $PATH. Error (kInput) naming the
// first that is not there and its Debian package; `options` is then as it was.
void find_psf_programs(PsfMakerOptions& options, const Environment& environment);

// A star that psfex was given.
struct PsfStar {
  double x = 0, y = 0;  // CCD pixels, 0-based
  bool accepted = false;
};

struct MadePsf {
  fits::Table row;
  int loaded = 0, accepted = 0;  // stars
  std::vector<PsfStar> stars;    // as far as psfex tells of them
  double fwhm_pixels = 0, chi2 = 0, sum = 0;
  std::optional<double> wings_from_pixels;  // from where on they are a profile's; empty: as psfex makes them
  double read_seconds = 0, extractor_seconds = 0, psfex_seconds = 0;  // CPU time
};

// A row of the table from the file that psfex writes. Error (kInput), in words that say what the model lacks,
// if it is not to be used.
fits::Table psf_row(const std::filesystem::path& psfex_file, const CcdImage& image, int min_stars,
                    double max_sum_deviation);

// Error (kInput): the CCD cannot be read; one of the programs failed, with its last words; the model is not to
// be used; a program is not known; as ProgramFailure if it was ended from without. (kResources): a full disk, or
// no memory for a program.
// `facts`: the camera's, or a variant of them.
MadePsf make_psf(const CcdReader& reader, const CcdInput& input, const Camera& camera,
                 const CameraFacts& facts, const PsfMakerOptions& options, Log log = {});

}  // namespace brickline
