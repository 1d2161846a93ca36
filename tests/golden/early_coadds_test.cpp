// Early coadds of real fields: the mask of the brick's pixels and the table of depths before any source is
// fitted, as the reference pipeline has them.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>

#include "core/fits/fits_reader.h"
#include "core/pipeline/brick_run.h"
#include "tests/support/data.h"

namespace brickline {
namespace {

struct EarlyField {
  const char *name, *brick;
  std::array<int, 4> zoom;
  bool blob_image;
  std::map<int, int> maskbits;  // pixels by value
};
void PrintTo(const EarlyField& field, std::ostream* out) { *out << field.name; }

// Runs stage image_coadds; where its files are.
std::filesystem::path run_early(const EarlyField& field, const std::filesystem::path& directory) {
  const auto survey = test::data_dir() / "surveys" / field.name;
  BrickOptions options;
  options.survey.survey_dir = survey;
  options.control.output_dir = directory;
  options.survey.plugin_dirs = {std::filesystem::path(BRICKLINE_BUILD_DIR) / "plugins"};
  options.control.stages = {"image_coadds"};
  options.early_coadds.blob_image = field.blob_image;
  options.references.tycho_dir = survey;
  options.references.gaia_dir = survey / "gaia";
  options.references.gaia_version = "2";
  options.references.gaia_prefix = "chunk";
  options.references.gaia_scheme = "ring";
  const auto calib = test::data_dir() / "golden" / field.name / "calib";
  if (std::filesystem::exists(calib)) options.survey.extra_calib_dirs = {calib};
  if (*field.brick) {
    options.region.brick = field.brick;
    options.region.zoom = field.zoom;
  } else {
    options.region.radec = {"9.1228", "3.3975"};
    options.region.width = options.region.height = 100;
    options.reading.old_calibs_ok = true;
    options.references.large_galaxies_file = survey / "sga-sub.kd.fits";
  }
  run_brick(options);
  for (const auto& entry : std::filesystem::recursive_directory_iterator(directory / "coadd"))
    if (entry.path().filename().string().ends_with("-maskbits.fits.fz")) return entry.path().parent_path();
  return {};
}

std::filesystem::path file_ending(const std::filesystem::path& directory, const std::string& end) {
  for (const auto& entry : std::filesystem::directory_iterator(directory))
    if (entry.path().filename().string().ends_with(end)) return entry.path();
  return {};
}

class EarlyCoadds : public testing::TestWithParam<EarlyField> {};

TEST_P(EarlyCoadds, MaskbitsAreTheReferences) {
  BRICKLINE_NEEDS_DATA(std::string("golden/") + GetParam().name);
  const test::TemporaryDirectory scratch;
  const auto directory = run_early(GetParam(), scratch.path());
  ASSERT_FALSE(directory.empty());
  fits::FitsReader reader(file_ending(directory, "-maskbits.fits.fz"));
  const auto mask = reader.image<std::int32_t>(1);
  std::map<int, int> found;
  for (int y = 0; y < mask.height(); ++y)
    for (int x = 0; x < mask.width(); ++x) ++found[mask(x, y)];
  EXPECT_EQ(found, GetParam().maskbits);
}

INSTANTIATE_TEST_SUITE_P(
    Fields, EarlyCoadds,
    testing::Values(EarlyField{"testcase3", "2447p120", {1020, 1070, 2775, 2815}, false, {{0, 2000}}},
                    EarlyField{
                        "testcase4", "1867p255", {2050, 2300, 1150, 1400}, false, {{0, 62323}, {128, 177}}},
                    EarlyField{"testcase9", "", {}, false, {{0, 9935}, {32, 65}}},
                    EarlyField{"mzlsbass2", "1773p595", {1300, 1500, 700, 900}, false, {{0, 40000}}},
                    EarlyField{"testcase7",
                               "1102p240",
                               {250, 350, 1550, 1650},
                               false,
                               {{2048, 1064}, {2050, 7698}, {2178, 1238}}},
                    EarlyField{"testcase7",
                               "1102p240",
                               {250, 350, 1550, 1650},
                               true,
                               {{2048, 1064}, {2050, 7329}, {2066, 369}, {2178, 3}, {2194, 1235}}},
                    EarlyField{"testcase6",
                               "1102p240",
                               {500, 600, 650, 750},
                               false,
                               {{2050, 8307},
                                {2082, 393},
                                {2114, 11},
                                {2146, 74},
                                {2178, 69},
                                {2210, 78},
                                {2242, 192},
                                {2274, 876}}},
                    EarlyField{"testcase6",
                               "1102p240",
                               {500, 600, 650, 750},
                               true,
                               {{2050, 7844},
                                {2054, 316},
                                {2062, 15},
                                {2078, 132},
                                {2086, 79},
                                {2094, 33},
                                {2102, 27},
                                {2110, 254},
                                {2142, 11},
                                {2174, 74},
                                {2206, 69},
                                {2238, 78},
                                {2270, 192},
                                {2302, 876}}}),
    [](const auto& info) {
      return std::string(info.param.name) + (info.param.blob_image ? "_with_blobs" : "");
    });

TEST(EarlyDepths, AreTheReferences) {
  BRICKLINE_NEEDS_DATA("golden/testcase6");
  const test::TemporaryDirectory scratch;
  const auto directory =
      run_early({"testcase6", "1102p240", {500, 600, 650, 750}, false, {}}, scratch.path());
  ASSERT_FALSE(directory.empty());
  const auto path = file_ending(directory, "-depth.fits");
  ASSERT_FALSE(path.empty());
  const fits::Table table = fits::FitsReader(path).table(1);
  ASSERT_EQ(table.rows(), 50);
  const std::map<std::string, std::map<int, int>> expected = {
      // by ten times the bin's lower edge
      {"g", {{0, 1811}, {241, 1}, {242, 267}, {245, 7921}}},
      {"r", {{0, 1390}, {236, 588}, {239, 8022}}},
      {"z", {{0, 1385}, {224, 307}, {228, 247}, {230, 8061}}}};
  for (const auto& [band, counts] : expected) {
    std::map<int, int> found;
    for (std::int64_t i = 0; i < table.rows(); ++i)
      if (const auto n = table.integer("counts_ptsrc_" + band, i); n > 0)
        found[static_cast<int>(std::lround(10 * table.number("depthlo", i)))] = static_cast<int>(n);
    EXPECT_EQ(found, counts) << band;
  }
}

}  // namespace
}  // namespace brickline
