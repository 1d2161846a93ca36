// The table of what cameras have done wrong (tests/plugins/BROKEN.md) names tests that there are.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <regex>
#include <sstream>
#include <string>

namespace {

namespace fs = std::filesystem;

std::string text_of(const fs::path& file) {
  std::ostringstream text;
  text << std::ifstream(file).rdbuf();
  return text.str();
}

TEST(BrokenTable, NamesTestsThatThereAre) {
  const fs::path tests = BRICKLINE_SOURCE_DIR "/tests";
  std::string sources = text_of(tests / "CMakeLists.txt") + text_of(tests / "input/faults.py");
  for (const auto& entry : fs::recursive_directory_iterator(tests))
    if (entry.path().extension() == ".cpp" || entry.path().extension() == ".cases")
      sources += text_of(entry.path());
  std::istringstream lines(text_of(tests / "plugins/BROKEN.md"));
  int rows = 0;
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with("| ") || line.starts_with("| what ")) continue;
    ++rows;
    line.erase(line.find_last_of('|'));
    std::istringstream names(line.substr(line.find_last_of('|') + 1));
    for (std::string name; std::getline(names, name, ',');) {
      name = std::regex_replace(name, std::regex("^ +| +$"), "");
      std::string wanted = name;
      if (name.front() == '"')
        wanted = "case " + name.substr(1, name.size() - 2) + "\n";
      else if (name.starts_with("install."))
        wanted = "NAME " + name + "\n";
      else if (name.starts_with("input."))
        wanted = "def " + name.substr(6) + "():";
      else if (const auto dot = name.find('.'); dot != std::string::npos)
        wanted = "(" + name.substr(0, dot) + ", " + name.substr(dot + 1) + ")";
      EXPECT_NE(sources.find(wanted), std::string::npos) << name << " of: " << line;
    }
  }
  EXPECT_GT(rows, 50);
}

}  // namespace
