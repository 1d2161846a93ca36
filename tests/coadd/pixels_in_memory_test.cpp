// Coadds before compression are those of the reference's memory (pixels_in_memory.txt).
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <functional>
#include <map>
#include <sstream>

#include "core/coadd/band_coadd.h"
#include "core/coadd/brick_maps.h"
#include "core/coadd/rgb.h"
#include "core/resample/pixel_mapping.h"
#include "tests/support/golden_images.h"

namespace brickline {
namespace {

class PixelsInMemory : public testing::TestWithParam<const char*> {
 protected:
  struct Stacked {
    test::GoldenCase golden;
    std::map<std::string, BandCoadd> coadds;
  };
  static Stacked& stacked() {
    static std::map<std::string, Stacked> all;
    const auto [it, is_new] = all.try_emplace(GetParam());
    Stacked& s = it->second;
    if (!is_new) return s;
    s.golden = test::load_golden(GetParam());
    for (const std::string& band : s.golden.bands) {
      BandCoadder coadder(s.golden.brick, band, false);
      for (const CcdImage& image : s.golden.images)
        if (image.band == band) coadder.add(image);
      s.coadds[band] = coadder.finish();
    }
    return s;
  }
  // The lines of one kind about this case, without kind and case.
  static std::vector<std::string> lines(const std::string& kind) {
    std::ifstream file(std::string(BRICKLINE_SOURCE_DIR) + "/tests/coadd/pixels_in_memory.txt");
    std::vector<std::string> out;
    for (std::string line; std::getline(file, line);) {
      std::istringstream words(line);
      std::string first, name, rest;
      words >> first >> name;
      std::getline(words, rest);
      if (first == kind && name == GetParam()) out.push_back(rest);
    }
    EXPECT_FALSE(out.empty()) << kind;
    return out;
  }
  static std::vector<double> numbers(std::istringstream& words) {
    std::vector<double> out;
    for (double v; words >> v;) out.push_back(v);
    return out;
  }
};

#define NEEDS_CASE() BRICKLINE_NEEDS_DATA(std::string("golden/") + GetParam())

TEST_P(PixelsInMemory, AreTheReferences) {
  NEEDS_CASE();
  for (const std::string& line : lines("pixel")) {
    std::istringstream words(line);
    std::string band;
    int x, y;
    words >> band >> x >> y;
    const std::vector<double> want = numbers(words);
    ASSERT_EQ(want.size(), 6u) << line;
    const BandCoadd& c = stacked().coadds.at(band);
    const double got[] = {c.image(x, y),    c.invvar(x, y),  c.depth(x, y),
                          c.galdepth(x, y), c.psfsize(x, y), static_cast<double>(c.nexp(x, y))};
    for (int k = 0; k < 6; ++k)
      EXPECT_NEAR(got[k], want[k], 2e-4 * std::abs(want[k]) + 3e-5) << line << " " << k;
  }
}

TEST_P(PixelsInMemory, SumsAreTheReferences) {
  NEEDS_CASE();
  for (const std::string& line : lines("sum")) {
    std::istringstream words(line);
    std::string band, map;
    double want;
    words >> band >> map >> want;
    const BandCoadd& c = stacked().coadds.at(band);
    const auto total = [](const auto& image, bool zeros) {
      double sum = 0;
      for (int y = 0; y < image.height(); ++y)
        for (int x = 0; x < image.width(); ++x)
          sum += zeros ? static_cast<double>(image(x, y) == 0) : static_cast<double>(image(x, y));
      return sum;
    };
    const bool zeros = map.ends_with("-zeros");
    const std::string name = map.substr(0, map.find('-'));
    const std::map<std::string, std::function<double()>> maps = {
        {"image", [&] { return total(c.image, zeros); }},
        {"invvar", [&] { return total(c.invvar, zeros); }},
        {"depth", [&] { return total(c.depth, zeros); }},
        {"psfsize", [&] { return total(c.psfsize, zeros); }},
        {"nexp", [&] { return total(c.nexp, zeros); }},
        {"anymask", [&] { return total(c.anymask, zeros); }},
        {"allmask", [&] { return total(c.allmask, zeros); }},
    };
    const bool exact = zeros || name == "nexp" || name.ends_with("mask");
    const double tolerance = exact ? 0 : (name == "image" || name == "invvar" ? 2e-4 : 1e-6) * want;
    EXPECT_NEAR(maps.at(name)(), want, tolerance) << line;
  }
}

TEST_P(PixelsInMemory, PicturesHaveTheReferencesColours) {
  NEEDS_CASE();
  Stacked& s = stacked();
  std::vector<ImageView<const float>> images;
  for (const std::string& band : s.golden.bands) images.push_back(s.coadds.at(band).image.view());
  const RgbPlanes picture = rgb_picture(images, s.golden.bands, PictureKind::kImage);
  const auto mean = [](const Image<float>& plane) {
    double sum = 0;
    for (int y = 0; y < plane.height(); ++y)
      for (int x = 0; x < plane.width(); ++x) sum += plane(x, y);
    return sum / (plane.width() * plane.height());
  };
  for (const std::string& line : lines("picture")) {
    std::istringstream words(line);
    const std::vector<double> want = numbers(words);
    if (want.size() == 1) {  // grey: the sum of the planes
      EXPECT_NEAR(mean(picture.red) + mean(picture.green) + mean(picture.blue), want[0], 2e-5);
      continue;
    }
    ASSERT_EQ(want.size(), 3u);
    EXPECT_NEAR(mean(picture.red), want[0], 2e-5);
    EXPECT_NEAR(mean(picture.green), want[1], 2e-5);
    EXPECT_NEAR(mean(picture.blue), want[2], 2e-5);
  }
}

TEST_P(PixelsInMemory, ScalesAndNormsOfTheImagesAreTheReferences) {
  NEEDS_CASE();
  const test::GoldenCase& golden = stacked().golden;
  const auto of_band = [&](const std::string& band) {
    std::vector<const CcdImage*> out;
    for (const CcdImage& image : golden.images)
      if (image.band == band) out.push_back(&image);
    return out;
  };
  for (const std::string& line : lines("scale")) {
    std::istringstream words(line);
    std::string band;
    words >> band;
    const std::vector<double> want = numbers(words);
    const auto images = of_band(band);
    ASSERT_EQ(images.size(), want.size()) << line;
    for (std::size_t i = 0; i < want.size(); ++i)
      EXPECT_NEAR(surface_brightness_scale(golden.brick, images[i]->wcs), want[i], 2e-7) << line;
  }
  for (const std::string& line : lines("norms")) {
    std::istringstream words(line);
    std::string band;
    words >> band;
    const std::vector<double> want = numbers(words);
    const CcdImage& image = *of_band(band).at(0);
    EXPECT_NEAR(image.sig1, want.at(0), 1e-6 * want[0]) << line;
    EXPECT_NEAR(image.psfnorm, want.at(1), 1e-6 * want[1]) << line;
    EXPECT_NEAR(image.galnorm, want.at(2), 1e-6 * want[2]) << line;
  }
}

INSTANTIATE_TEST_SUITE_P(Cases, PixelsInMemory, testing::Values("testcase4", "testcase6", "testcase9"),
                         [](const auto& info) { return std::string(info.param); });

TEST(BrickMaps, TheUniqueAreaOfAWholeBrickIsTheReferences) {
  // Brick 1867p255: its centre, and the box on the sky that it has to itself.
  const SkyBox box{186.63594470046087, 186.9124423963134, 25.375, 25.625};
  const Image<std::uint8_t> unique =
      unique_pixels(test::golden_detail::tangent_brick(186.7741935483871, 25.5, 3600, 3600), box);
  std::int64_t count = 0;
  Box used{3600, 0, 3600, 0};
  for (int y = 0; y < 3600; ++y)
    for (int x = 0; x < 3600; ++x)
      if (unique(x, y)) {
        ++count;
        used = {std::min(used.x0, x), std::max(used.x1, x), std::min(used.y0, y), std::max(used.y1, y)};
      }
  EXPECT_EQ(count, 11779830);
  EXPECT_EQ(used, (Box{84, 3515, 82, 3517}));
}

}  // namespace
}  // namespace brickline
