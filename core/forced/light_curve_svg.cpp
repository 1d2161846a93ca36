#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "core/base/markup.h"
#include "core/forced/forced_merge.h"

namespace brickline {
namespace {

constexpr double kWidth = 720, kPanel = 180, kLeft = 80, kRight = 20, kTop = 40, kGap = 24;

constexpr std::string_view kPlain = "#246", kWrongZeroPoint = "#d50";  // colours

struct Point {
  double mjd = 0, flux = 0, error = 0;
  bool measured = false, flagged = false, wrong_zero_point = false;
};

Point point_of(const fits::Table& t, std::int64_t i) {
  const double ivar = t.number("flux_ivar", i);
  const bool measured = ivar > 0 && std::isfinite(t.number("flux", i));
  return {t.number("mjd", i),
          t.number("flux", i),
          measured ? 1 / std::sqrt(ivar) : 0,
          measured,
          t.integer("dqmask", i) != 0,
          t.has("zpcheck_wrong") && t.logical("zpcheck_wrong", i)};
}

// A range with a margin; never empty.
std::pair<double, double> range_of(double low, double high) {
  if (!(high > low)) return {low - 1, low + 1};
  const double margin = 0.08 * (high - low);
  return {low - margin, high + margin};
}

std::string text_at(double x, double y, std::string_view anchor, std::string_view text) {
  return fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"{}\">{}</text>\n", x, y, anchor,
                     markup_text(text));
}

std::string panel(const std::vector<Point>& points, const std::string& band, std::pair<double, double> dates,
                  double top) {
  double low = INFINITY, high = -INFINITY;
  for (const Point& p : points)
    if (p.measured) {
      low = std::min(low, p.flux - p.error);
      high = std::max(high, p.flux + p.error);
    }
  if (!(high >= low)) low = high = 0;
  const auto fluxes = range_of(low, high);
  const double right = kWidth - kRight, bottom = top + kPanel;
  const auto x_of = [&](double mjd) {
    return kLeft + (mjd - dates.first) / (dates.second - dates.first) * (right - kLeft);
  };
  const auto y_of = [&](double flux) {
    return bottom - (flux - fluxes.first) / (fluxes.second - fluxes.first) * kPanel;
  };
  std::string out = fmt::format(
      "<rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{:.1f}\" fill=\"none\" stroke=\"#888\"/>\n",
      kLeft, top, right - kLeft, kPanel);
  out += text_at(kLeft + 6, top + 16, "start", band);
  out += text_at(kLeft - 6, y_of(fluxes.first) - 2, "end", fmt::format("{:.4g}", fluxes.first));
  out += text_at(kLeft - 6, y_of(fluxes.second) + 12, "end", fmt::format("{:.4g}", fluxes.second));
  if (fluxes.first < 0 && fluxes.second > 0)
    out += fmt::format("<line x1=\"{:.1f}\" x2=\"{:.1f}\" y1=\"{:.1f}\" y2=\"{:.1f}\" stroke=\"#bbb\"/>\n",
                       kLeft, right, y_of(0), y_of(0));
  for (const Point& p : points) {
    if (!p.measured) continue;
    const double x = x_of(p.mjd);
    const std::string_view color = p.wrong_zero_point ? kWrongZeroPoint : kPlain;
    out += fmt::format("<line x1=\"{:.1f}\" x2=\"{:.1f}\" y1=\"{:.1f}\" y2=\"{:.1f}\" stroke=\"{}\"/>\n", x,
                       x, y_of(p.flux - p.error), y_of(p.flux + p.error), color);
    out += fmt::format("<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"3\" fill=\"{}\" stroke=\"{}\"/>\n", x,
                       y_of(p.flux), p.flagged ? "#fff" : color, color);
  }
  return out;
}

}  // namespace

std::string light_curve_svg(const fits::Table& curve, std::string_view title) {
  const std::vector<std::string> bands = bands_of(curve);
  double first = INFINITY, last = -INFINITY;
  std::vector<std::vector<Point>> panels(bands.size());
  for (std::int64_t i = 0; i < curve.rows(); ++i) {
    const Point p = point_of(curve, i);
    first = std::min(first, p.mjd);
    last = std::max(last, p.mjd);
    const auto band = std::find(bands.begin(), bands.end(), curve.text("filter", i)) - bands.begin();
    panels[static_cast<std::size_t>(band)].push_back(p);
  }
  if (!(last >= first)) first = last = 0;
  const auto dates = range_of(first, last);
  const double height =
      kTop + static_cast<double>(std::max<std::size_t>(1, bands.size())) * (kPanel + kGap) + 20;
  std::string out = fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{:.0f}\" height=\"{:.0f}\" font-family=\"sans-serif\" "
      "font-size=\"12\">\n<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n",
      kWidth, height);
  out += text_at(kWidth / 2, 22, "middle", title);
  for (std::size_t b = 0; b < bands.size(); ++b)
    out += panel(panels[b], bands[b], dates, kTop + static_cast<double>(b) * (kPanel + kGap));
  out += text_at(kLeft, height - 8, "start", fmt::format("{:.1f}", dates.first));
  out += text_at(kWidth - kRight, height - 8, "end", fmt::format("{:.1f}", dates.second));
  out += text_at(kWidth / 2, height - 8, "middle",
                 "MJD; flux in nanomaggies; open: flagged; orange: zero point wrong");
  return out + "</svg>\n";
}

}  // namespace brickline
