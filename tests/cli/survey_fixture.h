// A small simulated survey, made once per build directory by the fixture of tests/CMakeLists.txt, and copies
// of it that a test may damage.
#pragma once

#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "tests/support/run_program.h"

namespace brickline::test {

inline std::filesystem::path simulated_survey() {
  return std::filesystem::path(BRICKLINE_BUILD_DIR) / "tests/data/small-survey";
}

class SurveyFixture : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(std::filesystem::exists(simulated_survey() / "sim.json"))
        << "the simulated survey is missing: run through ctest, which makes it";
    std::filesystem::copy(simulated_survey(), survey(), std::filesystem::copy_options::recursive);
  }

  std::filesystem::path survey() const { return scratch_ / "survey"; }
  std::filesystem::path outdir() const { return scratch_ / "out"; }

  // Brick and zoom of the simulation.
  std::vector<std::string> region() const {
    const auto sim = nlohmann::json::parse(std::ifstream(survey() / "sim.json"));
    std::vector<std::string> words = {"--brick", sim["brick"].get<std::string>(), "--zoom"};
    for (int edge : sim["zoom"]) words.push_back(std::to_string(edge));
    return words;
  }

  // runbrick on the survey's own region with the built cameras; `extra` is appended.
  ProgramResult run(const std::vector<std::string>& extra = {}) const {
    std::vector<std::string> words = region();
    for (const std::string& w : common()) words.push_back(w);
    words.insert(words.end(), extra.begin(), extra.end());
    return run_program(program("runbrick"), words, environment());
  }
  std::vector<std::string> common() const {
    return {"--survey-dir", survey().string(),        "--outdir",  outdir().string(),
            "--plugin-dir", built_plugins().string(), "--no-wise", "--no-page"};
  }
  static std::map<std::string, std::string> environment() {
    return {{"LEGACY_SURVEY_DIR", ""},
            {"DUST_DIR", ""},
            {"BRICKLINE_PLUGIN_PATH", ""},
            {"XDG_DATA_HOME", "/nonexistent"},
            {"GAIA_CAT_DIR", ""}};
  }

  // The first file below `directory` of the survey whose name holds `part`.
  std::filesystem::path find_file(const std::string& part, const std::string& directory = ".") const {
    std::vector<std::string> names = files_below(survey() / directory);
    std::sort(names.begin(), names.end());
    for (const std::string& name : names)
      if (std::filesystem::path(name).filename().string().find(part) != std::string::npos)
        return survey() / directory / name;
    ADD_FAILURE() << "no file like " << part;
    return {};
  }

  // Exactly one line says what is wrong, it begins "runbrick: error: " and holds every part; the exit code is
  // right; nothing was written.
  void expect_one_clear_line(const ProgramResult& result, int exit_code,
                             const std::vector<std::string>& parts) const {
    EXPECT_EQ(result.exit_code, exit_code) << result.err;
    std::istringstream lines(result.err);
    std::vector<std::string> errors;
    for (std::string line; std::getline(lines, line);)
      if (line.find("error") != std::string::npos) errors.push_back(line);
    ASSERT_EQ(errors.size(), 1u) << result.err;
    EXPECT_EQ(errors[0].rfind("runbrick: error: ", 0), 0u) << errors[0];
    for (const std::string& part : parts)
      EXPECT_NE(errors[0].find(part), std::string::npos) << part << " in " << errors[0];
    EXPECT_TRUE(files_below(outdir()).empty()) << files_below(outdir()).front();
  }

  TemporaryDirectory scratch_;
};

}  // namespace brickline::test
