#include "core/detect/exposure_comparison.h"

#include <tbb/enumerable_thread_specific.h>
#include <tbb/parallel_for.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <numbers>
#include <tuple>
#include <utility>

#include "core/detect/gaussian_filter.h"
#include "core/facts/mask_bits.h"
#include "core/resample/lanczos.h"

namespace brickline::detect_detail {
namespace {

// Weights counted by the leading bits of their representation, eight of them of the mantissa: enough to know
// their median to half a percent.
class WeightHistogram {
 public:
  void add(float weight) {
    if (counts_.empty()) counts_.resize(kBins);
    ++counts_[std::bit_cast<std::uint32_t>(weight) >> kShift];
  }
  void add(const WeightHistogram& other) {
    if (other.counts_.empty()) return;
    if (counts_.empty()) counts_.resize(kBins);
    for (std::size_t i = 0; i < kBins; ++i) counts_[i] += other.counts_[i];
  }
  // 1/sqrt of bounds of the median, least first.
  std::pair<float, float> noise() const {
    std::int64_t total = 0;
    for (const std::uint32_t n : counts_) total += n;
    if (total == 0) return {0, 0};
    const float low = edge(bin_of((total - 1) / 2)), high = edge(bin_of(total / 2) + 1);
    return {1 / std::sqrt(high), 1 / std::sqrt(low)};
  }

 private:
  static constexpr int kShift = 15;
  static constexpr std::size_t kBins = std::size_t{1} << (31 - kShift);  // the sign is never set
  static float edge(std::size_t bin) {
    return std::bit_cast<float>(static_cast<std::uint32_t>(bin << kShift));
  }
  std::size_t bin_of(std::int64_t rank) const {
    std::size_t bin = 0;
    for (; rank >= counts_[bin]; ++bin) rank -= counts_[bin];
    return bin;
  }
  std::vector<std::uint32_t> counts_;
};

// One exposure's pixels in a row of the brick: 0 where it does not reach.
struct ExposureRow {
  bool covers = false;
  std::vector<float> value, weight;
  std::vector<std::uint8_t> covered;
};

// Sums over all exposures in one row of the brick.
struct RowSums {
  explicit RowSums(int width)
      : image(width),
        weight(width),
        least(width),
        greatest(width),
        least_weight(width),
        greatest_weight(width),
        images(width) {}
  std::vector<float> image, weight, least, greatest, least_weight, greatest_weight;
  std::vector<int> images;  // that cover the pixel, masked or not

