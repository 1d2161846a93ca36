// A whole run of the real field with unWISE's files against the reference pipeline's products: our own fits' WISE
// fluxes, light curves, coadds and masks.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "core/fits/fits_reader.h"
#include "core/pipeline/brick_run.h"
#include "core/survey/bits.h"
#include "core/wcs/sky.h"
#include "tests/support/data.h"
#include "tests/support/golden_products.h"

namespace brickline {
namespace {

namespace fs = std::filesystem;

class WiseRun : public testing::Test {
 protected:
  static constexpr const char* kCoadds = "coadd/186/1867p255/legacysurvey-1867p255-";

  static BrickOptions options(const fs::path& output) {
    const fs::path data = test::data_dir(), survey = data / "surveys/testcase4";
    BrickOptions o;
    o.region.brick = "1867p255";
    o.region.zoom = {2050, 2300, 1150, 1400};
    o.survey.survey_dir = survey;
    o.survey.extra_calib_dirs = {data / "golden/testcase4/calib"};
    o.survey.plugin_dirs = {fs::path(BRICKLINE_BUILD_DIR) / "plugins"};
    o.survey.no_user_plugins = true;
    o.references.tycho_dir = survey;
    o.references.gaia_dir = survey / "gaia";
    o.references.gaia_version = "2";
    o.references.gaia_prefix = "chunk";
    o.references.gaia_scheme = "ring";
    o.references.no_large_galaxies = o.references.no_star_clusters = true;
    o.dust.dust_dir = data / "dust";
    o.wise.coadd_dirs = (survey / "images/unwise").string();
    o.wise.epoch_dir = survey / "images/unwise-tr";
    o.wise.psf_dir = data / "unwise_psf";
    o.wise.tiles_file = data / "auxiliary/wise-tiles.fits";
    o.wise.save_psf = true;
    o.control.output_dir = output;
    o.control.threads = 2;
    return o;
  }

  void SetUp() override {
    BRICKLINE_NEEDS_DATA("surveys/testcase4/images/unwise");
    BRICKLINE_NEEDS_DATA("unwise_psf/psf_model_w1_neo6_unwisecat.fits");
    BRICKLINE_NEEDS_DATA("auxiliary/wise-tiles.fits");
    static const test::TemporaryDirectory directory;
    static const BrickOutcome outcome = run_brick(options(directory.path()), {}, {});
    output_ = directory.path();
    ours_ = fits::FitsReader(output_ / "tractor/186/tractor-1867p255.fits").table(1);
    golden_ = test::golden_catalog("testcase4");
  }

  // Our row that is the golden one's source; -1 if there is none within half an arcsec.
  std::int64_t match(std::int64_t golden_row) const {
    std::int64_t best = -1;
    double least = 0.5 / 3600;
    for (std::int64_t i = 0; i < ours_.rows(); ++i) {
      const double d =
          angular_separation(ours_.number("ra", i), ours_.number("dec", i), golden_.number("ra", golden_row),
                             golden_.number("dec", golden_row));
      if (d < least) {
        least = d;
        best = i;
      }
    }
    return best;
  }

