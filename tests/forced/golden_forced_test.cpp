// Forced photometry of the real and simulated exposures with the reference pipeline's catalogs against its tables, and
// against the exact solution of its own equations.
#include "tests/forced/golden_forced.h"

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>

#include "core/fits/fits_writer.h"
#include "core/forced/forced_exposure.h"
#include "core/forced/forced_merge.h"
#include "core/forced/star_motion.h"
#include "core/forced/unit_models.h"
#include "core/survey/target.h"

namespace brickline::test {
namespace {

struct GoldenCase {
  std::string name;
  std::vector<std::int64_t> exposures;
};

// Cameras as they are, but for their masks of bad pixels, which are of another CCD: the images of 90prime here are cut
// out of larger ones, and the reference read them without that camera's mask.
class WithoutStaticMasks {
 public:
  WithoutStaticMasks() {
    const fs::path from = fs::path(BRICKLINE_BUILD_DIR) / "plugins";
    for (const auto& entry : fs::recursive_directory_iterator(from)) {
      if (!entry.is_regular_file()) continue;
      const fs::path to = directory_.path() / entry.path().lexically_relative(from);
      fs::create_directories(to.parent_path());
      if (entry.path().filename() == "static_mask.fits.fz") {
        const Image<std::uint8_t> pixels(8, 8);
        fits::FitsWriter writer;
        for (int hdu = 0; hdu < 5; ++hdu) writer.add_image<std::uint8_t>(pixels.view());
        writer.write(to);
      } else {
        fs::copy_file(entry.path(), to);
      }
    }
  }
  const fs::path& plugins() const { return directory_.path(); }

