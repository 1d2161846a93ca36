// Zero points and offsets of a sky whose truth is known, by each catalog; and what is made of CCDs that cannot be measured.
#include <gmock/gmock.h>

#include <fstream>
#include <functional>
#include <iterator>
#include <numbers>
#include <random>

#include "core/model/psf_kernel.h"
#include "core/wcs/wcs.h"
#include "core/zeropoints/ccd_annotation.h"
#include "core/zeropoints/star_fit.h"
#include "tests/zeropoints/simulated_sky.h"

namespace brickline {
namespace {

namespace fs = std::filesystem;
using test::SimulatedSky;
using testing::AllOf;
using testing::ContainsRegex;
using testing::HasSubstr;

double median(std::vector<double> values) {
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2),
                   values.end());
  return values[values.size() / 2];
}
// Of a normal distribution its standard deviation.
double width(const std::vector<double>& values) {
  const double middle = median(values);
  std::vector<double> apart;
  for (const double v : values) apart.push_back(std::abs(v - middle));
  return 1.4826 * median(std::move(apart));
}

std::string text_of(const fs::path& file) {
  std::ifstream in(file);
  return {std::istreambuf_iterator<char>(in), {}};
}

using ZeroPoints = SimulatedSky;

TEST_F(ZeroPoints, AreTheTrueOnesByEveryCatalog) {
  const fits::Table truth = SimulatedSky::truth();
  for (const std::string catalog : {"gaia", "ps1"}) {
    SCOPED_TRACE(catalog);
    const fs::path page = sky_->path() / (catalog + ".html");
    measure(
        survey(), 0,
        {"--photometry", catalog, "--ps1-dir", ps1().string(), "--name", catalog, "--report", page.string()});
    EXPECT_THAT(text_of(page), HasSubstr("\"terms\":{\"decam/g/" + catalog));
    const fits::Table made = ccds(survey(), catalog);
    ASSERT_EQ(made.rows(), truth.rows());
    for (std::int64_t i = 0; i < made.rows(); ++i) {
      std::int64_t j = 0;
      while (truth.integer("expnum", j) != made.integer("expnum", i)) ++j;
      EXPECT_NEAR(made.number("ccdzpt", i), truth.number("ccdzpt", j), 0.005);
      EXPECT_NEAR(made.number("ccdraoff", i), truth.number("ccdraoff", j), 0.005);
      EXPECT_NEAR(made.number("ccddecoff", i), truth.number("ccddecoff", j), 0.005);
      EXPECT_NEAR(made.number("sig1", i) / truth.number("sig1", j), 1, 0.01);
      EXPECT_NEAR(made.number("ccdskycounts", i) / truth.number("ccdskycounts", j), 1, 0.02);
      EXPECT_EQ(made.text("zpt_source", i), "stars:" + catalog);
      EXPECT_EQ(made.text("err_message", i), "");
      EXPECT_EQ(made.integer("ccd_cuts", i), 0);
      EXPECT_GT(made.integer("ccdnphotom_used", i), 20);
    }
  }
}

TEST(Annotations, AreOfPlacesAroundTheMiddleOfTheCcd) {
  // A PSF whose light grows along x, of sum 1 in the middle: so is then the mean over places around it.
  constexpr int kWidth = 400, kHeight = 300;
  Image<float> plane(25, 25), none(25, 25);
  double squares = 0;
  for (int y = 0; y < 25; ++y)
    for (int x = 0; x < 25; ++x) {
      const double r2 = (x - 12) * (x - 12) + (y - 12) * (y - 12);
      plane(x, y) = static_cast<float>(std::exp(-r2 / 8) / (8 * std::numbers::pi));
      squares += std::pow(plane(x, y), 2);
    }
  CcdImage image;
  image.psf =
      Psf({plane, plane, none}, {.degree = 1, .x_zero = (kWidth - 1) / 2., .x_scale = 500}, 4.7, false);
  const Wcs wcs = Wcs::tangent(150, 2, 199.5, 149.5, {-7e-5, 0, 0, 7e-5}, kWidth, kHeight);
  const CcdAnnotation made = annotate(image, wcs, nullptr, 1, 1, 4.7, nullptr);
  EXPECT_GT(made.psf_norm.deviation / made.psf_norm.mean, 0.1);
  EXPECT_NEAR(made.psf_norm.mean / std::sqrt(squares), 1, 1e-5);
}

