// Exposures of five bands whose zero points are known, some of them under clouds, one of another gain, one whose world
// coordinates are off: what each catalog finds, and whether the errors mean what they say. BRICKLINE_TEST_WHOLE_SKIES=1 in
// the environment: more skies, and each catalog.
#include <gmock/gmock.h>

#include <cstdlib>
#include <map>
#include <set>

#include "tests/zeropoints/simulated_sky.h"

namespace brickline {
namespace {

namespace fs = std::filesystem;
using test::SimulatedSky;
using testing::ContainsRegex;

constexpr double kClouds = -0.8;       // mag
constexpr double kShift = 1.5 / 3600;  // degrees, in Dec

struct Sky {
  fs::path survey, ps1, sdss;
  std::set<std::string> clouded, shifted;  // images
};

// Four exposures of each of five bands.
Sky make_sky(const fs::path& place, const std::string& seed) {
  Sky sky{place / "survey", place / "ps1", place / "sdss", {}, {}};
  std::map<std::string, std::string> options = {{"--seed", seed},          {"--size", "400"},
                                                {"--nexp", "4"},           {"--bands", "grizY"},
                                                {"--density", "3"},        {"--star-density", "30"},
                                                {"--scatter", "0.3"},      {"--sig1", "Y=0.02"},
                                                {"--proper-motion", "15"}, {"--astrometric-offset", "0.1"}};
  options["--gaia-spectra"] = "21";
  SimulatedSky::simulate(sky.survey, options);
  options.erase("--gaia-spectra");
  // The same exposures once more, from which some are taken.
  options["--chip-offset"] = "S4=" + std::to_string(kClouds);
  SimulatedSky::simulate(place / "clouds", options);
  options.erase("--chip-offset");
  options["--gain"] = "2";
  SimulatedSky::simulate(place / "gain", options);
  const std::vector<std::string> images = SimulatedSky::images(sky.survey);
  EXPECT_EQ(images.size(), 20U);
  // An exposure's files: pixels and calibrations.
  const auto take = [&](const std::string& image, const char* from) {
    std::string exposure = fs::path(image).filename();
    exposure.erase(exposure.find("_ooi_"));
    for (const char* part : {"images", "calib"})
      for (const auto& entry : fs::recursive_directory_iterator(place / from / part))
        if (entry.is_regular_file() && entry.path().filename().string().starts_with(exposure))
          fs::copy_file(entry.path(), sky.survey / fs::relative(entry.path(), place / from),
                        fs::copy_options::overwrite_existing);
  };
  for (const std::size_t i : {1, 6, 13}) {
    take(images[i], "clouds");
    sky.clouded.insert(images[i]);
  }
  take(images[8], "gain");
  sky.shifted.insert(images[10]);
  SimulatedSky::change_header(sky.survey / "images" / images[10],
                              [](fits::Header& h) { h.set("CRVAL2", h.require_number("CRVAL2") - kShift); });
  SimulatedSky::write_ps1(sky.survey, sky.ps1, 0);
  SimulatedSky::write_sdss(sky.survey, sky.sdss);
  return sky;
}

class Pulls {
 public:
  void add(double difference, double error) { values_.push_back(difference / error); }
  double width() const {
    double sum = 0;
    for (const double v : values_) sum += v * v;
    return std::sqrt(sum / static_cast<double>(values_.size()));
  }
  std::size_t size() const { return values_.size(); }

