// The response of a band along the wavelength, and magnitudes of spectra in it.
//
// A response T is that to photons, of detector, optics and atmosphere together; its scale does not matter. The AB
// magnitude of a spectrum f_lambda [W m^-2 nm^-1] that is seen by a counter of photons is (Oke & Gunn 1983, ApJ 266,
// 713; Bessell & Murphy 2012, PASP 124, 140, eqs. A29-A30)
//
//   m = -2.5 log10 F - 56.10,   F = int f_lambda lambda T dlambda / (c int T / lambda dlambda)   [W m^-2 Hz^-1],
//
// 56.10 being 48.60 for SI units. Where a spectrum is known at some wavelengths it is a straight line between them, and
// so is T; the integrals are then exact.
#pragma once

#include <array>
#include <filesystem>
#include <span>
#include <string_view>
#include <vector>

namespace brickline {

enum class WavelengthUnit { kNanometre, kAngstrom };

inline constexpr double kAbZeroPoint = -56.10;  // mag, of 1 W m^-2 Hz^-1

class TransmissionCurve {
 public:
  // Wavelengths in nm. Either order of wavelengths will do. Error (kInput) that says what is wrong: fewer than 5 points,
  // wavelengths that neither all grow nor all fall or are not between 100 and 5000 nm, a response that is negative, no
  // number or 0 everywhere, one that is cut off at an end (not below 5 % of the largest there).
  TransmissionCurve(std::vector<double> wavelengths_nm, std::vector<double> responses);
  // As camera facts have it (photometry.bands.*.transmission).
  explicit TransmissionCurve(const std::vector<std::array<double, 2>>& points);
  // Two columns of a text file, wavelength and response; what follows a # is a remark. Error (kInput) naming the file:
  // what is above; a line that is not two numbers; wavelengths that are not between 100 and 5000 nm in the unit, which
  // are told apart from those of the other unit.
  static TransmissionCurve read(const std::filesystem::path& file, WavelengthUnit unit);

  std::span<const double> wavelengths_nm() const { return wavelengths_; }
  std::span<const double> responses() const { return responses_; }
  double at(double wavelength_nm) const;  // 0 outside

  double pivot_nm() const;  // sqrt(int T lambda dlambda / int T / lambda dlambda)
  // Between the outermost places at half of the largest response.
  double full_width_half_maximum_nm() const;
  // The share of int T / lambda dlambda that is outside [low, high] (nm).
  double share_outside(double low, double high) const;

  // w of F = sum w_i f_i for a spectrum f_lambda [W m^-2 nm^-1] known at increasing wavelengths, between which it is a
  // straight line. Error (kInput) where more than a thousandth of the band is outside of them (a bound of
  // ours: what is left out is then no more than a mmag for any spectrum that changes by less than a factor of two there).
  std::vector<double> weights(std::span<const double> wavelengths_nm) const;

 private:
  std::vector<double> wavelengths_, responses_;
};

// m of a spectrum known at increasing wavelengths; NaN where F is not positive. Errors as those of weights().
double ab_magnitude(const TransmissionCurve& band, std::span<const double> wavelengths_nm,
                    std::span<const double> flux);
double ab_magnitude_of_flux(double flux);  // F, of above

}  // namespace brickline
