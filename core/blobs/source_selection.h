// One source through the ladder of models. Private to this room.
#pragma once

#include <array>
#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "core/blobs/blob_fitter.h"
#include "core/blobs/blob_images.h"
#include "core/blobs/source_record.h"
#include "core/fit/joint_fitter.h"

namespace brickline {

class SourceSelection {
 public:
  // `inside`: whether a place on the sky is in the blob; `together`: of sources that were fitted together, with more
  // starts and select_jointly(). All must outlive the object.
  SourceSelection(const BlobImages& images, const BlobFitOptions& options, ThreadTools& tools,
                  std::function<bool(double ra, double dec)> inside, bool together = false)
      : images_(images), options_(options), tools_(tools), together_(together), inside_(std::move(inside)) {}

  // Fits the record's source, whose own model has been added back to the images, on the pixels of its patches
  // whose owner is `owner` (all of the blob's if that is -1). Sets model, models, alive and the counts.
  // `reserved`, if not empty: blob pixels that are not for this source. `in_parallel`: other threads help.
  void run(SourceRecord& record, ImageView<const std::int32_t> owners, std::int32_t owner,
           ImageView<const std::uint8_t> reserved, bool in_parallel);

  bool may_grow = true;          // together: most_log_re()
  std::atomic<double> work = 0;  // of all fits, FitResult::work; whole numbers, in any order the same sum

  // How much larger the residuals that a model leaves are than the pixels' errors, on the pixels of the last run().
  double excess_of(const SourceModel& model, bool over_background);

 private:
  struct Cutout {
    const BlobImage* image;
    Box box;
    Image<float> data, inverse_error;
  };
  bool cut(SourceRecord& record, ImageView<const std::int32_t> owners, std::int32_t owner,
           ImageView<const std::uint8_t> reserved);
  void prepare_fit_images(const SourceModel& model);
  std::vector<double> chi2_without_source(bool fit_sky) const;
  // `index`: what a Sersic index is held at.
  ModelFit try_model(const SourceRecord& record, const SourceModel& start, const std::vector<double>& none,
                     std::optional<double> index = {});
  std::optional<SourceKind> named_profile(const SourceRecord& record, const ModelImprovements& improvements,
                                          const std::vector<double>& none,
                                          std::optional<ModelComparison>& told);
  // `told`: by what, if sources are fitted together.
  std::optional<SourceKind> choose(const SourceRecord& record, const ModelImprovements& improvements,
                                   KindChoice* told = nullptr);
  JointEvidence evidence_of(const SourceRecord& record, const ModelImprovements& improvements);
  bool is_point(const SourceModel& galaxy) const;
  std::vector<SourceModel> starts_of(SourceKind kind, const SourceRecord& record,
                                     const SourceModel& entry) const;
  void give_up_what_is_hopeless(const SourceRecord& record, const std::vector<double>& none);
  double improvement_of_known(const SourceRecord& record, const std::vector<double>& none);
  std::vector<double> judge(SourceModel& model, const std::vector<double>& sky);

  const BlobImages& images_;
  const BlobFitOptions& options_;
  ThreadTools& tools_;
  bool together_, in_parallel_ = false;
  std::function<bool(double, double)> inside_;
  std::vector<Cutout> cutouts_;
  std::vector<FitImage> fit_images_;
  std::vector<const Cutout*> cut_of_;               // of each fit image
  std::array<ModelFit, kModelKinds> tried_before_;  // the record's models when it came
  double of_known_ = 0;                             // improvement by the galaxy that it was, if it was one
  double hopeless_chi2_ = 0;                        // of galaxies: FitOptions::hopeless_chi2
  // Of the models as they are, in dchisq order, by the pixels' errors and the prior; empty: not worked out.
  std::array<std::optional<JointErrors>, kModelKinds> errors_;
  std::vector<std::unique_ptr<PsfKernel>> own_kernels_;
};

// Improvement of a model over no source: bands with positive flux count as they come, bands with negative
// flux always against it, bands without flux not at all.
double chi2_improvement(const std::vector<double>& none, const std::vector<double>& model,
                        const std::vector<double>& flux);

// Whether a model ended at the largest radius that its kind may have, or a Sersic profile at the highest index. The first
// takes what is left of the background for light of a source, the second what the PSF leaves of a star: where sources are
// fitted together, neither is by itself a reason to call one a galaxy.
bool at_largest_radius(const SourceModel& model, const FitOptions& fit);
bool at_highest_index(const SourceModel& model, const FitOptions& fit);

// How large a galaxy may become in one fit, in ln arcsec: what is drawn on more pixels than it was fitted on, has been
// fitted nowhere there. `reach`: from its place to the sides of its pixels, arcsec. `may_grow`: as far as those go, too.
double most_log_re(const SourceModel& model, double reach, bool may_grow);

// The round galaxy of the same area.
SourceModel rounded(SourceModel galaxy);

}  // namespace brickline
