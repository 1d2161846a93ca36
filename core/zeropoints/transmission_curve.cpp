#include "core/zeropoints/transmission_curve.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include "core/base/error.h"
#include "core/zeropoints/two_columns.h"

namespace brickline {
namespace {

constexpr double kSpeedOfLight = 2.99792458e17;     // nm/s
constexpr double kShortest = 100, kLongest = 5000;  // nm
constexpr double kMostAtTheEnds = 0.05;             // of the largest response
constexpr double kMostOutside = 1e-3;               // of the band
constexpr std::size_t kFewestPoints = 5;

// int (line through t at the ends) / lambda dlambda over [a, b], exactly.
double over_wavelength(double a, double b, double ta, double tb) {
  const double slope = (tb - ta) / (b - a);
  return (ta - slope * a) * std::log(b / a) + (tb - ta);
}

double line_at(std::span<const double> x, std::span<const double> y, double at) {
  if (at < x.front() || at > x.back()) return 0;
  const auto above = std::upper_bound(x.begin(), x.end(), at);
  if (above == x.end()) return y.back();
  const auto i = static_cast<std::size_t>(above - x.begin());
  const double t = (at - x[i - 1]) / (x[i] - x[i - 1]);
  return y[i - 1] + t * (y[i] - y[i - 1]);
}

}  // namespace

TransmissionCurve::TransmissionCurve(std::vector<double> wavelengths_nm, std::vector<double> responses)
    : wavelengths_(std::move(wavelengths_nm)), responses_(std::move(responses)) {
  if (wavelengths_.size() != responses_.size())
    throw input_error("the curve has {} wavelengths and {} responses", wavelengths_.size(),
                      responses_.size());
  if (wavelengths_.size() < kFewestPoints)
    throw input_error("the curve has {} points: {} at least are wanted", wavelengths_.size(), kFewestPoints);
  if (wavelengths_.front() > wavelengths_.back()) {
    std::reverse(wavelengths_.begin(), wavelengths_.end());
    std::reverse(responses_.begin(), responses_.end());
  }
  for (std::size_t i = 0; i < wavelengths_.size(); ++i) {
    if (!(wavelengths_[i] >= kShortest && wavelengths_[i] <= kLongest))
      throw input_error("the curve has the wavelength {} nm, which is not within {} to {} nm",
                        wavelengths_[i], kShortest, kLongest);
    if (i > 0 && !(wavelengths_[i] > wavelengths_[i - 1]))
      throw input_error("the curve's wavelengths neither all grow nor all fall: {} nm beside {} nm",
                        wavelengths_[i], wavelengths_[i - 1]);
    if (!(responses_[i] >= 0) || !std::isfinite(responses_[i]))
      throw input_error("the curve's response at {} nm is {}: it must not be negative", wavelengths_[i],
                        responses_[i]);
  }
  const double largest = *std::max_element(responses_.begin(), responses_.end());
  if (!(largest > 0)) throw input_error("the curve's response is 0 everywhere");
  for (const bool last : {false, true}) {
    const double end = last ? responses_.back() : responses_.front();
    if (end > kMostAtTheEnds * largest)
      throw input_error(
          "the curve is cut off at {} nm, where its response is {:.3g} of the largest: it must go on to where it "
          "is nearly 0",
          last ? wavelengths_.back() : wavelengths_.front(), end / largest);
  }
}

TransmissionCurve::TransmissionCurve(const std::vector<std::array<double, 2>>& points)
    : TransmissionCurve(
          [&] {
            std::vector<double> x;
            for (const auto& p : points) x.push_back(p[0]);
            return x;
          }(),
          [&] {
            std::vector<double> y;
            for (const auto& p : points) y.push_back(p[1]);
            return y;
          }()) {}

TransmissionCurve TransmissionCurve::read(const std::filesystem::path& file, WavelengthUnit unit) try {
  std::vector<double> wavelengths, responses;
  const double scale = unit == WavelengthUnit::kAngstrom ? 0.1 : 1;
  read_two_columns(file, "a wavelength and a response", [&](int number, double x, double y) {
    const double nm = x * scale;
    if (!(nm >= kShortest && nm <= kLongest)) {
      const bool other = unit == WavelengthUnit::kNanometre ? x > kLongest && x <= 10 * kLongest
                                                            : x >= kShortest && x < 10 * kShortest;
      throw input_error("line {}: {} {} is no wavelength of a band{}", number, x,
                        unit == WavelengthUnit::kNanometre ? "nm" : "Angstrom",
                        !other                               ? ""
                        : unit == WavelengthUnit::kNanometre ? ": are these Angstrom?"
                                                             : ": are these nm?");
    }
    wavelengths.push_back(nm);
    responses.push_back(y);
  });
  return TransmissionCurve(std::move(wavelengths), std::move(responses));
} catch (Error& error) {
  throw error.in_file(file.string());
}

double TransmissionCurve::at(double wavelength_nm) const {
  return line_at(wavelengths_, responses_, wavelength_nm);
}

double TransmissionCurve::pivot_nm() const {
  double photons = 0, per_wavelength = 0;
  for (std::size_t i = 1; i < wavelengths_.size(); ++i) {
    const double a = wavelengths_[i - 1], b = wavelengths_[i], ta = responses_[i - 1], tb = responses_[i];
    photons += (b - a) / 6 * (a * ta + (a + b) * (ta + tb) + b * tb);
    per_wavelength += over_wavelength(a, b, ta, tb);
  }
  return std::sqrt(photons / per_wavelength);
}

double TransmissionCurve::full_width_half_maximum_nm() const {
  const double half = *std::max_element(responses_.begin(), responses_.end()) / 2;
  const auto crossing = [&](std::size_t below, std::size_t above) {
    return wavelengths_[below] + (half - responses_[below]) / (responses_[above] - responses_[below]) *
                                     (wavelengths_[above] - wavelengths_[below]);
  };
  std::size_t first = 0, last = responses_.size() - 1;
  while (responses_[first] < half) ++first;
  while (responses_[last] < half) --last;
  // The ends are nearly 0.
  return crossing(last + 1, last) - crossing(first - 1, first);
}

double TransmissionCurve::share_outside(double low, double high) const {
  double whole = 0, inside = 0;
  for (std::size_t i = 1; i < wavelengths_.size(); ++i) {
    const double a = wavelengths_[i - 1], b = wavelengths_[i];
    whole += over_wavelength(a, b, responses_[i - 1], responses_[i]);
    const double from = std::max(a, low), to = std::min(b, high);
    if (from < to) inside += over_wavelength(from, to, at(from), at(to));
  }
  return 1 - inside / whole;
}

std::vector<double> TransmissionCurve::weights(std::span<const double> wavelengths_nm) const {
  if (wavelengths_nm.size() < 2) throw input_error("a spectrum of {} wavelengths", wavelengths_nm.size());
  const double low = wavelengths_nm.front(), high = wavelengths_nm.back();
  if (const double outside = share_outside(low, high); outside > kMostOutside)
    throw input_error(
        "{:.2g} of the band (its response reaches from {:g} to {:g} nm) is outside of the spectra, which have "
        "{:g} to {:g} nm",
        outside, wavelengths_.front(), wavelengths_.back(), low, high);
  std::vector<double> out(wavelengths_nm.size());
  double per_wavelength = 0;
  // Between neighbours of both lists everything is a straight line.
  std::size_t s = 1;
  std::vector<double> places(wavelengths_nm.begin(), wavelengths_nm.end());
  places.insert(places.end(), wavelengths_.begin(), wavelengths_.end());
  std::sort(places.begin(), places.end());
  for (std::size_t k = 1; k < places.size(); ++k) {
    const double a = places[k - 1], b = places[k];
    if (!(b > a) || a < low || b > high || a < wavelengths_.front() || b > wavelengths_.back()) continue;
    while (wavelengths_nm[s] < b) ++s;
    const double x0 = wavelengths_nm[s - 1], step = wavelengths_nm[s] - x0;
    const double ta = at(a), tb = at(b), middle = (a + b) / 2, tm = (ta + tb) / 2;
    per_wavelength += over_wavelength(a, b, ta, tb);
    // T lambda times a straight line is of third degree at most: Simpson's rule is exact.
    const auto share = [&](double x) { return (x - x0) / step; };
    const double pa = a * ta, pm = 4 * middle * tm, pb = b * tb;
    const double upper = (b - a) / 6 * (pa * share(a) + pm * share(middle) + pb * share(b));
    out[s] += upper;
    out[s - 1] += (b - a) / 6 * (pa + pm + pb) - upper;
  }
  for (double& w : out) w /= kSpeedOfLight * per_wavelength;
  return out;
}

double ab_magnitude_of_flux(double flux) {
  return flux > 0 ? -2.5 * std::log10(flux) + kAbZeroPoint : std::numeric_limits<double>::quiet_NaN();
}

double ab_magnitude(const TransmissionCurve& band, std::span<const double> wavelengths_nm,
                    std::span<const double> flux) {
  const std::vector<double> w = band.weights(wavelengths_nm);
  double sum = 0;
  for (std::size_t i = 0; i < w.size(); ++i)
    if (w[i] != 0) sum += w[i] * flux[i];  // what the band does not see may be NaN
  return ab_magnitude_of_flux(sum);
}

}  // namespace brickline
