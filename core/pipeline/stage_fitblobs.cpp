#include <algorithm>
#include <cmath>

#include "core/blobs/blob_fitter.h"
#include "core/blobs/blob_subset.h"
#include "core/pipeline/frozen_galaxies.h"
#include "core/pipeline/stages.h"

namespace brickline {
namespace {

BlobSubset subset_of(const BrickOptions& options, const Wcs& brick, const Log& log) {
  BlobSubset subset;
  subset.first = options.first_blob;
  subset.count = options.blob_count;
  subset.numbers = options.blob_numbers;
  subset.at = options.blobs_at;
  for (const auto& [ra, dec] : options.blobs_at_sky) {
    const auto at = brick.sky_to_pixel(ra, dec);
    if (!at || std::abs(at->x) > 1e6 || std::abs(at->y) > 1e6) {
      log.warning("the position {} {} is not near the brick", ra, dec);
      continue;
    }
    subset.at.push_back({static_cast<int>(std::nearbyint(at->x)), static_cast<int>(std::nearbyint(at->y))});
  }
  return subset;
}

BlobFitOptions fit_options(const BrickOptions& options) {
  BlobFitOptions fit;
  fit.detection.nsigma = options.iterative_nsigma.value_or(options.nsigma);
  fit.iterative = options.iterative;
  fit.segmentation = options.segmentation;
  fit.reoptimize = options.reoptimize;
  fit.galaxy_masking = options.galaxy_masking;
  fit.bright_masking = options.bright_masking;
  fit.galaxy_forces_point_sources = options.galaxy_forces_point_sources;
  fit.background_near_medium_stars = !options.less_masking;
  fit.all_model_variances = options.metrics;
  fit.accounts = !options.explain_blobs.empty();
  return fit;
}

// Large galaxies whose parameters are taken from their catalog, with the pixels of their masks.
std::vector<FrozenGalaxy> frozen_galaxies(const ReferenceCatalog& references, const SrcsState& srcs,
                                          const Wcs& brick) {
  std::vector<FrozenGalaxy> out;
  for (const int r : frozen_rows(references)) {
    const ReferenceObject& row = references.rows[r];
    FrozenGalaxy galaxy;
    const SourceList& sources = srcs.detection.sources;
    const auto of_row = std::ranges::find(sources, r, &DetectedSource::reference_row);
    if (of_row != sources.end()) galaxy.source = static_cast<int>(of_row - sources.begin());
    galaxy.model = *row.model;
    galaxy.x = row.x;
    galaxy.y = row.y;
    galaxy.box = Box::from_size(brick.width(), brick.height());
    galaxy.footprint = reference_mask({&row, 1}, brick);
    out.push_back(std::move(galaxy));
  }
  return out;
}

}  // namespace

FitblobsState run_fitblobs(const BrickOptions& options, const TimsState& tims, const RefsState& refs,
                           const SrcsState& srcs, const Progress& progress, const Log& log) {
  BlobFitInput input;
  input.images = tims.images;
  input.brick = tims.brick.wcs;
  input.bands = tims.bands;
  input.seds = srcs.detection.seds;
  input.blobs = &srcs.detection.blobs;
  input.sources = &srcs.detection.sources;
  input.reference_mask = refs.mask.const_view();
  const SkyBox& area = tims.brick.unique_area;
  if (!tims.brick.custom) input.plan.unique_area = UniqueArea{area.ra1, area.ra2, area.dec1, area.dec2};
  input.plan.max_blob_pixels = options.max_blob_pixels;
  input.plan.parts = options.sub_blobs;

  const std::vector<FrozenGalaxy> frozen = frozen_galaxies(refs.catalog, srcs, tims.brick.wcs);
  input.frozen = frozen;

  BlobMap chosen_blobs;
  SourceList sources;
  if (const BlobSubset subset = subset_of(options, tims.brick.wcs, log); subset.chooses()) {
    chosen_blobs = srcs.detection.blobs;
    sources = srcs.detection.sources;
    keep_blobs(chosen_blobs, sources, choose_blobs(chosen_blobs, subset, log));
    input.blobs = &chosen_blobs;
    input.sources = &sources;
    input.plan.only_parts_at = subset.at;
  }
  BlobFitHooks hooks;
  if (progress) hooks.progress = [&](const BlobReport&, int done, int total) { progress(done, total); };
  FitblobsState out;
  out.fitted = fit_blobs(input, fit_options(options), hooks, log);
  return out;
}

}  // namespace brickline
