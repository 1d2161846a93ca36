// Fluxes of known sources on one exposure's CCD: positions and shapes are fixed, all fluxes are solved together and
// exactly (core/fit/flux_solver.h), every pixel of the CCD counts once.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "core/forced/flux_errors.h"
#include "core/forced/forced_source.h"
#include "core/forced/star_motion.h"
#include "core/forced/windowed_centroid.h"
#include "core/image/ccd_image.h"

namespace brickline {

inline constexpr std::array<double, 8> kForcedApertureRadiiArcsec = {0.5, 0.75, 1, 1.5, 2, 3.5, 5, 7};
inline constexpr std::size_t kForcedApertures = kForcedApertureRadiiArcsec.size();

struct ForcedOptions {
  bool move = true;  // stars with a motion to the time of the exposure
  bool fit = true;   // fluxes of models; false: apertures and centroids alone
  bool apertures = false;
  bool motions = false;  // stars' derivatives and full fits (core/forced/star_motion.h)
  bool limits = false;   // flux_limit95, and flux_ivar_joint of sources of any catalog
  bool errors = false;   // FluxErrors
  bool nuclei = false;   // a point source more at the centre of every EXP, DEV and SER; not with `motions`
};

// One source on one CCD. Fluxes are nanomaggies.
struct ForcedMeasurement {
  std::size_t source = 0;  // in the list given
  SkyPosition position;    // where it was measured
  float x = 0, y = 0;      // pixels of the whole CCD; NaN where the position is on no pixel of any
  float flux = 0, flux_ivar = 0;
  // As FluxStatistics has them; but fracmasked also of a source without a pixel of weight, and rchisq a mean:
  // sum |u| chi^2 / sum |u| over the good pixels, u the model.
  float fracflux = 0, rchisq = 0, fracmasked = 0, fracin = 0;
  std::array<float, kForcedApertures> apflux{}, apflux_ivar{};
  std::uint16_t dqmask =
      0;  // the mask's bits at the pixel (the nearest one's, with EDGE2, outside of the CCD)
  // With the blending that flux_ivar leaves out: the inverse variance that is left when the fluxes of all sources are
  // free, positions and shapes exact (FluxResult::marginal_inverse_variance; 0: not told from others); and the flux that is
  // exceeded with a probability of 5 %, were no flux negative.
  float flux_ivar_joint = 0, flux_limit95 = 0;
  float flux_agn = 0, flux_agn_ivar = 0;  // of the nucleus
  std::optional<FluxErrors> errors;
  std::optional<StarMotion> motion;
  std::optional<ForcedCentroid> centroid;  // of point sources
};

struct ForcedResult {
  std::vector<ForcedMeasurement> rows;  // in the order of the sources
  Image<float> model;                   // the sum of all models; empty without a fit
};

// Whether flux_ivar_joint is told of measurements of these sources: where it is asked for, and of catalogs of joint fits, in
// which errors know of neighbours.
bool has_joint_errors(const ForcedOptions& options, std::span<const ForcedSource> sources);

// Large galaxies that are centred off the image and have a flux in the catalog: their light is taken off the image with
// that flux, and they leave the list; returns them.
std::vector<ForcedSource> take_off_large_galaxies(CcdImage& image, std::vector<ForcedSource>& sources);

// `image`: sky-subtracted nanomaggies, masked pixels without weight. Sources that are nowhere near the image have a
// row, too, with 0 in all that is measured.
ForcedResult measure_forced(const CcdImage& image, std::span<const ForcedSource> sources,
                            const ForcedOptions& options = {});

}  // namespace brickline
