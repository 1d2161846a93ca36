#include "core/pipeline/stages/writecat.h"

#include <algorithm>

#include "core/catalog/catalog.h"
#include "core/catalog/dust.h"
#include "core/coadd/coadd_stage.h"
#include "core/coadd/product_headers.h"
#include "core/pipeline/catalog_rows.h"
#include "core/pipeline/coadd_products.h"
#include "core/pipeline/space_photometry.h"
#include "core/survey/provenance.h"

namespace brickline {
namespace {

// The catalog's columns of a run with bands of both kinds: u g r i z y, then others as they come.
std::vector<std::string> in_usual_order(std::vector<std::string> bands) {
  constexpr std::string_view kUsual = "ugrizy";
  const auto place = [&](const std::string& band) {
    return band.size() == 1 ? std::min(kUsual.find(band[0]), kUsual.size()) : kUsual.size();
  };
  std::ranges::stable_sort(bands, {}, place);
  return bands;
}

}  // namespace

void check_writecat(const DustOptions& dust, RunContext&) {
  if (!dust.dust_dir.empty()) DustMaps::check(dust.dust_dir);
}

Outcome<> run_writecat(const ReleaseOptions& release, const DustOptions& dust, const FitWay& way,
                       const FittingChoice& fitting, const Selection& selection, const References& references,
                       const SkyEdits& sky, const Measurements& measurements, const WiseResults& wise,
                       const GalexResults& galex, const ForcedResults& forced, const RunHeader& header,
                       StageProducts& products, RunContext& run) {
  fits::Header cards = header.cards;
  add_maskbits_cards(cards, mask_bits_of(selection, forced.wanted));
  add_fitbits_cards(cards);
  add_wisemask_cards(cards);
  add_allmask_cards(cards);
  Image<std::int32_t> maskbits = with_wise_bits(measurements.maskbits, wise, selection.brick);
  if (!forced.maskbits.empty())
    for (int y = 0; y < maskbits.height(); ++y)
      for (int x = 0; x < maskbits.width(); ++x) maskbits(x, y) |= forced.maskbits(x, y);
  std::vector<ImageView<const std::uint8_t>> wise_masks;
  for (const Image<std::uint8_t>& mask : wise.masks)
    if (!mask.empty()) wise_masks.push_back(mask.view());
  write_maskbits(maskbits.const_view(), selection.brick.wcs, cards, products.path(Product::kMaskbits),
                 products.set(), wise_masks);

  std::optional<DustMaps> maps;
  if (dust.dust_dir.empty()) {
    run.log.warning("no dust maps (--dust-dir, $DUST_DIR): ebv and the transmissions of the catalog are NaN");
  } else {
    for (const std::filesystem::path& file : DustMaps::files(dust.dust_dir)) run.note(file);
    maps = DustMaps::read(dust.dust_dir);
  }

  CatalogContext context{.profiles = way.profiles()};
  context.release = release.release;
  context.brickid = static_cast<std::int32_t>(selection.brick.id);
  context.brickname = selection.brick.name;
  context.bands = selection.bands;
  context.bands.insert(context.bands.end(), forced.bands.begin(), forced.bands.end());
  context.survey_bands = selection.survey_bands;
  if (!forced.wanted.empty()) {
    context.survey_bands.insert(context.survey_bands.end(), forced.wanted.begin(), forced.wanted.end());
    context.survey_bands = in_usual_order(std::move(context.survey_bands));
  }
  for (const auto* band_facts : {&selection.band_facts, &forced.band_facts})
    for (const auto& [band, facts] : *band_facts)
      if (facts.extinction_per_ebv) context.extinction[band] = *facts.extinction_per_ebv;
  std::vector<CatalogSource> rows = measurements.rows;
  context.joint = way.joint();
  context.composites = way.joint() && fitting.bulge_disk;
  context.space = wise.columns;
  context.space.galex = galex.measured;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (wise.columns.wise) rows[i].wise = wise.rows.at(i);
    if (galex.measured) rows[i].galex = galex.rows.at(i);
    const double fraction = rows[i].type == CatalogType::kComp ? mean_bulge_fraction(rows[i]) : 0;
    if (!forced.bands.empty())
      rows[i].bands.insert(rows[i].bands.end(), forced.rows.at(i).bands.begin(),
                           forced.rows.at(i).bands.end());
    // What was measured with the bulge's fraction as the fitted bands have it.
    for (std::size_t b = measurements.rows[i].bands.size(); fraction > 0 && b < rows[i].bands.size(); ++b)
      rows[i].bands[b].bulge_flux = static_cast<float>(fraction * rows[i].bands[b].flux);
  }
  finish_catalog(rows, catalog_geometry(selection.brick), maskbits.const_view(), maps ? &*maps : nullptr);
  const std::filesystem::path catalog = products.path(Product::kTractor);
  fits::Header catalog_cards = catalog_header(cards, context, sky.coadd_sky);
  add_space_cards(catalog_cards, context.space);
  write_catalog(rows, context, catalog_cards, reference_columns(rows, references.catalog),
                {catalog, products.path(Product::kTractorIntermediate), products.path(Product::kChecksums)},
                products.set());
  run.log.info("{} rows in {}", rows.size(), catalog.string());
  return {};
}

}  // namespace brickline
