// Colour terms fitted to stars: band = base + polynomial of a colour, for the facts of a camera.
//
// Stars come from a library of spectra (colour_samples), from Gaia's spectra of real stars (colour_samples_of_spectra), or
// from exposures whose stars a catalog knows (colour_samples_of_photom). The polynomial is that of least squares, all stars
// alike, in orthogonal polynomials of the colour scaled to [-1, 1]; stars that are off by more than `clip` times 1.4826 the
// median absolute residual, and by more than 5 mmag, are left out, until none is. If the degree is not given it is the
// smallest whose error of prediction, each star being predicted without itself (r_i / (1 - h_i), h_i the diagonal of the hat
// matrix), is within 2 % of the best of all degrees up to `most_degree`, or to the last for which the stars have colours
// enough.
//
// Where stars belong to groups (CCDs), each group has an offset of its own, its unknown zero point; the constant of the
// polynomial is then not known from them, and is what makes the term `zero_value` at `zero_colour`.
//
// What the term is off by for all stars of a CCD alike (ColourTerm::error) is the root mean square, over the colours of the
// stars that it was fitted to, of the polynomial's own standard error. Without groups, with p coefficients (the constant is
// one) and residuals r_i of n stars, it is by the trace of the hat matrix
//   s sqrt(p/n),  s^2 = sum r_i^2 / (n - p)
// With m groups, whose offsets tell nothing of the constant, what is off at colour c is P(c) - P(c0), c0 = `zero_colour`:
//   s sqrt(1/n sum (x_i - x_0)^T (X^T X)^-1 (x_i - x_0)),  s^2 = sum r_i^2 / (n - d - m)
// x_i the d powers above 0 (in the basis) of star i's colour, x_0 those of c0, X the x_i less the mean of their group. It grows
// fast where c0 is beyond the stars' colours, and holds there only as far as the polynomial does; what `zero_value` itself is
// off by is not in it. The stars of a CCD that are of all these colours share less of it, those of one colour that much. Beside
// it, in quadrature, is what the stars' own magnitudes, or `zero_value`, are off by alike (`stars_error`). By how much other
// populations of stars differ it does not know.
#pragma once

#include <array>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/facts/camera_facts.h"
#include "core/fits/table.h"
#include "core/zeropoints/star_catalogs.h"
#include "core/zeropoints/stellar_library.h"

namespace brickline {

struct ColourSample {
  std::string name;
  double colour = 0, difference = 0;  // mag: of two bands of the catalog; band - base
  int group = 0;
};

// Which bands of a catalog a term is of.
struct ColourBands {
  std::string base = "G";
  std::array<std::string, 2> colour{"BP", "RP"};
};

// Of spectra: magnitudes of `band` and of the passbands (AB, by name; G, BP and RP are Gaia's, Vega). Error (kInput): a
// spectrum does not cover a band, which both are named; a passband that is not there.
std::vector<ColourSample> colour_samples(const std::vector<LibrarySpectrum>& library,
                                         const TransmissionCurve& band, const ColourBands& bands,
                                         const std::map<std::string, TransmissionCurve>& passbands = {});

// Of the stars in files of Gaia's chunks that have a spectrum: `spectrum`'s magnitude, and those of gspc's bands or of G, BP
// and RP. Stars with a magnitude that is none, or of G outside `g_range`, are left out. Error (kInput) naming the file.
std::vector<ColourSample> colour_samples_of_spectra(const std::vector<std::filesystem::path>& files,
                                                    const XpBand& spectrum, const ColourBands& bands,
                                                    const std::array<double, 2>& g_range);

// Of tables of make-ccds --measure (BASE-photom.fits), each CCD a group: stars of filter `band` whose magnitude has an error of
// at most `most_error`, which have all the magnitudes (star_table_column), no bit of the mask at their centre, at most half of
// their pixels masked, and, where the table tells it (ps1_mags_ok), enough measurements in the catalog. Error (kInput) naming
// the file: a column is missing.
std::vector<ColourSample> colour_samples_of_photom(const std::vector<std::filesystem::path>& files,
                                                   const std::string& band, const std::string& catalog,
                                                   const ColourBands& bands, double most_error);

struct ColourTermOptions {
  std::optional<int> degree;
  int most_degree = 8;
  double clip = 4;     // INFINITY: nobody is left out
  int edge_stars = 0;  // at either end of the colours beyond which the term is not called valid
  std::optional<std::array<double, 2>> range;  // of colours that are used
  bool grouped = false;                        // groups have offsets
  double zero_colour = 0, zero_value = 0;
  double stars_error = 0;  // mag, in quadrature
};

struct ColourTermFit {
  ColourTerm term;  // coefficients, valid, colour_clip and error; the bands are the caller's
  int degree = 0;
  std::int64_t used = 0;
  double rms = 0, largest = 0;    // mag, of the residuals of the stars that are used
  std::vector<double> residuals;  // of every sample; NaN: outside the range, or no number
  std::vector<bool> is_used;
};

// Error (kInput): too few stars (three more than coefficients and groups), all of one colour; of groups, what the stars leave
// open between their colours and `zero_colour` is more than 1 mag.
ColourTermFit fit_colour_term(const std::vector<ColourSample>& samples, const ColourTermOptions& options);

// JSON that make-ccds --facts reads: the term of `band` from `catalog`, and the band's curve if there is one.
std::string colour_term_facts(const std::string& band, const std::string& catalog, const ColourBands& bands,
                              const ColourTermFit& fit, const TransmissionCurve* curve,
                              const std::string& note);
// star, colour, difference, fit, residual, used.
fits::Table colour_term_table(const std::vector<ColourSample>& samples, const ColourTermFit& fit);
// The stars, the polynomial and the residuals. Of many stars some are drawn, and it says how many.
std::string colour_term_svg(const std::vector<ColourSample>& samples, const ColourTermFit& fit,
                            const ColourBands& bands, std::string_view title);

}  // namespace brickline
