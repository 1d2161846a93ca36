// The options of fitting: which blobs are fitted and how, what is told of them, and what is refused.
#include <gtest/gtest.h>

#include "core/fits/fits_reader.h"
#include "tests/cli/survey_fixture.h"

namespace brickline::test {
namespace {

class FittingOptions : public SurveyFixture {
 protected:
  void SetUp() override {
    const ProgramResult made =
        run_program(program("simulate-survey"), {survey().string(), "--seed", "5", "--size", "400", "--bands",
                                                 "r", "--nexp", "1", "--density", "40", "--quiet"});
    ASSERT_EQ(made.exit_code, 0) << made.err;
  }
  std::filesystem::path product(const std::string& folder, const std::string& stem) const {
    for (const std::string& name : files_below(outdir()))
      if (name.starts_with(folder + "/") && std::filesystem::path(name).filename().string().starts_with(stem))
        return outdir() / name;
    ADD_FAILURE() << "no product like " << stem;
    return {};
  }
  fits::Table catalog_with(std::vector<std::string> options) {
    std::filesystem::remove_all(outdir());
    options.insert(options.end(), {"--bands", "r"});
    const ProgramResult result = run(options);
    EXPECT_EQ(result.exit_code, 0) << result.err;
    return fits::FitsReader(product("tractor", "tractor-")).table(1);
  }
  static std::string text_of(const std::filesystem::path& file) {
    std::ostringstream text;
    text << std::ifstream(file).rdbuf();
    return text.str();
  }
};

TEST_F(FittingOptions, SomeBlobsOnly) {
  const fits::Table all = catalog_with({});
  ASSERT_GT(all.rows(), 20);
  const fits::Table one = catalog_with({"--blobid", "1"});
  ASSERT_GE(one.rows(), 1);
  EXPECT_LT(one.rows(), all.rows());
  // The same source as before, in the same place, with the same fit.
  bool found = false;
  for (std::int64_t i = 0; i < all.rows(); ++i)
    found = found || (all.number("ra", i) == one.number("ra", 0) &&
                      all.number("flux_r", i) == one.number("flux_r", 0));
  EXPECT_TRUE(found);
  const std::string x = std::to_string(static_cast<int>(one.number("bx", 0) + 0.5)),
                    y = std::to_string(static_cast<int>(one.number("by", 0) + 0.5));
  EXPECT_EQ(catalog_with({"--blobxy", x, y}).numbers("flux_r"), one.numbers("flux_r"));
  EXPECT_EQ(
      catalog_with({"--blobradec", std::to_string(one.number("ra", 0)), std::to_string(one.number("dec", 0))})
          .numbers("flux_r"),
      one.numbers("flux_r"));
}

TEST_F(FittingOptions, LargeBlobsInPartsAreMarkedAndHoldTheSameSources) {
  const std::vector<std::string> one_blob = {"--blob-dilate", "60"};
  const fits::Table whole = catalog_with(one_blob);
  std::vector<std::string> in_parts = one_blob;
  in_parts.push_back("--sub-blobs");
  const fits::Table parts = catalog_with(in_parts);
  EXPECT_NEAR(static_cast<double>(parts.rows()), static_cast<double>(whole.rows()),
              0.05 * static_cast<double>(whole.rows()) + 1);
  fits::FitsReader status(product("metrics", "all-models-"));
  const fits::Table blobs = status.table(2);
  EXPECT_GT(blobs.rows(), 3);
  EXPECT_EQ(blobs.text("status", 0), "fitted");
  constexpr int kSubBlob = 0x10000;
  int marked = 0;
  for (std::int64_t i = 0; i < parts.rows(); ++i) marked += (parts.integer("maskbits", i) & kSubBlob) != 0;
  EXPECT_GT(marked, 0.9 * static_cast<double>(parts.rows()));
}

TEST_F(FittingOptions, TablesOfAJointFitSayWhoseProfilesTheyHaveAndWhatErrors) {
  catalog_with({"--fit", "joint", "--blobid", "1"});
  for (const auto& file : {product("tractor", "tractor-"), product("metrics", "all-models-")})
    for (const int hdu : {0, 1})
      EXPECT_EQ(fits::FitsReader(file).header(hdu).text("GALPROF"), "SERSIC") << file << " HDU " << hdu;
  for (const int hdu : {0, 1})
    EXPECT_EQ(fits::FitsReader(product("tractor", "tractor-")).header(hdu).text("IVARKIND"), "MARGINAL");
}

TEST_F(FittingOptions, ABlobIsExplained) {
  // Where no blob is, no page is written, and the brick is finished all the same.
  const fits::Table all = catalog_with({"--explain-blob", "0", "--explain-blob", "5000,5000"});
  const std::string page = text_of(product("metrics", "explain-"));
  EXPECT_NE(page.find("blob 0"), std::string::npos);
  EXPECT_NE(page.find("Source 1: "), std::string::npos);
  EXPECT_NE(page.find("</html>"), std::string::npos);
  // A blob that is not in the catalog leaves the finished brick alone.
  const std::vector<std::string> finished = files_below(outdir());
  const ProgramResult none = run({"--explain-blob", "100000", "--bands", "r"});
  EXPECT_EQ(none.exit_code, 3);
  EXPECT_NE(none.err.find("--explain-blob 100000: there are blobs 0 to "), std::string::npos) << none.err;
  EXPECT_EQ(files_below(outdir()), finished);
  // The page changes nothing else.
  EXPECT_EQ(all.numbers("flux_r"), catalog_with({}).numbers("flux_r"));
}

TEST_F(FittingOptions, WishesThatCannotBeMetAreRefused) {
  EXPECT_EQ(run({"--blobid", "1", "--nblobs", "2"}).exit_code, 2);
  EXPECT_EQ(run({"--nblobs", "0"}).exit_code, 2);
  EXPECT_EQ(run({"--iterative-nsigma", "0"}).exit_code, 2);
  EXPECT_EQ(run({"--blobid", "100000", "--bands", "r"}).exit_code, 3);
  EXPECT_EQ(run({"--explain-blob", "100000", "--bands", "r"}).exit_code, 3);
  EXPECT_EQ(run({"--explain-blob", "first", "--bands", "r"}).exit_code, 2);
}

}  // namespace
}  // namespace brickline::test
