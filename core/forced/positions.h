// Lists of positions at which fluxes are wanted, in the forms that people have them.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "core/base/log.h"
#include "core/forced/forced_source.h"
#include "core/wcs/wcs.h"

namespace brickline {

// Columns of right ascension and declination, degrees. Empty: found by name (without case) among ra, raj2000,
// ra_deg, _ra, target_ra, alpha, ra_icrs, and dec, dej2000, dec_deg, _dec, target_dec, delta, de_icrs, decl.
struct PositionColumns {
  std::string ra, dec;
};

// The positions of a file: a FITS table, or text with a line of column names (CSV, or ECSV with its comments; values
// between commas or blanks). A value that is no number is NaN. Error (kInput) naming the file: neither form, no such
// column, a line with other than the header's number of values.
std::vector<SkyPosition> read_positions(const std::filesystem::path& file,
                                        const PositionColumns& columns = {});

// Point sources at the positions that are on or within kForcedMargin pixels of the region; objid is the row in the
// file, counted from 1, brickid 0. Positions that are no numbers are counted in one line of the log.
std::vector<ForcedSource> sources_at(const std::vector<SkyPosition>& positions, const ForcedRegion& region,
                                     const Log& log);

}  // namespace brickline
