// One model of one source as it was tried.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "core/blobs/select_model.h"
#include "core/fit/source_fitter.h"
#include "core/fit/uncertainties.h"
#include "core/model/source_model.h"

namespace brickline {

enum class ModelFitStatus : std::uint8_t {
  kNotTried,
  kFitted,
  kLeftBlob,  // it wandered out of its blob: not a model of this source
  kFailed,    // nothing finite came out
};

struct ModelFit {
  ModelFitStatus status = ModelFitStatus::kNotTried;
  SourceModel model;
  InverseVariances inverse_variance;  // on the pixels of selection
  std::vector<double> chi2;           // per band, on the same pixels
  double dchisq = 0;                  // improvement over no source
  int steps = 0;
  FitStatus end = FitStatus::kNoData;  // how the fit ended
  bool at_radius_limit = false, at_sersic_limit = false;
};

}  // namespace brickline
