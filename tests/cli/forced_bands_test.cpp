// Bands that nothing is fitted in (--forced-bands), as users meet them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "core/fits/fits_reader.h"
#include "tests/cli/survey_fixture.h"
#include "tests/support/data.h"

namespace brickline::test {
namespace {

namespace fs = std::filesystem;
using ::testing::Contains;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;

std::string file_ending(const fs::path& directory, const std::string& end) {
  for (const std::string& name : files_below(directory))
    if (name.ends_with(end)) return (directory / name).string();
  ADD_FAILURE() << "no file like " << end << " below " << directory;
  return {};
}
std::string bytes_of(const fs::path& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

fits::Table catalog_in(const fs::path& directory) {
  for (const std::string& name : files_below(directory))
    if (name.starts_with("tractor/") && name.ends_with(".fits"))
      return fits::FitsReader(directory / name).table(1);
  throw std::logic_error("no catalog");
}

// MASKBITS as the image and the header of a run have them.
struct Mask {
  Image<std::int32_t> pixels;
  fits::Header header;

  explicit Mask(const fs::path& directory) {
    fits::FitsReader reader(file_ending(directory, "-maskbits.fits.fz"));
    pixels = reader.image<std::int32_t>(1);
    header = reader.header(1);
  }
  std::int32_t bits_of(const std::string& band) const {
    return static_cast<std::int32_t>(header.integer("MB_SATUR_" + band).value() |
                                     header.integer("MB_ALLMASK_" + band).value());
  }
};
// Pixels that differ in these bits, and those that have one of them.
struct MaskDifference {
  int different = 0, set = 0;
};
MaskDifference compare(const Mask& a, const Mask& b, std::int32_t bits) {
  MaskDifference out;
  for (int y = 0; y < a.pixels.height(); ++y)
    for (int x = 0; x < a.pixels.width(); ++x) {
      out.set += (b.pixels(x, y) & bits) != 0;
      out.different += ((a.pixels(x, y) ^ b.pixels(x, y)) & bits) != 0;
    }
  return out;
}

class ForcedBands : public SurveyFixture {
 protected:
  fs::path run_into(const std::string& name, const std::vector<std::string>& extra) {
    std::vector<std::string> words = region();
    words.insert(words.end(), {"--survey-dir", survey().string(), "--outdir", (scratch_ / name).string(),
                               "--plugin-dir", built_plugins().string(), "--no-wise", "--no-page"});
    words.insert(words.end(), extra.begin(), extra.end());
    const ProgramResult result = run_program(program("runbrick"), words, environment());
    EXPECT_EQ(result.exit_code, 0) << result.err;
    said_ = result.err;
    return scratch_ / name;
  }
  std::string said_;
};

TEST_F(ForcedBands, AreMeasuredWhereTheOthersHaveFoundSomething) {
  const fs::path without = run_into("without", {"--bands", "g,r"}),
                 with = run_into("with", {"--bands", "g,r", "--forced-bands", "z"}),
                 fitted = run_into("fitted", {"--bands", "g,r,z"});
  const fits::Table old = catalog_in(without), t = catalog_in(with), all = catalog_in(fitted);
  ASSERT_EQ(t.rows(), old.rows());
  // Nothing else is another.
  for (const fits::Column& column : old.columns()) {
    ASSERT_TRUE(t.has(column.name)) << column.name;
    if (column.is_string() || column.name == "maskbits") continue;  // those have bits of the band
    for (std::int64_t i = 0; i < t.rows(); ++i)
      for (std::int64_t k = 0; k < column.width(); ++k) {
        const double a = t.number(column.name, i, k), b = old.number(column.name, i, k);
        EXPECT_TRUE(a == b || (std::isnan(a) && std::isnan(b))) << column.name;
      }
  }
  // The columns of a run that fits the band, in their order.
  ASSERT_EQ(t.columns().size(), all.columns().size());
  for (std::size_t c = 0; c < t.columns().size(); ++c) {
    EXPECT_EQ(t.columns()[c].name, all.columns()[c].name);
    EXPECT_EQ(t.columns()[c].data.index(), all.columns()[c].data.index());
  }
  int compared = 0;
  for (std::int64_t i = 0; i < t.rows(); ++i) {
    for (std::int64_t j = 0; j < all.rows(); ++j) {
      if (std::hypot(t.number("bx", i) - all.number("bx", j), t.number("by", i) - all.number("by", j)) > 1)
        continue;
      if (t.text("type", i) != all.text("type", j) || t.text("type", i) != "PSF") continue;
      ++compared;
      const double ivar = t.number("flux_ivar_z", i), other = all.number("flux_ivar_z", j);
      EXPECT_NEAR(ivar, other, 0.1 * other);
      EXPECT_NEAR(t.number("flux_z", i), all.number("flux_z", j), 3 / std::sqrt(ivar));
      EXPECT_GT(t.number("psfdepth_z", i), 0);
      EXPECT_EQ(t.number("psfsize_z", i), all.number("psfsize_z", j));
      EXPECT_EQ(t.number("apflux_z", i, 3) != 0, all.number("apflux_z", j, 3) != 0);
      EXPECT_GT(t.number("fiberflux_z", i), 0);
      EXPECT_GT(t.number("nea_z", i), 0);
      EXPECT_EQ(t.integer("nobs_z", i), 1);  // the simulation's exposures
      EXPECT_EQ(t.integer("maskbits", i), all.integer("maskbits", j));
    }
  }
  EXPECT_GE(compared, 2);
  // What is masked in the band is marked as if it were fitted, and nothing else is another.
  const Mask mask(with), as_fitted(fitted), before(without);
  EXPECT_EQ(mask.header.text("MBIT_4"), "SATUR_Z");
  EXPECT_FALSE(before.header.has("MB_SATUR_Z"));
  EXPECT_EQ(compare(mask, as_fitted, -1).different, 0);
  EXPECT_GT(compare(mask, as_fitted, mask.bits_of("Z")).set, 0);
  EXPECT_EQ(compare(mask, before, ~mask.bits_of("Z")).different, 0);
  // The measurements, the band's coadds, in the list of checksums; the pictures are the fitted bands'.
  const std::string list = bytes_of(file_ending(with / "tractor", ".sha256sum"));
  for (const char* type :
       {"image", "invvar", "nexp", "depth", "galdepth", "psfsize", "model", "chi2", "blobmodel"})
    EXPECT_THAT(list, HasSubstr(std::string("-") + type + "-z.fits.fz"));
  EXPECT_THAT(list, HasSubstr("forced-brick/"));
  EXPECT_EQ(bytes_of(file_ending(with, "-image.jpg")), bytes_of(file_ending(without, "-image.jpg")));
  fits::FitsReader forced(file_ending(with / "forced-brick", ".fits"));
  const fits::Table measured = forced.table(1);
  EXPECT_EQ(measured.rows(), t.rows());  // one exposure
  EXPECT_TRUE(measured.has("apflux"));
  EXPECT_EQ(forced.header(0).text("FBANDS"), "z");
  EXPECT_TRUE(forced.header(0).has("VER_FORC"));
  EXPECT_EQ(fits::FitsReader(file_ending(with / "tractor", ".fits")).header(0).text("FBAND0"), "z");
}

TEST_F(ForcedBands, HaveErrorsOfJointFitsWhereSourcesWereFittedTogether) {
  for (const std::string way : {"reference", "joint"}) {
    SCOPED_TRACE(way);
    const fs::path out = run_into(way, {"--bands", "g,r", "--forced-bands", "z", "--fit", way});
    const fits::Table t = catalog_in(out),
                      measured = fits::FitsReader(file_ending(out / "forced-brick", ".fits")).table(1);
    int galaxies = 0;
    for (std::int64_t i = 0; i < t.rows(); ++i)
      for (std::int64_t k = 0; k < measured.rows(); ++k) {
        if (measured.integer("objid", k) != t.integer("objid", i)) continue;
        const double by_noise = measured.number("flux_ivar", k), ivar = t.number("flux_ivar_z", i);
        if (way == "reference") {
          EXPECT_EQ(ivar, by_noise);
          continue;
        }
        EXPECT_LE(ivar, 1.001 * by_noise);
        if (t.text("type", i) == "PSF" || !(by_noise > 0)) continue;
        ++galaxies;
        EXPECT_LT(ivar, 0.98 * by_noise);
        EXPECT_GT(ivar, 0);
      }
    if (way == "joint") {
      EXPECT_GT(galaxies, 2);
    }
  }
}

TEST_F(ForcedBands, WithoutImagesHaveColumnsOfZeros) {
  const fs::path out = run_into("out", {"--bands", "r,z", "--forced-bands", "i"});
  EXPECT_THAT(said_, HasSubstr("no images in the bands i"));
  const fits::Table t = catalog_in(out);
  for (std::int64_t i = 0; i < t.rows(); ++i) EXPECT_EQ(t.number("flux_ivar_i", i), 0);
  std::vector<std::string> fluxes;
  for (const fits::Column& c : t.columns())
    if (c.name.size() == 6 && c.name.starts_with("flux_")) fluxes.push_back(c.name);
  EXPECT_THAT(fluxes, ::testing::ElementsAre("flux_r", "flux_i", "flux_z"));
}

TEST_F(ForcedBands, AskedForLaterTakeUpARunThatIsThere) {
  run_into("out", {"--bands", "g,r", "--keep-state"});
  const fs::path out = run_into("out", {"--bands", "g,r", "--forced-bands", "z", "--keep-state", "-v"});
  EXPECT_THAT(said_, Not(HasSubstr("sources found")));
  EXPECT_GT(catalog_in(out).number("flux_ivar_z", 0), 0);
  EXPECT_THAT(files_below(out / "state"), Contains(EndsWith("forced_phot.fits")));
}

// The reference pipeline's run of a field with a saturated star.
TEST(GoldenForcedBands, FluxesAreTheReferences) {
  BRICKLINE_NEEDS_DATA("surveys/testcase6");
  const TemporaryDirectory scratch;
  const fs::path survey = data_dir() / "surveys/testcase6";
  const ProgramResult result = run_program(program("runbrick"),
                                           {"--survey-dir",
                                            survey.string(),
                                            "--outdir",
                                            (scratch / "out").string(),
                                            "--plugin-dir",
                                            built_plugins().string(),
                                            "--no-wise",
                                            "--no-page",
                                            "--brick",
                                            "1102p240",
                                            "--zoom",
                                            "500",
                                            "600",
                                            "650",
                                            "750",
                                            "--bands",
                                            "g,r",
                                            "--forced-bands",
                                            "z",
                                            "--gaia-dir",
                                            (survey / "gaia").string(),
                                            "--gaia-version",
                                            "2",
                                            "--gaia-prefix",
                                            "chunk",
                                            "--gaia-scheme",
                                            "ring"},
                                           {{"LEGACY_SURVEY_DIR", ""},
                                            {"DUST_DIR", ""},
                                            {"BRICKLINE_PLUGIN_PATH", ""},
                                            {"TYCHO2_KD_DIR", survey.string()}});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const fits::Table t = fits::FitsReader(file_ending(scratch / "out/tractor", ".fits")).table(1),
                    forced = fits::FitsReader(file_ending(scratch / "out/forced-brick", ".fits")).table(1);
  EXPECT_EQ(forced.rows(), 6);
  const double sigma = 1 / std::sqrt(62.154594);
  EXPECT_NEAR(t.number("flux_ivar_z", 0), 62.154594, 0.01 * 62.154594);
  EXPECT_NEAR(t.number("flux_z", 0), 7.237375, 0.3 * sigma);
  // The star is saturated in z, too: as the reference's run that fits z has it.
  const Mask mask(scratch / "out"), reference(data_dir() / "golden/testcase6/products");
  const MaskDifference z = compare(mask, reference, mask.bits_of("Z"));
  EXPECT_GT(z.set, 1700);
  EXPECT_LE(z.different, z.set / 50);
}

}  // namespace
}  // namespace brickline::test
