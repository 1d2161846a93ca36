// unWISE files as people have them: in several directories, plain or gzipped, cut short, incomplete.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <mutex>

#include "core/base/error.h"
#include "core/fits/fits_reader.h"
#include "core/fits/fits_writer.h"
#include "tests/wise/simulated_sky.h"

namespace brickline {
namespace {

namespace fs = std::filesystem;

class Lines : public LogSink {
 public:
  void write(LogLevel level, std::string_view message) override {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (level >= LogLevel::kWarning) warnings.emplace_back(message);
  }
  std::vector<std::string> warnings;

 private:
  std::mutex mutex_;
};

class TileFilesTest : public testing::Test {
 protected:
  TileFilesTest() : sky_(options()), id_(fs::directory_iterator(base() / group())->path().filename()) {}
  static simulate::SimulationOptions options() {
    simulate::SimulationOptions o;
    o.seed = 3;
    o.size = 300;
    o.density = 6;
    o.brightest_mag = 16;
    o.faintest_mag = 20;
    o.wise_tiles = 1;
    o.wise_epochs = 2;
    return o;
  }
  fs::path base() const { return sky_.directory / "wise/unwise"; }
  std::string group() const { return fs::directory_iterator(base())->path().filename(); }
  fs::path file(const std::string& kind) const {
    return base() / group() / id_ / ("unwise-" + id_ + "-" + kind);
  }
  WisePhotometry measure(const WiseFiles& files) {
    WisePhotometryOptions options{.profiles = GalaxyProfiles::kReference};
    options.log = Log(lines_);
    return measure_wise(WiseData(files), sky_.brick, kBrickPixelScale, sky_.models(), options);
  }
  WisePhotometry measure() { return measure(sky_.wise_files()); }
  static bool measured(const WiseBandPhotometry& p) {
    for (double v : p.flux_ivar)
      if (v > 0) return true;
    return false;
  }
  std::string error_of(const WiseFiles& files) {
    try {
      measure(files);
    } catch (const Error& e) {
      EXPECT_EQ(e.kind(), ErrorKind::kInput);
      return e.line();
    }
    return "no error";
  }

