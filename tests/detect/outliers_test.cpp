// Which pixels of synthetic stacks are outliers, as the reference pipeline has them, and what is done to
// them.
#include "core/detect/outliers.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <fstream>
#include <map>
#include <sstream>
#include <vector>

#include "core/base/error.h"
#include "core/detect/growing_mask.h"
#include "core/detect/morphology.h"
#include "core/facts/mask_bits.h"

namespace brickline {
namespace {

constexpr int kSize = 60;
constexpr double kPixel = 0.262 / 3600;

// Exposure k of one star under a seeing of 1.5 + 0.1 k pixels; 0 has a saturated patch and a bleed trail, 1 a
// dark disc, 2 a bright trail.
CcdImage exposure(int k) {
  CcdImage image;
  image.wcs = Wcs::tangent(150, 2, 29.5, 29.5, {-kPixel, 0, 0, kPixel}, kSize, kSize);
  image.extent = Box::from_size(kSize, kSize);
  const double sigma = 1.5 + 0.1 * k;
  image.psf_fwhm = sigma * 2.35;
  image.data = Image<float>(kSize, kSize);
  image.inverse_error = Image<float>(kSize, kSize, 100.0f);
  image.mask = Image<std::uint16_t>(kSize, kSize);
  for (int y = 0; y < kSize; ++y)
    for (int x = 0; x < kSize; ++x) {
      double v = 50 / (2 * M_PI * sigma * sigma) *
                 std::exp(-((x - 20) * (x - 20) + (y - 40) * (y - 40)) / (2 * sigma * sigma));
      if (k == 1 && (x - 45) * (x - 45) + (y - 15) * (y - 15) <= 16) v -= 0.3;
      if (k == 2 && std::abs(y - (0.5 * x + 10)) < 1.5) v += 0.5;
      image.data(x, y) = static_cast<float>(v);
      const auto mask_if = [&](bool inside, std::uint16_t bit) {
        if (k != 0 || !inside) return;
        image.mask(x, y) = bit;
        image.inverse_error(x, y) = 0;
      };
      mask_if(y >= 5 && y <= 7 && x >= 50 && x <= 52, mask_bit::kSatur);
      mask_if(y == 50 && x >= 10 && x <= 29, mask_bit::kBleed);
    }
  return image;
}

struct Stack {
  explicit Stack(int n) {
    for (int k = 0; k < n; ++k) images.push_back(exposure(k));
    for (const CcdImage& image : images) pointers.push_back(&image);
  }
  BandOutliers find(const OutlierOptions& options = {}) const {
    return find_band_outliers(pointers, images[0].wcs, no_stars.const_view(), options);
  }
  std::vector<CcdImage> images;
  std::vector<const CcdImage*> pointers;
  Image<std::uint8_t> no_stars{kSize, kSize};
};

struct Masked {
  std::int64_t positive = 0, negative = 0, sum_x = 0, sum_y = 0;
  friend bool operator==(const Masked&, const Masked&) = default;
  friend void PrintTo(const Masked& m, std::ostream* out) {
    *out << m.positive << " positive, " << m.negative << " negative, sums " << m.sum_x << " " << m.sum_y;
  }
};

Masked masked(const Image<std::uint8_t>& mask) {
  Masked m;
  for (int y = 0; y < mask.height(); ++y)
    for (int x = 0; x < mask.width(); ++x) {
      if (!mask(x, y)) continue;
      ++(mask(x, y) == kOutlierPositive ? m.positive : m.negative);
      m.sum_x += x;
      m.sum_y += y;
    }
  return m;
}

struct Figure {
  Masked masked;
  int more = 0;
};
std::map<int, std::map<int, Figure>> reference_figures() {
  std::map<int, std::map<int, Figure>> out;
  std::ifstream file(std::string(BRICKLINE_SOURCE_DIR) + "/tests/detect/synthetic_outliers.txt");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with('#')) continue;
    std::istringstream text(line);
    int n = 0, image = 0;
    char sign = 0;
    std::int64_t count = 0;
    Figure f;
    text >> n >> image >> sign >> count >> f.more >> f.masked.sum_x >> f.masked.sum_y;
    (sign == '+' ? f.masked.positive : f.masked.negative) = count;
    out[n][image] = f;
  }
  return out;
}

