#include "tools/cameras/scaffold_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <regex>

#include "core/base/atomic_file.h"
#include "core/base/error.h"
#include "core/camera/abi_version.h"
#include "core/fits/fits_reader.h"
#include "core/fits/fits_writer.h"

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

std::string project(const std::string& name, bool facts_alone, const std::string& image) {
  const AbiVersion abi = host_abi();
  return fmt::format(
      R"(cmake_minimum_required(VERSION 3.25)
project({0} LANGUAGES {1})
enable_testing()
find_package(BricklineSDK {2} REQUIRED)
# The tests {0}.check.ID: `cameras check` at level 5 on the images. More of them, and higher levels, find more.
brickline_add_camera({0} {3} CHECK 5 IMAGES tests/images/{4})
)",
      name, facts_alone ? "NONE" : "CXX", abi.text(),
      facts_alone ? fmt::format("FACTS {}.camera.json", name) : fmt::format("SOURCES {}.cpp", name), image);
}

std::string workflow(const std::string& name) {
  return fmt::format(
      R"(# Builds Brickline, then this camera, and checks it, with each change. The variables BRICKLINE_REPOSITORY (its address)
# and BRICKLINE_VERSION (a tag of it) are to be set in the repository's settings.
name: check
on: [push, pull_request]
jobs:
  check:
    runs-on: ubuntu-latest
    container: debian:12
    steps:
      - uses: actions/checkout@v4
      - name: Brickline
        run: |
          apt-get update && apt-get install -y git
          git clone --depth 1 --branch "${{{{ vars.BRICKLINE_VERSION }}}}" "${{{{ vars.BRICKLINE_REPOSITORY }}}}" brickline
          brickline/tools/setup.sh
          cmake -S brickline -B brickline/build -G Ninja -DCMAKE_BUILD_TYPE=Release
          cmake --build brickline/build --target programs
          cmake --install brickline/build --component sdk --prefix "$PWD/prefix"
          cmake --install brickline/build --component runtime --prefix "$PWD/prefix"
      - run: cmake -S . -B build -DCMAKE_PREFIX_PATH="$PWD/prefix" -DCMAKE_BUILD_TYPE=Release -DBRICKLINE_CAMERAS="$PWD/prefix/bin/cameras"
      - run: cmake --build build
      - run: ctest --test-dir build --output-on-failure   # {0}.check.*
)",
      name);
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
3. `ctest --test-dir build` checks it on tests/images, the middle of the first image;
   `cameras --plugin-dir build check build/{0}.camera.{2} --image IMAGE` on a whole one, until nothing fails.
4. `cameras --plugin-dir build identify IMAGE` shows what comes of an image.
5. `cmake --install build --prefix ~/.local` makes it known to all programs of yours.
)",
      name, file, facts_alone ? "json" : "so",
      facts_alone ? " (no compiler: the file itself, in any directory of cameras, will do)" : "");
}

constexpr const char* kLicense =
    "Under which terms others may use this camera: to be written by its author, who names the license in the\n"
    "plugin's identity (\"license\"), too.\n";

// ---- Cut-outs for the test ----

constexpr int kCutout = 200;                   // pixels
constexpr std::size_t kMostCutouts = 1 << 20;  // bytes, of all together

