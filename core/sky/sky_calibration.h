// Sky models as rows of the survey's tables.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>

#include "core/base/log.h"
#include "core/fits/table.h"
#include "core/sky/sky_model.h"
#include "core/survey/calibration.h"

namespace brickline {

// Which sky template was subtracted before the model was made.
struct SkyTemplateId {
  std::int64_t version = -1, run = -1;
  double scale = 0;
};

struct SkyCalibration {
  SkyModel model;                             // in full-CCD pixels
  std::string version, plver;                 // of the software and the reduction that made it
  std::optional<SkyTemplateId> sky_template;  // empty: the table does not say
  std::filesystem::path file;
};

// Columns by `skyclass`: value | xbreak, left, right | gridw, gridh, xgrid, ygrid, gridvals, order, x0, y0 |
// these and xbreak, xjump. Error (kInput) if the row cannot be such a model; the caller names the file.
SkyModel sky_from_row(const fits::Table& table, std::int64_t row);

// The model of a CCD, from the first of `candidates` that holds it. Error (kInput) if none does, or as
// find_calibration.
SkyCalibration read_sky_calibration(std::span<const std::filesystem::path> candidates,
                                    const CalibrationKey& key, const CalibrationChecks& checks, Log log = {});

}  // namespace brickline
