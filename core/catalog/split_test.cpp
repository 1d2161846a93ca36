#include "core/catalog/split_test.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numbers>
#include <tuple>

#include "core/base/error.h"

namespace brickline {
namespace {

constexpr double kInfinite = std::numeric_limits<double>::infinity();
constexpr double kEfficiencyOfMad = 0.3675;
constexpr std::array<double, 4> kSnrEdges = {0, 20, 100, kInfinite};

double median(std::vector<double> values) {
  if (values.empty()) return std::numeric_limits<double>::quiet_NaN();
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return values.size() % 2 ? *middle : (*middle + *std::max_element(values.begin(), middle)) / 2;
}

SplitPulls pulls_of(std::string what, const std::vector<double>& pulls) {
  SplitPulls out{
      .what = std::move(what), .n = static_cast<std::int64_t>(pulls.size()), .median = median(pulls)};
  std::vector<double> deviations;
  for (const double p : pulls) deviations.push_back(std::abs(p - out.median));
  out.width = 1.4826 * median(std::move(deviations));
  const double n = pulls.size() < 2 ? std::numeric_limits<double>::quiet_NaN() : static_cast<double>(out.n);
  out.median_error = out.width * std::sqrt(std::numbers::pi / (2 * n));
  out.width_error = out.width / std::sqrt(2 * kEfficiencyOfMad * n);
  const auto far = std::count_if(pulls.begin(), pulls.end(), [](double p) { return std::abs(p) > 5; });
  if (out.n > 0) out.beyond_5 = static_cast<double>(far) / static_cast<double>(out.n);
  return out;
}

std::vector<std::int64_t> fitted_rows(const fits::Table& t) {
  std::vector<std::int64_t> out;
  for (std::int64_t i = 0; i < t.rows(); ++i) {
    const std::string type = t.text("type", i);
    if (type != "DUP" && type != "NUN") out.push_back(i);
  }
  std::sort(out.begin(), out.end(),
            [&](std::int64_t i, std::int64_t j) { return t.number("dec", i) < t.number("dec", j); });
  return out;
}

using Pairs = std::vector<std::pair<std::int64_t, std::int64_t>>;

Pairs matched(const fits::Table& a, const fits::Table& b, const std::vector<std::int64_t>& rows_a,
              const std::vector<std::int64_t>& rows_b, double radius_arcsec) {
  constexpr double degree = std::numbers::pi / 180;
  const double reach = radius_arcsec / 3600;
  std::vector<std::tuple<double, std::int64_t, std::int64_t>> near;
  std::size_t first = 0;
  for (const std::int64_t i : rows_a) {
    const double ra = a.number("ra", i), dec = a.number("dec", i);
    while (first < rows_b.size() && b.number("dec", rows_b[first]) < dec - reach) ++first;
    for (std::size_t k = first; k < rows_b.size(); ++k) {
      const double other = b.number("dec", rows_b[k]);
      if (other > dec + reach) break;
      const double east = std::remainder(b.number("ra", rows_b[k]) - ra, 360) * std::cos(dec * degree);
      const double distance = std::hypot(east, other - dec);
      if (distance <= reach) near.emplace_back(distance, i, rows_b[k]);
    }
  }
  std::sort(near.begin(), near.end());
  std::vector<char> used_a(static_cast<std::size_t>(a.rows())), used_b(static_cast<std::size_t>(b.rows()));
  Pairs out;
  for (const auto& [distance, i, j] : near) {
    if (used_a[static_cast<std::size_t>(i)] || used_b[static_cast<std::size_t>(j)]) continue;
    used_a[static_cast<std::size_t>(i)] = used_b[static_cast<std::size_t>(j)] = 1;
    out.emplace_back(i, j);
  }
  return out;
}

}  // namespace

std::vector<std::string> fitted_bands(const fits::Table& catalog) {
  std::vector<std::string> out;
  for (const fits::Column& c : catalog.columns())
    if (c.name.starts_with("fracin_")) out.push_back(c.name.substr(std::string("fracin_").size()));
  return out;
}

void require_split_columns(const fits::Table& catalog, const std::vector<std::string>& bands) {
  for (const char* name : {"type", "ra", "dec"}) catalog.require(name);
  for (const std::string& band : bands)
    for (const char* name : {"flux_", "flux_ivar_", "fracflux_"}) catalog.require(name + band);
}

SplitTest split_test(const fits::Table& a, const fits::Table& b, const std::vector<std::string>& bands,
                     const SplitOptions& options) {
  for (const fits::Table* t : {&a, &b}) require_split_columns(*t, bands);
  const std::vector<std::int64_t> rows_a = fitted_rows(a), rows_b = fitted_rows(b);
  const Pairs pairs = matched(a, b, rows_a, rows_b, options.match_radius_arcsec);
  SplitTest out;
  out.rows_a = static_cast<std::int64_t>(rows_a.size());
  out.rows_b = static_cast<std::int64_t>(rows_b.size());
  out.matched = static_cast<std::int64_t>(pairs.size());
  for (const auto& [i, j] : pairs) out.same_type += a.text("type", i) == b.text("type", j);
  // Noise is never twice the same.
  const auto are_same = [&](const auto& pair) {
    return std::ranges::all_of(bands, [&](const std::string& band) {
      return a.number("flux_" + band, pair.first) == b.number("flux_" + band, pair.second);
    });
  };
  if (!pairs.empty() && !bands.empty() && std::ranges::all_of(pairs, are_same))
    throw input_error(
        "all of its sources have the same fluxes in the other catalog: halves have exposures of their own");
  const auto pull = [&](const std::string& value, const std::string& ivar, std::int64_t i, std::int64_t j) {
    const double of_a = a.number(ivar, i), of_b = b.number(ivar, j);
    if (!(of_a > 0) || !(of_b > 0)) return std::numeric_limits<double>::quiet_NaN();
    return (a.number(value, i) - b.number(value, j)) / std::sqrt(1 / of_a + 1 / of_b);
  };
  for (const std::string& band : bands) {
    const std::string flux = "flux_" + band, ivar = "flux_ivar_" + band, fracflux = "fracflux_" + band;
    std::vector<double> all, alone;
    std::array<std::vector<double>, kSnrEdges.size() - 1> by_snr;
    for (const auto& [i, j] : pairs) {
      const double p = pull(flux, ivar, i, j);
      if (!std::isfinite(p)) continue;
      all.push_back(p);
      if (!(a.number(fracflux, i) < options.largest_fracflux &&
            b.number(fracflux, j) < options.largest_fracflux))
        continue;
      alone.push_back(p);
      const double snr = (a.number(flux, i) * std::sqrt(a.number(ivar, i)) +
                          b.number(flux, j) * std::sqrt(b.number(ivar, j))) /
                         std::numbers::sqrt2;
      for (std::size_t e = 0; e < by_snr.size(); ++e)
        if (snr >= kSnrEdges[e] && snr < kSnrEdges[e + 1]) by_snr[e].push_back(p);
    }
    out.pulls.push_back(pulls_of(flux + ", all", all));
    out.pulls.push_back(pulls_of(fmt::format("{}, little light of neighbours", flux), alone));
    for (std::size_t e = 0; e < by_snr.size(); ++e)
      out.pulls.push_back(pulls_of(kSnrEdges[e + 1] == kInfinite
                                       ? fmt::format("  S/N > {:g}", kSnrEdges[e])
                                       : fmt::format("  S/N {:g} - {:g}", kSnrEdges[e], kSnrEdges[e + 1]),
                                   by_snr[e]));
  }
  if (!a.has("ra_ivar") || !b.has("ra_ivar")) return out;
  std::vector<double> positions;
  for (const auto& [i, j] : pairs) {
    constexpr double degree = std::numbers::pi / 180;
    const double east = pull("ra", "ra_ivar", i, j) * std::cos(a.number("dec", i) * degree);
    if (std::abs(a.number("ra", i) - b.number("ra", j)) < 180 && std::isfinite(east))
      positions.push_back(east);
    if (const double north = pull("dec", "dec_ivar", i, j); std::isfinite(north)) positions.push_back(north);
  }
  out.pulls.push_back(pulls_of("positions", positions));
  return out;
}

std::string to_text(const SplitTest& t) {
  std::string text = fmt::format(
      "rows {} and {}   matched {}   of one type {}\n\n{:<40} {:>6} {:>8} {:>6} {:>8} {:>6} {:>10}\n",
      t.rows_a, t.rows_b, t.matched, t.same_type, "(a - b) / sigma", "n", "median", "+-", "width", "+-",
      "beyond 5");
  for (const SplitPulls& p : t.pulls)
    text += fmt::format("{:<40} {:>6} {:>8.2f} {:>6.2f} {:>8.2f} {:>6.2f} {:>10.3f}\n", p.what, p.n, p.median,
                        p.median_error, p.width, p.width_error, p.beyond_5);
  return text;
}

}  // namespace brickline
