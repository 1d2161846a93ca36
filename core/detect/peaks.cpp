#include "core/detect/peaks.h"

#include <algorithm>
#include <cmath>

#include "core/detect/morphology.h"
#include "core/detect/parallel_rows.h"

namespace brickline {
namespace {

using detect_detail::parallel_row_blocks;

// Saturated pixels are as high as a peak can get: sources that touch one saturated region are one.
constexpr float kSaturatedSn = 1e9F;

Image<std::uint8_t> above(const Image<float>& sn, double threshold) {
  Image<std::uint8_t> out(sn.width(), sn.height());
  const auto t = static_cast<float>(threshold);
  parallel_row_blocks(0, sn.height(), sn.width(), [&](int first, int last) {
    for (int y = first; y < last; ++y)
      for (int x = 0; x < sn.width(); ++x) out(x, y) = sn(x, y) > t;
  });
  return out;
}

bool is_maximum(const Image<float>& sn, int x, int y) {
  const float v = sn(x, y);
  for (int dy = -1; dy <= 1; ++dy)
    for (int dx = -1; dx <= 1; ++dx)
      if (sn(x + dx, y + dy) > v) return false;
  return true;
}

void set_disc(Image<std::uint8_t>& map, const AvoidPoint& p) {
  const int reach = static_cast<int>(std::ceil(p.radius));
  for (int y = std::max(0, p.y - reach); y <= std::min(map.height() - 1, p.y + reach); ++y)
    for (int x = std::max(0, p.x - reach); x <= std::min(map.width() - 1, p.x + reach); ++x)
      if (std::hypot(x - p.x, y - p.y) < p.radius) map(x, y) = 1;
}

double percentile(std::vector<float>& values, double percent) {
  const double position = percent / 100 * static_cast<double>(values.size() - 1);
  const auto low = static_cast<std::size_t>(position);
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(low), values.end());
  const double a = values[low];
  if (low + 1 >= values.size()) return a;
  const double b = *std::min_element(values.begin() + static_cast<std::ptrdiff_t>(low) + 1, values.end());
  return a + (b - a) * (position - static_cast<double>(low));
}

// The region around one peak that stands higher than its saddle level.
struct Plateau {
  Box box;                     // tight
  Image<std::uint8_t> filled;  // of the box, holes filled
  bool occupied = false;       // holds a known source (in one of its own pixels, not in a hole)
};

// The peaks of one SED. One object per SED: working memory and maps of the image's size.
class SedPeaks {
 public:
  SedPeaks(const SedMap& map, Image<std::uint8_t> saturated, const PeakOptions& options)
      : map_(map), saturated_(std::move(saturated)), options_(options), sn_(map.sn) {}

  void run(const std::vector<AvoidPoint>& avoid, ImageView<const std::uint8_t> veto, int sed, PeakSearch& out,
           PeakCounts& counts) {
    const Image<std::uint8_t> significant = above(sn_, options_.nsigma);
    std::vector<Peak> candidates = find_candidates(significant, sed);
    counts.candidates = static_cast<int>(candidates.size());

    height_ = grey_dilate(sn_.view());
    for (int y = 0; y < sn_.height(); ++y)
      for (int x = 0; x < sn_.width(); ++x)
        if (saturated_(x, y)) height_(x, y) = kSaturatedSn;
    Image<std::uint8_t> base = dilate(above(height_, options_.nsigma - options_.saddle_min).view(), 1);
    for (int y = 0; y < sn_.height(); ++y)
      for (int x = 0; x < sn_.width(); ++x) base(x, y) |= static_cast<std::uint8_t>(saturated_(x, y) != 0);
    segments_ = label_components(base.view());
    base = {};

    closed_ = veto.empty() ? Image<std::uint8_t>(sn_.width(), sn_.height()) : Image<std::uint8_t>(veto);
    occupied_ = Image<std::uint8_t>(sn_.width(), sn_.height());
    visited_ = Image<std::uint8_t>(sn_.width(), sn_.height());
    for (const AvoidPoint& p : avoid) {
      set_disc(closed_, p);
      if (occupied_.box().contains(p.x, p.y)) occupied_(p.x, p.y) = 1;
    }

    std::vector<Peak> kept;
    for (const Peak& peak : candidates) {
      if (closed_(peak.x, peak.y)) {
        ++counts.vetoed;
        continue;
      }
      const Plateau plateau = plateau_of(peak);
      if (plateau.occupied) {
        ++counts.below_saddle;
        close(plateau);
      } else if (peak.sn - local_level(peak) < options_.nsigma) {
        ++counts.below_annulus;
      } else {
        kept.push_back(peak);
        occupied_(peak.x, peak.y) = 1;
        close(plateau);
      }
    }
    counts.kept = static_cast<int>(kept.size());
    counts.hot_pixels = add_hot(significant, avoid, kept, out);
    out.peaks.insert(out.peaks.end(), kept.begin(), kept.end());
  }

