#include "core/survey/products.h"

#include <algorithm>
#include <array>

#include "core/base/error.h"

namespace brickline {
namespace {

enum class Place { kBrickFile, kCoadd, kCoaddBand, kExposure };

struct Entry {
  Product product;
  std::string_view name;
  Place place;
  std::string_view folder;  // of kBrickFile and kExposure
  std::string_view stem;    // before the brick's name; in coadd/ the part after it
  std::string_view ending;
};

constexpr std::array kEntries{
    Entry{Product::kTractor, "tractor", Place::kBrickFile, "tractor", "tractor-", ".fits"},
    Entry{Product::kTractorIntermediate, "tractor-intermediate", Place::kBrickFile, "tractor-i", "tractor-i-",
          ".fits"},
    Entry{Product::kGalaxySims, "galaxy-sims", Place::kBrickFile, "tractor", "galaxy-sims-", ".fits"},
    Entry{Product::kChecksums, "checksums", Place::kBrickFile, "tractor", "brick-", ".sha256sum"},
    Entry{Product::kCcdsTable, "ccds-table", Place::kCoadd, "", "ccds", ".fits"},
    Entry{Product::kDepthTable, "depth-table", Place::kCoadd, "", "depth", ".fits"},
    Entry{Product::kImageJpeg, "image-jpeg", Place::kCoadd, "", "image", ".jpg"},
    Entry{Product::kModelJpeg, "model-jpeg", Place::kCoadd, "", "model", ".jpg"},
    Entry{Product::kResidJpeg, "resid-jpeg", Place::kCoadd, "", "resid", ".jpg"},
    Entry{Product::kBlobmodelJpeg, "blobmodel-jpeg", Place::kCoadd, "", "blobmodel", ".jpg"},
    Entry{Product::kImageblobJpeg, "imageblob-jpeg", Place::kCoadd, "", "imageblob", ".jpg"},
    Entry{Product::kWiseJpeg, "wise-jpeg", Place::kCoadd, "", "wise", ".jpg"},
    Entry{Product::kWisemodelJpeg, "wisemodel-jpeg", Place::kCoadd, "", "wisemodel", ".jpg"},
    Entry{Product::kWiseresidJpeg, "wiseresid-jpeg", Place::kCoadd, "", "wiseresid", ".jpg"},
    Entry{Product::kGalexJpeg, "galex-jpeg", Place::kCoadd, "", "galex", ".jpg"},
    Entry{Product::kGalexmodelJpeg, "galexmodel-jpeg", Place::kCoadd, "", "galexmodel", ".jpg"},
    Entry{Product::kGalexresidJpeg, "galexresid-jpeg", Place::kCoadd, "", "galexresid", ".jpg"},
    Entry{Product::kSimscoaddJpeg, "simscoadd-jpeg", Place::kCoadd, "", "simscoadd", ".jpg"},
    Entry{Product::kImagecoaddJpeg, "imagecoadd-jpeg", Place::kCoadd, "", "imagecoadd", ".jpg"},
    Entry{Product::kImage, "image", Place::kCoaddBand, "", "image", ".fits.fz"},
    Entry{Product::kInvvar, "invvar", Place::kCoaddBand, "", "invvar", ".fits.fz"},
    Entry{Product::kChi2, "chi2", Place::kCoaddBand, "", "chi2", ".fits.fz"},
    Entry{Product::kModel, "model", Place::kCoaddBand, "", "model", ".fits.fz"},
    Entry{Product::kBlobmodel, "blobmodel", Place::kCoaddBand, "", "blobmodel", ".fits.fz"},
    Entry{Product::kDepth, "depth", Place::kCoaddBand, "", "depth", ".fits.fz"},
    Entry{Product::kGaldepth, "galdepth", Place::kCoaddBand, "", "galdepth", ".fits.fz"},
    Entry{Product::kNexp, "nexp", Place::kCoaddBand, "", "nexp", ".fits.fz"},
    Entry{Product::kPsfsize, "psfsize", Place::kCoaddBand, "", "psfsize", ".fits.fz"},
    Entry{Product::kCopsf, "copsf", Place::kCoaddBand, "", "copsf", ".fits.fz"},
    Entry{Product::kMaskbits, "maskbits", Place::kCoadd, "", "maskbits", ".fits.fz"},
    Entry{Product::kMaskbitsLight, "maskbits-light", Place::kCoadd, "", "maskbits-light", ".fits.fz"},
    Entry{Product::kOutliersPre, "outliers-pre", Place::kBrickFile, "metrics", "outliers-pre-", ".jpg"},
    Entry{Product::kOutliersPost, "outliers-post", Place::kBrickFile, "metrics", "outliers-post-", ".jpg"},
    Entry{Product::kOutliersMaskedPos, "outliers-masked-pos", Place::kBrickFile, "metrics",
          "outliers-masked-pos-", ".jpg"},
    Entry{Product::kOutliersMaskedNeg, "outliers-masked-neg", Place::kBrickFile, "metrics",
          "outliers-masked-neg-", ".jpg"},
    Entry{Product::kOutliersMask, "outliers-mask", Place::kBrickFile, "metrics", "outlier-mask-", ".fits.fz"},
    Entry{Product::kBlobmap, "blobmap", Place::kBrickFile, "metrics", "blobs-", ".fits.gz"},
    Entry{Product::kBlobmask, "blobmask", Place::kBrickFile, "metrics", "blobmask-", ".fits.gz"},
    Entry{Product::kAllModels, "all-models", Place::kBrickFile, "metrics", "all-models-", ".fits"},
    Entry{Product::kRefSources, "ref-sources", Place::kBrickFile, "metrics", "reference-", ".fits"},
    Entry{Product::kDetectedSources, "detected-sources", Place::kBrickFile, "metrics", "sources-", ".fits"},
    Entry{Product::kForced, "forced", Place::kExposure, "forced", "forced-", ".fits"},
    Entry{Product::kForcedBrick, "forced-brick", Place::kBrickFile, "forced-brick", "forced-", ".fits"},
    Entry{Product::kTractorForced, "tractor-forced", Place::kBrickFile, "forced-brick", "tractor-forced-",
          ".fits"},
};

const Entry& entry(Product product) {
  const auto found =
      std::find_if(kEntries.begin(), kEntries.end(), [&](const Entry& e) { return e.product == product; });
  if (found == kEntries.end()) throw internal_error("a product without a name");
  return *found;
}

}  // namespace

std::string_view product_name(Product product) { return entry(product).name; }

std::optional<Product> product_of(std::string_view name) {
  for (const Entry& e : kEntries)
    if (e.name == name) return e.product;
  return {};
}

bool is_per_band(Product product) { return entry(product).place == Place::kCoaddBand; }
bool is_per_exposure(Product product) { return entry(product).place == Place::kExposure; }

std::filesystem::path product_path(Product product, const ProductKey& key) {
  const Entry& e = entry(product);
  if (e.place == Place::kExposure) {
    if (key.camera.empty() || key.expnum <= 0) throw internal_error("{}: no camera or exposure", e.name);
    return fmt::format("{}/{}/{}/{}{}-{}{}", e.folder, key.camera,
                       fmt::format("{:08d}", key.expnum).substr(0, 5), e.stem, key.camera, key.expnum,
                       e.ending);
  }
  if (key.brick.empty()) throw internal_error("{}: no brick", e.name);
  const std::string group = key.brick.substr(0, 3);
  if (e.place == Place::kBrickFile)
    return fmt::format("{}/{}/{}{}{}", e.folder, group, e.stem, key.brick, e.ending);
  std::string name = fmt::format("legacysurvey-{}-{}", key.brick, e.stem);
  if (e.place == Place::kCoaddBand) {
    if (key.band.empty()) throw internal_error("{}: no band", e.name);
    name += "-" + key.band;
    if (key.tier) name += fmt::format("-tier{}", *key.tier);
  }
  return fmt::format("coadd/{}/{}/{}{}", group, key.brick, name, e.ending);
}

}  // namespace brickline
