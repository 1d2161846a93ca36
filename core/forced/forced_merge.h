// Measurements of many exposures brought together, object by object: a brick's catalog with the places of each
// object's measurements, the measurements in order, and their averages per band.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/fits/table.h"
#include "core/survey/concatenate_tables.h"

namespace brickline {

struct MergedForced {
  // release, brickid, objid, brick_primary, type, and per band nobs_B (measurements) and index_B (the first of them
  // in `measurements`; -1: none). A band's '-' is '_' in names.
  fits::Table objects;
  // Rows of objects that the catalog has, by release, brickid, objid, filter, camera, exposure (and CCD).
  fits::Table measurements;
};
// `catalog`: a brick's catalog; DUP and NUN are not measured and left out, and so is what lies in a neighbour's area
// unless `all` asks for it. `tables`: of forced photometry, with the same columns each. Error (kInput) naming a column
// that is missing.
MergedForced merge_forced(const fits::Table& catalog, const std::vector<NamedTable>& tables,
                          const std::vector<std::string>& bands, bool all = false);

// Error (kInput): rows of a table were measured where the catalog has no such object. Numbers of objects are given anew by
// each fit, and those of another one's catalog would be taken for these. Stars that move are not looked at.
void require_same_places(const fits::Table& catalog, const std::vector<NamedTable>& tables);

// Per object of `objects` (release, brickid, objid) and band:
//   forced_flux = sum f iv/sum iv, forced_flux_ivar = sum iv, the same of each aperture (if there are any);
//   forced_flux_ivar_joint, where measurements have flux_ivar_joint: that of the same mean, (sum iv)^2/sum (iv^2/flux_ivar_joint),
//   0 if one of them has none;
//   forced_psfdepth, forced_galdepth: sums over all its measurements; forced_nexp: how many there are;
//   forced_fracin: their mean; forced_fracflux, forced_fracmasked, forced_rchisq: means weighted by fracin.
// 0 where nothing was measured. Of CCDs that catalogs do without (ccd_cuts) there is nothing in them.
std::string forced_column(std::string_view name, std::string_view band);  // "forced_NAME_BAND"
fits::Table average_forced(const fits::Table& objects, const fits::Table& measurements,
                           const std::vector<std::string>& bands);

// Bands of the measurements, in order of first appearance.
std::vector<std::string> bands_of(const fits::Table& measurements);

// One object's measurements in order of band and date, as text (ECSV) and as a picture (SVG): flux with its error
// against MJD, one panel per band. Those with dqmask set are open symbols, those of a CCD whose zero point is wrong
// (zpcheck_wrong) orange; those without weight are not drawn.
fits::Table light_curve_of(const fits::Table& measurements, std::int64_t brickid, std::int64_t objid);
std::string light_curve_svg(const fits::Table& curve, std::string_view title);

}  // namespace brickline
