// How a blob came to its sources: what was tried for each, and how well each image is explained in the end.
// For people; no product depends on it.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/base/image.h"
#include "core/blobs/joint_account.h"
#include "core/blobs/model_fit.h"

namespace brickline {

struct SourceAccount {
  int source = -1;                       // index into the SourceList; -1: found in the residuals
  bool from_catalog = false;             // of a reference catalog
  double start_x = 0, start_y = 0;       // brick pixels
  SourceModel found, first_round, last;  // as it came, after the first round, in the end
  bool forced_point_source = false, fit_background = false, frozen = false, needed_flux = false;
  bool forced_to_stay = false;
  std::string failure;                             // why it could not be fitted; empty: it could
  FitStatus first_round_end = FitStatus::kNoData;  // kBadInput: it went on as it came
  int rectangle_width = 0, rectangle_height = 0, pixels = 0, images = 0;  // that models were chosen on
  int owned_pixels = 0;  // brick pixels that were its own while models were chosen; 0 without segmentation
  std::vector<double> chi2_none;  // there, without a source, per band
  std::array<ModelFit, kModelKinds> models;
  std::optional<SourceKind> chosen;  // empty: none was good enough, or none was tried
  double composite_gain = 0;         // of a bulge plus disk over that; 0: it is none
  bool kept = false;                 // it is in the blob's result
  bool unfinished = false;           // its last fit took all the steps that it may
  // Where sources are fitted together.
  JointAccount told;
  int split_from = -1;  // index of the source that it is one of two of; -1: none
  struct Neighbour {
    int source = -1;     // index
    double overlap = 0;  // correlation of the two models as drawn, weighted
  };
  std::vector<Neighbour> neighbours;  // that were free with it in the end, the strongest first
};

struct ImageAccount {
  std::string name, band;
  Box box;                  // of the image that the blob falls on
  std::int64_t pixels = 0;  // unmasked ones
  double chi2 = 0;          // in the end
  double per_pixel() const { return pixels > 0 ? chi2 / static_cast<double>(pixels) : 0; }
};

struct BlobAccount {
  int blob = -1, part = -1;  // as in the BlobReport
  Box box;                   // brick pixels
  std::vector<SourceAccount> sources;
  std::vector<ImageAccount> images;
  // The image with the greatest chi-squared per pixel: pixels as they came, the models', and the residuals in
  // sigmas (0 where masked). -1: no image.
  int worst = -1;
  Image<float> data, model, residual_sigmas;
  // Where the sources stand in it: pixel, and index into `sources`.
  struct Place {
    double x = 0, y = 0;
    int source = 0;
  };
  std::vector<Place> places;
};

}  // namespace brickline
