// Whole fits of real and simulated fields on the reference pipeline's own pixels, against its catalogs.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "core/blobs/blob_fitter.h"
#include "core/detect/detection.h"
#include "tests/support/golden_images.h"

namespace brickline {
namespace {

struct Row {
  double ra, dec;
  std::string type;
  std::vector<double> flux, flux_ivar;
  double re, e1, e2, n;
  std::vector<double> dchisq;
};

std::vector<Row> golden_catalog(const test::GoldenCase& c) {
  std::vector<Row> out;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(c.golden / "products" / "tractor")) {
    if (entry.path().filename().string().rfind("tractor-", 0) != 0) continue;
    fits::FitsReader reader(entry.path());
    const fits::Table t = reader.table(1);
    for (std::int64_t i = 0; i < t.rows(); ++i) {
      Row r{t.number("ra", i),
            t.number("dec", i),
            t.text("type", i),
            {},
            {},
            t.number("shape_r", i),
            t.number("shape_e1", i),
            t.number("shape_e2", i),
            t.number("sersic", i),
            {}};
      double sum = 0;
      for (const std::string& b : c.bands) {
        r.flux.push_back(t.number("flux_" + b, i));
        r.flux_ivar.push_back(t.number("flux_ivar_" + b, i));
        sum += r.flux_ivar.back();
      }
      for (int k = 0; k < 5; ++k) r.dchisq.push_back(t.number("dchisq", i, k));
      if (r.type != "DUP" && sum > 0) out.push_back(std::move(r));
    }
  }
  return out;
}

struct Comparison {
  std::size_t reference = 0, ours = 0, matched = 0, same_type = 0;
  std::vector<double> flux_sigma, sigma_ratio;
  double median(std::vector<double> v) const {
    if (v.empty()) return 0;
    std::nth_element(v.begin(), v.begin() + static_cast<std::ptrdiff_t>(v.size() / 2), v.end());
    return v[v.size() / 2];
  }
  double completeness() const { return static_cast<double>(matched) / std::max<std::size_t>(1, reference); }
  double reliability() const { return static_cast<double>(matched) / std::max<std::size_t>(1, ours); }
};

Comparison compare(const test::GoldenCase& c, const FittedCatalog& ours, bool print) {
  const std::vector<Row> golden = golden_catalog(c);
  std::vector<const FittedSource*> mine;
  for (const FittedSource& s : ours.sources) {
    double sum = 0;
    for (const double v : s.inverse_variance.flux) sum += v;
    if (sum > 0) mine.push_back(&s);
  }
  Comparison out;
  out.reference = golden.size();
  out.ours = mine.size();
  std::vector<char> used(mine.size(), 0);
  for (const Row& g : golden) {
    int best = -1;
    double least = 0.5;
    for (std::size_t i = 0; i < mine.size(); ++i) {
      const double d = 3600 * std::hypot((g.ra - mine[i]->model.ra) * std::cos(g.dec * M_PI / 180),
                                         g.dec - mine[i]->model.dec);
      if (!used[i] && d < least) {
        least = d;
        best = static_cast<int>(i);
      }
    }
    if (print) {
      std::printf("ref  %-4s %.6f %.6f", g.type.c_str(), g.ra, g.dec);
      for (const double f : g.flux) std::printf(" %9.4f", f);
      std::printf(" | %.3f %.3f %.3f %.2f |", g.re, g.e1, g.e2, g.n);
      for (const double d : g.dchisq) std::printf(" %.2f", d);
      std::printf("\n");
    }
    if (best < 0) {
      if (print) std::printf("     no match\n");
      continue;
    }
    used[best] = 1;
    ++out.matched;
    const FittedSource& s = *mine[best];
    out.same_type += kind_name(s.model.kind) == g.type;
    for (std::size_t b = 0; b < g.flux.size(); ++b)
      if (g.flux_ivar[b] > 0) {
        out.flux_sigma.push_back(std::abs(s.model.flux[b] - g.flux[b]) * std::sqrt(g.flux_ivar[b]));
        if (s.inverse_variance.flux[b] > 0)
          out.sigma_ratio.push_back(std::sqrt(g.flux_ivar[b] / s.inverse_variance.flux[b]));
      }
    if (print) {
      const Ellipse e = to_ellipse(s.model.shape);
      std::printf("ours %-4s %.6f %.6f", std::string(kind_name(s.model.kind)).c_str(), s.model.ra,
                  s.model.dec);
      for (const double f : s.model.flux) std::printf(" %9.4f", f);
      std::printf(" | %.3f %.3f %.3f %.2f |", e.re, e.e1, e.e2, s.model.sersic_index);
      for (const double d : s.dchisq) std::printf(" %.2f", d);
      std::printf(" [%dx%d %d px]", s.rectangle_width, s.rectangle_height, s.pixels);
      for (const auto* m :
           {&s.metrics.rchisq, &s.metrics.fracin, &s.metrics.fracmasked, &s.metrics.fracflux}) {
        std::printf(" (");
        for (const float v : *m) std::printf(" %.5f", v);
        std::printf(")");
      }
      std::printf("\n");
    }
  }
  if (print)
    for (std::size_t i = 0; i < mine.size(); ++i)
      if (!used[i])
        std::printf("only ours %s %.6f %.6f\n", std::string(kind_name(mine[i]->model.kind)).c_str(),
                    mine[i]->model.ra, mine[i]->model.dec);
  std::printf(
      "%s: %zu reference, %zu ours, completeness %.3f reliability %.3f type agreement %.3f, "
      "median |dflux|/sigma %.3f, sigma ratio %.3f\n",
      c.name.c_str(), out.reference, out.ours, out.completeness(), out.reliability(),
      static_cast<double>(out.same_type) / std::max<std::size_t>(1, out.matched), out.median(out.flux_sigma),
      out.median(out.sigma_ratio));
  return out;
}

FittedCatalog fit(const test::GoldenCase& c, const BlobFitOptions& options = {}) {
  SourceList sources = test::golden_sources(c);
  const Image<std::int32_t> labels = test::golden_blob_map(c);
  Image<std::uint8_t> hot(labels.width(), labels.height());
  for (int y = 0; y < labels.height(); ++y)
    for (int x = 0; x < labels.width(); ++x) hot(x, y) = labels(x, y) >= 0;
  const BlobMap blobs = make_blobs(hot.view(), sources);
  const Image<std::uint8_t> reference = test::golden_reference_mask(c);
  BlobFitInput input;
  input.images = c.images;
  input.brick = c.brick;
  input.bands = c.bands;
  input.blobs = &blobs;
  input.sources = &sources;
  input.reference_mask = reference.view();
  input.plan.unique_area = c.unique_area;
  const clock_t before = clock();
  FittedCatalog out = fit_blobs(input, options);
  std::printf("%s: %.3f CPU s in %zu blobs\n", c.name.c_str(), double(clock() - before) / CLOCKS_PER_SEC,
              blobs.blobs.size());
  return out;
}

class GoldenFit : public testing::TestWithParam<const char*> {};

TEST_P(GoldenFit, Catalog) {
  BRICKLINE_NEEDS_DATA(std::string("golden/") + GetParam());
  const test::GoldenCase c = test::load_golden(GetParam());
  const FittedCatalog ours = fit(c);
  if (std::getenv("BRICKLINE_TEST_VERBOSE"))
    for (const BlobReport& r : ours.blobs)
      std::printf("blob %d %dx%d %ld px, %ld in %d images\n", r.blob, r.box.width(), r.box.height(),
                  long(r.pixels), long(r.image_pixels), r.images);
  for (const BlobReport& r : ours.blobs) EXPECT_NE(r.status, BlobStatus::kFailed) << r.message;
  const Comparison figures = compare(c, ours, std::getenv("BRICKLINE_TEST_VERBOSE") != nullptr);
  EXPECT_EQ(figures.completeness(), 1);
  EXPECT_EQ(figures.reliability(), 1);
  // In testcase9 the reference's exponential model of one source never left its start, and a Sersic profile
  // at its lowest index was chosen for it.
  EXPECT_GE(figures.same_type + (c.name == "testcase9" ? 1 : 0), figures.matched);
  EXPECT_LE(figures.median(figures.flux_sigma), 0.25);
  EXPECT_NEAR(figures.median(figures.sigma_ratio), 1, 0.01);
}

// From the images alone, no reference catalog known.
class GoldenBlindFit : public testing::TestWithParam<const char*> {};

TEST_P(GoldenBlindFit, Catalog) {
  BRICKLINE_NEEDS_DATA(std::string("golden/") + GetParam());
  const test::GoldenCase c = test::load_golden(GetParam());
  const Detection found = detect_sources(c.images, c.brick, c.bands);
  BlobFitInput input;
  input.images = c.images;
  input.brick = c.brick;
  input.bands = c.bands;
  input.blobs = &found.blobs;
  input.sources = &found.sources;
  input.plan.unique_area = c.unique_area;
  const FittedCatalog ours = fit_blobs(input);
  const Comparison figures = compare(c, ours, std::getenv("BRICKLINE_TEST_VERBOSE") != nullptr);
  EXPECT_GE(figures.completeness(), 0.8);
  EXPECT_GE(figures.reliability(), 0.8);
  // Not knowing that testcase9's galaxy is one, its radius is bounded by the blob instead of its catalog.
  EXPECT_LE(figures.median(figures.flux_sigma), c.name == "testcase9" ? 2 : 1);
}

INSTANTIATE_TEST_SUITE_P(Cases, GoldenBlindFit,
                         testing::Values("sim300", "mzlsbass2", "testcase3", "testcase4", "testcase9"),
                         [](const auto& info) { return std::string(info.param); });

INSTANTIATE_TEST_SUITE_P(Cases, GoldenFit,
                         testing::Values("sim300", "mzlsbass2", "testcase3", "testcase4", "testcase6",
                                         "testcase7", "testcase9"),
                         [](const auto& info) { return std::string(info.param); });

}  // namespace
}  // namespace brickline
