#include "tools/simulate_survey/gaia_spectra.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <string>
#include <utility>

#include "core/base/atomic_file.h"
#include "core/fits/fits_writer.h"

namespace brickline::simulate {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kLight = 2.99792458e17;                     // nm/s
constexpr double kNanomaggyMag = 22.5, kAbZeroPoint = 56.1;  // of 1 W m^-2 Hz^-1

using Curve = std::vector<std::pair<double, double>>;  // nm, response
struct KnownCurve {
  const char* band;
  Curve camera;
  const char* synthetic_column;
  Curve synthetic;
};
const std::vector<KnownCurve>& known_curves() {
  static const Curve y = {{940, 0}, {955, 0.8}, {1000, 0.7}, {1030, 0.3}, {1045, 0}};
  static const std::vector<KnownCurve> curves = {
      {"u",
       {{320, 0}, {335, 0.1}, {360, 0.25}, {390, 0.2}, {405, 0}},
       "u_sdss",
       {{318, 0}, {330, 0.1}, {355, 0.2}, {380, 0.12}, {400, 0}}},
      {"g",
       {{395, 0}, {412, 0.4}, {450, 0.62}, {530, 0.7}, {545, 0.4}, {556, 0}},
       "g_sdss",
       {{385, 0}, {405, 0.3}, {450, 0.4}, {530, 0.42}, {545, 0.1}, {555, 0}}},
      {"r",
       {{560, 0}, {572, 0.6}, {630, 0.72}, {700, 0.76}, {712, 0.5}, {722, 0}},
       "r_sdss",
       {{540, 0}, {560, 0.42}, {620, 0.48}, {670, 0.47}, {690, 0.2}, {705, 0}}},
      {"i",
       {{698, 0}, {712, 0.6}, {760, 0.8}, {840, 0.8}, {855, 0.5}, {868, 0}},
       "i_sdss",
       {{680, 0}, {700, 0.25}, {740, 0.36}, {800, 0.34}, {830, 0.2}, {855, 0}}},
      {"z",
       {{840, 0}, {855, 0.7}, {900, 0.78}, {980, 0.6}, {1000, 0.3}, {1015, 0}},
       "z_sdss",
       {{815, 0}, {840, 0.1}, {880, 0.13}, {930, 0.1}, {980, 0.04}, {1015, 0}}},
      {"Y", y, "y_ps1", y},
  };
  return curves;
}
constexpr std::size_t kBands = 6;

double line_through(const Curve& curve, double nm) {
  if (nm <= curve.front().first || nm >= curve.back().first) return 0;
  std::size_t i = 1;
  while (curve[i].first < nm) ++i;
  const auto [x0, y0] = curve[i - 1];
  const auto [x1, y1] = curve[i];
  return y0 + (y1 - y0) * (nm - x0) / (x1 - x0);
}

// int weight(nm) T / nm dnm, by the midpoint rule.
template <typename Weight>
double integral(const Curve& curve, Weight weight) {
  constexpr double kStep = 0.1;  // nm
  double sum = 0;
  const int steps = static_cast<int>(std::lround((curve.back().first - curve.front().first) / kStep));
  for (int i = 0; i < steps; ++i) {
    const double nm = curve.front().first + (i + 0.5) * kStep;
    sum += weight(nm) * line_through(curve, nm) / nm;
  }
  return sum * kStep;
}

double pivot(const Curve& curve) {
  return std::sqrt(integral(curve, [](double nm) { return nm * nm; }) /
                   integral(curve, [](double) { return 1; }));
}

using Numbers = std::array<double, kBands>;
using Square = std::array<Numbers, kBands>;

// The shares of the spectrum's nodes at a wavelength.
class Nodes {
 public:
  Nodes() {
    for (std::size_t b = 0; b < kBands; ++b) nm_[b] = pivot(known_curves()[b].camera);
  }
  double share(std::size_t node, double nm) const {
    const double at = std::clamp(nm, nm_.front(), nm_.back());
    if (node > 0 && at >= nm_[node - 1] && at <= nm_[node])
      return (at - nm_[node - 1]) / (nm_[node] - nm_[node - 1]);
    if (node + 1 < kBands && at >= nm_[node] && at <= nm_[node + 1])
      return (nm_[node + 1] - at) / (nm_[node + 1] - nm_[node]);
    return 0;
  }
  Numbers means(const Curve& curve) const {
    Numbers out{};
    const double all = integral(curve, [](double) { return 1; });
    for (std::size_t k = 0; k < kBands; ++k)
      out[k] = integral(curve, [&](double nm) { return share(k, nm); }) / all;
    return out;
  }

