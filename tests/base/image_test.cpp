#include "core/base/image.h"

#include <gtest/gtest.h>

#include <cstdint>

#include "core/base/error.h"

namespace brickline {
namespace {

TEST(Image, RowsBeginOnCacheLines) {
  Image<float> image(5, 3, 1.5f);
  for (int y = 0; y < 3; ++y) EXPECT_EQ(reinterpret_cast<std::uintptr_t>(image.row(y)) % 64, 0u);
  EXPECT_FLOAT_EQ(image(4, 2), 1.5f);
}

TEST(Image, CopiesOwnTheirPixels) {
  Image<int> a(4, 4, 1);
  Image<int> b = a;
  b(2, 3) = 9;
  EXPECT_EQ(a(2, 3), 1);
  EXPECT_EQ(crop(b, {2, 4, 3, 4})(0, 0), 9);
}

TEST(Box, IntersectionOfDisjointBoxesIsEmpty) {
  EXPECT_TRUE(intersection({0, 5, 0, 5}, {5, 8, 0, 5}).empty());
  EXPECT_EQ(intersection({0, 5, 0, 5}, {3, 8, 1, 9}), (Box{3, 5, 1, 5}));
}

TEST(Error, TellsFileMessageAndContextInOneLine) {
  Error e = input_error("no column {}", "camera");
  e.in_file("a.fits", "1").while_doing("reading\nthe CCD table");
  EXPECT_EQ(e.line(), "a.fits[1]: no column camera (while reading the CCD table)");
  EXPECT_EQ(e.exit_code(), 3);
}

}  // namespace
}  // namespace brickline
