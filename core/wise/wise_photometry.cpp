#include "core/wise/wise_photometry.h"

#include <fmt/format.h>
#include <tbb/parallel_for.h>

#include <algorithm>
#include <cmath>
#include <exception>
#include <memory>

#include "core/base/error.h"
#include "core/wise/tile_image.h"

namespace brickline {
namespace {

using PsfKey = std::pair<std::string, int>;  // tile, band
using TilePsfs = std::map<PsfKey, TilePsf>;

// f(i) for all i, in parallel; of the exceptions thrown that of the least i goes on.
template <typename F>
void for_each_in_parallel(std::size_t count, const F& f) {
  std::vector<std::exception_ptr> failures(count);
  tbb::parallel_for(std::size_t{0}, count, [&](std::size_t i) {
    try {
      f(i);
    } catch (...) {
      failures[i] = std::current_exception();
    }
  });
  for (const std::exception_ptr& failure : failures)
    if (failure) std::rethrow_exception(failure);
}

void require_directory(const std::filesystem::path& directory, std::string_view what,
                       std::string_view option) {
  std::error_code ignored;
  if (!std::filesystem::is_directory(directory, ignored))
    throw input_error(
        "no such directory: {} are looked for there ({}); --no-wise runs without WISE photometry", what,
        option)
        .in_file(directory.string());
}

std::string epoch_name(int epoch) { return fmt::format("e{:03d}", epoch); }

// "w1, w3" of a list.
std::string joined(const std::vector<std::string>& parts) {
  std::string out;
  for (const std::string& p : parts) out += (out.empty() ? "" : ", ") + p;
  return out;
}

std::vector<WiseJob> full_depth_jobs(const WiseData& data, std::span<const WiseTile> tiles, const Log& log) {
  std::vector<WiseJob> jobs(kWiseBands);
  for (const WiseBand& band : wise_bands())
    jobs[static_cast<std::size_t>(band.number - 1)].band = band.number;
  for (const WiseTile& tile : tiles) {
    std::vector<std::string> absent;
    std::string reason;
    for (WiseJob& job : jobs) {
      TileSearch search = find_tile(data.files().coadd_dirs, tile.id, job.band, data.reads());
      if (search.files) {
        job.tiles.push_back({tile, std::move(*search.files)});
      } else {
        absent.emplace_back(wise_band(job.band).product);
        if (reason.empty()) reason = search.missing;
      }
    }
    if (!absent.empty())
      log.warning("unWISE tile {}: no photometry in {}: {}", tile.id, joined(absent), reason);
  }
  return jobs;
}

std::vector<WiseJob> epoch_jobs(const WiseData& data, std::span<const WiseTile> tiles, const Log& log) {
  const std::filesystem::path& directory = data.files().epoch_dir;
  const std::vector<TileEpochs> epochs =
      read_tile_epochs(directory / "time_resolved_atlas.fits", tiles, data.reads());
  int columns = 0;
  for (const TileEpochs& e : epochs) columns = std::max(columns, e.count);
  std::vector<WiseJob> jobs;
  for (int j = 0; j < columns; ++j)
    for (int band = 1; band <= kWiseEpochBands; ++band) {
      jobs.emplace_back();
      jobs.back().band = band;
      jobs.back().epoch = j;
    }
  for (std::size_t t = 0; t < tiles.size(); ++t) {
    if (epochs[t].count == 0) log.warning("unWISE tile {}: no time-resolved coadds", tiles[t].id);
    std::vector<std::string> absent;
    std::string reason;
    for (int band = 1; band <= kWiseEpochBands; ++band) {
      const std::vector<int>& numbers = epochs[t].epochs[static_cast<std::size_t>(band - 1)];
      for (std::size_t j = 0; j < numbers.size(); ++j) {
        TileSearch search = find_tile({directory / epoch_name(numbers[j])}, tiles[t].id, band, data.reads());
        if (search.files) {
          jobs[j * kWiseEpochBands + static_cast<std::size_t>(band - 1)].tiles.push_back(
              {tiles[t], std::move(*search.files)});
        } else {
          absent.push_back(fmt::format("{} {}", epoch_name(numbers[j]), wise_band(band).product));
          if (reason.empty()) reason = search.missing;
        }
      }
    }
    if (!absent.empty())
      log.warning("unWISE tile {}: no photometry in {}: {}", tiles[t].id, joined(absent), reason);
  }
  return jobs;
}

TilePsfs turned_psfs(const WiseData& data, std::span<const WiseJob> jobs) {
  std::map<PsfKey, const WiseTile*> wanted;
  for (const WiseJob& job : jobs)
    for (const WiseJob::Tile& t : job.tiles) wanted.try_emplace(PsfKey{t.tile.id, job.band}, &t.tile);
  std::vector<std::pair<PsfKey, const WiseTile*>> list(wanted.begin(), wanted.end());
  std::vector<std::optional<TilePsf>> made(list.size());
  for_each_in_parallel(list.size(), [&](std::size_t i) {
    const WiseBand& band = wise_band(list[i].first.second);
    const WiseTile& tile = *list[i].second;
    made[i].emplace(coadd_psf(data.psf_model(band), band, tile.ra, tile.dec));
  });
  TilePsfs out;
  for (std::size_t i = 0; i < list.size(); ++i) out.emplace(list[i].first, std::move(*made[i]));
  return out;
}

std::vector<TileImage> read_tiles(const WiseData& data, const WiseJob& job, const Wcs& brick) {
  const WiseBand& band = wise_band(job.band);
  std::vector<TileImage> out;
  for (const WiseJob::Tile& t : job.tiles) {
    const PixelPosition shift = job.epoch < 0 ? t.tile.crpix_shift(job.band) : PixelPosition{0, 0};
    std::optional<TilePlanes> planes = read_tile(t.files, job.band, brick, shift);
    if (!planes) continue;
    Image<float> background;
    if (!data.files().model_sky_dir.empty() && band.has_epochs())
      background =
          read_model_sky(data.files().model_sky_dir, t.tile.id, job.band, planes->region, data.reads());
    out.push_back(prepare_tile(std::move(*planes), t.tile, band, background));
  }
  return out;
}

// What the tile that owns a source says of it at its pixel. `central`: the pixel's value.
void sample_sources(const TileImage& tile, const TilePsf& psf, std::span<const SourceModel> sources,
                    BandResult& out, std::vector<double>& central) {
  const double depth = std::isfinite(tile.sig1) ? std::pow(psf.norm() / tile.sig1, 2) : 0;
  for (std::size_t i = 0; i < sources.size(); ++i) {
    const SourceModel& s = sources[i];
    const auto at = tile.wcs.sky_to_pixel(s.ra, s.dec);
    if (!at || !tile.tile.owns(s.ra, s.dec)) continue;
    const double nearest_x = std::nearbyint(at->x), nearest_y = std::nearbyint(at->y);
    if (!(nearest_x >= 0 && nearest_y >= 0 && nearest_x < tile.data.width() &&
          nearest_y < tile.data.height()))
      continue;
    const int x = static_cast<int>(nearest_x), y = static_cast<int>(nearest_y);
    WiseBandPhotometry& p = out.photometry;
    p.nobs[i] = static_cast<std::int16_t>(std::clamp(tile.frames(x, y), -32768, 32767));
    p.mjd[i] = tile.mjd.value_or(0);
    p.psfdepth[i] = depth;
    out.places[i] = {tile.tile.id, static_cast<float>(at->x), static_cast<float>(at->y)};
    central[i] = tile.data(x, y);
  }
}

BandResult run_job(const WiseData& data, const WiseJob& job, const TilePsfs& psfs, const Wcs& brick,
                   const Wcs& grid, bool coadd, std::span<const SourceModel> sources, GalaxyProfiles profiles,
                   const FluxErrorRule& errors) {
  const WiseBand& band = wise_band(job.band);
  const std::vector<TileImage> tiles = read_tiles(data, job, brick);
  BandResult out;
  out.photometry = WiseBandPhotometry(sources.size());
  out.places.resize(sources.size());
  std::vector<double> central(sources.size(), 0.0);
  std::vector<FitTile> fit_tiles;
  for (const TileImage& tile : tiles) {
    const TilePsf& psf = psfs.at({tile.tile.id, job.band});
    sample_sources(tile, psf, sources, out, central);
    fit_tiles.push_back({tile.data.view(), tile.inverse_error.view(), tile.wcs, kWisePixelScale, &psf});
  }
  const FootprintRule rule{.bright_limits = band.bright_limits, .profiles = profiles};
  const TileFluxes fluxes = fit_tile_fluxes(fit_tiles, sources, central, rule, errors);
  const double ivar_factor = errors.marginal ? 1 : band.flux_ivar_factor;
  for (std::size_t i = 0; i < sources.size(); ++i) {
    WiseBandPhotometry& p = out.photometry;
    p.flux_ivar[i] = fluxes.flux_ivar[i] * ivar_factor;
    p.flux[i] = p.flux_ivar[i] > 0 ? fluxes.fit.flux[i] : 0;
    p.rchisq[i] = fluxes.fit.statistics[i].prochi2;
    p.fracflux[i] = fluxes.fit.statistics[i].profracflux;
  }
  if (coadd) {
    TileCoadder builder(grid, TileOverlap::kFirst);
    for (std::size_t t = 0; t < tiles.size(); ++t)
      builder.add(tiles[t].wcs, tiles[t].data.view(), fluxes.models[t].view(),
                  tiles[t].coadd_inverse_error.view());
    out.coadd = builder.finish();
  }
  return out;
}

WiseMasks read_masks(const WiseData& data, std::span<const WiseTile> tiles, const Wcs& brick,
                     const Log& log) {
  Image<std::uint32_t> bits(brick.width(), brick.height());
  for (const WiseTile& tile : tiles) {
    if (const auto file = find_tile_mask(data.files().coadd_dirs, tile.id, data.reads()))
      add_tile_mask(bits, *file, tile, brick);
    else
      log.warning("unWISE tile {}: no unwise-{}-msk.fits.gz: its stars are not masked", tile.id, tile.id);
  }
  return collapsed_masks(bits.const_view());
}

// The mean of a band's PSFs; empty without tiles.
Image<float> mean_psf(const TilePsfs& psfs, int band) {
  Image<float> sum;
  int count = 0;
  for (const auto& [key, psf] : psfs) {
    if (key.second != band) continue;
    if (count++ == 0) sum = Image<float>(psf.stamp().width(), psf.stamp().height());
    for (int y = 0; y < sum.height(); ++y)
      for (int x = 0; x < sum.width(); ++x) sum(x, y) += psf.stamp()(x, y);
  }
  for (int y = 0; y < sum.height(); ++y)
    for (int x = 0; x < sum.width(); ++x) sum(x, y) /= static_cast<float>(count);
  return sum;
}

}  // namespace

WiseData::WiseData(WiseFiles files, ReadLog* reads) : files_(std::move(files)), reads_(reads) {
  for (const auto& directory : files_.coadd_dirs)
    require_directory(directory, "unWISE coadds", "--unwise-dir or UNWISE_COADDS_DIR");
  if (!files_.epoch_dir.empty())
    require_directory(files_.epoch_dir, "time-resolved unWISE coadds",
                      "--unwise-tr-dir or UNWISE_COADDS_TIMERESOLVED_DIR");
  if (!files_.model_sky_dir.empty())
    require_directory(files_.model_sky_dir, "unWISE model backgrounds", "UNWISE_MODEL_SKY_DIR");
  if (files_.psf_dir.empty())
    throw input_error(
        "the models of WISE's PSF are needed (a directory with psf_model_w1_neo6_unwisecat.fits and "
        "so on): give it with --unwise-psf-dir or UNWISE_PSF_DIR, or run with --no-wise");
  const WisePsfModels models(files_.psf_dir);
  for (const WiseBand& band : wise_bands())
    psf_models_[static_cast<std::size_t>(band.number - 1)] = models.read(band, reads_);
  if (files_.tiles_file.empty()) files_.tiles_file = files_.psf_dir / "wise-tiles.fits";
  std::error_code ignored;
  if (!std::filesystem::exists(files_.tiles_file, ignored))
    throw input_error(
        "no such file: it lists unWISE's tiles (--unwise-tiles or UNWISE_TILES); --no-wise runs "
        "without WISE photometry")
        .in_file(files_.tiles_file.string());
  atlas_ = TileAtlas::read(files_.tiles_file, reads_);
}

WiseBandPhotometry::WiseBandPhotometry(std::size_t n)
    : flux(n), flux_ivar(n), rchisq(n), fracflux(n), psfdepth(n), mjd(n), nobs(n) {}

std::vector<WiseJob> plan_wise_jobs(const WiseData& data, const Wcs& brick, const Log& log) {
  const std::vector<WiseTile> tiles = data.atlas().touching(brick);
  if (tiles.empty()) log.warning("no unWISE tile touches the brick");
  std::vector<WiseJob> jobs = full_depth_jobs(data, tiles, log);
  if (!data.files().epoch_dir.empty()) {
    std::vector<WiseJob> epochs = epoch_jobs(data, tiles, log);
    jobs.insert(jobs.end(), std::make_move_iterator(epochs.begin()), std::make_move_iterator(epochs.end()));
  }
  return jobs;
}

WisePhotometry measure_wise(const WiseData& data, const Wcs& brick, double brick_pixel_scale,
                            std::span<const SourceModel> sources, const WisePhotometryOptions& options) {
  const std::vector<WiseJob> jobs = plan_wise_jobs(data, brick, options.log);
  WisePhotometry out;
  std::vector<WiseTile> tiles;
  for (const WiseJob& job : jobs)
    for (const WiseJob::Tile& t : job.tiles)
      if (std::find(out.tiles.begin(), out.tiles.end(), t.tile.id) == out.tiles.end()) {
        out.tiles.push_back(t.tile.id);
        tiles.push_back(t.tile);
      }
  const TilePsfs psfs = turned_psfs(data, jobs);
  out.coadd_grid = coadd_grid(brick, brick_pixel_scale, kWisePixelScale);

  std::vector<BandResult> results(jobs.size());
  for_each_in_parallel(jobs.size(), [&](std::size_t i) {
    const WiseJob& job = jobs[i];
    if (options.store) {
      if (std::optional<BandResult> kept = options.store->find(job)) {
        results[i] = std::move(*kept);
        return;
      }
    }
    results[i] = run_job(data, job, psfs, brick, out.coadd_grid, options.coadds && job.epoch < 0, sources,
                         options.profiles, options.errors);
    if (options.store) options.store->keep(job, results[i]);
  });

  out.places.resize(sources.size());
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    const auto band = static_cast<std::size_t>(jobs[i].band - 1);
    if (jobs[i].epoch >= 0) {
      out.epochs.resize(std::max(out.epochs.size(), static_cast<std::size_t>(jobs[i].epoch) + 1));
      out.epochs[static_cast<std::size_t>(jobs[i].epoch)][band] = std::move(results[i].photometry);
      continue;
    }
    out.bands[band] = std::move(results[i].photometry);
    out.coadds[band] = std::move(results[i].coadd);
    // Places are the first band's that has any.
    for (std::size_t s = 0; s < sources.size(); ++s)
      if (out.places[s].coadd_id.empty()) out.places[s] = results[i].places[s];
  }
  out.masks = read_masks(data, tiles, brick, options.log);
  if (options.coadd_psf)
    for (const WiseBand& band : wise_bands())
      out.psfs[static_cast<std::size_t>(band.number - 1)] = mean_psf(psfs, band.number);
  return out;
}

}  // namespace brickline
