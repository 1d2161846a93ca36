// make-ccds solve on a sky whose zero points are known: what it changes in the table, what it tells, what it refuses.
#include <gmock/gmock.h>

#include <cmath>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>
#include <random>

#include "tests/zeropoints/simulated_sky.h"

namespace brickline {
namespace {

namespace fs = std::filesystem;
using test::ProgramResult;
using test::SimulatedSky;
using testing::AllOf;
using testing::HasSubstr;

ProgramResult solve(const fs::path& table, const fs::path& out, const std::vector<fs::path>& stars,
                    const std::vector<std::string>& more = {}) {
  std::vector<std::string> words = {"solve", table.string(), out.string()};
  for (const fs::path& s : stars) words.push_back(s.string());
  words.insert(words.end(), more.begin(), more.end());
  return test::run_program(test::program("make-ccds"), words);
}
void write(const fits::Table& table, const fs::path& file) {
  fits::FitsWriter writer;
  writer.add_table(table);
  writer.write(file);
}

using Solve = SimulatedSky;

TEST_F(Solve, PutsZeroPointsOfCommonStarsIntoTheTableAndRefusesWhatDoesNotBelongToIt) {
  test::TemporaryDirectory scratch;
  const fs::path stars = scratch / "zpt", out = scratch / "solved.fits";
  measure(survey(), 0, {"--photometry", "gaia", "--name", "before", "--outdir", stars.string()});
  const fs::path table = survey() / "survey-ccds-before.fits.gz";
  const ProgramResult first = solve(table, out, {stars});
  ASSERT_EQ(first.exit_code, 0) << first.err;
  EXPECT_THAT(first.out,
              AllOf(HasSubstr("4 of 4 CCDs solved, 0 exposures of 4 not photometric"), HasSubstr("2 parts")));
  const fits::Table before = ccds(survey(), "before"), truth = SimulatedSky::truth(),
                    after = fits::FitsReader(out).table(1);
  ASSERT_EQ(after.rows(), 4);
  for (std::int64_t i = 0; i < 4; ++i) {
    std::int64_t j = 0;
    while (truth.integer("expnum", j) != after.integer("expnum", i)) ++j;
    EXPECT_EQ(after.text("zpt_solve", i), "solved");
    EXPECT_EQ(after.text("nonphotometric", i), "");
    EXPECT_NEAR(after.number("ccdzpt", i), truth.number("ccdzpt", j), 0.005);
    EXPECT_EQ(after.number("ccdzpt_provider", i), before.number("ccdzpt", i));
    const double difference = after.number("ccdzpt_difference", i);
    EXPECT_NE(difference, 0);
    EXPECT_NEAR(after.number("ccdzpt", i) - before.number("ccdzpt", i), difference, 1e-5);
    EXPECT_NEAR(after.number("sig1", i) / before.number("sig1", i), std::pow(10, -0.4 * difference), 1e-6);
    EXPECT_NEAR(after.number("transparency", i) / before.number("transparency", i),
                std::pow(10, 0.4 * difference), 1e-6);
    EXPECT_GT(after.integer("zpt_common_stars", i), 20);
    EXPECT_LT(after.number("ccdzpt_error", i), 0.01);
  }

  // What a colour term is off by for all stars alike ties no exposure to another: it comes back to the errors at the end.
  fits::Table with_term = before;
  constexpr double kTerm = 0.003;
  std::vector<float> errors;
  for (std::int64_t i = 0; i < before.rows(); ++i)
    errors.push_back(static_cast<float>(std::hypot(before.number("ccdzpt_error", i), kTerm)));
  with_term.add("ccdzpt_error", std::move(errors), "mag");
  with_term.add("ccdzpt_term_error", std::vector<float>(static_cast<std::size_t>(before.rows()), kTerm),
                "mag");
  write(with_term, scratch / "with-term.fits");
  const fs::path with_term_solved = scratch / "with-term-solved.fits";
  ASSERT_EQ(solve(scratch / "with-term.fits", with_term_solved, {stars}).exit_code, 0);
  const fits::Table of_term = fits::FitsReader(with_term_solved).table(1);
  for (std::int64_t i = 0; i < 4; ++i) {
    EXPECT_NEAR(of_term.number("ccdzpt", i), after.number("ccdzpt", i), 1e-6);
    EXPECT_NEAR(of_term.number("ccdzpt_error", i), std::hypot(after.number("ccdzpt_error", i), kTerm), 1e-6);
  }

  // Other commands keep what it wrote, or say that they do not.
  const auto make_ccds = [&](std::vector<std::string> words) {
    const ProgramResult result = test::run_program(test::program("make-ccds"), words);
    EXPECT_EQ(result.exit_code, 0) << result.err;
    return result.err;
  };
  const fs::path cut = scratch / "cut.fits", merged = scratch / "merged.fits",
                 tree = scratch / "tree.kd.fits";
  make_ccds({"cut", out.string(), "--out", cut.string(), "--plugin-dir", test::built_plugins().string()});
  for (const char* name : {"EXPOSURES", "NIGHTS"}) {
    fits::FitsReader of_cut(cut), of_solved(out);
    const fits::Table kept = of_cut.table(of_cut.find_hdu(name).value()),
                      made = of_solved.table(of_solved.find_hdu(name).value());
    EXPECT_EQ(kept.rows(), made.rows());
    EXPECT_THAT(
        kept.numbers("zpt_provider_common_error"),
        testing::Pointwise(testing::NanSensitiveDoubleEq(), made.numbers("zpt_provider_common_error")));
  }
  EXPECT_TRUE(fits::FitsReader(cut).header(1).has("ZSPARTS"));
  EXPECT_THAT(make_ccds({"merge", merged.string(), out.string()}),
              AllOf(HasSubstr("solved.fits"), HasSubstr("EXPOSURES, NIGHTS"), HasSubstr("ZS*")));
  EXPECT_THAT(make_ccds({"tree", out.string(), tree.string(), "--no-cut"}), HasSubstr("EXPOSURES, NIGHTS"));
  EXPECT_EQ(make_ccds({"cut", tree.string(), "--out", (scratch / "cut2.fits").string(), "--plugin-dir",
                       test::built_plugins().string()}),
            "");
  EXPECT_EQ(fits::FitsReader(scratch / "cut2.fits").hdu_count(), 2) << "the tree is of another table";

  EXPECT_EQ(solve(table, out, {stars}).exit_code, 3) << "it is there already";
  const ProgramResult again = solve(out, scratch / "again.fits", {stars});
  EXPECT_EQ(again.exit_code, 3);
  EXPECT_THAT(again.err, AllOf(HasSubstr("solved.fits"), HasSubstr("solved already")));

  // Of one image alone, and of another measurement.
  std::vector<fs::path> files;
  for (const auto& entry : fs::recursive_directory_iterator(stars))
    if (entry.path().string().ends_with("-photom.fits")) files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  ASSERT_EQ(files.size(), 4);
  const ProgramResult one = solve(table, scratch / "one.fits", {files[0]});
  EXPECT_EQ(one.exit_code, 6) << one.err;
  const fits::Table of_one = fits::FitsReader(scratch / "one.fits").table(1);
  std::map<std::string, int> became;
  for (std::int64_t i = 0; i < 4; ++i) {
    ++became[of_one.text("zpt_solve", i)];
    EXPECT_EQ(of_one.number("ccdzpt", i), before.number("ccdzpt", i));
  }
  EXPECT_EQ(became, (std::map<std::string, int>{{"no common stars", 1}, {"no star table", 3}}));
  const ProgramResult twice = solve(table, scratch / "twice.fits", {stars, files[0]});
  EXPECT_EQ(twice.exit_code, 3);
  EXPECT_THAT(twice.err, HasSubstr("in another star table"));
  fits::Table moved = before;
  std::vector<double> points = before.numbers("ccdzpt");
  points[2] += 0.02;
  moved.add("ccdzpt", std::move(points), "mag");
  write(moved, scratch / "moved.fits");
  const ProgramResult other = solve(scratch / "moved.fits", scratch / "x.fits", {stars});
  EXPECT_EQ(other.exit_code, 3);
  EXPECT_THAT(other.err, AllOf(HasSubstr("-photom.fits"), HasSubstr("not of one measurement")));
  EXPECT_FALSE(fs::exists(scratch / "x.fits"));
}

TEST(SolveByPosition, MatchesStarsAcrossTheZeroOfRightAscension) {
  // Two exposures of one CCD, 25 stars without identifiers around RA 0, measured a bit apart; one is under clouds that
  // nothing else tells of.
  test::TemporaryDirectory scratch;
  fits::Table table;
  const std::vector<double> zero_points = {25, 24.6, 24.91, 25.02};
  const std::size_t n = zero_points.size();
  std::vector<std::string> images;
  std::vector<std::int64_t> number;
  for (std::size_t i = 0; i < n; ++i) {
    images.push_back("cam/image" + std::to_string(i) + ".fits");
    number.push_back(100 + static_cast<std::int64_t>(i));
  }
  table.add("image_filename", images);
  table.add("camera", std::vector<std::string>(n, "cam"));
  table.add("expnum", number);
  table.add("ccdname", std::vector<std::string>(n, "A"));
  table.add("filter", std::vector<std::string>(n, "r"));
  table.add("mjd_obs", std::vector<double>(n, 57000.2), "d");
  table.add("ccdzpt", zero_points, "mag");
  table.add("ccdzpt_error", std::vector<float>(n, 0.01F), "mag");
  // The third is seen through twice as much air.
  table.add("airmass", std::vector<float>{1, 1, 2, 1});
  // As of a camera whose usual zero point nobody knows.
  table.add("transparency", std::vector<float>(n, std::numeric_limits<float>::quiet_NaN()));
  write(table, scratch / "table.fits");
  for (std::size_t i = 0; i < n; ++i) {
    const std::size_t stars = 25;
    fits::Table t;
    std::vector<double> ra, dec;
    std::vector<float> mag, with;
    for (std::size_t k = 0; k < stars; ++k) {
      ra.push_back(
          std::fmod(359.999 + 0.0001 * static_cast<double>(k) + 0.00002 * static_cast<double>(i), 360));
      dec.push_back(60 + 0.001 * static_cast<double>(k));
      // The provider's zero point is 0.004 off on the last.
      mag.push_back(
          static_cast<float>(17 + 0.1 * static_cast<double>(k) - zero_points[i] + (i == 3 ? 0.004 : 0)));
      with.push_back(0);
    }
    t.add("ccdname", std::vector<std::string>(stars, "A"));
    t.add("filter", std::vector<std::string>(stars, "r"));
    t.add("expnum", std::vector<std::int64_t>(stars, number[i]));
    t.add("instpsfmag", std::move(mag), "mag");
    t.add("dpsfmag", std::vector<float>(stars, 0.002F), "mag");
    t.add("psfmag", std::move(with), "mag");
    t.add("bitmask", std::vector<std::int32_t>(stars));
    t.add("fracmasked", std::vector<float>(stars));
    t.add("gaia_sourceid", std::vector<std::int64_t>(stars));
    t.add("ra", std::move(ra), "deg");
    t.add("dec", std::move(dec), "deg");
    fits::Header header;
    header.set("FILENAME", images[i]);
    fits::FitsWriter writer;
    writer.add_table(t, "", header);
    writer.write(scratch / ("image" + std::to_string(i) + "-photom.fits"));
  }
  const ProgramResult without = solve(scratch / "table.fits", scratch / "none.fits", {scratch.path()});
  EXPECT_EQ(without.exit_code, 0) << without.err;
  EXPECT_THAT(without.out, HasSubstr("0 of 4 CCDs solved"));
  const ProgramResult result =
      solve(scratch / "table.fits", scratch / "out.fits", {scratch.path()}, {"--all-stars"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out,
              AllOf(HasSubstr("image1.fits: r not photometric (offset)"), HasSubstr("4 of 4 CCDs solved"),
                    HasSubstr("1 exposures of 4 not photometric")));
  const fits::Table out = fits::FitsReader(scratch / "out.fits").table(1);
  EXPECT_EQ(out.text("nonphotometric", 1), "offset");
  EXPECT_EQ(out.integer("zpt_common_stars", 0), 25);
  // The mean of the provider's differences is kept; the errors of 10 mmag pull by a hundredth of what stars of 2 mmag say.
  EXPECT_NEAR(out.number("ccdzpt", 3) - out.number("ccdzpt", 0), 0.016, 1e-4);
  EXPECT_NEAR(out.number("ccdzpt_difference", 3), -0.003, 1e-4);
}

// Six exposures of one CCD of 200 x 100 pixels, moved between them, whose left half reads 0.02 mag too much and whose right
// half as much too little.
struct TwoAmplifiers {
  static constexpr int kExposures = 6;
  std::vector<double> truth;
  fits::Table ccds;
  TwoAmplifiers(const fs::path& directory, const std::string& camera) {
    constexpr double kMoved[kExposures] = {0, 37, 80, 113, 150, 61};
    std::mt19937 random(2);
    std::normal_distribution<double> normal;
    std::vector<std::string> images;
    std::vector<std::int64_t> number;
    std::vector<double> provider, mjd;
    for (int e = 0; e < kExposures; ++e) {
      images.push_back("cam/image" + std::to_string(e) + ".fits");
      number.push_back(100 + e);
      mjd.push_back(57000.2 + e / 3);
      truth.push_back(25 + 0.01 * e);
      std::vector<float> x, mag;
      std::vector<std::int64_t> id;
      double offsets = 0;
      for (int star = 0; star < 700; ++star) {
        const double place = star * 0.57 - kMoved[e];
        if (place < 0 || place >= 199) continue;
        const double amplifier = place < 99.5 ? 0.02 : -0.02;
        x.push_back(static_cast<float>(place));
        id.push_back(1000 + star);
        mag.push_back(
            static_cast<float>(17 + 0.1 * (star % 20) - truth.back() - amplifier + 0.003 * normal(random)));
        offsets += amplifier;
      }
      const std::size_t n = x.size();
      provider.push_back(truth.back() + offsets / static_cast<double>(n) + (e % 2 ? 0.002 : -0.002));
      fits::Table t;
      t.add("ccdname", std::vector<std::string>(n, "A"));
      t.add("filter", std::vector<std::string>(n, "r"));
      t.add("expnum", std::vector<std::int64_t>(n, number.back()));
      t.add("x_fit", std::move(x), "pixel");
      t.add("y_fit", std::vector<float>(n, 50), "pixel");
      t.add("used_for_photzpt", std::vector<bool>(n, true));
      t.add("instpsfmag", std::move(mag), "mag");
      t.add("dpsfmag", std::vector<float>(n, 0.003F), "mag");
      t.add("psfmag", std::vector<float>(n), "mag");
      t.add("bitmask", std::vector<std::int32_t>(n));
      t.add("fracmasked", std::vector<float>(n));
      t.add("gaia_sourceid", std::move(id));
      t.add("ra", std::vector<double>(n), "deg");
      t.add("dec", std::vector<double>(n), "deg");
      fits::Header header;
      header.set("FILENAME", images.back());
      fits::FitsWriter writer;
      writer.add_table(t, "", header);
      writer.write(directory / ("image" + std::to_string(e) + "-photom.fits"));
    }
    constexpr std::size_t n = kExposures;
    ccds.add("image_filename", std::move(images));
    ccds.add("camera", std::vector<std::string>(n, camera));
    ccds.add("expnum", std::move(number));
    ccds.add("ccdname", std::vector<std::string>(n, "A"));
    ccds.add("filter", std::vector<std::string>(n, "r"));
    ccds.add("width", std::vector<std::int16_t>(n, 200));
    ccds.add("height", std::vector<std::int16_t>(n, 100));
    ccds.add("mjd_obs", std::move(mjd), "d");
    ccds.add("ccdzpt", std::move(provider), "mag");
    ccds.add("ccdzpt_error", std::vector<float>(n, 0.002F), "mag");
    write(ccds, directory / "table.fits");
  }
};

TEST(SolveForAmplifiers, FindsTheirGainsWhereFactsSayWhereTheyAreAndWritesFactsThatMendThem) {
  test::TemporaryDirectory scratch;
  const TwoAmplifiers sky(scratch.path(), "two");
  std::ofstream(scratch / "two.camera.json")
      << R"({"plugin": {"plugin": "two", "version": "1.0.0", "license": "BSD-3-Clause",
                        "cameras": [{"name": "two", "claims": [{"INSTRUME": "^nobody$"}]}]},
             "extends": "decam",
             "amplifiers": {"table": [{"box": [0, 100, 0, 100], "dzp_mag": 0},
                                      {"box": [100, 200, 0, 100], "dzp_mag": 0.001}]}})";
  const fs::path table = scratch / "table.fits", out = scratch / "out.fits", facts = scratch / "mended.json";
  const std::vector<std::string> plugins = {"--plugin-dir", scratch.path().string(), "--plugin-dir",
                                            test::built_plugins().string()};
  const auto with = [&](std::vector<std::string> words) {
    words.insert(words.end(), plugins.begin(), plugins.end());
    return words;
  };
  const ProgramResult result =
      solve(table, out, {scratch.path()}, with({"--amplifiers", "all", "--amplifiers-out", facts.string()}));
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out, AllOf(HasSubstr("amplifier two r A [0, 100, 0, 100]: zero point +0.0"),
                                HasSubstr("amplifier two r A [100, 200, 0, 100]: zero point -0.0"),
                                HasSubstr("2 amplifiers of 6 CCDs, 2 with common stars, 2 differ")));
  fits::FitsReader file(out);
  const fits::Table solved = file.table(1), found = file.table(*file.find_hdu("AMPLIFIERS")),
                    exposures = file.table(*file.find_hdu("EXPOSURES"));
  ASSERT_EQ(found.rows(), 2);
  for (std::int64_t i = 0; i < 2; ++i) {
    EXPECT_EQ(found.text("ccdname", i), "A");
    EXPECT_EQ(found.integer("box", i, 1), i == 0 ? 100 : 200);
    EXPECT_NEAR(found.number("zpt_difference", i), i == 0 ? 0.02 : -0.02,
                3 * found.number("zpt_difference_error", i));
    EXPECT_LT(found.number("zpt_difference_error", i), 0.001);
    EXPECT_GT(found.integer("common_stars", i), 500);
  }
  for (std::int64_t i = 0; i < solved.rows(); ++i)
    EXPECT_NEAR(solved.number("ccdzpt", i), sky.truth[static_cast<std::size_t>(i)], 0.002);
  const fits::Table two_nights = file.table(*file.find_hdu("NIGHTS"));
  ASSERT_EQ(two_nights.rows(), 2);
  EXPECT_TRUE(std::isnan(two_nights.number("zpt_provider_common", 0)));
  EXPECT_TRUE(std::isnan(two_nights.number("zpt_provider_common_error", 1)));
  ASSERT_EQ(exposures.rows(), 6);
  EXPECT_EQ(exposures.text("image_filename", 5), "cam/image5.fits");
  EXPECT_EQ(exposures.integer("ccds", 5), 1);
  EXPECT_GT(exposures.number("zpt_provider_common_error", 5), 0);
  nlohmann::json mended;
  std::ifstream(facts) >> mended;
  const nlohmann::json& rows = mended.at("amplifiers").at("table+");
  ASSERT_EQ(rows.size(), 2);
  EXPECT_NEAR(rows[0].at("dzp_mag").get<double>(), -0.02, 0.002);
  EXPECT_NEAR(rows[1].at("dzp_mag").get<double>(), 0.02, 0.002);
  EXPECT_EQ(rows[0].at("when"), (nlohmann::json{{"ccd", "A"}, {"band", "r"}}));

  // An image of its own with a few calibrators in the left half, which have no identifier, is brought to the whole CCD.
  fits::Table more = sky.ccds;
  test::TemporaryDirectory fewer;
  for (int e = 0; e < sky.kExposures; ++e) {
    const std::string name = "image" + std::to_string(e) + "-photom.fits";
    fits::FitsReader from(scratch / name);
    fits::Table t = from.table(1);
    const auto n = static_cast<std::size_t>(t.rows());
    if (e + 1 == sky.kExposures) {
      t.add("gaia_sourceid", std::vector<std::int64_t>(n));
      t.add("x_fit", std::vector<float>(n, 20), "pixel");
    }
    fits::Header header;
    header.set("FILENAME", *from.header(1).text("FILENAME"));
    fits::FitsWriter writer;
    writer.add_table(t, "", header);
    writer.write(fewer / name);
  }
  more.add("sig1", std::vector<float>(6, 1.F));
  write(more, fewer / "table.fits");
  const ProgramResult brought =
      solve(fewer / "table.fits", fewer / "out.fits", {fewer.path()}, with({"--amplifiers", "all"}));
  ASSERT_EQ(brought.exit_code, 0) << brought.err;
  fits::FitsReader brought_file(fewer / "out.fits");
  const fits::Table of_brought = brought_file.table(1),
                    its_amplifiers = brought_file.table(*brought_file.find_hdu("AMPLIFIERS"));
  const std::int64_t row = sky.kExposures - 1;
  EXPECT_EQ(of_brought.text("zpt_solve", row), "amplifiers only");
  EXPECT_NEAR(of_brought.number("ccdzpt_difference", row), -its_amplifiers.number("zpt_difference", 0), 1e-6);
  EXPECT_NEAR(of_brought.number("sig1", row), std::pow(10, 0.4 * its_amplifiers.number("zpt_difference", 0)),
              1e-6);

  // By nights there are twice as many.
  const ProgramResult nights =
      solve(table, scratch / "nights.fits", {scratch.path()}, with({"--amplifiers", "night"}));
  ASSERT_EQ(nights.exit_code, 0) << nights.err;
  EXPECT_THAT(nights.out, AllOf(HasSubstr("4 amplifiers of 6 CCDs"),
                                HasSubstr("[0, 100, 0, 100], MJD 56999.75 to 57000.75")));
  // Whoever does not ask has what there was, whose stars scatter.
  const ProgramResult blind = solve(table, scratch / "blind.fits", {scratch.path()});
  ASSERT_EQ(blind.exit_code, 0) << blind.err;
  EXPECT_FALSE(fits::FitsReader(scratch / "blind.fits").find_hdu("AMPLIFIERS"));
  EXPECT_GT(fits::FitsReader(scratch / "blind.fits").header(1).require_number("ZSSCALE"), 2);

  // Every other exposure by a catalog whose colour term is 0.03 mag off, and said to be so: the others set the level.
  fits::Table mixed = sky.ccds;
  std::vector<std::string> sources;
  std::vector<float> errors, terms;
  std::vector<double> points = sky.ccds.numbers("ccdzpt");
  for (std::size_t i = 0; i < points.size(); ++i) {
    const bool odd = i % 2 == 1;
    sources.push_back(odd ? "stars:gaia" : "stars:ps1");
    terms.push_back(odd ? 0.03F : 0);
    errors.push_back(static_cast<float>(std::hypot(0.002, terms.back())));
    if (odd) points[i] += 0.03;
  }
  mixed.add("zpt_source", std::move(sources));
  mixed.add("ccdzpt", std::move(points), "mag");
  mixed.add("ccdzpt_error", std::move(errors), "mag");
  mixed.add("ccdzpt_term_error", std::move(terms), "mag");
  write(mixed, scratch / "mixed.fits");
  const ProgramResult two =
      solve(scratch / "mixed.fits", scratch / "two.fits", {scratch.path()}, with({"--amplifiers", "all"}));
  ASSERT_EQ(two.exit_code, 0) << two.err;
  EXPECT_THAT(two.out, HasSubstr("two r stars:gaia: zero points by it and its colour term are off by +0.0"));
  const fits::Table of_two = fits::FitsReader(scratch / "two.fits").table(1);
  for (std::int64_t i = 0; i < of_two.rows(); ++i) {
    EXPECT_NEAR(of_two.number("ccdzpt", i), sky.truth[static_cast<std::size_t>(i)], 0.004) << i;
    EXPECT_LT(of_two.number("ccdzpt_error", i), 0.006) << i;
  }

  const ProgramResult useless =
      solve(table, scratch / "x.fits", {scratch.path()}, {"--amplifiers-out", "x.json"});
  EXPECT_EQ(useless.exit_code, 2);
  EXPECT_THAT(useless.err, AllOf(HasSubstr("--amplifiers-out"), HasSubstr("--amplifiers")));
  std::ofstream(scratch / "none.json") << R"({"amplifiers": {"table": []}})";
  const ProgramResult none =
      solve(table, scratch / "x.fits", {scratch.path()},
            with({"--amplifiers", "all", "--amplifier-facts", (scratch / "none.json").string()}));
  EXPECT_EQ(none.exit_code, 3);
  EXPECT_THAT(none.err, AllOf(HasSubstr("table.fits"), HasSubstr("--amplifier-facts")));
  std::ofstream(scratch / "both.json")
      << R"({"amplifiers": {"table": [{"box": [0, 120, 0, 100], "dzp_mag": 0}, {"box": [100, 200, 0, 100], "dzp_mag": 0}]}})";
  const ProgramResult both =
      solve(table, scratch / "x.fits", {scratch.path()},
            with({"--amplifiers", "all", "--amplifier-facts", (scratch / "both.json").string()}));
  EXPECT_EQ(both.exit_code, 3);
  EXPECT_THAT(both.err, AllOf(HasSubstr("CCD A"), HasSubstr("overlap")));
  EXPECT_FALSE(fs::exists(scratch / "x.fits"));

  // Nobody uses the right half, so that it does not count.
  std::ofstream(scratch / "two.camera.json")
      << R"({"plugin": {"plugin": "two", "version": "1.0.0", "license": "BSD-3-Clause",
                        "cameras": [{"name": "two", "claims": [{"INSTRUME": "^nobody$"}]}]},
             "extends": "decam", "good_region": [{"x1": 100}],
             "amplifiers": {"table": [{"box": [0, 100, 0, 100], "dzp_mag": 0},
                                      {"box": [100, 200, 0, 100], "dzp_mag": 0.001}]}})";
  const ProgramResult half =
      solve(table, scratch / "half.fits", {scratch.path()}, with({"--amplifiers", "all"}));
  ASSERT_EQ(half.exit_code, 0) << half.err;
  fits::FitsReader half_file(scratch / "half.fits");
  const fits::Table halves = half_file.table(*half_file.find_hdu("AMPLIFIERS"));
  EXPECT_NEAR(halves.number("zpt_difference", 0), 0, 1e-5);
  EXPECT_NEAR(halves.number("zpt_difference", 1), -0.04, 0.003);
}

