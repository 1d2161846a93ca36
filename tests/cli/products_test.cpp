// The products as their readers meet them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "core/fits/fits_reader.h"
#include "tests/cli/survey_fixture.h"

namespace brickline::test {
namespace {

class Products : public SurveyFixture {
 protected:
  std::string catalog_in(const std::filesystem::path& directory) const {
    for (const std::string& name : files_below(directory))
      if (name.starts_with("tractor/") && name.ends_with(".fits")) return (directory / name).string();
    return {};
  }
  ProgramResult run_into(const std::filesystem::path& directory, const std::vector<std::string>& extra,
                         std::map<std::string, std::string> variables = environment()) const {
    std::vector<std::string> words = region();
    words.insert(words.end(), {"--survey-dir", survey().string(), "--outdir", directory.string(),
                               "--plugin-dir", built_plugins().string(), "--no-wise", "--no-page"});
    words.insert(words.end(), extra.begin(), extra.end());
    return run_program(program("runbrick"), words, variables);
  }
};

TEST_F(Products, MeanTheSameInAstropy) {
  const ProgramResult may = run_program("/usr/bin/python3", {"-c", "import astropy"});
  if (may.exit_code != 0) GTEST_SKIP() << "/usr/bin/python3 has no astropy";
  ASSERT_EQ(run({"--save-coadd-psf"}).exit_code, 0);
  const std::string text = (scratch_ / "catalog.ecsv").string();
  const ProgramResult exported =
      run_program(program("catalog-tool"), {"ecsv", catalog_in(outdir()), "--output", text});
  ASSERT_EQ(exported.exit_code, 0) << exported.err;
  const ProgramResult checked = run_program(
      "/usr/bin/python3",
      {std::string(BRICKLINE_SOURCE_DIR) + "/tests/cli/check_products.py", outdir().string(), text});
  EXPECT_EQ(checked.exit_code, 0) << checked.out << checked.err;
}

// Two runs, one with other threads, into other directories.
TEST_F(Products, AreTheSameBytesWhoeverMakesThemAndWherever) {
  const auto bytes_of = [](const std::filesystem::path& path) {
    std::ostringstream text;
    text << std::ifstream(path).rdbuf();
    return text.str();
  };
  std::vector<std::string> names;
  for (const char* threads : {"1", "1", "2", "8"}) {
    const std::filesystem::path directory = scratch_ / ("out-" + std::to_string(names.size()) + threads);
    const ProgramResult result = run_into(directory, {"--threads", threads});
    ASSERT_EQ(result.exit_code, 0) << result.err;
    std::vector<std::string> made = files_below(directory);
    std::sort(made.begin(), made.end());
    EXPECT_GT(made.size(), 30u);
    if (names.empty()) {
      names = made;
      std::filesystem::rename(directory, scratch_ / "first");
      continue;
    }
    ASSERT_EQ(made, names);
    for (const std::string& name : names)
      EXPECT_EQ(bytes_of(directory / name), bytes_of(scratch_ / "first" / name))
          << name << ", threads " << threads;
    std::filesystem::remove_all(directory);
  }
}

using CatalogTool = Products;

TEST_F(CatalogTool, SaysWhatTheColumnsAre) {
  const ProgramResult schema = run_program(program("catalog-tool"), {"schema"});
  EXPECT_EQ(schema.exit_code, 0);
  std::ostringstream page;
  page << std::ifstream(std::string(BRICKLINE_SOURCE_DIR) + "/core/catalog/COLUMNS.md").rdbuf();
  EXPECT_EQ(schema.out, page.str());
}

TEST_F(CatalogTool, WritesARegionPerSource) {
  ASSERT_EQ(run().exit_code, 0);
  const ProgramResult regions = run_program(program("catalog-tool"), {"regions", catalog_in(outdir())});
  ASSERT_EQ(regions.exit_code, 0) << regions.err;
  const std::int64_t rows = fits::FitsReader(catalog_in(outdir())).table(1).rows();
  EXPECT_GT(rows, 0);
  EXPECT_EQ(std::count(regions.out.begin(), regions.out.end(), '\n'), rows + 2);
}

TEST_F(CatalogTool, EndsInAClearLineForWhatIsNoCatalog) {
  const auto fails_with = [](const std::vector<std::string>& words, int code, const std::string& part) {
    const ProgramResult result = run_program(program("catalog-tool"), words);
    EXPECT_EQ(result.exit_code, code) << result.err;
    EXPECT_THAT(result.err, ::testing::StartsWith("catalog-tool: error: "));
    EXPECT_THAT(result.err, ::testing::HasSubstr(part));
    EXPECT_EQ(std::count(result.err.begin(), result.err.end(), '\n'), 1);
  };
  fails_with({"ecsv", "/nonexistent/tractor.fits"}, 3, "/nonexistent/tractor.fits");
  fails_with({"regions", find_file("survey-ccds").string()}, 3, "survey-ccds");
  fails_with({"ecsv", find_file("survey-ccds").string(), "--columns", "ra,colour"}, 3, "colour");
  fails_with({}, 2, "--help");
}

}  // namespace
}  // namespace brickline::test