// A FITS file with the middle of each of its images, as many HDUs as fit into so many bytes.
std::string cut_out(const fs::path& file, std::size_t most) {
  fits::FitsReader reader(file);
  fits::FitsWriter writer;
  std::size_t bytes = 0;
  for (int hdu = 0; hdu < reader.hdu_count() && (hdu == 0 || bytes < most); ++hdu) {
    fits::Header header = reader.header(hdu);
    const std::string name = header.text("EXTNAME").value_or("");
    if (reader.is_table(hdu)) {
      writer.add_table(reader.table(hdu).select({}), name,
                       header);  // none of its rows; the HDUs behind it keep their number
      continue;
    }
    const fits::ImageInfo info = reader.image_info(hdu);
    if (info.width <= 0 || info.height <= 0) {
      writer.add_empty_primary(header);
      continue;
    }
    const int w = std::min(info.width, kCutout), h = std::min(info.height, kCutout);
    const int x0 = (info.width - w) / 2, y0 = (info.height - h) / 2;
    const Box box{x0, x0 + w, y0, y0 + h};
    for (const auto& [key, begin] : {std::pair{"CRPIX1", x0}, std::pair{"CRPIX2", y0}})
      if (const auto value = header.number(key)) header.set(key, fits::CardValue(*value - begin));
    if (info.bitpix < 0)
      writer.add_image<float>(reader.image<float>(hdu, box).const_view(), header, name);
    else
      writer.add_image<std::int32_t>(reader.image<std::int32_t>(hdu, box).const_view(), header, name);
    bytes += static_cast<std::size_t>(box.area()) * 4;
  }
  return writer.finish();
}

// World coordinates that lie beside an image, as those of its middle.
std::string cut_out_cards(const fs::path& file, int width, int height) {
  std::ifstream in(file);
  std::string text{std::istreambuf_iterator<char>(in), {}};
  const int begins[] = {(width - std::min(width, kCutout)) / 2, (height - std::min(height, kCutout)) / 2};
  for (int axis = 1; axis <= 2; ++axis) {
    std::smatch found;
    if (!std::regex_search(text, found, std::regex(fmt::format("CRPIX{} *= *([-+0-9.eE]+)", axis)))) continue;
    const double value = std::stod(found[1]) - begins[axis - 1];
    text.replace(static_cast<std::size_t>(found.position(1)), static_cast<std::size_t>(found.length(1)),
                 fmt::format("{}", value));
  }
  return text;
}

void write_cutouts(const Scaffold& scaffold, const ScaffoldInput& input, const fs::path& directory) {
  const fs::path image = input.images.front();
  std::vector<fs::path> files = {image};
  for (const fs::path& file : {input.mask, input.weight})
    if (!file.empty()) files.push_back(file);
  for (const fs::path& file : files)
    write_file_atomically(directory / file.filename(), cut_out(file, kMostCutouts / files.size()));
  const auto first = std::find_if(scaffold.hdus.begin(), scaffold.hdus.end(),
                                  [](const ScaffoldHdu& h) { return h.role == "image"; });
  if (first == scaffold.hdus.end()) return;
  std::string base = image.filename().string();
  for (const char* ending : {".fz", ".gz", ".fits"})
    if (base.ends_with(ending)) base.erase(base.size() - std::string_view(ending).size());
  for (const char* ending : {".head", ".ahead"}) {
    const fs::path beside = image.parent_path() / (base + ending);
    if (fs::is_regular_file(beside))
      write_file_atomically(directory / beside.filename(),
                            cut_out_cards(beside, first->width, first->height));
  }
}

}  // namespace

void write_scaffold(const Scaffold& scaffold, const ScaffoldInput& input, bool facts_alone,
                    const fs::path& directory) {
  if (fs::exists(directory)) throw input_error("there is such a file already").in_file(directory.string());
  const std::string& name = input.name;
  const std::string file = name + (facts_alone ? ".camera.json" : ".cpp");
  write_file_atomically(directory / file, facts_alone ? facts_file(scaffold) : source(scaffold, name));
  write_file_atomically(directory / "CMakeLists.txt",
                        project(name, facts_alone, input.images.front().filename().string()));
  write_file_atomically(directory / "TODO.md", to_do(scaffold, name, file));
  write_file_atomically(directory / "README.md", read_me(name, file, facts_alone));
  write_file_atomically(directory / "LICENSE", kLicense);
  write_file_atomically(directory / ".github/workflows/check.yml", workflow(name));
  write_cutouts(scaffold, input, directory / "tests/images");
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
