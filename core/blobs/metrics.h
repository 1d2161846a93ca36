// How far a source's pixels are its own, seen, and well modelled.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "core/base/image.h"
#include "core/blobs/fitted_catalog.h"
#include "core/model/renderer.h"

namespace brickline {

struct MetricImage {
  ImageView<const float> residual;       // data less all models, nanomaggies
  ImageView<const float> inverse_error;  // 0: masked
  int band = 0;
};

// patches[s][i]: source s as drawn on image i (flux included), clipped to it. With p its pixels, S = sum p, c
// = |flux|, m the sum of all patches and f = S/c in [0, 1], per band over the images that see the source:
//   fracflux   = sum f sum((m - p) |p|)/sum(p^2) / sum f
//   fracmasked = sum sum_masked(p)/c / sum f          (each term in [0, 1])
//   fracin     = sum |S| / sum c
//   rchisq     = sum |sum((residual/sigma)^2 p)/c| / sum |S|/c
// and 0 where a denominator is 0.
std::vector<SourceMetrics> measure_source_metrics(
    std::span<const MetricImage> images, int bands,
    std::span<const std::vector<const Patch*>> patches,  // null: not on that image
    std::span<const std::vector<double>> flux);          // per source and band

// How much larger than the errors of the pixels the residuals under a source are, per band (core/fit/excess_sums.h); `all` is
// the mean of the bands, weighted by their sum (p/sigma)^2. `over_background`: models were fitted over one constant per
// image; the weighted mean of the residuals on the source's patch is taken off first.
struct ExcessVariance {
  std::vector<double> band;
  double all = 1;
};
ExcessVariance excess_variance(std::span<const MetricImage> images, int bands,
                               std::span<const std::optional<Patch>> patches, bool over_background = false);

}  // namespace brickline
