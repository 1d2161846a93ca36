// From measured rows to the catalog's files.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/image.h"
#include "core/base/log.h"
#include "core/base/product_set.h"
#include "core/base/required.h"
#include "core/catalog/catalog_source.h"
#include "core/catalog/dust.h"
#include "core/fits/header.h"
#include "core/fits/table.h"
#include "core/model/galaxy_profiles.h"
#include "core/wcs/sky_box.h"

namespace brickline {

// What is common to all rows.
struct CatalogContext {
  int release = 9999;
  std::int32_t brickid = -1;  // -1: a custom brick
  std::string brickname;
  std::vector<std::string> bands;         // of the images, in the run's order: CatalogSource::bands
  std::vector<std::string> survey_bands;  // of the survey: the catalog's columns
  // A/E(B-V) by band, where a camera brings a band that has no standard value.
  std::map<std::string, double> extinction;
  std::string id_name = "ls_id_dr11";  // of the first column
  SpaceColumns space;                  // of WISE and GALEX
  bool joint = false;                  // sources were fitted together: what that knows has its columns
  Required<GalaxyProfiles> profiles;   // of all galaxies
  bool composites = false;             // galaxies may be a bulge plus disk, which has its columns
};

// The columns' own formulas. A/E(B-V) of a band: WISE's and GALEX's, else what a camera brings of its `own`, else the
// standard one; empty if there is none.
std::optional<double> band_extinction(std::string_view band, const std::map<std::string, double>& own = {});
// 10^(-0.4 A), with A = coefficient * E(B-V) in single precision.
float transmission(float ebv, double coefficient);
// release << 42 | brickid << 22 | objid; negative for custom bricks.
std::int64_t unique_id(const CatalogContext& context, const CatalogSource& row);

struct CatalogOptions {
  double min_fracin = 1e-3;    // below it a flux is not trusted: flux and its ivar are set to 0
  double walker_arcsec = 1.0;  // FITBITS: the fit moved the source by more than this
  double runner_arcsec = 2.5;
  double neighbor_radius_arcsec = 60;
};

struct CatalogGeometry {
  int width = 0, height = 0;  // of the brick's image, pixels
  double pixel_scale_arcsec = 0.262;
  SkyBox unique_area;
  bool custom = false;  // a custom brick has no NPRIMARY bit
};

// Orders the rows and numbers them: in the image before outside, fitted before listed, by RA in each group
// (ties by Dec, then by the order given). Also sets in_bounds: the nearest pixel is in the image. Returns
// where each row stood before, for what is kept beside the rows. Comes before measurements that are kept by
// row.
std::vector<std::size_t> order_rows(std::vector<CatalogSource>& rows, const CatalogGeometry& geometry);

// Fills what follows from the rest: brick_primary, maskbits (from the map; rows outside the image have only
// NPRIMARY), fitbits, the Sersic index of DEV, EXP and REX, reddening (NaN without maps), nearest neighbours,
// positional errors of reference stars; cleans fluxes as CatalogOptions says and gives values that are not
// finite their stand-ins. `maskbits` may be empty.
void finish_catalog(std::vector<CatalogSource>& rows, const CatalogGeometry& geometry,
                    ImageView<const std::int32_t> maskbits, const DustMaps* dust,
                    const CatalogOptions& options = {});

// The columns of the tractor file.
fits::Table catalog_table(const std::vector<CatalogSource>& rows, const CatalogContext& context);
// The columns of the tractor-i file: band values as arrays over the run's bands, the fit's bookkeeping, and
// `extra` (columns aligned with the rows, or empty) at the end.
fits::Table intermediate_table(const std::vector<CatalogSource>& rows, const CatalogContext& context,
                               const fits::Table& extra = {});

// The primary header of the catalog: `version_header` and the cards that are the catalog's own (PRODTYPE,
// COSKY_<B>, APRADn).
fits::Header catalog_header(const fits::Header& version_header, const CatalogContext& context,
                            const std::map<std::string, double>& coadd_sky);

struct CatalogPaths {
  std::filesystem::path tractor, tractor_i, checksums;
};

// Writes tractor-i, tractor and the list of checksums, which `products` then holds.
void write_catalog(const std::vector<CatalogSource>& rows, const CatalogContext& context,
                   const fits::Header& header, const fits::Table& intermediate_extra,
                   const CatalogPaths& paths, ProductSet& products);

}  // namespace brickline
