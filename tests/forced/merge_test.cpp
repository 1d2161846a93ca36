// Measurements brought together: as the reference pipeline's merged and averaged tables, of its own measurements.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "core/base/error.h"
#include "core/fits/fits_reader.h"
#include "core/forced/forced_merge.h"
#include "tests/support/data.h"

namespace brickline {
namespace {

namespace fs = std::filesystem;

fits::Table table_of(const fs::path& file, int hdu = 1) { return fits::FitsReader(file).table(hdu); }

struct GoldenMerge {
  std::string name, brick;
  std::vector<std::int64_t> exposures;
};

class Merge : public testing::TestWithParam<GoldenMerge> {
 protected:
  void SetUp() override { BRICKLINE_NEEDS_DATA("golden/forced/sim300/merge/forced-1501p022.fits"); }
  fs::path forced() const { return test::data_dir() / "golden/forced" / GetParam().name; }
  fits::Table catalog() const {
    return table_of(test::data_dir() / "golden" / GetParam().name / "products/tractor" /
                    GetParam().brick.substr(0, 3) / ("tractor-" + GetParam().brick + ".fits"));
  }
};

void expect_equal(const fits::Table& own, const fits::Table& golden) {
  ASSERT_EQ(own.rows(), golden.rows());
  for (const fits::Column& column : golden.columns()) {
    const fits::Column* mine = own.find(column.name);
    ASSERT_TRUE(mine) << column.name;
    EXPECT_EQ(mine->data.index(), column.data.index()) << column.name;
    for (std::int64_t i = 0; i < golden.rows(); ++i) {
      if (column.is_string()) {
        EXPECT_EQ(own.text(column.name, i), golden.text(column.name, i)) << column.name << " " << i;
        continue;
      }
      for (std::int64_t k = 0; k < column.width(); ++k)
        EXPECT_EQ(own.number(column.name, i, k), golden.number(column.name, i, k)) << column.name << " " << i;
    }
  }
}

TEST_P(Merge, TablesAreTheReferences) {
  std::vector<NamedTable> tables;
  for (const std::int64_t expnum : GetParam().exposures) {
    const fs::path file = forced() / "derivs" / ("forced-" + std::to_string(expnum) + ".fits");
    tables.push_back({file.string(), table_of(file)});
  }
  // The reference keeps objects of the neighbours' areas.
  const MergedForced merged = merge_forced(catalog(), tables, {"g", "r", "z"}, true);
  const fs::path golden = forced() / "merge" / ("forced-" + GetParam().brick + ".fits");
  expect_equal(merged.objects, table_of(golden, 1));
  expect_equal(merged.measurements, table_of(golden, 2));
  for (const std::string band : {"g", "r", "z"})
    for (std::int64_t i = 0; i < merged.objects.rows(); ++i) {
      const std::int64_t first = merged.objects.integer("index_" + band, i),
                         count = merged.objects.integer("nobs_" + band, i);
      for (std::int64_t k = first; k < first + count; ++k) {
        EXPECT_EQ(merged.measurements.integer("objid", k), merged.objects.integer("objid", i));
        EXPECT_EQ(merged.measurements.text("filter", k), band);
      }
      EXPECT_EQ(first < 0, count == 0);
    }
}

class Averages : public Merge {};

TEST_P(Averages, AreTheReferences) {
  const fs::path directory = forced() / "brickwise";
  const fits::Table measurements = table_of(directory / ("forced-" + GetParam().brick + ".fits")),
                    golden = table_of(directory / ("tractor-forced-" + GetParam().brick + ".fits"));
  const fits::Table own = average_forced(golden, measurements, bands_of(measurements));
  int compared = 0;
  for (const fits::Column& column : golden.columns()) {
    if (!column.name.starts_with("forced_") || column.name.starts_with("forced_fracmasked")) continue;
    ASSERT_TRUE(own.has(column.name)) << column.name;
    EXPECT_EQ(own.require(column.name).data.index(), column.data.index()) << column.name;
    ++compared;
    for (std::int64_t i = 0; i < golden.rows(); ++i)
      for (std::int64_t k = 0; k < column.width(); ++k) {
        const double value = golden.number(column.name, i, k);
        EXPECT_NEAR(own.number(column.name, i, k), value, 1e-5 * std::abs(value) + 1e-9)
            << column.name << " " << i;
      }
  }
  EXPECT_EQ(compared, 10 * static_cast<int>(bands_of(measurements).size()));
}

// The reference divides the sum of fracmasked by that of fracin: of a single measurement that is not what was measured
// if a part of the source is off the image. Here the mean is weighted by fracin, as those of fracflux and rchisq are.
TEST_P(Averages, OfFracmaskedAreMeansOfTheReferencesNumbers) {
  const fs::path directory = forced() / "brickwise";
  const fits::Table measurements = table_of(directory / ("forced-" + GetParam().brick + ".fits")),
                    golden = table_of(directory / ("tractor-forced-" + GetParam().brick + ".fits"));
  const std::vector<std::string> bands = bands_of(measurements);
  const fits::Table own = average_forced(golden, measurements, bands);
  for (const std::string& band : bands)
    for (std::int64_t i = 0; i < golden.rows(); ++i) {
      SCOPED_TRACE(band + std::to_string(i));
      double masked = 0, weighted = 0, in = 0, least = 1, most = 0;
      for (std::int64_t k = 0; k < measurements.rows(); ++k) {
        if (measurements.integer("objid", k) != golden.integer("objid", i) ||
            measurements.text("filter", k) != band)
          continue;
        const double f = measurements.number("fracin", k), m = measurements.number("fracmasked", k);
        masked += m;
        weighted += m * f;
        in += f;
        least = std::min(least, m);
        most = std::max(most, m);
      }
      const std::string column = forced_column("fracmasked", band);
      EXPECT_EQ(own.require(column).data.index(), golden.require(column).data.index());
      const double mean = own.number(column, i), theirs = golden.number(column, i);
      EXPECT_NEAR(theirs, in > 0 ? masked / in : 0, 1e-5 * theirs + 1e-9);
      EXPECT_NEAR(mean, in > 0 ? weighted / in : 0, 1e-5 * mean + 1e-9);
      if (in > 0) {
        EXPECT_GE(mean, least * (1 - 1e-6));
        EXPECT_LE(mean, most * (1 + 1e-6));
      }
    }
}

const auto kCases = testing::Values(
    GoldenMerge{"sim300", "1501p022", {900301, 900302, 900303, 900304, 900305, 900306}},
    GoldenMerge{"mzlsbass2", "1773p595", {77690, 78730103, 81900110}},
    GoldenMerge{"testcase6", "1102p240", {396388, 695773, 790643, 802955, 803277, 803291}},
    GoldenMerge{"testcase3", "2447p120", {349590, 425858, 425859, 432164, 722778, 747382, 763152, 770496}});
const auto kName = [](const auto& info) { return info.param.name; };
INSTANTIATE_TEST_SUITE_P(Cases, Merge, kCases, kName);
INSTANTIATE_TEST_SUITE_P(Cases, Averages, kCases, kName);
INSTANTIATE_TEST_SUITE_P(OneExposure, Averages,
                         testing::Values(GoldenMerge{"testcase4", "1867p255", {630780}}), kName);

// One object seen three times in r, once without weight, and once in N501.
fits::Table small_measurements() {
  fits::Table t;
  t.add("release", std::vector<std::int16_t>(4, 9010));
  t.add("brickid", std::vector<std::int32_t>(4, 7));
  t.add("objid", std::vector<std::int32_t>(4, 3));
  t.add("filter", std::vector<std::string>{"r", "N501", "r", "r"});
  t.add("camera", std::vector<std::string>(4, "decam"));
  t.add("expnum", std::vector<std::int64_t>{30, 20, 10, 40});
  t.add("ccdname", std::vector<std::string>(4, "N1"));
  t.add("mjd", std::vector<double>{58003, 58002, 58001, 58004});
  t.add("flux", std::vector<float>{4, 9, 1, 100});
  t.add("flux_ivar", std::vector<float>{1, 4, 3, 0});
  t.add("fracin", std::vector<float>{1, 1, 0.5, 0});
  t.add("fracflux", std::vector<float>{0.2f, 0.1f, 0.8f, 0});
  t.add("fracmasked", std::vector<float>{0, 0, 0.3f, 1});
  t.add("rchisq", std::vector<float>{1, 1, 4, 0});
  t.add("psfdepth", std::vector<float>{10, 10, 20, 30});
  t.add("galdepth", std::vector<float>{5, 5, 10, 15});
  t.add("dqmask", std::vector<std::int16_t>{0, 0, 2, 1});
  t.add("zpcheck_wrong", std::vector<bool>{true, false, false, false});
  return t;
}
fits::Table small_catalog() {
  fits::Table t;
  t.add("release", std::vector<std::int16_t>(4, 9010));
  t.add("brickid", std::vector<std::int32_t>(4, 7));
  t.add("objid", std::vector<std::int32_t>{2, 3, 4, 5});
  t.add("brick_primary", std::vector<bool>{true, true, false, true});
  t.add("type", std::vector<std::string>{"PSF", "EXP", "PSF", "DUP"});
  return t;
}

TEST(SmallMerge, KeepsWhatIsPrimaryAndMeasured) {
  const MergedForced merged =
      merge_forced(small_catalog(), {{"a", small_measurements()}}, {"r", "N501", "z"});
  ASSERT_EQ(merged.objects.rows(), 2);  // not the neighbour's, not the duplicate
  EXPECT_EQ(merged.objects.integer("nobs_r", 0), 0);
  EXPECT_EQ(merged.objects.integer("index_r", 0), -1);
  EXPECT_EQ(merged.objects.integer("nobs_r", 1), 3);
  EXPECT_EQ(merged.objects.integer("nobs_N501", 1), 1);
  EXPECT_EQ(merged.objects.integer("nobs_z", 1), 0);
  const std::int64_t first = merged.objects.integer("index_r", 1);
  for (int k = 0; k < 3; ++k)
    EXPECT_EQ(merged.measurements.integer("expnum", first + k),
              std::vector<int>({10, 30, 40})[static_cast<std::size_t>(k)]);
  // A catalog of another release has no such objects.
  fits::Table other = small_catalog();
  other.add("release", std::vector<std::int16_t>(4, 10000));
  EXPECT_EQ(merge_forced(other, {{"a", small_measurements()}}, {"r"}).measurements.rows(), 0);
}

TEST(SmallMerge, AveragesByWeight) {
  const MergedForced merged = merge_forced(small_catalog(), {{"a", small_measurements()}}, {"r"});
  const fits::Table a = average_forced(merged.objects, merged.measurements, {"r"});
  EXPECT_EQ(a.number("forced_flux_r", 0), 0);
  EXPECT_FLOAT_EQ(a.number("forced_flux_r", 1), 7.0 / 4);
  EXPECT_EQ(a.number("forced_flux_ivar_r", 1), 4);
  EXPECT_EQ(a.integer("forced_nexp_r", 1), 3);
  EXPECT_EQ(a.number("forced_psfdepth_r", 1), 60);
  EXPECT_FLOAT_EQ(a.number("forced_fracin_r", 1), 0.5);
  EXPECT_FLOAT_EQ(a.number("forced_fracflux_r", 1), 0.4);
  EXPECT_FLOAT_EQ(a.number("forced_fracmasked_r", 1), 0.1);
  EXPECT_FLOAT_EQ(a.number("forced_rchisq_r", 1), 2);
}

TEST(SmallMerge, AveragesAreWithoutCcdsThatAreCut) {
  fits::Table t = small_measurements();
  t.add("ccd_cuts", std::vector<std::int32_t>{4, 0, 0, 0});
  const MergedForced merged = merge_forced(small_catalog(), {{"a", t}}, {"r"});
  EXPECT_EQ(merged.objects.integer("nobs_r", 1), 3);
  const fits::Table a = average_forced(merged.objects, merged.measurements, {"r"});
  EXPECT_EQ(a.number("forced_flux_r", 1), 1);
  EXPECT_EQ(a.number("forced_flux_ivar_r", 1), 3);
  EXPECT_EQ(a.integer("forced_nexp_r", 1), 2);
}

TEST(SmallMerge, AveragesKnowOfNeighboursWhereMeasurementsDo) {
  fits::Table measured = small_measurements();
  std::vector<float> joint;
  for (std::int64_t i = 0; i < measured.rows(); ++i)
    joint.push_back(static_cast<float>(measured.number("flux_ivar", i) / static_cast<double>(i + 2)));
  measured.add("flux_ivar_joint", joint);
  const MergedForced merged = merge_forced(small_catalog(), {{"a", measured}}, {"r"});
  const auto average = [&](const fits::Table& measurements) {
    return average_forced(merged.objects, measurements, {"r"}).number("forced_flux_ivar_joint_r", 1);
  };
  double weight = 0, variance = 0;
  for (std::int64_t i = 0; i < merged.measurements.rows(); ++i) {
    const double w = merged.measurements.number("flux_ivar", i);
    if (merged.measurements.integer("objid", i) != merged.objects.integer("objid", 1) ||
        merged.measurements.text("filter", i) != "r" || !(w > 0))
      continue;
    weight += w;
    variance += w * w / merged.measurements.number("flux_ivar_joint", i);
  }
  ASSERT_GT(weight, 0);
  EXPECT_NEAR(average(merged.measurements), weight * weight / variance, 1e-5 * weight);
  // One that is not told from others leaves the mean so.
  fits::Table untold = merged.measurements;
  untold.add("flux_ivar_joint", std::vector<float>(static_cast<std::size_t>(untold.rows()), 0.0F));
  EXPECT_EQ(average(untold), 0);
}

// The catalog was made anew since, and its numbers are other objects'.
TEST(SmallMerge, MeasurementsOfAnotherCatalogAreRefused) {
  fits::Table catalog = small_catalog(), measured = small_measurements();
  catalog.add("ra", std::vector<double>(4, 150.0));
  catalog.add("dec", std::vector<double>(4, 2.0));
  measured.add("ra", std::vector<double>(4, 150.0));
  measured.add("dec", std::vector<double>{2, 2, 2 + 0.05 / 3600, 2});
  require_same_places(catalog, {{"a", measured}});
  measured.add("dec", std::vector<double>{2, 2, 2, 2.001});
  try {
    require_same_places(catalog, {{"a", measured}});
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), ErrorKind::kInput);
    EXPECT_THAT(e.line(), testing::HasSubstr("row 4: object 3 of brick 7 was measured 3.60 arcsec"));
  }
  catalog.add("ref_epoch", std::vector<float>(4, 2015.5F));  // stars that move
  require_same_places(catalog, {{"a", measured}});
}

