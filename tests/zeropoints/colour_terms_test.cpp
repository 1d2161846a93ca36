// Magnitudes of spectra, colour terms fitted to stars, and the catalogs that magnitudes come from.
#include <gmock/gmock.h>

#include <cmath>
#include <fstream>
#include <limits>
#include <random>

#include "core/base/error.h"
#include "core/fits/fits_writer.h"
#include "core/refs/gaia_columns.h"
#include "core/refs/healpix.h"
#include "core/wcs/wcs.h"
#include "core/zeropoints/colour_term_fit.h"
#include "core/zeropoints/measured_images.h"
#include "core/zeropoints/reference_stars.h"
#include "tests/support/run_program.h"

namespace brickline {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

template <typename F>
std::string refusal(F&& f) {
  try {
    f();
  } catch (const Error& e) {
    return e.line();
  }
  return "";
}

TEST(Transmissions, GiveTheMagnitudesOfSpectraOfKnownFlux) {
  // f_nu = 10^(-0.4 (m + 56.10)) W m^-2 Hz^-1 at all frequencies is of magnitude m in every band.
  std::vector<double> nm, flat;
  for (double x = 336; x <= 1020; x += 2) {
    nm.push_back(x);
    flat.push_back(std::pow(10, -0.4 * (17.3 + 56.10)) * 2.99792458e17 / (x * x));
  }
  const TransmissionCurve band({480.5, 500, 541.3, 560, 571}, {0, 0.7, 0.9, 0.2, 0});
  EXPECT_NEAR(ab_magnitude(band, nm, flat), 17.3, 1e-5);
  // Of f_lambda = a + b lambda and T = 1 between 500 and 600 nm (and straight lines to 0 beside): the closed form of
  // int f lambda / (c int 1 / lambda), the lines' shares included.
  const TransmissionCurve box({499.999, 500, 550, 600, 600.001}, {0, 1, 1, 1, 0});
  std::vector<double> line;
  for (const double x : nm) line.push_back(1e-17 * (1 + 0.01 * (x - 500)));
  const auto primitive = [](double x) { return 1e-17 * (-4 * x * x / 2 + 0.01 * x * x * x / 3); };
  const double flux = (primitive(600) - primitive(500)) / (2.99792458e17 * std::log(1.2));
  EXPECT_NEAR(ab_magnitude(box, nm, line), -2.5 * std::log10(flux) - 56.10, 2e-5);
  EXPECT_NEAR(box.full_width_half_maximum_nm(), 100.001, 1e-6);
  EXPECT_NEAR(box.pivot_nm(), std::sqrt((600. * 600 - 500. * 500) / 2 / std::log(1.2)), 1e-3);
  // What the band does not see may be anything.
  line.front() = line.back() = kNan;
  EXPECT_TRUE(std::isfinite(ab_magnitude(box, nm, line)));
  line[100] = kNan;  // 536 nm
  EXPECT_TRUE(std::isnan(ab_magnitude(box, nm, line)));
}

TEST(Transmissions, ThatAreNoneAreRefused) {
  const test::TemporaryDirectory directory;
  const auto read = [&](const std::string& text, WavelengthUnit unit = WavelengthUnit::kNanometre) {
    const fs::path file = directory.path() / "curve.txt";
    std::ofstream(file) << text;
    return refusal([&] { TransmissionCurve::read(file, unit); });
  };
  EXPECT_EQ(read("# nm\n500 0\n510 1 # peak\n\n520 1\n530 .5\n540 0\n"), "");
  EXPECT_EQ(read("5400 0\n5300 .5\n5200 1\n5100 1\n5000 0\n", WavelengthUnit::kAngstrom), "");
  EXPECT_THAT(read("500 0\n510 1\n520 -0.01\n530 .5\n540 0\n"), HasSubstr("520 nm is -0.01"));
  EXPECT_THAT(read("500 0\n510 1\n509 1\n530 .5\n540 0\n"), HasSubstr("neither all grow nor all fall"));
  EXPECT_THAT(read("500 0\n510 1\n510 1\n530 .5\n540 0\n"), HasSubstr("neither all grow nor all fall"));
  EXPECT_THAT(read("500 0\n510 1\n520 1\n530 .5\n540 .3\n"), HasSubstr("cut off at 540 nm"));
  EXPECT_THAT(read("500 0\n510 1\n520 1\n530 .5\n"), HasSubstr("4 points"));
  EXPECT_THAT(read("500 0\n510 0\n520 0\n530 0\n540 0\n"), HasSubstr("0 everywhere"));
  EXPECT_THAT(read("500 0\n510 1\n520 nan\n530 .5\n540 0\n"), HasSubstr("line 3"));
  EXPECT_THAT(read("500 0\n510\n"), HasSubstr("line 2"));
  EXPECT_THAT(read("5500 0\n"), HasSubstr("are these Angstrom?"));
  EXPECT_THAT(read("550 0\n", WavelengthUnit::kAngstrom), HasSubstr("are these nm?"));
  EXPECT_THAT(refusal([] {
                XpBand::of_sampled(TransmissionCurve({310, 330, 350, 370, 390}, {0, 1, 1, 1, 0}));
              }),
              HasSubstr("outside of the spectra"));
}

TEST(ColourTerms, OfTheLocusAreThoseThatGaiaPublishes) {
  // Gaia EDR3's documentation, section 5.5.1: G - V (Johnson) and G - r (SDSS) of stars by BP - RP, which scatter by 0.03
  // and 0.04 mag. V: the response of Bessell (1990, PASP 102, 1181, table 2), V = 0 at 3597 Jy (Bessell & Murphy 2012); r:
  // that of Doi et al. (2010, AJ 139, 1628), every 20 nm.
  const TransmissionCurve v({470, 480, 490, 500, 510, 520, 530, 540, 550, 560, 570, 580,
                             590, 600, 610, 620, 630, 640, 650, 660, 670, 680, 690, 700},
                            {0,    .030, .163, .458, .780, .967, 1,    .973, .898, .792, .684, .574,
                             .461, .359, .270, .197, .135, .081, .045, .025, .017, .013, .009, 0});
  const TransmissionCurve r(
      {527.9, 537.9, 547.9, 557.9, 577.9, 597.9, 617.9, 637.9, 657.9, 677.9, 697.9, 707.9},
      {0.002, .067, .352, .427, .457, .475, .484, .482, .480, .300, .0076, 0.002});
  struct Published {
    const char* name;
    const TransmissionCurve* band;
    std::vector<double> g_less_band;
    double ab_less_own;
  };
  for (const Published& p :
       {Published{"V", &v, {-0.02704, 0.01424, -0.2156, 0.01426}, -2.5 * std::log10(3597. / 3631)},
        Published{"r", &r, {-0.09837, 0.08592, 0.1907, -0.1701, 0.02263}, 0}}) {
    const ColourTermFit fit =
        fit_colour_term(colour_samples(stellar_locus(), *p.band, {}), {.clip = INFINITY});
    EXPECT_LT(fit.rms, 0.004) << p.name;
    EXPECT_NEAR((*fit.term.valid)[0], 0, 0.02);
    EXPECT_NEAR((*fit.term.valid)[1], 1.6, 0.03);
    for (double colour = 0.3; colour < 1.59; colour += 0.1) {
      double published = 0, fitted = 0;
      for (std::size_t k = 0; k < p.g_less_band.size(); ++k)
        published -= p.g_less_band[k] * std::pow(colour, k);
      for (std::size_t k = 0; k < fit.term.coefficients.size(); ++k)
        fitted += fit.term.coefficients[k] * std::pow(colour, k);
      EXPECT_NEAR(fitted - p.ab_less_own, published, 0.035) << p.name << " at BP - RP = " << colour;
    }
  }
  EXPECT_THAT(stellar_locus_problem(TransmissionCurve({340, 350, 365, 380, 390}, {0, 1, 1, 1, 0})),
              HasSubstr("400 nm"));
  EXPECT_THAT(stellar_locus_problem(TransmissionCurve({490, 495, 500, 505, 510}, {0, 1, 1, 1, 0})),
              HasSubstr("40 nm"));
  EXPECT_THAT(stellar_locus_problem(TransmissionCurve({900, 950, 1000, 1100, 1200}, {0, 1, 1, 1, 0})),
              HasSubstr("outside"));
}

TEST(ColourTerms, OfStarsOfManyCcdsAreFoundWithOutliersAmongThem) {
  const std::vector<double> truth = {0.02, -0.3, 0.11, 0.04};
  const auto term = [&](double c) { return truth[0] + c * (truth[1] + c * (truth[2] + c * truth[3])); };
  std::vector<ColourSample> stars;
  for (int i = 0; i < 120; ++i) {
    const double colour = 0.3 + 0.02 * i + 0.001 * std::sin(7. * i), zero_point = 25 + 0.13 * (i % 3);
    stars.push_back({"", colour, term(colour) - zero_point + (i % 20 == 7 ? 0.4 : 0), i % 3});
  }
  stars.push_back({"without a colour", kNan, 1, 0});
  ColourTermOptions options;
  options.grouped = true;
  options.zero_colour = 0.5;
  options.zero_value = term(0.5);
  options.edge_stars = 2;
  const ColourTermFit fit = fit_colour_term(stars, options);
  EXPECT_EQ(fit.degree, 3);
  ASSERT_EQ(fit.term.coefficients.size(), truth.size());
  for (std::size_t k = 0; k < truth.size(); ++k) EXPECT_NEAR(fit.term.coefficients[k], truth[k], 1e-7) << k;
  EXPECT_EQ(fit.used, 114);
  EXPECT_NEAR(fit.residuals[7], 0.4, 1e-6);
  EXPECT_TRUE(std::isnan(fit.residuals.back()));
  EXPECT_NEAR((*fit.term.valid)[0], stars[2].colour, 1e-12);
  // As facts, and back.
  const ParsedFacts facts = parse_camera_facts(
      merge_camera_facts(
          R"({"detector": {"pixel_scale_arcsec": 0.3, "bands": ["r"]}, "pixels": {"unit": "total"}})",
          colour_term_facts("r", "ps1", {"r", {"g", "i"}}, fit, nullptr, "words")),
      {"cam", {}, {}});
  ASSERT_THAT(facts.problems, testing::IsEmpty());
  const ColourTerm& read = facts.facts.photometry.catalogues.at("ps1").bands.at("r");
  EXPECT_EQ(read.coefficients, fit.term.coefficients);
  EXPECT_EQ(read.valid, fit.term.valid);
  EXPECT_EQ(read.base, "r");
  EXPECT_EQ(read.error, fit.term.error);
  EXPECT_THAT(refusal([&] {
                fit_colour_term({stars.begin(), stars.begin() + 5}, options);
              }),
              HasSubstr("too few"));
}

TEST(ColourTerms, TellByHowMuchTheyAreOffForAllStarsAlike) {
  // Fits to stars of the same colours with independent errors: their means over the stars scatter by what each tells.
  constexpr int kFits = 400, kStars = 24;
  constexpr double kError = 0.02;
  std::mt19937 random(3);
  std::normal_distribution<double> normal(0, kError);
  double squares = 0, told = 0;
  for (int k = 0; k < kFits; ++k) {
    std::vector<ColourSample> stars;
    for (int i = 0; i < kStars; ++i) stars.push_back({"", 0.4 + 0.1 * i, normal(random), 0});
    const ColourTermFit fit = fit_colour_term(stars, {.degree = 2, .clip = INFINITY});
    for (const ColourSample& star : stars) {
      double off = 0;
      for (std::size_t c = 3; c-- > 0;) off = off * star.colour + fit.term.coefficients[c];
      squares += off * off / kFits / kStars;
    }
    told += fit.term.error * fit.term.error / kFits;
  }
  EXPECT_NEAR(std::sqrt(told / squares), 1, 0.1);
  std::vector<ColourSample> stars;
  for (int i = 0; i < kStars; ++i) stars.push_back({"", 0.1 * i, 0.2, 0});
  EXPECT_NEAR(fit_colour_term(stars, {.degree = 1, .stars_error = 0.03}).term.error, 0.03, 1e-9);
}

TEST(ColourTerms, OfGroupsTellByHowMuchTheyAreOffFromTheColourWhereTheyAreKnown) {
  constexpr int kFits = 400, kGroups = 6, kStars = 60;
  for (const auto& [zero_colour, degree] : {std::pair{1.2, 1}, {1.2, 2}, {0.3, 1}, {0.3, 2}}) {
    SCOPED_TRACE(testing::Message() << zero_colour << " " << degree);
    std::mt19937 random(4);
    std::normal_distribution<double> normal;
    double squares = 0, told = 0;
    for (int k = 0; k < kFits; ++k) {
      std::vector<ColourSample> stars;
      for (int i = 0; i < kStars; ++i)
        stars.push_back(
            {"", 1.2 + 0.3 * normal(random), 0.02 * normal(random) + 0.1 * (i % kGroups), i % kGroups});
      const ColourTermFit fit = fit_colour_term(
          stars, {.degree = degree, .clip = INFINITY, .grouped = true, .zero_colour = zero_colour});
      for (const ColourSample& star : stars) {
        double off = 0;
        for (std::size_t c = fit.term.coefficients.size(); c-- > 0;)
          off = off * star.colour + fit.term.coefficients[c];
        squares += off * off / kFits / kStars;
      }
      told += fit.term.error * fit.term.error / kFits;
    }
    EXPECT_NEAR(std::sqrt(told / squares), 1, 0.12);
  }
  std::vector<ColourSample> stars;
  for (int i = 0; i < 40; ++i) stars.push_back({"", 1 + 0.01 * i, 0.02 * (i % 5), i % 2});
  EXPECT_THAT(refusal([&] {
                fit_colour_term(stars, {.degree = 3, .clip = INFINITY, .grouped = true, .zero_colour = -1});
              }),
              testing::AllOf(HasSubstr("1.000 to 1.390"), HasSubstr("-1, where it is known")));
}

TEST(ColourTerms, OfFewColoursAreOfADegreeThatTheseTell) {
  std::vector<ColourSample> stars;
  for (int i = 0; i < 12; ++i) {
    const double colour = 0.5 + 0.3 * (i % 4);
    stars.push_back({"", colour, 0.1 + 0.2 * colour * colour + 0.01 * (i % 3), 0});
  }
  EXPECT_EQ(fit_colour_term(stars, {}).degree, 2);
  EXPECT_EQ(fit_colour_term(stars, {.degree = 3}).degree, 3);
  EXPECT_THAT(refusal([&] { fit_colour_term(stars, {.degree = 4}); }), HasSubstr("degree 4"));
}

TEST(ColourTerms, OfManyStarsAreDrawnWithSomeOfThem) {
  std::vector<ColourSample> stars;
  for (int i = 0; i < 9000; ++i) stars.push_back({"", 0.0001 * i, 0.02, 0});
  const ColourTermFit fit = fit_colour_term(stars, {.degree = 0});
  const std::string svg = colour_term_svg(stars, fit, {}, "many");
  EXPECT_THAT(svg, HasSubstr("3000 of 9000 stars are drawn"));
  EXPECT_LT(svg.size(), 800000u);
  stars.resize(100);
  EXPECT_THAT(colour_term_svg(stars, fit_colour_term(stars, {.degree = 0}), {}, "few"),
              testing::Not(HasSubstr("are drawn")));
}

// A table as make-ccds --measure --photometry gspc writes it.
TEST(ColourTerms, OfStarsOfExposuresAreOfThoseThatCanBeUsed) {
  const test::TemporaryDirectory directory;
  const fs::path file = directory.path() / "a-photom.fits";
  const auto write = [&](const std::string& prefix, const std::string& suffix, bool flagged) {
    fits::Table t;
    const std::vector<double> inst = {-8, -8, -8, -8, -8, -8}, none(6, 0.);
    t.add("instpsfmag", inst);
    t.add("dpsfmag", std::vector<double>{.01, .01, .01, .01, .03, .01});
    t.add("bitmask", std::vector<std::int32_t>{0, 2, 0, 0, 0, 0});
    t.add("fracmasked", std::vector<float>{0, 0, 0.6F, 0.4F, 0, 0});
    for (const auto& [band, mag] : {std::pair{"g", 17.}, {"r", 16.5}, {"i", 16.2}})
      t.add(prefix + band + suffix, std::vector<double>(6, mag));
    if (flagged) t.add("ps1_mags_ok", std::vector<bool>{true, true, true, true, true, false});
    t.add("expnum", std::vector<std::int64_t>(6, 7));
    t.add("ccdname", std::vector<std::string>(6, "S1"));
    t.add("filter", std::vector<std::string>(6, "r"));
    fits::FitsWriter writer;
    writer.add_table(t);
    writer.write(file);
  };
  const auto names = [&](const std::string& catalog) {
    std::vector<std::string> out;
    for (const ColourSample& s : colour_samples_of_photom({file}, "r", catalog, {"r", {"g", "i"}}, 0.02)) {
      EXPECT_NEAR(s.colour, 0.8, 1e-9);
      EXPECT_NEAR(s.difference, -24.5, 1e-9);
      out.push_back(s.name);
    }
    return out;
  };
  // Not the second, saturated, nor the third, masked, nor the fifth, faint.
  write("", "_sdss_mag", false);
  EXPECT_THAT(names("gspc"), testing::ElementsAre("7 S1 row 0", "7 S1 row 3", "7 S1 row 5"));
  EXPECT_THAT(refusal([&] { names("ps1"); }),
              testing::AllOf(HasSubstr("a-photom.fits"), HasSubstr("ps1's band r")));
  write("ps1_", "", true);
  EXPECT_THAT(names("ps1"), testing::ElementsAre("7 S1 row 0", "7 S1 row 3"));
}

TEST(ColourTerms, AndTransmissionsOfFactsThatCannotBeAreToldByTheirPath) {
  const auto problems = [](const std::string& photometry) {
    const ParsedFacts parsed = parse_camera_facts(
        R"({"detector": {"pixel_scale_arcsec": 0.3, "bands": ["r"]}, "pixels": {"unit": "total"}, "photometry": )" +
            photometry + "}",
        {"cam", {}, {}});
    return parsed.problems.empty() ? "" : parsed.problems.front();
  };
  const auto curve = [](const std::string& points) {
    return R"({"bands": {"r": {"transmission": )" + points + "}}}";
  };
  const std::string path = "photometry.bands.r.transmission";
  EXPECT_EQ(problems(curve("[[540, 0], [560, 1], [700, 0]]")), "");
  EXPECT_THAT(problems(curve("[[560, 0], [540, 1], [700, 0]]")),
              testing::AllOf(HasSubstr(path), HasSubstr("increase")));
  EXPECT_THAT(problems(curve("[[5400, 0], [5600, 1]]")), testing::AllOf(HasSubstr(path), HasSubstr("nm")));
  EXPECT_THAT(problems(curve("[[540, -1], [560, 1]]")), testing::AllOf(HasSubstr(path), HasSubstr("-1")));
  EXPECT_THAT(
      problems(R"({"catalogues": {"gaia": {"r": {"base": "G", "colour": ["BP", "RP"], "coefficients": [0],
                           "valid": [2, 1]}}}})"),
      testing::AllOf(HasSubstr("gaia.r.valid"), HasSubstr("increase")));
  // Gaia's are evaluated as a polynomial of BP - RP, and of no other colour.
  const auto of_gaia = [&](const std::string& words) {
    return problems(R"({"catalogues": {"gaia": {"r": {)" + words + R"("coefficients": [0.1, 0.2]}}}})");
  };
  EXPECT_EQ(of_gaia(""), "");
  EXPECT_EQ(of_gaia(R"("base": "RP", "colour": ["BP", "RP"], )"), "");
  EXPECT_THAT(of_gaia(R"("base": "r", "colour": ["BP", "RP"], )"),
              testing::AllOf(HasSubstr("gaia.r.base"), HasSubstr("'r'")));
  EXPECT_THAT(of_gaia(R"("base": "G", "colour": ["G", "RP"], )"),
              testing::AllOf(HasSubstr("gaia.r.colour"), HasSubstr("[G, RP]")));
  const test::TemporaryDirectory directory;
  const fs::path file = directory.path() / "over.json";
  std::ofstream(file) << R"({"photometry": {}, "psf": {}})";
  EXPECT_THAT(refusal([&] { read_facts_over(file); }),
              testing::AllOf(HasSubstr("over.json"), HasSubstr("'psf'")));
  std::ofstream(file) << "photometry";
  EXPECT_THAT(refusal([&] { read_facts_over(file); }), HasSubstr("no JSON object"));
}

