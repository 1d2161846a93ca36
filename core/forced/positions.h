// Lists of positions at which fluxes are wanted, in the forms that people have them.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "core/forced/forced_source.h"
#include "core/wcs/wcs.h"

namespace brickline {

// Columns of right ascension and declination, degrees. Empty: found by name (without case) among ra, raj2000,
// ra_deg, _ra, target_ra, alpha, ra_icrs, and dec, dej2000, dec_deg, _dec, target_dec, delta, de_icrs, decl.
struct PositionColumns {
  std::string ra, dec;
};

// The positions of a file: a FITS table, a VOTable (TABLEDATA), or text with a line of column names (CSV, or ECSV with
// its comments; values between commas or blanks). A value that is no number is NaN. Error (kInput) naming the file: none
// of these forms, no such column, a column that says that it is not in degrees, a line with other than the header's
// number of values, no row with a position.
std::vector<SkyPosition> read_positions(const std::filesystem::path& file,
                                        const PositionColumns& columns = {});

// How many of them are no positions: no numbers, or |RA| > 360, |Dec| > 90.
std::size_t count_senseless(const std::vector<SkyPosition>& positions);

// Point sources at the positions that are on or within kForcedMargin pixels of the region; objid is the row in the
// file, counted from 1, brickid 0. Senseless ones are nowhere.
std::vector<ForcedSource> sources_at(const std::vector<SkyPosition>& positions, const ForcedRegion& region);

}  // namespace brickline
