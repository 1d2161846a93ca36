// Spectra of the simulated stars as Gaia has them, and the responses of the bands, so that magnitudes from them are the
// stars' true ones.
//
// A star's spectrum is f_nu, straight lines in wavelength between the pivots of the known bands and constant beyond the
// outermost, such that the mean over each band
//   F = int f_nu T / lambda dlambda / int T / lambda dlambda
// is the star's flux in it (Oke & Gunn 1983, ApJ 266, 713). T is made up, after the camera's; so are the bands of the
// synthetic photometry, which are a little other ones, but for Y.
//
// In Gaia's chunks, with the names that gaia-chunks gives them:
//   {u,g,r,i,z}_sdss_mag, y_ps1_mag and their flags   synthetic photometry, AB
//   xp_flux                                           f_lambda at 336, 338 ... 1020 nm, W m^-2 nm^-1
//   bp_coefficients, rp_coefficients                  55 numbers each, of the functions in xp-basis.fits
// Y reaches beyond the sampled spectra, and not beyond the continuous ones; u begins before both.
#pragma once

#include <vector>

#include "core/fits/table.h"
#include "tools/simulate_survey/survey_files.h"

namespace brickline::simulate {

// Adds the columns to a chunk's table, whose rows are `stars`: NaN for those that are fainter than the option says.
void add_gaia_spectra(fits::Table& chunk, const SurveyContext& survey,
                      const std::vector<const Source*>& stars);

// curves/BAND.txt of each band, two columns: nm and response to photons; xp-basis.fits.
void write_curves_and_basis(const SurveyContext& survey);

}  // namespace brickline::simulate
