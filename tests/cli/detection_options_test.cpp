// The options of detection: what each changes in the table of sources, and what is refused.
#include <gtest/gtest.h>

#include "core/fits/fits_reader.h"
#include "tests/cli/survey_fixture.h"

namespace brickline::test {
namespace {

class DetectionOptions : public SurveyFixture {
 protected:
  // A crowded field, so that sources share blobs.
  void SetUp() override {
    const ProgramResult made =
        run_program(program("simulate-survey"), {survey().string(), "--seed", "5", "--size", "140", "--bands",
                                                 "r", "--nexp", "1", "--density", "300", "--quiet"});
    ASSERT_EQ(made.exit_code, 0) << made.err;
  }
  fits::Table sources_with(std::vector<std::string> options) {
    std::filesystem::remove_all(outdir());
    options.insert(options.end(), {"--stage", "srcs", "--bands", "r"});
    const ProgramResult result = run(options);
    EXPECT_EQ(result.exit_code, 0) << result.err;
    said_ = result.err;
    for (const std::string& name : files_below(outdir()))
      if (std::filesystem::path(name).filename().string().starts_with("sources-"))
        return fits::FitsReader(outdir() / name).table(1);
    ADD_FAILURE() << "no table of sources";
    return {};
  }
  // Of all blobs' boxes.
  static std::int64_t area(const fits::Table& t) {
    std::int64_t sum = 0;
    for (std::int64_t i = 0; i < t.rows(); ++i)
      sum += (t.integer("blob_x1", i) - t.integer("blob_x0", i)) *
             (t.integer("blob_y1", i) - t.integer("blob_y0", i));
    return sum;
  }
  std::string said_;
};

TEST_F(DetectionOptions, DefaultsAreThoseOfTheHelp) {
  const fits::Table usual = sources_with({}),
                    said = sources_with({"--nsigma", "6", "--saddle-fraction", "0.1", "--saddle-min", "2",
                                         "--blob-dilate", "8"});
  ASSERT_GT(usual.rows(), 5);
  EXPECT_EQ(usual.numbers("peaksn"), said.numbers("peaksn"));
  EXPECT_EQ(usual.numbers("blob_x0"), said.numbers("blob_x0"));
}

TEST_F(DetectionOptions, EachHasItsEffect) {
  const fits::Table usual = sources_with({});
  EXPECT_LT(area(sources_with({"--blob-dilate", "2"})), area(usual));
  // Sources of one blob need a deep saddle between them.
  EXPECT_LT(sources_with({"--saddle-fraction", "0.95"}).rows(), usual.rows());
  EXPECT_LT(sources_with({"--saddle-min", "1000"}).rows(), usual.rows());
  const fits::Table bright = sources_with({"--nsigma", "30"});
  EXPECT_LT(bright.rows(), usual.rows());
  for (const double sn : bright.numbers("peaksn")) EXPECT_GT(sn, 30);
}

TEST_F(DetectionOptions, MoreSaturatedImagesThanCanBeCountedIsAWarning) {
  const fits::Table usual = sources_with({}), counted = sources_with({"--nsatur", "300"});
  EXPECT_NE(said_.find("--nsatur 300"), std::string::npos) << said_;
  EXPECT_NE(said_.find("254"), std::string::npos) << said_;
  EXPECT_EQ(usual.rows(), counted.rows());
}

TEST_F(DetectionOptions, ValuesThatMakeNoSenseAreUsageErrors) {
  struct Bad {
    const char *option, *value;
  };
  for (const Bad& bad :
       {Bad{"--saddle-fraction", "-0.1"}, Bad{"--saddle-fraction", "1.5"}, Bad{"--saddle-fraction", "nan"},
        Bad{"--saddle-min", "-2"}, Bad{"--saddle-min", "nan"}, Bad{"--blob-dilate", "-1"},
        Bad{"--blob-dilate", "2000"}, Bad{"--nsatur", "0"}, Bad{"--nsatur", "-3"}, Bad{"--nsigma", "0"}})
    expect_one_clear_line(run({std::string(bad.option) + "=" + bad.value}), 2, {bad.option});
}

}  // namespace
}  // namespace brickline::test
