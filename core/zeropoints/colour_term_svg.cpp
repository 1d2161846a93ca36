#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "core/base/markup.h"
#include "core/zeropoints/colour_term_fit.h"

namespace brickline {
namespace {

constexpr double kWidth = 720, kTerm = 320, kResiduals = 140, kLeft = 80, kRight = 20, kTop = 40, kGap = 16;
constexpr std::string_view kUsed = "#246", kUnused = "#ccc", kCurve = "#d50";  // colours
constexpr int kSteps = 200;
constexpr std::size_t kMostStars = 4000;  // that are drawn

struct Range {
  double low = INFINITY, high = -INFINITY;
  void add(double v) {
    if (!std::isfinite(v)) return;
    low = std::min(low, v);
    high = std::max(high, v);
  }
  void finish() {
    if (!(high > low)) {
      const double middle = std::isfinite(low) ? low : 0;
      low = middle - 0.01;
      high = middle + 0.01;
    }
    const double margin = 0.06 * (high - low);
    low -= margin;
    high += margin;
  }
};

std::string text_at(double x, double y, std::string_view anchor, std::string_view text) {
  return fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"{}\">{}</text>\n", x, y, anchor,
                     markup_text(text));
}

class Panel {
 public:
  Panel(Range x, Range y, double top, double height) : x_(x), y_(y), top_(top), height_(height) {}
  double x(double v) const { return kLeft + (v - x_.low) / (x_.high - x_.low) * (kWidth - kRight - kLeft); }
  double y(double v) const { return top_ + height_ - (v - y_.low) / (y_.high - y_.low) * height_; }
  std::string frame(std::string_view title) const {
    std::string out = fmt::format(
        "<rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{:.1f}\" fill=\"none\" stroke=\"#888\"/>\n",
        kLeft, top_, kWidth - kRight - kLeft, height_);
    out += text_at(kLeft + 6, top_ + 16, "start", title);
    out += text_at(kLeft - 6, top_ + height_, "end", fmt::format("{:.4f}", y_.low));
    out += text_at(kLeft - 6, top_ + 12, "end", fmt::format("{:.4f}", y_.high));
    return out;
  }
  std::string star(double cx, double cy, bool used) const {
    if (!std::isfinite(cx) || !std::isfinite(cy) || cy < y_.low || cy > y_.high) return "";
    return fmt::format("<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"2.5\" fill=\"{}\"/>\n", x(cx), y(cy),
                       used ? kUsed : kUnused);
  }

 private:
  Range x_, y_;
  double top_, height_;
};

}  // namespace

std::string colour_term_svg(const std::vector<ColourSample>& samples, const ColourTermFit& fit,
                            const ColourBands& bands, std::string_view title) {
  const auto term = [&](double colour) {
    double sum = 0, power = 1;
    for (const double c : fit.term.coefficients) {
      sum += c * power;
      power *= colour;
    }
    return sum;
  };
  const std::array<double, 2> valid = *fit.term.valid;
  Range colours, differences, residuals;
  for (std::size_t i = 0; i < samples.size(); ++i) {
    if (!fit.is_used[i]) continue;
    colours.add(samples[i].colour);
    // Without the offset of its group: where the term and what is left put it.
    differences.add(term(samples[i].colour) + fit.residuals[i]);
    residuals.add(fit.residuals[i]);
  }
  colours.finish();
  differences.finish();
  residuals.finish();
  const Panel above(colours, differences, kTop, kTerm),
      below(colours, residuals, kTop + kTerm + kGap, kResiduals);
  const double height = kTop + kTerm + kGap + kResiduals + 44;
  std::string out = fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{:.0f}\" height=\"{:.0f}\" font-family=\"sans-serif\" "
      "font-size=\"12\">\n<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n",
      kWidth, height);
  out += text_at(kWidth / 2, 22, "middle", title);
  out += above.frame(fmt::format("band - {} (mag)", bands.base));
  out += below.frame(fmt::format("residuals: rms {:.4f}, largest {:.4f} mag", fit.rms, fit.largest));
  std::vector<std::size_t> drawn;
  for (std::size_t i = 0; i < samples.size(); ++i)
    if (std::isfinite(fit.residuals[i])) drawn.push_back(i);
  const std::size_t stars = drawn.size(), step = (stars + kMostStars - 1) / kMostStars;
  if (step > 1) {
    for (std::size_t k = 0; k * step < stars; ++k) drawn[k] = drawn[k * step];
    drawn.resize((stars + step - 1) / step);
  }
  for (const bool used : {false, true})
    for (const std::size_t i : drawn)
      if (fit.is_used[i] == used) {
        out += above.star(samples[i].colour, term(samples[i].colour) + fit.residuals[i], used);
        out += below.star(samples[i].colour, fit.residuals[i], used);
      }
  std::string points;
  for (int k = 0; k <= kSteps; ++k) {
    const double colour = valid[0] + (valid[1] - valid[0]) * k / kSteps;
    points += fmt::format("{:.1f},{:.1f} ", above.x(colour), above.y(term(colour)));
  }
  out += fmt::format("<polyline points=\"{}\" fill=\"none\" stroke=\"{}\" stroke-width=\"1.5\"/>\n", points,
                     kCurve);
  out += fmt::format("<line x1=\"{:.1f}\" x2=\"{:.1f}\" y1=\"{:.1f}\" y2=\"{:.1f}\" stroke=\"{}\"/>\n",
                     below.x(valid[0]), below.x(valid[1]), below.y(0), below.y(0), kCurve);
  const double bottom = kTop + kTerm + kGap + kResiduals + 16;
  out += text_at(below.x(valid[0]), bottom, "middle", fmt::format("{:.3f}", valid[0]));
  out += text_at(below.x(valid[1]), bottom, "middle", fmt::format("{:.3f}", valid[1]));
  out += text_at(kWidth / 2, height - 8, "middle",
                 fmt::format("{} - {} (mag); grey: not used{}", bands.colour[0], bands.colour[1],
                             step > 1 ? fmt::format("; {} of {} stars are drawn", drawn.size(), stars) : ""));
  return out + "</svg>\n";
}

}  // namespace brickline
