// A small survey whose zero points and stars are known, simulated once for all tests of this program, with a catalog of
// Pan-STARRS's form whose stars have, by the camera's colour terms, exactly their true magnitudes.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <limits>
#include <string>
#include <vector>

#include "core/fits/fits_reader.h"
#include "core/fits/fits_writer.h"
#include "core/refs/healpix.h"
#include "tests/support/run_program.h"

namespace brickline::test {

class SimulatedSky : public testing::Test {
 public:
  static void SetUpTestSuite() {
    sky_ = new TemporaryDirectory;
    const ProgramResult made = run_program(program("simulate-survey"), {survey().string(),
                                                                        "--seed",
                                                                        "5",
                                                                        "--size",
                                                                        "700",
                                                                        "--nexp",
                                                                        "2",
                                                                        "--bands",
                                                                        "gz",
                                                                        "--density",
                                                                        "4",
                                                                        "--star-density",
                                                                        "45",
                                                                        "--bright",
                                                                        "15.5",
                                                                        "--faint",
                                                                        "22",
                                                                        "--proper-motion",
                                                                        "15",
                                                                        "--astrometric-offset",
                                                                        "0.1",
                                                                        "--quiet"});
    ASSERT_EQ(made.exit_code, 0) << made.err;
    write_ps1(ps1(), 0);
  }
  static void TearDownTestSuite() {
    delete sky_;
    sky_ = nullptr;
  }
  static std::filesystem::path survey() { return sky_->path() / "survey"; }
  static std::filesystem::path ps1() { return sky_->path() / "ps1"; }
  static fits::Table truth() { return fits::FitsReader(survey() / "survey-ccds-sim.fits.gz").table(1); }
  static std::vector<std::string> images(const std::string& kind = "_ooi_") {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(survey() / "images"))
      if (entry.path().filename().string().find(kind) != std::string::npos)
        names.push_back(std::filesystem::relative(entry.path(), survey() / "images").string());
    std::sort(names.begin(), names.end());
    return names;
  }

  // Stars of the truth brighter than 21.5 in z; every colour NaN on request.
  static void write_ps1(const std::filesystem::path& directory, int without_colours) {
    const fits::Table stars = fits::FitsReader(survey() / "truth.fits").table(1);
    const auto term = [](const std::vector<double>& c, double colour) {
      return std::clamp(c[0] + colour * (c[1] + colour * (c[2] + colour * c[3])), -1., 1.);
    };
    std::vector<std::int64_t> id;
    std::vector<double> ra, dec;
    std::vector<float> mags;
    std::vector<std::int16_t> counts;
    for (std::int64_t i = 0; i < stars.rows(); ++i) {
      if (stars.text("type", i) != "PSF") continue;
      const double g = 22.5 - 2.5 * std::log10(stars.number("flux_g", i)),
                   z = 22.5 - 2.5 * std::log10(stars.number("flux_z", i)), colour = 0.78 * (g - z);
      if (z > 21.5) continue;
      id.push_back(1000 + i);
      ra.push_back(stars.number("ra", i));
      dec.push_back(stars.number("dec", i));
      const double ps_g = g - term({0.00062, 0.03604, 0.01028, -0.00613}, colour),
                   ps_z = z - term({0.02583, -0.07690, 0.02824, -0.00898}, colour);
      const double nan = std::numeric_limits<double>::quiet_NaN();
      for (const double m : {without_colours ? nan : ps_g, ps_g - colour / 2,
                             without_colours ? nan : ps_g - colour, ps_z, ps_z})
        mags.push_back(static_cast<float>(m));
      counts.insert(counts.end(), 5, std::int16_t{12});
    }
    fits::Table t;
    t.add("obj_id", std::move(id));
    t.add("ra", ra);
    t.add("dec", dec);
    t.add("ra_ok", std::move(ra));
    t.add("dec_ok", std::move(dec));
    t.add("nmag_ok", std::move(counts), "", {5});
    t.add("median", std::move(mags), "", {5});
    fits::FitsWriter writer;
    writer.add_table(t);
    writer.write(directory / "ps1-05877.fits");
  }

  // make-ccds --measure on a survey directory of that sky; its exit code is checked.
  static ProgramResult measure(const std::filesystem::path& of, int exit_code, std::vector<std::string> more,
                               const std::filesystem::path& gaia = {}) {
    std::vector<std::string> words = {"--measure",
                                      "--survey-dir",
                                      of.string(),
                                      "--plugin-dir",
                                      built_plugins().string(),
                                      "--skip-calibs",
                                      "--gaia-dir",
                                      (gaia.empty() ? survey() / "gaia" : gaia).string()};
    words.insert(words.end(), more.begin(), more.end());
    const ProgramResult result = run_program(program("make-ccds"), words,
                                             {{"LEGACY_SURVEY_DIR", ""},
                                              {"PS1CAT_DIR", ""},
                                              {"GAIA_CAT_DIR", ""},
                                              {"GAIA_CAT_SCHEME", ""},
                                              {"DUST_DIR", ""}});
    EXPECT_EQ(result.exit_code, exit_code) << result.out << result.err;
    return result;
  }
  static fits::Table ccds(const std::filesystem::path& of, const std::string& name) {
    return fits::FitsReader(of / ("survey-ccds-" + name + ".fits.gz")).table(1);
  }

 protected:
  inline static TemporaryDirectory* sky_ = nullptr;
};

}  // namespace brickline::test
