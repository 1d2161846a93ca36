// Real and simulated fields: the reference pipeline's rows, mask and source list.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <sstream>

#include "core/detect/reference_prior.h"
#include "core/refs/reference_table.h"
#include "core/survey/bits.h"
#include "tests/refs/cases.h"
#include "tests/support/golden_images.h"
#include "tests/support/golden_products.h"

namespace brickline {
namespace {

using test::options_of;
using test::wcs_of;

class GoldenReferences : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override { BRICKLINE_NEEDS_DATA(std::string("golden/") + GetParam()); }
  ReferenceCatalog read() const {
    return read_references(options_of(GetParam()), wcs_of(GetParam()), test::grz());
  }
  std::filesystem::path golden_table() const {
    return test::golden_product(GetParam(), "reference-", ".fits");
  }
};

// Column by column: the same names in the same order, the same types and units, the same values.
TEST_P(GoldenReferences, TheTableIsTheReferences) {
  const ReferenceCatalog catalog = read();
  if (golden_table().empty()) {
    EXPECT_TRUE(catalog.empty());
    return;
  }
  fits::FitsReader golden(golden_table());
  const test::TemporaryDirectory dir;
  write_reference_table(dir / "reference.fits", catalog, {});
  fits::FitsReader ours(dir / "reference.fits");
  ASSERT_EQ(ours.hdu_count(), 2);
  EXPECT_EQ(ours.header(1).text("EXTNAME"), "REFERENCES");
  const fits::Table a = ours.table(1), b = golden.table(1);
  ASSERT_EQ(a.rows(), b.rows());
  ASSERT_EQ(a.columns().size(), b.columns().size());
  for (std::size_t i = 0; i < b.columns().size(); ++i) {
    const fits::Column &x = a.columns()[i], &y = b.columns()[i];
    EXPECT_EQ(x.name, y.name);
    // Of the reference's units one is none in FITS's grammar.
    EXPECT_EQ(x.unit, y.unit == "(mas/yr)^(-2)" ? "yr^2/mas^2" : y.unit) << x.name;
    const auto form = [&](fits::FitsReader& reader) {
      const std::string text = reader.header(1).require_text(fmt::format("TFORM{}", i + 1));
      return text.size() == 2 && text[0] == '1' ? text.substr(1) : text;  // "1E" is "E"
    };
    EXPECT_EQ(form(ours), form(golden)) << x.name;
    for (std::int64_t row = 0; row < b.rows(); ++row) {
      if (y.is_string()) {
        EXPECT_EQ(a.text(x.name, row), b.text(y.name, row)) << x.name;
      } else if (y.name == "ref_id") {
        EXPECT_EQ(a.integer(x.name, row), b.integer(y.name, row));
      } else {
        const double v = a.number(x.name, row), w = b.number(y.name, row);
        // The reference sums terms that cancel in single precision.
        const bool magnitude = y.name.starts_with("decam_mag_") || y.name == "zguess";
        EXPECT_NEAR(v, w, magnitude ? 3e-5 : 2e-6 * std::abs(w)) << x.name << " of row " << row;
        if (y.name == "ra" || y.name == "dec") {
          EXPECT_NEAR(v, w, 1e-10);
        }
      }
    }
  }
}

TEST_P(GoldenReferences, TheMaskIsTheReferences) {
  const Wcs wcs = wcs_of(GetParam());
  const Image<std::uint8_t> mask = reference_mask(read().rows, wcs);
  fits::FitsReader golden(test::golden_case_dir(GetParam()) / "stages" / "srcs-refmap.fits.fz");
  const int hdu = golden.hdu_count() - 1;
  const Image<std::uint8_t> expected = golden.image<std::uint8_t>(hdu);
  ASSERT_EQ(mask.width(), expected.width());
  ASSERT_EQ(mask.height(), expected.height());
  std::int64_t differ = 0;
  for (int y = 0; y < mask.height(); ++y)
    for (int x = 0; x < mask.width(); ++x) differ += mask(x, y) != expected(x, y);
  EXPECT_EQ(differ, 0);
}

// The reference rows of the source list that fitting starts from.
TEST_P(GoldenReferences, TheSourceListIsTheReferences) {
  const test::GoldenCase c = test::load_golden(GetParam());
  SourceList expected;
  for (const DetectedSource& s : test::golden_sources(c))
    if (s.reference_row >= 0) expected.push_back(s);
  const ReferenceCatalog catalog = read_references(options_of(GetParam()), c.brick, c.bands);
  const ReferencePrior prior = reference_prior(catalog, c.images, c.brick);
  ASSERT_EQ(prior.prior.references.size(), expected.size());
  EXPECT_EQ(prior.set_aside.size() + expected.size(), catalog.rows.size());
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const DetectedSource &a = prior.prior.references[i], &b = expected[i];
    EXPECT_EQ(a.ix, b.ix);
    EXPECT_EQ(a.iy, b.iy);
    EXPECT_NEAR(a.model.ra, b.model.ra, 1e-10);
    EXPECT_NEAR(a.model.dec, b.model.dec, 1e-10);
    EXPECT_EQ(a.model.kind, b.model.kind);
    EXPECT_EQ(a.reference.star, b.reference.star);
    EXPECT_EQ(a.reference.point_source, b.reference.point_source);
    EXPECT_EQ(a.reference.large_galaxy, b.reference.large_galaxy);
    EXPECT_EQ(a.reference.galaxy_fit, b.reference.galaxy_fit);
    EXPECT_EQ(a.reference.frozen, b.reference.frozen);
    EXPECT_EQ(a.needs_initial_flux, b.needs_initial_flux);
    ASSERT_EQ(a.model.motion.has_value(), b.model.motion.has_value());
    if (a.model.motion) {
      EXPECT_FLOAT_EQ(a.model.motion->pmra, b.model.motion->pmra);
      EXPECT_FLOAT_EQ(a.model.motion->pmdec, b.model.motion->pmdec);
      EXPECT_FLOAT_EQ(a.model.motion->parallax, b.model.motion->parallax);
      EXPECT_EQ(a.model.motion->ref_epoch, b.model.motion->ref_epoch);
    }
    ASSERT_EQ(a.model.flux.size(), b.model.flux.size());
    // The recorded list gives magnitudes and shapes with three decimals.
    for (std::size_t k = 0; k < a.model.flux.size(); ++k)
      EXPECT_NEAR(std::log10(a.model.flux[k]), std::log10(b.model.flux[k]), 0.4 * 6e-4);
    EXPECT_NEAR(a.model.shape.log_re, b.model.shape.log_re, 6e-4);
    EXPECT_NEAR(a.model.shape.ee1, b.model.shape.ee1, 6e-4);
    EXPECT_NEAR(a.model.shape.ee2, b.model.shape.ee2, 6e-4);
  }
}

