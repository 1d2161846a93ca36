#include "core/camera/plugin_directories.h"

#include <cstdlib>

#include "core/base/error.h"
#include "core/camera/plugin_trust.h"

namespace brickline {
namespace {

namespace fs = std::filesystem;

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

}  // namespace

std::vector<PluginDirectory> plugin_directories(const PluginSearch& search, Log log) {
  std::vector<PluginDirectory> found;
  std::error_code ignored;
  const auto add = [&](const fs::path& path, const char* origin) {
    for (const PluginDirectory& d : found)
      if (fs::equivalent(d.path, path, ignored)) return;
    found.push_back({fs::absolute(path).lexically_normal(), origin});
  };
  for (const fs::path& dir : search.plugin_dirs) {
    if (!fs::is_directory(dir, ignored))
      throw usage_error("plugin directory {} does not exist", dir.string());
    add(dir, "--plugin-dir");
  }
  const bool elevated = has_elevated_privileges();
  if (search.use_environment && !elevated) {
    const std::string path = environment("BRICKLINE_PLUGIN_PATH");
    for (std::size_t at = 0; at <= path.size();) {
      const std::size_t end = std::min(path.find(':', at), path.size());
      const std::string dir = path.substr(at, end - at);
      at = end + 1;
      if (dir.empty()) continue;
      if (fs::is_directory(dir, ignored))
        add(dir, "BRICKLINE_PLUGIN_PATH");
      else
        log.warning("plugin directory {} of BRICKLINE_PLUGIN_PATH does not exist", dir);
    }
  }
  if (search.use_user_directory && !elevated) {
    const std::string data = environment("XDG_DATA_HOME"), home = environment("HOME");
    const fs::path base = !data.empty()  ? fs::path(data)
                          : home.empty() ? fs::path()
                                         : fs::path(home) / ".local/share";
    if (!base.empty() && fs::is_directory(base / "brickline/cameras", ignored))
      add(base / "brickline/cameras", "user");
  }
  if (search.use_install_directory) {
    // Relative to the program, so that an install tree can be moved.
    const fs::path program = fs::read_symlink("/proc/self/exe", ignored);
    const fs::path installed = program.parent_path().parent_path() / BRICKLINE_INSTALL_PLUGINDIR;
    if (!program.empty() && fs::is_directory(installed, ignored)) add(installed, "install");
  }
  return found;
}

}  // namespace brickline