  void clear() {
    constexpr float kBeyond = 1e30f;
    for (auto* v : {&image, &weight, &least_weight, &greatest_weight}) std::fill(v->begin(), v->end(), 0.f);
    std::fill(least.begin(), least.end(), kBeyond);
    std::fill(greatest.begin(), greatest.end(), -kBeyond);
    std::fill(images.begin(), images.end(), 0);
  }
  void add(const ExposureRow& row, int x0) {
    for (std::size_t i = 0; i < row.value.size(); ++i) {
      image[x0 + i] += row.value[i] * row.weight[i];
      weight[x0 + i] += row.weight[i];
    }
  }
  void add_extremes(const ExposureRow& row, int x0) {
    for (std::size_t i = 0; i < row.value.size(); ++i) {
      if (!row.covered[i]) continue;
      const std::size_t x = x0 + i;
      ++images[x];
      if (row.value[i] < least[x]) {
        least[x] = row.value[i];
        least_weight[x] = row.weight[i];
      }
      if (row.value[i] > greatest[x]) {
        greatest[x] = row.value[i];
        greatest_weight[x] = row.weight[i];
      }
    }
  }
  void clip(int images_to_clip) {
    for (std::size_t x = 0; x < image.size(); ++x) {
      if (images[x] < images_to_clip) continue;
      image[x] -= least_weight[x] * least[x] + greatest_weight[x] * greatest[x];
      weight[x] -= least_weight[x] + greatest_weight[x];
    }
  }
};

// So many rows at a time are filled piece by piece: what is read of an image that is turned against the brick
// then stays close together.
constexpr int kBlockRows = 16, kPieceColumns = 128;

struct Scratch {
  Scratch(int width, std::size_t exposures)
      : sums(width), rows(exposures), weights(exposures), significance(width), others(width) {}
  std::array<PixelMapping::Row, kBlockRows> mapped;
  RowSums sums;
  std::vector<std::array<ExposureRow, kBlockRows>> rows;
  std::vector<WeightHistogram> weights;
  std::vector<float> significance, others, remaining;
};

// The elements begin <= i < end of a row of one exposure, and what its mask says there.
void fill_piece(const Exposure& e, const PixelMapping::Row& mapped, int begin, int end, ExposureRow& row,
                WeightHistogram& weights, BandComparison& out) {
  const ImageView<const float> input = e.smoothed.const_view();
  const std::span<float> value = row.value;
  lanczos3_row({&input, 1}, mapped, {&value, 1}, begin, end);
  std::uint8_t* bleeding = out.bleeding.row(mapped.y) + mapped.x0;
  std::uint8_t* saturated = out.saturated.row(mapped.y) + mapped.x0;
  for (int i = begin; i < end; ++i) {
    const int ix = mapped.ix[i], iy = mapped.iy[i];
    if (ix < 0) continue;
    const float w = e.weight(ix, iy);
    row.weight[i] = w;
    row.covered[i] = 1;
    if (w > 0) weights.add(w);
    if (const std::uint16_t mask = e.image->mask(ix, iy)) {
      bleeding[i] |= (mask & mask_bit::kBleed) != 0;
      saturated[i] |= (mask & mask_bit::kSatur) != 0;
    }
  }
}

// The rows [y0, y1) of one exposure, at most kBlockRows.
void fill_rows(const Exposure& e, int y0, int y1, Scratch& s, std::array<ExposureRow, kBlockRows>& rows,
               WeightHistogram& weights, BandComparison& out) {
  const Box& box = e.mapping.box();
  for (int k = 0; k < y1 - y0; ++k) {
    ExposureRow& row = rows[k];
    row.covers = y0 + k >= box.y0 && y0 + k < box.y1 && e.mapping.map_row(y0 + k, s.mapped[k]);
    if (!row.covers) continue;
    const auto n = static_cast<std::size_t>(box.width());
    row.value.assign(n, 0);
    row.weight.assign(n, 0);
    row.covered.assign(n, 0);
  }
  for (int begin = 0; begin < box.width(); begin += kPieceColumns)
    for (int k = 0; k < y1 - y0; ++k)
      if (rows[k].covers)
        fill_piece(e, s.mapped[k], begin, std::min(begin + kPieceColumns, box.width()), rows[k], weights,
                   out);
}

// The exposure's significance against the others, and from it the classes and candidates of the row. `own`:
// the weight with which it is part of the sums.
void compare_row(const ExposureRow& row, const std::vector<float>& own, int x0, int y, const RowSums& sums,
                 const OutlierOptions& options, Scratch& scratch, std::uint8_t* classes,
                 std::vector<Candidate>& candidates) {
  constexpr float kNoWeight = 1e-16f;
  const int n = static_cast<int>(row.value.size());
  const float* value = row.value.data();
  const float* weight = row.weight.data();
  const float* own_weight = own.data();
  const float* sum = sums.image.data() + x0;
  const float* sum_weight = sums.weight.data() + x0;
  float* significance = scratch.significance.data();
  float* others = scratch.others.data();
  const float first = options.first_growth_level, second = options.second_growth_level;
  for (int i = 0; i < n; ++i) {
    const float ow = sum_weight[i] - own_weight[i];
    others[i] = (sum[i] - value[i] * own_weight[i]) / std::max(ow, kNoWeight);
    significance[i] = (value[i] - others[i]) / std::sqrt(1 / weight[i] + 1 / ow);
  }
  for (int i = 0; i < n; ++i) {
    const float s = significance[i];
    classes[i] = static_cast<std::uint8_t>((s > first ? kAboveFirst : 0) | (s > second ? kAboveSecond : 0) |
                                           (s < -first ? kBelowFirst : 0) | (s < -second ? kBelowSecond : 0));
  }
  for (int i = 0; i < n; ++i) {
    if (!classes[i]) continue;
    const float s = std::abs(significance[i]);
    if (!(s > options.significance) || !(sum_weight[i] - own_weight[i] > kNoWeight) || !(weight[i] > 0))
      continue;
    // Beside any noise the excess is at most what it is beside the others' mean alone.
    const float excess = std::abs((value[i] - others[i]) / std::max(others[i], 0.f));
    if (excess > options.relative_excess) candidates.push_back({x0 + i, y, value[i], others[i]});
  }
}

// The weight that the exposure still has in the sums, where clipping takes it out only once.
void remaining_weight(const ExposureRow& row, int x0, const RowSums& sums, int images_to_clip,
                      std::vector<float>& remaining) {
  remaining = row.weight;
  for (std::size_t i = 0; i < row.value.size(); ++i) {
    const std::size_t x = x0 + i;
    const bool clipped = row.value[i] == sums.least[x] || row.value[i] == sums.greatest[x];
    if (sums.images[x] >= images_to_clip && clipped) remaining[i] = 0;
  }
}

}  // namespace

float Exposure::noise() const {
  std::vector<float> weights;
  for_each_mapped_pixel(mapping, [&](int, int, int ix, int iy) {
    if (const float w = weight(ix, iy); w > 0) weights.push_back(w);
  });
  if (weights.empty()) return 0;
  const auto middle = weights.begin() + static_cast<std::ptrdiff_t>(weights.size() / 2);
  std::nth_element(weights.begin(), middle, weights.end());
  const float lower = weights.size() % 2 ? *middle : *std::max_element(weights.begin(), middle);
  return 1 / std::sqrt((lower + *middle) / 2);
}

std::vector<Exposure> prepare_exposures(std::span<const CcdImage* const> images, const Wcs& brick,
                                        const OutlierOptions& options, const ExposurePixels& pixels) {
  double worst = 0;
  for (const CcdImage* image : images) worst = std::max(worst, image->psf_sigma());
  const double common = worst + options.extra_sigma;
  std::vector<Exposure> out(images.size());
  tbb::parallel_for(std::size_t{0}, images.size(), [&](std::size_t i) {
    Exposure& e = out[i];
    e.image = images[i];
    e.mapping = PixelMapping(brick, images[i]->wcs);
    e.blur_sigma = std::sqrt(common * common - images[i]->psf_sigma() * images[i]->psf_sigma());
    const double norm = 1 / (2 * std::sqrt(std::numbers::pi) * e.blur_sigma);
    e.blur_norm2 = static_cast<float>(norm * norm);
    if (e.mapping.empty()) return;
    const Image<float> data = pixels.data ? pixels.data(i) : Image<float>();
    e.smoothed =
        gaussian_filter(pixels.data ? data.const_view() : images[i]->data.const_view(), e.blur_sigma);
    if (pixels.file) e.smoothed = pixels.file->keep(e.smoothed);
  });
  return out;
}

BandComparison compare_exposures(std::span<const Exposure> exposures, const Wcs& brick,
                                 const OutlierOptions& options) {
  const int width = brick.width(), height = brick.height();
  BandComparison out;
  out.exposures.resize(exposures.size());
  out.bleeding = Image<std::uint8_t>(width, height);
  out.saturated = Image<std::uint8_t>(width, height);
  for (std::size_t i = 0; i < exposures.size(); ++i) {
    const Box& box = out.exposures[i].box = exposures[i].mapping.box();
    out.exposures[i].classes = Image<std::uint8_t>(box.width(), box.height());
  }
  const bool clipping = static_cast<int>(exposures.size()) >= options.images_to_clip;

  struct Found {
    std::size_t exposure;
    std::vector<Candidate> candidates;
  };
  std::vector<std::vector<Found>> found(static_cast<std::size_t>(height));
  tbb::enumerable_thread_specific<Scratch> scratches(width, exposures.size());
  const auto compare_one_row = [&](Scratch& s, int y, int k) {
    s.sums.clear();
    for (std::size_t i = 0; i < exposures.size(); ++i) {
      const ExposureRow& row = s.rows[i][k];
      if (!row.covers) continue;
      s.sums.add(row, out.exposures[i].box.x0);
      if (clipping) s.sums.add_extremes(row, out.exposures[i].box.x0);
    }
    if (clipping) s.sums.clip(options.images_to_clip);
    for (std::size_t i = 0; i < exposures.size(); ++i) {
      const ExposureRow& row = s.rows[i][k];
      if (!row.covers) continue;
      Comparison& c = out.exposures[i];
      std::vector<Candidate> candidates;
      const std::vector<float>* own = &row.weight;
      if (clipping && !options.subtract_clipped_again) {
        remaining_weight(row, c.box.x0, s.sums, options.images_to_clip, s.remaining);
        own = &s.remaining;
      }
      compare_row(row, *own, c.box.x0, y, s.sums, options, s, c.classes.row(y - c.box.y0), candidates);
      if (!candidates.empty()) found[static_cast<std::size_t>(y)].push_back({i, std::move(candidates)});
    }
  };
  tbb::parallel_for(0, (height + kBlockRows - 1) / kBlockRows, [&](int block) {
    Scratch& s = scratches.local();
    const int y0 = block * kBlockRows, y1 = std::min(y0 + kBlockRows, height);
    for (std::size_t i = 0; i < exposures.size(); ++i)
      fill_rows(exposures[i], y0, y1, s, s.rows[i], s.weights[i], out);
    for (int y = y0; y < y1; ++y) compare_one_row(s, y, y - y0);
  });
  for (const std::vector<Found>& row : found)
    for (const Found& f : row) {
      auto& all = out.exposures[f.exposure].candidates;
      all.insert(all.end(), f.candidates.begin(), f.candidates.end());
    }
  for (std::size_t i = 0; i < exposures.size(); ++i) {
    WeightHistogram weights;
    for (const Scratch& s : scratches) weights.add(s.weights[i]);
    std::tie(out.exposures[i].noise_low, out.exposures[i].noise_high) = weights.noise();
  }
  return out;
}

}  // namespace brickline::detect_detail
