// Brick summary and depths against those of the reference's tools.
#include "core/release/brick_summary.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>

#include "core/base/error.h"
#include "core/fits/fits_reader.h"
#include "core/fits/fits_writer.h"
#include "tests/support/data.h"

namespace brickline {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

const fs::path kGolden = test::data_dir() / "golden/survey-products";
const std::vector<std::pair<std::string, std::string>> kBricks = {{"testcase6", "1102p240"},
                                                                  {"sim300", "1501p022"},
                                                                  {"mzlsbass2", "1773p595"},
                                                                  {"testcase4", "1867p255"},
                                                                  {"testcase3", "2447p120"}};

class BrickSummary : public testing::Test {
 protected:
  // One output directory of all golden bricks.
  std::vector<BrickOutput> outputs(const std::vector<std::string>& names) {
    const fs::path file = kGolden / "brick-summary/survey-bricks.fits.gz";
    const BrickTable table = BrickTable::from_table(fits::FitsReader(file).table(1), file);
    std::vector<BrickOutput> out;
    for (const auto& [name, brick] : kBricks) {
      if (std::ranges::find(names, brick) == names.end()) continue;
      const fs::path products = fs::absolute(test::data_dir() / "golden" / name / "products");
      for (const char* what : {"tractor", "coadd"}) {
        fs::create_directories(directory_ / what);
        fs::create_directory_symlink(products / what / brick.substr(0, 3),
                                     directory_ / what / brick.substr(0, 3));
      }
      out.push_back({directory_.path(), table.find(brick)});
    }
    return out;
  }
  // Every column of theirs, in every row: whole numbers equal, others to a few units of float; `but` differ by intent.
  static void expect_columns(const fits::Table& ours, const fits::Table& theirs,
                             const std::vector<std::string>& but) {
    ASSERT_EQ(ours.rows(), theirs.rows());
    for (const fits::Column& column : theirs.columns()) {
      if (std::ranges::find(but, column.name) != but.end()) continue;
      ASSERT_TRUE(ours.has(column.name)) << column.name;
      const fits::Column& own = ours.require(column.name);
      EXPECT_EQ(own.data.index(), column.data.index()) << column.name;
      ASSERT_EQ(own.width(), column.width()) << column.name;
      for (std::int64_t row = 0; row < theirs.rows(); ++row) {
        if (column.is_string()) {
          EXPECT_EQ(ours.text(column.name, row), theirs.text(column.name, row));
          continue;
        }
        for (std::int64_t i = 0; i < column.width(); ++i) {
          const double a = ours.number(column.name, row, i), b = theirs.number(column.name, row, i);
          if (std::isnan(b))
            EXPECT_TRUE(std::isnan(a)) << column.name << " row " << row;
          else
            EXPECT_NEAR(a, b, 3e-7 * std::abs(b)) << column.name << " row " << row << " element " << i;
        }
      }
    }
  }
  static fits::Table golden(const std::string& name) {
    return fits::FitsReader(kGolden / "brick-summary" / name).table(1);
  }
  test::TemporaryDirectory directory_;
};

TEST_F(BrickSummary, OfOpticalBricksIsTheReferences) {
  BRICKLINE_NEEDS_DATA("golden/survey-products");
  const auto bricks = outputs({"1102p240", "1501p022", "1773p595", "2447p120"});
  const std::vector<std::string> bands = bands_of_outputs(bricks);
  EXPECT_THAT(bands, ElementsAre("g", "r", "z"));
  const fits::Table table = brick_summary(bricks, bands);
  expect_columns(table, golden("chunk-grz.fits"), {});
  // The reference's area is that of a flat box, and it knows of no halves of the survey here.
  const fits::Table merged = golden("merged-grz-north.fits");
  expect_columns(table, merged, {"area", "survey_primary"});
  for (std::int64_t row = 0; row < merged.rows(); ++row)
    EXPECT_NEAR(table.number("area", row), merged.number("area", row), 1e-6);
  EXPECT_NEAR(table.number("area", 1), .06245176522, 1e-11);
  EXPECT_EQ(table.integer("npix", 0), 10000);
  EXPECT_EQ(table.integer("nexpmax_g", 3), 3);
  EXPECT_NEAR(table.number("frac_g", 0), 1 - 0.1811, 1e-6);
}

// The reference has no pixel in any bin of a band without a map; ours are in the first.
TEST_F(BrickSummary, OfABrickWithWiseIsTheReferences) {
  BRICKLINE_NEEDS_DATA("golden/survey-products");
  const auto bricks = outputs({"1867p255"});
  const fits::Table theirs = golden("chunk-wise.fits"), table = brick_summary(bricks, {"g", "r", "z"});
  expect_columns(table, theirs, {"nexphist_g", "nexphist_r"});
  EXPECT_EQ(table.integer("nexphist_g", 0), 62500);
  EXPECT_EQ(table.integer("nexphist_g", 0, 1), 0);
  EXPECT_EQ(table.integer("nexphist_z", 0), 1120);
}

TEST_F(BrickSummary, WantsAMapOfExposures) {
  BRICKLINE_NEEDS_DATA("golden/survey-products");
  const auto bricks = outputs({"1501p022"});
  fs::remove(directory_ / "coadd/150");
  try {
    brick_summary(bricks, {"g"});
    ADD_FAILURE() << "no error";
  } catch (const Error& e) {
    EXPECT_THAT(e.line(), HasSubstr("brick 1501p022 has no map of exposures"));
  }
}

class MadeBrick : public testing::Test {
 protected:
  MadeBrick() {
    out_.directory = directory_.path();
    out_.brick.name = "1501p022";
    fs::create_directories(coadd());
    fs::create_directories(directory_ / "tractor/150");
  }
  fs::path coadd() const { return directory_ / "coadd/150/1501p022"; }
  fs::path map(const std::string& name) const {
    return coadd() / ("legacysurvey-1501p022-" + name + ".fits.fz");
  }
  test::TemporaryDirectory directory_;
  BrickOutput out_;
};

TEST_F(MadeBrick, HasItsBandsAsItsMapsAreSpelled) {
  fits::Table table;
  for (const char* band : {"g", "Y", "N419"})
    for (const char* stem : {"flux_", "galdepth_"})
      table.add(std::string(stem) + band, std::vector<float>{1});
  fits::FitsWriter writer;
  writer.add_table(table);
  writer.write(directory_ / "tractor/150/tractor-1501p022.fits");
  for (const char* name : {"nexp-g", "nexp-Y", "nexp-N419"}) std::ofstream(map(name)) << "x";
  EXPECT_THAT(bands_of_outputs(std::vector{out_}), ElementsAre("g", "Y", "N419"));
}

TEST_F(MadeBrick, DoesNotTakeAMapThatIsGoneForABandThatIsNotThere) {
  std::ofstream(map("nexp-g")) << "x";
  std::ofstream(directory_ / "tractor/150/brick-1501p022.sha256sum")
      << std::string(64, '0') << " *coadd/150/1501p022/legacysurvey-1501p022-nexp-r.fits.fz\n";
  const BrickProducts brick(out_, true);
  EXPECT_TRUE(brick.has(Product::kNexp, "g"));
  EXPECT_FALSE(brick.has(Product::kNexp, "z"));
  EXPECT_FALSE(BrickProducts(out_, false).has(Product::kNexp, "r"));
  EXPECT_THAT(bands_of_maps(std::vector{out_}), ElementsAre("g", "r"));
  try {
    (void)brick.has(Product::kNexp, "r");
    ADD_FAILURE() << "no error";
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), ErrorKind::kInput);
    EXPECT_THAT(e.line(),
                HasSubstr("nexp-r.fits.fz: brick 1501p022 lacks it: the brick is to be made again"));
  }
}

