// The stage coadds run on a golden case: the pixels that the reference pipeline stacked, with the models of
// its own catalog, so that what comes out must be its coadds and measurements.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/coadd/coadd_stage.h"
#include "core/coadd/measure.h"
#include "core/survey/products.h"
#include "tests/support/golden_images.h"
#include "tests/support/golden_products.h"

namespace brickline::test {

// The models of a catalog's rows; empty for rows without one.
inline std::vector<std::optional<SourceModel>> models_of(const std::vector<CatalogSource>& rows) {
  std::vector<std::optional<SourceModel>> models;
  for (const CatalogSource& row : rows) {
    if (!row.regular) {
      models.emplace_back();
      continue;
    }
    SourceModel m;
    for (SourceKind kind :
         {SourceKind::kPsf, SourceKind::kRex, SourceKind::kExp, SourceKind::kDev, SourceKind::kSer})
      if (catalog_type(kind) == row.type) m.kind = kind;
    m.ra = row.ra;
    m.dec = row.dec;
    if (row.reference && row.reference->ref_epoch > 0) m.motion = row.reference->motion();
    for (const CatalogBand& b : row.bands) m.flux.push_back(b.flux);
    if (m.is_galaxy()) m.shape = to_softened({row.shape_r, row.shape_e1, row.shape_e2});
    m.sersic_index = row.sersic;
    models.push_back(std::move(m));
  }
  return models;
}

struct GoldenCoadds {
  GoldenCase input;
  fits::Table golden;
  CatalogContext context{.profiles = GalaxyProfiles::kReference};
  std::vector<CatalogSource> rows;  // the reference's, then measured anew
  std::vector<std::optional<SourceModel>> models;
  Image<std::int32_t> blob_map;
  CoaddStageOutput output;
  std::string brick;

  std::filesystem::path golden_file(Product product, const std::string& band = {}) const {
    return input.golden / "products" / product_path(product, {.brick = brick, .band = band});
  }
};

// Runs the stage into products.output_dir(). Measurements of the rows are cleared first.
inline std::unique_ptr<GoldenCoadds> run_golden_coadds(const std::string& name, ProductSet& products,
                                                       CoaddStageOptions options = {
                                                           .profiles = GalaxyProfiles::kReference}) {
  auto run = std::make_unique<GoldenCoadds>();
  run->input = load_golden(name);
  run->golden = golden_catalog(name);
  run->rows = rows_of(run->golden, run->input.bands, run->context);
  run->models = models_of(run->rows);
  run->brick = run->context.brickname;
  run->blob_map = fits::FitsReader(run->golden_file(Product::kBlobmap)).image<std::int32_t>(1);
  std::vector<std::int32_t> blobs;
  for (CatalogSource& row : run->rows) {
    const double x = std::nearbyint(row.bx), y = std::nearbyint(row.by);
    const bool inside = x >= 0 && y >= 0 && x < run->blob_map.width() && y < run->blob_map.height();
    blobs.push_back(inside ? run->blob_map(static_cast<int>(x), static_cast<int>(y)) : -1);
    for (CatalogBand& b : row.bands) {
      CatalogBand kept;
      kept.flux = b.flux;
      kept.flux_ivar = b.flux_ivar;
      b = kept;
    }
  }
  CoaddStageInput in;
  in.target = run->input.brick;
  in.bands = run->input.bands;
  in.images = run->input.images;
  in.scene = Scene{run->models, blobs, {}, run->blob_map.view()};
  in.custom_brick = !run->input.unique_area;
  if (run->input.unique_area) {
    in.unique_area = *run->input.unique_area;
  } else {
    const int w = in.target.width(), h = in.target.height();
    in.unique_area = {in.target.pixel_to_sky(w - 1, h / 2.0 - 1).ra,
                      in.target.pixel_to_sky(0, h / 2.0 - 1).ra, in.target.pixel_to_sky(w / 2.0 - 1, 0).dec,
                      in.target.pixel_to_sky(w / 2.0 - 1, h - 1).dec};
  }
  in.maskbits = MaskBits({"g", "r", "z"});
  const Image<std::uint8_t> reference = golden_reference_mask(run->input);
  in.reference_mask = reference.view();
  in.path = [&](std::string_view type, std::string_view band) {
    return products.output_dir() /
           product_path(*product_of(type), {.brick = run->brick, .band = std::string(band)});
  };
  run->output = make_coadds(in, run->rows, products, options);
  measure_fiber_fluxes(in.target, run->models, in.bands.size(), run->rows, GalaxyProfiles::kReference);
  return run;
}

}  // namespace brickline::test
