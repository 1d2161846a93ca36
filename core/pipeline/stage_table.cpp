#include "core/pipeline/stage_table.h"

#include "core/pipeline/stages/blobmask.h"
#include "core/pipeline/stages/coadds.h"
#include "core/pipeline/stages/fitblobs.h"
#include "core/pipeline/stages/forced_phot.h"
#include "core/pipeline/stages/galex_forced.h"
#include "core/pipeline/stages/halos.h"
#include "core/pipeline/stages/image_coadds.h"
#include "core/pipeline/stages/outliers.h"
#include "core/pipeline/stages/refs.h"
#include "core/pipeline/stages/srcs.h"
#include "core/pipeline/stages/tims.h"
#include "core/pipeline/stages/wise_forced.h"
#include "core/pipeline/stages/writecat.h"

namespace brickline {
namespace {

StageSpec optional(StageSpec spec) {
  spec.optional = true;
  return spec;
}

// A row that is the stage of its name only where the options want it so.
StageSpec form(StageSpec spec, bool (*applies)(const BrickOptions&)) {
  spec.applies = applies;
  return optional(std::move(spec));
}

std::vector<StageSpec> make_table() {
  using enum Product;
  const std::vector<Product> early_coadds = {kCcdsTable, kImage,    kInvvar,     kNexp,      kDepth,
                                             kGaldepth,  kPsfsize,  kDepthTable, kImageJpeg, kImageblobJpeg,
                                             kBlobmap,   kMaskbits, kCopsf};
  std::vector<StageSpec> t;
  t.push_back(checked_by<check_tims>(remade_by<read_images_again>(stage<run_tims>("tims", "TIMS", 1))));
  t.push_back(checked_by<check_refs>(stage<run_refs>("refs", "REFS", 1, {kRefSources})));
  t.push_back(stage<run_outliers>(
      "outliers", "OUTL", 1,
      {kOutliersPre, kOutliersMask, kOutliersPost, kOutliersMaskedPos, kOutliersMaskedNeg}));
  t.push_back(stage<run_halos>("halos", "HALO", 1));
  t.push_back(optional(stage<run_blobmask>("blobmask", "", 1, {kBlobmask})));
  t.push_back(form(stage<run_image_coadds>("image_coadds", "", 1, early_coadds), neither_wanted));
  t.push_back(form(stage<run_image_coadds_with_mask>("image_coadds", "", 1, early_coadds), mask_wanted));
  t.push_back(stage<run_srcs>("srcs", "SRCS", 1, {kDetectedSources}));
  t.push_back(form(stage<run_image_coadds_with_blobs>("image_coadds", "", 1, early_coadds), blobs_wanted));
  t.push_back(checked_by<check_fitblobs>(stage<run_fitblobs>("fitblobs", "FITB", 4)));
  t.push_back(stage<run_coadds>(
      "coadds", "COAD", 1,
      {kBlobmap, kCcdsTable, kAllModels, kImage, kInvvar, kNexp, kDepth, kGaldepth, kPsfsize, kModel, kChi2,
       kBlobmodel, kDepthTable, kImageJpeg, kModelJpeg, kBlobmodelJpeg, kResidJpeg, kCopsf}));
  t.push_back(checked_by<check_wise_forced>(stage<run_wise_forced>(
      "wise_forced", "", 1, {kImage, kModel, kInvvar, kCopsf, kWiseJpeg, kWisemodelJpeg, kWiseresidJpeg})));
  t.push_back(checked_by<check_galex_forced>(stage<run_galex_forced>(
      "galex_forced", "", 1, {kImage, kModel, kInvvar, kGalexJpeg, kGalexmodelJpeg, kGalexresidJpeg})));
  t.push_back(stage<run_forced_phot>("forced_phot", "", 1,
                                     {kForcedBrick, kImage, kInvvar, kNexp, kDepth, kGaldepth, kPsfsize,
                                      kModel, kChi2, kBlobmodel, kCopsf}));
  t.push_back(checked_by<check_writecat>(
      stage<run_writecat>("writecat", "WCAT", 1, {kMaskbits, kTractorIntermediate, kTractor, kChecksums})));
  return t;
}

}  // namespace

std::span<const StageSpec> stage_table() {
  static const std::vector<StageSpec> table = make_table();
  return table;
}

}  // namespace brickline
