// What the reference pipeline does on its way to a catalog, on its own pixels: who owns which pixels, where
// the first round ends, how chi-squared falls with each model, and what comes out. Its optimizer stops sooner
// than ours, so that what depends on an optimum is compared within a fraction of the errors, and ours may
// only be better.
#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <numeric>

#include "core/blobs/blob_fitter.h"
#include "core/detect/detection.h"
#include "core/survey/bits.h"
#include "tests/support/golden_images.h"

namespace brickline {
namespace {

using enum SourceKind;

struct GoldenRun {
  test::GoldenCase golden;
  SourceList sources;
  FittedCatalog catalog;

  explicit GoldenRun(const char* name, BlobFitOptions options = {}) : golden(test::load_golden(name)) {
    sources = test::golden_sources(golden);
    const Image<std::int32_t> labels = test::golden_blob_map(golden);
    Image<std::uint8_t> hot(labels.width(), labels.height());
    for (int y = 0; y < labels.height(); ++y)
      for (int x = 0; x < labels.width(); ++x) hot(x, y) = labels(x, y) >= 0;
    const BlobMap blobs = make_blobs(hot.view(), sources);
    const Image<std::uint8_t> reference = test::golden_reference_mask(golden);
    BlobFitInput input;
    input.images = golden.images;
    input.brick = golden.brick;
    input.bands = golden.bands;
    input.blobs = &blobs;
    input.sources = &sources;
    input.reference_mask = reference.view();
    input.plan.unique_area = golden.unique_area;
    options.accounts = true;
    catalog = fit_blobs(input, options);
  }
  const BlobAccount& blob(std::int64_t pixels) const {
    for (std::size_t i = 0; i < catalog.blobs.size(); ++i)
      if (catalog.blobs[i].pixels == pixels)
        for (const BlobAccount& a : catalog.accounts)
          if (a.blob == catalog.blobs[i].blob) return a;
    throw std::runtime_error("no such blob");
  }
  const SourceAccount& source(int index) const {
    for (const BlobAccount& a : catalog.accounts)
      for (const SourceAccount& s : a.sources)
        if (s.source == index) return s;
    throw std::runtime_error("no such source");
  }
};

// Pixels of each owner; the first figure is that of no owner.
void expect_segments(const BlobAccount& blob, const std::vector<int>& counts,
                     bool found_in_residuals = false) {
  std::vector<int> ours;
  for (const SourceAccount& s : blob.sources)
    if ((s.source < 0) == found_in_residuals) ours.push_back(s.owned_pixels);
  ASSERT_EQ(ours.size() + 1, counts.size());
  for (std::size_t i = 0; i < ours.size(); ++i)
    EXPECT_NEAR(ours[i], counts[i + 1], 0.02 * counts[i + 1] + 2) << "source " << i;
  const auto area = static_cast<int>(blob.box.area());
  EXPECT_EQ(std::accumulate(counts.begin(), counts.end(), 0), area);
  EXPECT_NEAR(area - std::accumulate(ours.begin(), ours.end(), 0), counts[0], 0.02 * counts[0] + 2);
}

TEST(CheckValues, SegmentsOfTestcase3) {
  BRICKLINE_NEEDS_DATA("golden/testcase3");
  expect_segments(GoldenRun("testcase3").blob(1847), {153, 1472, 375});
}
TEST(CheckValues, SegmentsOfTestcase4SpillOverTheMask) {
  BRICKLINE_NEEDS_DATA("golden/testcase4");
  expect_segments(GoldenRun("testcase4").blob(208), {40, 321});
}
TEST(CheckValues, SegmentsOfTestcase6StopTwentyFivePixelsFromStars) {
  BRICKLINE_NEEDS_DATA("golden/testcase6");
  expect_segments(GoldenRun("testcase6").blob(10000), {5653, 852, 1961, 98, 516, 31, 130, 759});
}
TEST(CheckValues, SegmentsOfMzlsbass2) {
  BRICKLINE_NEEDS_DATA("golden/mzlsbass2");
  expect_segments(GoldenRun("mzlsbass2").blob(3739), {2699, 1332, 349, 1267, 791});
}
TEST(CheckValues, SegmentsOfTestcase9AndOfItsResiduals) {
  BRICKLINE_NEEDS_DATA("golden/testcase9");
  const GoldenRun run("testcase9");
  expect_segments(run.blob(6094), {2749, 256, 279, 349, 5291});
  expect_segments(run.blob(6094), {2830, 1811, 1743, 1339, 471, 730}, true);
}

TEST(CheckValues, FirstRoundOfTestcase3) {
  BRICKLINE_NEEDS_DATA("golden/testcase3");
  const GoldenRun run("testcase3");
  const SourceAccount &a = run.source(0), &b = run.source(1);
  const double bright[] = {7.8231, 21.7350, 41.0991}, faint[] = {0.41563, 1.13386, 2.65698};
  for (int k = 0; k < 3; ++k) {
    EXPECT_NEAR(a.first_round.flux[k], bright[k], 0.002 * bright[k]) << k;
    EXPECT_NEAR(b.first_round.flux[k], faint[k], 0.02 * faint[k]) << k;
  }
  EXPECT_NEAR(a.first_round.ra, 244.7797271, 0.005 / 3600);
  EXPECT_NEAR(a.first_round.dec, 12.07233487, 0.005 / 3600);
}

TEST(CheckValues, FirstRoundOfTheLargeGalaxyOfTestcase9CapsItsRadius) {
  BRICKLINE_NEEDS_DATA("golden/testcase9");
  const GoldenRun run("testcase9");
  for (const BlobAccount& blob : run.catalog.accounts)
    for (const SourceAccount& s : blob.sources) {
      if (s.found.kind != kExp) continue;
      EXPECT_TRUE(s.needed_flux);
      const double flux[] = {151.619, 329.410, 599.980};
      for (int k = 0; k < 3; ++k) EXPECT_NEAR(s.first_round.flux[k], flux[k], 0.01 * flux[k]) << k;
      EXPECT_NEAR(s.first_round.shape.log_re, 0.30223, 0.01);
      EXPECT_NEAR(s.first_round.shape.ee1, 0.05363, 0.01);
      EXPECT_NEAR(s.first_round.shape.ee2, -0.23484, 0.01);
      EXPECT_LT(std::exp(s.last.shape.log_re), 2 * std::exp(s.first_round.shape.log_re));
      return;
    }
  FAIL() << "no galaxy";
}

// dchisq of every model that was tried, in their order; 0: not tried.
struct Path {
  int source;
  std::array<double, kModelKinds> dchisq;
  std::optional<SourceKind> chosen;
};
void expect_path(const GoldenRun& run, const Path& path, double part) {
  const SourceAccount& s = run.source(path.source);
  for (int k = 0; k < kModelKinds; ++k) {
    const bool tried = s.models[k].status == ModelFitStatus::kFitted;
    EXPECT_EQ(tried, path.dchisq[k] != 0) << "source " << path.source << " model " << k;
    if (!tried) continue;
    EXPECT_NEAR(s.models[k].dchisq, path.dchisq[k], 1 + part * path.dchisq[k])
        << "source " << path.source << " model " << k;
  }
  EXPECT_EQ(s.chosen, path.chosen) << path.source;
}

TEST(CheckValues, SelectionInTestcase3) {
  BRICKLINE_NEEDS_DATA("golden/testcase3");
  const GoldenRun run("testcase3");
  expect_path(run, {0, {235248.3, 325848.1, 340357.7, 329712.5, 340374.9}, kDev}, 0.001);
  expect_path(run, {1, {389.02, 385.13, 0, 0, 0}, kPsf}, 0.02);
  const SourceAccount& s = run.source(0);
  const double none[] = {59407.65, 125958.27, 168113.92}, dev[] = {4570.13, 3556.85, 4995.16};
  for (int b = 0; b < 3; ++b) {
    EXPECT_NEAR(s.chi2_none[b], none[b], 1e-3 * none[b]) << b;
    EXPECT_NEAR(s.models[2].chi2[b], dev[b], 0.01 * dev[b]) << b;
  }
}

TEST(CheckValues, SelectionInTestcase4) {
  BRICKLINE_NEEDS_DATA("golden/testcase4");
  const GoldenRun run("testcase4");
  std::map<std::string, int> kinds;
  for (const FittedSource& s : run.catalog.sources) ++kinds[std::string(kind_name(s.model.kind))];
  EXPECT_EQ(kinds, (std::map<std::string, int>{{"PSF", 4}, {"REX", 3}, {"SER", 1}}));
  // A star of S/N 140 that is not known to be one: no galaxy model gains the one per cent.
  for (const FittedSource& s : run.catalog.sources)
    if (std::abs(s.dchisq[0] - 19059.05) < 20) {
      EXPECT_EQ(s.model.kind, kPsf);
      EXPECT_NEAR(s.dchisq[1], 19070.47, 3);
      EXPECT_NEAR(s.dchisq[2], 19072.06, 3);
      EXPECT_NEAR(s.dchisq[3], 19070.99, 3);
      EXPECT_EQ(s.dchisq[4], 0);
      return;
    }
  FAIL() << "the star is missing";
}

TEST(CheckValues, SelectionInTestcase9) {
  BRICKLINE_NEEDS_DATA("golden/testcase9");
  const GoldenRun run("testcase9");
  // Every model was tried but SER, since PSF was best; the second detection is no source.
  for (const FittedSource& s : run.catalog.sources)
    if (std::abs(s.dchisq[0] - 1794.72) < 5) {
      EXPECT_EQ(s.model.kind, kPsf);
      for (int k = 1; k < 4; ++k) EXPECT_NE(s.dchisq[k], 0) << k;
      EXPECT_EQ(s.dchisq[4], 0);
    }
  int dropped = 0;
  for (const SourceAccount& s : run.catalog.accounts[0].sources) dropped += !s.kept;
  EXPECT_EQ(dropped, 1);
}

TEST(CheckValues, BlobsAndTheirPixels) {
  struct Row {
    const char* name;
    std::int64_t pixels, image_pixels;
    int width, height, images;
  };
  for (const Row& row :
       {Row{"testcase3", 1847, 14705, 50, 40, 8}, Row{"testcase4", 414, 397, 25, 26, 1},
        Row{"testcase6", 10000, 49613, 100, 100, 6}, Row{"testcase9", 6094, 18204, 97, 92, 3},
        Row{"mzlsbass2", 3739, 6407, 87, 74, 3}, Row{"mzlsbass2", 1531, 2609, 52, 49, 3},
        Row{"mzlsbass2", 1436, 2259, 45, 58, 3}, Row{"mzlsbass2", 1295, 2256, 43, 43, 3},
        Row{"mzlsbass2", 496, 515, 37, 18, 3}, Row{"mzlsbass2", 417, 717, 24, 27, 3}}) {
    BRICKLINE_NEEDS_DATA(std::string("golden/") + row.name);
    const GoldenRun run(row.name);
    bool found = false;
    for (const BlobReport& r : run.catalog.blobs) {
      if (r.pixels != row.pixels) continue;
      found = true;
      EXPECT_EQ(r.image_pixels, row.image_pixels) << row.name;
      EXPECT_EQ(r.box.width(), row.width) << row.name;
      EXPECT_EQ(r.box.height(), row.height) << row.name;
      EXPECT_EQ(r.images, row.images) << row.name;
    }
    EXPECT_TRUE(found) << row.name << ' ' << row.pixels;
  }
}

TEST(CheckValues, ReferenceStarsWithoutPixelsStayInTestcase6) {
  BRICKLINE_NEEDS_DATA("golden/testcase6");
  const GoldenRun run("testcase6");
  int forced = 0;
  for (const FittedSource& s : run.catalog.sources) {
    if (!s.forced_to_stay) continue;
    ++forced;
    EXPECT_EQ(s.inverse_variance.flux, (std::vector<double>{0, 0, 0}));
    if (s.dchisq[0] == 0) continue;
    // One that the pixels speak against: its fluxes are those it came with.
    EXPECT_NEAR(s.dchisq[0], -210.03, 2);
    EXPECT_EQ(s.model.flux, run.sources[s.source].model.flux);
  }
  EXPECT_EQ(forced, 5);
}

TEST(CheckValues, WithoutIterationTestcase9KeepsItsFourSources) {
  BRICKLINE_NEEDS_DATA("golden/testcase9");
  BlobFitOptions options;
  options.iterative = false;
  const GoldenRun with("testcase9"), without("testcase9", options);
  EXPECT_EQ(with.catalog.sources.size(), 8U);
  ASSERT_EQ(without.catalog.sources.size(), 3U);
  for (const FittedSource& s : without.catalog.sources)
    for (const FittedSource& t : with.catalog.sources)
      if (s.source == t.source) {
        EXPECT_EQ(s.model.flux, t.model.flux);
      }
}

TEST(CheckValues, WithoutSegmentsAGalaxyOfMzlsbass2TakesItsNeighboursLight) {
  BRICKLINE_NEEDS_DATA("golden/mzlsbass2");
  BlobFitOptions options;
  options.iterative = false;
  options.segmentation = false;
  const GoldenRun run("mzlsbass2", options);
  double largest = 0;
  for (const FittedSource& s : run.catalog.sources)
    if (s.model.kind == kExp) largest = std::max(largest, s.model.flux[0]);
  EXPECT_NEAR(largest, 33.83, 0.1 * 33.83);
}

}  // namespace
}  // namespace brickline