TEST_F(MadeBrick, HasNoMoreExposuresThanItsColumnHolds) {
  fits::Table table;
  table.add("brick_primary", std::vector<bool>{true});
  table.add("type", std::vector<std::string>{"PSF"});
  table.add("ebv", std::vector<float>{1});
  fits::FitsWriter writer, image;
  writer.add_table(table);
  writer.write(directory_ / "tractor/150/tractor-1501p022.fits");
  out_.brick.ra1 = 150, out_.brick.ra2 = 150.25, out_.brick.dec1 = 2.125, out_.brick.dec2 = 2.375;
  Image<std::int32_t> counts(2, 2, 40000);
  const Wcs wcs = Wcs::tangent(150.1, 2.2, 0.5, 0.5, {-1e-4, 0, 0, 1e-4}, 2, 2);
  image.add_image<std::int32_t>(counts.view(), wcs.to_header());
  image.write(map("nexp-g"));
  try {
    brick_summary(std::vector{out_}, {"g"});
    ADD_FAILURE() << "no error";
  } catch (const Error& e) {
    EXPECT_THAT(e.line(), HasSubstr("nexp-g.fits.fz: it holds a count of exposures of 40000"));
  }
}

TEST_F(BrickSummary, DepthsAreSummed) {
  BRICKLINE_NEEDS_DATA("golden/survey-products");
  const auto bricks = outputs({"1102p240", "1501p022", "1773p595", "1867p255", "2447p120"});
  const DepthSums sums = depth_sums(bricks, {"g", "r", "i", "z"});
  fits::FitsReader depth(kGolden / "depth/depth.fits"), summary(kGolden / "depth/depth-summary.fits");
  expect_columns(sums.per_brick, depth.table(1), {});
  expect_columns(sums.edges, depth.table(2), {});
  expect_columns(sums.sums, summary.table(1), {});
}

}  // namespace
}  // namespace brickline