TEST(XpBases, OfAnotherFormAreRefused) {
  const test::TemporaryDirectory directory;
  const fs::path file = directory.path() / "basis.fits";
  const auto read = [&](const std::vector<double>& nm, const char* unit, std::int64_t functions,
                        double value) {
    fits::Table t;
    const std::size_t values = nm.size() * static_cast<std::size_t>(functions);
    t.add("wavelength", nm, unit);
    for (const char* name : {"bp_basis", "rp_basis"})
      t.add(name, std::vector<double>(values, value), "", {functions});
    fits::FitsWriter writer;
    writer.add_table(t);
    writer.write(file);
    return refusal([&] { XpBasis::read(file); });
  };
  EXPECT_EQ(read({330, 331, 340}, "nm", 55, 1), "");
  EXPECT_THAT(read({330, 331, 340}, "nm", 54, 1),
              testing::AllOf(HasSubstr("basis.fits"), HasSubstr("54 values")));
  EXPECT_THAT(read({3300, 3310, 3400}, "Angstrom", 55, 1), HasSubstr("Angstrom"));
  EXPECT_THAT(read({330, 330, 340}, "nm", 55, 1), HasSubstr("row 2"));
  EXPECT_THAT(read({330, 331, 340}, "nm", 55, kNan), HasSubstr("no number"));
}

