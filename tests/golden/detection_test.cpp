// Detection in real fields from their images and catalogs on: maps, peaks, blobs, the sky between them, the
// blob mask and the table of sources, as the reference pipeline has them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <map>
#include <sstream>

#include "core/detect/detected_sources.h"
#include "core/detect/morphology.h"
#include "core/detect/reference_prior.h"
#include "core/detect/residual_sky.h"
#include "core/fits/fits_writer.h"
#include "core/pipeline/stages/blobmask.h"
#include "tests/refs/cases.h"
#include "tests/support/golden_case.h"
#include "tests/support/golden_products.h"
#include "tests/support/run_context.h"

namespace brickline {
namespace {

using Words = std::vector<std::string>;

// The rows of the table of values: of one kind and case, the words after these.
std::vector<Words> rows_of(const std::string& kind, const std::string& name) {
  std::ifstream file(BRICKLINE_SOURCE_DIR "/tests/golden/detection_values.txt");
  std::vector<Words> out;
  for (std::string line; std::getline(file, line);) {
    std::istringstream in(line);
    Words words(std::istream_iterator<std::string>(in), {});
    if (words.size() > 2 && words[0] == kind && words[1] == name)
      out.emplace_back(words.begin() + 2, words.end());
  }
  return out;
}
double number(const Words& row, std::size_t i) { return std::stod(row.at(i)); }
int integer(const Words& row, std::size_t i) { return std::stoi(row.at(i)); }

// A field as stage srcs meets it.
struct Field {
  explicit Field(const std::string& name) : test_case(name) {
    brick = test_case.target.wcs;
    CameraRegistry cameras = test::built_cameras();
    for (const CcdRow& row : test_case.ccds)
      if (auto image = read_ccd_image(cameras.load(row.camera), test_case.input(row), test_case.options))
        images.push_back(std::move(*image));
    // Weights and masks after the reference's outlier masks.
    fits::FitsReader masked(test_case.golden / "stages/outliers-images.fits.fz");
    for (std::size_t i = 0; i < images.size(); ++i) {
      const auto hdu = [&](const char* what) { return masked.find_hdu(what + std::to_string(i)).value(); };
      images[i].inverse_error = masked.image<float>(hdu("INVERR"));
      const auto dq = masked.image<std::int32_t>(hdu("DQ"));
      for (int y = 0; y < dq.height(); ++y)
        for (int x = 0; x < dq.width(); ++x) images[i].mask(x, y) = static_cast<std::uint16_t>(dq(x, y));
    }
    for (const std::string& band : test::grz())
      if (std::any_of(images.begin(), images.end(), [&](const CcdImage& i) { return i.band == band; }))
        bands.push_back(band);
    catalog = read_references(test::options_of(name), brick, bands);
    apply_edit(HaloEdits{halo_stars(catalog, bands)}, images);
    prior = reference_prior(catalog, images, brick).prior;
  }
  std::size_t band(const std::string& name) const {
    return static_cast<std::size_t>(std::find(bands.begin(), bands.end(), name) - bands.begin());
  }

