// Random places with what the coadds say there: the catalog by which a survey's footprint and depth are weighed.
//
// Columns, with ·b one per band (names in upper case, as readers of such catalogs want them):
//   RELEASE I, BRICKID J, BRICKNAME 8A, OBJID J   OBJID is the point's number in its brick
//   RA, DEC D                                     degrees
//   NOBS ·b I                                     exposures (map nexp)
//   PSFDEPTH ·b, GALDEPTH ·b E                    1/nanomaggies^2
//   PSFDEPTH_W1, PSFDEPTH_W2 E                    1/nanomaggies^2 (Vega)
//   PSFSIZE ·b E                                  arcsec
//   APFLUX ·b, APFLUX_IVAR ·b E                   aperture photometry of the coadd around the place: nanomaggies, 1/nanomaggies^2
//   MASKBITS J, WISEMASK_W1, WISEMASK_W2 B
//   EBV E                                         mag; without maps of dust there is no such column
//   PHOTSYS 1A                                    the half of the survey, as the caller says it
//   HPXPIXEL K                                    HEALPix pixel, nside 64, nested
//   LEVEL E                                       the density (per square degree) from which on the point is there
// Values are those of the pixel whose centre is nearest, in each file's own WCS; apertures are circles around the place,
// areas of pixels exact, pixels without weight left out:  apflux = sum(a image),  apflux_ivar = 1/sum(a/invvar).
// Depths of WISE: invvar norm^2/f^2 with the effective sizes norm = 0.240, 0.255 of its PSFs and f = 10^(-d/2.5), d = 2.699,
// 3.339 (AB to Vega; core/wise/wise_band.h). What has no map in a brick is zero there, and counted.
#pragma once

#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/base/cancel.h"
#include "core/catalog/dust.h"
#include "core/release/brick_products.h"
#include "core/release/parts.h"
#include "core/release/random_points.h"
#include "core/release/row_table.h"

namespace brickline {

struct RandomsOptions {
  double density = 2500;  // per square degree
  std::uint32_t seed = 1;
  double aperture_arcsec = 0.75;  // radius
  std::vector<std::string> bands;
  const DustMaps* dust = nullptr;
  std::string dust_digest;  // of what the maps were read from
  char photsys = ' ';
  bool verify = true;
  Cancel cancel;
  // The options that change what comes out, for part_key().
  std::string words() const;
};

std::vector<RowColumn> randoms_columns(const RandomsOptions& options);

// The points of one brick, rows of randoms_columns(), in order of OBJID. Adds to `counts` ("points", "points outside of the
// image", "bricks without band g", ...), and cards that explain MASKBITS to `cards`. Error (kInput) naming the file: it is
// missing beside the band's map of exposures, is not what the list of checksums says, or holds a value that cannot be.
std::vector<std::uint8_t> brick_randoms(const BrickProducts& brick, const RandomsOptions& options,
                                        Counts& counts, fits::Header& cards);

// The same at places of one's own; OBJID counts them from 0.
std::vector<std::uint8_t> rows_at_places(const BrickProducts& brick, std::span<const RandomPoint> places,
                                         const RandomsOptions& options, Counts& counts, fits::Header& cards);

// The points of a group of bricks, and those of several such files, sorted by (sort key, brickid, OBJID): a random order
// that depends on nothing but the seed, so that the first N rows are a fair sample.
void make_randoms_part(const BrickGroup& group, const std::filesystem::path& out,
                       const RandomsOptions& options);
Counts merge_randoms(std::span<const std::filesystem::path> parts, const std::filesystem::path& out,
                     const RandomsOptions& options);

}  // namespace brickline
