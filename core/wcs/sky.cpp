#include "core/wcs/sky.h"

#include <fmt/format.h>

#include <cmath>
#include <numbers>
#include <utility>

#include "core/base/numbers.h"

namespace brickline {
namespace {

constexpr double kDegree = std::numbers::pi / 180;  // radians

// UTF-8 signs and the plain characters that stand for them.
std::string plain(std::string_view text) {
  static constexpr std::pair<std::string_view, char> kSigns[] = {
      {"\xE2\x88\x92", '-'},   // minus
      {"\xE2\x80\x93", '-'},   // en dash
      {"\xC2\xB0", 'd'},       // degree
      {"\xE2\x80\xB2", '\''},  // prime
      {"\xE2\x80\x99", '\''},  // apostrophe
      {"\xE2\x80\xB3", '"'},   // double prime
      {"\xE2\x80\x9D", '"'},   // quotation mark
      {"\xC2\xA0", ' '},       // unbroken blank
  };
  std::string out(stripped(text));
  for (const auto& [sign, character] : kSigns)
    for (std::size_t at = 0; (at = out.find(sign, at)) != std::string::npos;)
      out.replace(at, sign.size(), 1, character);
  return std::string(stripped(out));
}

enum class Unit { kNone, kHours, kDegrees };

struct Angle {
  double value = 0;  // in units
  Unit unit = Unit::kNone;
  bool is_sexagesimal = false;
};

// What stands behind a part: the unit's letter or nothing but a colon or blanks. kNothing at the end.
enum class Mark { kHours, kDegrees, kMinutes, kSeconds, kColon, kBlank, kNothing, kUnknown };

Mark take_mark(std::string_view& s) {
  const bool had_blank = s.starts_with(' ') || s.starts_with('\t');
  s = stripped(s);
  if (s.empty()) return Mark::kNothing;
  static constexpr std::pair<std::string_view, Mark> kMarks[] = {
      {"deg", Mark::kDegrees}, {"d", Mark::kDegrees}, {"h", Mark::kHours},    {"m", Mark::kMinutes},
      {"'", Mark::kMinutes},   {"s", Mark::kSeconds}, {"\"", Mark::kSeconds}, {":", Mark::kColon}};
  for (const auto& [text, mark] : kMarks)
    if (s.starts_with(text)) {
      s.remove_prefix(text.size());
      s = stripped(s);
      return mark;
    }
  return had_blank ? Mark::kBlank : Mark::kUnknown;
}

bool is_digit_or_point(char c) { return (c >= '0' && c <= '9') || c == '.'; }

// Units, minutes and seconds, each but the last whole, minutes and seconds below 60.
std::optional<Angle> parse_parts(std::string_view s) {
  Angle angle;
  bool negative = false;
  if (s.starts_with('-') || s.starts_with('+')) {
    negative = s.front() == '-';
    s.remove_prefix(1);
  }
  Mark last = Mark::kUnknown;
  bool has_fraction = false, has_letters = false;
  double size = 1;
  for (int part = 0; part < 3; ++part, size /= 60) {
    std::size_t n = 0;
    while (n < s.size() && is_digit_or_point(s[n])) ++n;
    const auto number = parse_double(s.substr(0, n));
    if (!number || has_fraction || (part > 0 && *number >= 60)) return {};
    has_fraction = s.substr(0, n).find('.') != std::string_view::npos;
    angle.value += *number * size;
    s.remove_prefix(n);
    last = take_mark(s);
    const bool is_letter =
        last == Mark::kHours || last == Mark::kDegrees || last == Mark::kMinutes || last == Mark::kSeconds;
    if (part == 0) {
      if (last == Mark::kHours) angle.unit = Unit::kHours;
      if (last == Mark::kDegrees) angle.unit = Unit::kDegrees;
      if (last == Mark::kMinutes || last == Mark::kSeconds || last == Mark::kNothing) return {};
      has_letters = is_letter;
    } else {
      const Mark own = part == 1 ? Mark::kMinutes : Mark::kSeconds;
      if (is_letter && (!has_letters || last != own)) return {};
      if (last == Mark::kColon && has_letters) return {};
      angle.is_sexagesimal = true;
    }
    if (last == Mark::kUnknown) return {};
    if (s.empty()) break;
  }
  // A colon promises another part.
  if (!s.empty() || last == Mark::kColon) return {};
  if (negative) angle.value = -angle.value;
  return angle;
}

std::optional<Angle> parse_angle(std::string_view text) {
  const std::string s = plain(text);
  if (const auto number = parse_double(s)) return Angle{*number, Unit::kNone, false};
  return parse_parts(s);
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
  const auto angle = parse_angle(text);
  if (!angle) return {};
  const bool is_hours = angle->unit == Unit::kHours || (angle->unit == Unit::kNone && angle->is_sexagesimal);
  if (is_hours && (std::signbit(angle->value) || angle->value >= 24)) return {};
  const double ra = is_hours ? angle->value * 15 : angle->value;
  if (std::abs(ra) > 360) return {};
  return wrap_ra(ra);
}

std::optional<double> parse_dec(std::string_view text) {
  const auto angle = parse_angle(text);
  if (!angle || angle->unit == Unit::kHours || std::abs(angle->value) > 90) return {};
  return angle->value;
}

std::string format_ra(double ra, int decimals) { return format_sexagesimal(wrap_ra(ra) / 15, decimals, 24); }

std::string format_dec(double dec, int decimals) {
  return fmt::format("{}{}", std::signbit(dec) ? '-' : '+', format_sexagesimal(std::abs(dec), decimals, 0));
}

}  // namespace brickline