  fs::path output_;
  fits::Table ours_, golden_;
};

TEST_F(WiseRun, HasEveryColumnOfTheReferenceInItsOrder) {
  std::vector<std::string> names;
  for (const fits::Column& c : ours_.columns()) names.push_back(c.name);
  std::vector<std::string> expected;
  for (const fits::Column& c : golden_.columns()) {
    expected.push_back(c.name);
    const fits::Column* own = ours_.find(c.name);
    ASSERT_TRUE(own) << c.name;
    EXPECT_EQ(own->width(), c.width()) << c.name;
    EXPECT_EQ(own->data.index(), c.data.index()) << c.name;
    if (c.name.ends_with("_w1") || c.name.ends_with("_w3")) {
      EXPECT_EQ(own->unit == "nanomaggies" || own->unit == "nanomaggies^(-2)", !c.unit.empty()) << c.name;
    }
  }
  EXPECT_EQ(names, expected);
}

TEST_F(WiseRun, FluxesAgreeWithinATwentiethOfTheirErrors) {
  for (std::int64_t g = 0; g < golden_.rows(); ++g) {
    const std::int64_t i = match(g);
    ASSERT_GE(i, 0) << "golden row " << g;
    for (const std::string w : {"_w1", "_w2"}) {
      const double sigma = 1 / std::sqrt(golden_.number("flux_ivar" + w, g));
      EXPECT_NEAR(ours_.number("flux" + w, i), golden_.number("flux" + w, g), 0.05 * sigma)
          << w << " of " << g;
      EXPECT_NEAR(ours_.number("flux_ivar" + w, i) * sigma * sigma, 1, 0.01) << w << " of " << g;
      EXPECT_EQ(ours_.integer("nobs" + w, i), golden_.integer("nobs" + w, g));
      EXPECT_EQ(ours_.integer("wisemask" + w, i), golden_.integer("wisemask" + w, g));
      EXPECT_NEAR(ours_.number("mw_transmission" + w, i), golden_.number("mw_transmission" + w, g), 1e-6);
      for (int e = 0; e < 17; ++e) {
        EXPECT_EQ(ours_.integer("lc_epoch_index" + w, i, e), golden_.integer("lc_epoch_index" + w, g, e));
        EXPECT_NEAR(ours_.number("lc_mjd" + w, i, e), golden_.number("lc_mjd" + w, g, e), 1e-6);
        const double ivar = golden_.number("lc_flux_ivar" + w, g, e);
        if (ivar == 0) continue;
        EXPECT_NEAR(ours_.number("lc_flux" + w, i, e), golden_.number("lc_flux" + w, g, e),
                    0.05 / std::sqrt(ivar))
            << w << " of " << g << " epoch " << e;
      }
    }
    EXPECT_EQ(ours_.text("wise_coadd_id", i), "1866p257");
  }
}

TEST_F(WiseRun, CoaddsAgree) {
  for (const std::string band : {"W1", "W2", "W3", "W4"}) {
    fits::FitsReader golden(test::data_dir() / "golden/testcase4/products" /
                            (kCoadds + std::string("image-") + band + ".fits.fz"));
    fits::FitsReader weight(test::data_dir() / "golden/testcase4/products" /
                            (kCoadds + std::string("invvar-") + band + ".fits.fz"));
    fits::FitsReader own(output_ / (kCoadds + std::string("image-") + band + ".fits.fz"));
    EXPECT_EQ(own.header(1).text("EXTNAME"), "IMAGE_" + band);
    EXPECT_EQ(own.header(1).text("MAGSYS"), "Vega");
    EXPECT_NEAR(own.header(1).require_number("CRVAL1"), golden.header(1).require_number("CRVAL1"), 1e-9);
    const Image<float> a = own.image<float>(1), b = golden.image<float>(1), iv = weight.image<float>(1);
    ASSERT_EQ(a.width(), b.width());
    std::vector<double> off;
    for (int y = 0; y < a.height(); ++y)
      for (int x = 0; x < a.width(); ++x) off.push_back(std::abs(a(x, y) - b(x, y)) * std::sqrt(iv(x, y)));
    std::sort(off.begin(), off.end());
    EXPECT_LE(off[off.size() * 99 / 100], 1e-3) << band;
  }
}

TEST_F(WiseRun, MasksHaveTheirPlanesAndPicturesAndPsfsAreThere) {
  fits::FitsReader masks(output_ / (kCoadds + std::string("maskbits.fits.fz")));
  EXPECT_EQ(masks.find_hdu("WISEM1"), 2);
  EXPECT_EQ(masks.find_hdu("WISEM2"), 3);
  const Image<std::int32_t> bits = masks.image<std::int32_t>(1);
  const Image<std::uint8_t> m1 = masks.image<std::uint8_t>(2), m2 = masks.image<std::uint8_t>(3);
  for (int y = 0; y < bits.height(); ++y)
    for (int x = 0; x < bits.width(); ++x) {
      EXPECT_EQ((bits(x, y) & maskbit::kWisem1) != 0, m1(x, y) != 0);
      EXPECT_EQ((bits(x, y) & maskbit::kWisem2) != 0, m2(x, y) != 0);
    }
  for (const char* name :
       {"wise.jpg", "wisemodel.jpg", "wiseresid.jpg", "model-W3.fits.fz", "copsf-W4.fits.fz"})
    EXPECT_TRUE(fs::exists(output_ / (kCoadds + std::string(name)))) << name;
  const fits::Header header = fits::FitsReader(output_ / "tractor/186/tractor-1867p255.fits").header(0);
  EXPECT_EQ(header.number("WISEAB1"), 2.699);
  EXPECT_EQ(header.number("WAPRAD4"), 11);
  EXPECT_TRUE(header.has("VER_WISE"));
  EXPECT_EQ(header.logical("WISE_GAIA_ONLY"), false);
}

}  // namespace
}  // namespace brickline
