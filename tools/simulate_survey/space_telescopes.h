// The simulated sky as WISE and GALEX see it: files in the forms of the unWISE coadds and of GALEX's tiles,
// so that forced photometry on them has a truth.
//
//   wise/unwise/CCC/ID/unwise-ID-wB-*      full-depth coadds and masks, cut to the region and a margin
//   wise/unwise-tr/                        time-resolved coadds and their table
//   wise/psf/                              models of the PSF, and the table of tiles (wise-tiles.fits)
//   galex/                                 tiles with their table (galex-images.fits), and the PSFs
// PSFs are round Moffats, so that the turning of WISE's to the scans' direction changes nothing. Noise
// follows the error model that the photometry assumes; fluxes are in truth.fits (flux_w1 ... flux_w4,
// flux_nuv, flux_fuv; AB nanomaggies).
#pragma once

#include <array>
#include <vector>

#include "tools/simulate_survey/survey_files.h"

namespace brickline::simulate {

inline constexpr std::array<const char*, 6> kSpaceBands = {"w1", "w2", "w3", "w4", "nuv", "fuv"};

// AB nanomaggies in kSpaceBands of every source, each from a random stream of its own.
std::vector<std::array<double, 6>> space_fluxes(std::uint64_t seed, const std::vector<Source>& sources);

// As options.wise_tiles and options.galex_tiles ask; nothing when they are 0. Stars do not move.
void write_wise(const SurveyContext& survey, const std::vector<Source>& sources);
void write_galex(const SurveyContext& survey, const std::vector<Source>& sources);

}  // namespace brickline::simulate
