// The stage on the reference pipeline's own pixels and models: its coadds, its measurements, its tables.
#include "tests/support/golden_coadds.h"

#include <gtest/gtest.h>
#include <tbb/global_control.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "tests/support/jpeg_pixels.h"

namespace brickline {
namespace {

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
      CoaddStageOptions options;
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
  CoaddStageOptions options;
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

// Pixels before compression, as they were in the reference's memory.
TEST(GoldenCoadds, PixelsInMemoryAreTheReferences) {
  BRICKLINE_NEEDS_DATA("golden/testcase6");
  struct Pixel {
    const char* band;
    int x, y;
    double image, invvar, depth, galdepth, psfsize;
    int nexp;
  };
  const Pixel pixels[] = {
      {"g", 20, 10, 0.0169465635, 83208.53, 1157.16968, 782.165649, 1.60505617, 2},
      {"g", 0, 0, 0.00364560168, 92418.65, 1157.16968, 782.165649, 1.60505617, 2},
      {"g", 50, 50, 10, 0, 0, 0, 1.60505617, 0},  // saturated in both exposures
      {"r", 20, 10, 0.0281668194, 19631.04, 362.368561, 217.666855, 1.34666359, 2},
      {"z", 20, 10, 0.036068853, 4132.553, 67.6579208, 40.7860222, 1.38200724, 2},
      {"z", 99, 99, 0.0253944341, 4214.835, 67.6579208, 40.7860222, 1.38200724, 2},
  };
  struct Sums {
    double image, invvar, depth, psfsize;
    int nexp, anymask, allmask;
  };
  const std::map<std::string, Sums> sums = {
      {"g", {14474.448, 5.9364192e8, 9333619.2, 16050.562, 16110, 69017, 29006}},
      {"r", {10883.912, 1.4825277e8, 3025019.3, 13466.636, 16632, 619596, 28098}},
      {"z", {11189.609, 3.3007088e7, 563375.62, 13820.072, 16676, 527394, 29586}}};
  const test::GoldenCase golden = test::load_golden("testcase6");
  for (const std::string& band : golden.bands) {
    BandCoadder coadder(golden.brick, band, false);
    for (const CcdImage& image : golden.images)
      if (image.band == band) {
        ASSERT_TRUE(coadder.add(image));
      }
    const BandCoadd c = coadder.finish();
    EXPECT_EQ(c.images, 2);
    for (const Pixel& p : pixels) {
      if (band != p.band) continue;
      const auto near = [&](double got, double want) {
        EXPECT_NEAR(got, want, 2e-4 * std::abs(want) + 2e-6) << band;
      };
      near(c.image(p.x, p.y), p.image);
      near(c.invvar(p.x, p.y), p.invvar);
      near(c.depth(p.x, p.y), p.depth);
      near(c.galdepth(p.x, p.y), p.galdepth);
      near(c.psfsize(p.x, p.y), p.psfsize);
      EXPECT_EQ(c.nexp(p.x, p.y), p.nexp);
    }
    const auto total = [](const auto& image) {
      double sum = 0;
      for (int y = 0; y < image.height(); ++y)
        for (int x = 0; x < image.width(); ++x) sum += image(x, y);
      return sum;
    };
    const Sums& s = sums.at(band);
    EXPECT_NEAR(total(c.image), s.image, 2e-4 * s.image);
    EXPECT_NEAR(total(c.invvar), s.invvar, 2e-4 * s.invvar);
    EXPECT_NEAR(total(c.depth), s.depth, 1e-6 * s.depth);
    EXPECT_NEAR(total(c.psfsize), s.psfsize, 1e-6 * s.psfsize);
    EXPECT_EQ(total(c.nexp), s.nexp);
    EXPECT_EQ(total(c.anymask), s.anymask);
    EXPECT_EQ(total(c.allmask), s.allmask);
  }
}

}  // namespace
}  // namespace brickline
