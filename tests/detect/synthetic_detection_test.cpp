// Nine Gaussian sources in three bands, with a dead column and a saturated patch: every map value, peak and
// blob as the reference pipeline has them.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "core/detect/detection.h"
#include "core/detect/morphology.h"

namespace brickline {
namespace {

constexpr int kWidth = 100, kHeight = 80;
constexpr double kPixel = 0.262 / 3600;

struct Sky {
  std::vector<std::string> bands{"g", "r", "z"};
  Wcs brick = Wcs::tangent(150, 2, 49.5, 39.5, {-kPixel, 0, 0, kPixel}, kWidth, kHeight);
  std::vector<CcdImage> images;

  Sky() {
    struct Star {
      double x, y, flux;
    };
    const Star stars[] = {{30, 40, 2},  {39, 40, .5},  {70, 20, .3}, {5, 5, .5},  {85, 65, 1},
                          {92, 65, .9}, {40, 70, .25}, {15, 62, .6}, {21, 62, .5}};
    const double sigma[] = {2.5, 2.0, 1.8}, colour[] = {0.4, 1, 2.5};
    for (int b = 0; b < 3; ++b) {
      CcdImage image;
      image.band = bands[b];
      image.wcs = brick;
      image.psf_fwhm = sigma[b] * 2.35;
      image.sig1 = 0.01;
      image.data = Image<float>(kWidth, kHeight);
      image.inverse_error = Image<float>(kWidth, kHeight, 100.0F);
      image.mask = Image<std::uint16_t>(kWidth, kHeight);
      for (int y = 0; y < kHeight; ++y)
        for (int x = 0; x < kWidth; ++x) {
          double v = 0;
          for (const Star& s : stars)
            v += s.flux * colour[b] / (2 * M_PI * sigma[b] * sigma[b]) *
                 std::exp(-((x - s.x) * (x - s.x) + (y - s.y) * (y - s.y)) / (2 * sigma[b] * sigma[b]));
          image.data(x, y) = static_cast<float>(v);
        }
      for (int y = 0; y < kHeight; ++y) image.inverse_error(60, y) = 0;
      if (b == 1)
        for (int y = 38; y <= 42; ++y)
          for (int x = 29; x <= 31; ++x) {
            image.inverse_error(x, y) = 0;
            image.mask(x, y) = 2;
          }
      images.push_back(std::move(image));
    }
  }

