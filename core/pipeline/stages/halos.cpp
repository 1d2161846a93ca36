#include "core/pipeline/stages/halos.h"

#include <set>

namespace brickline {

Outcome<HaloEdits> run_halos(const Selection& selection, const References& references,
                             const EditedImages<OutlierEdits>& images, RunContext& run) {
  HaloEdits edits{halo_stars(references.catalog, selection.bands)};
  std::set<std::string> unknown;
  for (const CcdImage& image : images.images)
    if (image.halo && !edits.stars.contains(image.band)) unknown.insert(image.band);
  for (const std::string& band : unknown)
    run.log.warning("there are no magnitudes of stars in band {}: no halos are taken off its images", band);
  return Outcome<HaloEdits>(std::move(edits));
}

}  // namespace brickline
