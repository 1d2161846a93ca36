#include "core/pipeline/stages/galex_forced.h"

#include "core/base/error.h"
#include "core/pipeline/space_photometry.h"
#include "core/survey/provenance.h"
#include "core/wise/galex_photometry.h"
#include "core/wise/pictures.h"

namespace brickline {

void check_galex_forced(const GalexOptions& options, RunContext&) {
  if (!options.wanted) return;
  if (options.dir.empty()) throw usage_error("--galex: where are GALEX's fields? (--galex-dir or GALEX_DIR)");
  const GalexData data(options.dir);
  static_cast<void>(data);
}

Outcome<GalexResults> run_galex_forced(const GalexOptions& options, const FitWay& way,
                                       const Selection& selection, const Measurements& measurements,
                                       const RunHeader& header, StageProducts& products, RunContext& run) {
  if (!options.wanted) return Outcome<GalexResults>(GalexResults{});
  const GalexData data(options.dir, run.reads.get());
  const MeasuredSources sources = sources_to_measure(measurements, false);
  FluxErrorRule errors;
  errors.marginal = way.joint();
  errors.covariances = sources.covariances;
  const GalexPhotometry photometry =
      measure_galex(data, selection.brick.wcs, selection.brick.pixel_scale_arcsec, sources.models, run.log,
                    way.profiles(), errors);
  GalexResults out;
  out.measured = true;
  out.rows.resize(measurements.rows.size());
  const std::vector<SkyPosition> positions = positions_of(measurements);
  for (std::size_t b = 0; b < kGalexBands; ++b) {
    const GalexBandPhotometry& p = photometry.bands[b];
    for (std::size_t i = 0; i < sources.rows.size(); ++i) {
      SpaceBand& to = out.rows[sources.rows[i]].bands[b];
      to.flux = static_cast<float>(p.flux[i]);
      to.flux_ivar = static_cast<float>(p.flux_ivar[i]);
      to.rchisq = static_cast<float>(p.rchisq[i]);
      to.fracflux = static_cast<float>(p.fracflux[i]);
      to.psfdepth = static_cast<float>(p.psfdepth[i]);
      to.nobs = p.nobs[i];
    }
    const std::vector<CoaddApertures> apertures = coadd_apertures(
        p.coadd, photometry.coadd_grid, positions, kGalexPixelScale, kSpaceApertureRadiiArcsec);
    for (std::size_t i = 0; i < out.rows.size(); ++i) {
      out.rows[i].bands[b].apflux = apertures[i].flux;
      out.rows[i].bands[b].apflux_resid = apertures[i].resid;
      out.rows[i].bands[b].apflux_ivar = apertures[i].ivar;
    }
  }
  Outcome<GalexResults> outcome;
  add_stage_card(outcome.cards, "GALE");
  fits::Header cards = space_header(header, selection);
  cards.append(outcome.cards);
  for (std::size_t b = 0; b < kGalexBands; ++b)
    write_space_coadd({galex_bands()[b].product, "GALEX", "AB", false, &photometry.bands[b].coadd},
                      photometry.coadd_grid, cards, products);
  write_space_pictures(photometry.bands[0].coadd, photometry.bands[1].coadd, galex_picture,
                       {Product::kGalexJpeg, Product::kGalexmodelJpeg, Product::kGalexresidJpeg}, products);
  std::get<0>(outcome.artifacts) = std::move(out);
  return outcome;
}

}  // namespace brickline
