// What is kept of a fit while it goes on, so that one that was interrupted can be taken up again.
//
// Of a blob that is done its result is kept; of one that is not, the outcome of every step of it that took
// long: one source fitted. A blob that is taken up again goes through the same steps in the same order, and
// where the outcome of a step is known it is taken instead of being worked out; all that is cheap (drawing,
// subtracting, segmenting) is done again. Since that is the same arithmetic on the same numbers, the results
// are those of a fit that was never interrupted, bit by bit.
#pragma once

#include <array>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "core/blobs/blob_account.h"
#include "core/blobs/fitted_catalog.h"
#include "core/blobs/joint_account.h"
#include "core/blobs/model_fit.h"
#include "core/fit/source_fitter.h"
#include "core/model/source_model.h"

namespace brickline {

struct BlobResult {
  BlobReport report;
  std::vector<FittedSource> sources;  // positions in brick pixels
  std::optional<BlobAccount> account;
};

// What a step may change of its source.
struct SourceState {
  SourceModel model;                               // as it is now
  bool alive = true;                               // false: rejected
  std::string failure;                             // why it could not be fitted; empty: it could
  FitStatus first_round_end = FitStatus::kNoData;  // how its fit in the first round ended
  std::vector<double> chi2_none;                   // per band, on the pixels of selection

  std::array<ModelFit, kModelKinds> models;
  SourceKind chosen = SourceKind::kPsf;
  bool model_chosen = false;  // false: kept as it came
  // Of a composite galaxy: what chi-squared gained over the chosen kind of `models`; 0: it is none.
  double composite_gain = 0;
  // Its last fit with its neighbours took all the steps that it may, or took it as far as one may.
  bool unfinished = false;
  // Of its sigmas, what changes since its last fit with its neighbours may have moved it by.
  double unsettled = std::numeric_limits<double>::infinity();
  // What overlaps it has not felt its light yet.
  bool is_new = true;
  // The one of its blob's sources, as they came to be, that it is one of two of; -1: none.
  int split_from = -1;
  int rectangle_width = 0, rectangle_height = 0, pixels = 0, images = 0;
  JointAccount told;  // of a source that is fitted together with others
  // By the step that this is the outcome of (FitResult::work); of one of all sources together the first of them has it all.
  double work = 0;
};

// Blobs are known by their number and part (BlobTask). All may be called from any thread, for one blob from
// one at a time.
class BlobMemory {
 public:
  virtual ~BlobMemory() = default;

  struct Kept {
    std::optional<BlobResult> result;
    std::vector<SourceState> steps;  // from the first, in order; without a result
  };
  // What an earlier run has left of a blob, which is about to be fitted.
  virtual Kept recall(int blob, int part) = 0;
  // A step has been worked out. Steps that were recalled are not told again.
  virtual void keep_step(int blob, int part, const SourceState& after) = 0;
  virtual void keep(const BlobResult& result) = 0;
  // The fit is about to end before it is done: this is the time to write.
  virtual void interrupted() = 0;
};

}  // namespace brickline
