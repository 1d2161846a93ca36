// Merged files hold every CCD's model as its own file did.
#include "core/calib/merged_calibrations.h"

#include <gtest/gtest.h>

#include <cmath>

#include "core/base/error.h"
#include "core/calib/psf_maker.h"
#include "core/calib/sky_maker.h"
#include "core/fits/fits_writer.h"
#include "core/psf/psfex.h"
#include "tests/calib/psfex_file.h"
#include "tests/support/data.h"

namespace brickline {
namespace {

class Merged : public testing::Test {
 protected:
  static CcdValues ccd(const std::string& name) {
    CcdValues v;
    v.image_filename = "night/c_ooi.fits.fz";
    v.ccdname = name;
    v.expnum = 7;
    return v;
  }
  static CcdImage image(const std::string& name) {
    CcdImage i;
    static_cast<CcdValues&>(i) = ccd(name);
    i.extent = Box::from_size(300, 200);
    return i;
  }
  void write(CalibrationKind kind, const std::string& name, const fits::Table& row) {
    fits::FitsWriter writer;
    writer.add_table(row);
    writer.write(dir_ / calibration_names(kind, {}, ccd(name)).single);
  }
  static SkyFit sky(double box, bool constant) {
    Image<float> pixels(300, 200);
    for (int y = 0; y < 200; ++y)
      for (int x = 0; x < 300; ++x) pixels(x, y) = static_cast<float>(100 + 0.1 * x + (7 * x + 13 * y) % 11);
    const Image<float> inverse_error(300, 200, 0.3f);
    SkyFitOptions options;
    options.box_pixels = box;
    options.constant = constant;
    return fit_sky({pixels.view(), inverse_error.view()}, options);
  }
  test::TemporaryDirectory dir_;
};

TEST_F(Merged, SkiesOfDifferentGridsAndOfOneLevel) {
  const SkyFit fine = sky(50, false), coarse = sky(200, false), level = sky(50, true);
  const std::map<std::string, const SkyFit*> fits = {{"A", &fine}, {"B", &coarse}, {"C", &level}};
  std::vector<ToBeMerged> ccds;
  for (const auto& [name, fit] : fits) {
    write(CalibrationKind::kSky, name, sky_row(*fit, image(name), {}));
    ccds.push_back({ccd(name)});
  }
  const MergeOutcome merged = merge_calibrations(CalibrationKind::kSky, dir_.path(), {}, ccds, true);
  EXPECT_EQ(merged.file, "sky/night/c_ooi-splinesky.fits");
  EXPECT_TRUE(merged.missing.empty());
  const std::array<std::filesystem::path, 1> file = {dir_ / merged.file};
  for (const auto& [name, fit] : fits) {
    const SkyModel model = read_sky_calibration(file, CalibrationKey::of(ccd(name)), {}).model;
    for (const auto& [x, y] : {std::pair{0, 0}, {150, 77}, {299, 199}})
      EXPECT_NEAR(model(x, y), fit->model(x, y), 1e-4) << name;
  }
}

TEST_F(Merged, PsfsOfDifferentSizes) {
  test::PsfexFile small, large;
  large.size = 21;
  large.degree = 2;
  std::vector<ToBeMerged> ccds;
  for (const auto& [name, psfex] : {std::pair{"A", &small}, {"B", &large}}) {
    psfex->write(dir_ / "model");
    write(CalibrationKind::kPsf, name, psf_row(dir_ / "model", image(name), 20, 0.3));
    ccds.push_back({ccd(name)});
  }
  const MergeOutcome merged = merge_calibrations(CalibrationKind::kPsf, dir_.path(), {}, ccds, true);
  const std::array<std::filesystem::path, 1> file = {dir_ / merged.file};
  for (const auto& [name, size] : {std::pair{"A", 15}, {"B", 21}}) {
    const Psf psf = read_psf_calibration(file, CalibrationKey::of(ccd(name)), {}, false).psf;
    EXPECT_EQ(psf.stamp(0, 0).width(), size);
    EXPECT_NEAR(psf.raw_sum(100, 100), 1.01, 1e-5);
  }
}

TEST_F(Merged, OneThatIsValidElsewhereIsTakenFromThere) {
  const SkyFit fine = sky(50, false);
  write(CalibrationKind::kSky, "A", sky_row(fine, image("A"), {}));
  write(CalibrationKind::kSky, "B", sky_row(fine, image("B"), {}));
  const std::filesystem::path elsewhere = dir_ / "survey.fits";
  std::filesystem::rename(dir_ / calibration_names(CalibrationKind::kSky, {}, ccd("B")).single, elsewhere);
  const std::vector<ToBeMerged> ccds = {{ccd("A")}, {ccd("B"), elsewhere}};
  const MergeOutcome merged = merge_calibrations(CalibrationKind::kSky, dir_.path(), {}, ccds, true);
  EXPECT_TRUE(merged.missing.empty());
  const std::array<std::filesystem::path, 1> file = {dir_ / merged.file};
  for (const char* name : {"A", "B"})
    EXPECT_NEAR(read_sky_calibration(file, CalibrationKey::of(ccd(name)), {}).model(150, 77),
                fine.model(150, 77), 1e-4);
}

TEST_F(Merged, AMissingOneIsNamed) {
  const SkyFit fine = sky(50, false);
  write(CalibrationKind::kSky, "A", sky_row(fine, image("A"), {}));
  const std::vector<ToBeMerged> ccds = {{ccd("A")}, {ccd("B")}};
  const MergeOutcome none = merge_calibrations(CalibrationKind::kSky, dir_.path(), {}, ccds, true);
  EXPECT_EQ(none.file, "");
  EXPECT_EQ(none.missing, std::vector<std::string>{"c_ooi-B"});
  EXPECT_NE(merge_calibrations(CalibrationKind::kSky, dir_.path(), {}, ccds, false).file, "");
}

}  // namespace
}  // namespace brickline
