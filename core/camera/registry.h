// Finding cameras: which plugin files there are, what they claim to be, which of them may be used, and
// loading those that are wanted.
//
// Directories, in order: those given by the caller (--plugin-dir), $BRICKLINE_PLUGIN_PATH, the user's
// ($XDG_DATA_HOME or ~/.local/share)/brickline/cameras, the install tree's. Files "*.camera.so" and, of cameras
// that need no code, "*.camera.json" (core/facts/camera_file.h), not recursive, in byte order of their names. A camera's first directory wins; two files of one directory
// claiming a name are a conflict, an error only when that camera is wanted. A file that cannot be used is
// refused with one sentence and never stops the others. Scanning runs no code of any plugin; a loaded one is
// never unloaded.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/cancel.h"
#include "core/base/log.h"
#include "core/camera/camera.h"

namespace brickline {

struct PluginSearch {
  std::vector<std::filesystem::path> plugin_dirs;  // must exist: Error (kUsage) otherwise
  bool use_environment = true;                     // BRICKLINE_PLUGIN_PATH; never under elevated privileges
  bool use_user_directory = true;                  // never under elevated privileges
  bool use_install_directory = true;               // ../<libdir>/brickline/cameras from the running program
  bool allow_insecure = false;  // files and directories writable by everyone are used, with a warning
  Cancel cancel = {};           // what cameras are told when they ask whether to stop
};

// One camera that a file says it provides.
struct ClaimedCamera {
  enum class State { kAccepted, kShadowed, kConflict };
  CameraIdentity identity;
  State state = State::kAccepted;
  std::filesystem::path other;  // the file that shadows or conflicts
};

// One file that was looked at.
struct PluginFile {
  std::filesystem::path path;
  std::filesystem::path directory;
  std::string origin;  // "--plugin-dir", "BRICKLINE_PLUGIN_PATH", "user", "install"
  int rank = 0;        // of its directory; smaller wins
  std::string plugin, version, license, sdk, compiler;  // from its note
  int abi_major = 0, abi_minor = 0, needs_minor = 0;
  bool facts_alone = false;  // a camera without code
  std::vector<ClaimedCamera> cameras;
  std::string refusal_id;  // "not-elf", "truncated", ...; empty if the file may be used
  std::string refusal;     // one sentence, the path included
  std::vector<std::string> warnings;
  bool usable() const { return refusal_id.empty(); }
};

class CameraRegistry {
 public:
  // Looks at all files; loads none.
  static CameraRegistry scan(const PluginSearch& search, Log log = {});
  CameraRegistry(CameraRegistry&&) noexcept;
  CameraRegistry& operator=(CameraRegistry&&) noexcept;
  ~CameraRegistry();

  const std::vector<std::filesystem::path>& directories() const;  // searched, in order
  const std::vector<PluginFile>& files() const;
  // Files in those directories that look like libraries of cameras but are not named as one, and so not looked
  // at.
  const std::vector<std::filesystem::path>& misnamed() const;
  // Canonical names that can be loaded, sorted.
  std::vector<std::string> names() const;

  // Loads the named cameras (and what they extend): `wanted` maps the CCD table's camera text to its number
  // of CCDs, for the message. Error (kPlugin) naming every camera that is missing or unusable, the
  // directories searched and what was refused. To be called on the main thread, before any work.
  void load(const std::map<std::string, std::int64_t>& wanted);
  // Loads one camera if need be.
  const Camera& load(std::string_view name);
  // A loaded camera by name or alias (blanks trimmed, without case). Error (kPlugin) if it is not loaded.
  const Camera& camera(std::string_view name) const;
  std::vector<const Camera*> loaded() const;  // in order of name

 private:
  struct Impl;
  explicit CameraRegistry(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace brickline