// Stars of Gaia in the chunk of a field, one for each of `rows`; NaN where a column is not given.
struct MadeStar {
  double x, y;  // pixels
  std::map<std::string, double> values;
};
class Catalogs : public testing::Test {
 protected:
  static constexpr double kScale = 1e-4;  // degrees in a pixel
  Wcs wcs_ = Wcs::tangent(150.2, 2.2, 200, 200, {-kScale, 0, 0, kScale}, 401, 401);
  test::TemporaryDirectory directory_;
  CatalogCache cache_;

  int pixel() const { return healpix(150.2, 2.2, 32, HealpixScheme::kRing); }
  CatalogFiles gaia() const { return {directory_.path(), "chunk-{healpix}.fits", HealpixScheme::kRing, 32}; }
  void write(const std::string& name, const fits::Table& table) {
    fits::FitsWriter writer;
    writer.add_table(table);
    writer.write(directory_.path() / name);
  }
  void write_gaia(const std::vector<MadeStar>& stars) {
    fits::Table t;
    std::vector<std::int64_t> ids;
    std::map<std::string, std::vector<double>> columns;
    for (const MadeStar& star : stars) {
      ids.push_back(1000 + static_cast<std::int64_t>(ids.size()));
      const SkyPosition s = wcs_.pixel_to_sky(star.x, star.y);
      columns["ra"].push_back(s.ra);
      columns["dec"].push_back(s.dec);
      for (const refs::GaiaColumn& c : refs::kGaiaColumns) {
        const std::string name = c.name;
        if (name == "source_id" || name == "ra" || name == "dec") continue;
        const auto given = star.values.find(name);
        columns[name].push_back(given != star.values.end() ? given->second : name == "ref_epoch" ? 2016 : 0);
      }
      for (const auto& [name, value] : star.values)
        if (!columns.contains(name) || columns[name].size() < ids.size()) columns[name].push_back(value);
    }
    t.add("source_id", std::move(ids));
    for (auto& [name, values] : columns) t.add(name, std::move(values));
    write(fmt::format("chunk-{:05d}.fits", pixel()), t);
  }
  static CameraFacts facts(const std::string& photometry) {
    const ParsedFacts parsed = parse_camera_facts(
        R"({"detector": {"pixel_scale_arcsec": 0.36, "bands": ["r", "u"]}, "pixels": {"unit": "total"}, "photometry": )" +
            photometry + "}",
        {"cam", {}, {}});
    EXPECT_THAT(parsed.problems, testing::IsEmpty());
    return parsed.facts;
  }
  ReferenceStars read(PhotometricProvider provider, const ReferenceStarOptions& options = {}) {
    if (provider.catalog) {
      if (provider.catalog->of_gaia) provider.catalog->files = gaia();
      provider.catalog->files.directory = directory_.path();
    }
    return read_reference_stars(wcs_, 57388, gaia(), &provider, options, cache_);
  }
};

