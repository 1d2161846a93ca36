#include "core/blobs/blob_fitter.h"
#include "core/pipeline/stages.h"

namespace brickline {

FitblobsState run_fitblobs(const BrickOptions& options, const TimsState& tims, const SrcsState& srcs,
                           const Progress& progress, const Log& log) {
  BlobFitInput input;
  input.images = tims.images;
  input.brick = tims.brick.wcs;
  input.bands = tims.bands;
  input.seds = srcs.detection.seds;
  input.blobs = &srcs.detection.blobs;
  input.sources = &srcs.detection.sources;
  const SkyBox& area = tims.brick.unique_area;
  if (!tims.brick.custom) input.plan.unique_area = UniqueArea{area.ra1, area.ra2, area.dec1, area.dec2};
  BlobFitOptions fit;
  fit.detection.nsigma = options.nsigma;
  BlobFitHooks hooks;
  if (progress) hooks.progress = [&](const BlobReport&, int done, int total) { progress(done, total); };
  FitblobsState out;
  out.fitted = fit_blobs(input, fit, hooks, log);
  return out;
}

}  // namespace brickline
