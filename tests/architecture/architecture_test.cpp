// The arrows between rooms, read from every #include; that no camera is known by name outside its plugin; and that the
// links of the guides lead somewhere.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cctype>
#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <vector>

namespace {

namespace fs = std::filesystem;
using ::testing::IsEmpty;

const fs::path kRoot = BRICKLINE_SOURCE_DIR;

std::string text_of(const fs::path& file) {
  std::ostringstream text;
  text << std::ifstream(file).rdbuf();
  return text.str();
}

bool is_code(const fs::path& file) {
  static const std::set<std::string> endings = {".h", ".hpp", ".c", ".cpp", ".cc", ".inc", ".in"};
  return endings.contains(file.extension().string());
}

std::vector<fs::path> code_below(const std::string& directory) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::recursive_directory_iterator(kRoot / directory))
    if (entry.is_regular_file() && is_code(entry.path())) files.push_back(entry.path());
  return files;
}

// What each room may include, closed over its arrows.
std::map<std::string, std::set<std::string>> table_of_rooms() {
  std::map<std::string, std::set<std::string>> rooms;
  std::istringstream lines(text_of(kRoot / "tests/architecture/rooms.txt"));
  for (std::string line; std::getline(lines, line);) {
    if (line.empty() || line[0] == '#') continue;
    const std::string room = line.substr(0, line.find(':'));
    std::set<std::string>& may = rooms[room];
    may.insert(room);
    std::istringstream words(line.substr(line.find(':') + 1));
    for (std::string other; words >> other;) {
      EXPECT_TRUE(rooms.contains(other)) << room << " points at " << other << ", which stands below it";
      if (rooms.contains(other)) may.insert(rooms[other].begin(), rooms[other].end());
    }
  }
  return rooms;
}

// "core/fits" of "core/fits/table.h"; "plugins" and "sdk" as a whole.
std::string room_of(const std::string& path) {
  const std::size_t first = path.find('/');
  const std::string top = path.substr(0, first);
  if (top != "core" && top != "tools") return top;
  const std::size_t second = path.find('/', first + 1);
  return path.substr(0, second);
}

std::vector<std::string> includes_of(const std::string& text) {
  static const std::regex form(R"re((?:^|\n)[ \t]*#[ \t]*include[ \t]*["<]([^">]+)[">])re");
  std::vector<std::string> names;
  for (std::sregex_iterator it(text.begin(), text.end(), form), end; it != end; ++it)
    names.push_back((*it)[1]);
  return names;
}

bool is_ours(const std::string& include) {
  static const std::regex form("^(core|tools|plugins|sdk|tests)/.*");
  return std::regex_match(include, form);
}

TEST(Rooms, IncludeOnlyWhatTheTableAllows) {
  const auto rooms = table_of_rooms();
  std::vector<std::string> wrong;
  std::size_t seen = 0;
  for (const char* top : {"core", "tools", "plugins", "sdk"})
    for (const fs::path& file : code_below(top)) {
      const std::string name = fs::relative(file, kRoot).string(), room = room_of(name);
      if (!rooms.contains(room)) {
        wrong.push_back(name + ": the room " + room + " is not in the table");
        continue;
      }
      for (const std::string& include : includes_of(text_of(file))) {
        const bool sdk = include.starts_with("brickline/");
        if (!sdk && !is_ours(include)) continue;
        ++seen;
        const std::string other = sdk ? "sdk" : room_of(include);
        if (!rooms.at(room).contains(other)) wrong.push_back(name + " includes " + include);
      }
    }
  EXPECT_THAT(wrong, IsEmpty());
  EXPECT_GT(seen, 100u);
}

TEST(Rooms, OnlyTheCameraRoomKnowsTheBinaryInterface) {
  std::vector<std::string> wrong;
  for (const fs::path& file : code_below("core"))
    for (const std::string& include : includes_of(text_of(file)))
      if (include.starts_with("brickline/") && room_of(fs::relative(file, kRoot).string()) != "core/camera")
        wrong.push_back(file.string() + " includes " + include);
  EXPECT_THAT(wrong, IsEmpty());
}