TEST_F(Catalogs, SdssHasFluxesAndSomeStarsHaveNone) {
  write_gaia({{100, 100, {{"phot_g_mean_mag", 17}}}, {200, 300, {{"phot_g_mean_mag", 18}}}});
  std::vector<double> ra, dec;
  std::vector<float> fluxes;
  // The first is Gaia's first, half an arcsecond away; the second is nobody's; the third has no flux in u.
  for (const auto& [x, y] : {std::pair{101.2, 100.}, {300., 120.}, {50., 50.}}) {
    const SkyPosition s = wcs_.pixel_to_sky(x, y);
    ra.push_back(s.ra);
    dec.push_back(s.dec);
  }
  for (const float f :
       {10.f, 100.f, 200.f, 300.f, 400.f, 5.f, 60.f, 80.f, 90.f, 95.f, -2.f, 60.f, 80.f, 90.f, 95.f})
    fluxes.push_back(f);
  fits::Table t;
  t.add("ra", std::move(ra));
  t.add("dec", std::move(dec));
  t.add("psfflux", std::move(fluxes), "", {5});
  write(fmt::format("sdss-hp{:05d}.fits", pixel()), t);
  const CameraFacts camera = facts(
      R"({"catalogues": {"sdss": {"u": {"base": "u", "colour": ["g", "i"], "coefficients": [0.1, -0.2]}}}})");
  const ReferenceStars stars = read(*photometric_provider(camera, "sdss", "u"));
  EXPECT_EQ(stars.no_photometry, "");
  EXPECT_EQ(stars.photometric, 3);
  EXPECT_EQ(stars.usable, 2);
  ASSERT_EQ(stars.stars.size(), 4u);  // Gaia's second, then SDSS's
  EXPECT_EQ(stars.stars[1].gaia.id, 1000);
  // 22.5 - 2.5 log10 of nanomaggies; g - i = 2.5 log10(300 / 100) and 2.5 log10(90 / 60).
  EXPECT_NEAR(stars.stars[1].mag, 20 + 0.1 - 0.2 * 2.5 * std::log10(3.), 1e-6);
  EXPECT_NEAR(stars.stars[2].mag, 22.5 - 2.5 * std::log10(5.) + 0.1 - 0.2 * 2.5 * std::log10(1.5), 1e-6);
  EXPECT_FALSE(stars.stars[2].astrometric());
  EXPECT_TRUE(std::isnan(stars.stars[3].mag));
}

