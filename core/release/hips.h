// A sky to look at: pictures of the finished bricks as a HiPS (IVOA HiPS 1.0), a tree of PNG tiles that Aladin and other
// viewers read, and the page of our own beside it (hips_page.h).
//
//   <out>/image, <out>/resid/       colour pictures of the coadds; coadds minus models
//     properties, Moc.fits
//     NorderK/DirD/NpixN.png        512 x 512 pixels that are cells of order K + 9; D = N - N mod 10000
//     Norder3/Allsky.png            where there are tiles of order 3
//
// A pixel of the deepest order is taken from the brick whose unique area holds its centre (bilinear between the coadd's
// pixels; colours as in the bricks' pictures); transparent where there is none, or no exposure in any band. Pixels of lower
// orders are means of those of four that are not transparent. So no tile depends on the order of work.
//
// Work is cut into items: cells of order 5 (or the deepest order, if that is less), whose bricks are read once each.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "core/base/cancel.h"
#include "core/release/brick_products.h"
#include "core/release/parts.h"

namespace brickline {

inline constexpr int kTilePixels = 512;

struct HipsOptions {
  int order = 11;  // the deepest; 11 has pixels of 0.20 arcsec
  std::vector<std::string> bands;
  std::string title = "Brickline";
  std::string publisher = "ivo://not.published";  // creator_did is PUBLISHER/P/brickline/KIND
  std::string release_date = "1970-01-01T00:00Z";
  bool verify = true;
  Cancel cancel;
  std::string words() const;  // those that change pixels
};

// The kinds of pictures, and directories.
inline constexpr const char* kHipsKinds[] = {"image", "resid"};

// Cells in which bricks have tiles, with these bricks.
using HipsItems = std::map<std::int64_t, std::vector<BrickOutput>>;
int hips_item_order(const HipsOptions& options);
HipsItems hips_items(std::span<const BrickOutput> bricks, const HipsOptions& options);

// The deepest tiles of an item. False: they are there already, made of the same bricks and options. At any time the bands of
// one brick and the tiles that wait for further bricks are in memory.
bool make_hips_item(std::int64_t cell, std::span<const BrickOutput> bricks, const std::filesystem::path& out,
                    const HipsOptions& options);

// By which an item is known to be made.
std::filesystem::path hips_item_mark(const std::filesystem::path& out, std::int64_t cell);

struct HipsReport {
  std::int64_t tiles = 0;  // of all orders
  double sky_fraction = 0;
  double ra = 0, dec = 0, field = 1;  // where to look first, degrees
};
// What is above the deepest order, and the files beside it. Tiles that are of none of the items are removed: their bricks
// are no longer there. Error (kInput): there is no tile.
HipsReport finish_hips(const std::string& kind, const std::filesystem::path& out, const HipsItems& items,
                       const HipsOptions& options);

// "Norder11/Dir27910000/Npix27912496"
std::filesystem::path tile_path(int order, std::int64_t cell);

}  // namespace brickline
