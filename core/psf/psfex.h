// PSF models made by PSFEx (Bertin 2011), as rows of the survey's tables.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>

#include "core/base/log.h"
#include "core/fits/table.h"
#include "core/psf/psf.h"
#include "core/survey/calibration.h"

namespace brickline {

struct PsfCalibration {
  Psf psf;  // in full-CCD pixels (PSFEx's own are 1-based; no pixel is subtracted, as in the reference
            // pipeline)
  // Inner profile of bright stars' halos (Moffat), arcsec; 0 = none.
  double moffat_alpha_arcsec = 0, moffat_beta = 0;
  std::string version, plver;  // of the software and the reduction that made it
  std::filesystem::path file;
};

// Columns: psf_mask (planes of the basis, 32- or 64-bit floats), psfaxis1/2 and poldeg1 (padding beyond them is
// cut), polzero1/2, polscal1/2, polname1/2 (positions in pixels: X_IMAGE, XWIN_IMAGE ..., x or y first), polngrp, psf_samp (0 counts as 1, with a warning), psf_fwhm.
// Error (kInput) if the row cannot be such a model; the caller names the file.
Psf psf_from_psfex_row(const fits::Table& table, std::int64_t row, bool normalize, Log log = {});

// The model of a CCD, from the first of `candidates` that holds it. Error (kInput) if none does, or as
// find_calibration.
PsfCalibration read_psf_calibration(std::span<const std::filesystem::path> candidates,
                                    const CalibrationKey& key, const CalibrationChecks& checks,
                                    bool normalize, Log log = {});

}  // namespace brickline
