// The tiles that the unWISE coadds cut the sky into, and which of them a piece of sky needs.
//
// 18240 tiles of 2048 x 2048 pixels of 2.75 arcsec, tangent projections with north up about (ra, dec),
// overlap; each has a box of RA and Dec to itself, so that every position is measured on one tile.
#pragma once

#include <array>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "core/wcs/wcs.h"

namespace brickline {

class ReadLog;

struct WiseTile {
  std::string id;                               // "1866p257"
  double ra = 0, dec = 0;                       // centre, degrees
  double ra1 = 0, ra2 = 0, dec1 = 0, dec2 = 0;  // its own box; ra1 >= ra2: the box holds RA 0
  // Where the centre really is in W1 and W2, FITS pixels on both axes; nominally 1024.5.
  std::array<double, 2> crpix_w1{1024.5, 1024.5}, crpix_w2{1024.5, 1024.5};

  // Whether a position lies in the tile's own box; half-open.
  bool owns(double position_ra, double position_dec) const;
  // The whole tile's nominal grid.
  Wcs wcs() const;
  // What is to be added to CRPIX of a full-depth coadd of that band: 0 in W3 and W4.
  PixelPosition crpix_shift(int band) const;
};

class TileAtlas {
 public:
  TileAtlas() = default;
  explicit TileAtlas(std::vector<WiseTile> tiles) : tiles_(std::move(tiles)) {}
  // From a table with the columns coadd_id, ra, dec, ra1, ra2, dec1, dec2, crpix_w1, crpix_w2. Error
  // (kInput).
  static TileAtlas read(const std::filesystem::path& file, ReadLog* reads = nullptr);

  std::span<const WiseTile> tiles() const { return tiles_; }
  // Those whose outline overlaps the image's, in the atlas' order. None where the atlas has no tile.
  std::vector<WiseTile> touching(const Wcs& image) const;

 private:
  std::vector<WiseTile> tiles_;
};

// What the table of the time-resolved coadds says of one tile: which epochs exist.
struct TileEpochs {
  std::string id;
  // Per band (W1, W2) the numbers of the epochs that exist, ascending: directory eNNN.
  std::array<std::vector<int>, 2> epochs;
  int count = 0;  // epochs with a coadd in any band
};

// The rows of `time_resolved_atlas.fits` (columns coadd_id, epoch_bitmask: bit 0 W1, bit 1 W2) of those
// tiles, in the tiles' order; a tile that has no row has no epochs. Error (kInput).
std::vector<TileEpochs> read_tile_epochs(const std::filesystem::path& file, std::span<const WiseTile> tiles,
                                         ReadLog* reads = nullptr);

}  // namespace brickline
