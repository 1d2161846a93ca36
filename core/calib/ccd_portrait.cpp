#include "core/calib/ccd_portrait.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include "core/calib/sky_estimates.h"
#include "core/calib/sorted_values.h"
#include "core/psf/stamp.h"

namespace brickline {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr double kSigmaPerMad = 1.4826;

// Robust width of a distribution.
double width_of(std::vector<float> values) {
  if (values.size() < 2) return kNaN;
  const auto middle = static_cast<float>(SortedValues(values).median());
  for (float& v : values) v = std::abs(v - middle);
  return kSigmaPerMad * SortedValues(std::move(values)).median();
}

// Between pixels, by cubic convolution (Keys 1981); 0 outside.
double interpolated(const Image<float>& stamp, double x, double y) {
  const auto weight = [](double t) {
    t = std::abs(t);
    return t < 1 ? 1 + t * t * (1.5 * t - 2.5) : t < 2 ? 2 + t * (-4 + t * (2.5 - 0.5 * t)) : 0;
  };
  const int x0 = static_cast<int>(std::floor(x)), y0 = static_cast<int>(std::floor(y));
  double sum = 0;
  for (int j = y0 - 1; j <= y0 + 2; ++j)
    for (int i = x0 - 1; i <= x0 + 2; ++i)
      if (stamp.view().box().contains(i, j)) sum += stamp(i, j) * weight(x - i) * weight(y - j);
  return sum;
}

// Of the circle with the area within which rays from the middle first fall below half of the peak.
double half_maximum_diameter(const Image<float>& stamp, double peak) {
  constexpr int kRays = 72;
  constexpr double kStep = 0.1;  // pixels
  double squares = 0;
  for (int ray = 0; ray < kRays; ++ray) {
    const double angle = 2 * std::numbers::pi * ray / kRays;
    double before = peak, radius = 0;
    for (double r = kStep; r < stamp.width(); r += kStep) {
      const double v = interpolated(stamp, stamp.width() / 2 + r * std::cos(angle),
                                    stamp.height() / 2 + r * std::sin(angle));
      if (v < peak / 2) {
        radius = r - kStep * (peak / 2 - v) / (before - v);
        break;
      }
      before = v;
    }
    squares += radius * radius;
  }
  return 2 * std::sqrt(squares / kRays);
}

// Means of n x n cells; NaN where less than a quarter of them are numbers.
Image<float> put_together(const Image<float>& cells, int n) {
  Image<float> out((cells.width() + n - 1) / n, (cells.height() + n - 1) / n);
  for (int j = 0; j < out.height(); ++j)
    for (int i = 0; i < out.width(); ++i) {
      double sum = 0;
      int all = 0, known = 0;
      for (int y = j * n; y < std::min(cells.height(), (j + 1) * n); ++y)
        for (int x = i * n; x < std::min(cells.width(), (i + 1) * n); ++x) {
          ++all;
          if (std::isfinite(cells(x, y))) ++known, sum += cells(x, y);
        }
      out(i, j) = static_cast<float>(known > 0 && 4 * known >= all ? sum / known : kNaN);
    }
  return out;
}

}  // namespace

PsfShape shape_of(const Image<float>& stamp) {
  PsfShape out;
  out.fwhm_pixels = out.ellipticity = out.angle_degrees = kNaN;
  double peak = 0;
  for (int y = 0; y < stamp.height(); ++y)
    for (int x = 0; x < stamp.width(); ++x) peak = std::max(peak, double{stamp(x, y)});
  if (!(peak > 0)) return out;
  out.fwhm_pixels = half_maximum_diameter(stamp, peak);
  const double w = std::max(out.fwhm_pixels / 2.3548, 0.5), w2 = w * w;
  double x0 = stamp.width() / 2, y0 = stamp.height() / 2, xx = 0, yy = 0, xy = 0;
  for (int pass = 0; pass < 10; ++pass) {
    double sum = 0, sx = 0, sy = 0;
    xx = yy = xy = 0;
    for (int y = 0; y < stamp.height(); ++y)
      for (int x = 0; x < stamp.width(); ++x) {
        const double dx = x - x0, dy = y - y0;
        const double v = stamp(x, y) * std::exp(-(dx * dx + dy * dy) / (2 * w2));
        sum += v;
        sx += v * dx;
        sy += v * dy;
        xx += v * dx * dx;
        yy += v * dy * dy;
        xy += v * dx * dy;
      }
    if (!(sum > 0)) return out;
    const double mx = sx / sum, my = sy / sum;
    xx = xx / sum - mx * mx;
    yy = yy / sum - my * my;
    xy = xy / sum - mx * my;
    x0 += 2 * mx;  // the weight halves how far off it looks
    y0 += 2 * my;
  }
  // Eigenvalues of the weighted moments, then each without the weight.
  const double mean = (xx + yy) / 2, half = std::hypot((xx - yy) / 2, xy);
  const auto unweighted = [&](double v) { return v > 0 && v < w2 ? 1 / (1 / v - 1 / w2) : kNaN; };
  out.ellipticity = 1 - std::sqrt(unweighted(mean - half) / unweighted(mean + half));
  out.angle_degrees = 0.5 * std::atan2(2 * xy, xx - yy) * 180 / std::numbers::pi;
  return out;
}

