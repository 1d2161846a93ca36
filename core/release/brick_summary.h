// The summary of a survey's bricks: one row per brick, of its catalog and its maps of exposures.
//
// Medians of primary rows are numpy's: the mean of the two middle values of an even number, in the column's own type.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/base/cancel.h"
#include "core/fits/table.h"
#include "core/release/brick_products.h"
#include "core/survey/bricks.h"

namespace brickline {

struct SummaryOptions {
  std::optional<bool> wise = {};  // columns of WISE; unset: if any of the bricks' catalogs has them
  bool verify = false;  // files are compared with the bricks' lists of checksums, where there are such
  Cancel cancel = {};
};

// Columns, with ·b one per band (lower case, no units):
//   brickname 8A, ra, dec D                   of the brick's centre, degrees
//   nexp ·b I, nexpmed ·b E, nexpmax ·b I     exposures: median over the unique pixels, truncated and not; the most
//   nexphist ·b 11J                           unique pixels with 0, 1, ... 9, 10 or more exposures
//   npix J, frac ·b E                         unique pixels, and the share of them that was exposed
//   nobjs, npsf, nsimp, nrex, nexp, ndev, ncomp, nser, ndup, ngal, nref J
//                                             primary rows: all, by type, galaxies, with a row of a reference catalog
//   psfsize ·b E                              arcsec, median over primary rows
//   psfdepth ·b, galdepth ·b E                5-sigma AB magnitude of the median depth; 0: none
//   ebv E, trans_b, ext_b E by band           medians; ext = -2.5 log10 trans, magnitudes
//   cosky ·b E                                nanomaggies per pixel, of the catalog's header; 0: none
//   wise_nobs 4I, trans_wise 4E, ext_w1..4 E  where any catalog has WISE
//   brickid J, ra1, ra2, dec1, dec2, area D   of the brick's table; area in square degrees, on the sphere
// nexp as a number of rows of type EXP and nexp_g are different things; the names are the published table's.
// A band without a map has no exposure in any pixel. A brick without primary rows has NaN sizes and transmissions and
// depths of 0.
// Error (kInput): a brick without a catalog or whose files cannot be read; it names the file.
fits::Table brick_summary(std::span<const BrickOutput> bricks, const std::vector<std::string>& bands,
                          const SummaryOptions& options = {});

// The same of one group of bricks in a file (parts.h), and such files put together, bricks by number.
void make_summary_part(const BrickGroup& group, const std::vector<std::string>& bands,
                       const std::filesystem::path& out, const SummaryOptions& options);
fits::Table merge_summaries(std::span<const std::filesystem::path> parts);

// Whether any of the bricks' catalogs has WISE.
bool have_wise(std::span<const BrickOutput> bricks);

// Those of all bricks' catalogs: of their columns flux_BAND, in the survey's order, spelled as their
// maps are.
std::vector<std::string> bands_of_outputs(std::span<const BrickOutput> bricks);

// Depth of the survey, from the bricks' tables of depth (core/coadd/depth_histogram.h).
struct DepthSums {
  fits::Table edges;      // depthlo, depthhi E
  fits::Table per_brick;  // counts_ptsrc_b, counts_gal_b 50J for each band, brickname
  fits::Table sums;       // depthlo, depthhi E, counts_ptsrc_b, counts_gal_b K
};
// Error (kInput): tables whose edges differ.
DepthSums depth_sums(std::span<const BrickOutput> bricks, const std::vector<std::string>& bands,
                     const SummaryOptions& options = {});

}  // namespace brickline