class OutliersOfStacks : public testing::TestWithParam<int> {};

TEST_P(OutliersOfStacks, AreThoseOfTheReference) {
  const int n = GetParam();
  auto figures = reference_figures();
  ASSERT_FALSE(figures[n].empty());
  const BandOutliers found = Stack(n).find();
  ASSERT_EQ(found.images.size(), static_cast<std::size_t>(n));
  for (int k = 0; k < n; ++k) {
    SCOPED_TRACE("image " + std::to_string(k));
    const Masked m = masked(found.images[k].mask);
    const Figure& f = figures[n][k];
    EXPECT_NEAR(m.positive, f.masked.positive, f.more);
    EXPECT_NEAR(m.negative, f.masked.negative, f.more);
    EXPECT_NEAR(m.sum_x, f.masked.sum_x, f.more * kSize);
    EXPECT_NEAR(m.sum_y, f.masked.sum_y, f.more * kSize);
    EXPECT_EQ(found.images[k].positive, m.positive);
    EXPECT_EQ(found.images[k].negative, m.negative);
  }
}
INSTANTIATE_TEST_SUITE_P(, OutliersOfStacks, testing::Values(2, 3, 4, 5, 6, 8));

TEST(Outliers, AreNotFoundInASingleExposure) {
  for (const ImageOutliers& image : Stack(1).find().images) EXPECT_EQ(masked(image.mask), Masked{});
}

TEST(Outliers, AreAsManyWhereTheMeanLosesAClippedExposureOnce) {
  OutlierOptions once;
  once.subtract_clipped_again = false;
  const BandOutliers found = Stack(8).find(once);
  // The artefacts are masked all the same, the innocent images are not.
  for (int k = 0; k < 8; ++k) EXPECT_EQ(found.images[k].positive > 0, k == 2) << k;
  for (int k = 0; k < 8; ++k) EXPECT_EQ(found.images[k].negative > 0, k == 1) << k;
  // Without the others' weight being taken off twice an artefact is less significant.
  EXPECT_LT(found.images[2].positive, Stack(8).find().images[2].positive);
}

TEST(Outliers, AreNotFoundWhereAStarIs) {
  // The dark disc of image 1, covered by stars two pixels apart.
  std::vector<std::array<double, 2>> stars;
  for (int y = 0; y < 36; y += 2)
    for (int x = 25; x < 60; x += 2) stars.push_back({double(x), double(y)});
  Stack stack(8);
  stack.no_stars = star_veto(stars, kSize, kSize, 0.262);
  const BandOutliers found = stack.find();
  EXPECT_EQ(found.images[1].negative, 0);
  EXPECT_GT(found.images[2].positive, 0);  // the trail goes on beyond the stars
}

TEST(StarVeto, CoversTheReferencesDisc) {
  const auto pixels = [](double x, double y) {
    const std::array<double, 2> star{x, y};
    const Image<std::uint8_t> veto = star_veto({&star, 1}, kSize, kSize, 0.262);
    std::int64_t n = 0;
    for (int iy = 0; iy < kSize; ++iy)
      for (int ix = 0; ix < kSize; ++ix) n += veto(ix, iy);
    return n;
  };
  // Those with dx^2 + dy^2 < 1/0.262 = 3.82.
  EXPECT_EQ(pixels(30, 30), 9);
  EXPECT_EQ(pixels(30.5, 30.5), 12);
  EXPECT_EQ(pixels(0, 0), 4);
  EXPECT_EQ(pixels(-1, 30), 3);
  EXPECT_EQ(pixels(-20, 30), 0);
  EXPECT_EQ(pixels(NAN, 30), 0);
}

