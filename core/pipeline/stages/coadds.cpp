#include "core/pipeline/stages/coadds.h"

#include <utility>

#include "core/coadd/measure.h"
#include "core/fits/fits_writer.h"
#include "core/model/profiles_card.h"
#include "core/pipeline/all_models.h"
#include "core/pipeline/catalog_rows.h"
#include "core/pipeline/coadd_products.h"
#include "core/pipeline/frozen_galaxies.h"

namespace brickline {
namespace {

// `models[i]` is what row i was fitted as.
void write_all_models(const Selection& selection, const std::vector<CatalogSource>& rows,
                      std::span<const FittedSource* const> models, const FittedCatalog& fitted,
                      GalaxyProfiles profiles, const fits::Header& run_header, StageProducts& products) {
  CatalogContext context{.profiles = profiles};
  context.brickid = static_cast<std::int32_t>(selection.brick.id);
  context.brickname = selection.brick.name;
  context.bands = selection.bands;
  fits::Header header = run_header;
  header.set("PRODTYPE", "catalog", "NOIRLab data product type");
  add_profiles_card(header, profiles);
  fits::Header own;
  add_profiles_card(own, profiles);
  fits::FitsWriter writer;
  writer.add_empty_primary(header);
  writer.add_table(all_models_table(rows, models, context), "ALL-MODELS", own);
  writer.add_table(blob_status_table(fitted), "BLOB-STATUS");
  const auto path = products.path(Product::kAllModels);
  products.set().record(path, writer.write(path));
}

}  // namespace

Outcome<Measurements> run_coadds(const MetricsOptions& metrics, const StackingOptions& stacking,
                                 const FitWay& way, const PictureOptions& pictures,
                                 const Selection& selection, const References& references,
                                 const SourcesFound& sources, const SkyEdits& sky, const Fits& fits,
                                 const EditedImages<OutlierEdits, HaloEdits, SkyEdits>& images,
                                 const RunHeader& header, StageProducts& products, RunContext& run) {
  const FittedCatalog& fitted = fits.fitted;
  if (metrics.metrics) write_blob_map(selection.brick, header.cards, fitted.blob_map.const_view(), products);
  write_ccds(selection, images.images, sky, header.cards, products);

  Measurements out;
  out.rows = catalog_rows(fitted, sources, references.catalog, selection.bands.size());
  std::vector<std::optional<SourceModel>> models;
  std::vector<std::int32_t> blobs;
  std::vector<const FittedSource*> row_fits;
  for (const std::size_t i : order_rows(out.rows, catalog_geometry(selection.brick))) {
    const FittedSource* fit = i < fitted.sources.size() ? &fitted.sources[i] : nullptr;
    models.push_back(fit ? std::optional(fit->model) : std::nullopt);
    blobs.push_back(fit ? fit->blob : -1);
    row_fits.push_back(fit);
  }
  if (metrics.metrics)
    write_all_models(selection, out.rows, row_fits, fitted, way.profiles(), header.cards, products);
  CoaddStageInput input = coadd_input(selection, references, images.images, products);
  input.version_header = header.cards;
  input.saturated = by_band(selection.bands, sources.detection.saturated);
  input.coadd_sky = sky.coadd_sky;
  Scene scene;
  scene.sources = models;
  scene.blobs = blobs;
  scene.blob_map = fitted.blob_map.const_view();
  const std::vector<Scene::Frozen> frozen =
      frozen_in_scene(references.catalog, sources.detection.sources, fitted, row_fits, way.profiles());
  scene.frozen = frozen;
  input.scene = scene;
  CoaddStageOptions options = coadd_options(stacking, pictures, way.profiles());
  options.cancel = run.cancel;
  CoaddStageOutput made = make_coadds(input, out.rows, products.set(), options, run.log);
  measure_fiber_fluxes(selection.brick.wcs, models, selection.bands.size(), out.rows, way.profiles());
  out.maskbits = std::move(made.maskbits);
  if (!fitted.maskbits.empty())
    for (int y = 0; y < out.maskbits.height(); ++y)
      for (int x = 0; x < out.maskbits.width(); ++x) out.maskbits(x, y) |= fitted.maskbits(x, y);
  return Outcome<Measurements>(std::move(out));
}

}  // namespace brickline
