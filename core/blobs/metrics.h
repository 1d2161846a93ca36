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

// How much larger than the errors of the pixels the residuals under a source are: by the photon noise of its own light,
// which weights may not know of, and by what no model is. With p the source's pixels, per band
//   s = sum (residual/sigma)^2 (p/sigma)^2 / sum (p/sigma)^2,    N = (sum (p/sigma)^2)^2 / sum (p/sigma)^4,
// N being how many pixels that is worth. Noise alone makes of s - 1 a normal deviate of variance 2/N. Photon noise adds
//   t / (sigma in electrons),    t = sum |p/sigma|^3 / sum (p/sigma)^2,
// where sigma is some 25 electrons, and may be anything within factors of some: x = s - 1 is expected as exp(-x/(t/25)).
// `band` is 1 plus the mean of x that both leave, or s - 2 sqrt(2/N) where that is more, so that what is too much for both
// counts for every source; `all` is the mean of the bands, weighted by their sum (p/sigma)^2. Variances that weights alone
// tell of are too small by these. `over_background`: models were fitted over one constant per image; the weighted mean of
// the residuals on the source's patch is taken off first.
struct ExcessVariance {
  std::vector<double> band;
  double all = 1;
};
ExcessVariance excess_variance(std::span<const MetricImage> images, int bands,
                               std::span<const std::optional<Patch>> patches, bool over_background = false);

}  // namespace brickline
