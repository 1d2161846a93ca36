// cameras: which camera plugins there are, why one is refused, what one says of itself, and what it may say.
#include <CLI/CLI.hpp>
#include <filesystem>
#include <string>
#include <vector>

#include "core/base/atomic_file.h"
#include "core/base/error.h"
#include "core/camera/registry.h"
#include "core/facts/facts_table.h"
#include "tools/cameras/check_runner.h"
#include "tools/cameras/identify_report.h"
#include "tools/cameras/report.h"
#include "tools/cameras/scaffold_files.h"
#include "tools/common/program.h"

namespace brickline {
namespace {

// The options of a check made complete: which camera, and where those that it extends are.
void complete(CheckOptions& options, const PluginSearch& search) {
  CheckInput& input = options.input;
  input.file = std::filesystem::absolute(input.file).lexically_normal();
  for (auto& image : input.images) image = std::filesystem::absolute(image);
  // (Each check has a working directory of its own.)
  if (!input.images_dir.empty()) input.images_dir = std::filesystem::absolute(input.images_dir);
  input.search = search;
  for (auto& directory : input.search.plugin_dirs) directory = std::filesystem::absolute(directory);
  input.search.plugin_dirs.insert(input.search.plugin_dirs.begin(), input.file.parent_path());
  if (options.level == 0) options.level = input.images.empty() ? 4 : 5;
  if (!input.camera.empty()) return;
  const CameraRegistry registry = CameraRegistry::scan(input.search);
  for (const PluginFile& file : registry.files())
    if (file.path == input.file && !file.cameras.empty()) input.camera = file.cameras.front().identity.name;
}

int check(CheckOptions options, const PluginSearch& search, const std::string& worker, bool json, bool strict,
          const std::filesystem::path& junit) {
  if (!std::filesystem::exists(options.input.file))
    throw input_error("there is no such file").in_file(options.input.file.string());
  complete(options, search);
  if (!worker.empty()) return run_one_check(worker, options);
  const std::vector<CheckResult> results = run_checks(options);
  if (!junit.empty()) write_file_atomically(junit, checks_as_junit(results, options));
  write_stdout(json ? checks_as_json(results, options) : checks_for_people(results, options));
  for (const CheckResult& r : results)
    if (r.failed() || (strict && r.result == "warn")) return static_cast<int>(ErrorKind::kPlugin);
  return 0;
}

int cameras(int argc, char** argv) {
  PluginSearch search;
  std::string name;
  bool json = false, facts = false, no_user_plugins = false;
  int verbosity = 0;
  CLI::App app("Lists and describes camera plugins.", "cameras");
  app.set_version_flag("--version", version_text("cameras"));
  app.require_subcommand(1);
  app.fallthrough();
  app.add_option("--plugin-dir", search.plugin_dirs,
                 "directory of camera plugins, searched first; repeatable")
      ->expected(1)
      ->take_all();
  app.add_flag("--no-user-plugins", no_user_plugins, "leave out the user's own directory");
  app.add_flag("--allow-insecure-plugins", search.allow_insecure, "use files that everyone may write to");
  app.add_flag("--json", json, "print JSON");
  app.add_flag("-v,--verbose", verbosity, "say which files were looked at and why");
  const CLI::App* list =
      app.add_subcommand("list", "every plugin file, the cameras in it, and why one is refused");
  CLI::App* info = app.add_subcommand("info", "one camera: its origin, what its code overrides, its facts");
  info->add_option("NAME", name, "the camera's name or alias")->required();
  info->add_flag("--facts", facts, "print the facts' JSON alone");
  std::vector<std::filesystem::path> images;
  std::filesystem::path images_dir;
  std::string camera_name;
  CLI::App* identify = app.add_subcommand(
      "identify",
      "which camera claims an image, which metadata, HDUs and files come of it, and what is wrong");
  identify->add_option("IMAGE", images, "image files")->required();
  identify->add_option("--camera", camera_name, "read them as this camera's, whoever claims them");
  identify->add_option(
      "--images-dir", images_dir,
      "directory that names of masks and weights are relative to (by default the image's own)");
  CheckOptions checking;
  std::string worker;
  std::filesystem::path junit;
  bool strict = false;
  CLI::App* checked = app.add_subcommand(
      "check", "tries a camera out: each check in a process of its own; exit code 5 if one fails");
  checked->add_option("FILE", checking.input.file, "NAME.camera.so or NAME.camera.json");
  bool list_checks = false;
  checked->add_flag("--list", list_checks, "print which checks there are, up to --level, and make none");
  checked->add_option("--camera", checking.input.camera, "one of the cameras in it (by default the first)");
  checked->add_option("--image", checking.input.images, "an image of the camera; repeatable")
      ->expected(1)
      ->take_all();
  checked->add_option(
      "--images-dir", checking.input.images_dir,
      "directory that names of masks and weights are relative to (by default the image's own)");
  checked->add_option(
      "--level", checking.level,
      "1 the file, 2 what it says of itself, 3 its images, 4 its facts, 5 pixels, 6 models, 7 photometry, "
      "8 damage, 9 random changes, 10 stress "
      "(by default 5 with an image, 4 without)");
  checked->add_option("--only", checking.only, "this check, or group.*; repeatable")->expected(1)->take_all();
  checked->add_option("--skip", checking.skip, "not this check, or group.*; repeatable")
      ->expected(1)
      ->take_all();
  checked->add_option("--seed", checking.input.seed, "of the windows that are tried, and of random changes");
  checked->add_option("--rounds", checking.input.rounds, "random changes that each check of level 9 makes")
      ->check(CLI::Range(1, 1000000));
  checked->add_option("--timeout", checking.timeout_seconds, "seconds that a check may take");
  checked->add_option("--junit", junit, "write the results there as JUnit's XML");
  checked->add_flag("--strict", strict, "a warning is a failure");
  checked->add_option("--worker", worker)->group("");
  ScaffoldInput beginning;
  std::filesystem::path scaffold_dir;
  bool facts_alone = false;
  CLI::App* scaffold = app.add_subcommand(
      "scaffold",
      "begins a camera from its images: a project with every fact that they tell, and the list of the rest");
  scaffold->add_option("DIRECTORY", scaffold_dir, "where to write it; must not exist")->required();
  scaffold->add_option("--from", beginning.images, "an image of the camera; repeatable")
      ->required()
      ->expected(1)
      ->take_all();
  scaffold->add_option("--mask", beginning.mask, "the first image's mask, where it is a file of its own");
  scaffold->add_option("--weight", beginning.weight, "its weights, likewise");
  scaffold->add_option("--name", beginning.name, "the camera's name")->required();
  scaffold->add_flag("--facts-only", facts_alone, "NAME.camera.json instead of a C++ source");
  const CLI::App* schema = app.add_subcommand("schema", "the JSON Schema of a camera's facts");
  const CLI::App* reference = app.add_subcommand("reference", "all facts there are, as a page in Markdown");
  if (!parse_command_line(app, argc, argv)) return 0;

  if (schema->parsed() || reference->parsed()) {
    write_stdout(schema->parsed() ? facts_schema() : facts_reference());
    return 0;
  }
  if (scaffold->parsed()) {
    const Scaffold made = scaffold_from(beginning);
    write_scaffold(made, beginning, facts_alone, scaffold_dir);
    write_stdout(scaffold_for_people(made, scaffold_dir));
    return 0;
  }
  if (list_checks) {
    write_stdout(list_of_checks(checking.level == 0 ? 10 : checking.level));
    return 0;
  }
  if (checked->parsed() && checking.input.file.empty())
    throw usage_error("check: FILE is required; see cameras check --help");
  TerminalLog terminal(verbosity > 0 ? LogLevel::kDebug : LogLevel::kWarning);
  search.use_user_directory = !no_user_plugins;
  if (checked->parsed()) return check(checking, search, worker, json, strict, junit);
  CameraRegistry registry = CameraRegistry::scan(search, Log(terminal));
  if (identify->parsed()) {
    std::vector<IdentifiedImage> found;
    bool well = true;
    for (const auto& image : images) {
      found.push_back(identify_image(registry, image, camera_name, images_dir, Log(terminal)));
      well = well && found.back().is_well();
    }
    write_stdout(json ? identified_as_json(found) : identified_for_people(found));
    return well ? 0 : static_cast<int>(ErrorKind::kInput);
  }
  std::string text;
  if (list->parsed()) {
    text = json ? list_as_json(registry) : list_for_people(registry);
  } else {
    const Camera& camera = registry.load(name);
    text = facts ? facts_as_json(camera) : json ? info_as_json(camera) : info_for_people(camera);
  }
  write_stdout(text);
  return 0;
}

}  // namespace
}  // namespace brickline

int main(int argc, char** argv) {
  return brickline::run_program("cameras", [&] { return brickline::cameras(argc, argv); });
}