TEST(StarFits, HaveErrorsThatMeanWhatTheySayAndTakeNeighboursApart) {
  // Pairs of stars of known fluxes a FWHM and a half apart, and noise.
  constexpr int kSize = 640, kSpacing = 80;
  constexpr double kSigma = 3, kFwhm = 4.2;
  Image<float> plane(63, 63);
  for (int y = 0; y < 63; ++y)
    for (int x = 0; x < 63; ++x)
      plane(x, y) = static_cast<float>(
          std::pow(1 + ((x - 31) * (x - 31) + (y - 31) * (y - 31)) / (kFwhm * kFwhm * 1.2), -3.5));
  const Psf psf({plane}, {}, kFwhm);
  std::mt19937 random(5);
  std::normal_distribution<double> normal;
  std::vector<double> pulls_flux, pulls_x, pulls_y;
  for (int turn = 0; turn < 2; ++turn) {
    Image<float> data(kSize, kSize), inverse_error(kSize, kSize, static_cast<float>(1 / kSigma));
    Renderer exact({.shift = PsfShift::kFourier});
    const PsfKernel kernel(psf, 0, 0);
    const RenderTarget target{kSize, kSize, {1, 0, 0, 1}, &kernel};
    std::vector<PixelPosition> truth, catalog;
    std::vector<double> fluxes;
    for (int y = kSpacing / 2; y < kSize; y += kSpacing)
      for (int x = kSpacing / 2; x < kSize; x += kSpacing)
        for (const double beside : {0., 1.5 * kFwhm}) {
          const double u = 0.5 * std::sin(3.1 * x + y), v = 0.5 * std::cos(x + 2.3 * y);
          truth.push_back({x + beside + u, y + v});
          catalog.push_back({x + beside + u + 0.3 * normal(random), y + v + 0.3 * normal(random)});
          fluxes.push_back(beside > 0 ? 1200 : 3000);
          const auto patch = exact.patch(SourceModel{}, truth.back(), target);
          ASSERT_TRUE(patch);
          add_patch(data.view(), *patch, static_cast<float>(fluxes.back()));
        }
    for (int y = 0; y < kSize; ++y)
      for (int x = 0; x < kSize; ++x) data(x, y) += static_cast<float>(kSigma * normal(random));
    const std::vector<StarFit> fits =
        fit_stars_together(data.const_view(), inverse_error.const_view(), psf, catalog, fluxes);
    for (std::size_t i = 0; i < fits.size(); ++i) {
      if (!fits[i].fitted()) continue;
      pulls_flux.push_back((fits[i].flux - fluxes[i]) / fits[i].dflux);
      pulls_x.push_back((fits[i].x - truth[i].x) / fits[i].dx);
      pulls_y.push_back((fits[i].y - truth[i].y) / fits[i].dy);
    }
  }
  EXPECT_GT(pulls_flux.size(), 200u);
  for (const auto* pulls : {&pulls_flux, &pulls_x, &pulls_y}) {
    EXPECT_GT(width(*pulls), 0.8);
    EXPECT_LT(width(*pulls), 1.2);
    EXPECT_NEAR(median(*pulls), 0, 0.3);
  }
}

TEST_F(ZeroPoints, AreFoundOnThePixelsOfCloudsAndOfAnotherGain) {
  const fs::path cloudy = sky_->path() / "cloudy";
  simulate(cloudy, {{"--nexp", "1"}, {"--bands", "g"}, {"--gain", "2"}, {"--chip-offset", "S4=-0.4"}});
  measure(cloudy, 0, {"--photometry", "gaia"}, cloudy / "gaia");
  const fits::Table made = ccds(cloudy, "made"),
                    truth = fits::FitsReader(cloudy / "survey-ccds-sim.fits.gz").table(1);
  ASSERT_EQ(made.rows(), 1);
  EXPECT_NEAR(made.number("ccdzpt", 0), truth.number("ccdzpt", 0) - 0.4, 0.005);
  EXPECT_LT(made.number("transparency", 0), 0.85);
  EXPECT_NEAR(made.number("airmass", 0), truth.number("airmass", 0), 1e-4);
}

// A copy of the survey, of which files are changed.
class Faults : public SimulatedSky {
 protected:
  void SetUp() override {
    fs::create_directories(copy_);
    for (const char* part : {"images", "calib"})
      fs::copy(survey() / part, copy_ / part, fs::copy_options::recursive);
  }
  // The numbered image's row of the table, and its reason.
  std::string reason(const std::string& name = "made") const {
    const fits::Table made = ccds(copy_, name);
    EXPECT_GT(made.rows(), 0);
    const std::int64_t i = 0;
    EXPECT_TRUE(std::isnan(made.number("ccdzpt", i)));
    EXPECT_TRUE(std::isnan(made.number("sig1", i)));
    EXPECT_TRUE(std::isnan(made.number("ccdphrms", i)));
    EXPECT_EQ(made.integer("ccd_cuts", i), 1);
    EXPECT_EQ(made.text("zpt_source", i), "none");
    return made.text("err_message", i);
  }
  // Of the first image alone.
  std::string reason_of_one(const fs::path& gaia, const std::vector<std::string>& more) const {
    std::vector<std::string> words = {images().front()};
    words.insert(words.end(), more.begin(), more.end());
    measure(copy_, 6, words, gaia);
    return reason();
  }
  void change_gaia(const fs::path& to, const std::function<void(fits::Table&)>& change) const {
    fs::copy(survey() / "gaia", to, fs::copy_options::recursive);
    fits::Table table = fits::FitsReader(to / "chunk-05877.fits").table(1);
    change(table);
    fits::FitsWriter writer;
    writer.add_table(table);
    writer.write(to / "chunk-05877.fits");
  }
  test::TemporaryDirectory scratch_;
  const fs::path copy_ = scratch_ / "survey";
};

