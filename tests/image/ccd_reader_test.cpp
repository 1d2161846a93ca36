// Reading a CCD without a brick: by its row, and by its file alone.
#include "core/image/ccd_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/base/error.h"
#include "tests/support/golden_case.h"

namespace brickline {
namespace {

using testing::Contains;
using testing::HasSubstr;

class CcdReaders : public testing::Test {
 protected:
  void SetUp() override {
    BRICKLINE_NEEDS_DATA("golden/testcase9");
    case_.emplace("testcase9");
    cameras_.emplace(test::built_cameras());
    cameras_->load({{"decam", 1}});
    row_ = case_->row(372546, "N26");
  }
  CcdReader reader() { return {case_->survey, *cameras_, &case_->table.table(), &read_}; }
  std::vector<std::string> files_read() const {
    std::vector<std::string> paths;
    for (const FileFingerprint& file : read_.files()) paths.push_back(file.path);
    return paths;
  }

  std::optional<test::GoldenCase> case_;
  std::optional<CameraRegistry> cameras_;
  CcdRow row_;
  ReadLog read_;
};

TEST_F(CcdReaders, ARowOfTheTableIsReadWhole) {
  ReadImageOptions options;
  options.window = Box{20, 60, 30, 60};
  options.trim_edges = false;
  options.calibration_dirs = case_->options.calibration_dirs;
  const auto image = reader().read(reader().input(row_), options);
  ASSERT_TRUE(image);
  EXPECT_EQ(image->data.width(), 40);
  EXPECT_EQ(image->expnum, 372546);
  EXPECT_EQ(image->ccdname, "N26");
  EXPECT_EQ(image->band, row_.band);
  EXPECT_EQ(image->ccd_row, row_.table_row);
  EXPECT_GT(image->psfnorm, 0);
  EXPECT_FALSE(image->origin.empty());
  // Image, mask, weight, sky and PSF.
  const auto paths = files_read();
  EXPECT_EQ(paths.size(), 5u);
  for (const char* part : {"_ooi_", "_ood_", "_oow_", "sky", "psfex"})
    EXPECT_THAT(paths, Contains(HasSubstr(part))) << part;
}

TEST_F(CcdReaders, AFileAloneIsReadInItsOwnUnitsBeforeAnythingIsCalibrated) {
  const CcdInput input = reader().input(row_.camera, row_.image_filename, row_.image_hdu);
  ReadImageOptions options;
  options.window = Box{20, 60, 30, 60};
  options.trim_edges = false;
  EXPECT_THROW(reader().read(input, options), Error);  // no zero point
  options.nanomaggies = options.sky = options.psf = false;
  const auto image = reader().read(input, options);
  ASSERT_TRUE(image);
  EXPECT_EQ(image->expnum, row_.expnum);
  EXPECT_EQ(image->band, row_.band);
  EXPECT_EQ(image->psfnorm, 0);
  EXPECT_GT(image->sig1, 0);  // of the weights, in the image's units
  OpenCcd ccd = reader().open(input, Purpose::kCalibrate);
  EXPECT_EQ(image->data(7, 9), ccd.read_image({27, 28, 39, 40})(0, 0));
  for (const std::string& path : files_read()) EXPECT_THAT(path, HasSubstr("/images/"));
}

TEST(CcdImageMemory, CountsPlanesWithTheirRowsPadded) {
  EXPECT_EQ(memory_of_ccd_image({0, 0, 0, 5}).kept, 0);
  const CcdImageMemory memory = memory_of_ccd_image({0, 2046, 0, 4094});
  const double pixels = 2046.0 * 4094;
  EXPECT_GT(memory.kept, 10 * pixels);
  EXPECT_LT(memory.kept, 10.5 * pixels);
  EXPECT_GT(memory.reading, memory.kept);
  const auto bytes = [](const auto& plane) {
    return static_cast<std::int64_t>(plane.stride() * plane.height() * sizeof(plane(0, 0)));
  };
  const Image<float> data(1000, 7);
  const Image<std::uint16_t> mask(1000, 7);
  EXPECT_GE(memory_of_ccd_image(data.box()).kept, 2 * bytes(data) + bytes(mask));
}

}  // namespace
}  // namespace brickline
