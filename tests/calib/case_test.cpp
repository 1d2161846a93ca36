// survey pack: the case runs alone, and gives the catalog that its survey gives.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "core/fits/fits_reader.h"
#include "tests/cli/survey_fixture.h"

namespace brickline {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::Not;
using Words = std::vector<std::string>;

std::string bytes_of(const fs::path& file) {
  std::ostringstream text;
  text << std::ifstream(file, std::ios::binary).rdbuf();
  return text.str();
}

std::uintmax_t size_below(const fs::path& directory) {
  std::uintmax_t size = 0;
  for (const std::string& name : test::files_below(directory)) size += fs::file_size(directory / name);
  return size;
}

class Case : public test::SurveyFixture {
 protected:
  // The survey with everything that there is in the sky.
  Words options() const {
    const std::string s = survey().string();
    Words words = region();
    words.insert(words.end(),
                 {"--survey-dir", s, "--plugin-dir", test::built_plugins().string(), "--no-page"});
    for (const auto& [flag, place] : {std::pair{"--gaia-dir", "gaia"},
                                      {"--unwise-dir", "wise/unwise"},
                                      {"--unwise-tr-dir", "wise/unwise-tr"},
                                      {"--unwise-psf-dir", "wise/psf"},
                                      {"--galex-dir", "galex"}})
      words.insert(words.end(), {flag, (survey() / place).string()});
    words.insert(words.end(), {"--galex", "--wise-epochs", "3"});
    return words;
  }
  test::ProgramResult pack(const Words& more) const {
    Words words = {"pack"};
    for (const std::string& word : options()) words.push_back(word);
    words.insert(words.end(), more.begin(), more.end());
    return test::run_program(test::program("survey"), words, environment());
  }
  fs::path catalog_of(const fs::path& out) const {
    for (const std::string& name : test::files_below(out / "tractor"))
      if (fs::path(name).filename().string().starts_with("tractor-")) return out / "tractor" / name;
    ADD_FAILURE() << "no catalog in " << out;
    return {};
  }
};

TEST_F(Case, WholeOrCutItGivesTheSameCatalogWithoutItsSurvey) {
  const fs::path whole = scratch_ / "whole", cut = scratch_ / "cut";
  const test::ProgramResult packed = pack({whole.string()});
  ASSERT_EQ(packed.exit_code, 0) << packed.err;
  const test::ProgramResult packed_cut = pack({"--cut", cut.string()});
  ASSERT_EQ(packed_cut.exit_code, 0) << packed_cut.err;
  EXPECT_THAT(packed_cut.out, Not(HasSubstr("copied whole")));
  EXPECT_LT(size_below(cut / "survey/images"), size_below(whole / "survey/images"));
  for (const std::string& name : test::files_below(cut / "survey/images")) {
    fits::FitsReader reader(cut / "survey/images" / name);
    for (int hdu = 0; hdu < reader.hdu_count(); ++hdu)
      EXPECT_TRUE(reader.checksums_agree(hdu)) << name << hdu;
  }
  Words words = options();
  words.insert(words.end(), {"--outdir", outdir().string(), "--skip-calibs"});
  ASSERT_EQ(test::run_program(test::program("runbrick"), words, environment()).exit_code, 0);
  fs::rename(survey(), scratch_ / "elsewhere");
  const std::string catalog = bytes_of(catalog_of(outdir()));
  ASSERT_FALSE(catalog.empty());
  for (const fs::path& here : {whole, cut}) {
    // Another machine: the case lies elsewhere, too.
    const fs::path there = scratch_ / "there" / here.filename();
    fs::create_directories(there.parent_path());
    fs::rename(here, there);
    std::map<std::string, std::string> variables = environment();
    variables["RUNBRICK"] = test::program("runbrick").string();
    variables["GAIA_CAT_DIR"] = "/does/not/exist";
    const fs::path out = scratch_ / "again" / here.filename();
    const test::ProgramResult run =
        test::run_program("/bin/sh", {(there / "run.sh").string(), "--outdir", out.string()}, variables);
    ASSERT_EQ(run.exit_code, 0) << run.err;
    EXPECT_TRUE(bytes_of(catalog_of(out)) == catalog) << here;
  }
}

// What variables said when it was packed would count as typed in it.
TEST_F(Case, KnowsNothingOfPathsThatItsRunDoesNotLookAt) {
  const auto variables = [&](const fs::path& below) {
    std::map<std::string, std::string> out = environment();
    out["GALEX_DIR"] = (below / "galex").string();
    for (const auto& [name, place] : {std::pair{"COADDS_TIMERESOLVED_DIR", "unwise-tr"},
                                      {"PSF_DIR", "psf"},
                                      {"MODEL_SKY_DIR", "unwise"},
                                      {"TILES", "psf/wise-tiles.fits"}})
      out[std::string("UNWISE_") + name] = (below / "wise" / place).string();
    return out;
  };
  std::map<std::string, std::string> given = variables(survey()), with_coadds = given;
  with_coadds["UNWISE_COADDS_DIR"] = (survey() / "wise/unwise").string();
  const auto pack_with = [&](const std::map<std::string, std::string>& environment, const fs::path& where,
                             const Words& more) {
    Words words = {"pack", where.string(), "--survey-dir", survey().string()};
    words.insert(words.end(), {"--plugin-dir", test::built_plugins().string(), "--no-page"});
    for (const std::string& word : region()) words.push_back(word);
    words.insert(words.end(), more.begin(), more.end());
    return test::run_program(test::program("survey"), words, environment);
  };
  const fs::path bare = scratch_ / "bare", without = scratch_ / "without";
  const test::ProgramResult one = pack_with(given, bare, {}),
                            other = pack_with(with_coadds, without, {"--no-wise"});
  ASSERT_EQ(one.exit_code, 0) << one.err;
  ASSERT_EQ(other.exit_code, 0) << other.err;
  fs::rename(survey(), scratch_ / "elsewhere");
  std::map<std::string, std::string> there = environment();
  there["RUNBRICK"] = test::program("runbrick").string();
  for (const fs::path& here : {bare, without}) {
    EXPECT_THAT(bytes_of(here / "run.sh"), Not(HasSubstr(survey().string()))) << here;
    const test::ProgramResult run = test::run_program(
        "/bin/sh", {(here / "run.sh").string(), "--outdir", outdir().string(), "--stage", "refs"}, there);
    EXPECT_EQ(run.exit_code, 0) << here << run.err;
  }
}

// A case that is not as it was packed would give another catalog than its survey, without a word.
TEST_F(Case, ThatIsNotAsPackedIsTold) {
  const fs::path packed = scratch_ / "case", here = packed / "survey";
  ASSERT_EQ(pack({"--cut", packed.string()}).exit_code, 0);
  const auto check = [&](const Words& more) {
    Words words = {"check"};
    for (const std::string& word : options())
      words.push_back(word == survey().string() ? here.string() : word);
    words.insert(words.end(), more.begin(), more.end());
    return test::run_program(test::program("survey"), words, environment());
  };
  const test::ProgramResult whole = check({});
  EXPECT_EQ(whole.exit_code, 0) << whole.err;
  EXPECT_THAT(whole.out, HasSubstr("a run can begin\n"));
  // A block behind an image's end, which reads as well as before.
  std::string name;
  for (const std::string& file : test::files_below(here / "images"))
    if (file.find("_ooi_") != std::string::npos) name = file;
  const std::string before = bytes_of(here / "images" / name);
  const auto write = [&](const std::string& text) {
    std::ofstream(here / "images" / name, std::ios::binary) << text;
  };
  write(before + std::string(2880, '\0'));
  fs::remove(packed / "run.sh");
  const test::ProgramResult changed = check({"--problems"});
  EXPECT_EQ(changed.exit_code, 3);
  EXPECT_THAT(changed.out, HasSubstr(fs::path(name).filename().string() + ": is not what was packed"));
  EXPECT_THAT(changed.out, HasSubstr("run.sh: is gone"));
  EXPECT_THAT(changed.err, HasSubstr("2 files of the case"));
  EXPECT_THAT(check({"--json"}).out, HasSubstr("is not what was packed"));
  // Cut off, it cannot be read either.
  write(before.substr(0, before.size() / 2));
  const test::ProgramResult halved = check({"--problems"});
  EXPECT_EQ(halved.exit_code, 3);
  EXPECT_THAT(halved.out, HasSubstr("unreadable"));
}

TEST_F(Case, IsNotMadeOfWhatIsNotThere) {
  fs::remove(find_file("_ood_g_", "images"));
  const test::ProgramResult result = pack({(scratch_ / "case").string()});
  EXPECT_EQ(result.exit_code, 3);
  EXPECT_THAT(result.err, testing::AllOf(HasSubstr("_ood_g_"), HasSubstr("missing")));
  EXPECT_FALSE(fs::exists(scratch_ / "case"));
}

TEST_F(Case, DoesNotTakeThePlaceOfAnything) {
  const test::ProgramResult result = pack({survey().string()});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_THAT(result.err, HasSubstr("no empty directory"));
}

}  // namespace
}  // namespace brickline
