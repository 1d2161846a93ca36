// Halos of bright stars in real fields: how much light, and the pixels that stage srcs begins with.
#include "core/pipeline/stages/halos.h"

#include <gtest/gtest.h>
#include <tbb/global_control.h>

#include <algorithm>
#include <cmath>

#include "tests/support/golden_case.h"
#include "tests/support/golden_products.h"
#include "tests/support/reference_stars.h"
#include "tests/support/run_context.h"

namespace brickline {
namespace {

const std::vector<std::string> kBands{"g", "r", "z"};

std::vector<CcdImage> images_of(const test::GoldenCase& test_case) {
  CameraRegistry cameras = test::built_cameras();
  std::vector<CcdImage> images;
  for (const CcdRow& row : test_case.ccds)
    if (auto image = read_ccd_image(cameras.load(row.camera), test_case.input(row), test_case.options))
      images.push_back(std::move(*image));
  return images;
}

Image<float> light_on(const CcdImage& image, const HaloStars& stars) {
  Image<float> light(image.data.width(), image.data.height());
  if (image.halo)
    add_halos(light.view(), {&image.wcs, image.pixel_scale_arcsec, image.mjd_tai}, *image.halo,
              stars.at(image.band));
  return light;
}

// What the reference pipeline rendered: the sum, and the pixel (10, 10) where it is known.
struct Rendered {
  const char* name;
  std::int64_t expnum;
  const char* ccdname;
  double sum, at_10_10;
};
class HaloLight : public testing::TestWithParam<Rendered> {};

TEST_P(HaloLight, IsTheReferences) {
  const Rendered& truth = GetParam();
  BRICKLINE_NEEDS_DATA(std::filesystem::path("golden") / truth.name);
  const HaloStars stars = test::golden_halo_stars(truth.name, kBands);
  int found = 0;
  for (const CcdImage& image : images_of(test::GoldenCase(truth.name))) {
    if (truth.expnum && (image.expnum != truth.expnum || image.ccdname != truth.ccdname)) continue;
    const Image<float> light = light_on(image, stars);
    double sum = 0;
    for (int y = 0; y < light.height(); ++y)
      for (int x = 0; x < light.width(); ++x) sum += light(x, y);
    EXPECT_NEAR(sum, truth.sum, 1e-5 * truth.sum) << image.name;
    if (truth.at_10_10 > 0) {
      EXPECT_NEAR(light(10, 10), truth.at_10_10, 1e-5 * truth.at_10_10);
    }
    ++found;
  }
  EXPECT_EQ(found, std::string(truth.name) == "mzlsbass2" ? 3 : 1);
}

INSTANTIATE_TEST_SUITE_P(Images, HaloLight,
                         testing::Values(Rendered{"testcase6", 802955, "S9", 109.7107, 0.007345825},
                                         Rendered{"testcase6", 803291, "S9", 87.31694, 0.005857129},
                                         Rendered{"testcase6", 803277, "S9", 164.3508, 0.0150477},
                                         Rendered{"testcase6", 790643, "S4", 108.8217, 0},
                                         Rendered{"testcase6", 695773, "S4", 86.53963, 0},
                                         Rendered{"testcase6", 396388, "S4", 161.1260, 0},
                                         Rendered{"testcase7", 0, "", 66.6474, 0.007645479},
                                         Rendered{"testcase4", 0, "", 1.028954, 0},
                                         Rendered{"mzlsbass2", 0, "", 0, 0}),
                         [](const auto& info) {
                           return std::string(info.param.name) + "_" + std::to_string(info.index);
                         });

// The sky that the reference pipeline took off this image.
float coadd_sky(const fits::Table& ccds, const CcdImage& image) {
  for (std::int64_t r = 0; r < ccds.rows(); ++r)
    if (ccds.integer("expnum", r) == image.expnum && ccds.text("ccdname", r) == image.ccdname)
      return static_cast<float>(ccds.number("co_sky", r));
  throw input_error("no row of {}", image.name);
}

class HaloPixels : public testing::TestWithParam<const char*> {};

// The reference's pixels before the stage, less halos and the sky that stage srcs took off, are those after
// it.
TEST_P(HaloPixels, AreThoseThatStageSrcsSaw) {
  const std::string name = GetParam();
  BRICKLINE_NEEDS_DATA(std::filesystem::path("golden") / name);
  const test::GoldenCase test_case(name);
  std::vector<CcdImage> images = images_of(test_case);
  fits::FitsReader before(test_case.golden / "stages/outliers-images.fits.fz");
  fits::FitsReader after(test_case.golden / "stages/srcs-images.fits.fz");
  const auto plane = [](fits::FitsReader& file, const char* what, std::size_t i) {
    return file.image<float>(file.find_hdu(what + std::to_string(i)).value());
  };
  for (std::size_t i = 0; i < images.size(); ++i) images[i].data = plane(before, "DATA", i);
  apply_edit(HaloEdits{test::golden_halo_stars(name, kBands)}, images);

  const fits::Table ccds =
      fits::FitsReader(test::golden_product(name, "legacysurvey-", "-ccds.fits")).table(1);
  for (std::size_t i = 0; i < images.size(); ++i) {
    const CcdImage& image = images[i];
    const Image<float> truth = plane(after, "DATA", i), weight = plane(after, "INVERR", i);
    const float sky = coadd_sky(ccds, image);
    double worst = 0;
    for (int y = 0; y < truth.height(); ++y)
      for (int x = 0; x < truth.width(); ++x) {
        const float ours = image.data(x, y) - (weight(x, y) > 0 ? sky : 0);
        // No nearer than single precision can be.
        const double rounding = 3e-7 * std::abs(truth(x, y));
        worst = std::max(worst, (std::abs(double{ours} - truth(x, y)) - rounding) / image.sig1);
      }
    EXPECT_LT(worst, 1e-5) << image.name;
  }
}

INSTANTIATE_TEST_SUITE_P(Cases, HaloPixels,
                         testing::Values("testcase3", "testcase4", "testcase6", "testcase7", "testcase9",
                                         "mzlsbass2", "sim300"),
                         [](const auto& info) { return std::string(info.param); });

TEST(HaloStage, GivesTheSamePixelsForAnyNumberOfThreads) {
  BRICKLINE_NEEDS_DATA("golden/testcase6");
  const HaloStars stars = test::golden_halo_stars("testcase6", kBands);
  const std::vector<CcdImage> original = images_of(test::GoldenCase("testcase6"));
  std::vector<CcdImage> one = original, four = original;
  {
    const tbb::global_control limit(tbb::global_control::max_allowed_parallelism, 1);
    apply_edit(HaloEdits{stars}, one);
  }
  {
    const tbb::global_control limit(tbb::global_control::max_allowed_parallelism, 4);
    apply_edit(HaloEdits{stars}, four);
  }
  for (std::size_t i = 0; i < one.size(); ++i)
    for (int y = 0; y < one[i].data.height(); ++y)
      ASSERT_TRUE(
          std::equal(one[i].data.row(y), one[i].data.row(y) + one[i].data.width(), four[i].data.row(y)));
  EXPECT_NE(one[0].data(10, 10), original[0].data(10, 10));
}

struct Warnings : LogSink {
  std::vector<std::string> lines;
  void write(LogLevel level, std::string_view message) override {
    if (level == LogLevel::kWarning) lines.emplace_back(message);
  }
};

TEST(HaloStage, SaysWhichBandHasNoMagnitudes) {
  std::vector<CcdImage> images(1);
  images[0].band = "NB_Q";
  images[0].data = Image<float>(20, 20, 1.0F);
  images[0].halo.emplace();
  Warnings warnings;
  References references;
  references.catalog.had_gaia = true;
  references.catalog.mag_bands = {"g"};
  Selection selection;
  selection.bands = {"g", "NB_Q"};
  const test::TemporaryDirectory scratch;
  RunContext run = test::run_context(scratch.path(), scratch.path(), "a-brick", Log(warnings));
  const auto outcome = run_halos(selection, references, {images}, run);
  apply_edit(*std::get<0>(outcome.artifacts), images);
  ASSERT_EQ(warnings.lines.size(), 1u);
  EXPECT_NE(warnings.lines[0].find("NB_Q"), std::string::npos);
  EXPECT_EQ(images[0].data(5, 5), 1);
}

}  // namespace
}  // namespace brickline
