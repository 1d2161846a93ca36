// The catalog as a HiPS: sources in tab-separated tiles, the brightest at low orders, each once in the whole tree.
//
//   <out>/catalog/Norder1/Allsky.tsv, Norder2/Allsky.tsv, NorderK/DirD/NpixN.tsv from order 3 on, properties, Moc.fits,
//   Metadata.xml (metadata.xml): a VOTable of the columns
// The first line of a file says how many sources of its cell are still to come at higher orders, and how many it has; the
// second names the columns:
//   ra, dec (deg), brickname, objid, type, and flux_b (nanomaggies) per band, shape_r (arcsec), maskbits
// Sources are bright by the sum of their fluxes.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "core/base/cancel.h"
#include "core/release/hips.h"
#include "core/release/sweeps.h"

namespace brickline {

struct HipsCatalogOptions {
  std::vector<std::string> bands;
  std::int64_t per_tile = 300;
  int deepest = 14;  // cells are not divided further: what is left goes into its tiles
};

struct HipsCatalogReport {
  std::int64_t sources = 0, tiles = 0;
  int order = 3;
  std::int64_t unverified = 0;  // catalogs without a list of checksums
};
// Of primary sources of the catalogs. Sources of one cell of order 3 are in memory at any time; the others wait in a file
// each below <out>/catalog. Error (kInput): a catalog that cannot be read, is not what its list of checksums says, or
// lacks ra, dec, brickname, objid, type or brick_primary. Of other columns that a brick lacks the values are 0.
HipsCatalogReport make_hips_catalog(std::span<const BrickCatalog> catalogs, const std::filesystem::path& out,
                                    const HipsCatalogOptions& options, const HipsOptions& hips);

}  // namespace brickline