TEST(OutlierMask, TakesWeightsAndMarksPixels) {
  CcdImage image = exposure(0);
  Image<std::uint8_t> mask(kSize, kSize);
  mask(3, 4) = kOutlierPositive;
  mask(5, 4) = kOutlierNegative;
  mask(51, 6) = kOutlierPositive;  // saturated already
  const float before = image.data(3, 4);
  EXPECT_EQ(apply_outlier_mask(image, mask.const_view()), 3);
  EXPECT_EQ(image.inverse_error(3, 4), 0);
  EXPECT_EQ(image.inverse_error(5, 4), 0);
  EXPECT_EQ(image.inverse_error(4, 4), 100);
  EXPECT_EQ(image.mask(3, 4), mask_bit::kOutlier);
  EXPECT_EQ(image.mask(51, 6), mask_bit::kOutlier | mask_bit::kSatur);
  EXPECT_EQ(image.mask(4, 4), 0);
  EXPECT_EQ(image.data(3, 4), before);
  EXPECT_THROW(apply_outlier_mask(image, Image<std::uint8_t>(3, 3).const_view()), Error);
}

TEST(PatchFromCoadd, FillsMaskedPixelsOnly) {
  CcdImage image = exposure(0);
  const Image<float> before = image.data;
  Image<float> coadd(kSize, kSize, 7.0f);
  const PixelPatch patch = patch_from_coadd(image, image.wcs, coadd.const_view());
  EXPECT_EQ(patch.pixels.size(), 9u + 20u);
  apply_patch(patch, image.data);
  EXPECT_EQ(image.data(50, 5), 7);
  EXPECT_EQ(image.data(29, 50), 7);
  EXPECT_EQ(image.data(30, 50), before(30, 50));
  EXPECT_EQ(image.inverse_error(50, 5), 0);
  EXPECT_EQ(image.mask(50, 5), mask_bit::kSatur);
  // A brick that ends before the saturated pixels.
  const CcdImage other = exposure(0);
  const PixelPatch part =
      patch_from_coadd(other, image.wcs.sub_image({0, 50, 0, 60}), coadd.const_view().crop({0, 50, 0, 60}));
  EXPECT_EQ(part.pixels.size(), 20u);
  // What has the coadd's value already needs none.
  EXPECT_TRUE(patch_from_coadd(image, image.wcs, coadd.const_view()).pixels.empty());
}

TEST(MaskedPixels, AreTheMeansOfTheImagesThatMaskThem) {
  Stack stack(3);
  stack.images[0].data(10, 12) = 3;
  stack.images[2].data(10, 12) = 5;
  stack.images[1].data(33, 2) = -4;
  std::vector<Image<std::uint8_t>> masks(3, Image<std::uint8_t>(kSize, kSize));
  masks[0](10, 12) = masks[2](10, 12) = kOutlierPositive;
  masks[1](33, 2) = kOutlierNegative;
  MaskedPixelsMean mean(stack.images[0].wcs);
  for (std::size_t i = 0; i < masks.size(); ++i) mean.add(stack.images[i], masks[i].const_view());
  const MaskedPixels seen = std::move(mean).finish();
  EXPECT_FLOAT_EQ(seen.positive(10, 12), 4);
  EXPECT_FLOAT_EQ(seen.negative(33, 2), -4);
  double sum = 0;
  for (int y = 0; y < kSize; ++y)
    for (int x = 0; x < kSize; ++x) sum += std::abs(seen.positive(x, y)) + std::abs(seen.negative(x, y));
  EXPECT_FLOAT_EQ(sum, 8);
}

TEST(GrowingMask, GrowsAsDilation) {
  Image<std::uint8_t> seeds(kSize, kSize);
  detect_detail::GrowingMask mask(kSize, kSize);
  for (const auto& [x, y] : {std::pair{0, 0}, {59, 20}, {30, 30}, {33, 31}, {30, 41}}) {
    seeds(x, y) = 1;
    mask.set(x, y);
  }
  int total = 0;
  for (int n : {1, 5, 3}) {
    mask.dilate(n);
    total += n;
    const Image<std::uint8_t> expected = dilate(seeds.const_view(), total);
    for (int y = 0; y < kSize; ++y)
      for (int x = 0; x < kSize; ++x) ASSERT_EQ(mask.image()(x, y), expected(x, y)) << x << " " << y;
  }
}

}  // namespace
}  // namespace brickline
