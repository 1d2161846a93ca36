#include "core/coadd/measure.h"

#include <tbb/parallel_for.h>

#include <cmath>

#include "core/coadd/aperture.h"
#include "core/model/sky_motion.h"

namespace brickline {

namespace {

// MJD of a Julian year.
double mjd_of_year(double year) { return 51544.5 + (year - 2000) * 365.25; }

float finite_or_zero(double v) { return std::isfinite(v) ? static_cast<float>(v) : 0.0f; }

}  // namespace

void sample_maps(const BandCoadd& coadd, std::size_t band, std::span<CatalogSource> rows) {
  for (CatalogSource& row : rows) {
    // Half to even, as everywhere in the reference pipeline; the default rounding mode.
    const double x = std::nearbyint(row.bx), y = std::nearbyint(row.by);
    if (!(x >= 0 && y >= 0 && x < coadd.image.width() && y < coadd.image.height())) continue;
    const int ix = static_cast<int>(x), iy = static_cast<int>(y);
    CatalogBand& b = row.bands.at(band);
    b.nobs = coadd.nobs(ix, iy);
    b.ngood = coadd.nexp(ix, iy);
    b.anymask = coadd.anymask(ix, iy);
    b.allmask = coadd.allmask(ix, iy);
    if (coadd.depth.empty()) continue;
    b.psfsize = coadd.psfsize(ix, iy);
    b.psfdepth = coadd.depth(ix, iy);
    b.galdepth = coadd.galdepth(ix, iy);
  }
}

void measure_apertures(const BandCoadd& coadd, double pixel_scale_arcsec, std::size_t band,
                       std::span<CatalogSource> rows) {
  tbb::parallel_for(std::size_t{0}, rows.size(), [&](std::size_t i) {
    CatalogSource& row = rows[i];
    CatalogBand& b = row.bands.at(band);
    for (int k = 0; k < kApertures; ++k) {
      const double r = kApertureRadiiArcsec[k] / pixel_scale_arcsec;
      double flux = 0, variance = 0, masked = 0, residual = 0, blob_residual = 0;
      for_each_aperture_pixel(coadd.image.width(), coadd.image.height(), row.bx, row.by, r,
                              [&](int x, int y, double area) {
                                const float weight = coadd.invvar(x, y);
                                if (weight > 0) {
                                  flux += area * coadd.image(x, y);
                                  variance += area / weight;
                                } else {
                                  masked += area;
                                }
                                if (coadd.residual.empty()) return;
                                residual += area * coadd.residual(x, y);
                                blob_residual += area * coadd.blob_residual(x, y);
                              });
      b.apflux[k] = finite_or_zero(flux);
      b.apflux_ivar[k] = finite_or_zero(1 / variance);
      b.apflux_masked[k] = finite_or_zero(masked / (M_PI * r * r));
      b.apflux_resid[k] = finite_or_zero(residual);
      b.apflux_blobresid[k] = finite_or_zero(blob_residual);
    }
  });
}

void store_nea(const NeaAccumulator& nea, std::size_t band, std::span<CatalogSource> rows) {
  for (std::size_t i = 0; i < rows.size(); ++i) {
    CatalogBand& b = rows[i].bands.at(band);
    b.nea = nea.nea(i);
    b.blob_nea = nea.blob_nea(i, b.psfdepth, b.psfsize);
  }
}

void measure_fiber_fluxes(const Wcs& target, std::span<const std::optional<SourceModel>> models,
                          std::size_t bands, std::span<CatalogSource> rows, GalaxyProfiles profiles,
                          const FiberOptions& options) {
  const double pixel_scale = target.pixel_scale_arcsec();
  const double sigma = options.seeing_arcsec / pixel_scale / 2.35;
  const double radius = options.diameter_arcsec / 2 / pixel_scale;
  // The Gaussian as pixels, wide enough that what is cut off does not matter in single precision.
  const int half = static_cast<int>(std::ceil(6 * sigma)), size = 2 * half + 1;
  Image<float> stamp(size, size);
  double total = 0;
  for (int y = 0; y < size; ++y)
    for (int x = 0; x < size; ++x)
      total += stamp(x, y) = static_cast<float>(
          std::exp(-0.5 * (std::pow(x - half, 2) + std::pow(y - half, 2)) / (sigma * sigma)));
  for (int y = 0; y < size; ++y)
    for (int x = 0; x < size; ++x) stamp(x, y) = static_cast<float>(stamp(x, y) / total);
  const PsfKernel psf(std::move(stamp), sigma);
  RenderTarget sheet{target.width(), target.height(), target.cd(), &psf};

  struct Fiber {
    double x = 0, y = 0;
    std::vector<double> unit_flux;  // of a source of flux 1, per band
    bool on_image = false;
  };
  const auto is_lit = [](const Fiber& f, const CatalogBand& b) {
    return f.on_image && b.flux > 0 && b.flux_ivar > 0;
  };
  std::vector<Fiber> fibers(rows.size());
  std::vector<Image<float>> sheets(bands);
  for (Image<float>& s : sheets) s = Image<float>(target.width(), target.height());
  // The seeing is band-limited: shifts by phases are exact.
  Renderer renderer(RenderOptions{.shift = PsfShift::kFourier, .profiles = profiles});
  for (std::size_t i = 0; i < rows.size(); ++i) {
    Fiber& f = fibers[i];
    f.x = rows[i].bx;
    f.y = rows[i].by;
    if (!models[i]) continue;
    const SkyPosition sky = position_at(*models[i], mjd_of_year(options.year));
    const std::optional<PixelPosition> at = target.sky_to_pixel(sky.ra, sky.dec);
    if (!at) continue;
    f.x = at->x;
    f.y = at->y;
    std::optional<Patch> patch;
    for (std::size_t band = 0; band < bands; ++band) {
      // Only composite galaxies look different in different bands.
      if (band == 0 || models[i]->is_composite()) {
        sheet.band = static_cast<int>(band);
        patch = renderer.patch(*models[i], *at, sheet);
      }
      if (!patch) break;
      f.on_image = true;
      f.unit_flux.push_back(
          aperture_sum(patch->pixels.const_view(), at->x - patch->x0, at->y - patch->y0, radius));
      if (const CatalogBand& b = rows[i].bands.at(band); is_lit(f, b))
        add_patch(sheets[band].view(), *patch, b.flux);
    }
  }
  for (std::size_t i = 0; i < rows.size(); ++i)
    for (std::size_t band = 0; band < bands; ++band) {
      const Fiber& f = fibers[i];
      CatalogBand& b = rows[i].bands.at(band);
      b.fiberflux = is_lit(f, b) ? finite_or_zero(b.flux * f.unit_flux[band]) : 0.0f;
      b.fibertotflux = finite_or_zero(aperture_sum(sheets[band].const_view(), f.x, f.y, radius));
    }
}

}  // namespace brickline
