// Bad input ends in one clear line that names the file and says what to do, the right exit code, and no
// output.
#include <gtest/gtest.h>

#include <cmath>

#include "core/fits/fits_reader.h"
#include "core/fits/fits_writer.h"
#include "tests/cli/survey_fixture.h"

namespace brickline::test {
namespace {

using BadInput = SurveyFixture;

// Rewrites the survey's CCD table after `change`.
void change_ccds(const std::filesystem::path& file, const std::function<void(fits::Table&)>& change) {
  fits::Table table = fits::FitsReader(file).table(1);
  change(table);
  fits::FitsWriter writer;
  writer.add_table(table);
  writer.write(file);
}

TEST_F(BadInput, NoSurveyDirectory) {
  expect_one_clear_line(
      run_program(program("runbrick"), {"--brick", "1501p022", "--outdir", outdir().string()}, environment()),
      3, {"--survey-dir", "LEGACY_SURVEY_DIR"});
  expect_one_clear_line(run_program(program("runbrick"),
                                    {"--brick", "1501p022", "--survey-dir", "/nonexistent/survey", "--outdir",
                                     outdir().string()},
                                    environment()),
                        3, {"/nonexistent/survey"});
}

TEST_F(BadInput, UnknownBrickSuggestsTheNearestNames) {
  std::vector<std::string> words = common();
  words.insert(words.end(), {"--brick", "1501p023"});
  expect_one_clear_line(run_program(program("runbrick"), words, environment()), 3, {"1501p023", "1501p022"});
}

TEST_F(BadInput, TruncatedImage) {
  const auto image = find_file("_ooi_", "images");
  std::filesystem::resize_file(image, std::filesystem::file_size(image) / 2);
  expect_one_clear_line(run(), 3, {image.filename().string(), "truncated"});
}

TEST_F(BadInput, ImageWithoutTheHdu) {
  const auto image = find_file("_ooi_", "images");
  change_ccds(find_file("survey-ccds"), [](fits::Table& table) {
    fits::Column& hdu = *table.find("image_hdu");
    std::visit(
        [](auto& v) {
          using T = typename std::decay_t<decltype(v)>::value_type;
          if constexpr (std::is_arithmetic_v<T>)
            for (std::size_t i = 0; i < v.size(); ++i) v[i] = static_cast<T>(77);
        },
        hdu.data);
  });
  expect_one_clear_line(run(), 3, {image.filename().string(), "HDU 77"});
}

TEST_F(BadInput, MissingMaskFile) {
  const auto mask = find_file("_ood_", "images");
  std::filesystem::remove(mask);
  expect_one_clear_line(run(), 3, {mask.filename().string()});
}

TEST_F(BadInput, MissingSkyCalibration) {
  std::filesystem::remove_all(survey() / "calib" / "sky");
  expect_one_clear_line(run(), 3, {"sky"});
}

TEST_F(BadInput, ZeroPointThatIsNoNumber) {
  const auto table = find_file("survey-ccds");
  change_ccds(table, [](fits::Table& t) {
    std::visit(
        [](auto& v) {
          using T = typename std::decay_t<decltype(v)>::value_type;
          if constexpr (std::is_floating_point_v<T>) v[0] = std::nan("");
        },
        t.find("ccdzpt")->data);
  });
  expect_one_clear_line(run(), 3, {table.filename().string(), "ccdzpt", "row 1"});
}

TEST_F(BadInput, EmptyCcdTable) {
  const auto table = find_file("survey-ccds");
  change_ccds(table, [](fits::Table& t) { t = t.select({}); });
  expect_one_clear_line(run(), 3, {table.filename().string()});
}

TEST_F(BadInput, OptionsThatAreUnknownOrContradictEachOther) {
  const auto with = [&](std::vector<std::string> words) {
    words.insert(words.end(), {"--survey-dir", survey().string(), "--outdir", outdir().string()});
    return run_program(program("runbrick"), words, environment());
  };
  expect_one_clear_line(with({"--brick", "1501p022", "--no-such-option"}), 2, {"--no-such-option"});
  expect_one_clear_line(with({}), 2, {"--brick", "--radec"});
  expect_one_clear_line(with({"--brick", "1501p022", "--radec", "150.1", "2.2"}), 2, {"--brick", "--radec"});
  expect_one_clear_line(with({"--brick", "1501p022", "--zoom", "100", "50", "0", "10"}), 2,
                        {"--zoom 100 50 0 10"});
  expect_one_clear_line(with({"--brick", "1501p022", "--stage", "sources"}), 2, {"'sources'", "fitblobs"});
  expect_one_clear_line(with({"--brick", "1501p022", "--bands", "g,,r"}), 2, {"--bands"});
  expect_one_clear_line(with({"--radec", "here", "there"}), 2, {"here"});
}

TEST_F(BadInput, ABrickWithoutImagesIsDoneAndLeavesAMarker) {
  std::vector<std::string> words = common();
  words.insert(words.end(), {"--radec", "10", "-40", "--width", "50", "--height", "50"});
  const ProgramResult result = run_program(program("runbrick"), words, environment());
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_NE(result.err.find("nothing to do"), std::string::npos) << result.err;
  const auto files = files_below(outdir());
  ASSERT_EQ(files.size(), 1u);
  EXPECT_EQ(files[0], "tractor/cus/nothing-custom-010000m40000.json");
  const auto marker = nlohmann::json::parse(std::ifstream(outdir() / files[0]));
  EXPECT_EQ(marker["brick"], "custom-010000m40000");
}

TEST_F(BadInput, CcdsOfAMissingCameraEndTheRunBeforeAnyWork) {
  const auto plugins = scratch_ / "plugins";
  std::filesystem::create_directory(plugins);
  std::ofstream(plugins / "x.camera.so") << "this is not a library\n";
  std::vector<std::string> words = region();
  words.insert(words.end(), {"--survey-dir", survey().string(), "--outdir", outdir().string(), "--plugin-dir",
                             plugins.string()});
  const ProgramResult result = run_program(program("runbrick"), words, environment());
  const auto sim = nlohmann::json::parse(std::ifstream(survey() / "sim.json"));
  expect_one_clear_line(result, 5, {sim["camera"].get<std::string>(), plugins.string(), "x.camera.so"});
}

}  // namespace
}  // namespace brickline::test
