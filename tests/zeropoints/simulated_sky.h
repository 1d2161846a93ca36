// A small survey whose zero points and stars are known, simulated once for all tests of this program, with a catalog of
// Pan-STARRS's form whose stars have, by the camera's colour terms, exactly their true magnitudes.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <filesystem>
#include <functional>
#include <limits>
#include <map>
#include <string>
#include <vector>

#include "core/fits/fits_reader.h"
#include "core/fits/fits_writer.h"
#include "core/refs/healpix.h"
#include "tests/support/run_program.h"

namespace brickline::test {

class SimulatedSky : public testing::Test {
 public:
  // simulate-survey with these options, and otherwise the tests' own.
  static void simulate(const std::filesystem::path& directory, std::map<std::string, std::string> options) {
    options.insert({{"--seed", "5"},
                    {"--size", "700"},
                    {"--nexp", "2"},
                    {"--density", "4"},
                    {"--star-density", "45"},
                    {"--bright", "15.5"},
                    {"--faint", "22"}});
    std::vector<std::string> words = {directory.string(), "--quiet"};
    for (const auto& [name, value] : options) words.insert(words.end(), {name, value});
    const ProgramResult made = run_program(program("simulate-survey"), words);
    ASSERT_EQ(made.exit_code, 0) << made.err;
  }
  static void SetUpTestSuite() {
    sky_ = new TemporaryDirectory;
    simulate(survey(), {{"--bands", "gz"}, {"--proper-motion", "15"}, {"--astrometric-offset", "0.1"}});
    write_ps1(survey(), ps1(), 0);
  }
  static void TearDownTestSuite() {
    delete sky_;
    sky_ = nullptr;
  }
  static std::filesystem::path survey() { return sky_->path() / "survey"; }
  static std::filesystem::path ps1() { return sky_->path() / "ps1"; }
  static fits::Table truth() { return fits::FitsReader(survey() / "survey-ccds-sim.fits.gz").table(1); }
  static std::vector<std::string> images() { return images(survey()); }
  static std::vector<std::string> images(const std::filesystem::path& of) {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(of / "images"))
      if (entry.path().filename().string().find("_ooi_") != std::string::npos)
        names.push_back(std::filesystem::relative(entry.path(), of / "images").string());
    std::sort(names.begin(), names.end());
    return names;
  }

  // Pan-STARRS's file of the stars of a survey's truth that are brighter than 21.5 in z; every colour NaN on request. The
  // colour is solved for where the truth has g and i, so that catalog and colour term give each band exactly.
  static void write_ps1(const std::filesystem::path& of, const std::filesystem::path& directory,
                        int without_colours) {
    const fits::Table stars = fits::FitsReader(of / "truth.fits").table(1);
    const std::array<const char*, 5> bands = {"g", "r", "i", "z", "Y"};
    const std::array<std::array<double, 4>, 5> terms = {{{0.00062, 0.03604, 0.01028, -0.00613},
                                                         {0.00495, -0.08435, 0.03222, -0.01140},
                                                         {0.00904, -0.04171, 0.00566, -0.00829},
                                                         {0.02583, -0.07690, 0.02824, -0.00898},
                                                         {0.02332, -0.05992, 0.02840, -0.00572}}};
    const auto term = [&](std::size_t b, double colour) {
      const auto& c = terms[b];
      return std::clamp(c[0] + colour * (c[1] + colour * (c[2] + colour * c[3])), -1., 1.);
    };
    const double nan = std::numeric_limits<double>::quiet_NaN();
    std::vector<std::int64_t> id;
    std::vector<double> ra, dec;
    std::vector<float> mags;
    std::vector<std::int16_t> counts;
    for (std::int64_t i = 0; i < stars.rows(); ++i) {
      if (stars.text("type", i) != "PSF") continue;
      std::array<double, 5> mag{nan, nan, nan, nan, nan};
      for (std::size_t b = 0; b < bands.size(); ++b)
        if (const std::string column = std::string("flux_") + bands[b]; stars.has(column))
          mag[b] = 22.5 - 2.5 * std::log10(stars.number(column, i));
      if (mag[3] > 21.5) continue;
      double colour = 0.78 * (mag[0] - mag[3]);
      if (std::isnan(mag[2])) {
        mag[2] = mag[0] - term(0, colour) - colour + term(2, colour);
      } else {
        constexpr int kTurns = 60;
        for (int turn = 0; turn < kTurns; ++turn)
          colour = mag[0] - term(0, colour) - mag[2] + term(2, colour);
      }
      id.push_back(1000 + i);
      ra.push_back(stars.number("ra", i));
      dec.push_back(stars.number("dec", i));
      for (std::size_t b = 0; b < bands.size(); ++b) {
        const bool absent = without_colours && (b == 0 || b == 2);
        mags.push_back(static_cast<float>(absent ? nan : mag[b] - term(b, colour)));
      }
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
  // SDSS's file of the same stars: its g, r, i, z are taken for the camera's own.
  static void write_sdss(const std::filesystem::path& of, const std::filesystem::path& directory) {
    const fits::Table stars = fits::FitsReader(of / "truth.fits").table(1);
    std::vector<double> ra, dec;
    std::vector<float> fluxes;
    for (std::int64_t i = 0; i < stars.rows(); ++i) {
      if (stars.text("type", i) != "PSF" || stars.number("flux_z", i) < 2.5) continue;
      ra.push_back(stars.number("ra", i));
      dec.push_back(stars.number("dec", i));
      fluxes.push_back(1);
      for (const char* band : {"flux_g", "flux_r", "flux_i", "flux_z"})
        fluxes.push_back(static_cast<float>(stars.number(band, i)));
    }
    fits::Table t;
    t.add("ra", std::move(ra));
    t.add("dec", std::move(dec));
    t.add("psfflux", std::move(fluxes), "nanomaggy", {5});
    fits::FitsWriter writer;
    writer.add_table(t);
    writer.write(directory / "sdss-hp05877.fits");
  }

  // Changes the header of an image's CCD, whose pixels are written again as they are.
  static void change_header(const std::filesystem::path& file,
                            const std::function<void(fits::Header&)>& change) {
    fits::FitsReader reader(file);
    fits::Header header = reader.header(1), plain;
    for (const fits::Card& card : header.cards())
      if (!card.key.starts_with("Z") && card.key != "XTENSION") plain.append(card);
    change(plain);
    const Image<float> pixels = reader.image<float>(1);
    fits::FitsWriter writer;
    writer.add_empty_primary(reader.header(0));
    writer.add_image(pixels.const_view(), plain, header.text("EXTNAME").value_or(""));
    TemporaryDirectory scratch;
    writer.write(scratch / "changed.fits");
    std::filesystem::copy_file(scratch / "changed.fits", file,
                               std::filesystem::copy_options::overwrite_existing);
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