TEST(Plugins, UseTheSdkAndTheStandardLibraryAlone) {
  std::vector<std::string> wrong;
  for (const fs::path& file : code_below("plugins"))
    for (const std::string& include : includes_of(text_of(file))) {
      const bool beside = fs::exists(file.parent_path() / include);
      const bool standard = include.find('/') == std::string::npos && include.find(".h") == std::string::npos;
      if (!beside && !standard && !include.starts_with("brickline/"))
        wrong.push_back(file.string() + ": " + include);
    }
  EXPECT_THAT(wrong, IsEmpty());
}

TEST(Names, NoCameraIsNamedInTheCodeOfCoreAndTools) {
  static const std::regex camera(R"((^|[^a-z])(decam|mosaic-?3?|90prime|bok)($|[^a-z]))", std::regex::icase);
  std::vector<std::string> wrong;
  for (const char* top : {"core", "tools"})
    for (const fs::path& file : code_below(top)) {
      const std::string name = fs::relative(file, kRoot).string();
      if (name.starts_with("tools/simulate_survey/")) continue;  // it writes their layouts
      std::istringstream lines(text_of(file));
      int number = 0;
      for (std::string line; std::getline(lines, line);) {
        ++number;
        // Parts of columns' published names.
        line = std::regex_replace(line, std::regex("decam_(mag_|extinction)"), "");
        if (std::regex_search(line, camera))
          wrong.push_back(name + ":" + std::to_string(number) + ": " + line);
      }
    }
  EXPECT_THAT(wrong, IsEmpty());
}

// A page without its blocks of commands.
std::string prose_of(const fs::path& page) {
  std::string prose;
  std::istringstream lines(text_of(page));
  bool commands = false;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("```")) commands = !commands;
    if (!commands) prose += line + '\n';
  }
  return prose;
}

// What a link says of a heading: "## PSF and sky, again" is "psf-and-sky-again".
std::set<std::string> headings_of(const fs::path& page) {
  std::set<std::string> headings;
  std::istringstream lines(prose_of(page));
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with('#')) continue;
    std::string heading;
    for (const char c : line.substr(line.find_first_not_of("# "))) {
      if (c == ' ' || c == '-' || c == '_') heading += c == ' ' ? '-' : c;
      if (std::isalnum(static_cast<unsigned char>(c))) heading += static_cast<char>(std::tolower(c));
    }
    headings.insert(heading);
  }
  return headings;
}

TEST(Guides, LinkToPagesAndHeadingsThatAreThere) {
  std::vector<fs::path> pages = {kRoot / "README.md"};
  for (const char* top : {"core", "plugins", "sdk", "tools", "tests", ".github"})
    for (const auto& entry : fs::recursive_directory_iterator(kRoot / top))
      if (entry.path().extension() == ".md") pages.push_back(entry.path());
  static const std::regex link(R"(\]\(([^)#]*)#?([^)]*)\))");
  std::vector<std::string> wrong;
  std::size_t seen = 0;
  for (const fs::path& page : pages) {
    const std::string prose = prose_of(page);
    for (std::sregex_iterator found(prose.begin(), prose.end(), link), end; found != end; ++found) {
      const std::string to = (*found)[1], heading = (*found)[2];
      if (to.starts_with("http")) continue;
      const fs::path there = to.empty() ? page : page.parent_path() / to;
      ++seen;
      if (!fs::exists(there) || (!heading.empty() && !headings_of(there).contains(heading)))
        wrong.push_back(fs::relative(page, kRoot).string() + ": " + found->str());
    }
  }
  EXPECT_THAT(wrong, IsEmpty());
  EXPECT_GT(seen, 30u);
}

}  // namespace