TEST(LightCurve, IsInOrderOfBandAndDateAndCanBeDrawn) {
  const fits::Table curve = light_curve_of(small_measurements(), 7, 3);
  ASSERT_EQ(curve.rows(), 4);
  EXPECT_EQ(curve.text("filter", 0), "N501");
  for (int k = 1; k < 3; ++k) EXPECT_LT(curve.number("mjd", k), curve.number("mjd", k + 1));
  EXPECT_EQ(light_curve_of(small_measurements(), 7, 4).rows(), 0);
  const std::string svg = light_curve_svg(curve, "a < b");
  const auto count = [&](const std::string& text) {
    std::size_t n = 0;
    for (std::size_t at = svg.find(text); at != std::string::npos; at = svg.find(text, at + 1)) ++n;
    return n;
  };
  EXPECT_EQ(count("<circle"), 3u);               // the one without weight is not drawn
  EXPECT_EQ(count("fill=\"#fff\" stroke"), 1u);  // flagged
  EXPECT_EQ(count("stroke=\"#d50\""), 2u);       // bar and symbol of the one whose zero point is wrong
  EXPECT_EQ(count("<rect"), 3u);                 // paper, two panels
  EXPECT_NE(svg.find("a &lt; b"), std::string::npos);
}

}  // namespace
}  // namespace brickline