INSTANTIATE_TEST_SUITE_P(Cases, GoldenReferences,
                         testing::Values("sim300", "mzlsbass2", "testcase3", "testcase4", "testcase6",
                                         "testcase7", "testcase9"),
                         [](const auto& info) { return std::string(info.param); });

// tests/refs/rows.txt: what is in each field with all catalogs, by row.
TEST(References, RowsOfEachField) {
  std::ifstream file(std::filesystem::path(BRICKLINE_SOURCE_DIR) / "tests/refs/rows.txt");
  ASSERT_TRUE(file);
  std::map<std::string, std::vector<std::string>> expected;
  std::string line;
  while (std::getline(file, line)) {
    if (line.empty() || line[0] == '#') continue;
    std::istringstream words(line);
    std::string name;
    words >> name;
    expected[name].push_back(line);
  }
  ASSERT_FALSE(expected.empty());
  for (const auto& [name, lines] : expected) {
    BRICKLINE_NEEDS_DATA("surveys/" + name);
    const ReferenceCatalog catalog = read_references(options_of(name), wcs_of(name), test::grz());
    ASSERT_EQ(catalog.rows.size(), lines.size()) << name;
    for (std::size_t i = 0; i < lines.size(); ++i) {
      std::istringstream words(lines[i]);
      std::string field, cat, flags, flag;
      std::int64_t id = 0, radius = 0;
      double ra = 0, dec = 0, mag = 0, mask_mag = 0;
      int x = 0, y = 0;
      words >> field >> cat >> id >> ra >> dec >> mag >> mask_mag >> radius >> x >> y;
      while (words >> flag) flags += flag;
      const ReferenceObject& row = catalog.rows[i];
      EXPECT_EQ(row.ref_cat, cat) << lines[i];
      EXPECT_EQ(row.ref_id, id) << lines[i];
      EXPECT_NEAR(row.ra, ra, 1e-8) << lines[i];
      EXPECT_NEAR(row.dec, dec, 1e-8) << lines[i];
      EXPECT_NEAR(row.mag, mag, 2e-3) << lines[i];
      EXPECT_NEAR(row.mask_mag, mask_mag, 2e-3) << lines[i];
      EXPECT_EQ(row.radius_pix, radius) << lines[i];
      EXPECT_EQ(row.ibx, x) << lines[i];
      EXPECT_EQ(row.iby, y) << lines[i];
      const auto has = [&](char c) { return flags.find(c) != std::string::npos; };
      EXPECT_EQ(row.in_bounds, has('b')) << lines[i];
      EXPECT_EQ(row.is_bright, has('B')) << lines[i];
      EXPECT_EQ(row.is_medium, has('M')) << lines[i];
      EXPECT_EQ(row.point_source, has('P')) << lines[i];
      EXPECT_EQ(row.is_tycho, has('T')) << lines[i];
      EXPECT_EQ(row.duplicate, has('D')) << lines[i];
      EXPECT_EQ(row.ignore, has('D')) << lines[i];
      EXPECT_EQ(row.is_large_galaxy, has('L')) << lines[i];
      EXPECT_FALSE(row.set_galaxy_maskbit) << lines[i];
    }
  }
}