 private:
  // Significant pixels not exceeded by any of their eight neighbours, brightest first; plateaus keep all
  // their pixels.
  std::vector<Peak> find_candidates(const Image<std::uint8_t>& significant, int sed) const {
    std::vector<Peak> out;
    for (int y = 1; y + 1 < sn_.height(); ++y)
      for (int x = 1; x + 1 < sn_.width(); ++x)
        if (significant(x, y) && is_maximum(sn_, x, y)) out.push_back({x, y, sn_(x, y), sed});
    std::stable_sort(out.begin(), out.end(), [](const Peak& a, const Peak& b) { return a.sn > b.sn; });
    return out;
  }

  Plateau plateau_of(const Peak& peak) {
    const double level = peak.sn - std::max(options_.saddle_min, options_.saddle_fraction * peak.sn);
    const std::int32_t segment = segments_.labels(peak.x, peak.y);
    const int reach = options_.saddle_box;
    const Box limits = intersection(segments_.boxes[segment - 1],
                                    {peak.x - reach, peak.x + reach + 1, peak.y - reach, peak.y + reach + 1});
    Plateau out;
    out.box = {peak.x, peak.x + 1, peak.y, peak.y + 1};
    stack_.assign(1, {peak.x, peak.y});
    members_.clear();
    visited_(peak.x, peak.y) = 1;
    while (!stack_.empty()) {
      const Pixel p = stack_.back();
      stack_.pop_back();
      members_.push_back(p);
      out.occupied = out.occupied || occupied_(p.x, p.y);
      out.box = {std::min(out.box.x0, p.x), std::max(out.box.x1, p.x + 1), std::min(out.box.y0, p.y),
                 std::max(out.box.y1, p.y + 1)};
      for (const Pixel d : {Pixel{1, 0}, Pixel{-1, 0}, Pixel{0, 1}, Pixel{0, -1}}) {
        const Pixel q{p.x + d.x, p.y + d.y};
        if (!limits.contains(q.x, q.y) || visited_(q.x, q.y) || segments_.labels(q.x, q.y) != segment ||
            !(height_(q.x, q.y) > level))
          continue;
        visited_(q.x, q.y) = 1;
        stack_.push_back(q);
      }
    }
    Image<std::uint8_t> own(out.box.width(), out.box.height());
    for (const Pixel& p : members_) {
      own(p.x - out.box.x0, p.y - out.box.y0) = 1;
      visited_(p.x, p.y) = 0;
    }
    out.filled = fill_holes(own.view());
    return out;
  }

  void close(const Plateau& plateau) {
    for (int y = 0; y < plateau.filled.height(); ++y)
      for (int x = 0; x < plateau.filled.width(); ++x)
        closed_(plateau.box.x0 + x, plateau.box.y0 + y) |= plateau.filled(x, y);
  }

  // A low percentile of the S/N in a ring around the peak; -1 where nothing is known there.
  double local_level(const Peak& peak) {
    const int reach = static_cast<int>(std::ceil(options_.annulus_outer));
    const double inner2 = options_.annulus_inner * options_.annulus_inner;
    const double outer2 = options_.annulus_outer * options_.annulus_outer;
    ring_.clear();
    for (int y = std::max(0, peak.y - reach); y <= std::min(sn_.height() - 1, peak.y + reach); ++y)
      for (int x = std::max(0, peak.x - reach); x <= std::min(sn_.width() - 1, peak.x + reach); ++x) {
        const double r2 = (x - peak.x) * (x - peak.x) + (y - peak.y) * (y - peak.y);
        if (r2 >= inner2 && r2 <= outer2 && map_.known(x, y)) ring_.push_back(sn_(x, y));
      }
    return ring_.empty() ? -1 : percentile(ring_, options_.annulus_percentile);
  }

  // Hot components that hold a kept peak or a known source.
  std::int64_t add_hot(const Image<std::uint8_t>& significant, const std::vector<AvoidPoint>& avoid,
                       const std::vector<Peak>& kept, PeakSearch& out) const {
    const Components components =
        label_components(fill_holes(dilate(significant.view(), options_.blob_dilate).view()).view());
    std::vector<std::uint8_t> wanted(components.count() + 1, 0);
    for (const Peak& p : kept) wanted[components.labels(p.x, p.y)] = 1;
    for (const AvoidPoint& p : avoid)
      wanted[components.labels(std::clamp(p.x, 0, sn_.width() - 1), std::clamp(p.y, 0, sn_.height() - 1))] =
          1;
    wanted[0] = 0;
    std::int64_t pixels = 0;
    for (int i = 0; i < components.count(); ++i) pixels += wanted[i + 1] ? components.pixels[i] : 0;
    for (int y = 0; y < sn_.height(); ++y)
      for (int x = 0; x < sn_.width(); ++x) {
        out.hot(x, y) |= wanted[components.labels(x, y)];
        out.bright(x, y) |= static_cast<std::uint8_t>(components.labels(x, y) != 0);
      }
    return pixels;
  }

