// What fitting says of every source, and of every blob.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/image.h"
#include "core/blobs/blob_account.h"
#include "core/blobs/model_fit.h"
#include "core/fit/uncertainties.h"
#include "core/model/source_model.h"
#include "core/survey/bits.h"

namespace brickline {

// Weighted by the source's own light, per band; definitions at measure_source_metrics (core/blobs/metrics.h).
struct SourceMetrics {
  std::vector<float> fracflux, fracmasked, fracin, rchisq;
};

struct FittedSource {
  SourceModel model;
  InverseVariances inverse_variance;  // on the blob's whole images; all 0 for sources kept by force
  // Of sources that were fitted together (else empty): the covariance of the source's own parameters, packed by
  // rows of the lower triangle, of (RA cos(dec) and Dec in degrees, re, e1, e2, Sersic index, flux per band), 0 where
  // a parameter does not exist or was not measured; and per band the share of the flux's variance that is there
  // because the neighbours are not known exactly.
  std::vector<float> covariance, blendedness;
  BulgeErrors bulge_errors;                  // of a composite galaxy
  double composite_dchisq = 0;               // what it gains over no source; 0: it is none
  std::array<double, kModelKinds> dchisq{};  // 0 where a model was not tried
  int source = -1;                   // index into the SourceList; -1: found in the residuals of its blob
  int blob = -1;                     // index into FittedCatalog::blob_map
  int planned_blob = -1, part = -1;  // BlobReport::blob and part of where it was fitted
  double start_x = 0, start_y = 0;   // brick pixels
  double x = 0, y = 0;               // of the model
  int ix = 0, iy = 0;                // the same, rounded
  bool in_bounds = false;            // that pixel is in the brick
  std::uint16_t fit_bits = 0;        // fitbit: what the fit knows; the rest is the catalog's affair
  bool forced_to_stay = false;       // a reference star that the pixels do not want, kept as it came
  bool regular = true;               // false: its blob was not fitted; a reference source as it came
  bool started_in_blob = true, finished_in_blob = true;
  SourceMetrics metrics;

  // The pixels it was chosen on: the rectangle's size in brick pixels, unmasked pixels of all images, images.
  int rectangle_width = 0, rectangle_height = 0, pixels = 0, images = 0;
  std::array<ModelFit, kModelKinds> models;  // all that was tried, dchisq order
};

enum class BlobStatus : std::uint8_t {
  kFitted,
  kEmpty,    // no image or no significant source
  kSkipped,  // outside the brick's unique area, or larger than allowed
  kFailed,   // see message; only its reference sources are listed, as they came
  kCancelled,
  kBailedOut,  // no more blobs were to be fitted; likewise
};
std::string_view status_name(BlobStatus status);

// A source that is missing, or kept as it came, because it could not be fitted.
struct SourceFailure {
  int source = -1;      // index into the SourceList; -1: found in the residuals of its blob
  double x = 0, y = 0;  // where it started, brick pixels
  std::string reason;
};

struct BlobReport {
  int blob = -1;                              // number in the BlobMap that was fitted
  int part = -1;                              // of the blob; -1: the whole of it
  Box box;                                    // brick pixels
  std::int64_t pixels = 0, image_pixels = 0;  // of the mask; unmasked ones of all images
  int images = 0;
  int images_left_out = 0;  // their PSF is not usable
  int sources = 0, fitted = 0;
  // Of the fitted: their last fit with their neighbours took all the steps that it may, or took them as far as one may.
  int unfinished = 0;
  bool cut_short = false;  // its joint fit took all the work that it may (JointSelection::most_steps)
  std::vector<SourceFailure> failures;
  BlobStatus status = BlobStatus::kSkipped;
  std::string message;     // why, where it is not fitted or was cut short
  double cpu_seconds = 0;  // for logs; not part of any product

  // The message, and every source that failed with its reason, in one line.
  std::string why() const;
};

// What a run did not manage, item by item.
struct FailureSummary {
  struct Item {
    std::string what, reason;  // "blob 7 (x 3:9 y 4:5, 2 sources)"
  };
  int blobs = 0;            // of whose sources only those of reference catalogs are listed
  int sources = 0;          // of other blobs
  std::vector<Item> items;  // one for each of both
  bool any() const { return blobs + sources > 0; }
};
FailureSummary summarize_failures(std::span<const BlobReport> blobs);

struct FittedCatalog {
  // In catalog order (core/model/catalog_order.h).
  std::vector<FittedSource> sources;
  // Blobs that still hold a source at its final pixel, renumbered in the old order; -1 elsewhere.
  Image<std::int32_t> blob_map;
  std::vector<BlobReport> blobs;  // every blob planned, in the order of its number
  std::vector<int> number;        // of each blob that was planned: its number in blob_map, or -1
  // maskbit::kBailout on blobs that failed or were bailed out of, kSubBlob on those fitted in parts; empty if there is none.
  Image<std::int32_t> maskbits;
  std::vector<BlobAccount> accounts;  // if asked for, in the order of fitting
  // Of each frozen galaxy that was given: the blobs (of blob_map) that its light was taken out of.
  std::vector<std::vector<int>> frozen_reach;
};

}  // namespace brickline
