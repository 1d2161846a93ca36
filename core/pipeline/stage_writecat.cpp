#include <cstdlib>

#include "core/catalog/catalog.h"
#include "core/catalog/dust.h"
#include "core/coadd/coadd_stage.h"
#include "core/coadd/product_headers.h"
#include "core/pipeline/catalog_rows.h"
#include "core/pipeline/stage_products.h"
#include "core/pipeline/stages.h"
#include "core/survey/provenance.h"

namespace brickline {

void run_writecat(const BrickOptions& options, const TimsState& tims, const RefsState& refs,
                  const SrcsState& srcs, CoaddsState& coadds, ProductSet& products, const Log& log) {
  const ProductPath path = product_paths(options, tims.brick);
  const MaskBits bits(tims.survey_bands);
  fits::Header header = tims.version_header;
  add_maskbits_cards(header, bits);
  add_fitbits_cards(header);
  add_wisemask_cards(header);
  add_allmask_cards(header);
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
  write_catalog(coadds.rows, context, catalog_header(header, context, srcs.coadd_sky),
                reference_columns(coadds.rows, refs.catalog),
                {path("tractor", ""), path("tractor-intermediate", ""), path("checksums", "")}, products);
  log.info("{} rows in {}", coadds.rows.size(), path("tractor", "").string());
}

}  // namespace brickline