  struct Pixel {
    int x, y;
  };
  const SedMap& map_;
  Image<std::uint8_t> saturated_;
  const PeakOptions& options_;
  const Image<float>& sn_;
  Image<float> height_;         // S/N, dilated, saturated pixels on top
  Components segments_;         // of what may be one plateau
  Image<std::uint8_t> closed_;  // no further peak may be here
  Image<std::uint8_t> occupied_;
  Image<std::uint8_t> visited_;
  std::vector<Pixel> stack_, members_;
  std::vector<float> ring_;
};

Image<std::uint8_t> saturated_in(std::span<const ImageView<const std::uint8_t>> saturated, const Sed& sed,
                                 int width, int height) {
  Image<std::uint8_t> out(width, height);
  for (std::size_t b = 0; b < saturated.size(); ++b) {
    if (sed.factor[b] == 0 || saturated[b].empty()) continue;
    for (int y = 0; y < height; ++y)
      for (int x = 0; x < width; ++x) out(x, y) |= static_cast<std::uint8_t>(saturated[b](x, y) != 0);
  }
  return out;
}

bool has_weight(const Image<float>& inverse_variance) {
  for (int y = 0; y < inverse_variance.height(); ++y)
    for (int x = 0; x < inverse_variance.width(); ++x)
      if (inverse_variance(x, y) != 0) return true;
  return false;
}

}  // namespace

SedMap sed_map(std::span<const BandMaps> maps, const Sed& sed) {
  SedMap out;
  std::vector<std::size_t> used;
  for (std::size_t b = 0; b < maps.size(); ++b)
    if (sed.factor[b] != 0) {
      used.push_back(b);
      out.empty = out.empty && !has_weight(maps[b].inverse_variance);
    }
  if (out.empty) return out;
  const int w = maps[used[0]].flux.width(), h = maps[used[0]].flux.height();
  out.sn = Image<float>(w, h);
  out.known = Image<std::uint8_t>(w, h);
  parallel_row_blocks(0, h, w, [&](int first, int last) {
    std::vector<float> sum(w), weight(w);
    for (int y = first; y < last; ++y) {
      std::fill(sum.begin(), sum.end(), 0.0F);
      std::fill(weight.begin(), weight.end(), 0.0F);
      for (const std::size_t b : used) {
        const auto f = static_cast<float>(sed.factor[b]);
        const float* d = maps[b].flux.row(y);
        const float* v = maps[b].inverse_variance.row(y);
        for (int x = 0; x < w; ++x) {
          sum[x] += d[x] * v[x] / f;
          weight[x] += v[x] / (f * f);
        }
      }
      for (int x = 0; x < w; ++x) {
        out.sn(x, y) = sum[x] / std::max(1e-16F, weight[x]) * std::sqrt(weight[x]);
        out.known(x, y) = weight[x] > 0;
      }
    }
  });
  return out;
}

PeakSearch find_peaks(std::span<const BandMaps> maps,
                      std::span<const ImageView<const std::uint8_t>> saturated, std::span<const Sed> seds,
                      std::span<const AvoidPoint> avoid, ImageView<const std::uint8_t> veto,
                      const PeakOptions& options) {
  PeakSearch out;
  if (maps.empty()) return out;
  const int w = maps[0].flux.width(), h = maps[0].flux.height();
  out.hot = Image<std::uint8_t>(w, h);
  out.bright = Image<std::uint8_t>(w, h);
  out.counts.resize(seds.size());
  std::vector<AvoidPoint> known(avoid.begin(), avoid.end());
  for (std::size_t s = 0; s < seds.size(); ++s) {
    const SedMap map = sed_map(maps, seds[s]);
    if (map.empty) continue;
    const std::size_t before = out.peaks.size();
    SedPeaks(map, saturated_in(saturated, seds[s], w, h), options)
        .run(known, veto, static_cast<int>(s), out, out.counts[s]);
    for (std::size_t i = before; i < out.peaks.size(); ++i)
      known.push_back({out.peaks[i].x, out.peaks[i].y, options.avoid_radius});
  }
  return out;
}

Image<std::uint8_t> hot_pixels(std::span<const BandMaps> maps, std::span<const Sed> seds,
                               const PeakOptions& options) {
  if (maps.empty()) return {};
  Image<std::uint8_t> hot(maps[0].flux.width(), maps[0].flux.height());
  for (const Sed& sed : seds) {
    const SedMap map = sed_map(maps, sed);
    if (map.empty) continue;
    const Image<std::uint8_t> one =
        fill_holes(dilate(above(map.sn, options.nsigma).view(), options.blob_dilate).view());
    for (int y = 0; y < hot.height(); ++y)
      for (int x = 0; x < hot.width(); ++x) hot(x, y) |= one(x, y);
  }
  return hot;
}

}  // namespace brickline
