// Spectra of stars for the fit of colour terms, and their magnitudes in Gaia's bands.
//
// Two libraries: files of the user's, and one that comes along in a few hundred numbers. The latter is a smooth locus of
// dwarfs by their colour BP - RP: monochromatic AB magnitudes less G at wavelengths 20 nm apart for 13 colours, fitted by us
// to the dwarfs B8 to M5 of Pickles (1998, PASP 110, 863). Through the passbands of the SDSS, Pan-STARRS and the
// Legacy Surveys, g to y, and Johnson-Cousins V and R, it gives band - G within 3 mmag of the mean of those stars of its colour
// (0.2 < BP - RP < 2.6), which scatter by 4 to 18 mmag around it. How good those spectra themselves are is another matter:
// between BP - RP = 0.3 and 1.6 the locus is within 0.035 mag of G - V and G - r that Gaia's documentation publishes, and
// beyond 1.6 off by up to 0.08 in r, where it is not used. Gaia's own spectra (colour_samples_of_spectra) do better. It
// knows no line, and nothing of giants, of metals and of dust: it is no good for narrow bands and for bands bluer than
// 400 nm (stellar_locus_problem).
//
// Gaia's passbands and zero points are those of EDR3 and DR3 (Riello et al. 2021, A&A 649, A3), the passbands reduced to
// straight lines between places 20 nm apart, and fewer at the edges of BP and RP. With the whole passbands, G, BP and RP of
// the stars above are the same to 1.5 mmag.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "core/zeropoints/transmission_curve.h"

namespace brickline {

struct LibrarySpectrum {
  std::string name;
  std::vector<double> wavelengths_nm;  // increasing
  std::vector<double> flux;            // f_lambda, of any scale
};

struct GaiaPassband {
  std::string name;  // G, BP, RP
  TransmissionCurve curve;
  double vega_minus_ab = 0;  // mag: what is added to an AB magnitude for Gaia's own
};
const std::vector<GaiaPassband>& gaia_passbands();

// Of the library that comes along: from BP - RP = 0 to 1.6 in steps of 0.1, 320 to 1080 nm (as at 340 nm below).
std::vector<LibrarySpectrum> stellar_locus();
inline constexpr double kStellarLocusError = 0.03;  // mag, of its magnitudes less G
// Why magnitudes of that library in a band are no good; empty: they are.
std::string stellar_locus_problem(const TransmissionCurve& band);

// Every regular file of a directory, in the order of their names: two columns, wavelength and f_lambda on any scale; what
// follows a # is a remark. Error (kInput) naming the file or the directory: not two numbers in a line, wavelengths that do not
// all grow, a flux that is no number, no file. Spectra may reach far beyond what bands see, and so the unit is not tested:
// spectra of the other one mostly do not cover a band, which colour_samples tells.
std::vector<LibrarySpectrum> read_stellar_library(const std::filesystem::path& directory,
                                                  WavelengthUnit unit);

}  // namespace brickline