 private:
  std::vector<double> values_;
};

struct Found {
  Pulls zero_points, offsets;
};

// One way to the magnitudes.
struct Way {
  std::string name, catalog;
  std::string bands;         // that it knows
  std::string why_not = "";  // of the others
  std::vector<std::string> options = {"--exact-shift"};
  enum Terms { kOfTheCamera, kOfCurves } terms = kOfTheCamera;
};
constexpr const char* kNoTerm = "no colour term from catalogue .* to band";
const std::vector<Way> kWays = {
    {"ps1, as runs move PSFs", "ps1", "grizY", "", {}},
    {"ps1", "ps1", "grizY"},
    {"sdss", "sdss", "griz", kNoTerm},
    {"gaia", "gaia", "griz", kNoTerm},
    // Y reaches beyond the sampled spectra, not beyond the continuous ones.
    {"gaia, terms of curves", "gaia", "grizY", "", {"--exact-shift"}, Way::kOfCurves},
    {"gspc", "gspc", "grizY", "", {"--exact-shift"}, Way::kOfCurves},
    {"xp sampled", "xp", "griz", "outside of the spectra", {"--exact-shift"}, Way::kOfCurves},
    {"xp continuous", "xp", "grizY", "", {"--exact-shift", "--xp-basis"}, Way::kOfCurves}};

// Terms of the bands' curves and of the spectra of a field that is rich in stars, by colour-terms, and the curves
// themselves: options of make-ccds.
std::vector<std::string> facts_of_curves(const Sky& sky, const fs::path& field, const std::string& catalog) {
  std::vector<std::string> words;
  for (const std::string band : {"g", "r", "i", "z", "Y"}) {
    const std::string out = (field / (catalog + "-" + band)).string();
    if (!fs::exists(out + ".json")) {
      std::vector<std::string> fit = {"--band",     band,
                                      "--curve",    (sky.survey / "curves" / (band + ".txt")).string(),
                                      "--unit",     "nm",
                                      "--gaia",     (field / "gaia").string(),
                                      "--xp-basis", (sky.survey / "xp-basis.fits").string(),
                                      "--g-range",  "13,21",
                                      "--out",      out};
      if (catalog == "gspc") fit.insert(fit.end(), {"--catalog", "gspc", "--base", band, "--colour", "g,i"});
      const test::ProgramResult made = test::run_program(test::program("colour-terms"), fit);
      EXPECT_EQ(made.exit_code, 0) << made.err;
    }
    words.insert(words.end(), {"--facts", out + ".json"});
  }
  return words;
}

void measure_and_compare(const Sky& sky, const fs::path& field, const Way& way, Found& found) {
  const std::string name = "way" + std::to_string(&way - kWays.data());
  std::vector<std::string> words = {"--photometry", way.catalog,       "--ps1-dir", sky.ps1.string(),
                                    "--sdss-dir",   sky.sdss.string(), "--name",    name};
  for (const std::string& option : way.options) {
    words.push_back(option);
    if (option == "--xp-basis") words.push_back((sky.survey / "xp-basis.fits").string());
  }
  if (way.terms == Way::kOfCurves)
    for (const std::string& word : facts_of_curves(sky, field, way.catalog == "gspc" ? "gspc" : "gaia"))
      words.push_back(word);
  SimulatedSky::measure(sky.survey, way.bands.size() == 5 ? 0 : 6, words, sky.survey / "gaia");
  const fits::Table made = SimulatedSky::ccds(sky.survey, name),
                    truth = fits::FitsReader(sky.survey / "survey-ccds-sim.fits.gz").table(1);
  ASSERT_EQ(made.rows(), 20);
  for (std::int64_t i = 0; i < made.rows(); ++i) {
    const std::string image = made.text("image_filename", i), band = made.text("filter", i);
    SCOPED_TRACE(way.name + " " + image);
    if (way.bands.find(band) == std::string::npos) {
      EXPECT_THAT(made.text("err_message", i), ContainsRegex(way.why_not));
      continue;
    }
    std::int64_t j = 0;
    while (truth.integer("expnum", j) != made.integer("expnum", i)) ++j;
    const double zero_point = truth.number("ccdzpt", j) + (sky.clouded.contains(image) ? kClouds : 0);
    const double difference = made.number("ccdzpt", i) - zero_point;
    const double error = made.number("ccdzpt_error", i);
    // Under clouds Gaia's few stars are faint: errors of 2 to 5 mmag.
    const bool few = way.terms == Way::kOfCurves && sky.clouded.contains(image);
    EXPECT_NEAR(difference, 0, few ? std::max(0.005, 3 * error) : 0.005);
    found.zero_points.add(difference, error);
    const double shift = sky.shifted.contains(image) ? kShift * 3600 : 0;
    const double ra = made.number("ccdraoff", i) - truth.number("ccdraoff", j),
                 dec = made.number("ccddecoff", i) - truth.number("ccddecoff", j) - shift;
    EXPECT_NEAR(ra, 0, 0.005);
    EXPECT_NEAR(dec, 0, 0.005);
    found.offsets.add(ra, made.number("ccdraoff_error", i));
    found.offsets.add(dec, made.number("ccddecoff_error", i));
    const double transparency = made.number("transparency", i);
    if (sky.clouded.contains(image))
      EXPECT_LT(transparency, 0.65);
    else
      EXPECT_GT(transparency, 0.8);
  }
}

// What the cuts and the relative solution say of the clouded and of the shifted.
void expect_found(const Sky& sky, const fs::path& scratch) {
  const fs::path table = sky.survey / "survey-ccds-way0.fits.gz", cut = scratch / "cut.fits",
                 solved = scratch / "solved.fits";
  const test::ProgramResult cutting = test::run_program(
      test::program("make-ccds"),
      {"cut", table.string(), "--out", cut.string(), "--plugin-dir", test::built_plugins().string()});
  ASSERT_EQ(cutting.exit_code, 0) << cutting.err;
  const test::ProgramResult solving = test::run_program(
      test::program("make-ccds"), {"solve", table.string(), solved.string(), (sky.survey / "zpt").string()});
  ASSERT_EQ(solving.exit_code, 0) << solving.err;
  const fits::Table after_cut = fits::FitsReader(cut).table(1), after = fits::FitsReader(solved).table(1);
  constexpr std::int64_t kZptSmall = 0x40, kRadecRms = 0x800;
  for (std::int64_t i = 0; i < after.rows(); ++i) {
    const std::string image = after.text("image_filename", i);
    SCOPED_TRACE(image);
    const std::int64_t bits = after_cut.integer("ccd_cuts", i);
    EXPECT_EQ((bits & kZptSmall) != 0, sky.clouded.contains(image));
    EXPECT_EQ((bits & kRadecRms) != 0, sky.shifted.contains(image));
    // Others are under what airmass makes expect, which the simulation does not know of.
    if (sky.clouded.contains(image)) {
      EXPECT_EQ(after.text("nonphotometric", i), "offset");
    }
  }
}

TEST(TrueZeroPoints, AreFoundWithErrorsThatMeanWhatTheySayAndCloudsAndShiftsToo) {
  test::TemporaryDirectory scratch;
  const bool whole = std::getenv("BRICKLINE_TEST_WHOLE_SKIES") != nullptr;
  std::vector<Sky> skies;
  for (const char* seed : {"21", "22", "23", "24", "25"}) {
    skies.push_back(make_sky(scratch / seed, seed));
    if (!whole) break;
  }
  const fs::path field = scratch / "field";
  SimulatedSky::simulate(field, {{"--size", "300"},
                                 {"--nexp", "1"},
                                 {"--bands", "r"},
                                 {"--density", "0"},
                                 {"--star-density", "250"},
                                 {"--gaia-spectra", "21"}});
  std::map<std::string, Found> found;
  for (const Sky& sky : skies)
    for (const Way& way : kWays) {
      const bool first = &way == kWays.data();
      // By two ways always: as surveys go by default, and with nothing but Gaia's spectra and the bands' curves.
      if (!whole && !first && &way != &kWays.back()) continue;
      measure_and_compare(sky, field, way, found[way.name]);
      if (first) expect_found(sky, sky.survey);
    }
  for (const auto& [name, one] : found) {
    SCOPED_TRACE(name);
    RecordProperty(name + " zero points", std::to_string(one.zero_points.width()));
    RecordProperty(name + " offsets", std::to_string(one.offsets.width()));
    if (whole)
      printf("%s: %zu zero points, pull width %.2f; offsets %.2f\n", name.c_str(), one.zero_points.size(),
             one.zero_points.width(), one.offsets.width());
    // One sky is few values: the width is known to its own error only.
    const auto mean_what_they_say = [&](const Pulls& pulls) {
      const double chance = whole ? 0 : 1 / std::sqrt(2. * static_cast<double>(pulls.size()));
      EXPECT_GT(pulls.width(), 0.8 - chance);
      EXPECT_LT(pulls.width(), 1.2 + chance);
    };
    mean_what_they_say(one.offsets);
    // The camera's own terms from Gaia do not tell by how much they are off: by 2 mmag on these stars, alike in all exposures.
    if (name != "gaia") mean_what_they_say(one.zero_points);
  }
}

}  // namespace
}  // namespace brickline
