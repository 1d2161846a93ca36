// cameras: which camera plugins there are, why one is refused, and what one says of itself.
#include <CLI/CLI.hpp>
#include <string>

#include "core/camera/registry.h"
#include "tools/cameras/report.h"
#include "tools/common/program.h"

namespace brickline {
namespace {

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
  if (!parse_command_line(app, argc, argv)) return 0;

  TerminalLog terminal(verbosity > 0 ? LogLevel::kDebug : LogLevel::kWarning);
  search.use_user_directory = !no_user_plugins;
  CameraRegistry registry = CameraRegistry::scan(search, Log(terminal));
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
