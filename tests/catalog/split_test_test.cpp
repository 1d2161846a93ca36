// Two catalogs of one sky against each other.
#include "core/catalog/split_test.h"

#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "core/base/error.h"

namespace brickline {
namespace {

// Rows 10 arcsec apart across RA 0; errors of 1.
fits::Table catalog_of(const std::vector<float>& flux, const std::vector<float>& fracflux) {
  fits::Table t;
  std::vector<std::string> type(flux.size(), "PSF");
  std::vector<double> ra, dec;
  for (std::size_t i = 0; i < flux.size(); ++i) {
    ra.push_back(i % 2 ? 0.00001 : 359.99999);
    dec.push_back(30 + static_cast<double>(i) * 10 / 3600);
  }
  t.add("type", type);
  t.add("ra", ra);
  t.add("dec", dec);
  t.add("flux_r", flux);
  t.add("flux_ivar_r", std::vector<float>(flux.size(), 1));
  t.add("fracflux_r", fracflux);
  t.add("fracin_r", std::vector<float>(flux.size(), 1));
  return t;
}

TEST(SplitTest, DifferencesAreInUnitsOfBothErrors) {
  const float s = 1.41421356F;
  const std::vector<float> none(5, 0);
  const fits::Table a = catalog_of({50 + s, 50, 50 - s, 200 + 6 * s, 50}, none);
  const fits::Table b = catalog_of({50, 50, 50, 200, 50 - 9 * s}, {0, 0, 0, 0, 0.5F});
  ASSERT_EQ(fitted_bands(a), std::vector<std::string>{"r"});
  const SplitTest t = split_test(a, b, {"r"});
  EXPECT_EQ(t.matched, 5);
  EXPECT_EQ(t.same_type, 5);
  ASSERT_EQ(t.pulls.size(), 5u);
  EXPECT_EQ(t.pulls[0].n, 5);
  EXPECT_NEAR(t.pulls[0].beyond_5, 0.4, 1e-12);
  EXPECT_EQ(t.pulls[1].n, 4);  // not the blended one
  EXPECT_EQ(t.pulls[3].n, 3);  // S/N 20 - 100
  EXPECT_NEAR(t.pulls[3].median, 0, 1e-5);
  EXPECT_NEAR(t.pulls[3].width, 1.4826, 1e-5);
  // Of three: 1.4826 sqrt(pi/6) and 1.4826/sqrt(6 * 0.3675).
  EXPECT_NEAR(t.pulls[3].median_error, 1.0728, 1e-4);
  EXPECT_NEAR(t.pulls[3].width_error, 0.9984, 1e-4);
  EXPECT_EQ(t.pulls[4].n, 1);
  EXPECT_TRUE(std::isnan(t.pulls[4].width_error));
  EXPECT_NEAR(t.pulls[4].median, 6, 1e-5);
  EXPECT_NE(to_text(t).find("matched 5"), std::string::npos);
}

TEST(SplitTest, ACatalogIsNoOtherHalfOfItself) {
  const fits::Table a = catalog_of({50, 60, 70}, {0, 0, 0});
  EXPECT_THROW(split_test(a, a, {"r"}), Error);
  const fits::Table b = catalog_of({50, 60, 71}, {0, 0, 0});
  EXPECT_EQ(split_test(a, b, {"r"}).matched, 3);
}

TEST(SplitTest, WhatIsNotThereIsNamed) {
  const fits::Table a = catalog_of({1}, {0});
  fits::Table b;
  b.add("ra", std::vector<double>{1});
  try {
    split_test(a, b, {"r"});
    FAIL() << "no error";
  } catch (const Error& e) {
    EXPECT_NE(e.line().find("type"), std::string::npos);
  }
}

}  // namespace
}  // namespace brickline
