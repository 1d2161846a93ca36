#include "tools/survey/parts_command.h"

#include <fmt/format.h>
#include <strings.h>

#include <CLI/CLI.hpp>

#include "core/base/error.h"
#include "tools/common/program.h"

namespace brickline {

namespace fs = std::filesystem;

void PartsCommand::add_places(CLI::App& app, const std::string& out_help) {
  app.add_option("DIR", directory, "the output directory of the bricks' runs")->required();
  app.add_option("--bricks", bricks_file, "table of bricks (survey-bricks.fits.gz)")->required();
  app.add_option("--out", out, out_help)->required();
}

void PartsCommand::add_parts(CLI::App& app) {
  app.add_option("--brick", names, "only this brick; repeatable");
  app.add_option(
      "--group", group,
      "only the part of bricks whose names begin so (150), into OUT.parts: for many machines; in the end the "
      "command without it puts the parts together");
  app.add_flag("--list-groups", list, "only say which groups there are, one a line");
  app.add_flag("--keep-parts", keep, "leave OUT.parts behind");
  app.add_flag("--no-verify", no_verify, "believe files without a look at the bricks' lists of checksums");
  plan_words.add_options(app);
}

std::vector<BrickOutput> PartsCommand::bricks() const {
  return output_bricks(directory, *table_of_bricks(bricks_file), names);
}

std::optional<std::vector<fs::path>> PartsCommand::make_parts(
    const std::vector<BrickOutput>& bricks,
    const std::function<void(const BrickGroup&, const fs::path&)>& make) const {
  const std::vector<BrickGroup> groups = groups_of(bricks);
  if (list) {
    std::string text;
    for (const BrickGroup& g : groups) text += g.name + "\n";
    write_stdout(text);
    return {};
  }
  const auto files_of = [&](const std::string& name) {
    std::vector<fs::path> files = {part_file(out, name)};
    for (const fs::path& other : beside) files.push_back(part_file(other, name));
    return files;
  };
  const auto make_anew = [&](const BrickGroup& g) {
    for (const fs::path& file : files_of(g.name)) plan_words.forget(file);
    make(g, part_file(out, g.name));
  };
  if (!group.empty()) {
    make_anew(group_named(groups, group));
    const std::vector<fs::path> files = files_of(group);
    tell_checksums(plan_words.checksums, files);
    for (const fs::path& file : files) write_stdout(fmt::format("{}\n", file.string()));
    return {};
  }
  std::vector<fs::path> parts;
  for (const BrickGroup& g : groups) {
    parts.push_back(part_file(out, g.name));
    make_anew(g);
  }
  return parts;
}

void PartsCommand::remove(const std::vector<fs::path>& parts) const {
  if (keep) return;
  remove_parts(parts);
  for (const fs::path& other : beside) {
    std::vector<fs::path> files;
    for (const fs::path& part : parts) files.push_back(part_file(other, part.stem().string()));
    remove_parts(files);
  }
}

void check_bands(const std::vector<std::string>& bands) {
  for (std::size_t i = 0; i < bands.size(); ++i)
    for (std::size_t k = 0; k < i; ++k)
      if (::strcasecmp(bands[i].c_str(), bands[k].c_str()) == 0)
        throw usage_error("--bands: {} is named twice", bands[i]);
}

}  // namespace brickline
