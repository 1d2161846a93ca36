// The HDUs that are read are those of the CCD that the table names.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "core/camera/camera.h"
#include "core/fits/fits_writer.h"
#include "tests/camera/plugin_files.h"
#include "tests/support/collecting_log.h"

namespace brickline {
namespace {

using namespace brickline::test;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr int kWidth = 12, kHeight = 10;
constexpr Box kWhole{0, kWidth, 0, kHeight};

// One HDU: its name (empty: none), the value of its pixels, its size.
struct Plane {
  std::string name;
  int value = 0;
  int width = kWidth, height = kHeight;
};

class CcdHdus : public ::testing::Test {
 protected:
  void SetUp() override {
    fs::create_directories(dir_ / "survey/images/odd");
    put(good_plugin("plain_c"), dir_ / "cameras");
    image({{"S1", 5}});
    mask({{"S1", 0}});
    weight({{"S1", 4}});
  }
  template <typename T>
  void write(const char* name, const std::vector<Plane>& planes) {
    fits::FitsWriter writer;
    writer.add_empty_primary();
    for (const Plane& p : planes)
      writer.add_image<T>(Image<T>(p.width, p.height, static_cast<T>(p.value)).const_view(), {}, p.name);
    writer.write(dir_ / "survey/images/odd" / name);
  }
  void image(const std::vector<Plane>& planes) { write<float>("a_ooi_.fits", planes); }
  void mask(const std::vector<Plane>& planes) { write<std::int32_t>("a_ood_.fits", planes); }
  void weight(const std::vector<Plane>& planes) { write<float>("a_oow_.fits", planes); }

  OpenCcd open() {
    CcdSource s;
    s.values.image_filename = "odd/a_ooi_.fits";
    s.values.image_hdu = 1;
    s.values.band = "r";
    s.values.expnum = 1;
    s.values.exptime = 10;
    s.values.mjd_obs = 57000;
    s.values.ccdname = "S1";
    s.values.width = kWidth;
    s.values.height = kHeight;
    s.locate = locate_in_survey(dir_ / "survey");
    if (registries_.empty()) registries_.push_back(CameraRegistry::scan(only({dir_ / "cameras"})));
    return registries_.back().load("plain_c").open(s, Purpose::kRun, Log(sink_));
  }
  // All three planes at their first pixel.
  std::vector<double> values() {
    OpenCcd ccd = open();
    const double image = ccd.read_image(kWhole)(0, 0), mask = (*ccd.read_mask(kWhole))(0, 0);
    return {image, mask, (*ccd.read_weight(kWhole))(0, 0)};
  }
  std::string failure() {
    const auto [kind, message] = error_of([&] { values(); });
    EXPECT_EQ(kind, ErrorKind::kInput);
    return message;
  }
  TemporaryDirectory dir_;
  CollectingSink sink_;
  std::vector<CameraRegistry> registries_;
};

TEST_F(CcdHdus, AreTakenByNumberWhereTheirNamesAgree) {
  for (const char* name : {"S1", "s1", "", "SCI", "COMPRESSED_IMAGE", "MASK_S1", "S1.DQ"}) {
    image({{"S1", 5}, {"S2", 6}});
    mask({{name, 1}, {"S2", 2}});
    weight({{name, 4}, {"S2", 3}});
    EXPECT_THAT(values(), ElementsAre(5, 1, 4)) << name;
  }
  EXPECT_THAT(sink_.warnings, ElementsAre());
}

TEST_F(CcdHdus, AreFoundByNameInWhateverOrder) {
  mask({{"S10", 1}, {"S2", 2}, {"S1", 3}});
  weight({{"S2", 9}, {"S1", 4}});
  EXPECT_THAT(values(), ElementsAre(5, 3, 4));
  EXPECT_THAT(
      sink_.warnings,
      ElementsAre(AllOf(HasSubstr("a_ood_.fits"), HasSubstr("HDU 1 is of CCD S10; S1 is found in HDU 3")),
                  AllOf(HasSubstr("a_oow_.fits"), HasSubstr("HDU 1 is of CCD S2; S1 is found in HDU 2"))));
  image({{"S2", 6}, {"S1", 5}});
  EXPECT_THAT(values(), ElementsAre(5, 3, 4));
}

TEST_F(CcdHdus, OfAnotherCcdAreRefused) {
  image({{"N7", 5}});
  EXPECT_THAT(failure(),
              AllOf(HasSubstr("a_ooi_.fits"),
                    HasSubstr("HDU 1 is of CCD N7, the CCD table names S1, and no HDU of the file is "
                              "S1's")));
  image({{"N7", 5}, {"S1", 6}, {"S1", 7}});
  EXPECT_THAT(failure(), HasSubstr("more than one HDU of the file is S1's"));
  image({{"S1", 5}});
  mask({{"S10", 5}});
  EXPECT_THAT(failure(),
              AllOf(HasSubstr("a_ood_.fits"), HasSubstr("HDU 1 is of CCD S10, the CCD table names S1")));
}

TEST_F(CcdHdus, OfAnotherShapeAreRefused) {
  image({{"S1", 5, kWidth - 1, kHeight}});
  EXPECT_THAT(failure(), AllOf(HasSubstr("a_ooi_.fits[1]"),
                               HasSubstr("the image has 11 x 10 pixels, the CCD table says 12 x 10")));
  image({{"S1", 5}});
  mask({{"S1", 0, kWidth, kHeight + 20}});
  EXPECT_THAT(failure(), AllOf(HasSubstr("a_ood_.fits[1]"),
                               HasSubstr("the mask has 12 x 30 pixels, the image 12 x 10")));
  mask({{"S1", 0}});
  weight({{"S1", 4, kWidth + 2, kHeight + 2}});
  EXPECT_THAT(failure(), HasSubstr("the weight map has 14 x 12 pixels, the image 12 x 10"));
}

}  // namespace
}  // namespace brickline
