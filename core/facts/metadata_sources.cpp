// Values from headers, as the facts' sources say.
#include <erfa.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/base/error.h"
#include "core/base/letter_case.h"
#include "core/base/numbers.h"
#include "core/facts/camera_facts.h"

namespace brickline {
namespace {

// Numbers that are not finite are given as they are: no value, but no fault either.
std::optional<double> real_in(std::string_view text) { return parse_double(text, NonFinite::kAllowed); }

// Two or three numbers separated by colons or blanks.
std::optional<double> sexagesimal_in(std::string_view text) {
  std::string s(stripped(text));
  const bool negative = s.starts_with('-');
  if (negative || s.starts_with('+')) s.erase(0, 1);
  std::replace(s.begin(), s.end(), ':', ' ');
  double value = 0, unit = 1;
  int parts = 0;
  for (std::size_t at = 0; (at = s.find_first_not_of(' ', at)) != std::string::npos; ++parts) {
    const std::size_t end = std::min(s.find(' ', at), s.size());
    const std::optional<double> part = real_in(std::string_view(s).substr(at, end - at));
    if (!part || *part < 0 || parts == 3) return {};
    value += *part * unit;
    unit /= 60;
    at = end;
  }
  if (parts < 2) return {};
  return negative ? -value : value;
}

// Modified Julian Date of "YYYY-MM-DD[Thh:mm[:ss.s]]", a date and a time of day that there are.
std::optional<double> mjd_in(std::string_view text) {
  static const Pattern kForm(R"(^(\d{4})-(\d\d)-(\d\d)(?:[T ]((\d\d):(\d\d)(?::(\d\d(?:\.\d*)?))?))?$)");
  const auto parts = kForm.groups(stripped(text));
  if (!parts) return {};
  const auto number = [&](std::size_t group) { return parse_double((*parts)[group]).value_or(0); };
  double zero = 0, days = 0;
  if (eraCal2jd(static_cast<int>(number(1)), static_cast<int>(number(2)), static_cast<int>(number(3)), &zero,
                &days) != 0)
    return {};
  double value = days;
  if (const std::string& time = (*parts)[4]; !time.empty()) {
    if (number(5) >= 24 || number(6) >= 60 || number(7) >= 61) return {};  // a leap second counts
    const std::optional<double> hours = sexagesimal_in(time);
    if (!hours) return {};
    value += *hours / 24;
  }
  return value;
}

// What a source makes of a card's text; empty if it is none of its business.
std::optional<std::string> transformed(const Source& source, std::string text) {
  if (source.basename) text = text.substr(text.find_last_of('/') + 1);
  if (!source.match.empty()) {
    const std::optional<std::string> taken = source.match.extract(text, source.take);
    if (!taken) return {};
    text = *taken;
  }
  if (source.word > 0) {
    std::size_t begin = 0, end = 0;
    for (int n = 0; n < source.word; ++n) {
      begin = text.find_first_not_of(" \t", end);
      if (begin == std::string::npos) return {};
      end = std::min(text.find_first_of(" \t", begin), text.size());
    }
    text = text.substr(begin, end - begin);
  }
  if (source.digits) {
    for (const std::string_view ending : {".fz", ".fits"})
      if (text.ends_with(ending)) text.erase(text.size() - ending.size());
    std::erase_if(text, [](unsigned char c) { return !std::isdigit(c); });
    if (*source.digits > 0) text = text.substr(0, *source.digits);
  }
  if (source.letters == Source::Case::kLower) text = lower_case(text);
  if (source.letters == Source::Case::kUpper) text = upper_case(text);
  if (!source.map.empty()) {
    auto found = source.map.find(text);
    if (found == source.map.end()) found = source.map.find("*");
    if (found != source.map.end()) text = found->second;
  }
  return text;
}

std::optional<double> number_from(const Source& source, const std::string& text) {
  switch (source.as) {
    case Source::As::kSexagesimalHours:
      if (const auto hours = sexagesimal_in(text)) return *hours * 15;
      return {};
    case Source::As::kSexagesimalDegrees:
      return sexagesimal_in(text);
    case Source::As::kIsoUtc:
      return mjd_in(text);
    default:
      return real_in(text);
  }
}

bool applies(const Source& source, const CcdValues& ccd, CcdHeaders& headers) {
  return !source.require || holds(*source.require, ccd, &headers);
}

std::optional<std::string> one_text(const Source& source, CcdHeaders& headers) {
  if (source.constant) {
    if (const auto* text = std::get_if<std::string>(&*source.constant)) return *text;
    return fmt::format("{}", std::get<double>(*source.constant));
  }
  const std::optional<std::string> text = headers.text(source.keys, source.in);
  return text ? transformed(source, *text) : std::nullopt;
}

// The numbers of the keys that have one. `failed` gets a card that cannot be read.
std::vector<double> numbers_of(const Source& source, CcdHeaders& headers, std::string& failed) {
  std::vector<double> values;
  const auto take = [&](const std::string& what, const std::optional<std::string>& text) {
    if (!text) return;
    const std::optional<double> value = number_from(source, *text);
    if (!value) failed = fmt::format("{} = '{}'", what, *text);
    if (value && std::isfinite(*value)) values.push_back(*value * source.scale + source.offset);
  };
  if (source.constant) {
    if (const auto* number = std::get_if<double>(&*source.constant))
      return {*number * source.scale + source.offset};
    take("constant", std::get<std::string>(*source.constant));
    return values;
  }
  for (const std::string& key : source.keys) {
    const std::optional<std::string> text = headers.text({key}, source.in);
    if (text) take(key, transformed(source, *text));
    if (source.combine == Source::Combine::kFirst && !values.empty()) break;
  }
  return values;
}

}  // namespace

std::optional<std::string> text_of(const Sources& sources, const CcdValues& ccd, CcdHeaders& headers) {
  for (const Source& source : sources)
    if (applies(source, ccd, headers))
      if (auto text = one_text(source, headers)) return text;
  return {};
}

std::optional<double> number_of(const Sources& sources, const CcdValues& ccd, CcdHeaders& headers) {
  std::string failed;
  for (const Source& source : sources) {
    if (!applies(source, ccd, headers)) continue;
    std::vector<double> values = numbers_of(source, headers, failed);
    if (values.empty()) continue;
    switch (source.combine) {
      case Source::Combine::kFirst:
        return values.front();
      case Source::Combine::kMean:
        return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
      case Source::Combine::kMedian: {
        std::sort(values.begin(), values.end());
        const std::size_t half = values.size() / 2;
        return values.size() % 2 ? values[half] : 0.5 * (values[half - 1] + values[half]);
      }
    }
  }
  if (!failed.empty()) throw input_error("{} cannot be read as a number", failed);
  return {};
}

std::optional<std::int64_t> integer_of(const Sources& sources, const CcdValues& ccd, CcdHeaders& headers) {
  std::string failed;
  for (const Source& source : sources) {
    if (!applies(source, ccd, headers)) continue;
    const std::optional<std::string> text = one_text(source, headers);
    if (!text) continue;
    // Digits beyond what a double holds count too, so whole numbers are not read through one.
    if (const auto value = parse_int(*text)) return value;
    const std::optional<double> real = real_in(*text);
    if (real && *real == std::floor(*real) && std::abs(*real) <= 9007199254740992.0)
      return static_cast<std::int64_t>(*real);
    failed = fmt::format("{} = '{}'", source.keys.empty() ? "constant" : source.keys.front(), *text);
  }
  if (!failed.empty()) throw input_error("{} cannot be read as an integer", failed);
  return {};
}

}  // namespace brickline
