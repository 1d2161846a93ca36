// The stage on the reference pipeline's own pixels and models: its coadds, its measurements, its tables.
#include "tests/support/golden_coadds.h"

#include <gtest/gtest.h>
#include <tbb/global_control.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <type_traits>

#include "tests/support/jpeg_pixels.h"

namespace brickline {
namespace {

// Whose profiles galaxies have is said, or nothing is drawn.
static_assert(!std::is_default_constructible_v<CoaddStageOptions>);

struct Spread {
  double median = 0, p99 = 0;
};
Spread spread(std::vector<double> values) {
  if (values.empty()) return {};
  std::sort(values.begin(), values.end());
  return {values[values.size() / 2], values[values.size() * 99 / 100]};
}

class GoldenCoaddsTest : public testing::TestWithParam<const char*> {
 protected:
  // One run serves all tests of a case.
  struct Run {
    test::TemporaryDirectory dir;
    ProductSet products;
    std::unique_ptr<test::GoldenCoadds> coadds;
    explicit Run(const std::string& name) : products(dir.path()) {
      CoaddStageOptions options{.profiles = GalaxyProfiles::kReference};
      options.grey = name == "testcase4";
      coadds = test::run_golden_coadds(name, products, options);
    }
    Image<float> ours(Product product, const std::string& band) const {
      const auto path = product_path(product, {.brick = coadds->brick, .band = band});
      return fits::FitsReader(dir.path() / path).image<float>(1);
    }
    Image<float> golden(Product product, const std::string& band) const {
      return fits::FitsReader(coadds->golden_file(product, band)).image<float>(1);
    }
    // |ours - theirs|, times `weight` where there is one.
    Spread difference(Product product, const std::string& band) const {
      const Image<float> a = ours(product, band), b = golden(product, band),
                         iv = golden(Product::kInvvar, band);
      const bool flux =
          product == Product::kImage || product == Product::kModel || product == Product::kBlobmodel;
      std::vector<double> values, sizes;
      for (int y = 0; y < a.height(); ++y)
        for (int x = 0; x < a.width(); ++x) {
          if (flux && !(iv(x, y) > 0)) continue;
          values.push_back(std::abs(a(x, y) - b(x, y)) * (flux ? std::sqrt(iv(x, y)) : 1));
          if (b(x, y) != 0) sizes.push_back(std::abs(b(x, y)));
        }
      Spread s = spread(values);
      const double typical = flux ? 1 : spread(sizes).median;
      return {s.median / typical, s.p99 / typical};
    }
  };
  static Run& run() {
    static std::map<std::string, std::unique_ptr<Run>> runs;
    auto& r = runs[GetParam()];
    if (!r) r = std::make_unique<Run>(GetParam());
    return *r;
  }
  const std::vector<std::string>& bands() { return run().coadds->input.bands; }
};

#define NEEDS_CASE() BRICKLINE_NEEDS_DATA(std::string("golden/") + GetParam())

// Two independent compressions of the same pixels differ by the dither of both: up to 0.03 sigma.
TEST_P(GoldenCoaddsTest, ImagesAndWeightsAreTheReferences) {
  NEEDS_CASE();
  for (const std::string& band : bands()) {
    const Spread image = run().difference(Product::kImage, band);
    EXPECT_LE(image.median, 0.012) << band;
    EXPECT_LE(image.p99, 0.035) << band;
    EXPECT_LE(run().difference(Product::kInvvar, band).p99, 1e-2) << band;
    for (Product p : {Product::kPsfsize, Product::kDepth, Product::kGaldepth})
      EXPECT_LE(run().difference(p, band).p99, 1e-6) << product_name(p) << band;
    EXPECT_EQ(run().difference(Product::kNexp, band).p99, 0) << band;
  }
}

// The golden images carry one PSF each, at their centres, where the reference let it vary: the wings of
// bright stars elsewhere differ, most where such stars fill the field.
TEST_P(GoldenCoaddsTest, ModelsAreTheReferences) {
  NEEDS_CASE();
  const std::map<std::string, double> bright_stars = {
      {"testcase4", 0.1}, {"testcase6", 0.2}, {"testcase7", 0.7}};
  const auto exception = bright_stars.find(GetParam());
  for (const std::string& band : bands())
    for (Product p : {Product::kModel, Product::kBlobmodel}) {
      EXPECT_LE(run().difference(p, band).median, 0.012) << product_name(p) << band;
      EXPECT_LE(run().difference(p, band).p99, exception == bright_stars.end() ? 0.035 : exception->second)
          << product_name(p) << band;
    }
}

TEST_P(GoldenCoaddsTest, MeasurementsOfTheSourcesAreTheReferences) {
  NEEDS_CASE();
  const test::GoldenCoadds& c = *run().coadds;
  const fits::Table ours = catalog_table(c.rows, c.context);
  const auto inside = [&](std::int64_t i) {
    const double x = c.golden.number("bx", i), y = c.golden.number("by", i);
    return x >= 0 && y >= 0 && x < c.input.brick.width() - 1 && y < c.input.brick.height() - 1;
  };
  for (std::int64_t i = 0; i < ours.rows(); ++i) {
    if (!inside(i)) continue;  // the reference samples the nearest edge there, we do not
    const std::string row = c.brick + " row " + std::to_string(i);
    for (const char* name : {"mjd_min", "mjd_max"})
      EXPECT_NEAR(ours.number(name, i), c.golden.number(name, i), 1e-8) << row;
    for (const std::string& band : bands()) {
      const auto got = [&](const char* name, int k = 0) { return ours.number(name + ("_" + band), i, k); };
      const auto want = [&](const char* name, int k = 0) {
        return c.golden.number(name + ("_" + band), i, k);
      };
      for (const char* name : {"nobs", "ngood", "anymask", "allmask"})
        EXPECT_EQ(got(name), want(name)) << row << name;
      for (const char* name : {"psfsize", "psfdepth", "galdepth"})
        EXPECT_NEAR(got(name), want(name), 1e-6 * want(name)) << row << name;
      EXPECT_NEAR(got("fiberflux"), want("fiberflux"), 1e-6 * std::abs(want("fiberflux"))) << row;
      for (const char* name : {"nea", "blob_nea"})
        EXPECT_NEAR(got(name), want(name), 0.01 * want(name)) << row << name;
      for (int k = 0; k < kApertures; ++k) {
        // Where an image ends, the reference extrapolates half a pixel more: up to a tenth of the error.
        const double ivar = want("apflux_ivar", k), sigma = ivar > 0 ? 1 / std::sqrt(ivar) : 0;
        EXPECT_NEAR(got("apflux", k), want("apflux", k), 2e-4 * std::abs(want("apflux", k)) + 0.1 * sigma)
            << row;
        EXPECT_NEAR(got("apflux_ivar", k), ivar, 2e-4 * ivar) << row;
        EXPECT_NEAR(got("apflux_masked", k), want("apflux_masked", k), 1e-6) << row;
      }
    }
  }
}

TEST_P(GoldenCoaddsTest, TheTableOfDepthsIsTheReferences) {
  NEEDS_CASE();
  const auto path = product_path(Product::kDepthTable, {.brick = run().coadds->brick});
  const fits::Table ours = fits::FitsReader(run().dir.path() / path).table(1);
  const fits::Table golden = fits::FitsReader(run().coadds->golden_file(Product::kDepthTable)).table(1);
  ASSERT_EQ(ours.columns().size(), golden.columns().size());
  for (const fits::Column& column : golden.columns())
    EXPECT_TRUE(test::equal_values(column, ours.require(column.name))) << column.name;
}

TEST_P(GoldenCoaddsTest, PicturesShowTheSameSky) {
  NEEDS_CASE();
  for (Product p : {Product::kImageJpeg, Product::kModelJpeg, Product::kBlobmodelJpeg, Product::kResidJpeg}) {
    const auto path = run().dir.path() / product_path(p, {.brick = run().coadds->brick});
    const auto ours = test::decode_jpeg(test::file_bytes(path));
    const auto theirs = test::decode_jpeg(test::file_bytes(run().coadds->golden_file(p)));
    ASSERT_EQ(ours.width, theirs.width) << product_name(p);
    ASSERT_EQ(ours.height, theirs.height) << product_name(p);
    double sum = 0;
    for (int y = 0; y < ours.height; ++y)
      for (int x = 0; x < ours.width; ++x)
        for (int c = 0; c < 3; ++c)  // ours are truly grey where theirs are grey in three colours
          sum += std::abs(ours.at(x, y, std::min(c, ours.components - 1)) - theirs.at(x, y, c));
    // Models differ by the PSF away from the images' centres.
    EXPECT_LT(sum / (3.0 * ours.width * ours.height), p == Product::kImageJpeg ? 1.3 : 3.0)
        << product_name(p);
  }
}

TEST_P(GoldenCoaddsTest, HeadersSayWhatTheReferencesSay) {
  NEEDS_CASE();
  for (const std::string& band : bands())
    for (Product p : {Product::kImage, Product::kInvvar, Product::kNexp, Product::kPsfsize, Product::kChi2}) {
      const auto path = product_path(p, {.brick = run().coadds->brick, .band = band});
      const fits::Header ours = fits::FitsReader(run().dir.path() / path).header(1);
      const fits::Header golden = fits::FitsReader(run().coadds->golden_file(p, band)).header(1);
      for (const char* key :
           {"EXTNAME", "ZCMPTYPE", "ZQUANTIZ", "ZTILE1", "ZTILE2", "ZBITPIX", "TFIELDS", "CTYPE1", "CTYPE2",
            "EQUINOX", "IMTYPE", "PRODTYPE", "MAGZERO", "BUNIT", "FILTERX"}) {
        ASSERT_EQ(ours.has(key), golden.has(key)) << product_name(p) << " " << key;
        if (!golden.has(key)) continue;
        if (const auto number = golden.number(key)) {
          EXPECT_EQ(ours.number(key), number) << product_name(p) << " " << key;
        } else {
          EXPECT_EQ(ours.text(key), golden.text(key)) << product_name(p) << " " << key;
        }
      }
      for (const char* key : {"CRVAL1", "CRVAL2", "CRPIX1", "CRPIX2", "CD1_1", "CD1_2", "CD2_1", "CD2_2",
                              "MJD_MIN", "MJD_MAX", "MJD_MEAN"})
        EXPECT_NEAR(ours.require_number(key), golden.require_number(key),
                    1e-12 * (1 + std::abs(ours.require_number(key))))
            << key;
      for (const char* key : {"DATEOBS1", "DATEOBS2", "DATEOBS"})
        EXPECT_EQ(ours.require_text(key), golden.require_text(key)) << key;
    }
}

INSTANTIATE_TEST_SUITE_P(Cases, GoldenCoaddsTest,
                         testing::Values("testcase3", "testcase4", "testcase6", "testcase7", "testcase9",
                                         "mzlsbass2", "sim300"),
                         [](const auto& info) { return std::string(info.param); });

TEST(GoldenCoadds, MinimalCoaddsAreImageWeightAndCount) {
  BRICKLINE_NEEDS_DATA("golden/testcase3");
  test::TemporaryDirectory dir;
  ProductSet products(dir.path());
  CoaddStageOptions options{.profiles = GalaxyProfiles::kReference};
  options.minimal = true;
  const auto run = test::run_golden_coadds("testcase3", products, options);
  std::vector<std::string> files;
  for (const auto& e : products.entries()) files.push_back(std::filesystem::path(e.path).filename());
  std::vector<std::string> expected;
  for (const char* band : {"g", "r", "z"})
    for (const char* type : {"image", "invvar", "nexp"})
      expected.push_back(std::string("legacysurvey-2447p120-") + type + "-" + band + ".fits.fz");
  expected.push_back("legacysurvey-2447p120-image.jpg");
  EXPECT_EQ(files, expected);
}

TEST(GoldenCoadds, ProductsAreTheSameBytesForAnyNumberOfThreads) {
  BRICKLINE_NEEDS_DATA("golden/sim300");
  std::vector<std::string> lists;
  for (int threads : {1, 2, 8}) {
    const tbb::global_control control(tbb::global_control::max_allowed_parallelism, threads);
    test::TemporaryDirectory dir;
    ProductSet products(dir.path());
    test::run_golden_coadds("sim300", products);
    lists.push_back(products.checksum_list());
  }
  EXPECT_EQ(lists[0], lists[1]);
  EXPECT_EQ(lists[0], lists[2]);
}

}  // namespace
}  // namespace brickline
