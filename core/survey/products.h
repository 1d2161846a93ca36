// The names of a run's products, below its output directory.
//
// BBB stands for the first three characters of the brick's name. Names are those of the Legacy Surveys' data
// releases, whose readers find a product by its path.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace brickline {

enum class Product {
  // tractor/BBB
  kTractor,
  kTractorIntermediate,  // tractor-i/BBB
  kGalaxySims,
  kChecksums,
  // coadd/BBB/BRICK: tables
  kCcdsTable,
  kDepthTable,
  // coadd/BBB/BRICK: pictures
  kImageJpeg,
  kModelJpeg,
  kResidJpeg,
  kBlobmodelJpeg,
  kImageblobJpeg,
  kWiseJpeg,
  kWisemodelJpeg,
  kWiseresidJpeg,
  kGalexJpeg,
  kGalexmodelJpeg,
  kGalexresidJpeg,
  kSimscoaddJpeg,
  kImagecoaddJpeg,
  // coadd/BBB/BRICK: one per band (WISE and GALEX bands too)
  kImage,
  kInvvar,
  kChi2,
  kModel,
  kBlobmodel,
  kDepth,
  kGaldepth,
  kNexp,
  kPsfsize,
  kCopsf,
  // coadd/BBB/BRICK: masks
  kMaskbits,
  kMaskbitsLight,
  // metrics/BBB
  kOutliersPre,
  kOutliersPost,
  kOutliersMaskedPos,
  kOutliersMaskedNeg,
  kOutliersMask,
  kBlobmap,
  kBlobmask,
  kAllModels,
  kRefSources,
  kDetectedSources,
  // forced photometry
  kForced,         // forced/CAMERA/EEEEE; EEEEE = first five digits of the eight-digit expnum
  kForcedBrick,    // forced-brick/BBB
  kTractorForced,  // forced-brick/BBB
};

// The type's usual name ("tractor", "ccds-table", "image-jpeg"); and the type of a name, if there is one.
std::string_view product_name(Product product);
std::optional<Product> product_of(std::string_view name);

// Whether the path depends on a band (and may have a tier), a brick, or a camera and exposure.
bool is_per_band(Product product);
bool is_per_exposure(Product product);

struct ProductKey {
  std::string brick;
  std::string band;         // of products per band
  std::optional<int> tier;  // of products per band, fitted on coadds of several depths
  std::string camera;       // of products per exposure
  std::int64_t expnum = 0;
};

// The product's path below the output directory. Error (kInternal) if the key lacks what it needs.
std::filesystem::path product_path(Product product, const ProductKey& key);

}  // namespace brickline