 private:
  TemporaryDirectory directory_;
};

// f(x, y, value) for the pixels of a patch that lie on the image.
template <typename F>
void for_each_pixel(const Patch& patch, const CcdImage& image, const F& f) {
  const Box box = intersection(patch.box(), image.data.box());
  for (int y = box.y0; y < box.y1; ++y)
    for (int x = box.x0; x < box.x1; ++x) f(x, y, patch.pixels(x - patch.x0, y - patch.y0));
}

class GoldenForced : public testing::TestWithParam<GoldenCase> {
 protected:
  void SetUp() override {
    BRICKLINE_NEEDS_DATA("golden/forced/sim300/plain/forced-900303.fits");
    survey_.emplace(GetParam().name, cameras_.plugins());
  }
  const WithoutStaticMasks cameras_;
  std::optional<GoldenSurvey> survey_;
};

TEST_P(GoldenForced, FluxesAreTheExactSolution) {
  for (const std::int64_t expnum : GetParam().exposures) {
    SCOPED_TRACE(expnum);
    const fits::Table t = survey_->table_of(survey_->measure(expnum, survey_->options())),
                      exact = survey_->golden("exact", "exact-", expnum);
    ASSERT_EQ(t.rows(), exact.rows());
    for (std::int64_t i = 0; i < t.rows(); ++i) {
      SCOPED_TRACE(i);
      EXPECT_EQ(t.integer("brickid", i), exact.integer("brickid", i));
      EXPECT_EQ(t.integer("objid", i), exact.integer("objid", i));
      const double ivar = exact.number("flux_ivar", i);
      EXPECT_NEAR(t.number("flux_ivar", i), ivar, 1e-4 * ivar);
      EXPECT_NEAR(t.number("flux", i), exact.number("flux", i), 1e-3 / std::sqrt(ivar));
    }
  }
}

TEST_P(GoldenForced, DerivativesAndAperturesAreTheReferences) {
  ForcedCcdOptions o = survey_->options();
  o.photometry.motions = o.photometry.apertures = true;
  for (const std::int64_t expnum : GetParam().exposures) {
    SCOPED_TRACE(expnum);
    const fits::Table t = survey_->table_of(survey_->measure(expnum, o), o.photometry),
                      reference = survey_->golden("derivs", "forced-", expnum);
    ASSERT_EQ(t.rows(), reference.rows());
    for (std::size_t c = 0; c < reference.columns().size(); ++c)
      EXPECT_EQ(t.columns().at(c).name, reference.columns()[c].name);
    expect_apertures(t, reference);
    // The reference's solver stops up to 0.3 sigma short; that ours does not, star_motion_test.cpp says.
    for (const char* name : {"flux_motion", "flux_dra", "flux_ddec"}) expect_fluxes(t, reference, 0.3, name);
    for (std::int64_t i = 0; i < t.rows(); ++i) {
      SCOPED_TRACE(i);
      for (const std::string name : {"dra", "ddec"}) {
        const double ivar = reference.number(name + "_ivar", i);
        EXPECT_EQ(t.number(name + "_ivar", i) > 0, ivar > 0) << name;
        if (ivar > 0) {
          EXPECT_NEAR(t.number(name, i), reference.number(name, i), 0.3 / std::sqrt(ivar)) << name;
        }
      }
    }
  }
}

// The golden data have no exact solution of fluxes with derivatives: that ours is exact is seen from the equations. Each
// unit model is orthogonal to what is left, and what is left is less than with the reference's numbers.
TEST_P(GoldenForced, FluxesWithDerivativesAreTheExactSolution) {
  ForcedCcdOptions o = survey_->options();
  o.photometry.motions = o.keep_pixels = true;
  for (const std::int64_t expnum : GetParam().exposures) {
    SCOPED_TRACE(expnum);
    const ForcedCcd measured = survey_->measure(expnum, o);
    const fits::Table reference = survey_->golden("derivs", "forced-", expnum);
    const CcdImage& image = measured.image;
    UnitModels models(image, GalaxyProfiles::kReference);
    std::vector<UnitModel> units;
    std::vector<MovingRow> rows;
    for (const ForcedMeasurement& row : measured.result.rows) {
      MovingRow moving;
      moving.model = measured.sources[row.source].model;
      moving.model.motion.reset();
      moving.model.ra = row.position.ra;
      moving.model.dec = row.position.dec;
      moving.at = *image.wcs.sky_to_pixel(row.position.ra, row.position.dec);
      moving.star = !moving.model.is_galaxy();
      units.push_back({static_cast<int>(rows.size()), *models.patch(moving.model, moving.at)});
      rows.push_back(std::move(moving));
    }
    for (std::size_t i = 0; i < rows.size(); ++i) rows[i].unit = &units[i].patch;
    const MotionUnits all = motion_units(image, units, rows);
    const MotionResult own = fit_motions(image, units, rows, models);

    const auto left = [&](const std::vector<double>& solution) {
      Image<double> out(image.data.width(), image.data.height());
      for (int y = 0; y < out.height(); ++y)
        for (int x = 0; x < out.width(); ++x) out(x, y) = image.data(x, y);
      for (const UnitModel& u : all.units)
        for_each_pixel(u.patch, image, [&](int x, int y, double p) {
          out(x, y) -= p * solution[static_cast<std::size_t>(u.source)];
        });
      return out;
    };
    const auto chi2 = [&](const Image<double>& residual) {
      double sum = 0;
      for (int y = 0; y < residual.height(); ++y)
        for (int x = 0; x < residual.width(); ++x)
          sum += std::pow(residual(x, y) * image.inverse_error(x, y), 2);
      return sum;
    };
    const Image<double> residual = left(own.fit.flux);
    for (const UnitModel& u : all.units) {
      double slope = 0, norm = 0;
      for_each_pixel(u.patch, image, [&](int x, int y, double p) {
        const double weight = std::pow(image.inverse_error(x, y), 2);
        slope += p * residual(x, y) * weight;
        norm += p * p * weight;
      });
      if (norm > 0) {
        EXPECT_LT(std::abs(slope), 1e-3 * std::sqrt(norm)) << "unknown " << u.source;
      }
    }
    std::vector<double> theirs(static_cast<std::size_t>(all.unknowns));
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const auto row = static_cast<std::int64_t>(i);
      theirs[i] = reference.number("flux_motion", row);
      if (all.first_amplitude[i] < 0) continue;
      const auto a = static_cast<std::size_t>(all.first_amplitude[i]);
      theirs[a] = reference.number("flux_dra", row);
      theirs[a + 1] = reference.number("flux_ddec", row);
      EXPECT_EQ(measured.result.rows[i].motion->flux_motion, static_cast<float>(own.fit.flux[i]));
      EXPECT_EQ(measured.result.rows[i].motion->flux_dra, static_cast<float>(own.fit.flux[a]));
    }
    EXPECT_LT(chi2(residual), chi2(left(theirs)));
  }
}

TEST_P(GoldenForced, TheOtherColumnsAreTheReferences) {
  for (const std::int64_t expnum : GetParam().exposures) {
    SCOPED_TRACE(expnum);
    const fits::Table t = survey_->table_of(survey_->measure(expnum, survey_->options())),
                      reference = survey_->golden("plain", "forced-", expnum);
    for (std::size_t c = 0; c < reference.columns().size(); ++c) {
      const fits::Column& own = t.columns().at(c);
      EXPECT_EQ(own.name, reference.columns()[c].name);
      EXPECT_EQ(own.width(), reference.columns()[c].width()) << own.name;
      if (own.name != "dqmask") {
        EXPECT_EQ(own.data.index(), reference.columns()[c].data.index()) << own.name;
      }
    }
    expect_columns(t, reference);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Cases, GoldenForced,
    testing::Values(GoldenCase{"sim300", {900301, 900302, 900303, 900304, 900305, 900306}},
                    GoldenCase{"testcase3", {349590, 425858, 425859, 432164, 722778, 747382, 763152, 770496}},
                    GoldenCase{"testcase4", {630780}},
                    GoldenCase{"testcase6", {396388, 695773, 790643, 802955, 803277, 803291}},
                    GoldenCase{"mzlsbass2", {77690, 78730103, 81900110}}),
    [](const auto& info) { return info.param.name; });

// A run of the reference with an option of its own.
struct Variant {
  std::string name, survey;
  std::vector<std::int64_t> exposures;
  double sigmas;  // that its solver may have stopped short
  void (*set)(ForcedCcdOptions&) = nullptr;
};

class GoldenVariant : public testing::TestWithParam<Variant> {
 protected:
  void SetUp() override { BRICKLINE_NEEDS_DATA("golden/forced/sim300/plain/forced-900303.fits"); }
  const WithoutStaticMasks cameras_;
};

TEST_P(GoldenVariant, IsMeasuredAsTheReferenceDoes) {
  const Variant& v = GetParam();
  const GoldenSurvey survey(v.survey, cameras_.plugins());
  ForcedCcdOptions o = survey.options();
  v.set(o);
  for (const std::int64_t expnum : v.exposures) {
    SCOPED_TRACE(expnum);
    const fits::Table own = survey.table_of(survey.measure(expnum, o), o.photometry),
                      reference = survey.golden(v.name, "forced-", expnum);
    if (reference.has("flux")) {
      expect_columns(own, reference);
      expect_fluxes(own, reference, v.sigmas);
    }
    ASSERT_EQ(own.rows(), reference.rows());
    if (reference.has("apflux")) expect_apertures(own, reference);
    if (reference.has("flux_agn")) expect_fluxes(own, reference, v.sigmas, "flux_agn");
  }
}

INSTANTIATE_TEST_SUITE_P(
    Options, GoldenVariant,
    testing::Values(
        Variant{"agn", "sim300", {900303}, 0.1, [](ForcedCcdOptions& o) { o.photometry.nuclei = true; }},
        Variant{"agn",
                "mzlsbass2",
                {77690, 78730103},
                0.05,
                [](ForcedCcdOptions& o) { o.photometry.nuclei = true; }},
        Variant{"nomove", "testcase4", {630780}, 0.1, [](ForcedCcdOptions& o) { o.photometry.move = false; }},
        Variant{"nomove",
                "testcase6",
                {396388, 695773, 790643, 802955, 803277, 803291},
                0.2,
                [](ForcedCcdOptions& o) { o.photometry.move = false; }},
        Variant{"nomove",
                "mzlsbass2",
                {77690, 78730103, 81900110},
                0.05,
                [](ForcedCcdOptions& o) { o.photometry.move = false; }},
        Variant{"nooutliers", "sim300", {900301}, 0.03, [](ForcedCcdOptions& o) { o.outliers = false; }},
        Variant{"constivar",
                "sim300",
                {900303},
                0.02,
                [](ForcedCcdOptions& o) { o.reading.constant_weight = true; }},
        Variant{
            "nonorm", "sim300", {900303}, 0.02, [](ForcedCcdOptions& o) { o.reading.normalize_psf = false; }},
        Variant{"nohybrid", "sim300", {900303}, 0.02, [](ForcedCcdOptions&) {}},
        Variant{"apphot-only",
                "sim300",
                {900301},
                0,
                [](ForcedCcdOptions& o) {
                  o.photometry.fit = false;
                  o.photometry.apertures = true;
                }},
        Variant{"zoom",
                "sim300",
                {900303},
                0.05,
                [](ForcedCcdOptions& o) {
                  o.window = Box{100, 260, 120, 300};
                  o.photometry.apertures = true;
                }}),
    [](const auto& info) {
      std::string name = info.param.survey + "_" + info.param.name;
      std::erase(name, '-');
      return name;
    });

class GoldenProducts : public testing::Test {
 protected:
  void SetUp() override { BRICKLINE_NEEDS_DATA("golden/forced/sim300/plain/forced-900303.fits"); }
  static fs::path golden(const std::string& relative) { return data_dir() / "golden/forced" / relative; }
};

TEST_F(GoldenProducts, FullFitsOfBrightStarsAreTheReferences) {
  const GoldenSurvey survey("sim300");
  ForcedCcdOptions o = survey.options();
  o.photometry.motions = true;
  int stars = 0;
  for (const std::int64_t expnum : {900301, 900302, 900303, 900304, 900305, 900306}) {
    SCOPED_TRACE(expnum);
    const fits::Table own = survey.table_of(survey.measure(expnum, o), o.photometry),
                      reference = survey.golden("derivs", "forced-", expnum);
    for (std::int64_t i = 0; i < own.rows(); ++i) {
      // Its steps end when the probability grows by less than a tenth; and its errors are those of coarse differences.
      if (reference.number("flux", i) * std::sqrt(reference.number("flux_ivar", i)) < 15) continue;
      if (!(reference.number("full_fit_flux_ivar", i) > 0)) continue;
      ++stars;
      for (const auto& [name, sigmas, relative] :
           {std::tuple{"full_fit_flux", 0.3, 0.01}, {"full_fit_dra", 1., 0.2}, {"full_fit_ddec", 1., 0.2}}) {
        const double ivar = reference.number(std::string(name) + "_ivar", i);
        EXPECT_NEAR(own.number(name, i), reference.number(name, i), sigmas / std::sqrt(ivar))
            << name << " " << i;
        EXPECT_NEAR(own.number(std::string(name) + "_ivar", i), ivar, relative * ivar) << name << " " << i;
      }
    }
  }
  EXPECT_EQ(stars, 12);
}

TEST_F(GoldenProducts, ModelAndDataAreTheReferences) {
  const GoldenSurvey survey("sim300");
  ForcedCcdOptions o = survey.options();
  o.keep_pixels = true;
  const ForcedCcd measured = survey.measure(900302, o);
  const Image<float> model = fits::FitsReader(golden("sim300/savemodel/model.fits.gz")).image<float>(0),
                     data = fits::FitsReader(golden("sim300/savemodel/data.fits.gz")).image<float>(0);
  ASSERT_EQ(measured.result.model.width(), model.width());
  double worst_model = 0, worst_data = 0;
  for (int y = 0; y < model.height(); ++y)
    for (int x = 0; x < model.width(); ++x) {
      worst_model = std::max<double>(worst_model, std::abs(measured.result.model(x, y) - model(x, y)));
      worst_data = std::max<double>(worst_data, std::abs(measured.image.data(x, y) - data(x, y)));
    }
  EXPECT_LT(worst_model, 0.02 * measured.image.sig1);
  EXPECT_LT(worst_data, 0.002 * measured.image.sig1);
}

TEST_F(GoldenProducts, OutlierMasksOfWholeCcdsAreTheReferences) {
  const GoldenSurvey survey("sim300");
  ForcedCcdOptions o = survey.options();
  o.keep_outlier_mask = true;
  std::vector<ForcedCcd> measured;
  measured.push_back(survey.measure(900301, o));
  const TemporaryDirectory directory;
  const fs::path file = outlier_mask_file(directory.path(), measured[0].image.image_filename);
  EXPECT_EQ(file.filename(), "c4d_sim_900301_ooi_g_ls9-outlier.fits.fz");
  write_outlier_mask_of_exposure(file, {}, measured);
  fits::FitsReader own(file), reference(golden("sim300/outmask/mask-900301.fits.gz"));
  EXPECT_TRUE(own.image_info(1).compressed);  // as its name says
  EXPECT_EQ(own.header(1).text("IMGFILE"), reference.header(1).text("IMGFILE"));
  EXPECT_EQ(own.find_hdu("S4"), 1);
  const auto a = own.image<std::uint8_t>(1), b = reference.image<std::uint8_t>(1);
  ASSERT_EQ(a.width(), b.width());
  int masked = 0, different = 0;
  for (int y = 0; y < b.height(); ++y)
    for (int x = 0; x < b.width(); ++x) {
      masked += b(x, y) == 1;
      different += a(x, y) != b(x, y);
    }
  EXPECT_EQ(masked, 7916);
  EXPECT_EQ(different, 0);
}

TEST_F(GoldenProducts, RowsOfCatalogsThatWereUsedAreTheReferences) {
  for (const auto& [name, exposures] :
       {std::pair<std::string, std::vector<std::int64_t>>{"sim300", {900301, 900304}},
        {"testcase4", {630780}},
        {"testcase6", {802955}},
        {"mzlsbass2", {77690}}}) {
    const GoldenSurvey survey(name);
    for (const std::int64_t expnum : exposures) {
      SCOPED_TRACE(expnum);
      std::vector<ForcedCcd> measured;
      measured.push_back(survey.measure(expnum, survey.options()));
      const TemporaryDirectory directory;
      write_forced_catalogs(directory / "cat.fits", {}, measured);
      const fits::Table own = fits::FitsReader(directory / "cat.fits").table(1),
                        reference = survey.golden("plain", "cat-", expnum);
      ASSERT_EQ(own.rows(), reference.rows());
      for (std::size_t c = 0; c < reference.columns().size(); ++c) {
        const fits::Column &mine = own.columns().at(c), &theirs = reference.columns()[c];
        EXPECT_EQ(mine.name, theirs.name);
        EXPECT_EQ(mine.data.index(), theirs.data.index()) << theirs.name;
        for (std::int64_t i = 0; i < own.rows(); ++i) {
          if (theirs.is_string())
            EXPECT_EQ(own.text(mine.name, i), reference.text(theirs.name, i)) << mine.name;
          else
            EXPECT_NEAR(own.number(mine.name, i), reference.number(theirs.name, i),
                        1e-6 * std::abs(reference.number(theirs.name, i)))
                << mine.name;
        }
      }
    }
  }
}

// With --catalog the reference fits a star (DUP) at the centre of the large galaxy that it is the same as, and gives it
// some of the galaxy's light. Here such rows are none; with them the numbers are the reference's.
TEST_F(GoldenProducts, OfACatalogThatIsGivenStarsThatAreGalaxiesAreNotFitted) {
  const GoldenSurvey survey("testcase9");
  ForcedCcdOptions o = survey.options();
  o.catalog_file = survey.products() / "tractor/cus/tractor-custom-009122p03397.fits";
  o.keep_pixels = true;
  for (const std::int64_t expnum : {372546, 372547, 257266}) {
    SCOPED_TRACE(expnum);
    ForcedCcd measured = survey.measure(expnum, o);
    const fits::Table without = survey.table_of(measured);
    ASSERT_EQ(without.rows(), 8);
    measured.sources = read_forced_sources(o.catalog_file, measured.image.band);
    measured.result = measure_forced(measured.image, measured.sources);
    const fits::Table with = survey.table_of(measured),
                      reference = survey.golden("catalog", "forced-", expnum);
    expect_columns(with, reference);
    expect_fluxes(with, reference, 0.15);
    const double star = with.number("flux", 8), galaxy = with.number("flux", 4),
                 both = without.number("flux", 4);
    EXPECT_GT(star, 0);
    EXPECT_GT(both - galaxy, 0.5 * star);
    ForcedOptions nuclei;
    nuclei.nuclei = true;
    measured.result = measure_forced(measured.image, measured.sources, nuclei);
    const fits::Table own_agn = survey.table_of(measured, nuclei),
                      agn = survey.golden("agn", "forced-", expnum);
    for (std::int64_t i = 0; i < agn.rows(); ++i) {
      // At one place: the sum alone means something.
      if (i == 4 || i == 8) continue;
      const double ivar = agn.number("flux_agn_ivar", i);
      EXPECT_NEAR(own_agn.number("flux_agn_ivar", i), ivar, 2e-4 * ivar) << i;
      if (ivar > 0) {
        EXPECT_NEAR(own_agn.number("flux_agn", i), agn.number("flux_agn", i), 0.2 / std::sqrt(ivar)) << i;
      }
    }
  }
}

TEST_F(GoldenProducts, RowsOfACatalogThatIsGivenAreMeasuredWhereverTheyAre) {
  const GoldenSurvey survey("testcase6");
  ForcedCcdOptions o = survey.options();
  o.catalog_file = survey.products() / "tractor/110/tractor-1102p240.fits";
  const fits::Table own = survey.table_of(survey.measure(802955, o)),
                    reference = survey.golden("catalog", "forced-", 802955);
  ASSERT_EQ(own.rows(), reference.rows());
  expect_fluxes(own, reference, 0.2);
  for (std::int64_t i = 0; i < own.rows(); ++i)
    EXPECT_EQ(own.integer("dqmask", i), reference.integer("dqmask", i));
}

// Derivatives and apertures of the rows of a catalog that is given, one with a star on a galaxy among them.
TEST_F(GoldenProducts, OfACatalogThatIsGivenDerivativesAndAperturesAreTheReferences) {
  const auto expect_derivatives = [](const fits::Table& own, const fits::Table& reference) {
    ASSERT_EQ(own.rows(), reference.rows());
    expect_apertures(own, reference);
    for (const char* name : {"flux_motion", "flux_dra", "flux_ddec"})
      expect_fluxes(own, reference, 0.3, name);
  };
  ForcedOptions photometry;
  photometry.motions = photometry.apertures = true;
  {
    const GoldenSurvey survey("testcase6");
    ForcedCcdOptions o = survey.options();
    o.photometry = photometry;
    o.catalog_file = survey.products() / "tractor/110/tractor-1102p240.fits";
    expect_derivatives(survey.table_of(survey.measure(695773, o), photometry),
                       survey.golden("catalog-derivs", "forced-", 695773));
  }
  const GoldenSurvey survey("testcase9");
  ForcedCcdOptions o = survey.options();
  o.catalog_file = survey.products() / "tractor/cus/tractor-custom-009122p03397.fits";
  o.keep_pixels = true;
  for (const std::int64_t expnum : {372546, 372547, 257266}) {
    SCOPED_TRACE(expnum);
    ForcedCcd measured = survey.measure(expnum, o);
    measured.sources = read_forced_sources(o.catalog_file, measured.image.band);
    measured.result = measure_forced(measured.image, measured.sources, photometry);
    expect_derivatives(survey.table_of(measured, photometry),
                       survey.golden("catalog-derivs", "forced-", expnum));
  }
}

// Sources at one place cannot be told apart: fitted together they would share the light.
TEST_F(GoldenProducts, PositionsAtOnePlaceAreMeasuredAsOneAndTakeThePlaceOfTheCatalogsStar) {
  const GoldenSurvey survey("sim300");
  ForcedCcdOptions o = survey.options();
  const fits::Table catalog = survey.table_of(survey.measure(900303, o));
  std::int64_t star = 0;
  while (catalog.integer("objid", star) != 5) ++star;
  const SkyPosition at{catalog.number("ra", star), catalog.number("dec", star)};
  o.positions = {at, {at.ra + 0.002, at.dec}, at, {at.ra, at.dec + 0.05 / 3600}, at};
  o.photometry.limits = true;
  const fits::Table own = survey.table_of(survey.measure(900303, o), o.photometry);
  ASSERT_EQ(own.rows(), 5);
  const double ivar = catalog.number("flux_ivar", star);
  for (std::int64_t i = 0; i < 5; ++i) {
    SCOPED_TRACE(i);
    EXPECT_EQ(own.integer("objid", i), i + 1);
    if (i == 1) continue;
    EXPECT_NEAR(own.number("flux", i), catalog.number("flux", star), 0.1 / std::sqrt(ivar));
    EXPECT_NEAR(own.number("flux_ivar", i), ivar, 1e-4 * ivar);
    EXPECT_GT(own.number("flux_ivar_joint", i), 0.5 * ivar);
  }
}

// A part of a brick by the reference's tool for bricks: each CCD cut to it, and averages over the CCDs.
TEST_F(GoldenProducts, APartOfABrickIsMeasuredAndAveragedAsTheReferenceDoes) {
  const GoldenSurvey survey("sim300");
  TargetOptions part;
  part.zoom = Box{1700, 1850, 1700, 1900};
  const fs::path directory = golden("sim300/brickwise-zoom");
  const fits::Table all = fits::FitsReader(directory / "forced-1501p022.fits").table(1),
                    averages = fits::FitsReader(directory / "tractor-forced-1501p022.fits").table(1);
  ForcedCcdOptions o = survey.options();
  o.reading.polygon = make_target(survey.bricks().find("1501p022"), part).polygon();
  o.photometry.motions = o.photometry.apertures = true;
  std::vector<NamedTable> measured;
  for (const std::int64_t expnum : {900303, 900304, 900305, 900306}) {
    SCOPED_TRACE(expnum);
    std::vector<std::int64_t> rows;
    for (std::int64_t i = 0; i < all.rows(); ++i)
      if (all.integer("expnum", i) == expnum) rows.push_back(i);
    const fits::Table reference = all.select(rows),
                      own = survey.table_of(survey.measure(expnum, o), o.photometry);
    ASSERT_EQ(reference.rows(), 19);
    expect_columns(own, reference);
    expect_fluxes(own, reference, 0.05);
    expect_apertures(own, reference);
    for (const char* name : {"flux_motion", "flux_dra", "flux_ddec"})
      expect_fluxes(own, reference, 0.3, name);
    measured.push_back({std::to_string(expnum), own});
  }
  const fits::Table together = concatenate_tables(measured),
                    own = average_forced(averages, together, {"r", "z"});
  for (std::int64_t i = 0; i < averages.rows(); ++i)
    for (const std::string band : {"r", "z"}) {
      SCOPED_TRACE(band + std::to_string(i));
      const auto mine = [&](const char* name) { return own.number(forced_column(name, band), i); };
      const auto theirs = [&](const char* name) { return averages.number(forced_column(name, band), i); };
      EXPECT_EQ(mine("nexp"), theirs("nexp"));
      EXPECT_NEAR(mine("flux_ivar"), theirs("flux_ivar"), 2e-4 * theirs("flux_ivar"));
      EXPECT_NEAR(mine("flux") * std::sqrt(theirs("flux_ivar")),
                  theirs("flux") * std::sqrt(theirs("flux_ivar")), 0.05);
      for (const char* name : {"psfdepth", "galdepth"})
        EXPECT_NEAR(mine(name), theirs(name), 2e-4 * theirs(name)) << name;
      EXPECT_NEAR(mine("fracin"), theirs("fracin"), 1e-3 * theirs("fracin") + 1e-5);
      // Its sum of fracmasked is not weighted by the fracin that it is divided by.
      double masked = 0, in = 0;
      for (std::int64_t k = 0; k < together.rows(); ++k)
        if (together.integer("objid", k) == averages.integer("objid", i) &&
            together.text("filter", k) == band) {
          masked += together.number("fracmasked", k);
          in += together.number("fracin", k);
        }
      EXPECT_NEAR(in > 0 ? masked / in : 0, theirs("fracmasked"), 1e-4);
      EXPECT_LE(mine("fracmasked"), theirs("fracmasked") + 1e-4);
    }
}

// With the camera's own mask of bad pixels, whose corner lies on these images that are cut out of larger ones, the
// numbers are those of the reference's tool for bricks, which reads it so.
TEST_F(GoldenProducts, TheStaticMaskOf90primeIsAppliedAsInBricks) {
  const GoldenSurvey survey("mzlsbass2");
  const fits::Table bricks = fits::FitsReader(golden("mzlsbass2/brickwise/forced-1773p595.fits")).table(1);
  for (const std::int64_t expnum : {78730103, 81900110}) {
    const fits::Table own = survey.table_of(survey.measure(expnum, survey.options()));
    std::vector<std::int64_t> rows;
    for (std::int64_t i = 0; i < bricks.rows(); ++i)
      if (bricks.integer("expnum", i) == expnum) rows.push_back(i);
    const fits::Table reference = bricks.select(rows);
    ASSERT_EQ(own.rows(), reference.rows());
    expect_fluxes(own, reference, 0.06);
  }
}

}  // namespace
}  // namespace brickline::test