TEST(SolveForAmplifiers, JudgesTheConditionsOfFactsByAllThatTheTableTells) {
  test::TemporaryDirectory scratch;
  TwoAmplifiers sky(scratch.path(), "decam");
  const std::size_t n = TwoAmplifiers::kExposures;
  // Halves, where `first` holds, and what `second` says where that holds.
  const auto with_facts = [&](const fits::Table& ccds, const fs::path& stars, const std::string& first,
                              const std::string& second = "", std::vector<std::string> more = {}) {
    write(ccds, scratch / "some.fits");
    std::ofstream(scratch / "facts.json")
        << R"({"amplifiers": {"table": [{"when": )" << first << R"(, "box": [0, 100, 0, 100], "dzp_mag": 0},
                                        {"when": )"
        << first << R"(, "box": [100, 200, 0, 100], "dzp_mag": 0})" << second << "]}}";
    fs::remove(scratch / "x.fits");
    more.insert(more.end(), {"--amplifiers", "all", "--amplifier-facts", (scratch / "facts.json").string(),
                             "--plugin-dir", test::built_plugins().string()});
    return solve(scratch / "some.fits", scratch / "x.fits", {stars}, more);
  };
  fits::Table timed = sky.ccds;
  timed.add("exptime", std::vector<float>(n, 90), "s");
  EXPECT_THAT(with_facts(timed, scratch.path(), R"({"exptime": {"from": 10}})").out,
              HasSubstr("2 amplifiers of 6 CCDs"));
  EXPECT_THAT(with_facts(timed, scratch.path(), R"({"not": {"exptime": {"from": 10}}})").err,
              HasSubstr("no camera's facts say"));
  for (const auto& [when, what] :
       {std::pair{R"({"not": {"exptime": {"from": 10}}})",
                  "depend on exptime, and there is no column exptime"},
        {R"({"any": [{"band": "r"}, {"card": {"key": "A", "equals": 0}}]})", "depend on header cards"},
        {R"({"mask_plver": {"from": "3"}})", "depend on mask_plver"}}) {
    const ProgramResult refused = with_facts(sky.ccds, scratch.path(), when);
    EXPECT_EQ(refused.exit_code, 3);
    EXPECT_THAT(refused.err, AllOf(HasSubstr("camera decam"), HasSubstr(what)));
  }
  // CCDs without a name, whose stars are of others.
  fits::Table unnamed = sky.ccds;
  unnamed.add("ccdname", std::vector<std::string>(n));
  EXPECT_THAT(with_facts(unnamed, scratch.path(), R"({"ccd": ""})").err, HasSubstr("none of its 6 CCDs"));
  // Without dates: nobody asks for nights.
  fits::Table undated = sky.ccds;
  undated.add("mjd_obs", std::vector<double>(n, std::numeric_limits<double>::quiet_NaN()), "d");
  EXPECT_THAT(with_facts(undated, scratch.path(), "{}").out, HasSubstr("2 amplifiers of 6 CCDs"));
  fits::FitsReader of_undated(scratch / "x.fits");
  EXPECT_TRUE(std::isnan(of_undated.table(*of_undated.find_hdu("AMPLIFIERS")).number("mjd_first", 0)));

  // Amplifiers that lie elsewhere, or nowhere, in some exposures: facts of them would hold in all, which is told before any
  // star is looked at.
  const std::string early = R"({"expnum": {"below": 103}})",
                    late = R"(, {"when": {"expnum": {"from": 103}}, "box": [0, 60, 0, 100], "dzp_mag": 0})";
  EXPECT_THAT(with_facts(sky.ccds, scratch.path(), early, late).out, HasSubstr("4 amplifiers of 6 CCDs"));
  for (const std::string& second : {late, std::string()}) {
    const ProgramResult refused = with_facts(sky.ccds, "/nonexistent", early, second,
                                             {"--amplifiers-out", (scratch / "o.json").string()});
    EXPECT_EQ(refused.exit_code, 3);
    EXPECT_THAT(refused.err, AllOf(HasSubstr("some.fits"), HasSubstr("CCD A of camera decam in r is divided"),
                                   HasSubstr("--amplifiers-out")));
  }
  fits::Table mixed = sky.ccds;
  mixed.add("camera", std::vector<std::string>{"decam", "decam", "decam", "mosaic", "mosaic", "mosaic"});
  EXPECT_THAT(
      with_facts(mixed, "/nonexistent", "{}", "", {"--amplifiers-out", (scratch / "o.json").string()}).err,
      HasSubstr("several cameras (decam and mosaic)"));
}

}  // namespace
}  // namespace brickline
