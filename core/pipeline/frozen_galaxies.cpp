#include "core/pipeline/frozen_galaxies.h"

#include "core/model/light_share.h"

namespace brickline {

std::vector<int> frozen_rows(const ReferenceCatalog& references) {
  std::vector<int> rows;
  for (std::size_t r = 0; r < references.rows.size(); ++r) {
    const ReferenceObject& row = references.rows[r];
    if (row.is_large_galaxy && row.freeze && !row.ignore && row.model) rows.push_back(static_cast<int>(r));
  }
  return rows;
}

std::vector<Scene::Frozen> frozen_in_scene(const ReferenceCatalog& references, const SourceList& sources,
                                           const FittedCatalog& fitted,
                                           std::span<const FittedSource* const> row_fits,
                                           GalaxyProfiles profiles) {
  std::vector<Scene::Frozen> out;
  const std::vector<int> rows = frozen_rows(references);
  for (std::size_t k = 0; k < rows.size() && k < fitted.frozen_reach.size(); ++k) {
    if (fitted.frozen_reach[k].empty()) continue;
    Scene::Frozen galaxy;
    galaxy.model = *references.rows[rows[k]].model;
    convert_fluxes(galaxy.model, GalaxyProfiles::kReference, profiles);
    galaxy.blobs.assign(fitted.frozen_reach[k].begin(), fitted.frozen_reach[k].end());
    for (std::size_t i = 0; i < row_fits.size(); ++i)
      if (row_fits[i] && row_fits[i]->source >= 0 && sources[row_fits[i]->source].reference_row == rows[k])
        galaxy.row = i;
    out.push_back(std::move(galaxy));
  }
  return out;
}

}  // namespace brickline
