// A sky that a table says instead of one that is drawn.
#pragma once

#include <filesystem>
#include <vector>

#include "tools/simulate_survey/population.h"

namespace brickline::simulate {

// The sources of a FITS table, in its order. Its columns are those of truth.fits, of which these are read:
//   type                       PSF, REX, EXP, DEV, SER or COMP
//   ra, dec                    degrees; without them bx, by: pixels of the region, (0,0) the centre of its first
//   flux_BAND                  nanomaggies, of each band of the survey
//   shape_r, ba, pa, sersic    of galaxies: half-light radius along the major axis (arcsec), axis ratio, position angle
//                              (degrees, east of north), Sersic index. REX may lack ba and pa; `sersic` is of SER alone, the
//                              others have theirs and may say no other
//   shapedev_r, shapedev_ba, shapedev_pa, fracdev_BAND  of COMP: the same of its de Vaucouleurs bulge, and the bulge's
//                              share of the flux of each band; shape_r, ba and pa are then of its exponential disk
//   gmag                       may be absent: stars with a G magnitude above 0 are stars of the Gaia catalog
//   structure                  may be absent; not 0: drawn, but no source of truth.fits: a clump or an arm of a galaxy,
//                              or, with a negative flux, what lies between the arms
// Error (kInput) that names file, column and row for what is missing or cannot be drawn.
std::vector<Source> read_scene(const std::filesystem::path& path, const std::vector<SurveyBand>& bands,
                               const ImageGeometry& region);

}  // namespace brickline::simulate
