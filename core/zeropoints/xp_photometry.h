// Magnitudes in any band from Gaia's low-resolution spectra (BP and RP, "XP"; Gaia DR3: De Angeli et al. 2023, A&A 674,
// A2; Montegriffo et al. 2023, A&A 674, A3).
//
// A spectrum comes in one of two forms, both of which gaia-chunks keeps along (gaia_chunks.h), and in both of which the
// flux in a band is a weighted sum of the numbers of a row, so that each band costs one table of weights:
//   sampled      column xp_flux: f_lambda [W m^-2 nm^-1] at 343 wavelengths, 336 to 1020 nm (XpSampledMeanSpectrum);
//   continuous   columns bp_coefficients, rp_coefficients: 55 each (XpContinuousMeanSpectrum). They stand for
//                  f_lambda(l) = sum_i bp_i B_i(l) + sum_i rp_i R_i(l),
//                the functions B_i and R_i being those of Gaia's external calibration (basis, dispersion, response and the
//                weights by which BP and RP are joined), sampled at some wavelengths: a file that the user brings (XpBasis).
// Synthetic magnitudes by transmission_curve.h. They are on the scale of Gaia's spectra, nothing being adjusted to another
// catalog; for those of stars fainter than G about 17.65 and near the ends of the spectra see Gaia Collaboration,
// Montegriffo et al. 2023, A&A 674, A33.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "core/fits/table.h"
#include "core/zeropoints/transmission_curve.h"

namespace brickline {

inline constexpr int kXpCoefficients = 55;

// The wavelengths (nm) of sampled spectra: 336, 338, ... 1020.
std::vector<double> xp_sampled_wavelengths_nm();

// A FITS table, HDU 1: wavelength [nm], increasing, and the vectors bp_basis and rp_basis of 55 values each
// [W m^-2 nm^-1]: the spectrum of a source whose one coefficient is 1 and whose others are 0.
struct XpBasis {
  std::vector<double> wavelengths_nm;
  std::vector<double> bp, rp;  // [wavelength * 55 + coefficient]

  // Error (kInput) that names the file: a column is missing or of another size, wavelengths do not increase, are in another
  // unit than nm, or a value is no number.
  static XpBasis read(const std::filesystem::path& file);
};

// The flux in a band of a row of a table.
struct XpBand {
  struct Part {
    std::string column;
    std::vector<double> weights;
  };
  std::vector<Part> parts;

  // Errors as those of TransmissionCurve::weights.
  static XpBand of_sampled(const TransmissionCurve& curve);
  static XpBand of_continuous(const TransmissionCurve& curve, const XpBasis& basis);

  std::vector<std::string> columns() const;
  // AB; NaN where a number that counts is none, or the flux is not positive. Error (kInput) if a column is not as wide as it
  // has to be.
  double magnitude(const fits::Table& table, std::int64_t row) const;
};

}  // namespace brickline
