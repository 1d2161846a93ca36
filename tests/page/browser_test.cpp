// Pages as a reader meets them: opened from disk in chromium, by tests/page/browse.py.
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "core/page/run_page.h"
#include "tests/page/made_run.h"
#include "tests/support/data.h"
#include "tests/support/run_program.h"

namespace brickline::test {
namespace {

void write(const std::filesystem::path& path, const std::string& text) {
  std::ofstream(path, std::ios::binary) << text;
}

// Looks at the page; what is wrong with it are failures. Screenshots go to $BRICKLINE_SHOTS/NAME, if that is set.
void browse(const std::filesystem::path& page, const std::string& name,
            const std::vector<std::string>& further = {}) {
  std::vector<std::string> words = {std::string(BRICKLINE_SOURCE_DIR) + "/tests/page/browse.py",
                                    page.string()};
  if (const char* shots = std::getenv("BRICKLINE_SHOTS")) {
    words.push_back("--shots");
    words.push_back(std::string(shots) + "/" + name);
  }
  words.insert(words.end(), further.begin(), further.end());
  const ProgramResult result = run_program("/usr/bin/python3", words);
  if (result.exit_code == 77) GTEST_SKIP() << result.out;
  EXPECT_EQ(result.exit_code, 0) << result.out << result.err;
  for (std::istringstream lines(result.out); !lines.eof();) {
    std::string line;
    std::getline(lines, line);
    if (line.find("opens in") != std::string::npos || line.find("MB") != std::string::npos)
      std::cout << name << ": " << line << '\n';
  }
}

// The page that a run has left.
std::filesystem::path page_below(const std::filesystem::path& outdir) {
  for (const std::string& name : files_below(outdir))
    if (name.find("/run-") != std::string::npos && name.ends_with(".html")) return outdir / name;
  ADD_FAILURE() << "no page below " << outdir;
  return {};
}

// runbrick on a golden case's survey with its options; false if the data are not there.
bool run_case(const std::string& name, const std::filesystem::path& outdir,
              const std::vector<std::string>& further = {}) {
  const auto golden = data_dir() / "golden" / name;
  if (!std::filesystem::exists(golden / "case.json")) return false;
  const auto json = nlohmann::json::parse(std::ifstream(golden / "case.json"));
  const std::string survey = (data_dir() / "surveys" / json["survey"].get<std::string>()).string();
  const auto filled = [&](std::string text) {
    for (const auto& [mark, value] :
         {std::pair<std::string, std::string>{"{survey}", survey}, {"{data}", data_dir().string()}})
      if (const std::size_t at = text.find(mark); at != std::string::npos)
        text.replace(at, mark.size(), value);
    return text;
  };
  std::map<std::string, std::string> environment = {{"BRICKLINE_PLUGIN_PATH", ""},
                                                    {"XDG_DATA_HOME", "/nonexistent"}};
  for (const auto& [key, value] : json["env"].items()) environment[key] = filled(value);
  std::vector<std::string> words = {"--survey-dir",  survey,         "--outdir",
                                    outdir.string(), "--plugin-dir", built_plugins().string()};
  for (const auto& word : json["args"]) words.push_back(filled(word));
  if (std::filesystem::exists(golden / "calib"))
    words.insert(words.end(), {"--calib-dir", (golden / "calib").string()});
  words.insert(words.end(), further.begin(), further.end());
  const ProgramResult result = run_program(program("runbrick"), words, environment);
  EXPECT_EQ(result.exit_code, 0) << result.err;
  return true;
}

TEST(Browser, ReadsThePageOfRealImages) {
  TemporaryDirectory out;
  if (!run_case("testcase9", out.path())) GTEST_SKIP() << "no data in " << data_dir();
  browse(page_below(out.path()), "testcase9");
}

TEST(Browser, ReadsThePageOfASimulatedSky) {
  TemporaryDirectory out;
  if (!run_case("sim300", out.path())) GTEST_SKIP() << "no data in " << data_dir();
  browse(page_below(out.path()), "sim300");
}

// How long that takes: browse.py PAGE --most-seconds 2 --brief, on an idle machine.
TEST(Browser, OpensABrickOfSevenThousandSources) {
  TemporaryDirectory out;
  const RunPage page = make_run_page(made_run(7000, 3600));
  write(out / "page.html", page.html);
  write(out / "page.json", page.json);
  browse(out / "page.html", "seven-thousand", {"--brief"});
}

TEST(Browser, ReadsThePageOfARunThatFailedEarly) {
  TemporaryDirectory out;
  RunFacts facts;
  facts.brick = "1501p022";
  facts.status = "failed";
  facts.message = "images/c4d.fits.fz: not a FITS file";
  facts.stages = {{"tims", "failed", facts.message, 1, 1, 100'000'000, 0}};
  facts.messages = {{"error", "tims", facts.message}};
  const RunPage page = make_run_page(facts);
  write(out / "page.html", page.html);
  write(out / "page.json", page.json);
  browse(out / "page.html", "failed");
}

}  // namespace
}  // namespace brickline::test
