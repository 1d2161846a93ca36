// What the stages wise_forced, galex_forced and writecat share: the catalog's rows as sources to be measured, the
// products of another telescope's coadds, and what of them enters the catalog's products.
#pragma once

#include <array>
#include <string_view>
#include <vector>

#include "core/catalog/catalog_source.h"
#include "core/coadd/rgb.h"
#include "core/pipeline/stage.h"
#include "core/wise/tile_coadd.h"

namespace brickline {

// Rows that are measured, by their index, and what they are.
struct MeasuredSources {
  std::vector<std::size_t> rows;
  // Composite galaxies have one fraction of the bulge, that of all fitted bands together: for RenderTarget::band 0.
  std::vector<SourceModel> models;
  std::vector<std::vector<float>>
      covariances;  // of these as they were fitted (CatalogSource::fit_covariance)
};
// All fitted rows.
MeasuredSources fitted_sources(const Measurements& measurements);
// Fitted rows; not those on a star cluster's pixels; with `reference_only`, those of reference catalogs alone.
MeasuredSources sources_to_measure(const Measurements& measurements, bool reference_only);

// Where all rows stand: apertures are measured at every one.
std::vector<SkyPosition> positions_of(const Measurements& measurements);

// The cards that coadds of another telescope begin with: the run's, and those that explain MASKBITS and FITBITS.
fits::Header space_header(const RunHeader& header, const Selection& selection);

struct SpaceCoadd {
  std::string_view band;       // "W1", in names and cards
  std::string_view telescope;  // "WISE"
  std::string_view system;     // of magnitudes: "Vega"
  bool named_hdus = true;      // EXTNAME IMAGE_W1
  const TileCoadd* coadd = nullptr;
};
// Image, model and inverse variance.
void write_space_coadd(const SpaceCoadd& what, const Wcs& grid, const fits::Header& header,
                       StageProducts& products);

// Three pictures: of the image, the model and their difference.
void write_space_pictures(const TileCoadd& first, const TileCoadd& second,
                          RgbPlanes (*picture)(ImageView<const float>, ImageView<const float>),
                          const std::array<Product, 3>& which, StageProducts& products);

// MASKBITS with WISE's bits.
Image<std::int32_t> with_wise_bits(const Image<std::int32_t>& maskbits, const WiseResults& wise,
                                   const BrickGeometry& brick);

// Radii of apertures, and how WISE's fluxes became AB: WAPRADn, GAPRADn, WISEABn.
void add_space_cards(fits::Header& header, const SpaceColumns& columns);

}  // namespace brickline