TEST(References, ABrightStarInFull) {
  BRICKLINE_NEEDS_DATA("surveys/testcase6");
  const ReferenceCatalog catalog = read_references(options_of("testcase6"), wcs_of("testcase6"), test::grz());
  const ReferenceObject& star = catalog.rows.at(0);
  EXPECT_NEAR(star.radius, 0.013531, 1e-6);
  EXPECT_NEAR(star.keep_radius, 0.054124, 1e-6);
  EXPECT_NEAR(catalog.band_mag(star, "g"), 10.61237, 2e-5);
  EXPECT_NEAR(catalog.band_mag(star, "r"), 10.527417, 2e-5);
  EXPECT_NEAR(catalog.band_mag(star, "i"), 10.577901, 2e-5);
  EXPECT_NEAR(catalog.band_mag(star, "z"), 10.629914, 2e-5);
  EXPECT_NEAR(star.pmra, 1.90125, 1e-5);
  EXPECT_NEAR(star.pmdec, -13.457328, 1e-5);
  EXPECT_NEAR(star.parallax, 3.221123, 1e-5);
  EXPECT_EQ(star.ref_epoch, 2015.5F);
  ASSERT_TRUE(star.model);
  EXPECT_NEAR(star.model->flux.at(0) / 56892.13, 1, 2e-5);
  EXPECT_NEAR(star.model->flux.at(1) / 61522.38, 1, 2e-5);
  EXPECT_NEAR(star.model->flux.at(2) / 55980.18, 1, 2e-5);
}

TEST(References, ALargeGalaxyInFull) {
  BRICKLINE_NEEDS_DATA("surveys/testcase9");
  const ReferenceCatalog catalog = read_references(options_of("testcase9"), wcs_of("testcase9"), test::grz());
  EXPECT_EQ(catalog.large_galaxies_version, "LG");
  const ReferenceObject& galaxy = catalog.rows.at(1);
  EXPECT_NEAR(galaxy.radius, 0.0030256505, 1e-9);
  EXPECT_NEAR(galaxy.keep_radius, 0.006051301, 1e-9);
  EXPECT_NEAR(galaxy.ba, 0.7943282, 1e-7);
  EXPECT_TRUE(galaxy.needs_initial_flux);
  ASSERT_TRUE(galaxy.model);
  EXPECT_EQ(galaxy.model->kind, SourceKind::kExp);
  EXPECT_NEAR(galaxy.model->shape.log_re, 1.6949128, 1e-6);
  EXPECT_NEAR(galaxy.model->shape.ee1, -0.0680773, 1e-6);
  EXPECT_NEAR(galaxy.model->shape.ee2, -0.1009287, 1e-6);
  EXPECT_NEAR(galaxy.model->max_log_re, 1.6949128 + std::log(2.), 1e-6);
}

