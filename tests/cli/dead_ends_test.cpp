// Fields and circumstances in which pipelines get stuck: each ends with a catalog, or with a clear line and
// the right exit code, and never with a file that is half written.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "core/base/error.h"
#include "core/fits/fits_reader.h"
#include "tests/cli/survey_fixture.h"

namespace brickline::test {
namespace {

using ::testing::HasSubstr;

class DeadEnds : public SurveyFixture {
 protected:
  // A survey of 120 pixels with those options; the words that say which part of the sky it covers.
  std::vector<std::string> simulate(std::vector<std::string> options) {
    std::filesystem::remove_all(survey());
    options.insert(options.begin(),
                   {survey().string(), "--seed", "5", "--size", "120", "--nexp", "1", "--quiet"});
    const ProgramResult made = run_program(program("simulate-survey"), options);
    EXPECT_EQ(made.exit_code, 0) << made.err;
    std::istringstream in(made.out);
    std::vector<std::string> words;
    for (std::string word; in >> word;) words.push_back(word);
    return words;
  }
  ProgramResult run_on(std::vector<std::string> words, const std::vector<std::string>& extra = {}) const {
    const std::vector<std::string> rest = common();
    words.insert(words.end(), rest.begin(), rest.end());
    words.insert(words.end(), extra.begin(), extra.end());
    return run_program(program("runbrick"), words, environment());
  }
  std::string file_like(const std::string& beginning, const std::string& end) const {
    for (const std::string& name : files_below(outdir())) {
      const std::string base = std::filesystem::path(name).filename();
      if (base.starts_with(beginning) && base.ends_with(end)) return name;
    }
    return {};
  }
  fits::Table catalog() const {
    const std::string name = file_like("tractor-1", ".fits").empty() ? file_like("tractor-c", ".fits")
                                                                     : file_like("tractor-1", ".fits");
    return fits::FitsReader(outdir() / name).table(1);
  }
  // Every simulated source of more than `flux` nanomaggies in z is in the catalog.
  void expect_bright_sources(const fits::Table& table, double flux) const {
    const fits::Table truth = fits::FitsReader(survey() / "truth.fits").table(1);
    int bright = 0;
    for (std::int64_t t = 0; t < truth.rows(); ++t) {
      if (truth.number("flux_z", t) < flux) continue;
      ++bright;
      bool found = false;
      for (std::int64_t r = 0; r < table.rows(); ++r) {
        const double cos_dec = std::cos(table.number("dec", r) * M_PI / 180);
        const double east = std::remainder(table.number("ra", r) - truth.number("ra", t), 360) * cos_dec;
        const double north = table.number("dec", r) - truth.number("dec", t);
        found |= std::hypot(east, north) < 0.5 / 3600;
      }
      EXPECT_TRUE(found) << "source " << t;
    }
    EXPECT_GT(bright, 0);
  }
  // What is there is complete; nothing temporary is left.
  void expect_whole_files_only() const {
    for (const std::string& name : files_below(outdir())) {
      EXPECT_THAT(name, ::testing::Not(HasSubstr("tmp-")));
      if (name.find(".fits") == std::string::npos) continue;
      fits::FitsReader reader(outdir() / name);
      for (int hdu = 0; hdu < reader.hdu_count(); ++hdu) EXPECT_TRUE(reader.checksums_agree(hdu)) << name;
    }
  }
};

TEST_F(DeadEnds, ABandWithoutImagesHasColumnsOfZeros) {
  const ProgramResult result = run({"--bands", "g,r,z,Y"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const fits::Table table = catalog();
  ASSERT_GT(table.rows(), 0);
  ASSERT_TRUE(table.has("flux_Y"));
  for (const char* name : {"flux_Y", "flux_ivar_Y", "nobs_Y", "psfdepth_Y"})
    for (double v : table.numbers(name)) EXPECT_EQ(v, 0) << name;
  EXPECT_TRUE(file_like("legacysurvey-", "-image-Y.fits.fz").empty());
  EXPECT_FALSE(file_like("legacysurvey-", "-image-z.fits.fz").empty());
  const fits::Header header = fits::FitsReader(outdir() / file_like("tractor-1", ".fits")).header(0);
  EXPECT_FALSE(*header.logical("BRICK_Y"));
  EXPECT_TRUE(*header.logical("BRICK_Z"));
}

TEST_F(DeadEnds, OnlyBandsWithoutImagesIsNothingToDo) {
  const ProgramResult result = run({"--bands", "Y"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.err, HasSubstr("nothing to do"));
  EXPECT_EQ(files_below(outdir()).size(), 1u);
}

TEST_F(DeadEnds, AnEmptySkyIsNothingToDo) {
  const ProgramResult result = run_on(simulate({"--density", "0"}));
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.err, HasSubstr("nothing to do: no source"));
  EXPECT_FALSE(file_like("nothing-", ".json").empty());
  EXPECT_TRUE(file_like("tractor-", ".fits").empty());
  expect_whole_files_only();
}

TEST_F(DeadEnds, OneImageIsEnough) {
  const ProgramResult result = run_on(simulate({"--bands", "z"}), {"--bands", "z"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const fits::Table table = catalog();
  expect_bright_sources(table, 5);
  for (double n : table.numbers("nobs_z")) EXPECT_EQ(n, 1);
}

TEST_F(DeadEnds, AFieldAcrossRaZeroIsOneField) {
  const ProgramResult result = run_on(simulate({"--radec", "0", "10"}));
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const fits::Table table = catalog();
  expect_bright_sources(table, 5);
  int west = 0, east = 0;
  for (std::int64_t r = 0; r < table.rows(); ++r) {
    (table.number("ra", r) > 180 ? west : east)++;
    EXPECT_TRUE(table.logical("brick_primary", r)) << r;
    EXPECT_LT(table.number("nearest_neighbor", r), 60);
  }
  EXPECT_GT(west, 0);
  EXPECT_GT(east, 0);
  // All of the field counts in the histogram of depths.
  const fits::Table depths = fits::FitsReader(outdir() / file_like("legacysurvey-", "-depth.fits")).table(1);
  double pixels = 0;
  for (double n : depths.numbers("counts_ptsrc_z")) pixels += n;
  EXPECT_GT(pixels, 0.97 * 120 * 120);
}

TEST_F(DeadEnds, ABrickNearThePoleIsLikeAnyOther) {
  const ProgramResult result = run_on(simulate({"--brick-ra", "120", "--brick-dec", "89"}));
  ASSERT_EQ(result.exit_code, 0) << result.err;
  expect_bright_sources(catalog(), 5);
}

TEST_F(DeadEnds, AFieldOfTenPixels) {
  // Around a source, so that there is one to fit.
  std::vector<std::string> words = region();
  ASSERT_EQ(run().exit_code, 0);
  const fits::Table whole = catalog();
  std::filesystem::remove_all(outdir());
  std::int64_t brightest = 0;
  const auto middle = [&](std::int64_t r) {
    return std::abs(whole.number("bx", r) - 70) < 50 && std::abs(whole.number("by", r) - 70) < 50;
  };
  for (std::int64_t r = 0; r < whole.rows(); ++r)
    if (middle(r) && (!middle(brightest) || whole.number("flux_r", r) > whole.number("flux_r", brightest)))
      brightest = r;
  const int x = std::stoi(words[3]) + static_cast<int>(whole.number("bx", brightest)) - 5,
            y = std::stoi(words[5]) + static_cast<int>(whole.number("by", brightest)) - 5;
  const std::vector<std::string> small = {words[0],
                                          words[1],
                                          "--zoom",
                                          std::to_string(x),
                                          std::to_string(x + 10),
                                          std::to_string(y),
                                          std::to_string(y + 10)};
  const ProgramResult result = run_on(small);
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const fits::Table table = catalog();
  EXPECT_GE(table.rows(), 1);
  fits::FitsReader image(outdir() / file_like("legacysurvey-", "-image-r.fits.fz"));
  EXPECT_EQ(image.image_info(1).width, 10);
  expect_whole_files_only();
  // One pixel is a field too, whatever is in it.
  const ProgramResult one = run_on({words[0], words[1], "--zoom", std::to_string(x), std::to_string(x + 1),
                                    std::to_string(y), std::to_string(y + 1)});
  EXPECT_EQ(one.exit_code, 0) << one.err;
}

class FullDisk : public DeadEnds {
 protected:
  // The shell's `first` words, then runbrick on the fixture's survey.
  ProgramResult run_in_shell(const std::string& first) const {
    std::string command = first + " exec " + program("runbrick").string();
    for (const std::string& w : region()) command += " " + w;
    for (const std::string& w : common()) command += " '" + w + "'";
    return run_program("/bin/sh", {"-c", command}, environment());
  }
  void expect_clear_end(const ProgramResult& result, const std::string& reason) const {
    EXPECT_EQ(result.exit_code, 4) << result.err;
    EXPECT_THAT(result.err, HasSubstr("runbrick: error: "));
    EXPECT_THAT(result.err, HasSubstr(outdir().string()));
    EXPECT_THAT(result.err, HasSubstr(reason));
    EXPECT_TRUE(file_like("tractor-", ".fits").empty());
    expect_whole_files_only();
  }
};

TEST_F(FullDisk, AFileThatMayNotGrowEndsTheRun) {
  expect_clear_end(run_in_shell("ulimit -f 20;"), "File too large");
}

TEST_F(FullDisk, AFullFileSystemEndsTheRun) {
  const std::string inside = outdir().string();
  const ProgramResult may = run_program("/bin/sh", {"-c", "unshare -rm true"});
  if (may.exit_code != 0) GTEST_SKIP() << "no file system can be mounted here: " << may.err;
  // The file system is gone with the shell, so what it held is copied out.
  const std::string kept = (scratch_ / "kept").string();
  std::string command = "mkdir -p " + inside + " && mount -t tmpfs -o size=60k none " + inside + " && { " +
                        program("runbrick").string();
  for (const std::string& w : region()) command += " " + w;
  for (const std::string& w : common()) command += " '" + w + "'";
  command += "; code=$?; cp -r " + inside + " " + kept + "; exit $code; }";
  const ProgramResult result =
      run_program("/usr/bin/unshare", {"-rm", "/bin/sh", "-c", command}, environment());
  std::filesystem::remove_all(outdir());
  std::filesystem::rename(kept, outdir());
  EXPECT_FALSE(files_below(outdir()).empty()) << "it was full from the beginning";
  expect_clear_end(result, "No space left on device");
}

using WhatIsDone = DeadEnds;

TEST_F(WhatIsDone, SkipAndCheckDoneLookForASoundCatalog) {
  const auto with = [&](std::vector<std::string> extra) { return run(extra); };
  EXPECT_EQ(with({"--check-done"}).exit_code, 7);
  EXPECT_TRUE(files_below(outdir()).empty());
  // The first run does the work; of --skip and --check-done together, --skip decides.
  ASSERT_EQ(with({"--skip", "--check-done"}).exit_code, 0);
  const auto path = outdir() / file_like("tractor-1", ".fits");
  ASSERT_TRUE(std::filesystem::exists(path));
  const auto written = std::filesystem::last_write_time(path);
  EXPECT_EQ(with({"--check-done"}).exit_code, 0);
  const ProgramResult skipped = with({"--skip"});
  EXPECT_EQ(skipped.exit_code, 0);
  EXPECT_THAT(skipped.err, HasSubstr("skipped: " + path.string()));
  EXPECT_EQ(std::filesystem::last_write_time(path), written);
  // A byte of the table that is not what was written.
  {
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(-2880 / 2, std::ios::end);
    file.put('x');
  }
  const ProgramResult damaged = with({"--check-done"});
  EXPECT_EQ(damaged.exit_code, 7);
  EXPECT_THAT(damaged.err, HasSubstr("not done: " + path.string()));
  std::filesystem::resize_file(path, 2880);
  EXPECT_EQ(with({"--check-done"}).exit_code, 7);
  EXPECT_EQ(with({"--skip"}).exit_code, 0);
  EXPECT_EQ(with({"--check-done"}).exit_code, 0);
}

TEST_F(WhatIsDone, NothingToDoCountsAsDoneUntilThereIsACatalog) {
  ASSERT_EQ(run({"--bands", "Y"}).exit_code, 0);
  EXPECT_EQ(run({"--bands", "Y", "--check-done"}).exit_code, 0);
  // In other bands there may be something to do.
  EXPECT_EQ(run({"--check-done"}).exit_code, 7);
  const ProgramResult skipped = run({"--bands", "Y", "--skip"});
  EXPECT_EQ(skipped.exit_code, 0);
  EXPECT_THAT(skipped.err, HasSubstr("nothing to do"));
  EXPECT_TRUE(file_like("tractor-", ".fits").empty());
  ASSERT_EQ(run().exit_code, 0);
  EXPECT_TRUE(file_like("nothing-", ".json").empty());
}

// Of a run with other options, or one in which something failed, the catalog is no answer.
TEST_F(WhatIsDone, DoneMeansWithTheseOptionsAndWithoutAFailure) {
  const auto not_done = [&](const std::vector<std::string>& words, const std::string& why) {
    std::vector<std::string> check = words;
    check.push_back("--check-done");
    const ProgramResult result = run(check);
    EXPECT_EQ(result.exit_code, 7) << testing::PrintToString(words);
    EXPECT_THAT(result.err, HasSubstr(why));
  };
  ASSERT_EQ(run({"--blob", "0", "--nblobs", "1"}).exit_code, 0);
  EXPECT_EQ(run({"--blob", "0", "--nblobs", "1", "--check-done"}).exit_code, 0);
  not_done({}, "made with other options: runbrick --blob 0");
  ASSERT_EQ(run({"--bands", "r,z"}).exit_code, 0);
  not_done({}, "--bands r,z");
  not_done({"--nsigma", "7"}, "made with other options");
  ASSERT_EQ(run({}).exit_code, 0);
  EXPECT_EQ(run({"--threads", "2", "--check-done"}).exit_code, 0);
  not_done({"--reoptimize"}, "made with other options");

  const auto path = outdir() / file_like("tractor-1", ".fits");
  std::string bytes;
  {
    std::ifstream file(path, std::ios::binary);
    bytes.assign(std::istreambuf_iterator<char>(file), {});
  }
  const std::string card = "NFAILED =                    0";
  const std::size_t at = bytes.find(card);
  ASSERT_NE(at, std::string::npos);
  bytes[at + card.size() - 1] = '3';
  std::ofstream(path, std::ios::binary) << bytes;
  not_done({}, "3 items failed");
}

TEST_F(WhatIsDone, ARunThatFindsNothingLeavesNoOldProducts) {
  ASSERT_EQ(run({}).exit_code, 0);
  ASSERT_FALSE(file_like("tractor-1", ".fits").empty());
  ASSERT_EQ(run({"--nsigma", "1000000"}).exit_code, 0);
  EXPECT_TRUE(file_like("tractor-1", ".fits").empty());
  EXPECT_TRUE(file_like("brick-", ".sha256sum").empty());
  EXPECT_TRUE(file_like("legacysurvey-", "-image.jpg").empty());
  EXPECT_TRUE(file_like("legacysurvey-", "-image-g.fits.fz").empty());
  EXPECT_FALSE(file_like("nothing-", ".json").empty());
  EXPECT_EQ(run({"--check-done"}).exit_code, 7);
}

TEST_F(WhatIsDone, SkipCoaddLooksForThePicture) {
  ASSERT_EQ(run({"--stage", "image_coadds", "--minimal-coadds", "--skip-coadd"}).exit_code, 0);
  const auto path = outdir() / file_like("legacysurvey-", "-image.jpg");
  ASSERT_TRUE(std::filesystem::exists(path));
  EXPECT_THAT(run({"--skip-coadd"}).err, HasSubstr("skipped: " + path.string()));
  EXPECT_TRUE(file_like("tractor-", ".fits").empty());
  std::filesystem::remove(path);
  ASSERT_EQ(run({"--skip-coadd"}).exit_code, 0);
  EXPECT_FALSE(file_like("tractor-", ".fits").empty());
}

TEST_F(WhatIsDone, EarlyCoaddsKnowTheBlobsWhenAskedTo) {
  ASSERT_EQ(run({"--stage", "image_coadds", "--blob-image"}).exit_code, 0);
  EXPECT_FALSE(file_like("legacysurvey-", "-imageblob.jpg").empty());
  EXPECT_FALSE(file_like("blobs-", ".fits.gz").empty());
  EXPECT_FALSE(file_like("legacysurvey-", "-maskbits.fits.fz").empty());
  std::filesystem::remove_all(outdir());
  ASSERT_EQ(run({"--stage", "image_coadds"}).exit_code, 0);
  EXPECT_TRUE(file_like("legacysurvey-", "-imageblob.jpg").empty());
}

}  // namespace
}  // namespace brickline::test
