// unWISE forced photometry of a brick: fluxes in W1 to W4 on the full-depth coadds, and in W1 and W2 on each
// epoch's, of sources whose positions and shapes the optical images have settled.
//
// Every band of every epoch is a job of its own: all tiles that the brick touches are read (only the part
// that the brick covers), prepared (core/wise/tile_image.h) and solved together. Jobs run in parallel;
// results do not depend on the number of threads. Fluxes are Vega nanomaggies.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "core/base/image.h"
#include "core/base/log.h"
#include "core/base/read_log.h"
#include "core/base/required.h"
#include "core/model/source_model.h"
#include "core/wcs/wcs.h"
#include "core/wise/forced_fit.h"
#include "core/wise/tile_atlas.h"
#include "core/wise/tile_coadd.h"
#include "core/wise/tile_files.h"
#include "core/wise/tile_mask.h"
#include "core/wise/wise_band.h"
#include "core/wise/wise_psf.h"

namespace brickline {

// Where unWISE's files are.
struct WiseFiles {
  std::vector<std::filesystem::path> coadd_dirs;  // full depth, searched in order
  std::filesystem::path epoch_dir;                // time-resolved coadds; empty: no light curves
  std::filesystem::path model_sky_dir;            // backgrounds of W1 and W2; empty: none
  std::filesystem::path psf_dir;                  // models of the PSF
  std::filesystem::path tiles_file;               // the atlas of tiles; empty: wise-tiles.fits in psf_dir
};

// What is needed of the files before any pixel is read. Opening it finds what is absent: Error (kInput)
// naming the file or directory and the option that gives it.
class WiseData {
 public:
  // `reads` (it may be null) notes what is read and looked for, now and by photometry on this data.
  explicit WiseData(WiseFiles files, ReadLog* reads = nullptr);
  const WiseFiles& files() const { return files_; }
  ReadLog* reads() const { return reads_; }
  const TileAtlas& atlas() const { return atlas_; }
  // The model of a band's PSF.
  const Image<float>& psf_model(const WiseBand& band) const {
    return psf_models_[static_cast<std::size_t>(band.number - 1)];
  }

 private:
  WiseFiles files_;
  ReadLog* reads_;
  TileAtlas atlas_;
  std::array<Image<float>, kWiseBands> psf_models_;
};

// One band (of one epoch) of all sources; 0 where a source was not measured.
struct WiseBandPhotometry {
  // Vega nanomaggies; inverse variances by WisePhotometryOptions::errors
  std::vector<double> flux, flux_ivar;
  std::vector<double> rchisq, fracflux;  // FluxStatistics' prochi2 and profracflux
  std::vector<double> psfdepth;          // inverse variance of a point source's flux, from the typical noise
  std::vector<double> mjd;               // middle of the tile's times; 0: unknown
  std::vector<std::int16_t> nobs;        // frames at the source's pixel
  WiseBandPhotometry() = default;
  explicit WiseBandPhotometry(std::size_t sources);
  std::size_t size() const { return flux.size(); }
};

// Where a source was measured.
struct TilePlace {
  std::string coadd_id;  // of the tile whose own box holds it; empty: none
  float x = 0, y = 0;    // 0-based, in the part of the tile that the brick covers
};

// One job's results.
struct BandResult {
  WiseBandPhotometry photometry;
  std::vector<TilePlace> places;
  TileCoadd coadd;  // of full-depth bands, if wanted
};

struct WiseJob {
  int band = 1;
  int epoch = -1;  // column of the light curve; -1: full depth
  struct Tile {
    WiseTile tile;
    TileFiles files;
  };
  std::vector<Tile> tiles;
};

// A job's results kept from an earlier run, and what is done with new ones (core/wise/wise_checkpoint.h).
class WiseResultStore {
 public:
  virtual ~WiseResultStore() = default;
  virtual std::optional<BandResult> find(const WiseJob& job) = 0;
  virtual void keep(const WiseJob& job, const BandResult& result) = 0;  // called from any thread
};

struct WisePhotometryOptions {
  bool coadds = true;
  bool coadd_psf = false;             // the mean of the tiles' PSFs is wanted
  Required<GalaxyProfiles> profiles;  // of the sources
  FluxErrorRule errors = {};
  WiseResultStore* store = nullptr;
  Log log = {};
};

struct WisePhotometry {
  std::vector<std::string> tiles;  // that the brick touches and that have coadds
  std::array<WiseBandPhotometry, kWiseBands> bands;
  std::vector<std::array<WiseBandPhotometry, kWiseEpochBands>> epochs;  // columns of the light curve
  std::vector<TilePlace> places;                                        // per source
  WiseMasks masks;                                                      // brick pixels
  Wcs coadd_grid;
  std::array<TileCoadd, kWiseBands> coadds;   // empty unless wanted
  std::array<Image<float>, kWiseBands> psfs;  // empty unless wanted
};

// The jobs of a brick; says what is absent, one line per tile.
std::vector<WiseJob> plan_wise_jobs(const WiseData& data, const Wcs& brick, const Log& log);

// `brick_pixel_scale`: nominal, arcsec. No tiles, or no sources, make results of zeros. Error (kInput) naming
// the file where one that exists cannot be used.
WisePhotometry measure_wise(const WiseData& data, const Wcs& brick, double brick_pixel_scale,
                            std::span<const SourceModel> sources, const WisePhotometryOptions& options);

}  // namespace brickline
