// The camera of single CCDs, image only: weights in the unit that the pixels have.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/fits/fits_writer.h"
#include "tests/camera/plugin_files.h"

namespace brickline {
namespace {

using namespace brickline::test;
using ::testing::AllOf;
using ::testing::HasSubstr;

// A sky of 4000 counts in 100 s, gain 2, read noise 8: the variance is 4000/2 + 64/4 counts^2.
constexpr double kSeconds = 100, kVariance = 2016;

class Single : public ::testing::Test {
 protected:
  void SetUp() override {
    put(fs::path(BRICKLINE_BUILD_DIR) / "plugins/single.camera.so", dir_ / "cameras");
    put_bytes(
        R"({"plugin": {"plugin": "rates", "version": "1.0.0", "cameras": [{"name": "rates"}]}, "extends": "single",
                  "pixels": {"unit": "per_second"}})",
        dir_ / "cameras/rates.camera.json");
  }
  float weight(const std::string& camera, float level, const std::string& unit, double gain = 2) {
    fits::Header h;
    h.set("FILTER", "V");
    h.set("EXPNUM", 12);
    h.set("MJD-OBS", fits::CardValue(57000.5));
    h.set("EXPTIME", fits::CardValue(kSeconds));
    h.set("GAIN", fits::CardValue(gain));
    h.set("RDNOISE", fits::CardValue(8.0));
    if (!unit.empty()) h.set("BUNIT", unit.c_str());
    fits::FitsWriter writer;
    writer.add_image<float>(Image<float>(32, 32, level).const_view(), h);
    writer.write(dir_ / "a.fits");
    CcdSource s;
    s.values.image_filename = "a.fits";
    s.values.image_hdu = 0;
    s.values.ccdzpt = 25;
    s.locate = [this](SurveyPlace, const std::string& name) { return dir_ / name; };
    registries_.push_back(CameraRegistry::scan(only({dir_ / "cameras"})));
    OpenCcd ccd = registries_.back().load(camera).open(s, Purpose::kRun);
    ccd.read_image({0, 8, 0, 8});
    return (*ccd.read_weight({0, 8, 0, 8}))(3, 3);
  }
  TemporaryDirectory dir_;
  std::vector<CameraRegistry> registries_;
};

TEST_F(Single, WeightsAreInTheUnitOfThePixels) {
  EXPECT_NEAR(weight("single", 4000, "") * kVariance, 1, 1e-5);
  EXPECT_NEAR(weight("single", 4000, "adu") * kVariance, 1, 1e-5);
  EXPECT_NEAR(weight("rates", 40, "") * kVariance / (kSeconds * kSeconds), 1, 1e-5);
  EXPECT_NEAR(weight("rates", 40, "ADU/s") * kVariance / (kSeconds * kSeconds), 1, 1e-5);
  // Electrons need no gain.
  EXPECT_NEAR(weight("single", 8000, "electrons") * (8000 + 64), 1, 1e-5);
}

TEST_F(Single, AnotherUnitThanTheFactsSayIsRefused) {
  for (const auto& [camera, unit] :
       {std::pair{"single", "counts/s"}, {"single", "electron s-1"}, {"rates", "adu"}}) {
    const auto [kind, text] = error_of([&] { weight(camera, 40, unit); });
    EXPECT_EQ(kind, ErrorKind::kInput) << text;
    EXPECT_THAT(text, AllOf(HasSubstr("BUNIT is '"), HasSubstr("the fact pixels.unit says")));
  }
}

}  // namespace
}  // namespace brickline
