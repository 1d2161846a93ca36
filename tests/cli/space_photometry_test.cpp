// Photometry on unWISE's and GALEX's files in whole runs: products do not depend on the threads, and saved state is of
// the files that it was made from.
#include <gtest/gtest.h>

#include <algorithm>
#include <regex>
#include <set>

#include "core/fits/fits_writer.h"
#include "tests/cli/survey_fixture.h"

namespace brickline::test {
namespace {

namespace fs = std::filesystem;

std::string bytes_of(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

std::map<std::string, std::string> products_below(const fs::path& directory) {
  std::map<std::string, std::string> contents;
  for (const std::string& name : files_below(directory))
    if (!name.starts_with("state/")) contents[name] = bytes_of(directory / name);
  return contents;
}

class SpacePhotometry : public SurveyFixture {
 protected:
  ProgramResult run(const std::vector<std::string>& extra) const {
    const std::string wise = (survey() / "wise").string();
    std::vector<std::string> words = region();
    for (const std::string& w :
         std::vector<std::string>{"--survey-dir",     survey().string(),
                                  "--outdir",         outdir().string(),
                                  "--plugin-dir",     built_plugins().string(),
                                  "--unwise-dir",     wise + "/empty:" + wise + "/unwise",
                                  "--unwise-tr-dir",  wise + "/unwise-tr",
                                  "--unwise-psf-dir", wise + "/psf",
                                  "--wise-epochs",    "3",
                                  "--galex",          "--no-page",
                                  "--galex-dir",      (survey() / "galex").string(),
                                  "--dust-dir",       dust().string()})
      words.push_back(w);
    words.insert(words.end(), extra.begin(), extra.end());
    return run_program(program("runbrick"), words, environment());
  }
  fs::path dust() const { return scratch_ / "dust"; }
  void SetUp() override {
    SurveyFixture::SetUp();
    fs::create_directories(survey() / "wise/empty");
    write_dust(0.05f);
  }
  void write_dust(float value) const {
    fs::create_directories(dust());
    for (const char* name : {"SFD_dust_4096_ngp.fits", "SFD_dust_4096_sgp.fits"}) {
      fits::FitsWriter writer;
      writer.add_image<float>(Image<float>(8, 8, value).const_view());
      writer.write(dust() / name);
    }
  }
  // The one tile, below `directory` of the survey.
  fs::path tile(const std::string& directory) const {
    const fs::path file = find_file("w1-img-m.fits", directory);
    return file.parent_path();
  }
};

// The stages that were not taken from their state; the last one, which only writes, never is.
std::set<std::string> made_anew(const ProgramResult& result) {
  std::set<std::string> names = {"tims",     "refs",   "outliers",    "halos",        "srcs",
                                 "fitblobs", "coadds", "wise_forced", "galex_forced", "forced_phot"};
  static const std::regex kLine("stage +(\\w+) +is taken from its state");
  for (std::sregex_iterator it(result.err.begin(), result.err.end(), kLine), end; it != end; ++it)
    names.erase((*it)[1]);
  return names;
}

TEST_F(SpacePhotometry, ProductsAreTheSameBytesForAnyNumberOfThreads) {
  std::map<std::string, std::string> first;
  for (const char* threads : {"1", "2", "8"}) {
    SCOPED_TRACE(threads);
    fs::remove_all(outdir());
    const ProgramResult result = run({"--threads", threads, "--save-unwise-psf"});
    ASSERT_EQ(result.exit_code, 0) << result.err;
    const std::map<std::string, std::string> products = products_below(outdir());
    if (first.empty()) {
      first = products;
      const auto count = [&](const std::string& part) {
        return std::count_if(first.begin(), first.end(),
                             [&](const auto& p) { return p.first.find(part) != std::string::npos; });
      };
      ASSERT_EQ(count("-W1.fits"), 4);  // image, invvar, model, PSF
      ASSERT_EQ(count("-NUV.fits"), 3);
      continue;
    }
    ASSERT_EQ(products.size(), first.size());
    for (const auto& [name, bytes] : products) EXPECT_TRUE(first[name] == bytes) << name;
  }
}

TEST_F(SpacePhotometry, StateIsOfTheFilesThatItWasMadeFrom) {
  ASSERT_EQ(run({"--keep-state"}).exit_code, 0);
  const std::map<std::string, std::string> products = products_below(outdir());
  const auto again = [&] {
    const ProgramResult result = run({"--keep-state"});
    EXPECT_EQ(result.exit_code, 0) << result.err;
    return made_anew(result);
  };
  using Names = std::set<std::string>;
  EXPECT_EQ(again(), Names{});
  const auto touch = [](const fs::path& file) {
    fs::last_write_time(file, fs::last_write_time(file) + std::chrono::seconds(2));
  };
  touch(find_file("w2-n-u.fits.gz", "wise/unwise"));
  EXPECT_EQ(again(), Names{"wise_forced"});
  touch(find_file("w1-img-m.fits", "wise/unwise-tr/e001"));
  EXPECT_EQ(again(), Names{"wise_forced"});
  touch(find_file("rrhr.fits.gz", "galex"));
  EXPECT_EQ(again(), Names{"galex_forced"});
  EXPECT_EQ(products_below(outdir()), products);  // nothing is different but the time
  write_dust(0.3f);
  EXPECT_EQ(again(), Names{});
  EXPECT_NE(products_below(outdir()), products);
  // A tile appears in a directory that is searched earlier.
  const fs::path from = tile("wise/unwise"), to = survey() / "wise/empty" / from.parent_path().filename();
  fs::create_directories(to);
  fs::copy(from, to / from.filename(), fs::copy_options::recursive);
  EXPECT_EQ(again(), Names{"wise_forced"});
  EXPECT_EQ(again(), Names{});
}

}  // namespace
}  // namespace brickline::test