  test::GoldenCase test_case;
  Wcs brick;
  std::vector<CcdImage> images;
  std::vector<std::string> bands;
  ReferenceCatalog catalog;
  DetectionPrior prior;
};

std::int64_t count_set(const Image<std::uint8_t>& image) {
  std::int64_t n = 0;
  for (int y = 0; y < image.height(); ++y)
    for (int x = 0; x < image.width(); ++x) n += image(x, y) != 0;
  return n;
}

class RealDetection : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override { BRICKLINE_NEEDS_DATA(std::string("golden/") + GetParam()); }
  std::vector<Words> rows(const char* kind) const { return rows_of(kind, GetParam()); }
};

TEST_P(RealDetection, MapsAreTheReferences) {
  const Field field(GetParam());
  const auto maps = detection_maps(detection_images(field.images, field.bands), field.brick,
                                   static_cast<int>(field.bands.size()));
  ASSERT_EQ(rows("map").size(), field.bands.size());
  for (const Words& row : rows("map")) {
    SCOPED_TRACE(row[0]);
    const BandMaps& map = maps.at(field.band(row[0]));
    double best = 0, sum = 0;
    int bx = 0, by = 0;
    std::int64_t without = 0;
    for (int y = 0; y < map.flux.height(); ++y)
      for (int x = 0; x < map.flux.width(); ++x) {
        const float v = map.inverse_variance(x, y);
        const double sn = map.flux(x, y) * std::sqrt(v);
        if (sn > best) {
          best = sn;
          bx = x;
          by = y;
        }
        sum += v;
        without += v == 0;
      }
    EXPECT_EQ(bx, integer(row, 1));
    EXPECT_EQ(by, integer(row, 2));
    EXPECT_NEAR(best, number(row, 3), 2e-4 * number(row, 3));
    EXPECT_NEAR(map.flux(bx, by), number(row, 4), 2e-4 * number(row, 4));
    EXPECT_NEAR(map.inverse_variance(bx, by), number(row, 5), 2e-4 * number(row, 5));
    EXPECT_NEAR(sum, number(row, 6), 2e-4 * number(row, 6));
    EXPECT_EQ(without, integer(row, 7));
    EXPECT_EQ(count_set(map.saturated), integer(row, 8));
    EXPECT_EQ(count_set(dilate(map.saturated.view(), 4)), integer(row, 9));
  }
  for (const Words& row : rows("pixel")) {
    const BandMaps& map = maps.at(field.band(row[0]));
    const int x = integer(row, 1), y = integer(row, 2);
    EXPECT_NEAR(map.flux(x, y), number(row, 3), 2e-4 * std::abs(number(row, 3))) << row[0] << x << ',' << y;
    EXPECT_NEAR(map.inverse_variance(x, y), number(row, 4), 2e-4 * number(row, 4)) << row[0] << x << ',' << y;
  }
}

TEST_P(RealDetection, PeaksBlobsAndSkyAreTheReferences) {
  const Field field(GetParam());
  const Detection found = detect_sources(field.images, field.brick, field.bands, field.prior);

  ASSERT_EQ(found.seds.size(), rows("peaks").size());
  for (std::size_t s = 0; s < found.seds.size(); ++s) {
    const Words row = rows("peaks")[s];
    SCOPED_TRACE(row[0]);
    const PeakCounts& c = found.counts[s];
    EXPECT_EQ(found.seds[s].name, row[0]);
    EXPECT_EQ(c.candidates, integer(row, 1));
    EXPECT_EQ(c.vetoed, integer(row, 2));
    EXPECT_EQ(c.below_saddle, integer(row, 3));
    EXPECT_EQ(c.below_annulus, integer(row, 4));
    EXPECT_EQ(c.kept, integer(row, 5));
    EXPECT_EQ(c.hot_pixels, integer(row, 6));
  }

  const std::vector<Words> sources = rows("source");
  ASSERT_EQ(found.sources.size(), sources.size() + field.prior.references.size());
  for (std::size_t i = 0; i < sources.size(); ++i) {
    SCOPED_TRACE(i);
    EXPECT_EQ(found.sources[i].sed, sources[i][0]);
    EXPECT_EQ(found.sources[i].ix, integer(sources[i], 1));
    EXPECT_EQ(found.sources[i].iy, integer(sources[i], 2));
    EXPECT_NEAR(found.sources[i].peak_sn, number(sources[i], 3), 2e-4 * number(sources[i], 3));
  }

  const std::vector<Words> blobs = rows("blob");
  ASSERT_EQ(found.blobs.blobs.size(), blobs.size());
  for (std::size_t i = 0; i < blobs.size(); ++i) {
    SCOPED_TRACE(i);
    const Blob& blob = found.blobs.blobs[i];
    const Words& row = blobs[i];
    EXPECT_EQ(blob.box, (Box{integer(row, 2), integer(row, 3), integer(row, 0), integer(row, 1)}));
    EXPECT_EQ(blob.pixels, integer(row, 4));
    std::vector<int> members;
    for (std::size_t k = 5; k < row.size(); ++k) members.push_back(integer(row, k));
    EXPECT_EQ(blob.sources, members);
  }

  const auto sky = residual_sky(field.images, field.brick, field.bands, found.blobs.labels.const_view());
  std::map<std::string, double> levels;
  for (std::size_t b = 0; b < sky.size(); ++b)
    if (sky[b]) levels[field.bands[b]] = *sky[b];
  ASSERT_EQ(levels.size(), rows("sky").size());
  for (const Words& row : rows("sky")) EXPECT_NEAR(levels.at(row[0]), number(row, 1), 1e-5) << row[0];
}

class RealBlobMask : public RealDetection {};

TEST_P(RealBlobMask, IsTheReferencesAndItsFileAndFiguresSaySo) {
  Field field(GetParam());
  Selection selection;
  selection.brick.name = "a-brick";
  selection.brick.wcs = field.brick;
  selection.bands = field.bands;
  const test::TemporaryDirectory dir;
  struct Infos : LogSink {
    std::vector<std::string> lines;
    void write(LogLevel level, std::string_view message) override {
      if (level == LogLevel::kInfo) lines.emplace_back(message);
    }
  } said;
  RunContext run = test::run_context(dir.path(), dir.path(), "a-brick", Log(said));
  const std::vector<Product> declared = {Product::kBlobmask};
  StageProducts stage_products(run, declared);
  const auto outcome = run_blobmask({}, selection, {field.images}, {}, stage_products, run);
  const BlobMask& found = std::get<0>(outcome.artifacts)->mask;
  const ProductSet& products = run.products;

  ASSERT_EQ(rows("mask").size(), 1u);
  const Words row = rows("mask")[0];
  EXPECT_EQ(found.largest_blob, integer(row, 0));
  EXPECT_EQ(found.blobs, integer(row, 1));
  EXPECT_EQ(found.image_pixels, integer(row, 2));
  EXPECT_THAT(said.lines, testing::ElementsAre("max_blob_size " + row[0], "num_blobs " + row[1],
                                               "total_pixels " + row[2]));
  ASSERT_EQ(products.entries().size(), 1u);
  EXPECT_EQ(products.entries()[0].path, "metrics/a-b/blobmask-a-brick.fits.gz");
  fits::FitsReader file(dir / products.entries()[0].path);
  EXPECT_EQ(file.header(1).text("IMTYPE"), "blobmask");
  const auto mask = file.image<std::uint8_t>(1);
  ASSERT_EQ(mask.width(), found.mask.width());
  ASSERT_EQ(mask.height(), found.mask.height());
  for (int y = 0; y < mask.height(); ++y)
    for (int x = 0; x < mask.width(); ++x) {
      ASSERT_LE(mask(x, y), 1);
      ASSERT_EQ(mask(x, y), found.mask(x, y));
    }
}

INSTANTIATE_TEST_SUITE_P(Fields, RealBlobMask,
                         testing::Values("testcase3", "testcase6", "testcase9", "mzlsbass2"),
                         [](const auto& info) { return std::string(info.param); });

std::string form(fits::FitsReader& reader, const std::string& column) {
  const fits::Header header = reader.header(1);
  for (int i = 1; i <= header.require_integer("TFIELDS"); ++i)
    if (header.require_text(fmt::format("TTYPE{}", i)) == column) {
      const std::string text = header.require_text(fmt::format("TFORM{}", i));
      return text.size() == 2 && text[0] == '1' && text[1] != 'A' ? text.substr(1) : text;  // "1E" is "E"
    }
  return "none";
}

// The golden file's columns with their types and values. Their order is the reference's at both ends; what it
// has in the middle, in an order of chance, is there in that of the reference catalog's table.
TEST_P(RealDetection, TheTableOfSourcesIsTheReferences) {
  const Field field(GetParam());
  const Detection found = detect_sources(field.images, field.brick, field.bands, field.prior);
  const test::TemporaryDirectory dir;
  fits::FitsWriter writer;
  writer.add_empty_primary();
  writer.add_table(detected_sources_table(found.sources, found.blobs, field.bands, field.catalog),
                   "DETECTIONS");
  writer.write(dir / "sources.fits");
  fits::FitsReader ours(dir / "sources.fits"), golden(test::golden_product(GetParam(), "sources-", ".fits"));
  EXPECT_EQ(ours.header(1).text("EXTNAME"), golden.header(1).text("EXTNAME"));
  const fits::Table a = ours.table(1), b = golden.table(1);
  ASSERT_EQ(a.rows(), b.rows());
  const std::size_t last = 6 + field.bands.size(), middle = b.columns().size() - last;
  for (std::size_t i = 0; i < b.columns().size(); ++i) {
    const std::size_t ours_at = i < 8 ? i : a.columns().size() - (b.columns().size() - i);
    if (i < 8 || i >= middle) {
      EXPECT_EQ(a.columns().at(ours_at).name, b.columns()[i].name);
    }
  }
  // Leftovers of a catalog of stars that says nothing here.
  const std::vector<std::string> left_out = {"jmag", "hmag", "kmag", "isgalaxy"};
  for (const fits::Column& column : b.columns()) {
    const std::string& name = column.name;
    SCOPED_TRACE(name);
    if (std::find(left_out.begin(), left_out.end(), name) != left_out.end()) continue;
    ASSERT_TRUE(a.has(name));
    EXPECT_EQ(form(ours, name), form(golden, name));
    for (std::int64_t row = 0; row < b.rows(); ++row) {
      // Equal S/N of a coarse camera's pixels leave the choice of pixel open, and with it the fluxes there.
      const bool neighbour =
          a.integer("ibx", row) != b.integer("ibx", row) || a.integer("iby", row) != b.integer("iby", row);
      if (neighbour) {
        EXPECT_STREQ(GetParam(), "mzlsbass2");
      }
      if (column.is_string()) {
        EXPECT_EQ(a.text(name, row), b.text(name, row)) << row;
      } else if (name == "ref_id" || name == "source_id" || name.starts_with("blob")) {
        EXPECT_EQ(a.integer(name, row), b.integer(name, row)) << row;
      } else {
        const double w = b.number(name, row);
        double within = 3e-4 * std::abs(w);
        if (name == "ibx" || name == "iby") within = neighbour ? 1 : 0;
        if (name == "ra" || name == "dec") within = neighbour ? 2e-4 : 1e-10;
        if (name.starts_with("flux_") && neighbour) within = 0.1;
        EXPECT_NEAR(a.number(name, row), w, within) << row;
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Fields, RealDetection,
                         testing::Values("testcase3", "testcase4", "testcase6", "testcase7", "testcase9",
                                         "mzlsbass2"),
                         [](const auto& info) { return std::string(info.param); });

}  // namespace
}  // namespace brickline