TEST_F(Faults, OfImagesAreReasonsOnTheirRowsAndTheOthersAreMeasured) {
  const std::vector<std::string> names = images();
  ASSERT_EQ(names.size(), 4u);
  // The first is an arcminute off.
  change_header(copy_ / "images" / names[0],
                [](fits::Header& h) { h.set("CRVAL2", h.require_number("CRVAL2") + 1. / 60); });
  {  // All stars of the second are saturated.
    std::string mask_name = names[1];
    mask_name.replace(mask_name.find("_ooi_"), 5, "_ood_");
    const fs::path file = copy_ / "images" / mask_name;
    fits::FitsReader reader(file);
    fits::FitsReader image(copy_ / "images" / names[1]);
    Image<std::int32_t> codes = reader.image<std::int32_t>(1);
    const Wcs wcs = Wcs::from_header(image.header(1), codes.width(), codes.height());
    const fits::Table stars = fits::FitsReader(survey() / "truth.fits").table(1);
    for (std::int64_t i = 0; i < stars.rows(); ++i) {
      const auto p = wcs.sky_to_pixel(stars.number("ra", i), stars.number("dec", i));
      if (!p) continue;
      constexpr int kRadius = 9;
      for (int y = -kRadius; y <= kRadius; ++y)
        for (int x = -kRadius; x <= kRadius; ++x) {
          const int ix = static_cast<int>(p->x) + x, iy = static_cast<int>(p->y) + y;
          if (codes.view().box().contains(ix, iy)) codes(ix, iy) = 3;
        }
    }
    fits::Header plain;
    const fits::Header header = reader.header(1);
    for (const fits::Card& card : header.cards())
      if (!card.key.starts_with("Z") && card.key != "XTENSION") plain.append(card);
    fits::FitsWriter writer;
    writer.add_empty_primary(reader.header(0));
    writer.add_image(codes.const_view(), plain, plain.text("EXTNAME").value_or(""));
    writer.write(scratch_ / "mask.fits");
    fs::rename(scratch_ / "mask.fits", file);
  }
  const test::ProgramResult result = measure(copy_, 6, {"--photometry", "gaia"});
  EXPECT_THAT(result.out, HasSubstr("4 CCDs, 2 not measured"));
  const fits::Table made = ccds(copy_, "made");
  ASSERT_EQ(made.rows(), 4);
  EXPECT_THAT(made.text("err_message", 0),
              ContainsRegex("of [0-9]+ bright catalog stars only [0-9]+ are seen .* world coordinates"));
  EXPECT_THAT(made.text("err_message", 1), HasSubstr("masked or saturated"));
  for (const std::int64_t i : {2, 3}) {
    EXPECT_EQ(made.text("err_message", i), "");
    EXPECT_GT(made.number("ccdzpt", i), 24);
  }
  // The cuts keep what was not measured out of runs, by name.
  const test::ProgramResult cut = test::run_program(
      test::program("make-ccds"),
      {"cut", (copy_ / "survey-ccds-made.fits.gz").string(), "--plugin-dir", test::built_plugins().string()});
  EXPECT_EQ(cut.exit_code, 0) << cut.err;
  EXPECT_THAT(cut.out, AllOf(ContainsRegex("err_legacyzpts +2\n"), ContainsRegex("zpt_small +2\n"),
                             HasSubstr("2 of 4 CCDs are cut")));
}

TEST_F(Faults, AFieldWithoutStars) {
  change_gaia(scratch_ / "gaia", [](fits::Table& t) { t = t.select({}); });
  EXPECT_THAT(reason_of_one(scratch_ / "gaia", {"--photometry", "gaia"}),
              HasSubstr("no star of the catalogs is in the field"));
}

