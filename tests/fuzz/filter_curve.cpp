// A band's response as a user writes it down: two columns of text, in either unit, and what is computed with it.
#include <cmath>

#include "core/zeropoints/transmission_curve.h"
#include "core/zeropoints/xp_photometry.h"
#include "tests/fuzz/fuzz_target.h"

using namespace brickline;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const fuzz::MemoryFile file({data, size});
  for (const WavelengthUnit unit : {WavelengthUnit::kNanometre, WavelengthUnit::kAngstrom})
    fuzz::read_or_refused([&] {
      const TransmissionCurve curve = TransmissionCurve::read(file.path(), unit);
      const double low = curve.wavelengths_nm().front(), high = curve.wavelengths_nm().back();
      fuzz::require(curve.pivot_nm() >= low * (1 - 1e-9) && curve.pivot_nm() <= high * (1 + 1e-9),
                    "the pivot is in the band");
      const double width = curve.full_width_half_maximum_nm();
      fuzz::require(width > 0 && width <= high - low, "a band is as wide as its curve at most");
      // f_nu of magnitude 0 is of magnitude 0 in each band; straight lines in f_lambda are off a little.
      const XpBand band = XpBand::of_sampled(curve);
      double flux = 0;
      const std::vector<double> samples = xp_sampled_wavelengths_nm();
      for (std::size_t i = 0; i < samples.size(); ++i)
        flux += band.parts.front().weights[i] * std::pow(10, -0.4 * -kAbZeroPoint) * 2.99792458e17 /
                (samples[i] * samples[i]);
      fuzz::require(std::abs(ab_magnitude_of_flux(flux)) < 1e-3,
                    "a flat spectrum is of the same magnitude everywhere");
    });
  return 0;
}