TEST_F(Catalogs, OfGaiaTakeOnlyStarsForWhichTheTermIsValid) {
  const auto star = [](double x, double g_minus_r, double r_flag) {
    return MadeStar{x,
                    200,
                    {{"phot_g_mean_mag", 17},
                     {"phot_bp_mean_mag", 17 + g_minus_r},
                     {"phot_rp_mean_mag", 17},
                     {"g_sdss_mag", 17 + g_minus_r},
                     {"r_sdss_mag", 17},
                     {"g_sdss_flag", 1},
                     {"r_sdss_flag", r_flag}}};
  };
  write_gaia({star(50, 0.6, 1), star(100, 0.4, 1), star(150, 1.5, 1), star(200, 1.6, 1), star(250, kNan, 1),
              star(300, 1, 0)});
  for (const std::string catalog : {"gspc", "gaia"}) {
    SCOPED_TRACE(catalog);
    const std::string bands =
        catalog == "gspc" ? R"("base": "r", "colour": ["g", "r"])" : R"("base": "G", "colour": ["BP", "RP"])";
    const CameraFacts camera = facts(R"({"catalogues": {")" + catalog + R"(": {"r": {)" + bands +
                                     R"(, "coefficients": [0.5, 0.1], "valid": [0.5, 1.5]}}}})");
    const ReferenceStars stars = read(*photometric_provider(camera, catalog, "r"));
    EXPECT_EQ(stars.no_photometry, "");
    std::map<std::int64_t, const ReferenceStar*> by_id;
    for (const ReferenceStar& s : stars.stars) by_id[s.gaia.id] = &s;
    ASSERT_EQ(by_id.size(), 6u);
    EXPECT_NEAR(by_id[1000]->mag, 17.56, 1e-5);
    std::vector<bool> usable;
    for (const auto& [id, s] : by_id) usable.push_back(s->usable);
    // Magnitudes are in single precision in Gaia's own form; here both ends are within.
    EXPECT_EQ(usable, (std::vector<bool>{true, false, catalog == "gspc" || usable[2], false, false,
                                         catalog == "gaia"}));
  }
}

