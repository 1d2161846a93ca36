// The plugins that the build made for the tests, put into directories of a test's own.
#pragma once

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "core/camera/registry.h"
#include "tests/support/data.h"

namespace brickline::test {

namespace fs = std::filesystem;

inline fs::path good_plugin(const std::string& name) {
  return fs::path(BRICKLINE_BUILD_DIR) / "tests/plugins/good" / (name + ".camera.so");
}
// The bad plugin that provides the camera of that name: its own file, or one of several cameras.
inline fs::path bad_plugin(const std::string& name) {
  const fs::path bad = fs::path(BRICKLINE_BUILD_DIR) / "tests/plugins/bad", own = bad / (name + ".camera.so");
  if (fs::exists(own)) return own;
  return name == "endless_facts" || name == "small_table" ? good_plugin("breaches")
                                                          : bad / "faulty.camera.so";
}

// Copies a plugin into a directory (made if need be) under the name AS.camera.so.
inline fs::path put(const fs::path& plugin, const fs::path& directory, const std::string& as = {}) {
  fs::create_directories(directory);
  const fs::path to = directory / (as.empty() ? plugin.filename() : fs::path(as + ".camera.so"));
  fs::copy_file(plugin, to, fs::copy_options::overwrite_existing);
  return to;
}

inline std::string bytes_of(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}
inline fs::path put_bytes(const std::string& bytes, const fs::path& file) {
  std::ofstream(file, std::ios::binary) << bytes;
  return file;
}

// These directories and no others.
inline PluginSearch only(std::vector<fs::path> directories) {
  PluginSearch search;
  search.plugin_dirs = std::move(directories);
  search.use_environment = search.use_user_directory = search.use_install_directory = false;
  return search;
}

inline const PluginFile& file_of(const CameraRegistry& registry, const fs::path& path) {
  for (const PluginFile& file : registry.files())
    if (file.path == path) return file;
  throw std::runtime_error("not looked at: " + path.string());
}

// The message of the Error that `f` throws, and its kind.
template <typename F>
std::pair<ErrorKind, std::string> error_of(F&& f) {
  try {
    f();
  } catch (const Error& e) {
    return {e.kind(), e.line()};
  }
  return {ErrorKind::kInternal, "no error at all"};
}

class Messages : public LogSink {
 public:
  void write(LogLevel, std::string_view message) override { lines.emplace_back(message); }
  std::vector<std::string> lines;
};

}  // namespace brickline::test
