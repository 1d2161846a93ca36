// The whole of stage coadds: every band stacked with its models, measured, and written; the pictures;
// MASKBITS.
//
// Bands go one after another, images in the order given, rows of a band in parallel: memory holds one band's
// maps and four planes per band for the pictures, however many images there are. Products are the same bytes
// for any number of threads.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/cancel.h"
#include "core/base/log.h"
#include "core/base/product_set.h"
#include "core/base/required.h"
#include "core/catalog/catalog_source.h"
#include "core/coadd/band_coadd.h"
#include "core/coadd/brick_maps.h"
#include "core/coadd/jpeg.h"
#include "core/coadd/model_images.h"
#include "core/coadd/rgb.h"
#include "core/fits/fits_writer.h"
#include "core/fits/header.h"
#include "core/image/ccd_image.h"
#include "core/model/galaxy_profiles.h"
#include "core/wcs/wcs.h"

namespace brickline {

// Where a product goes: type "image", "invvar", ... "copsf", "depth-table", "ccds-table", "maskbits",
// "image-jpeg", "imageblob-jpeg", "model-jpeg", "resid-jpeg", "blobmodel-jpeg"; band empty where a product
// has none.
using ProductPath = std::function<std::filesystem::path(std::string_view type, std::string_view band)>;

// How each type is compressed (the Legacy Surveys' choice): fluxes to an absolute step of 1e-4 nanomaggies
// with exact zeros kept, weights to a sixteenth of their noise, everything else without loss or, chi^2, to
// 0.1.
fits::Compression compression_of(std::string_view type);

struct CoaddStageInput {
  Wcs target;                         // the brick's grid
  double pixel_scale_arcsec = 0.262;  // of it, nominal: apertures and areas on the sky
  std::vector<std::string> bands;     // in the run's order
  std::span<const CcdImage> images;   // of all bands
  std::optional<Scene> scene;         // without: no model products
  SkyBox unique_area;
  bool custom_brick = false;  // a custom brick's MASKBITS have no NPRIMARY
  // To be outlined in a picture of its own, "imageblob-jpeg"; may be empty.
  ImageView<const std::int32_t> blob_map;
  ImageView<const std::uint8_t> reference_mask, bailout_mask, sub_blob_mask;  // brick pixels; may be empty
  std::map<std::string, ImageView<const std::uint8_t>> saturated;             // by band, already grown
  MaskBits maskbits{std::vector<std::string>{}};
  fits::Header version_header;
  std::map<std::string, double> coadd_sky;  // by band; a band without a value is told so in its header
  // Colours that a camera wishes for its bands, aligned with `bands`, or empty.
  std::vector<std::optional<std::array<double, 3>>> colors;
  ProductPath path;
};

struct CoaddStageOptions {
  Required<GalaxyProfiles> profiles;  // of the models that are drawn
  CoaddOptions coadd = {};
  RgbOptions rgb = {};
  JpegOptions jpeg = {};
  bool minimal = false;      // image, invvar and nexp only
  bool bands_alone = false;  // no table of depths and no pictures, which are of all of a brick's bands
  bool grey = false;         // a picture of a single band is grey
  bool coadd_psf = false;    // the PSF of each band's stack is a product ("copsf")
  Cancel cancel = {};        // Interrupted, between images
};

struct CoaddStageOutput {
  Image<std::int32_t> maskbits;
};

// Fills the rows' measurements (all but fibre fluxes, which need no images) and writes, per band, image,
// invvar, nexp, depth, galdepth, psfsize, model, chi2, blobmodel; then the table of depths and the pictures.
// MASKBITS are returned, not written: later stages add to them.
CoaddStageOutput make_coadds(const CoaddStageInput& input, std::span<CatalogSource> rows,
                             ProductSet& products, const CoaddStageOptions& options, const Log& log = {});

// A band without images has no products, but keeps its columns of zeros.

// MASKBITS as a product, with WISE's own masks if there are any. `version_header` holds the bit cards.
void write_maskbits(ImageView<const std::int32_t> maskbits, const Wcs& target,
                    const fits::Header& version_header, const std::filesystem::path& path,
                    ProductSet& products, std::span<const ImageView<const std::uint8_t>> wise_masks = {});

// The brick's CCD table as a product.
void write_ccds_table(const fits::Table& table, const fits::Header& version_header,
                      const std::filesystem::path& path, ProductSet& products);

}  // namespace brickline
