// A plugin library in memory, and one of its cameras with its tables. Internal to core/camera.
#pragma once

#include <brickline/camera_abi.h>

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/cancel.h"
#include "core/base/log.h"
#include "core/camera/camera.h"
#include "core/camera/elf_note.h"
#include "core/camera/plugin_call.h"

namespace brickline {

inline bl_str to_bl(std::string_view s) { return {s.data(), s.size()}; }
inline std::string_view from_bl(bl_str s) { return {s.data, static_cast<std::size_t>(s.size)}; }

// What a stranger's text becomes: one line of UTF-8 without control characters.
std::string one_line(std::string_view text);

// A bl_error with room, for calls into a plugin.
struct ErrorBuffer {
  ErrorBuffer();
  ErrorBuffer(const ErrorBuffer&) = delete;
  ErrorBuffer& operator=(const ErrorBuffer&) = delete;
  std::string text() const;
  std::string key() const;
  bl_error error{};

 private:
  char text_[2048];
};
// The other way: writes `text` into a plugin's (or wrapper's) error, which may be null.
bl_status report_to(bl_error* error, bl_status status, std::string_view text);

// Takes text from a plugin, up to a size; nothing is thrown through the plugin.
class TextSink {
 public:
  explicit TextSink(std::size_t most);
  TextSink(const TextSink&) = delete;
  TextSink& operator=(const TextSink&) = delete;
  bl_sink table();  // what the plugin writes to; valid as long as this
  bool is_full() const { return full_; }
  std::string take() { return std::move(text_); }

 private:
  static bl_status write(void* self, bl_str chunk) noexcept;
  std::size_t most_;
  std::string text_;
  bool full_ = false;
};

// One library. Never unloaded.
struct LoadedPlugin {
  std::filesystem::path path, data_directory;
  std::string path_text, sha256;
  PluginNote note;
  bool allow_insecure = false;            // of its data files too
  const bl_plugin* descriptor = nullptr;  // null: a camera of facts alone
  std::string facts_text;                 // of such a one
  // The descriptor's camera of that name, or null.
  const bl_camera* find(std::string_view name) const;
  PluginCaller caller(std::string_view camera, std::string_view step, std::string_view ccd = {}) const {
    return {note.plugin, path_text, camera, step, ccd};
  }
};
// Loads a library whose note has been read, by the path that was judged (links resolved). On refusal the library stays in memory, unused.
Refusal load_plugin(const std::filesystem::path& path, const PluginNote& note, Log log,
                    std::unique_ptr<LoadedPlugin>& out);

// The same for a file of facts alone, whose text has been read and judged.
std::unique_ptr<LoadedPlugin> facts_plugin(const std::filesystem::path& path, const PluginNote& note,
                                           const std::string& text);

// One camera of a library, created, with its own facts' text and its tables.
struct LoadedCamera {
  LoadedCamera() = default;
  ~LoadedCamera();
  LoadedCamera(const LoadedCamera&) = delete;
  LoadedCamera& operator=(const LoadedCamera&) = delete;
  const LoadedPlugin* plugin = nullptr;
  CameraIdentity identity;
  const bl_camera* table = nullptr;
  void* instance = nullptr;
  bool created = false;
  std::string facts_text;
  const bl_steps* steps = nullptr;
  const bl_wcs* wcs = nullptr;
  const bl_psf_model* psf = nullptr;
  const bl_sky_model* sky = nullptr;
  const bl_format* format = nullptr;
  bl_host host{};  // what the plugin sees of us; `self` is this struct
  Cancel cancel;
  Log log;

  bl_step_function* step(CameraStep which) const;  // null if not overridden
};
// `cancel` is what it hears when it asks whether to stop, `log` where the camera's messages go outside of an open CCD.
Refusal create_camera(const LoadedPlugin& plugin, const CameraIdentity& identity, const Cancel& cancel,
                      Log log, std::unique_ptr<LoadedCamera>& out);

// Fills the table of host functions for one camera.
void fill_host_table(LoadedCamera& camera);

// A camera and those it extends, nearest first; their facts merged.
struct Camera::Impl {
  std::vector<const LoadedCamera*> chain;
  CameraFacts facts;
  std::string facts_json;
  CameraProvenance provenance;
};

}  // namespace brickline
