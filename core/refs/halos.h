// Halos of bright stars: light that the point-source model leaves out, rendered into an image so that it can
// be taken off.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/base/image.h"
#include "core/facts/halo_model.h"
#include "core/model/source_model.h"
#include "core/refs/reference_catalog.h"
#include "core/wcs/wcs.h"

namespace brickline {

struct HaloStar {
  double ra = 0, dec = 0;           // degrees, at the motion's epoch
  std::optional<SkyMotion> motion;  // empty: it stands still
  double magnitude = 0;             // AB, in the image's band; 0 or not finite: unknown, no halo
  double radius_degrees = 0;        // of its mask; not above 0: no halo
};

// By band; a band without an entry has no magnitudes.
using HaloStars = std::map<std::string, std::vector<HaloStar>>;

// The stars whose halos count: Gaia's point sources (also those that are part of a large galaxy), in the
// bands that the catalog has magnitudes of.
HaloStars halo_stars(const ReferenceCatalog& catalog, std::span<const std::string> bands);

// Where and when the image was taken.
struct HaloView {
  const Wcs* wcs = nullptr;  // of the pixels
  double pixel_scale_arcsec = 0;
  double mjd_tai = 0;
};

// Adds the stars' halos to `light` (nanomaggies per pixel; single precision, star by star), at each star's
// position at the time of the exposure. Per star, with F its flux, rho the distance in pixels, p the pixel
// scale and R = ceil(outer radius / p):
//   F p^2 profile(rho p) clip(2 - 2 rho/R, 0, 1) clip((rho p - inner)/ramp, 0, 1)
// A star outside of `light` has its outer profile multiplied by off_chip_factor, as in the reference pipeline
// (which looks at the pixels at hand, not at the whole CCD). Returns how many stars shed light on it.
// Where the profile is infinite (a power law at a star's very centre) the window is 0, and so is the halo.
int add_halos(ImageView<float> light, const HaloView& view, const HaloModel& model,
              std::span<const HaloStar> stars);

}  // namespace brickline