  test::SimulatedSky sky_;
  std::string id_;
  Lines lines_;
};

TEST_F(TileFilesTest, WholeSetsAreFoundInLaterDirectories) {
  const WisePhotometry all = measure();
  EXPECT_TRUE(lines_.warnings.empty()) << lines_.warnings.front();
  // W1 moves to a directory of its own; W2 is left incomplete in the first and whole in the second.
  const fs::path other = sky_.directory / "second" / group() / id_;
  fs::create_directories(other);
  for (const char* kind : {"img-m.fits", "invvar-m.fits.gz", "n-m.fits.gz", "n-u.fits.gz"}) {
    const std::string w1 = std::string("w1-") + kind, w2 = std::string("w2-") + kind;
    fs::rename(file(w1), other / file(w1).filename());
    fs::copy(file(w2), other / file(w2).filename());
  }
  fs::remove(file("w2-n-u.fits.gz"));
  WiseFiles files = sky_.wise_files();
  files.coadd_dirs = split_directories(base().string() + "::" + (sky_.directory / "second").string());
  ASSERT_EQ(files.coadd_dirs.size(), 2u);
  const WisePhotometry r = measure(files);
  EXPECT_TRUE(lines_.warnings.empty()) << lines_.warnings.front();
  for (std::size_t b = 0; b < 4; ++b) EXPECT_EQ(r.bands[b].flux, all.bands[b].flux);
}

TEST_F(TileFilesTest, PlainFilesServeBesideGzippedOnes) {
  const WisePhotometry all = measure();
  for (const char* kind : {"w1-invvar-m.fits", "w1-n-m.fits"}) {
    fits::FitsReader reader(file(std::string(kind) + ".gz"));
    fits::FitsWriter writer;
    writer.add_image<float>(reader.image<float>(0).const_view(), reader.header(0));
    writer.write(file(kind));
    fs::remove(file(std::string(kind) + ".gz"));
  }
  EXPECT_EQ(measure().bands[0].flux, all.bands[0].flux);
  EXPECT_TRUE(lines_.warnings.empty());
}

TEST_F(TileFilesTest, AMissingInverseVarianceLeavesTheBandOutAndIsToldOnce) {
  fs::remove(file("w1-invvar-m.fits.gz"));
  fs::remove(file("w2-invvar-m.fits.gz"));
  const WisePhotometry r = measure();
  ASSERT_EQ(lines_.warnings.size(), 1u);
  EXPECT_NE(lines_.warnings[0].find("W1, W2"), std::string::npos) << lines_.warnings[0];
  EXPECT_NE(lines_.warnings[0].find("w1-invvar-m.fits"), std::string::npos) << lines_.warnings[0];
  EXPECT_FALSE(measured(r.bands[0]));
  EXPECT_FALSE(measured(r.bands[1]));
  EXPECT_TRUE(measured(r.bands[2]));
  EXPECT_TRUE(measured(r.epochs[0][0]));
}

TEST_F(TileFilesTest, AnAbsentTileIsToldOnceAndGivesZeros) {
  fs::rename(base() / group(), sky_.directory / "away");
  const WisePhotometry r = measure();
  ASSERT_EQ(lines_.warnings.size(), 2u);  // the photometry, and the mask
  EXPECT_NE(lines_.warnings[0].find(id_), std::string::npos);
  for (const WiseBandPhotometry& band : r.bands) {
    EXPECT_EQ(band.size(), sky_.sources.size());
    EXPECT_FALSE(measured(band));
  }
  EXPECT_TRUE(measured(r.epochs[1][1]));
}

TEST_F(TileFilesTest, AnAbsentEpochIsToldOnce) {
  fs::remove_all(sky_.directory / "wise/unwise-tr/e001");
  const WisePhotometry r = measure();
  ASSERT_EQ(lines_.warnings.size(), 1u);
  EXPECT_NE(lines_.warnings[0].find("e001 W1, e001 W2"), std::string::npos) << lines_.warnings[0];
  EXPECT_TRUE(measured(r.epochs[0][0]));
  EXPECT_FALSE(measured(r.epochs[1][0]));
}

TEST_F(TileFilesTest, AFileCutShortEndsTheRunByName) {
  fs::resize_file(file("w2-img-m.fits"), fs::file_size(file("w2-img-m.fits")) / 2);
  const std::string line = error_of(sky_.wise_files());
  EXPECT_NE(line.find("w2-img-m.fits"), std::string::npos) << line;
  EXPECT_EQ(line.find('\n'), std::string::npos);
}

TEST_F(TileFilesTest, AGzippedFileCutShortEndsTheRunByName) {
  fs::resize_file(file("w1-invvar-m.fits.gz"), fs::file_size(file("w1-invvar-m.fits.gz")) / 2);
  const std::string line = error_of(sky_.wise_files());
  EXPECT_NE(line.find("w1-invvar-m.fits.gz"), std::string::npos) << line;
}

TEST_F(TileFilesTest, PlanesOfUnlikeSizesAreRefused) {
  fits::FitsWriter writer;
  writer.add_image<float>(Image<float>(3, 3, 1).const_view());
  writer.write(file("w1-n-m.fits.gz"));
  const std::string line = error_of(sky_.wise_files());
  EXPECT_NE(line.find("w1-n-m.fits.gz"), std::string::npos) << line;
  EXPECT_NE(line.find("3 x 3"), std::string::npos) << line;
}

TEST_F(TileFilesTest, ATileOfAnotherBandOrZeroPointIsRefused) {
  const fs::path w1 = file("w1-img-m.fits"), w2 = file("w2-img-m.fits");
  fs::copy_file(w2, w1, fs::copy_options::overwrite_existing);
  EXPECT_NE(
      error_of(sky_.wise_files()).find("w1-img-m.fits: it is of W2 by its header (BAND), of W1 by its name"),
      std::string::npos);
  fits::FitsReader reader(w2);
  fits::Header header = reader.header(0);
  header.set("BAND", std::int64_t{1});
  header.set("MAGZP", 25.0);
  fits::FitsWriter writer;
  writer.add_image<float>(reader.image<float>(0).const_view(), header);
  writer.write(w1);
  EXPECT_NE(error_of(sky_.wise_files()).find("its zero point (MAGZP) is 25"), std::string::npos);
}

Wcs tile_at(double ra, double dec) {
  return Wcs::tangent(ra, dec, 1023.5, 1023.5, {-2.75 / 3600, 0, 0, 2.75 / 3600}, 2048, 2048);
}

bool holds(const Box& region, const Wcs& tile, const SkyPosition& place, int within = 0) {
  const auto at = tile.sky_to_pixel(place.ra, place.dec);
  const Box larger{region.x0 - within, region.x1 + within, region.y0 - within, region.y1 + within};
  return at && larger.contains(static_cast<int>(std::lround(at->x)), static_cast<int>(std::lround(at->y)));
}

// Near a pole two of a brick's corners reach farther in RA than the other two. In a tile that is turned they may be nearly
// within what these span.
TEST(TileRegion, HoldsAllCornersOfABrickNearAPole) {
  for (const double dec : {84.0, 78.0, -78.0, -84.0})
    for (const double beside : {-2.0, 0.0, 2.0}) {
      const Wcs tile = tile_at(30 + beside, dec), brick = brick_wcs(30, dec, 3600, 3600, kBrickPixelScale);
      const Box region = tile_region(tile, brick);
      for (const SkyPosition& corner : brick.corners())
        EXPECT_TRUE(holds(region, tile, corner, beside == 0 ? 0 : 3)) << dec << " " << beside;
    }
}

// Elsewhere it is the reference's, to the pixel.
TEST(TileRegion, IsWhatRaAndDecOfTwoCornersSpanFarFromThePoles) {
  int outside = 0;
  for (const double dec : {-60.0, -30.0, 0.0, 30.0, 60.0, 72.0})
    for (const double beside : {-0.5, -0.13, 0.0, 0.31, 0.4}) {
      const Wcs tile = tile_at(150 + beside, dec + beside / 2),
                brick = brick_wcs(150, dec, 3600, 3600, kBrickPixelScale);
      const SkyPosition first = brick.pixel_to_sky(0, 0), last = brick.pixel_to_sky(3599, 3599);
      std::vector<int> x, y;
      for (const double ra : {first.ra, last.ra})
        for (const double of : {first.dec, last.dec}) {
          const auto at = tile.sky_to_pixel(ra, of);
          ASSERT_TRUE(at);
          x.push_back(static_cast<int>(std::lround(at->x)));
          y.push_back(static_cast<int>(std::lround(at->y)));
        }
      const auto [x0, x1] = std::ranges::minmax(x);
      const auto [y0, y1] = std::ranges::minmax(y);
      EXPECT_EQ(tile_region(tile, brick), (Box{x0, x1 + 1, y0, y1 + 1})) << dec << " " << beside;
      for (const SkyPosition& corner : brick.corners())
        outside += !holds({x0, x1 + 1, y0, y1 + 1}, tile, corner);
    }
  EXPECT_GT(outside, 0);
}

TEST_F(TileFilesTest, AbsentDirectoriesAreNamedBeforeAnyPixelIsRead) {
  WiseFiles files = sky_.wise_files();
  files.coadd_dirs.push_back("/nowhere/unwise");
  EXPECT_NE(error_of(files).find("/nowhere/unwise"), std::string::npos);
  files = sky_.wise_files();
  files.psf_dir.clear();
  EXPECT_NE(error_of(files).find("--unwise-psf-dir"), std::string::npos);
  files = sky_.wise_files();
  files.tiles_file = "/nowhere/tiles.fits";
  EXPECT_NE(error_of(files).find("/nowhere/tiles.fits"), std::string::npos);
  files = sky_.wise_files();
  files.model_sky_dir = "/nowhere/sky";
  EXPECT_NE(error_of(files).find("/nowhere/sky"), std::string::npos);
}

TEST_F(TileFilesTest, AModelSkyIsSubtractedAndAnAbsentOneIsNamed) {
  const WisePhotometry before = measure();
  WiseFiles files = sky_.wise_files();
  files.model_sky_dir = sky_.directory / "sky";
  fs::create_directories(files.model_sky_dir);
  EXPECT_NE(error_of(files).find(id_ + ".1.mod.fits"), std::string::npos);
  const fits::ImageInfo info = fits::FitsReader(file("w1-img-m.fits")).image_info(0);
  for (int band : {1, 2}) {
    fits::FitsWriter writer;
    writer.add_empty_primary();
    writer.add_image<float>(Image<float>(info.width, info.height, 9).const_view(), {}, "MODEL");
    writer.add_image<float>(Image<float>(info.width, info.height, 0.5f).const_view(), {}, "SKY");
    writer.write(files.model_sky_dir / (id_ + "." + std::to_string(band) + ".mod.fits"));
  }
  const WisePhotometry after = measure(files);
  for (std::size_t b = 0; b < 4; ++b)
    EXPECT_NEAR(before.coadds[b].image(5, 5) - after.coadds[b].image(5, 5), b < 2 ? 0.5 : 0, 1e-4);
  EXPECT_LT(after.bands[0].flux[0], before.bands[0].flux[0]);
}

}  // namespace
}  // namespace brickline
