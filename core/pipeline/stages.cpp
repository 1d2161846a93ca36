#include "core/pipeline/stages.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "core/base/error.h"
#include "core/blobs/blob_fitter.h"
#include "core/catalog/catalog.h"
#include "core/coadd/ccds_table.h"
#include "core/coadd/coadd_stage.h"
#include "core/coadd/measure.h"
#include "core/coadd/product_headers.h"
#include "core/detect/residual_sky.h"
#include "core/fits/fits_writer.h"
#include "core/pipeline/catalog_rows.h"
#include "core/survey/products.h"
#include "core/survey/provenance.h"

namespace brickline {
namespace {

// The run's header once its sources are found and fitted: with the cards of those stages.
fits::Header fitted_header(const TimsState& tims) {
  fits::Header header = tims.version_header;
  add_stage_card(header, "SRCS");
  add_stage_card(header, "FITB");
  add_dchisq_cards(header);
  return header;
}

ProductPath product_paths(const BrickOptions& options, const BrickGeometry& brick) {
  return [root = options.output_dir, name = brick.name](std::string_view type, std::string_view band) {
    const auto product = product_of(type);
    if (!product) throw internal_error("no product is called {}", type);
    ProductKey key;
    key.brick = name;
    key.band = band;
    return root / product_path(*product, key);
  };
}

std::map<std::string, ImageView<const std::uint8_t>> saturated_by_band(const TimsState& tims,
                                                                       const SrcsState* srcs) {
  std::map<std::string, ImageView<const std::uint8_t>> out;
  if (!srcs) return out;
  for (std::size_t b = 0; b < tims.bands.size() && b < srcs->detection.saturated.size(); ++b)
    out[tims.bands[b]] = srcs->detection.saturated[b].const_view();
  return out;
}

CoaddStageInput coadd_input(const BrickOptions& options, const TimsState& tims, const SrcsState* srcs) {
  CoaddStageInput in;
  in.target = tims.brick.wcs;
  in.pixel_scale_arcsec = tims.brick.pixel_scale_arcsec;
  in.bands = tims.bands;
  in.images = tims.images;
  in.unique_area = tims.brick.unique_area;
  in.custom_brick = tims.brick.custom;
  in.saturated = saturated_by_band(tims, srcs);
  in.maskbits = MaskBits(tims.survey_bands);
  in.version_header = srcs ? fitted_header(tims) : tims.version_header;
  if (srcs) in.coadd_sky = srcs->coadd_sky;
  for (const std::string& band : tims.bands) {
    const auto facts = tims.band_facts.find(band);
    in.colors.push_back(facts == tims.band_facts.end() ? std::nullopt : facts->second.rgb);
  }
  in.path = product_paths(options, tims.brick);
  return in;
}

CoaddStageOptions coadd_options(const BrickOptions& options) {
  CoaddStageOptions out;
  out.rgb.stretch = options.rgb_stretch;
  out.grey = options.coadd_bw;
  return out;
}

void write_ccds(const BrickOptions& options, const TimsState& tims, const SrcsState* srcs,
                ProductSet& products) {
  std::vector<float> sky;
  for (const CcdImage& image : tims.images) {
    float level = 0;
    if (srcs)
      if (const auto it = srcs->coadd_sky.find(image.band); it != srcs->coadd_sky.end())
        level = static_cast<float>(it->second);
    sky.push_back(level);
  }
  write_ccds_table(brick_ccds_table(tims.ccds, tims.images, tims.brick.wcs, sky),
                   srcs ? fitted_header(tims) : tims.version_header,
                   product_paths(options, tims.brick)("ccds-table", ""), products);
}

CatalogGeometry catalog_geometry(const BrickGeometry& brick) {
  CatalogGeometry geometry;
  geometry.width = brick.wcs.width();
  geometry.height = brick.wcs.height();
  geometry.pixel_scale_arcsec = brick.pixel_scale_arcsec;
  geometry.unique_area = brick.unique_area;
  geometry.custom = brick.custom;
  return geometry;
}

void write_blob_map(const BrickOptions& options, const TimsState& tims, const FittedCatalog& fitted,
                    ProductSet& products) {
  fits::Header header = fitted_header(tims);
  header.append(brick_wcs_cards(tims.brick.wcs));
  header.append(image_type_cards("blobmap"));
  fits::FitsWriter writer;
  writer.add_image(fitted.blob_map.const_view(), header, "BLOB-MAP",
                   {fits::Compression::Algorithm::kHcompress});
  const auto path = product_paths(options, tims.brick)("blobmap", "");
  products.record(path, writer.write(path));
}

}  // namespace

SrcsState run_srcs(const BrickOptions& options, const TimsState& tims, std::vector<CcdImage>& images,
                   const Log& log) {
  DetectionOptions detection;
  detection.peaks.nsigma = options.nsigma;
  SrcsState out;
  out.detection = detect_sources(images, tims.brick.wcs, tims.bands, {}, detection, log);

  // Bright pixels that no source was made of (a saturated star's) are no more blank than those of a blob.
  Image<std::int32_t> occupied = out.detection.blobs.labels;
  for (int y = 0; y < occupied.height(); ++y)
    for (int x = 0; x < occupied.width(); ++x)
      if (out.detection.bright(x, y)) occupied(x, y) = std::max(occupied(x, y), 0);
  const auto sky = residual_sky(images, tims.brick.wcs, tims.bands, occupied.const_view());
  subtract_residual_sky(images, tims.bands, sky);
  for (std::size_t b = 0; b < tims.bands.size(); ++b)
    if (sky[b]) {
      out.coadd_sky[tims.bands[b]] = *sky[b];
      log.debug("sky of the {} coadd: {:.6g} nanomaggies per pixel", tims.bands[b], *sky[b]);
    }
  return out;
}

FitblobsState run_fitblobs(const BrickOptions& options, const TimsState& tims, const SrcsState& srcs,
                           const Progress& progress, const Log& log) {
  BlobFitInput input;
  input.images = tims.images;
  input.brick = tims.brick.wcs;
  input.bands = tims.bands;
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

void run_image_coadds(const BrickOptions& options, const TimsState& tims, ProductSet& products,
                      const Log& log) {
  write_ccds(options, tims, nullptr, products);
  CoaddStageInput input = coadd_input(options, tims, nullptr);
  const CoaddStageOutput out = make_coadds(input, {}, products, coadd_options(options), log);
  fits::Header header = tims.version_header;
  add_maskbits_cards(header, input.maskbits);
  write_maskbits(out.maskbits.const_view(), tims.brick.wcs, header, input.path("maskbits", ""), products);
}

CoaddsState run_coadds(const BrickOptions& options, const TimsState& tims, const SrcsState& srcs,
                       const FitblobsState& fits, ProductSet& products, const Log& log) {
  const FittedCatalog& fitted = fits.fitted;
  write_blob_map(options, tims, fitted, products);
  write_ccds(options, tims, &srcs, products);

  CoaddsState out;
  out.rows = catalog_rows(fitted, tims.bands.size());
  std::vector<std::optional<SourceModel>> models;
  std::vector<std::int32_t> blobs;
  for (const std::size_t i : order_rows(out.rows, catalog_geometry(tims.brick))) {
    models.emplace_back(fitted.sources[i].model);
    blobs.push_back(fitted.sources[i].blob);
  }
  CoaddStageInput input = coadd_input(options, tims, &srcs);
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

void run_writecat(const BrickOptions& options, const TimsState& tims, const SrcsState& srcs,
                  CoaddsState& coadds, ProductSet& products, const Log& log) {
  const ProductPath path = product_paths(options, tims.brick);
  const MaskBits bits(tims.survey_bands);
  fits::Header header = fitted_header(tims);
  add_stage_card(header, "COAD");
  add_maskbits_cards(header, bits);
  add_fitbits_cards(header);
  add_allmask_cards(header);
  add_stage_card(header, "WCAT");
  write_maskbits(coadds.maskbits.const_view(), tims.brick.wcs, header, path("maskbits", ""), products);

  std::optional<DustMaps> dust;
  std::filesystem::path dust_dir = options.dust_dir;
  if (dust_dir.empty())
    if (const char* env = std::getenv("DUST_DIR"); env && *env) dust_dir = env;
  if (dust_dir.empty())
    log.warning("no dust maps (--dust-dir, $DUST_DIR): ebv and the transmissions of the catalog are NaN");
  else
    dust = DustMaps::read(dust_dir);

  CatalogContext context;
  context.release = options.release;
  context.brickid = static_cast<std::int32_t>(tims.brick.id);
  context.brickname = tims.brick.name;
  context.bands = tims.bands;
  context.survey_bands = tims.survey_bands;
  for (const auto& [band, facts] : tims.band_facts)
    if (facts.extinction_per_ebv) context.extinction[band] = *facts.extinction_per_ebv;
  finish_catalog(coadds.rows, catalog_geometry(tims.brick), coadds.maskbits.const_view(),
                 dust ? &*dust : nullptr);
  write_catalog(coadds.rows, context, catalog_header(header, context, srcs.coadd_sky), {},
                {path("tractor", ""), path("tractor-intermediate", ""), path("checksums", "")}, products);
  log.info("{} rows in {}", coadds.rows.size(), path("tractor", "").string());
}

}  // namespace brickline
