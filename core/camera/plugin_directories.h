// Where plugins are looked for, in which order. Internal to core/camera.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "core/base/log.h"
#include "core/camera/registry.h"

namespace brickline {

struct PluginDirectory {
  std::filesystem::path path;
  std::string origin;  // "--plugin-dir", "BRICKLINE_PLUGIN_PATH", "user", "install"
};

// All of them, in order, each once. A directory of the caller's that does not exist is an Error (kUsage), one
// of the environment's a warning; the user's and the install tree's may be absent.
std::vector<PluginDirectory> plugin_directories(const PluginSearch& search, Log log);

}  // namespace brickline
