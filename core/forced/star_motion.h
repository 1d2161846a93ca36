// Where a star is on an exposure, and how bright: fits beside that of the flux at the catalog's place.
//
// To first order a star that stands elsewhere adds to its model u the derivatives of u; with one amplitude for each
// direction the fit stays linear, and all stars of the image are solved together with everything else (flux_dra,
// flux_ddec, nanomaggies degree; flux_motion, the flux then). After that the position and the flux of one star after
// the other, the brightest first, are fitted to what the others leave (full_fit), with models moved exactly. A fit that
// ends farther than two FWHM away is of something else: all of full_fit is 0 then.
#pragma once

#include <span>
#include <vector>

#include "core/fit/flux_solver.h"
#include "core/forced/unit_models.h"
#include "core/image/ccd_image.h"
#include "core/wcs/wcs.h"

namespace brickline {

struct StarMotion {
  float flux_motion = 0, flux_motion_ivar = 0;
  float flux_dra = 0, flux_ddec = 0, flux_dra_ivar = 0, flux_ddec_ivar = 0;
  float dra = 0, ddec = 0, dra_ivar = 0, ddec_ivar = 0;  // arcsec, arcsec^-2
  float full_fit_dra = 0, full_fit_ddec = 0, full_fit_flux = 0;
  float full_fit_dra_ivar = 0, full_fit_ddec_ivar = 0, full_fit_flux_ivar = 0;
  float full_fit_x = 0, full_fit_y = 0;  // pixels of the whole CCD
};

// A row to be fitted so.
struct MovingRow {
  bool star = false;            // galaxies get a flux_motion, and no motion
  SourceModel model;            // where the catalog has it
  PixelPosition at;             // pixels of the image
  double flux = 0;              // fitted there
  const Patch* unit = nullptr;  // null: nothing of it is on the image
};

struct MotionResult {
  std::vector<StarMotion> rows;
  FluxResult fit;  // of fluxes and derivatives together; the first of its statistics are the rows'
};

// What is fitted together: the rows' unit models, and for each star the derivatives of its own by its place, east and
// north (per degree). Unknowns: the rows' fluxes, then two amplitudes for each star.
struct MotionUnits {
  std::vector<UnitModel> units;
  std::vector<int> first_amplitude;  // of each row: the unknown of its first amplitude; -1: it has none
  int unknowns = 0;
};
MotionUnits motion_units(const CcdImage& image, std::span<const UnitModel> units,
                         std::span<const MovingRow> rows);

// `units`: the rows' unit models, as the fluxes were fitted with them.
MotionResult fit_motions(const CcdImage& image, std::span<const UnitModel> units,
                         std::span<const MovingRow> rows, UnitModels& models);

}  // namespace brickline
