// World coordinates in every form that headers have, against astropy.

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <fstream>
#include <map>
#include <sstream>

#include "core/base/error.h"
#include "core/fits/fits_reader.h"
#include "core/wcs/sky.h"
#include "core/wcs/wcs.h"
#include "tests/support/data.h"
#include "tests/support/run_program.h"

namespace brickline {
namespace {

constexpr double kTolerance = 0.001 / 3600;  // degrees

TEST(Astropy, AgreesOnThreeHundredHeadersInBothDirections) {
  if (test::run_program("/usr/bin/python3", {"-c", "import astropy"}).exit_code != 0)
    GTEST_SKIP() << "needs Debian's python3-astropy";
  const char* seed = std::getenv("BRICKLINE_WCS_SEED");
  const test::TemporaryDirectory scratch;
  const auto made = test::run_program(
      "/usr/bin/python3",
      {std::string(BRICKLINE_SOURCE_DIR) + "/tests/wcs/make_headers.py", (scratch / "headers.fits").string(),
       (scratch / "positions.txt").string(), "300", seed ? seed : "20240229"});
  ASSERT_EQ(made.exit_code, 0) << made.err;

  fits::FitsReader reader(scratch / "headers.fits");
  std::ifstream text(scratch / "positions.txt");
  std::map<std::string, int> kinds;
  std::optional<Wcs> wcs;
  std::string line, word, name;
  int positions = 0;
  while (std::getline(text, line)) {
    std::istringstream in(line);
    in >> word;
    if (word == "header") {
      int hdu = 0, width = 0, height = 0;
      std::string kind;
      in >> hdu >> kind >> width >> height;
      name = kind + " " + std::to_string(hdu);
      ++kinds[kind];
      wcs.reset();
      try {
        wcs = Wcs::from_header(reader.header(hdu), width, height);
      } catch (const Error& e) {
        ADD_FAILURE() << name << ": " << e.what();
      }
      continue;
    }
    ASSERT_EQ(word, "at");
    ++positions;
    if (!wcs) continue;
    double x = 0, y = 0, ra = 0, dec = 0;
    in >> x >> y >> ra >> dec;
    ASSERT_TRUE(in) << line;
    const SkyPosition sky = wcs->pixel_to_sky(x, y);
    const double separation = angular_separation(sky.ra, sky.dec, ra, dec);
    const auto pixel = wcs->sky_to_pixel(ra, dec);
    const double pixels = kTolerance * 3600 / wcs->pixel_scale_arcsec();
    const bool is_right = separation < kTolerance && pixel && std::hypot(pixel->x - x, pixel->y - y) < pixels;
    EXPECT_TRUE(is_right) << name << ": pixel " << x << ", " << y << " is off by " << separation * 3600
                          << " arcsec; back at " << (pixel ? pixel->x : NAN) << ", "
                          << (pixel ? pixel->y : NAN);
    // One line a header is enough.
    if (!is_right) wcs.reset();
  }
  EXPECT_EQ(positions, 300 * 12);
  EXPECT_EQ(kinds.size(), 6u);
  for (const auto& [kind, count] : kinds) EXPECT_GT(count, 20) << kind;
}

}  // namespace
}  // namespace brickline
