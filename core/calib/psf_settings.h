// How source-extractor and psfex are told to work: the settings of the Legacy Surveys' calibrations as
// defaults, a camera's facts (psf, detection, psfex) over them.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "core/facts/camera_facts.h"

namespace brickline {

using ProgramSettings = std::map<std::string, std::string>;  // by the program's own names

// Source-extractor's, without names of files. Apertures have diameters of 1.5, 3, 5, 7, 9, 11, 13 and 15 arcsec by the
// camera's nominal pixel scale; psfex normalizes by the fourth. Where pixels are of one second, the gain that the
// defaults assume (electrons per count) is one of counts of `exptime` seconds; what the camera's facts or the header say
// of it stands.
ProgramSettings extractor_settings(const CameraFacts& facts, double exptime);
// The columns of the catalog, a vignette of each detection among them.
std::vector<std::string> extractor_columns(const CameraFacts& facts);
// The convolution of the detection image, in source-extractor's form.
std::string extractor_filter(const CameraFacts& facts);

// psfex's, but for names of files; with what the facts' rules say of the CCD.
ProgramSettings psfex_settings(const CameraFacts& facts, const CcdValues& ccd, CcdHeaders* headers);

// Words added to psfex's command line for one CCD: of the first line of the file that names its exposure and
// CCD, "EXPNUM-CCDNAME words ...", else of the first that names the exposure alone; "#" begins a comment.
// Error (kInput) naming file and line for one that is neither.
std::vector<std::string> special_flags(const std::filesystem::path& file, const CcdValues& ccd);

// "KEY value", a line each.
std::string settings_text(const ProgramSettings& settings);

}  // namespace brickline