 private:
  Numbers nm_{};
};

double product(const Numbers& a, const Numbers& b) {
  double sum = 0;
  for (std::size_t k = 0; k < kBands; ++k) sum += a[k] * b[k];
  return sum;
}

// By elimination; the bands hardly overlap, and the diagonal is what counts.
Numbers solve(Square a, Numbers b) {
  for (std::size_t k = 0; k < kBands; ++k)
    for (std::size_t i = k + 1; i < kBands; ++i) {
      const double factor = a[i][k] / a[k][k];
      for (std::size_t j = k; j < kBands; ++j) a[i][j] -= factor * a[k][j];
      b[i] -= factor * b[k];
    }
  Numbers x{};
  for (std::size_t k = kBands; k-- > 0;) {
    x[k] = b[k];
    for (std::size_t j = k + 1; j < kBands; ++j) x[k] -= a[k][j] * x[j];
    x[k] /= a[k][k];
  }
  return x;
}

// Continuous spectra are straight lines between these wavelengths, those of BP and then those of RP.
constexpr std::size_t kCoefficients = 55;
constexpr double kBasisUnit = 1e-18;  // W m^-2 nm^-1
double coefficient_nm(std::size_t i) {
  constexpr double kFirst = 330, kMiddle = 660, kLast = 1060;
  return i < kCoefficients
             ? kFirst + (kMiddle - kFirst) / kCoefficients * static_cast<double>(i)
             : kMiddle + (kLast - kMiddle) / (kCoefficients - 1) * static_cast<double>(i - kCoefficients);
}

class Spectra {
 public:
  explicit Spectra(const SurveyContext& survey) : survey_(survey) {
    for (std::size_t b = 0; b < kBands; ++b) {
      of_camera_[b] = nodes_.means(known_curves()[b].camera);
      synthetic_[b] = nodes_.means(known_curves()[b].synthetic);
    }
    for (std::size_t i = 0; i < kSamples; ++i) samples_.push_back(shares(336 + 2. * static_cast<double>(i)));
    for (std::size_t i = 0; i < 2 * kCoefficients; ++i) coefficients_.push_back(shares(coefficient_nm(i)));
  }

  struct Star {
    Numbers magnitudes;                      // synthetic; NaN: no light
    std::vector<float> sampled, continuous;  // f_lambda in W m^-2 nm^-1, and in kBasisUnit
  };
  Star of(const Source& s) const {
    const Numbers at_nodes = solve(of_camera_, fluxes(s));
    Star out;
    for (std::size_t b = 0; b < kBands; ++b) {
      const double flux = product(synthetic_[b], at_nodes);
      out.magnitudes[b] = flux > 0 ? kNanomaggyMag - 2.5 * std::log10(flux) : kNan;
    }
    const double nanomaggy = std::pow(10, -0.4 * (kNanomaggyMag + kAbZeroPoint));  // W m^-2 Hz^-1
    const auto density = [&](const std::pair<double, Numbers>& at, double unit) {
      return static_cast<float>(product(at.second, at_nodes) * nanomaggy * kLight / (at.first * at.first) /
                                unit);
    };
    for (const auto& at : samples_) out.sampled.push_back(density(at, 1));
    for (const auto& at : coefficients_) out.continuous.push_back(density(at, kBasisUnit));
    return out;
  }

