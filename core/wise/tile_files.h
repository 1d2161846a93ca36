// Where a tile's coadds lie, and the part of them that a brick sees.
//
//   BASE/CCC/ID/unwise-ID-wB-{img-m,invvar-m,n-m,n-u}.fits[.gz]   CCC = first three characters of ID
//   BASE/CCC/ID/unwise-ID-msk.fits[.gz]
// Base directories are searched in order; the first that holds all four files of a band counts. Each file may
// be plain or gzipped. A ReadLog (it may be null) notes every file that is looked for, also those that are not
// there: once they are, something else is found.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/image.h"
#include "core/wcs/wcs.h"

namespace brickline {

class ReadLog;

// "a:b:c" as directories; empty parts are left out.
std::vector<std::filesystem::path> split_directories(std::string_view list);

struct TileFiles {
  std::filesystem::path image, invvar, frames_masked, frames_unmasked;
};

struct TileSearch {
  std::optional<TileFiles> files;
  // Without files: what a person must know, "no unwise-ID-w1-*.fits in A, B" or "A has no
  // ...-invvar-m.fits.gz".
  std::string missing;
};
TileSearch find_tile(const std::vector<std::filesystem::path>& directories, const std::string& id, int band,
                     ReadLog* reads = nullptr);
std::optional<std::filesystem::path> find_tile_mask(const std::vector<std::filesystem::path>& directories,
                                                    const std::string& id, ReadLog* reads = nullptr);

// The pixels of a tile that a brick's image covers: as in the reference, what RA and Dec of its first and of its last
// pixel, each with each, span. Near a pole (bricks of 3600 pixels: from |Dec| = 75 or so on) the brick's other two corner
// pixels may lie outside of that by more than 3 tile pixels, and it is extended to them, unlike the reference's. The tile's
// whole grid may be a part of the nominal one. Empty where they do not meet.
Box tile_region(const Wcs& tile, const Wcs& brick);

// One band of a tile, cut to a region. All planes are of one size.
struct TilePlanes {
  Box region;  // of the file's pixels
  Wcs wcs;     // of the region
  Image<float> image, invvar;
  Image<std::int32_t> frames_masked, frames_unmasked;
  std::optional<double> mjd;  // the middle of MJDMIN and MJDMAX
};
// `crpix_shift` is added to the header's CRPIX. Empty when the brick does not meet the tile. Error (kInput)
// naming the file: unreadable, cut short, planes of unlike sizes, not a plain tangent projection, another zero point than
// unWISE's, another band than `band` by its header.
std::optional<TilePlanes> read_tile(const TileFiles& files, int band, const Wcs& brick,
                                    PixelPosition crpix_shift = {});

}  // namespace brickline