TEST_F(Catalogs, OfGaiaKeepThePlacesOfTheBrightestInTheirBand) {
  // The fainter a star is in G, the brighter in r.
  std::vector<MadeStar> stars;
  for (int i = 0; i < 6; ++i)
    stars.push_back(
        {50. + 50 * i,
         200,
         {{"phot_g_mean_mag", 15. + i}, {"g_sdss_mag", 20}, {"i_sdss_mag", 20}, {"r_sdss_mag", 20. - i}}});
  write_gaia(stars);
  const CameraFacts camera =
      facts(R"({"catalogues": {"gspc": {"r": {"base": "r", "colour": ["g", "i"], "coefficients": [0]}}}})");
  ReferenceStarOptions two;
  two.most_stars = 2;
  std::map<std::int64_t, ReferenceStar> by_id;
  for (const ReferenceStar& s : read(*photometric_provider(camera, "gspc", "r"), two).stars)
    by_id[s.gaia.id] = s;
  std::vector<std::int64_t> ids;
  for (const auto& [id, s] : by_id) ids.push_back(id);
  EXPECT_THAT(ids, testing::ElementsAre(1000, 1001, 1004, 1005));
  EXPECT_NEAR(by_id[1005].mag, 15, 1e-6);
  EXPECT_TRUE(by_id[1005].astrometric());
}

TEST_F(Catalogs, OfGaiaWithoutTheColumnsSayWhoKeepsThem) {
  write_gaia({{100, 100, {{"phot_g_mean_mag", 17}}}});
  const CameraFacts camera =
      facts(R"({"bands": {"r": {"transmission": [[540, 0], [560, 1], [600, 1], [690, 1], [720, 0]]}},
      "catalogues": {"gspc": {"r": {"base": "r", "colour": ["g", "i"], "coefficients": [0]}}}})");
  EXPECT_THAT(
      read(*photometric_provider(camera, "gspc", "r")).no_photometry,
      testing::AllOf(HasSubstr("g_sdss_mag, r_sdss_mag, i_sdss_mag"), HasSubstr("gaia-chunks --gspc")));
  EXPECT_THAT(read(*photometric_provider(camera, "xp", "r")).no_photometry,
              testing::AllOf(HasSubstr("xp_flux"), HasSubstr("--xp-sampled")));
  EXPECT_FALSE(photometric_provider(camera, "xp", "u"));
  EXPECT_FALSE(photometric_provider(camera, "gaia", "r"));
}

}  // namespace
}  // namespace brickline
