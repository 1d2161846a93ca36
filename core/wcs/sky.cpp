#include "core/wcs/sky.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <numbers>

namespace brickline {
namespace {

constexpr double kDegree = std::numbers::pi / 180;  // radians

std::string_view trim(std::string_view s) {
  const auto first = s.find_first_not_of(" \t\n");
  if (first == std::string_view::npos) return {};
  return s.substr(first, s.find_last_not_of(" \t\n") - first + 1);
}

std::optional<double> parse_number(std::string_view s) {
  if (s.starts_with('+')) s.remove_prefix(1);
  double value = 0;
  const auto [end, error] = std::from_chars(s.data(), s.data() + s.size(), value);
  if (error != std::errc{} || end != s.data() + s.size() || !std::isfinite(value)) return {};
  return value;
}

// Units, minutes and seconds to units; minutes and seconds below 60 and without a sign of their own.
std::optional<double> parse_sexagesimal(std::string_view s) {
  bool negative = false;
  if (s.starts_with('-') || s.starts_with('+')) {
    negative = s.front() == '-';
    s.remove_prefix(1);
  }
  double value = 0, unit = 1;
  int parts = 0;
  while (!s.empty()) {
    const auto end = s.find_first_not_of("0123456789.");
    const std::string_view digits = s.substr(0, end);
    const auto number = parse_number(digits);
    if (!number || parts == 3 || (parts > 0 && *number >= 60)) return {};
    value += *number * unit;
    unit /= 60;
    ++parts;
    if (end == std::string_view::npos) break;
    s.remove_prefix(end);
    const auto next = s.find_first_not_of(":hdms \t'\"");
    if (next == 0 || (next == std::string_view::npos && s.find(':') != std::string_view::npos)) return {};
    s = next == std::string_view::npos ? std::string_view{} : s.substr(next);
  }
  if (parts < 2) return {};
  return negative ? -value : value;
}

std::string format_sexagesimal(double units, int decimals, double wrap) {
  const double scale = std::pow(10.0, decimals);
  // Whole steps of the last digit, so that 59.9996 seconds carry into the minutes.
  double steps = std::round(units * 3600 * scale);
  if (wrap > 0 && steps >= wrap * 3600 * scale) steps -= wrap * 3600 * scale;
  const double second_steps = std::fmod(steps, 60 * scale);
  const auto minutes = static_cast<long long>(std::round((steps - second_steps) / (60 * scale)));
  const int width = decimals > 0 ? decimals + 3 : 2;
  return fmt::format("{:02d}:{:02d}:{:0{}.{}f}", minutes / 60, minutes % 60, second_steps / scale, width,
                     decimals);
}

}  // namespace

double angular_separation(double ra1, double dec1, double ra2, double dec2) {
  const double dra = (ra2 - ra1) * kDegree;
  const double s1 = std::sin(dec1 * kDegree), c1 = std::cos(dec1 * kDegree);
  const double s2 = std::sin(dec2 * kDegree), c2 = std::cos(dec2 * kDegree);
  const double across = std::hypot(c2 * std::sin(dra), c1 * s2 - s1 * c2 * std::cos(dra));
  return std::atan2(across, s1 * s2 + c1 * c2 * std::cos(dra)) / kDegree;
}

double wrap_ra(double ra) {
  const double wrapped = ra - 360 * std::floor(ra / 360);
  return wrapped >= 360 ? 0 : wrapped;
}

double ra_difference(double a, double b) { return std::remainder(a - b, 360.0); }

std::optional<double> parse_ra(std::string_view text) {
  text = trim(text);
  std::optional<double> ra = parse_number(text);
  if (!ra) {
    ra = parse_sexagesimal(text);
    if (ra && (text.starts_with('-') || *ra >= 24)) return {};
    if (ra) *ra *= 15;
  }
  if (!ra || *ra < -360 || *ra > 360) return {};
  return wrap_ra(*ra);
}

std::optional<double> parse_dec(std::string_view text) {
  text = trim(text);
  std::optional<double> dec = parse_number(text);
  if (!dec) dec = parse_sexagesimal(text);
  if (!dec || std::abs(*dec) > 90) return {};
  return dec;
}

std::string format_ra(double ra, int decimals) { return format_sexagesimal(wrap_ra(ra) / 15, decimals, 24); }

std::string format_dec(double dec, int decimals) {
  return fmt::format("{}{}", std::signbit(dec) ? '-' : '+', format_sexagesimal(std::abs(dec), decimals, 0));
}

}  // namespace brickline
