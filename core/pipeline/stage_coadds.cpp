#include <utility>

#include "core/coadd/measure.h"
#include "core/pipeline/catalog_rows.h"
#include "core/pipeline/coadd_products.h"
#include "core/pipeline/stage_products.h"
#include "core/pipeline/stages.h"
#include "core/survey/provenance.h"

namespace brickline {

CoaddsState run_coadds(const BrickOptions& options, const TimsState& tims, const SrcsState& srcs,
                       const FitblobsState& fits, ProductSet& products, const Log& log) {
  const FittedCatalog& fitted = fits.fitted;
  fits::Header header = fitted_header(tims);
  write_blob_map(options, tims.brick, header, fitted.blob_map.const_view(), products);
  add_stage_card(header, "COAD");
  write_ccds(options, tims, &srcs, header, products);

  CoaddsState out;
  out.rows = catalog_rows(fitted, tims.bands.size());
  std::vector<std::optional<SourceModel>> models;
  std::vector<std::int32_t> blobs;
  for (const std::size_t i : order_rows(out.rows, catalog_geometry(tims.brick))) {
    models.emplace_back(fitted.sources[i].model);
    blobs.push_back(fitted.sources[i].blob);
  }
  CoaddStageInput input = coadd_input(options, tims, &srcs);
  input.version_header = header;
  Scene scene;
  scene.sources = models;
  scene.blobs = blobs;
  scene.blob_map = fitted.blob_map.const_view();
  input.scene = scene;
  CoaddStageOutput made = make_coadds(input, out.rows, products, coadd_options(options), log);
  measure_fiber_fluxes(tims.brick.wcs, models, tims.bands.size(), out.rows);
  out.maskbits = std::move(made.maskbits);
  return out;
}

}  // namespace brickline