TEST(References, WithoutGaiaTychosStarsRemain) {
  struct Star {
    const char* field;
    std::int64_t id;
    double ra, dec, mag, radius;
    int x, y;
  };
  for (const Star& s : {Star{"testcase6", 1909016711, 110.3123687, 23.9201001, 10.461, 0.013811428, 44, 52},
                        Star{"testcase7", 1909021951, 110.3299084, 23.9848649, 12.089, 0.008024, 75, 42}}) {
    BRICKLINE_NEEDS_DATA(std::string("surveys/") + s.field);
    ReferenceOptions options = options_of(s.field);
    options.gaia = false;
    const ReferenceCatalog catalog = read_references(options, wcs_of(s.field), test::grz());
    ASSERT_EQ(catalog.rows.size(), 1U) << s.field;
    const ReferenceObject& row = catalog.rows[0];
    EXPECT_EQ(row.ref_cat, "T2");
    EXPECT_EQ(row.ref_id, s.id);
    EXPECT_NEAR(row.ra, s.ra, 1e-7);
    EXPECT_NEAR(row.dec, s.dec, 1e-7);
    EXPECT_NEAR(row.mag, s.mag, 2e-3);
    EXPECT_NEAR(row.radius / s.radius, 1, 1e-4);
    EXPECT_EQ(row.ibx, s.x);
    EXPECT_EQ(row.iby, s.y);
    EXPECT_TRUE(row.point_source && row.is_bright && row.is_medium && row.in_bounds);
    ASSERT_TRUE(row.model);
    EXPECT_NEAR(row.model->flux.at(0), std::pow(10., (22.5 - row.mag) / 2.5), 1e-3);
    if (std::string(s.field) != "testcase6") continue;
    EXPECT_NEAR(row.ref_epoch, 1991.7, 0.05);
    EXPECT_NEAR(row.pmra, -2.70, 1e-3);
    EXPECT_NEAR(row.pmdec, -14.60, 1e-3);
    EXPECT_NEAR(row.ra_ivar / 9.365245e9, 1, 1e-5);
    EXPECT_NEAR(row.dec_ivar / 6.371651e9, 1, 1e-5);
    EXPECT_NEAR(row.pmra_ivar, 0.390625, 1e-6);
    // The table has no column of Gaia's.
    const fits::Table table = reference_table(catalog);
    EXPECT_FALSE(table.has("phot_bp_mean_mag"));
    EXPECT_FALSE(table.has("parallax_ivar"));
    EXPECT_TRUE(table.has("pmra_ivar"));
  }
  for (const char* field : {"testcase3", "testcase4", "mzlsbass2"}) {
    BRICKLINE_NEEDS_DATA(std::string("surveys/") + field);
    ReferenceOptions options = options_of(field);
    options.gaia = false;
    EXPECT_TRUE(read_references(options, wcs_of(field), test::grz()).empty()) << field;
  }
}

TEST(References, MaskedPixelsOfEachField) {
  struct Count {
    const char* field;
    std::int64_t bright, medium;
  };
  for (const Count& c :
       {Count{"testcase3", 0, 0}, Count{"testcase4", 0, 0}, Count{"testcase6", 10000, 10000},
        Count{"testcase7", 8936, 10000}, Count{"testcase9", 0, 0}, Count{"mzlsbass2", 0, 0}}) {
    BRICKLINE_NEEDS_DATA(std::string("surveys/") + c.field);
    const Wcs wcs = wcs_of(c.field);
    const Image<std::uint8_t> mask =
        reference_mask(read_references(options_of(c.field), wcs, test::grz()).rows, wcs);
    std::int64_t bright = 0, medium = 0, other = 0;
    for (int y = 0; y < mask.height(); ++y)
      for (int x = 0; x < mask.width(); ++x) {
        bright += (mask(x, y) & refbit::kBright) != 0;
        medium += (mask(x, y) & refbit::kMedium) != 0;
        other += (mask(x, y) & ~(refbit::kBright | refbit::kMedium)) != 0;
      }
    EXPECT_EQ(bright, c.bright) << c.field;
    EXPECT_EQ(medium, c.medium) << c.field;
    EXPECT_EQ(other, 0) << c.field;
  }
}

// A star whose positions at the images' times all round to the same pixel blocks only that one.
TEST(References, AvoidPointsFollowTheStars) {
  BRICKLINE_NEEDS_DATA("golden/mzlsbass2");
  const test::GoldenCase c = test::load_golden("mzlsbass2");
  const ReferencePrior prior =
      reference_prior(read_references(options_of("mzlsbass2"), c.brick, c.bands), c.images, c.brick);
  int near = 0;
  for (const AvoidPoint& p : prior.prior.avoid)
    if (std::abs(p.x - 134) < 5 && std::abs(p.y - 62) < 5) {
      EXPECT_EQ(p.x, 135);
      EXPECT_EQ(p.y, 62);
      ++near;
    }
  EXPECT_EQ(near, 1);
  EXPECT_TRUE(prior.prior.veto.empty());
}

}  // namespace
}  // namespace brickline