void portray_sky(const Image<float>& pixels, const Image<float>& inverse_error, const Image<float>& sky,
                 CcdPortrait& out) {
  constexpr int kPictureSide = 128, kNoiseBins = 8;
  const int w = pixels.width(), h = pixels.height();
  Image<std::uint8_t> good(w, h);
  Image<float> residual(w, h);
  for (int y = 0; y < h; ++y)
    for (int x = 0; x < w; ++x) {
      good(x, y) = inverse_error(x, y) > 0;
      residual(x, y) = pixels(x, y) - sky(x, y);
    }
  const std::vector<float> errors = chosen(inverse_error.const_view(), good.const_view());
  if (errors.empty()) return;
  const double sig1 = 1 / SortedValues(errors).median();
  const Image<std::uint8_t> sources = stands_out(residual.const_view(), 0, sig1, {});
  for (int y = 0; y < h; ++y)
    for (int x = 0; x < w; ++x)
      if (sources(x, y)) good(x, y) = 0;

  out.bin = std::max(1, (std::max(w, h) + kPictureSide - 1) / kPictureSide);
  const int columns = (w + out.bin - 1) / out.bin, rows = (h + out.bin - 1) / out.bin;
  out.sky = out.residual = Image<float>(columns, rows);
  std::vector<float> cells;
  for (int j = 0; j < rows; ++j)
    for (int i = 0; i < columns; ++i) {
      double level = 0, left = 0;
      int all = 0, n = 0;
      for (int y = j * out.bin; y < std::min(h, (j + 1) * out.bin); ++y)
        for (int x = i * out.bin; x < std::min(w, (i + 1) * out.bin); ++x) {
          ++all;
          level += sky(x, y);
          if (good(x, y)) ++n, left += residual(x, y);
        }
      out.sky(i, j) = static_cast<float>(level / all);
      const bool is_sky = n > 0 && 4 * n >= all;
      out.residual(i, j) = static_cast<float>(is_sky ? left / n / sig1 : kNaN);
      if (is_sky) cells.push_back(static_cast<float>(left / std::sqrt(n) / sig1));
    }
  out.residual_excess = width_of(std::move(cells));

  const int side = out.bin * kNoiseBins;
  out.noise = Image<float>((w + side - 1) / side, (h + side - 1) / side);
  std::vector<float> pulls;
  for (int j = 0; j < out.noise.height(); ++j)
    for (int i = 0; i < out.noise.width(); ++i) {
      std::vector<float> here;
      for (int y = j * side; y < std::min(h, (j + 1) * side); ++y)
        for (int x = i * side; x < std::min(w, (i + 1) * side); ++x)
          if (good(x, y)) here.push_back(residual(x, y) * inverse_error(x, y));
      pulls.insert(pulls.end(), here.begin(), here.end());
      constexpr std::size_t kFew = 50;
      out.noise(i, j) = static_cast<float>(here.size() < kFew ? kNaN : width_of(std::move(here)));
    }
  const double bins = static_cast<double>(out.pulls.size()), step = 2 * CcdPortrait::kPullRange / bins;
  for (const float pull : pulls) {
    const double at = std::floor((pull + CcdPortrait::kPullRange) / step);
    if (at >= 0 && at < bins)
      out.pulls[static_cast<std::size_t>(at)] += 1 / (step * static_cast<double>(pulls.size()));
  }
  out.noise_over_weights = width_of(std::move(pulls));
}

void portray_psf(const Psf& psf, CcdPortrait& out) {
  constexpr int n = CcdPortrait::kPsfGrid, kStamps = 3, kLargest = 20;
  const auto place = [](int i, int of, int size) { return static_cast<double>(size - 1) * i / (of - 1); };
  for (int j = 0; j < n; ++j)
    for (int i = 0; i < n; ++i) {
      const double x = place(i, n, out.width), y = place(j, n, out.height);
      PsfShape shape = shape_of(psf.stamp(x, y));
      shape.x = x;
      shape.y = y;
      out.psf.push_back(shape);
    }
  const double fwhm = out.psf[out.psf.size() / 2].fwhm_pixels;
  const int radius = std::clamp(static_cast<int>(std::lround(2.5 * (fwhm > 0 ? fwhm : 4))), 5, kLargest);
  for (int j = 0; j < kStamps; ++j)
    for (int i = 0; i < kStamps; ++i)
      out.stamps.push_back(
          crop_stamp(psf.stamp(place(i, kStamps, out.width), place(j, kStamps, out.height)), radius));
}

void reduce(CcdPortrait& portrait, const PictureSizes& sizes) {
  if (sizes.side <= 0) {
    portrait.sky = portrait.residual = portrait.noise = {};
  } else if (const int side = std::max(portrait.sky.width(), portrait.sky.height()); side > sizes.side) {
    const int n = (side + sizes.side - 1) / sizes.side;
    portrait.bin *= n;
    for (Image<float>* picture : {&portrait.sky, &portrait.residual, &portrait.noise})
      *picture = put_together(*picture, picture == &portrait.noise ? std::max(1, n / 2) : n);
  }
  if (sizes.stamp_radius <= 0) portrait.stamps.clear();
  for (Image<float>& stamp : portrait.stamps)
    if (stamp.width() > 2 * sizes.stamp_radius + 1) stamp = crop_stamp(stamp, sizes.stamp_radius);
}

}  // namespace brickline
