#include "core/base/unfinished_file.h"

#include <gtest/gtest.h>

#include <string>

namespace brickline {
namespace {

TEST(UnfinishedFile, IsToldByItsWholeNameAlone) {
  EXPECT_EQ(unfinished_name("randoms.fits", 0x1f), "tmp-randoms.fits.0000001f");
  EXPECT_EQ(name_of_unfinished("tmp-randoms.fits.0000001f"), "randoms.fits");
  EXPECT_EQ(name_of_unfinished(unfinished_name(std::string(255, 'n'), ~0U)), std::string(200, 'n'));
  for (const char* other :
       {"tmp-randoms.fits", "tmp-randoms.fits.bak", "tmp-randoms.fits.0000001", "tmp-.0000001f",
        "tmp-randoms.fits.0000001F", "tmp-randoms.fits.00000001f", "randoms.fits.0000001f", ""})
    EXPECT_FALSE(name_of_unfinished(other) == "randoms.fits") << other;
  EXPECT_FALSE(name_of_unfinished("tmp-.0000001f"));
}

}  // namespace
}  // namespace brickline
