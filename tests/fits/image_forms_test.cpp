// Every form in which FITS stores an image gives the numbers that astropy and CFITSIO's funpack give.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "core/base/error.h"
#include "core/fits/fits_reader.h"
#include "tests/support/run_program.h"

namespace brickline::fits {
namespace {

struct Form {
  std::string name;
  int hdu = 0;
  std::string type;
  int width = 0, height = 0;
  std::string reader;
};

class ImageForms : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    directory_ = new test::TemporaryDirectory;
    const std::string script = std::string(BRICKLINE_SOURCE_DIR) + "/tests/fits/write_image_forms.py";
    const auto result = test::run_program("/usr/bin/python3", {script, directory_->path().string()});
    why_not_ =
        result.exit_code == 0 ? "" : "python3-astropy or libcfitsio-bin's fpack is absent: " + result.err;
    std::ifstream list(*directory_ / "forms.txt");
    for (std::string line; std::getline(list, line);) {
      Form f;
      std::istringstream(line) >> f.name >> f.hdu >> f.type >> f.width >> f.height >> f.reader;
      forms_.push_back(f);
    }
  }
  static void TearDownTestSuite() {
    delete directory_;
    directory_ = nullptr;
    forms_.clear();
  }
  void SetUp() override {
    if (!why_not_.empty()) GTEST_SKIP() << why_not_;
  }

  template <typename T>
  static std::vector<T> expected(const Form& f) {
    std::vector<T> values(static_cast<std::size_t>(f.width) * static_cast<std::size_t>(f.height));
    std::ifstream file(*directory_ / (f.name + "." + std::to_string(f.hdu) + ".raw"), std::ios::binary);
    file.read(reinterpret_cast<char*>(values.data()),
              static_cast<std::streamsize>(values.size() * sizeof(T)));
    EXPECT_TRUE(file.good()) << f.name;
    return values;
  }

  // How many pixels differ; the first of them in words.
  template <typename T>
  static int differences(const Form& f, const Image<T>& image, const std::vector<T>& want,
                         std::string& first) {
    int count = 0;
    for (int y = 0; y < image.height(); ++y)
      for (int x = 0; x < image.width(); ++x) {
        const T have = image(x, y),
                wanted = want[static_cast<std::size_t>(y) * static_cast<std::size_t>(f.width) + x];
        if (have == wanted || (std::isnan(have) && std::isnan(wanted))) continue;
        if (count++ == 0) {
          std::ostringstream text;
          text.precision(17);
          text << "(" << x << ", " << y << ") is " << have << ", not " << wanted;
          first = text.str();
        }
      }
    return count;
  }

  template <typename T>
  static void compare(FitsReader& reader, const Form& f) {
    SCOPED_TRACE(f.name + "[" + std::to_string(f.hdu) + "], as read by " + f.reader);
    const std::vector<T> want = expected<T>(f);
    std::string first;
    try {
      const Image<T> image = reader.cube<T>(f.hdu);
      ASSERT_EQ(image.width(), f.width);
      ASSERT_EQ(image.height(), f.height);
      const int count = differences(f, image, want, first);
      EXPECT_EQ(count, 0) << "of " << want.size() << " pixels; " << first;
      // A part, whose edges are not those of tiles.
      const int height = reader.image_info(f.hdu).height;
      const Box box{f.width / 3, f.width - f.width / 4, height / 5, height - height / 7};
      if (box.empty()) return;
      const Image<T> part = reader.image<T>(f.hdu, box);
      int wrong = 0;
      for (int y = 0; y < part.height(); ++y)
        for (int x = 0; x < part.width(); ++x) {
          const T have = part(x, y), whole = image(box.x0 + x, box.y0 + y);
          wrong += !(have == whole || (std::isnan(have) && std::isnan(whole)));
        }
      EXPECT_EQ(wrong, 0) << "pixels of a part differ from those of the whole";
    } catch (const Error& e) {
      ADD_FAILURE() << e.line();
    }
  }

  static test::TemporaryDirectory* directory_;
  static std::string why_not_;
  static std::vector<Form> forms_;
};

test::TemporaryDirectory* ImageForms::directory_ = nullptr;
std::string ImageForms::why_not_;
std::vector<Form> ImageForms::forms_;

TEST_F(ImageForms, GiveTheNumbersThatOthersRead) {
  std::set<std::string> names;
  for (const Form& f : forms_) {
    names.insert(f.name);
    FitsReader reader(*directory_ / (f.name + ".fits"));
    if (f.type == "float32")
      compare<float>(reader, f);
    else
      compare<double>(reader, f);
  }
  EXPECT_GE(names.size(), 60u);
}

// One handle that goes back and forth between them.
TEST_F(ImageForms, MayBeMixedInOneFileAndReadInAnyOrder) {
  std::map<int, Form> hdus;
  for (const Form& f : forms_)
    if (f.name == "unlike") hdus[f.hdu] = f;
  ASSERT_GE(hdus.size(), 7u);
  FitsReader reader(*directory_ / "unlike.fits");
  for (const int start : {0, 3, 5})
    for (const int step : {1, 3, 5})
      for (int i = 0; i < 8; ++i) {
        const int hdu = (start + i * step) % 8;
        if (!hdus.contains(hdu)) continue;
        if (hdus[hdu].type == "float32")
          compare<float>(reader, hdus[hdu]);
        else
          compare<double>(reader, hdus[hdu]);
      }
}

// Masks are read as integers.
TEST_F(ImageForms, OfIntegersAreReadAsIntegersToo) {
  int compared = 0;
  for (const Form& f : forms_) {
    if (!f.name.starts_with("int_") && !f.name.starts_with("tiles_") && f.name != "plain_i4" &&
        f.name != "negative_i4")
      continue;
    ++compared;
    FitsReader reader(*directory_ / (f.name + ".fits"));
    const Image<std::int32_t> image = reader.image<std::int32_t>(f.hdu);
    const std::vector<double> want = expected<double>(f);
    int wrong = 0;
    for (int y = 0; y < f.height; ++y)
      for (int x = 0; x < f.width; ++x)
        wrong += image(x, y) != want[static_cast<std::size_t>(y) * static_cast<std::size_t>(f.width) + x];
    EXPECT_EQ(wrong, 0) << f.name;
  }
  EXPECT_GE(compared, 20);
}

}  // namespace
}  // namespace brickline::fits
