#include "core/zeropoints/xp_photometry.h"

#include <cmath>
#include <variant>
#include <vector>

#include "core/base/error.h"
#include "core/fits/fits_reader.h"

namespace brickline {
namespace {

constexpr double kFirstSample = 336, kSampleStep = 2;  // nm
constexpr int kSamples = 343;

}  // namespace

std::vector<double> xp_sampled_wavelengths_nm() {
  std::vector<double> out;
  for (int i = 0; i < kSamples; ++i) out.push_back(kFirstSample + kSampleStep * i);
  return out;
}

XpBasis XpBasis::read(const std::filesystem::path& file) try {
  const fits::Table table = fits::FitsReader(file).table(1);
  for (const char* name : {"wavelength", "bp_basis", "rp_basis"})
    if (!table.has(name)) throw input_error("the table of basis functions lacks the column {}", name);
  if (const std::string& unit = table.require("wavelength").unit; !unit.empty() && unit != "nm")
    throw input_error("column wavelength is in '{}': nm is wanted", unit);
  XpBasis out;
  out.wavelengths_nm = table.numbers("wavelength");
  for (std::size_t i = 0; i < out.wavelengths_nm.size(); ++i)
    if (!std::isfinite(out.wavelengths_nm[i]) ||
        (i > 0 && !(out.wavelengths_nm[i] > out.wavelengths_nm[i - 1])))
      throw input_error("row {}: wavelength {} does not follow the one before", i + 1, out.wavelengths_nm[i]);
  for (const auto& [name, values] : {std::pair{"bp_basis", &out.bp}, std::pair{"rp_basis", &out.rp}}) {
    if (table.require(name).width() != kXpCoefficients)
      throw input_error("column {} has {} values a row: {} are wanted", name, table.require(name).width(),
                        kXpCoefficients);
    *values = table.numbers(name);
    for (std::size_t i = 0; i < values->size(); ++i)
      if (!std::isfinite((*values)[i]))
        throw input_error("row {}: a value of {} is no number", i / kXpCoefficients + 1, name);
  }
  return out;
} catch (Error& error) {
  throw error.in_file(file.string());
}

XpBand XpBand::of_sampled(const TransmissionCurve& curve) {
  return {{{"xp_flux", curve.weights(xp_sampled_wavelengths_nm())}}};
}

XpBand XpBand::of_continuous(const TransmissionCurve& curve, const XpBasis& basis) {
  const std::vector<double> w = curve.weights(basis.wavelengths_nm);
  const auto summed = [&](const std::vector<double>& functions) {
    std::vector<double> sum(kXpCoefficients);
    for (std::size_t l = 0; l < w.size(); ++l)
      for (std::size_t i = 0; i < kXpCoefficients; ++i) sum[i] += w[l] * functions[l * kXpCoefficients + i];
    return sum;
  };
  return {{{"bp_coefficients", summed(basis.bp)}, {"rp_coefficients", summed(basis.rp)}}};
}

std::vector<std::string> XpBand::columns() const {
  std::vector<std::string> out;
  for (const Part& part : parts) out.push_back(part.column);
  return out;
}

double XpBand::magnitude(const fits::Table& table, std::int64_t row) const {
  double flux = 0;
  for (const Part& part : parts) {
    const auto width = static_cast<std::int64_t>(part.weights.size());
    const fits::Column& column = table.require(part.column);
    if (column.width() != width)
      throw input_error("its column {} has {} values a row, not {}", part.column, column.width(), width);
    const auto add = [&](const auto& number) {
      for (std::int64_t i = 0; i < width; ++i)
        if (const double w = part.weights[static_cast<std::size_t>(i)]; w != 0) flux += w * number(i);
    };
    // As the archive has them; whatever else there may be, one by one.
    const auto at = [&](std::int64_t i) { return static_cast<std::size_t>(row * width + i); };
    if (const auto* floats = std::get_if<std::vector<float>>(&column.data))
      add([&](std::int64_t i) { return static_cast<double>((*floats)[at(i)]); });
    else if (const auto* doubles = std::get_if<std::vector<double>>(&column.data))
      add([&](std::int64_t i) { return (*doubles)[at(i)]; });
    else
      add([&](std::int64_t i) { return table.number(part.column, row, i); });
  }
  return ab_magnitude_of_flux(flux);
}

}  // namespace brickline
