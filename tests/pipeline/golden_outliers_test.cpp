// Stage outliers on the images that the reference pipeline had before it: masks, pixels, file and pictures.
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <iostream>
#include <iterator>
#include <map>
#include <string>
#include <vector>

#include "core/detect/outlier_mask_file.h"
#include "core/detect/outliers.h"
#include "core/facts/mask_bits.h"
#include "core/pipeline/stages/outliers.h"
#include "core/pipeline/stages/refs.h"
#include "tests/support/golden_images.h"
#include "tests/support/golden_products.h"
#include "tests/support/jpeg_pixels.h"
#include "tests/support/run_context.h"

namespace brickline {
namespace {

// The case's Gaia stars at their brick pixels.
References stars_of(const test::GoldenCase& c) {
  References stars;
  const auto path = test::golden_product(c.name, "reference-", ".fits");
  if (path.empty()) return stars;
  const fits::Table t = fits::FitsReader(path).table(1);
  for (std::int64_t i = 0; i < t.rows(); ++i)
    if (t.logical("isgaia", i))
      if (const auto p = c.brick.sky_to_pixel(t.number("ra", i), t.number("dec", i))) {
        ReferenceObject& star = stars.catalog.rows.emplace_back();
        star.is_gaia = true;
        star.x = p->x;
        star.y = p->y;
      }
  return stars;
}

std::string contents(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// A golden case and what the stage makes of it.
struct StageRun {
  explicit StageRun(const std::string& name, OutlierChoice choice = {}, std::filesystem::path output_dir = {})
      : golden(test::load_golden(name, "tims")),
        context(test::run_context(golden.survey, output_dir.empty() ? directory.path() : output_dir,
                                  "1234p567")) {
    pictures.coadd_bw = name == "testcase4";  // as the reference's run
    Selection selection;
    selection.brick.name = context.brick;
    selection.brick.wcs = golden.brick;
    selection.bands = golden.bands;
    const std::vector<Product> declared = {Product::kOutliersPre, Product::kOutliersPost,
                                           Product::kOutliersMask, Product::kOutliersMaskedPos,
                                           Product::kOutliersMaskedNeg};
    StageProducts stage_products(context, declared);
    auto outcome = run_outliers(choice, pictures, selection, stars_of(golden), {golden.images}, {},
                                stage_products, context);
    images = golden.images;
    apply_edit(*std::get<0>(outcome.artifacts), images);
  }
  std::filesystem::path product(const std::string& file) const {
    return context.output_dir / "metrics/123" / file;
  }
  const ProductSet& products() const { return context.products; }

  test::TemporaryDirectory directory;
  test::GoldenCase golden;
  RunContext context;
  PictureOptions pictures;
  std::vector<CcdImage> images;
};

std::int64_t outlier_pixels(const CcdImage& image) {
  std::int64_t n = 0;
  for (int y = 0; y < image.mask.height(); ++y)
    for (int x = 0; x < image.mask.width(); ++x) n += (image.mask(x, y) & mask_bit::kOutlier) != 0;
  return n;
}

class outliers : public testing::TestWithParam<const char*> {};

TEST_P(outliers, MasksAndPixelsAreThoseOfTheReference) {
  BRICKLINE_NEEDS_DATA(std::filesystem::path("golden") / GetParam());
  const StageRun run(GetParam());
  const test::GoldenCase truth = test::load_golden(GetParam(), "outliers");
  OutlierMaskFile reference(test::golden_product(GetParam(), "outlier-mask-", ".fits.fz"));
  OutlierMaskFile ours(run.product("outlier-mask-1234p567.fits.fz"));
  ASSERT_EQ(run.images.size(), truth.images.size());
  for (std::size_t i = 0; i < run.images.size(); ++i) {
    const CcdImage& image = run.images[i];
    const CcdImage& before = run.golden.images[i];
    const CcdImage& expected = truth.images[i];
    SCOPED_TRACE(image.name);
    const auto mask = ours.same_extent(image), golden_mask = reference.same_extent(image);
    ASSERT_TRUE(mask && golden_mask);
    std::int64_t different = 0, flags = 0, weights = 0, patched = 0, golden_patched = 0;
    double worst = 0, worst_patched = 0;
    for (int y = 0; y < image.data.height(); ++y)
      for (int x = 0; x < image.data.width(); ++x) {
        different += (*mask)(x, y) != (*golden_mask)(x, y);
        flags += image.mask(x, y) != expected.mask(x, y);
        weights += image.inverse_error(x, y) != expected.inverse_error(x, y);
        const double d = std::abs(image.data(x, y) - expected.data(x, y)) /
                         std::max<double>(std::abs(expected.data(x, y)), image.sig1);
        double& largest = before.inverse_error(x, y) == 0 ? worst_patched : worst;
        largest = std::max(largest, d);
        patched += image.data(x, y) != before.data(x, y);
        golden_patched += expected.data(x, y) != before.data(x, y);
      }
    RecordProperty(image.name + "_mask_differences", std::to_string(different));
    std::cout << image.name << " " << image.band << ": masked " << outlier_pixels(image)
              << ", mask differs in " << different << " of " << image.extent.area() << " pixels; patched "
              << patched << " (reference " << golden_patched << "), largest difference of data " << worst
              << ", of patched data " << worst_patched << "\n";
    EXPECT_LE(different, 0.002 * static_cast<double>(image.extent.area()));
    EXPECT_EQ(flags, different);
    EXPECT_LE(weights, different);
    EXPECT_EQ(worst, 0);
    // Patched pixels come from a coadd: the reference evaluates the mapping it is made with in single
    // precision, to some 1e-5 of a pixel.
    EXPECT_LE(worst_patched, 1e-4);
    EXPECT_EQ(patched, golden_patched);
  }
}

// Of a picture's values, 0 to 255. The reference writes grey pictures with three equal planes.
struct PictureDifference {
  double mean = 0;
  int largest = 0;
};
PictureDifference compare_pictures(const test::JpegPixels& a, const test::JpegPixels& b) {
  PictureDifference d;
  for (int y = 0; y < a.height; ++y)
    for (int x = 0; x < a.width; ++x)
      for (int c = 0; c < a.components; ++c) {
        const int difference = std::abs(a.at(x, y, c) - b.at(x, y, c));
        d.mean += difference;
        d.largest = std::max(d.largest, difference);
      }
  d.mean /= static_cast<double>(a.width) * a.height * a.components;
  return d;
}

TEST_P(outliers, PicturesAreThoseOfTheReference) {
  BRICKLINE_NEEDS_DATA(std::filesystem::path("golden") / GetParam());
  const StageRun run(GetParam());
  for (const std::string type :
       {"outliers-pre", "outliers-post", "outliers-masked-pos", "outliers-masked-neg"}) {
    SCOPED_TRACE(type);
    const auto ours = test::decode_jpeg(contents(run.product(type + "-1234p567.jpg")));
    const auto truth = test::decode_jpeg(contents(test::golden_product(GetParam(), type + "-", ".jpg")));
    ASSERT_EQ(ours.width, truth.width);
    ASSERT_EQ(ours.height, truth.height);
    ASSERT_EQ(ours.components, run.pictures.coadd_bw ? 1 : 3);
    const PictureDifference d = compare_pictures(ours, truth);
    std::cout << type << ": pictures differ by " << d.mean << " of 255 on average, at most by " << d.largest
              << "\n";
    // Coadds of coarse pixels differ by a few percent of a sigma from the reference's in the last rows of an
    // image, and the blocks of a picture spread it; a grey picture's scale hangs on its brightest pixel.
    EXPECT_LE(d.mean, run.pictures.coadd_bw ? 1.3 : 0.2);
    EXPECT_LE(d.largest, 20);
  }
}

// The header cards of one HDU of a mask file that the file's format does not rule.
std::map<std::string, std::string> own_cards(const fits::Header& header) {
  std::map<std::string, std::string> out;
  for (const fits::Card& card : header.cards()) {
    static const char* const kStructure[] = {"XTENSION", "BITPIX", "NAXIS", "PCOUNT",   "GCOUNT",  "TFIELDS",
                                             "TTYPE",    "TFORM",  "Z",     "CHECKSUM", "DATASUM", "COMMENT"};
    if (std::ranges::none_of(kStructure, [&](const char* k) { return card.key.starts_with(k); }))
      out[card.key] = header.text(card.key).value_or("");
  }
  return out;
}

// A_2_0, BP_0_1 ...
bool is_polynomial_term(const std::string& key) {
  const std::size_t n = key.size();
  return (key[0] == 'A' || key[0] == 'B') && n >= 5 && key[n - 4] == '_' && key[n - 2] == '_';
}

TEST_P(outliers, MaskFileHasTheCardsOfTheReference) {
  BRICKLINE_NEEDS_DATA(std::filesystem::path("golden") / GetParam());
  const StageRun run(GetParam());
  fits::FitsReader ours(run.product("outlier-mask-1234p567.fits.fz"));
  fits::FitsReader truth(test::golden_product(GetParam(), "outlier-mask-", ".fits.fz"));
  ASSERT_EQ(ours.hdu_count(), truth.hdu_count());
  for (int hdu = 1; hdu < truth.hdu_count(); ++hdu) {
    const fits::Header header = ours.header(hdu), expected = truth.header(hdu);
    SCOPED_TRACE(expected.require_text("EXTNAME"));
    const fits::ImageInfo info = ours.image_info(hdu), expected_info = truth.image_info(hdu);
    ASSERT_EQ(info.width, expected_info.width);
    ASSERT_EQ(info.height, expected_info.height);
    EXPECT_EQ(info.bitpix, expected_info.bitpix);
    EXPECT_EQ(header.text("ZCMPTYPE"), expected.text("ZCMPTYPE"));
    EXPECT_EQ(header.text("ZTILE1"), expected.text("ZTILE1"));
    EXPECT_EQ(header.text("ZTILE2"), expected.text("ZTILE2"));
    auto cards = own_cards(header);
    for (const auto& [key, value] : own_cards(expected)) {
      SCOPED_TRACE(key);
      ASSERT_TRUE(cards.count(key));
      // Polynomials that are fitted far from their reference position have coefficients that mean little one
      // by one: the next test says what they are worth together.
      if (is_polynomial_term(key)) {
        EXPECT_NO_THROW(std::stod(cards[key]));
      } else if (key.starts_with("CR") || key.starts_with("CD") || key == "EQUINOX") {
        const double number = std::stod(value);
        EXPECT_NEAR(std::stod(cards[key]), number, 1e-9 * std::max(std::abs(number), 1e-4));
      } else {
        EXPECT_EQ(cards[key], value);
      }
      cards.erase(key);
    }
    // The reference leaves out what its polynomials need below second order.
    for (const auto& [key, value] : cards)
      EXPECT_TRUE(key == "A_0_0" || key == "A_0_1" || key == "A_1_0" || key == "B_0_0" || key == "B_0_1" ||
                  key == "B_1_0" || key == "AP_0_0" || key == "BP_0_0")
          << key;
  }
}

TEST_P(outliers, MaskFileSaysWhereItsPixelsAre) {
  BRICKLINE_NEEDS_DATA(std::filesystem::path("golden") / GetParam());
  const StageRun run(GetParam());
  fits::FitsReader file(run.product("outlier-mask-1234p567.fits.fz"));
  for (const CcdImage& image : run.images) {
    SCOPED_TRACE(image.name);
    const int w = image.extent.width(), h = image.extent.height();
    const Wcs wcs = Wcs::from_header(file.header(*file.find_hdu(outlier_mask_name(image))), w, h);
    for (int y = 0; y < h; y += 7)
      for (int x = 0; x < w; x += 7) {
        const SkyPosition sky = image.wcs.pixel_to_sky(x, y);
        const auto p = wcs.sky_to_pixel(sky.ra, sky.dec);
        ASSERT_TRUE(p);
        ASSERT_NEAR(p->x, x, 1e-5);
        ASSERT_NEAR(p->y, y, 1e-5);
      }
  }
}

TEST_P(outliers, CachedMasksGiveTheSameWeights) {
  BRICKLINE_NEEDS_DATA(std::filesystem::path("golden") / GetParam());
  const StageRun first(GetParam());
  OutlierChoice options;
  options.cache_outliers = true;
  const auto picture = first.product("outliers-pre-1234p567.jpg");
  std::filesystem::remove(picture);
  const StageRun cached(GetParam(), options, first.context.output_dir);
  EXPECT_FALSE(std::filesystem::exists(picture));
  EXPECT_TRUE(cached.products().entries().empty());
  options.remake_jpegs = true;
  const StageRun remade(GetParam(), options, first.context.output_dir);
  EXPECT_TRUE(std::filesystem::exists(picture));
  EXPECT_EQ(remade.products().entries().size(), 4u);
  for (std::size_t i = 0; i < first.images.size(); ++i)
    for (const StageRun* run : {&cached, &remade})
      for (int y = 0; y < first.images[i].data.height(); ++y)
        for (int x = 0; x < first.images[i].data.width(); ++x) {
          ASSERT_EQ(run->images[i].inverse_error(x, y), first.images[i].inverse_error(x, y));
          ASSERT_EQ(run->images[i].mask(x, y), first.images[i].mask(x, y));
        }
}

INSTANTIATE_TEST_SUITE_P(, outliers,
                         testing::Values("testcase3", "testcase4", "testcase6", "testcase7", "testcase9",
                                         "mzlsbass2", "sim300"),
                         [](const auto& info) { return std::string(info.param); });

TEST(OutlierFigures, AreThoseOfTheReference) {
  struct Row {
    const char *name, *band;
    std::int64_t veto;
    std::vector<double> blur;
  };
  for (const Row& row : {Row{"testcase6", "g", 3356, {1.705619, 2.363614}},
                         {"testcase6", "r", 2934, {1.668507, 1.481479}},
                         {"testcase6", "z", 2913, {1.470839, 1.631648}},
                         {"testcase4", "z", 39, {}},
                         {"testcase7", "z", 3156, {}},
                         {"testcase9", "g", 13, {}},
                         {"testcase9", "r", 13, {}},
                         {"testcase9", "z", 13, {}},
                         {"mzlsbass2", "g", 36, {}},
                         {"mzlsbass2", "r", 36, {}},
                         {"mzlsbass2", "z", 36, {}}}) {
    SCOPED_TRACE(std::string(row.name) + " " + row.band);
    BRICKLINE_NEEDS_DATA(std::filesystem::path("golden") / row.name);
    const test::GoldenCase c = test::load_golden(row.name, "tims");
    std::vector<const CcdImage*> images;
    for (const CcdImage& image : c.images)
      if (image.band == row.band) images.push_back(&image);
    const Image<std::uint8_t> stars =
        star_veto(gaia_pixels(stars_of(c)), c.brick.width(), c.brick.height(), 0.262);
    const BandOutliers found = find_band_outliers(images, c.brick, stars.const_view());
    EXPECT_EQ(found.veto_pixels, row.veto);
    for (std::size_t i = 0; i < row.blur.size(); ++i)
      EXPECT_NEAR(found.images[i].blur_sigma, row.blur[i], 1e-6);
  }
}

TEST(SatelliteTrail, IsMasked) {
  BRICKLINE_NEEDS_DATA("golden/sim300");
  const StageRun run("sim300");
  // The first exposure in g has a trail across the whole CCD: 25 sigma high, Gaussian, 2 pixels wide.
  const CcdImage& image = run.images[0];
  const CcdImage& before = run.golden.images[0];
  ASSERT_EQ(image.expnum, 900301);
  const double size = image.full_wcs.width();
  std::int64_t bright = 0, masked = 0;
  for (int y = 0; y < image.mask.height(); ++y)
    for (int x = 0; x < image.mask.width(); ++x) {
      const double d = (x + image.extent.x0 - size * 0.3) * 0.8 - (y + image.extent.y0 - size * 0.2) * 0.6;
      if (!(25 * std::exp(-0.5 * (d / 2) * (d / 2)) > 5) || before.inverse_error(x, y) == 0) continue;
      ++bright;
      masked += (image.mask(x, y) & mask_bit::kOutlier) != 0;
    }
  ASSERT_GT(bright, 1000);
  EXPECT_GE(static_cast<double>(masked), 0.95 * static_cast<double>(bright));
  std::cout << masked << " of " << bright << " pixels of the trail are masked\n";
  for (std::size_t i = 1; i < run.images.size(); ++i) EXPECT_EQ(outlier_pixels(run.images[i]), 0) << i;
}

TEST(NoOutliers, LeavesImagesAlone) {
  BRICKLINE_NEEDS_DATA("golden/testcase6");
  OutlierChoice options;
  options.no_outliers = true;
  const StageRun run("testcase6", options);
  EXPECT_TRUE(run.products().entries().empty());
  for (std::size_t i = 0; i < run.images.size(); ++i) {
    EXPECT_EQ(outlier_pixels(run.images[i]), 0);
    for (int y = 0; y < run.images[i].data.height(); ++y)
      for (int x = 0; x < run.images[i].data.width(); ++x)
        ASSERT_EQ(run.images[i].data(x, y), run.golden.images[i].data(x, y));
  }
}

}  // namespace
}  // namespace brickline
