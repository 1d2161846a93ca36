// Another catalog matched with those of a survey's bricks: for each of its rows the nearest primary source.
//
// The table (HDU 1, MATCHED) has exactly the rows of the other catalog, in its order: row i is the whole record of the
// nearest primary source within the radius (upper-case names, units of the catalogs), then the columns copied from the other
// catalog, then
//   DIST E     arcsec; -1 where there is none
//   NMATCH J   primary sources within the radius
// Where there is none, OBJID is -1, other numbers are 0 and texts blank. Distances are great circles in double precision; a
// source at exactly the radius is none of them; of two equally near the one of the lower brickid, then row, counts. Epochs
// and proper motions do not.
//
// Only bricks within the radius of some row are read, one at a time; the table that comes of it is in memory.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "core/base/cancel.h"
#include "core/release/sweeps.h"

namespace brickline {

struct MatchOptions {
  double radius_arcsec = 1.5;
  std::vector<std::string> copied = {};   // columns of the other catalog
  std::vector<std::string> columns = {};  // of the survey's; empty: all
  std::string ra, dec;  // columns of the other's positions; empty: RA and DEC, else PLUG_RA and PLUG_DEC
  bool verify = true;
  Cancel cancel;
};

struct MatchReport {
  std::int64_t rows = 0, matched = 0;
  std::int64_t candidates = 0;  // all pairs within the radius
  std::int64_t unverified = 0;  // catalogs that were read and have no list of checksums
  std::string unlike_errors;    // how catalogs' errors differ (core/model/errors_card.h); empty: they do not
};

// Error (kInput): `external` has no such columns, one to be copied is not plain numbers or text, or it has positions that are none; a catalog that cannot be read, is not what its
// list of checksums says, or has a column of another type than others.
MatchReport match_external(const std::filesystem::path& external, std::span<const BrickCatalog> catalogs,
                           const std::filesystem::path& out, const MatchOptions& options);

// All pairs instead: a table (HDU 1, PAIRS) with a row for each primary source within the radius of a row of the other catalog,
// by that row and then by distance:
//   EXTROW K   the row of the other catalog, from 0
//   LS_ID K    the source's 64-bit id: the catalog's column ls_id..., else release << 42 | brickid << 22 | objid
//   BRICKID J, OBJID J
//   DIST E     arcsec
// Of two equally near the one of the lower brickid, then row, is first. `copied` and `columns` do not count. The pairs are in memory,
// 48 bytes each. Errors as above.
MatchReport match_all_pairs(const std::filesystem::path& external, std::span<const BrickCatalog> catalogs,
                            const std::filesystem::path& out, const MatchOptions& options);

}  // namespace brickline
