// World coordinates that were fitted to stars, for CCDs whose header's are rotated, scaled or bent: the side files that
// `make-ccds --measure --astrometry` leaves and that the table of CCDs names.
//
// A table's column `wcs_file` holds a name below the survey's calib (or a directory of calibrations that an option names),
// empty for CCDs whose header is right: a FITS file with an HDU of each CCD's name (of CCDs that have none, with the card
// IMAGEHDU, the number of the image's own HDU), whose header has the world coordinates of the whole CCD and the exposure's
// EXPNUM and PLVER. The row's offset (ccdraoff, ccddecoff) is applied to them as to the
// header's, and they lack it; of cameras whose fact wcs.offset is false it is not applied, and they hold it. It is the one
// that was measured with them, which the cards WCSRAOFF and WCSDEOFF repeat, as WCSTERMS repeats the column wcs_terms. The card
// WCSHOLDS says whether they hold it; files without the card do not.
#pragma once

#include <filesystem>
#include <optional>
#include <vector>

#include "core/camera/camera.h"
#include "core/fits/header.h"

namespace brickline {

inline constexpr const char* kCorrectedWcsColumn = "wcs_file";
// Cards, and the columns whose values they have.
inline constexpr const char* kCorrectedWcsRaOffset = "WCSRAOFF";
inline constexpr const char* kCorrectedWcsDecOffset = "WCSDEOFF";
inline constexpr const char* kCorrectedWcsTerms = "WCSTERMS";
inline constexpr const char* kCorrectedWcsHoldsOffset = "WCSHOLDS";
inline constexpr const char* kCorrectedWcsHdu = "IMAGEHDU";

// The file that the row of `source` names, which may not be there; empty: it names none. Error (kInput) for a name that
// leaves the survey's directory.
std::filesystem::path corrected_wcs_file(const CcdSource& source,
                                         const std::vector<std::filesystem::path>& calibration_dirs);

// The cards, where the row of `source` names a file; `values`: of the open CCD, `facts`: of its camera. Error (kInput) that
// names the file if it is not there, has no HDU of the CCD, is of another exposure, another reduction of it, or another
// measurement than the row, or holds the offset that the facts want applied, or lacks the one that they do not.
std::optional<fits::Header> corrected_wcs(const CcdSource& source, const CcdValues& values,
                                          const WcsFacts& facts,
                                          const std::vector<std::filesystem::path>& calibration_dirs);

}  // namespace brickline