  std::vector<BandMaps> maps(int apodize) const {
    return detection_maps(detection_images(images, bands), brick, 3, {.apodize_pixels = apodize});
  }
  Detection detect(int apodize) const {
    DetectionOptions options;
    options.maps.apodize_pixels = apodize;
    DetectionPrior prior;
    prior.avoid.push_back({70, 20, 4});
    return detect_sources(images, brick, bands, prior, options);
  }
};

TEST(DetectionMaps, FluxAndVarianceOfEveryBand) {
  const std::vector<BandMaps> maps = Sky().maps(0);
  struct Row {
    int x, y;
    double d[3], v[3];
  };
  const Row rows[] = {{30, 40, {0.8078686, 0.662559, 5.002639}, {127.324, 111.8733, 245.6095}},
                      {37, 40, {0.2831255, 0.4765031, 1.032048}, {127.324, 198.5144, 245.6095}},
                      {70, 20, {0.1200057, 0.3000106, 0.7500368}, {127.3171, 198.9437, 245.6095}},
                      {5, 5, {0.2012628, 0.5002334, 1.250148}, {127.324, 198.9437, 245.6095}}};
  for (const Row& r : rows)
    for (int b = 0; b < 3; ++b) {
      EXPECT_NEAR(maps[b].flux(r.x, r.y), r.d[b], 1e-5 * std::abs(r.d[b])) << r.x << ',' << r.y << ' ' << b;
      EXPECT_NEAR(maps[b].inverse_variance(r.x, r.y), r.v[b], 1e-5 * r.v[b]) << r.x << ',' << r.y << ' ' << b;
    }
  const double dead[] = {107.0055, 159.2595, 191.1726}, beside[] = {112.5697, 174.874, 216.2458};
  for (int b = 0; b < 3; ++b) {
    EXPECT_NEAR(maps[b].inverse_variance(60, 10), dead[b], 1e-5 * dead[b]);
    EXPECT_NEAR(maps[b].inverse_variance(58, 10), beside[b], 1e-5 * beside[b]);
  }
  int saturated = 0;
  for (int y = 0; y < kHeight; ++y)
    for (int x = 0; x < kWidth; ++x) saturated += maps[1].saturated(x, y);
  EXPECT_EQ(saturated, 15);
}

TEST(DetectionMaps, ApodizationLowersTheWeightAtTheEdges) {
  const std::vector<BandMaps> plain = Sky().maps(0), ramped = Sky().maps(10);
  struct Row {
    int x, y;
    double v[3];
  };
  const Row rows[] = {{5, 5, {47.4028, 74.06687, 91.44058}},
                      {0, 0, {0.07889025, 0.123266, 0.1521803}},
                      {4, 40, {49.6354, 77.55531, 95.7473}}};
  for (const Row& r : rows)
    for (int b = 0; b < 3; ++b) {
      EXPECT_NEAR(ramped[b].inverse_variance(r.x, r.y), r.v[b], 2e-5 * r.v[b])
          << r.x << ',' << r.y << ' ' << b;
      EXPECT_NEAR(ramped[b].flux(r.x, r.y), plain[b].flux(r.x, r.y),
                  1e-5 * std::abs(plain[b].flux(r.x, r.y)));
    }
}

TEST(DetectionMaps, NonFinitePixelsCountAsMasked) {
  Sky sky, dead;
  for (int y = 10; y < 20; ++y) {
    sky.images[0].data(50, y) = std::nanf("");
    sky.images[0].inverse_error(51, y) = INFINITY;
    dead.images[0].inverse_error(50, y) = dead.images[0].inverse_error(51, y) = 0;
  }
  const std::vector<BandMaps> a = sky.maps(10), b = dead.maps(10);
  for (int y = 0; y < kHeight; ++y)
    for (int x = 0; x < kWidth; ++x) {
      ASSERT_EQ(a[0].flux(x, y), b[0].flux(x, y));
      ASSERT_EQ(a[0].inverse_variance(x, y), b[0].inverse_variance(x, y));
    }
}

TEST(DetectionMaps, SaturatedImagesAreCountedWhenAskedTo) {
  Sky sky;
  sky.images.push_back(sky.images[1]);  // a second r image, saturated in one row only
  for (int y = 39; y <= 42; ++y)
    for (int x = 29; x <= 31; ++x) sky.images[3].mask(x, y) = 0;
  auto count = [&](int needed) {
    const auto maps =
        detection_maps(detection_images(sky.images, sky.bands), sky.brick, 3, {.saturated_images = needed});
    int n = 0;
    for (int y = 0; y < kHeight; ++y)
      for (int x = 0; x < kWidth; ++x) n += maps[1].saturated(x, y);
    return n;
  };
  EXPECT_EQ(count(0), 15);
  EXPECT_EQ(count(1), 15);
  EXPECT_EQ(count(2), 3);
  EXPECT_EQ(count(3), 3);  // all that cover the pixel
}

struct ExpectedSource {
  int x, y;
  double sn;
};
struct ExpectedBlob {
  Box box;
  int pixels;
  std::vector<int> sources;
};

void expect_sources(const Detection& found, const std::vector<ExpectedSource>& expected) {
  ASSERT_EQ(found.sources.size(), expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) {
    EXPECT_EQ(found.sources[i].ix, expected[i].x);
    EXPECT_EQ(found.sources[i].iy, expected[i].y);
    EXPECT_NEAR(found.sources[i].peak_sn, expected[i].sn, 1e-5 * expected[i].sn);
    EXPECT_EQ(found.sources[i].sed, "z");
  }
}
void expect_counts(const PeakCounts& c, int candidates, int vetoed, int saddle, int kept, int hot) {
  EXPECT_EQ(c.candidates, candidates);
  EXPECT_EQ(c.vetoed, vetoed);
  EXPECT_EQ(c.below_saddle, saddle);
  EXPECT_EQ(c.kept, kept);
  EXPECT_EQ(c.hot_pixels, hot);
}
void expect_blobs(const Detection& found, const std::vector<ExpectedBlob>& expected) {
  ASSERT_EQ(found.blobs.blobs.size(), expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) {
    EXPECT_EQ(found.blobs.blobs[i].box, expected[i].box) << i;
    EXPECT_EQ(found.blobs.blobs[i].pixels, expected[i].pixels) << i;
    EXPECT_EQ(found.blobs.blobs[i].sources, expected[i].sources) << i;
    int labelled = 0;
    for (int y = 0; y < kHeight; ++y)
      for (int x = 0; x < kWidth; ++x) labelled += found.blobs.labels(x, y) == static_cast<int>(i);
    EXPECT_EQ(labelled, expected[i].pixels);
    for (const int s : expected[i].sources) EXPECT_EQ(found.sources[s].blob, static_cast<int>(i));
  }
}

TEST(DetectSources, PeaksAndBlobsWithoutApodization) {
  const Detection found = Sky().detect(0);
  expect_sources(found, {{30, 40, 78.401},
                         {85, 65, 39.9854},
                         {92, 65, 36.1565},
                         {15, 62, 24.727},
                         {39, 40, 19.741},
                         {5, 5, 19.5922},
                         {40, 70, 9.79544}});
  ASSERT_EQ(found.seds.size(), 5U);
  EXPECT_EQ(found.seds[0].name, "z");
  EXPECT_EQ(found.seds[2].name, "g");
  EXPECT_EQ(found.seds[4].name, "Red");
  expect_counts(found.counts[0], 9, 1, 1, 7, 2476);
  expect_counts(found.counts[1], 7, 7, 0, 0, 1472);
  expect_counts(found.counts[2], 1, 1, 0, 0, 309);
  expect_counts(found.counts[3], 9, 8, 1, 0, 2528);
  expect_counts(found.counts[4], 9, 8, 1, 0, 2547);
  expect_blobs(found, {{{0, 18, 0, 18}, 234, {5}},
                       {{3, 52, 27, 75}, 1190, {0, 3, 4}},
                       {{72, 100, 52, 79}, 566, {1, 2}},
                       {{30, 51, 60, 80}, 258, {6}}});
}

TEST(DetectSources, PeaksAndBlobsWithApodization) {
  const Detection found = Sky().detect(10);
  expect_sources(found, {{30, 40, 78.401},
                         {85, 65, 39.9854},
                         {15, 62, 24.727},
                         {39, 40, 19.741},
                         {6, 6, 13.1048},
                         {40, 70, 9.67276}});
  expect_counts(found.counts[0], 9, 1, 2, 6, 2446);
  expect_counts(found.counts[1], 6, 5, 1, 0, 1303);
  expect_counts(found.counts[2], 1, 1, 0, 0, 309);
  expect_counts(found.counts[3], 9, 7, 2, 0, 2510);
  expect_counts(found.counts[4], 9, 7, 2, 0, 2525);
  expect_blobs(found, {{{0, 17, 0, 17}, 214, {4}},
                       {{3, 52, 27, 75}, 1190, {0, 2, 3}},
                       {{72, 100, 52, 79}, 564, {1}},
                       {{30, 51, 60, 80}, 258, {5}}});
}

TEST(DetectSources, ASourceStartsWithTheMapsFluxesAtItsPixel) {
  const Sky sky;
  const Detection found = sky.detect(0);
  const std::vector<BandMaps> maps = sky.maps(0);
  const DetectedSource& s = found.sources[0];
  ASSERT_EQ(s.model.flux.size(), 3U);
  for (int b = 0; b < 3; ++b) EXPECT_EQ(s.model.flux[b], maps[b].flux(30, 40));
  const auto pixel = sky.brick.sky_to_pixel(s.model.ra, s.model.dec);
  ASSERT_TRUE(pixel);
  EXPECT_NEAR(pixel->x, 30, 1e-6);
  EXPECT_NEAR(pixel->y, 40, 1e-6);
  EXPECT_TRUE(s.needs_initial_flux);  // in the saturated patch
  EXPECT_FALSE(found.sources[1].needs_initial_flux);
}

TEST(DetectSources, ReferenceSourcesFollowAndOutsideOnesJoinTheBorder) {
  const Sky sky;
  DetectionPrior prior;
  prior.avoid.push_back({5, 5, 4});
  DetectedSource star;
  star.ix = -7;
  star.iy = 5;
  star.reference_row = 12;
  prior.references.push_back(star);
  const Detection found = detect_sources(sky.images, sky.brick, sky.bands, prior, {});
  ASSERT_FALSE(found.sources.empty());
  EXPECT_EQ(found.sources.back().reference_row, 12);
  EXPECT_EQ(found.sources.back().blob, found.blobs.labels(0, 5));
  EXPECT_GE(found.sources.back().blob, 0);
}

TEST(DetectSources, BrightPixelsAreAllHotOnesWithOrWithoutASource) {
  const Sky sky;
  const Detection found = sky.detect(10);
  const Image<std::uint8_t> hot = hot_pixels(sky.maps(10), found.seds);
  int bright = 0;
  for (int y = 0; y < kHeight; ++y)
    for (int x = 0; x < kWidth; ++x) {
      ASSERT_EQ(found.bright(x, y) != 0, hot(x, y) != 0);
      if (found.blobs.labels(x, y) >= 0) {
        ASSERT_TRUE(found.bright(x, y));
      }
      bright += hot(x, y);
    }
  EXPECT_GE(bright, 2527);
}

TEST(DetectSources, NothingAtAllIsAnEmptyList) {
  Sky sky;
  for (CcdImage& image : sky.images) image.inverse_error.fill(0);
  const Detection found = sky.detect(10);
  EXPECT_TRUE(found.sources.empty());
  EXPECT_TRUE(found.blobs.blobs.empty());
  EXPECT_EQ(found.blobs.labels(0, 0), -1);
}

TEST(DetectionSeds, BandsNobodyHasHeardOfAreFlat) {
  const std::vector<std::string> bands{"g", "Q7", "Y"};
  const std::vector<Sed> seds = detection_seds(bands);
  ASSERT_EQ(seds.size(), 4U);  // Y, Q7, g, Flat
  EXPECT_EQ(seds[0].name, "Y");
  EXPECT_EQ(seds[3].name, "Flat");
  EXPECT_EQ(seds[3].factor, (std::vector<double>{1, 1, 0}));
  EXPECT_EQ(detection_seds(std::vector<std::string>{"r"}).size(), 1U);
}

TEST(DetectionSeds, AreTheReferencesForTheSurveysBands) {
  const auto named = [](const std::vector<std::string>& bands) {
    std::string out;
    for (const Sed& sed : detection_seds(bands)) {
      out += sed.name;
      for (const double f : sed.factor) out += fmt::format(" {}", f);
      out += "; ";
    }
    return out;
  };
  EXPECT_EQ(named({"g", "r", "z"}), "z 0 0 1; r 0 1 0; g 1 0 0; Flat 1 1 1; Red 2.5 1 0.4; ");
  EXPECT_EQ(named({"i", "u"}), "u 0 1; i 1 0; ");
  EXPECT_EQ(named({"M411", "M517"}), "M517 0 1; M411 1 0; IBISFlat 1 1; ");
}

TEST(DetectionSeds, FollowWhatACameraSaysOfItsBands) {
  std::map<std::string, BandFacts> facts;
  for (const char* band : {"g", "NB_Q", "NB_R"}) facts[band] = standard_band_facts(band);
  facts["NB_Q"].seds = {{"LineEmitter", 0.5}, {"Red", 3}};
  facts["NB_R"].seds = std::map<std::string, double>{};  // by itself
  facts["g"] = merged(facts["g"], {.name = "g", .seds = {{{"LineEmitter", 4}, {"Flat", 1}}}});
  const std::vector<Sed> seds = detection_seds(std::vector<std::string>{"g", "NB_Q", "NB_R"}, facts);
  ASSERT_EQ(seds.size(), 4U);
  EXPECT_EQ(seds[1].name, "NB_Q");
  EXPECT_EQ(seds[3].name, "LineEmitter");
  EXPECT_EQ(seds[3].factor, (std::vector<double>{4, 0.5, 0}));
}

TEST(MergeHotSaturated, JoinsRunsOfAColumnUnlessAnotherRunOutweighs) {
  auto column = [](std::vector<int> hot_rows, std::vector<int> saturated_rows) {
    Image<std::uint8_t> hot(1, 14);
    std::vector<Image<std::uint8_t>> saturated;
    saturated.emplace_back(1, 14);
    for (const int y : hot_rows) hot(0, y) = 1;
    for (const int y : saturated_rows) saturated[0](0, y) = 1;
    merge_hot_saturated(hot, saturated);
    std::string s;
    for (int y = 0; y < 14; ++y) s += hot(0, y) ? '#' : '.';
    return s;
  };
  EXPECT_EQ(column({1, 2, 6, 7}, {3, 4, 5}), ".#######......");
  EXPECT_EQ(column({1, 2, 6, 7}, {3, 4, 5, 12}), ".##...##......");
  EXPECT_EQ(column({1, 2, 6, 7}, {3, 4}), ".##...##......");
}

TEST(KeepBlobs, RenumbersInTheOrderAskedFor) {
  Detection found = Sky().detect(0);
  keep_blobs(found.blobs, found.sources, {2, 0});
  ASSERT_EQ(found.blobs.blobs.size(), 2U);
  EXPECT_EQ(found.blobs.blobs[0].sources, (std::vector<int>{1, 2}));
  EXPECT_EQ(found.sources[1].blob, 0);
  EXPECT_EQ(found.sources[5].blob, 1);
  EXPECT_EQ(found.sources[0].blob, -1);
  EXPECT_EQ(found.blobs.labels(30, 40), -1);
  EXPECT_EQ(found.blobs.labels(85, 65), 0);
}

}  // namespace
}  // namespace brickline
