#include "core/detect/residual_sky.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "core/detect/morphology.h"
#include "core/detect/parallel_rows.h"
#include "core/resample/lanczos.h"
#include "core/resample/patch.h"
#include "core/resample/pixel_mapping.h"

namespace brickline {
namespace {

struct Pixel {
  float value, weight;
};

bool is_lower(const Pixel& a, const Pixel& b) { return a.value < b.value; }

// The middle value, or the mean of the two middle ones.
double median(std::vector<Pixel>& pixels) {
  const auto middle = pixels.begin() + static_cast<std::ptrdiff_t>(pixels.size() / 2);
  std::nth_element(pixels.begin(), middle, pixels.end(), is_lower);
  if (pixels.size() % 2 == 1) return middle->value;
  return (static_cast<double>(middle->value) + std::max_element(pixels.begin(), middle, is_lower)->value) / 2;
}

// Weighted, of what is within so many sigmas of `centre`.
double mean_near(double centre, double sigmas, const std::vector<Pixel>& pixels) {
  double sum = 0, weights = 0;
  for (const Pixel& p : pixels) {
    const double off = p.value - centre;
    if (off * off * p.weight > sigmas * sigmas) continue;
    sum += off * p.weight;
    weights += p.weight;
  }
  return weights > 0 ? centre + sum / weights : centre;
}

double level_of(std::vector<Pixel>& pixels, double mean_within) {
  const double middle = median(pixels);
  return mean_within > 0 ? mean_near(middle, mean_within, pixels) : middle;
}

void add_image(const CcdImage& image, const Wcs& brick, ImageView<const std::int32_t> blob_labels,
               Image<float>& sum, Image<float>& weight) {
  const PixelMapping mapping(brick, image.wcs);
  if (mapping.empty()) return;
  Image<float> data = image.data;
  patch_masked_pixels(data, image.inverse_error.view());
  const Box& box = mapping.box();
  detect_detail::parallel_row_blocks(box.y0, box.y1, box.width(), [&](int first, int last) {
    PixelMapping::Row row;
    for (int y = first; y < last; ++y) {
      if (!mapping.map_row(y, row)) continue;
      for (int i = 0; i < row.size(); ++i) {
        const int x = row.x0 + i;
        if (row.ix[i] < 0 || blob_labels(x, y) != -1) continue;
        const float e = image.inverse_error(row.ix[i], row.iy[i]);
        if (!(e > 0)) continue;
        sum(x, y) += e * e * lanczos3_at(data.view(), row.ix[i], row.iy[i], row.dx[i], row.dy[i]);
        weight(x, y) += e * e;
      }
    }
  });
}

// 1 within so many pixels of a blob.
class NearBlobs {
 public:
  explicit NearBlobs(ImageView<const std::int32_t> labels) : blobs_(labels.width(), labels.height()) {
    for (int y = 0; y < labels.height(); ++y)
      for (int x = 0; x < labels.width(); ++x) blobs_(x, y) = labels(x, y) != -1;
  }
  const Image<std::uint8_t>& within(int pixels) {
    const auto [at, first] = known_.try_emplace(pixels);
    if (first) at->second = dilate(blobs_.const_view(), pixels);
    return at->second;
  }

 private:
  Image<std::uint8_t> blobs_;
  std::map<int, Image<std::uint8_t>> known_;
};

}  // namespace

std::vector<std::optional<double>> residual_sky(std::span<const CcdImage> images, const Wcs& brick,
                                                std::span<const std::string> bands,
                                                ImageView<const std::int32_t> blob_labels,
                                                const BlankPixels& blank) {
  NearBlobs near(blob_labels);
  std::vector<std::optional<double>> out(bands.size());
  for (std::size_t b = 0; b < bands.size(); ++b) {
    Image<float> sum(brick.width(), brick.height()), weight(brick.width(), brick.height());
    for (const CcdImage& image : images)
      if (image.band == bands[b]) add_image(image, brick, blob_labels, sum, weight);
    std::vector<Pixel> pixels;
    const auto take_beyond = [&](int margin) {
      pixels.clear();
      const Image<std::uint8_t>& taken = near.within(margin);
      for (int y = 0; y < brick.height(); ++y)
        for (int x = 0; x < brick.width(); ++x)
          if (weight(x, y) > 0 && std::isfinite(sum(x, y)) && !taken(x, y))
            pixels.push_back({sum(x, y) / weight(x, y), weight(x, y)});
    };
    const bool found = std::ranges::any_of(blank.margins, [&](const BlankPixels::Margin& margin) {
      take_beyond(margin.pixels);
      return std::ssize(pixels) >= margin.least;
    });
    if (!found) take_beyond(0);
    // Wings, which are all in it without a margin, shift a mean by more than the noise's tail does the median.
    const bool mean = found || blank.margins.empty();
    if (!pixels.empty()) out[b] = level_of(pixels, mean ? blank.mean_within : 0);
  }
  return out;
}

void subtract_residual_sky(std::span<CcdImage> images, std::span<const std::string> bands,
                           std::span<const std::optional<double>> sky) {
  for (CcdImage& image : images) {
    const auto band = std::find(bands.begin(), bands.end(), image.band);
    if (band == bands.end()) continue;
    const std::optional<double>& level = sky[band - bands.begin()];
    if (!level) continue;
    const auto value = static_cast<float>(*level);
    for (int y = 0; y < image.data.height(); ++y)
      for (int x = 0; x < image.data.width(); ++x)
        if (image.inverse_error(x, y) > 0) image.data(x, y) -= value;
  }
}

}  // namespace brickline
