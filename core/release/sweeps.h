// Sweeps: the catalogs of many bricks cut into boxes of sky, three files for each, whose rows i are the same source.
//
//   <out>/<release>/sweep-BOX.fits                     the columns that most work needs
//   <out>/<release>-lightcurves/sweep-BOX-lc.fits      ids and light curves of WISE
//   <out>/<release>-extra/sweep-BOX-ex.fits            ids and every other column
//
// A source belongs to a box if it is primary in its brick and lies in the box; rows without a measurement of where they
// are (type NUN) are left out, duplicates (DUP) are not. Bricks follow each other by number, rows as in their catalogs.
// Values are copied as bytes; a column that a brick lacks is zero, false or blank in its rows (-1 for lc_epoch_index).
// At any time the rows of one brick are in memory.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/cancel.h"
#include "core/base/log.h"
#include "core/release/sweep_columns.h"
#include "core/survey/bricks.h"

namespace brickline {

// How the sky is cut into boxes.
enum class SweepSchema {
  kBlocks5,   // 5 x 5 degrees: Legacy Surveys DR10 and after
  kBlocks10,  // 10 degrees of RA, 5 of Dec: before
  kRa,        // stripes of 1 degree of RA
  kDec,       // stripes of 1 degree of Dec
};
// "blocksdr11" (and "blocksdr10"), "blocks", "ra", "dec". Error (kUsage) for another name.
SweepSchema sweep_schema(std::string_view name);

// ra1 <= RA < ra2, dec1 <= Dec < dec2, degrees; the northernmost ones hold the pole.
struct SweepBox {
  double ra1 = 0, ra2 = 0, dec1 = 0, dec2 = 0;
  std::string name() const;  // "150p000-155p005"
  auto operator<=>(const SweepBox&) const = default;
};
// The one that holds a position; RA of any turn.
SweepBox sweep_box(SweepSchema schema, double ra, double dec);
// Error (kUsage): a name that no box of the schema has.
SweepBox sweep_box_named(SweepSchema schema, std::string_view name);

// A brick's catalog, and the part of the sky that its primary sources are in.
struct BrickCatalog {
  std::filesystem::path file;
  std::string brick;
  std::int64_t brickid = 0;
  double ra1 = 0, ra2 = 0, dec1 = 0, dec2 = 0;  // across RA 0 where ra1 > ra2
  double ra_width() const { return ra2 > ra1 ? ra2 - ra1 : ra2 - ra1 + 360; }
};
// The digest of the list of checksums beside a catalog; empty: there is none. Error (kInput): the catalog is not what the
// list says.
std::string verified_list(const BrickCatalog& catalog);

// Every catalog below a directory (links are followed), by brickid. Custom bricks are none. The boxes and numbers are
// those of `bricks`, else of the catalogs' own headers. Error (kInput): no catalog, a brick that is there twice or not in
// the table.
std::vector<BrickCatalog> find_catalogs(const std::filesystem::path& directory, const BrickTable* bricks);
// Error (kInput) naming a catalog whose galaxies have other profiles than those of the first (core/model/profiles_card.h):
// boxes of one release would be of two kinds.
void require_profiles_of_one_kind(std::span<const BrickCatalog> catalogs);

// How the catalogs' errors differ (core/model/errors_card.h); empty: they do not.
std::string unlike_errors(std::span<const BrickCatalog> catalogs);

struct SweepOptions {
  SweepSchema schema = SweepSchema::kBlocks5;
  SweepLayout layout = SweepLayout::kWithIds;
  std::string release = "sweep";  // the name of the directories
  // Catalogs are compared with their bricks' lists of checksums, where these are beside them.
  bool verify = true;
  Cancel cancel;
};

struct SweepReport {
  std::int64_t rows = 0, bricks = 0;         // of which rows came
  std::int64_t unverified = 0;               // bricks without a list of checksums
  std::vector<std::filesystem::path> files;  // of the box; none without a row
  bool was_there = false;                    // made before, of the same catalogs and options: left as it is
  // Columns that bricks lacked, with how many.
  std::map<std::string, std::int64_t> lacking;
  std::string unlike_errors;  // of the box's bricks, as above
};

// The main file of a box, its light curves and the rest.
std::array<std::filesystem::path, 3> sweep_files(const std::filesystem::path& out, const std::string& release,
                                                 const SweepBox& box);

// The three files of a box, all or none; none where there is no row. Files that are there and were made of the same
// catalogs, with the same options (card SWEEPKEY), stay. Error (kInput): a catalog that cannot be read, is
// not what its list of checksums says, or has a column of another type than other bricks' (both are named).
SweepReport make_sweep(const SweepBox& box, std::span<const BrickCatalog> catalogs,
                       const std::filesystem::path& out, const SweepOptions& options, const Log& log);

// The boxes in which the bricks may have sources.
std::vector<SweepBox> boxes_of(std::span<const BrickCatalog> catalogs, SweepSchema schema);
// Primary sources of a catalog that belong into sweeps.
std::int64_t primary_sources(const BrickCatalog& catalog);

}  // namespace brickline
