// Which CCDs a run looks at.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/base/log.h"
#include "core/survey/ccd_table.h"
#include "core/wcs/wcs.h"

namespace brickline {

// How many pixels of a CCD a target's images will hold: the part of the CCD, by the table's linear WCS, that
// is read for it.
std::int64_t pixels_to_read(const CcdRow& ccd, const Wcs& target);
std::int64_t pixels_to_read(const std::vector<CcdRow>& ccds, const Wcs& target);

// Rows, in table order, of CCDs whose outline (by the table's linear WCS) overlaps the target's. Unusable
// ones (ccd_table_geometry.h) are not among them.
std::vector<std::int64_t> ccds_touching(const CcdTable& ccds, const Wcs& target);

// Error (kInput), with file and row: mjd_obs or the astrometric offset are none. Stars are moved by the one and all by the
// other, to where nothing is.
void require_place_and_time(const CcdTable& ccds, const CcdRow& ccd);

struct CcdSelectionOptions {
  std::vector<std::string> bands{"g", "r", "z"};  // compared exactly
  std::optional<double> min_mjd, max_mjd;         // inclusive; of the table's mjd_obs
};

// What a pixel takes in memory once read: value and inverse error as floats, 16 bits of mask.
inline constexpr std::int64_t kImageBytesPerPixel = 10;

// A CCD that touches the target and gives nothing to it.
struct CcdLeftOut {
  std::string name, camera, band, file;  // "EXPNUM-CCDNAME"; the image's
  std::string reason;
};
CcdLeftOut left_out(const CcdRow& ccd, std::string reason);

// What a CCD's ccd_cuts say against it, in words; bits without a known meaning by their value.
std::string cuts_text(std::int64_t ccd_cuts);

// A CCD that is left out because its band differs from one that is wanted in case alone: another band (R, r) if its
// camera has both, else a slip.
struct MisspeltBand {
  CcdRow ccd;
  std::string wanted;
  std::string where;  // file and row
};

struct CcdSelection {
  std::vector<CcdRow> ccds;  // in table order
  std::int64_t pixels = 0;   // of them that will be read
  std::vector<CcdLeftOut> left_out;
  std::vector<MisspeltBand> misspelt;
  // Why there is nothing to do, when there are none.
  std::string nothing;
};

// The CCDs to work on: those touching the target, without cuts (ccd_cuts 0), of the bands, of the dates.
// Their rows are complete: an Error (kInput) names file and row of one whose zero point, seeing, exposure
// time, size or WCS is not a usable number, or whose names are empty; also of one that nothing cuts, of which
// one cannot say whether it touches but that is near by what can be read of its position. Others of that kind
// are counted in a warning. Also (kUsage) if a band wanted is of no CCD here but each of its letters is: "grz" for
// "g,r,z".
CcdSelection select_ccds(const CcdTable& ccds, const Wcs& target, const CcdSelectionOptions& options = {},
                         const Log& log = {});

// The bands of `wanted` that any of the CCDs was taken in, in the order wanted.
std::vector<std::string> bands_present(const std::vector<std::string>& wanted,
                                       const std::vector<CcdRow>& ccds);

}  // namespace brickline
