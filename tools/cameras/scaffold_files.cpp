#include "tools/cameras/scaffold_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <nlohmann/json.hpp>

#include "core/base/atomic_file.h"
#include "core/base/error.h"
#include "core/camera/abi_version.h"

namespace brickline {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

// "my-cam" is the class MyCam.
std::string class_name(const std::string& name) {
  std::string out;
  bool capital = true;
  for (const char c : name) {
    const auto u = static_cast<unsigned char>(c);
    if (!std::isalnum(u)) {
      capital = true;
      continue;
    }
    if (out.empty() && std::isdigit(u)) out = "My";
    out += capital ? static_cast<char>(std::toupper(u)) : c;
    capital = false;
  }
  return out;
}

std::string source(const Scaffold& scaffold, const std::string& name) {
  const std::string type = class_name(name);
  return fmt::format(
      R"code(// The camera {0}. TODO.md has what is still open; the facts there are, `cameras reference`.
#include <brickline/camera.hpp>

using namespace brickline;

namespace {{

class {1} : public Camera {{
 public:
  Facts facts() const override {{
    return Facts::from_text(R"json({2})json");
  }}

  // What facts cannot say is a step of its own; what the facts say comes first. For example:
  // void saturation(Ccd& ccd, Step& step) const override {{
  //   Camera::saturation(ccd, step);
  //   for (std::int64_t y = 0; y < step.image().height(); ++y)
  //     for (std::int64_t x = 0; x < step.image().width(); ++x)
  //       if (step.image()(x, y) > 60000) {{
  //         step.mask()(x, y) |= mask_bit::satur;
  //         step.weight()(x, y) = 0;
  //       }}
  // }}
}};

}}  // namespace

BRICKLINE_CAMERA_PLUGIN({1}, R"({3})")
)code",
      name, type, scaffold.facts, scaffold.identity);
}

std::string facts_file(const Scaffold& scaffold) {
  Json all = {{"plugin", Json::parse(scaffold.identity)}};
  const Json facts = Json::parse(scaffold.facts);
  for (const auto& [key, value] : facts.items()) all[key] = value;
  return all.dump(2) + "\n";
}

std::string project(const std::string& name, bool facts_alone) {
  const AbiVersion abi = host_abi();
  return fmt::format(
      R"(cmake_minimum_required(VERSION 3.25)
project({0} LANGUAGES {1})
enable_testing()
find_package(BricklineSDK {2} REQUIRED)
# IMAGES file... and CHECK 5 make the test {0}.check try it on images.
brickline_add_camera({0} {3} CHECK 4)
)",
      name, facts_alone ? "NONE" : "CXX", abi.text(),
      facts_alone ? fmt::format("FACTS {}.camera.json", name) : fmt::format("SOURCES {}.cpp", name));
}

std::string to_do(const Scaffold& scaffold, const std::string& name, const std::string& file) {
  std::string text =
      fmt::format("# What is open of the camera {}\n\n## To supply: only its author knows\n\n", name);
  for (const std::string& line : scaffold.open) text += "- [ ] " + line + "\n";
  text += "- [ ] license: in the identity, instead of \"?\"\n";
  text += fmt::format("\n## To confirm: guessed, and written to {}\n\n", file);
  for (const ScaffoldGuess& g : scaffold.guesses)
    if (!g.sure) text += fmt::format("- [ ] {} = {}: {}\n", g.fact, g.value, g.why);
  text += "\n## Read off the images\n\n";
  for (const ScaffoldGuess& g : scaffold.guesses)
    if (g.sure) text += fmt::format("- {} = {}: {}\n", g.fact, g.value, g.why);
  text += "\n## The HDUs\n\n";
  for (const ScaffoldHdu& h : scaffold.hdus)
    text += fmt::format("- {} HDU {} {}{} x {}: {} ({})\n", h.file.filename().string(), h.number,
                        h.extname.empty() ? "" : h.extname + ", ", h.width, h.height, h.role, h.why);
  return text;
}

std::string read_me(const std::string& name, const std::string& file, bool facts_alone) {
  return fmt::format(
      R"(# The camera {0} for Brickline

1. Work through TODO.md; the facts stand in {1}, and `cameras reference` tells of all there are.
2. `cmake -S . -B build -DCMAKE_PREFIX_PATH=PREFIX && cmake --build build`{3}
3. `cameras --plugin-dir build check build/{0}.camera.{2} --image IMAGE` until nothing fails.
4. `cameras --plugin-dir build identify IMAGE` shows what comes of an image.
5. `cmake --install build --prefix ~/.local` makes it known to all programs of yours.
)",
      name, file, facts_alone ? "json" : "so",
      facts_alone ? " (no compiler: the file itself, in any directory of cameras, will do)" : "");
}

}  // namespace

void write_scaffold(const Scaffold& scaffold, const std::string& name, bool facts_alone,
                    const fs::path& directory) {
  if (fs::exists(directory)) throw input_error("there is such a file already").in_file(directory.string());
  const std::string file = name + (facts_alone ? ".camera.json" : ".cpp");
  write_file_atomically(directory / file, facts_alone ? facts_file(scaffold) : source(scaffold, name));
  write_file_atomically(directory / "CMakeLists.txt", project(name, facts_alone));
  write_file_atomically(directory / "TODO.md", to_do(scaffold, name, file));
  write_file_atomically(directory / "README.md", read_me(name, file, facts_alone));
}

std::string scaffold_for_people(const Scaffold& scaffold, const fs::path& directory) {
  std::string text;
  for (const ScaffoldHdu& h : scaffold.hdus)
    text += fmt::format("HDU {:<3} {:<12} {:>5} x {:<5} {:<9} {}\n", h.number, h.extname, h.width, h.height,
                        h.role, h.why);
  const auto sure = std::count_if(scaffold.guesses.begin(), scaffold.guesses.end(),
                                  [](const ScaffoldGuess& g) { return g.sure; });
  text += fmt::format("{} facts read off, {} to confirm, {} to supply: see {}\n", sure,
                      static_cast<std::ptrdiff_t>(scaffold.guesses.size()) - sure, scaffold.open.size(),
                      (directory / "TODO.md").string());
  return text;
}

}  // namespace brickline
