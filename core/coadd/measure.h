// What the coadds say of each source: samples of the maps, aperture photometry, fluxes through a fibre.
#pragma once

#include <span>
#include <vector>

#include "core/catalog/catalog_source.h"
#include "core/coadd/band_coadd.h"
#include "core/coadd/model_images.h"
#include "core/model/galaxy_profiles.h"
#include "core/model/source_model.h"
#include "core/wcs/wcs.h"

namespace brickline {

// nobs, ngood, anymask, allmask, psfsize, psfdepth, galdepth at the pixel nearest to each source (half to
// even). Sources outside the image keep zeros.
void sample_maps(const BandCoadd& coadd, std::size_t band, std::span<CatalogSource> rows);

// apflux, its inverse variance, residual and masked fraction in kApertureRadiiArcsec:
//   apflux = sum(a image) over pixels with weight;   apflux_ivar = 1/sum(a/invvar) over them
//   apflux_masked = sum(a [no weight])/(pi r^2);     apflux_resid = sum(a residual)
// An aperture that does not touch the image gives 0.
void measure_apertures(const BandCoadd& coadd, double pixel_scale_arcsec, std::size_t band,
                       std::span<CatalogSource> rows);

void store_nea(const NeaAccumulator& nea, std::size_t band, std::span<CatalogSource> rows);

struct FiberOptions {
  double seeing_arcsec = 1.0;    // FWHM of the Gaussian seeing
  double diameter_arcsec = 1.5;  // of the fibre
  double year = 2020.0;          // Julian (TAI), at which moving stars are placed
};
// fiberflux: the source's own light through the fibre in that seeing; fibertotflux: that of all sources.
// `models` is aligned with the rows.
void measure_fiber_fluxes(const Wcs& target, std::span<const std::optional<SourceModel>> models,
                          std::size_t bands, std::span<CatalogSource> rows, GalaxyProfiles profiles,
                          const FiberOptions& options = {});

}  // namespace brickline