 private:
  static constexpr std::size_t kSamples = 343;
  std::pair<double, Numbers> shares(double nm) const {
    Numbers out{};
    for (std::size_t k = 0; k < kBands; ++k) out[k] = nodes_.share(k, nm);
    return {nm, out};
  }
  // In the known bands: what the survey's bands have, the others as stars of that colour are.
  Numbers fluxes(const Source& s) const {
    Numbers out{};
    for (std::size_t k = 0; k < kBands; ++k) {
      const Band& band = find_band(known_curves()[k].band);
      const auto same = std::find_if(survey_.bands.begin(), survey_.bands.end(),
                                     [&](const SurveyBand& b) { return b.like == &band; });
      out[k] =
          same != survey_.bands.end()
              ? s.flux[static_cast<std::size_t>(same - survey_.bands.begin())]
              : std::pow(10, 0.4 * (kNanomaggyMag - s.gaia_mag - star_colour_offset(band, s.gaia_bp_rp)));
    }
    return out;
  }

  const SurveyContext& survey_;
  Nodes nodes_;
  Square of_camera_{}, synthetic_{};
  std::vector<std::pair<double, Numbers>> samples_, coefficients_;
};

}  // namespace

void add_gaia_spectra(fits::Table& chunk, const SurveyContext& survey,
                      const std::vector<const Source*>& stars) {
  const Spectra spectra(survey);
  Spectra::Star none;
  none.magnitudes.fill(kNan);
  none.sampled.assign(343, static_cast<float>(kNan));
  none.continuous.assign(2 * kCoefficients, static_cast<float>(kNan));
  std::array<std::vector<float>, kBands> magnitudes;
  std::array<std::vector<std::uint8_t>, kBands> flags;
  std::vector<float> sampled, bp, rp;
  for (const Source* s : stars) {
    const Spectra::Star star = s->gaia_mag < survey.options.spectra_faintest ? spectra.of(*s) : none;
    for (std::size_t b = 0; b < kBands; ++b) {
      magnitudes[b].push_back(static_cast<float>(star.magnitudes[b]));
      flags[b].push_back(std::isfinite(star.magnitudes[b]) ? 1 : 0);
    }
    sampled.insert(sampled.end(), star.sampled.begin(), star.sampled.end());
    const auto middle = star.continuous.begin() + kCoefficients;
    bp.insert(bp.end(), star.continuous.begin(), middle);
    rp.insert(rp.end(), middle, star.continuous.end());
  }
  for (std::size_t b = 0; b < kBands; ++b) {
    const std::string column = known_curves()[b].synthetic_column;
    chunk.add(column + "_mag", std::move(magnitudes[b]), "mag");
    chunk.add(column + "_flag", std::move(flags[b]));
  }
  chunk.add("xp_flux", std::move(sampled), "W m-2 nm-1", {343});
  chunk.add("bp_coefficients", std::move(bp), "", {kCoefficients});
  chunk.add("rp_coefficients", std::move(rp), "", {kCoefficients});
}

void write_curves_and_basis(const SurveyContext& survey) {
  for (const SurveyBand& band : survey.bands) {
    std::string text = "# nm, response to photons\n";
    for (const KnownCurve& known : known_curves())
      if (known.band == band.like->name)
        for (const auto& [nm, response] : known.camera) text += fmt::format("{:g} {:g}\n", nm, response);
    write_file_atomically(survey.directory / "curves" / (band.name + ".txt"), text);
  }
  std::vector<double> wavelengths, functions[2];
  const double last = coefficient_nm(2 * kCoefficients - 1);
  for (double nm = coefficient_nm(0); nm <= last; nm += 1) {
    wavelengths.push_back(nm);
    for (std::size_t i = 0; i < 2 * kCoefficients; ++i) {
      const double at = coefficient_nm(i), before = i > 0 ? coefficient_nm(i - 1) : at - 1,
                   after = i + 1 < 2 * kCoefficients ? coefficient_nm(i + 1) : at + 1;
      const double hat = std::max(0., std::min((nm - before) / (at - before), (after - nm) / (after - at)));
      functions[i < kCoefficients ? 0 : 1].push_back(kBasisUnit * hat);
    }
  }
  fits::Table t;
  t.add("wavelength", std::move(wavelengths), "nm");
  t.add("bp_basis", std::move(functions[0]), "W m-2 nm-1", {kCoefficients});
  t.add("rp_basis", std::move(functions[1]), "W m-2 nm-1", {kCoefficients});
  fits::FitsWriter writer;
  writer.add_table(t);
  writer.write(survey.directory / "xp-basis.fits");
}

}  // namespace brickline::simulate