TEST_F(Faults, ACatalogsFileThatIsMissing) {
  fs::create_directories(scratch_ / "ps1");
  EXPECT_THAT(reason_of_one({}, {"--photometry", "ps1", "--ps1-dir", (scratch_ / "ps1").string()}),
              AllOf(HasSubstr("ps1-05877.fits"), HasSubstr("missing")));
  EXPECT_GT(ccds(copy_, "made").integer("ccdnastrom", 0), 50) << "the offsets are had without it";
  fs::copy(survey() / "gaia", scratch_ / "gaia", fs::copy_options::recursive);
  fs::remove(scratch_ / "gaia/chunk-05877.fits");
  EXPECT_THAT(reason_of_one(scratch_ / "gaia", {"--photometry", "gaia", "--force"}),
              AllOf(HasSubstr("chunk-05877.fits"), HasSubstr("missing")));
}

TEST_F(Faults, ColoursThatAreNoNumbers) {
  write_ps1(survey(), scratch_ / "ps1", 1);
  EXPECT_THAT(reason_of_one({}, {"--photometry", "ps1", "--ps1-dir", (scratch_ / "ps1").string()}),
              ContainsRegex("no star for the zero point: .* 0 of these a colour"));
}

TEST_F(Faults, ACrowdedField) {
  // Every star has a neighbour of its own brightness.
  change_gaia(scratch_ / "gaia", [](fits::Table& t) {
    std::vector<std::int64_t> twice;
    for (std::int64_t i = 0; i < t.rows(); ++i) twice.insert(twice.end(), {i, i});
    t = t.select(twice);
    std::vector<double> dec = t.numbers("dec");
    for (std::size_t i = 1; i < dec.size(); i += 2) dec[i] += 1.2 / 3600;
    t.add("dec", std::move(dec), "deg");
  });
  EXPECT_THAT(reason_of_one(scratch_ / "gaia", {"--photometry", "gaia"}),
              ContainsRegex("crowded: [0-9]+ of [0-9]+ usable stars"));
}

TEST_F(Faults, ABandWithoutAColourTermOrACatalogThatNobodyNamed) {
  EXPECT_THAT(measure(copy_, 2, {"--photometry", "sdss2"}).err, HasSubstr("knows a catalogue sdss2"));
  EXPECT_FALSE(fs::exists(copy_ / "survey-ccds-made.fits.gz"));
  EXPECT_THAT(reason_of_one({}, {"--photometry", "ps1", "--force"}),
              HasSubstr("nobody says where catalogue ps1 is"));
}

TEST_F(Faults, OfTheCommandLine) {
  const std::string first = images().front();
  EXPECT_THAT(measure(copy_, 2, {first, "--star-mags", "20", "16"}).err, HasSubstr("--star-mags"));
  EXPECT_THAT(measure(copy_, 2, {first, "--stamp-radius", "0"}).err, HasSubstr("--stamp-radius"));
  EXPECT_FALSE(fs::exists(copy_ / "survey-ccds-made.fits.gz"));
}

TEST_F(Faults, OfAnImageThatIsNamedTwiceAreNone) {
  const std::string first = images()[0], second = images()[1];
  measure(copy_, 0, {first, "./" + first, second, "--photometry", "gaia", "--largest-scatter", "0.4"});
  const fits::Table made = ccds(copy_, "made"), truth = SimulatedSky::truth();
  ASSERT_EQ(made.rows(), 2);
  for (std::int64_t i = 0; i < 2; ++i) {
    std::int64_t j = 0;
    while (truth.integer("expnum", j) != made.integer("expnum", i)) ++j;
    EXPECT_EQ(made.text("image_filename", i), i == 0 ? first : second);
    EXPECT_NEAR(made.number("ccdzpt", i), truth.number("ccdzpt", j), 0.005);
  }
  EXPECT_TRUE(std::holds_alternative<std::vector<std::int32_t>>(made.require("width").data));
  // What the measurement was made with is in its products.
  for (const auto& entry : fs::recursive_directory_iterator(copy_ / "zpt"))
    if (entry.path().filename().string().ends_with("-annotated.fits")) {
      EXPECT_THAT(fits::FitsReader(entry.path()).header(1).text("CMDLINE").value_or(""),
                  HasSubstr("--largest-scatter 0.4"));
    }
  // Zero points that are given come with an offset: none.
  measure(copy_, 0, {first, "--zeropoint", "g=25,z=25", "--name", "given"});
  const fits::Table given = ccds(copy_, "given");
  EXPECT_EQ(given.number("ccdzpt", 0), 25);
  EXPECT_EQ(given.number("ccdraoff", 0), 0);
  EXPECT_EQ(given.number("ccddecoff", 0), 0);
}

TEST_F(Faults, AFieldWithoutStarsForTheOffset) {
  change_gaia(scratch_ / "gaia", [](fits::Table& t) { t = t.select({}); });
  EXPECT_THAT(
      reason_of_one(scratch_ / "gaia", {"--photometry", "ps1", "--ps1-dir", SimulatedSky::ps1().string()}),
      HasSubstr("no star for the astrometric offset"));
}

}  // namespace
}  // namespace brickline
