// The state of one open CCD: its files, headers and values, and which layer of the camera is at work.
// Internal to core/camera. A `bl_ccd*` given to plugins is a pointer to OpenCcd::Impl, a `bl_hdu*` one to an
// HduHandle.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/camera/image_file.h"
#include "core/camera/loaded_camera.h"
#include "core/camera/raw_file.h"

namespace brickline {

// A file of the CCD, opened when first used. Roles are the ABI's.
struct CcdFile {
  std::filesystem::path path;  // empty: there is no such product
  std::unique_ptr<ImageFile> file;
  std::unique_ptr<RawFile> bytes;  // of a plugin that reads them itself
  bool busy = false;               // being read by code of a camera's own format
};

struct HduHandle {
  OpenCcd::Impl* ccd = nullptr;
  int role = 0, number = 0;
};

struct OpenCcd::Impl : public CcdHeaders {
  const Camera* camera = nullptr;
  CcdSource source;
  CcdValues values;
  Purpose purpose = Purpose::kRun;
  Log log;
  std::deque<CcdFile> files;                                 // by role; they stay where they are
  std::string mask_name, weight_name;                        // relative
  int mask_hdu = -1, weight_hdu = -1;                        // -1: by the facts
  std::map<std::pair<int, int>, fits::Header> header_cache;  // (role, HDU)
  std::map<std::pair<int, int>, int> named_hdus;             // (role, HDU expected) -> HDU of that name
  std::deque<HduHandle> handles;
  std::deque<std::string> texts;                           // handed to plugins
  std::map<std::pair<int, int>, fits::Table> table_cache;  // (role, HDU), of those that plugins read
  std::vector<std::unique_ptr<std::byte[]>> scratch;
  std::vector<void*> slots;  // of each layer
  std::optional<std::string> mask_version;

  // The callback that is running: its layer, step, and whether it has asked for `next` already.
  int layer = -1;
  CameraStep step = CameraStep::kMetadata;
  bool in_callback = false, next_used = false;
  const bl_step* own_step = nullptr;  // what the step is to work on; the plugin has a copy. Null: no step
  int log_lines = 0;
  bool unknown_mask_values_told = false;

  ~Impl() override;

  const Camera::Impl& camera_impl() const { return camera->impl(); }
  const LoadedCamera& at(int i) const { return *camera_impl().chain[static_cast<std::size_t>(i)]; }
  int layers() const { return static_cast<int>(camera_impl().chain.size()); }
  const CameraFacts& facts() const { return camera->facts(); }

  ImageFile& file(int role);
  RawFile& bytes(int role);
  const fits::Header& header_of(int role, int hdu);
  const fits::Table& table_of(int role, int hdu);
  int hdu_of_ccd(int role);

  const fits::Header* header(HeaderOf which) override;
  std::string mask_plver() override;

  void open_layers();
  // Where a file named by a plugin or a fact is: "data:", "survey:", "calib:", or relative to the image.
  std::filesystem::path sidecar_path(std::string_view reference) const;

  // Runs a step from that layer on: the first override at or after it, else the default.
  void run_step(CameraStep which, int from_layer, bl_step& io);
  // Calls a plugin's function and turns its status into success (true), "do the default" (false), or an
  // exception.
  using Callback = std::function<bl_status(void* instance, void* slot, bl_error* error)>;
  bool call(CameraStep which, int of_layer, const Callback& function, const bl_step* step_given = nullptr);
  [[noreturn]] void fail(CameraStep which, int of_layer, bl_status status, const ErrorBuffer& error);

  bl_str keep(std::string text);
  std::string name() const;  // for people: "a.fits [S1, expnum 1]"
};

// Whether a path that should lie below a directory is absolute or goes up.
bool leaves_its_directory(const std::filesystem::path& relative);

// The CCD whose plugin code runs on this thread; null outside of callbacks.
OpenCcd::Impl* running_ccd();

inline bl_ccd* to_handle(OpenCcd::Impl* ccd) { return reinterpret_cast<bl_ccd*>(ccd); }
inline OpenCcd::Impl& from_handle(bl_ccd* ccd) { return *reinterpret_cast<OpenCcd::Impl*>(ccd); }
inline bl_hdu* to_handle(HduHandle* hdu) { return reinterpret_cast<bl_hdu*>(hdu); }
inline HduHandle& from_handle(bl_hdu* hdu) { return *reinterpret_cast<HduHandle*>(hdu); }

inline Box from_bl(const bl_box& b) { return {b.x0, b.x1, b.y0, b.y1}; }
inline bl_box to_bl(const Box& b) { return {b.x0, b.x1, b.y0, b.y1}; }
template <typename T>
ImageView<T> from_bl(const bl_view& v) {
  if (!v.data) return {};
  return {static_cast<T*>(v.data), static_cast<int>(v.width), static_cast<int>(v.height),
          static_cast<std::ptrdiff_t>(v.stride)};
}
template <typename T>
constexpr std::uint32_t type_code() {
  if constexpr (std::is_same_v<T, float>) return BL_F32;
  if constexpr (std::is_same_v<T, double>) return BL_F64;
  if constexpr (std::is_same_v<T, std::uint8_t>) return BL_U8;
  if constexpr (std::is_same_v<T, std::uint16_t>) return BL_U16;
  return BL_I32;
}
template <typename T>
bl_view to_bl(ImageView<T> v) {
  using Pixel = std::remove_const_t<T>;
  if (v.empty()) return {};
  return {const_cast<Pixel*>(v.data()), v.width(), v.height(), v.stride(), type_code<Pixel>(), 0};
}

}  // namespace brickline
