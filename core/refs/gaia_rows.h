// Tables of Gaia's archive in the forms in which people have them, as records of a fixed layout. Private to this room.
//
// The forms: comma-separated values and ECSV, with the headings that Gaia's own files have (GaiaSource_*.csv.gz); FITS;
// VOTable. Each may be gzipped, is told by its first bytes, and is read from front to back in bounded memory.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "core/base/cancel.h"
#include "core/refs/gaia_chunks.h"

namespace brickline::refs {

// One column of a record, `count` values of a type at `offset`, in the machine's own byte order.
struct RowColumn {
  std::string name, unit;  // in the input
  char type = 'E';         // K: int64, D: double, E: float, I: int16, L: one byte, 0 or 1
  int count = 1;
  std::size_t offset = 0;
};

// kGaiaColumns, then those to keep along. The first is source_id.
struct RowLayout {
  explicit RowLayout(std::span<const GaiaExtraColumn> extra);
  // Of a table that is joined: source_id and its columns, no position.
  explicit RowLayout(const GaiaJoinedTable& joined);
  std::vector<RowColumn> columns;
  std::size_t bytes = 0;  // of a record
  bool positions = true;  // rows have a position and an epoch
  // All of it in one text, for telling layouts apart.
  std::string signature() const;
};

struct GaiaRow {
  const char* record = nullptr;  // valid during the call
  std::int64_t source_id = 0;
  double ra = 0, dec = 0, ref_epoch = 0;
};

// Calls `row` with each, in the file's order. What has no value is NaN, 0 or false. Error (kInput) naming the file:
// damaged or cut short, a needed column missing or in another unit, a row without identifier, position or epoch, text
// that is no number. Rows of a joined table have an identifier alone; their ra, dec and epoch are told as 0. Names of
// columns differ from ours in case at most.
void read_gaia_rows(const std::filesystem::path& file, const RowLayout& layout, const Cancel& cancel,
                    const std::function<void(const GaiaRow&)>& row);

}  // namespace brickline::refs
