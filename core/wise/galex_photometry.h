// GALEX forced photometry of a brick: fluxes in NUV and FUV on all of GALEX's fields that cover it.
//
//   DIR/galex-images.fits                                    the table of fields
//   DIR/TILENAME/VISIT-{n,f}d-{intbgsub,skybg,rrhr}.fits.gz  rate and sky (photons/s/pixel), exposure (s/pixel)
//   DIR/PSFnuv_faint.fits, DIR/PSFfuv.fits                   the PSFs
// VISIT is TILENAME, or TILENAME_sgNN of a sub-visit. Files may be plain or gzipped. Fluxes are AB nanomaggies.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "core/base/image.h"
#include "core/base/log.h"
#include "core/base/read_log.h"
#include "core/model/source_model.h"
#include "core/wcs/wcs.h"
#include "core/wise/forced_fit.h"
#include "core/wise/tile_coadd.h"

namespace brickline {

inline constexpr int kGalexBands = 2;            // NUV, FUV
inline constexpr double kGalexPixelScale = 1.5;  // arcsec

struct GalexBand {
  std::string_view name;     // in columns: "nuv"
  std::string_view product;  // in names of files: "NUV"
  char letter;               // in the fields' files: 'n'
  std::string_view psf_file;
};
std::span<const GalexBand> galex_bands();

// One field, as the table has it.
struct GalexField {
  std::string visit;                             // of file names
  std::string directory;                         // below GALEX's
  Wcs wcs;                                       // of the nominal grid, 3840 pixels on a side
  std::array<double, kGalexBands> zero_point{};  // AB mag of one photon per second
  std::array<bool, kGalexBands> has{};
};

// What is needed of the files before any pixel is read. Error (kInput) naming the file.
class GalexData {
 public:
  // `reads` (it may be null) notes what is read and looked for, now and by photometry on this data.
  explicit GalexData(std::filesystem::path directory, ReadLog* reads = nullptr);
  ReadLog* reads() const { return reads_; }
  const std::filesystem::path& directory() const { return directory_; }
  std::vector<GalexField> touching(const Wcs& brick) const;
  // Odd-sized, of sum 1.
  const TilePsf& psf(int band) const { return psfs_.at(static_cast<std::size_t>(band)); }

 private:
  std::filesystem::path directory_;
  ReadLog* reads_;
  std::vector<GalexField> fields_;
  std::vector<TilePsf> psfs_;
};

// The files of a field's band: rate, sky, exposure. Empty where any of them is absent; `missing` then says which.
std::vector<std::filesystem::path> galex_files(const GalexData& data, const GalexField& field,
                                               const GalexBand& band, std::string* missing = nullptr);

// One band of one field, cut to what the brick covers, in AB nanomaggies per pixel.
struct GalexImage {
  Wcs wcs;
  Image<float> data, inverse_error;
  // A pixel's variance is sky_variance + photon_variance times its light (where the sky is known).
  Image<float> sky_variance, photon_variance;
  double sig1 = 0;  // 1/(the median of the inverse errors that are not 0)
};

// Weights that follow the photons counted favour pixels that happen to have few, and fluxes come out too low by
// several sigma where the sky is a few photons per pixel. So weights are the sky's at first, and then those of the
// sky and the light that was fitted.
//
// Where the sky is not known: the variance of a rate is that of the photons counted, N = (rate + sky) t, where there are more than 0.1 of
// them, else of the sky's; 0 exposure counts as 1 s.
double galex_inverse_error(double rate, double sky, double exposure);

struct GalexBandPhotometry {
  std::vector<double> flux, flux_ivar, rchisq, fracflux, psfdepth;
  std::vector<std::int16_t> nobs;  // fields with weight at the source
  TileCoadd coadd;                 // the mean by inverse variance of all fields
};

struct GalexPhotometry {
  std::array<GalexBandPhotometry, kGalexBands> bands;
  Wcs coadd_grid;
};

// A field without files is told in a line and left out; one that cannot be read is an Error (kInput).
GalexPhotometry measure_galex(const GalexData& data, const Wcs& brick, double brick_pixel_scale,
                              std::span<const SourceModel> sources, const Log& log, GalaxyProfiles profiles,
                              const FluxErrorRule& errors = {});

}  // namespace brickline
