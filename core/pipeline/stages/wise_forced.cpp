#include "core/pipeline/stages/wise_forced.h"

#include <cmath>

#include "core/base/error.h"
#include "core/coadd/product_headers.h"
#include "core/pipeline/space_photometry.h"
#include "core/survey/provenance.h"
#include "core/wise/light_curve.h"
#include "core/wise/pictures.h"
#include "core/wise/wise_checkpoint.h"
#include "core/wise/wise_photometry.h"

namespace brickline {
namespace {

int curve_width(const WiseOptions& options, const Log& log) {
  if (options.epoch_dir.empty()) return 0;
  if (options.epochs) return *options.epochs;
  if (const int width = light_curve_width(options.epoch_dir)) return width;
  log.warning("{} is none of neo4, neo6, neo7, neo11: light curves have room for {} epochs (--wise-epochs)",
              options.epoch_dir.string(), kDefaultLightCurveWidth);
  return kDefaultLightCurveWidth;
}

SpaceBand in_ab(const WiseBandPhotometry& p, std::size_t i, const WiseBand& band) {
  const double k = band.ab_per_vega(), k2 = k * k;
  SpaceBand out;
  out.flux = static_cast<float>(p.flux[i] * k);
  out.flux_ivar = static_cast<float>(p.flux_ivar[i] / k2);
  out.rchisq = static_cast<float>(p.rchisq[i]);
  out.fracflux = static_cast<float>(p.fracflux[i]);
  out.psfdepth = static_cast<float>(p.psfdepth[i] / k2);
  out.nobs = p.nobs[i];
  return out;
}

LightCurve light_curve(const WisePhotometry& photometry, std::size_t i, const WiseBand& band, int width) {
  LightCurve out;
  std::vector<int> frames;
  for (const auto& epoch : photometry.epochs) {
    const WiseBandPhotometry& p = epoch[static_cast<std::size_t>(band.number - 1)];
    const SpaceBand ab = in_ab(p, i, band);
    out.flux.push_back(ab.flux);
    out.flux_ivar.push_back(ab.flux_ivar);
    out.fracflux.push_back(ab.fracflux);
    out.rchisq.push_back(ab.rchisq);
    out.nobs.push_back(ab.nobs);
    out.mjd.push_back(p.mjd[i]);
    frames.push_back(ab.nobs);
  }
  out.kept = kept_epochs(frames, out.mjd, width);
  return out;
}

void add_apertures(std::vector<WiseRow>& rows, const WisePhotometry& photometry,
                   const std::vector<SkyPosition>& positions) {
  for (const WiseBand& band : wise_bands()) {
    const auto b = static_cast<std::size_t>(band.number - 1);
    const std::vector<CoaddApertures> apertures = coadd_apertures(
        photometry.coadds[b], photometry.coadd_grid, positions, kWisePixelScale, kWiseApertureRadiiArcsec);
    const double k = band.ab_per_vega();
    for (std::size_t i = 0; i < rows.size(); ++i)
      for (std::size_t a = 0; a < kWiseApertures; ++a) {
        SpaceBand& out = rows[i].bands[b];
        out.apflux[a] = static_cast<float>(apertures[i].flux[a] * k);
        out.apflux_resid[a] = static_cast<float>(apertures[i].resid[a] * k);
        out.apflux_ivar[a] = static_cast<float>(apertures[i].ivar[a] / (k * k));
      }
  }
}

void write_products(const WisePhotometry& photometry, const fits::Header& header, StageProducts& products) {
  for (const WiseBand& band : wise_bands()) {
    const TileCoadd& coadd = photometry.coadds[static_cast<std::size_t>(band.number - 1)];
    write_space_coadd({band.product, "WISE", "Vega", true, &coadd}, photometry.coadd_grid, header, products);
  }
  write_space_pictures(photometry.coadds[0], photometry.coadds[1], wise_picture,
                       {Product::kWiseJpeg, Product::kWisemodelJpeg, Product::kWiseresidJpeg}, products);
}

void write_psfs(const WisePhotometry& photometry, const fits::Header& header, StageProducts& products) {
  for (const WiseBand& band : wise_bands()) {
    const Image<float>& psf = photometry.psfs[static_cast<std::size_t>(band.number - 1)];
    if (psf.empty()) continue;
    fits::Header cards = header;
    cards.set("TELESCOP", "WISE");
    cards.set("FILTER", std::string(band.product), "WISE band");
    cards.append(image_type_cards("copsf"));
    fits::FitsWriter writer;
    writer.add_image<float>(psf.view(), cards);
    const auto path = products.path(Product::kCopsf, band.product);
    products.set().record(path, writer.write(path));
  }
}

}  // namespace

bool is_wanted(const WiseOptions& options) { return options.wanted && !options.coadd_dirs.empty(); }

WiseFiles files_of(const WiseOptions& options) {
  WiseFiles files;
  files.coadd_dirs = split_directories(options.coadd_dirs);
  files.epoch_dir = options.epoch_dir;
  files.model_sky_dir = options.model_sky_dir;
  files.psf_dir = options.psf_dir;
  files.tiles_file = options.tiles_file;
  return files;
}

void check_wise_forced(const WiseOptions& options, RunContext& run) {
  if (is_wanted(options)) {
    const WiseData data(files_of(options));
    static_cast<void>(data);
  } else if (options.wanted && !options.epoch_dir.empty()) {
    run.log.warning("--unwise-tr-dir without --unwise-dir: no unWISE photometry");
  }
}

// Sources on tiles that have no flux: so crowded that they are not told apart, or without a good pixel.
void tell_what_is_lost(const WisePhotometry& photometry, const Log& log) {
  for (const WiseBand& band : wise_bands()) {
    const WiseBandPhotometry& p = photometry.bands[static_cast<std::size_t>(band.number - 1)];
    std::size_t seen = 0, lost = 0;
    for (std::size_t i = 0; i < p.size(); ++i) {
      if (p.nobs[i] <= 0) continue;
      ++seen;
      lost += !(p.flux_ivar[i] > 0);
    }
    if (lost > 0)
      log.warning(
          "W{}: {} of {} sources are not told from their neighbours, or have no good pixel: their flux and its inverse "
          "variance are 0",
          band.number, lost, seen);
  }
}

Outcome<WiseResults> run_wise_forced(const WiseOptions& options, const FitWay& way,
                                     const Selection& selection, const Measurements& measurements,
                                     const RunHeader& header, StageProducts& products, RunContext& run) {
  if (!is_wanted(options)) return Outcome<WiseResults>(WiseResults{});
  const WiseData data(files_of(options), run.reads.get());
  const MeasuredSources sources = sources_to_measure(measurements, options.gaia_only);
  FluxErrorRule errors;
  errors.marginal = way.joint();
  errors.covariances = sources.covariances;
  std::optional<WiseCheckpoint> checkpoint;
  if (!options.checkpoint.empty())
    checkpoint.emplace(options.checkpoint, data, selection.brick.wcs, sources.models, options.coadds, run.log,
                       way.profiles(), errors);
  WisePhotometryOptions how{.profiles = way.profiles()};
  how.errors = errors;
  how.coadds = options.coadds;
  how.coadd_psf = options.save_psf;
  how.store = checkpoint ? &*checkpoint : nullptr;
  how.log = run.log;
  const WisePhotometry photometry =
      measure_wise(data, selection.brick.wcs, selection.brick.pixel_scale_arcsec, sources.models, how);
  if (errors.marginal) tell_what_is_lost(photometry, run.log);
  WiseResults out;
  out.gaia_only = options.gaia_only;
  out.columns.wise = true;
  out.columns.wise_apertures = options.coadds;
  out.columns.light_curve_width = curve_width(options, run.log);
  out.columns.light_curve_epochs = static_cast<int>(photometry.epochs.size());
  out.masks = photometry.masks.bands;
  out.rows.resize(measurements.rows.size());
  for (std::size_t i = 0; i < sources.rows.size(); ++i) {
    WiseRow& row = out.rows[sources.rows[i]];
    for (const WiseBand& band : wise_bands()) {
      const auto b = static_cast<std::size_t>(band.number - 1);
      row.bands[b] = in_ab(photometry.bands[b], i, band);
      if (band.has_epochs()) row.curves[b] = light_curve(photometry, i, band, out.columns.light_curve_width);
    }
    row.coadd_id = photometry.places[i].coadd_id;
    row.x = photometry.places[i].x;
    row.y = photometry.places[i].y;
  }
  for (std::size_t i = 0; i < out.rows.size(); ++i) {
    const CatalogSource& source = measurements.rows[i];
    if (!source.in_bounds) continue;
    const int x = static_cast<int>(std::nearbyint(source.bx)),
              y = static_cast<int>(std::nearbyint(source.by));
    for (std::size_t b = 0; b < out.masks.size(); ++b) out.rows[i].mask[b] = out.masks[b](x, y);
  }
  Outcome<WiseResults> outcome;
  add_stage_card(outcome.cards, "WISE");
  outcome.cards.set("W_CERES", false, "WISE forced phot: use Ceres optimizer?");
  outcome.cards.set("WISE_GAIA_ONLY", options.gaia_only, "WISE forced phot: only Gaia + SGA sources?");
  fits::Header cards = space_header(header, selection);
  cards.append(outcome.cards);
  if (options.save_psf) write_psfs(photometry, cards, products);
  if (options.coadds) {
    add_apertures(out.rows, photometry, positions_of(measurements));
    write_products(photometry, cards, products);
  }
  run.log.info("WISE: {} of {} sources measured on {} tiles, {} epochs", sources.rows.size(), out.rows.size(),
               photometry.tiles.size(), photometry.epochs.size());
  std::get<0>(outcome.artifacts) = std::move(out);
  return outcome;
}

}  // namespace brickline
