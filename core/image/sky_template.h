// Templates of the sky's pattern over a CCD, scaled per exposure and subtracted before the sky model was
// fitted.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>

#include "core/base/image.h"
#include "core/base/log.h"
#include "core/facts/camera_facts.h"
#include "core/sky/sky_calibration.h"
#include "core/survey/calibration.h"

namespace brickline {

struct ScaledSkyTemplate {
  SkyTemplateId id;
  Image<float> level;  // of the window, times id.scale: native units
};

// Where the templates are: `given`, else what the environment variable that the facts name holds (in
// `environment`, by name); empty where neither says. Error (kInput) if that is no directory.
std::filesystem::path sky_template_directory(const SkyFacts::Template& facts,
                                             const std::filesystem::path& given,
                                             const std::map<std::string, std::string>& environment);

// The template of a CCD below `directory`: the table facts.scales says which run's template an exposure (and
// CCD, if it has that column) takes, and at what scale; facts.image (with {band} {run}) is the file, with
// ".fz" or without, its extension that of the CCD's name. Empty, with a warning, where the table says nothing
// of the exposure, or the file or extension is not there; empty for run -1; empty, with a warning, where the
// table's row is of another reduction and old calibrations are not accepted. The reduction's PLVER is not
// compared.
std::optional<ScaledSkyTemplate> read_sky_template(const SkyFacts::Template& facts,
                                                   const std::filesystem::path& directory,
                                                   const CcdValues& ccd, const Box& window,
                                                   bool old_calibs_ok, Log log = {},
                                                   ReadLog* read_log = nullptr);

// Error (kInput) if the sky model was made with another template than was subtracted (none: version and run
// -1); a warning where old calibrations are accepted. Scales are compared in single precision. A model that
// does not say what it was made with is told at info level, as a warning where a template was subtracted.
void check_sky_template(const SkyCalibration& sky, const SkyFacts::Template& facts,
                        const std::optional<SkyTemplateId>& subtracted, bool old_calibs_ok, Log log = {});

}  // namespace brickline
