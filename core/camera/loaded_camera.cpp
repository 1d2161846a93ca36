#include "core/camera/loaded_camera.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#define BOOST_DLL_USE_STD_FS
#include <boost/core/demangle.hpp>
#include <boost/dll/shared_library.hpp>
#include <cerrno>
#include <cfenv>
#include <cstdlib>
#include <cstring>
#include <new>

#include "core/base/atomic_file.h"
#include "core/base/error.h"
#include "core/base/version.h"
#include "core/camera/abi_version.h"
#include "core/facts/camera_file.h"

namespace brickline {

std::string one_line(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size();) {
    const unsigned char c = static_cast<unsigned char>(text[i]);
    const std::size_t length = c < 0x80                ? 1
                               : c >= 0xc2 && c < 0xe0 ? 2
                               : c >= 0xe0 && c < 0xf0 ? 3
                               : c < 0xf5              ? 4
                                                       : 0;
    bool valid =
        length > 0 && c != 0x7f && c >= 0x20 && !(c >= 0x80 && c < 0xc2) && i + length <= text.size();
    for (std::size_t k = 1; valid && k < length; ++k)
      valid = (static_cast<unsigned char>(text[i + k]) & 0xc0) == 0x80;
    if (valid) {
      out += text.substr(i, length);
      i += length;
    } else {
      out += c == '\n' || c == '\t' ? ' ' : '?';
      ++i;
    }
  }
  while (!out.empty() && out.back() == ' ') out.pop_back();
  return out;
}

ErrorBuffer::ErrorBuffer() {
  error.struct_size = sizeof(error);
  error.capacity = sizeof(text_);
  error.role = error.hdu = -1;
  error.text = text_;
}
std::string ErrorBuffer::text() const {
  return one_line({text_, std::min<std::size_t>(error.length, sizeof(text_))});
}
std::string ErrorBuffer::key() const {
  return one_line({error.key, std::min<std::size_t>(error.key_length, sizeof(error.key))});
}

TextSink::TextSink(std::size_t most) : most_(most) {}
bl_sink TextSink::table() { return {sizeof(bl_sink), 0, this, write}; }
bl_status TextSink::write(void* self, bl_str chunk) noexcept {
  TextSink& sink = *static_cast<TextSink*>(self);
  if (chunk.size == 0) return BL_OK;
  if (!chunk.data) return BL_E_ARGUMENT;
  if (chunk.size > sink.most_ - sink.text_.size()) {
    sink.full_ = true;
    return BL_E_TOO_SMALL;
  }
  try {
    sink.text_.append(chunk.data, static_cast<std::size_t>(chunk.size));
    return BL_OK;
  } catch (...) {
    return BL_E_RESOURCES;
  }
}

bl_status report_to(bl_error* error, bl_status status, std::string_view text) {
  if (error && BL_HAS(error, text) && error->text) {
    const std::size_t n = std::min<std::size_t>(text.size(), error->capacity);
    std::memcpy(error->text, text.data(), n);
    error->length = static_cast<std::uint32_t>(n);
  }
  return status;
}

namespace {

// Boost wraps the loader's text in its own and appends an errno that has nothing to do with it.
std::string loader_text(std::string text) {
  constexpr std::string_view kBegin = "dlerror system message: ";
  if (const auto at = text.find(kBegin); at != std::string::npos) {
    text.erase(0, at + kBegin.size());
    if (const auto end = text.rfind(')'); end != std::string::npos) text.erase(end);
  }
  return one_line(text);
}

// Whether the loader speaks of the process's memory and not of the library.
bool is_want_of_memory(std::string_view text) {
  for (const std::string_view words :
       {"Cannot allocate memory", "failed to map segment", "cannot create shared object descriptor",
        "cannot apply additional memory protection", "out of memory"})
    if (text.find(words) != std::string_view::npos) return true;
  return false;
}

Refusal load_refusal(const std::string& path, const std::string& text) {
  if (const auto at = text.find("undefined symbol: "); at != std::string::npos) {
    std::string symbol = text.substr(at + 18);
    symbol = symbol.substr(0, symbol.find_first_of(" ,("));
    return {"undefined-symbol", fmt::format("{}: does not load: undefined symbol {}", path,
                                            boost::core::demangle(symbol.c_str()))};
  }
  constexpr std::string_view kMissing = ": cannot open shared object file";
  if (const auto at = text.find(kMissing); at != std::string::npos && !text.starts_with(path))
    return {"dependency",
            fmt::format("{}: does not load: needs {}, which was not found", path, text.substr(0, at))};
  return {"load", fmt::format("{}: does not load: {}", path, text)};
}

Refusal check_descriptor(const LoadedPlugin& plugin) {
  const bl_plugin* d = plugin.descriptor;
  const AbiVersion host = host_abi();
  const auto wrong = [&](const char* member, std::uint64_t value, const std::string& expected) {
    return Refusal{"descriptor", fmt::format("{}: wrong descriptor: {} is {}, expected {}", plugin.path_text,
                                             member, value, expected)};
  };
  if (d->struct_size < BL_PLUGIN_LEAST || d->struct_size > 65536)
    return wrong("struct_size", d->struct_size, fmt::format("at least {}", BL_PLUGIN_LEAST));
  const auto same = [&](std::uint32_t value, int expected) { return std::int64_t{value} == expected; };
  if (!same(d->abi_major, plugin.note.abi_major))
    return wrong("abi_major", d->abi_major, fmt::format("{}, as in the note", plugin.note.abi_major));
  if (!same(d->abi_minor, plugin.note.abi_minor))
    return wrong("abi_minor", d->abi_minor, fmt::format("{}, as in the note", plugin.note.abi_minor));
  if (std::int64_t{d->abi_minor_needed} > host.minor)
    return wrong("abi_minor_needed", d->abi_minor_needed, fmt::format("at most {}", host.minor));
  if (d->n_cameras != plugin.note.cameras.size())
    return wrong("n_cameras", d->n_cameras, fmt::format("{}, as in the note", plugin.note.cameras.size()));
  if (!d->cameras) return wrong("cameras", 0, "an array");
  if (d->camera_stride < BL_CAMERA_LEAST || d->camera_stride % 8 != 0 || d->camera_stride > 65536)
    return wrong("camera_stride", d->camera_stride, fmt::format("at least {}", BL_CAMERA_LEAST));
  const auto differ = [&](const std::string& what) {
    return Refusal{"note-differs",
                   fmt::format("{}: the note and the plugin disagree about {}", plugin.path_text, what)};
  };
  if (from_bl(d->note) != plugin.note.text) return differ("the note's text");
  for (const CameraIdentity& identity : plugin.note.cameras) {
    const bl_camera* camera = plugin.find(identity.name);
    if (!camera) return differ("camera " + identity.name);
    if (camera->struct_size < BL_CAMERA_LEAST)
      return wrong("a camera's struct_size", camera->struct_size,
                   fmt::format("at least {}", BL_CAMERA_LEAST));
    if (!camera->create || !camera->facts) return wrong("a camera's create or facts", 0, "a function");
  }
  return {};
}

// The library's file, held open while it is hashed and loaded: what is loaded is what was hashed.
class LibraryFile {
 public:
  explicit LibraryFile(const std::string& path)
      : path_(path), fd_(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {
    if (fd_ < 0 || ::fstat(fd_, &stat_) != 0)
      throw input_error("cannot be read: {}", std::strerror(errno)).in_file(path);
  }
  ~LibraryFile() {
    if (fd_ >= 0) ::close(fd_);
  }
  LibraryFile(const LibraryFile&) = delete;
  LibraryFile& operator=(const LibraryFile&) = delete;

  std::string sha256() const {
    std::string bytes(static_cast<std::size_t>(stat_.st_size), '\0');
    for (std::size_t at = 0; at < bytes.size();) {
      const ssize_t n = ::pread(fd_, bytes.data() + at, bytes.size() - at, static_cast<off_t>(at));
      if (n <= 0) throw resource_error("cannot be read whole").in_file(path_);
      at += static_cast<std::size_t>(n);
    }
    return sha256_hex(bytes);
  }
  // Whether the path still leads to this file, and nobody has written to it.
  bool is_unchanged() const {
    struct stat now {};
    return ::stat(path_.c_str(), &now) == 0 && now.st_dev == stat_.st_dev && now.st_ino == stat_.st_ino &&
           now.st_size == stat_.st_size && now.st_mtim.tv_sec == stat_.st_mtim.tv_sec &&
           now.st_mtim.tv_nsec == stat_.st_mtim.tv_nsec;
  }

 private:
  std::string path_;
  int fd_;
  struct stat stat_ {};
};

}  // namespace

const bl_camera* LoadedPlugin::find(std::string_view name) const {
  for (std::uint32_t i = 0; i < descriptor->n_cameras; ++i) {
    const auto* camera = reinterpret_cast<const bl_camera*>(
        reinterpret_cast<const char*>(descriptor->cameras) + std::size_t{i} * descriptor->camera_stride);
    if (from_bl(camera->name) == name) return camera;
  }
  return nullptr;
}

namespace {

// Beside NAME.camera.so or NAME.camera.json: NAME.camera.d.
std::filesystem::path data_directory_of(std::filesystem::path path) { return path.replace_extension(".d"); }

}  // namespace

std::unique_ptr<LoadedPlugin> facts_plugin(const std::filesystem::path& path, const PluginNote& note,
                                           const std::string& text) {
  auto plugin = std::make_unique<LoadedPlugin>();
  plugin->path = path;
  plugin->path_text = path.string();
  plugin->note = note;
  plugin->data_directory = data_directory_of(path);
  plugin->sha256 = sha256_hex(text);
  plugin->facts_text = parse_camera_file(text).facts;
  return plugin;
}

Refusal load_plugin(const std::filesystem::path& path, const PluginNote& note, Log log,
                    std::unique_ptr<LoadedPlugin>& out) {
  auto plugin = std::make_unique<LoadedPlugin>();
  plugin->path = path;
  plugin->path_text = plugin->path.string();
  plugin->note = note;
  plugin->data_directory = data_directory_of(path);
  const LibraryFile file(plugin->path_text);
  plugin->sha256 = file.sha256();

  PluginCall here(plugin->caller({}, "load"), log);
  // Never destroyed, so never unloaded: what a plugin registered or handed out must stay valid to the end.
  static auto& libraries = *new std::vector<std::unique_ptr<boost::dll::shared_library>>();
  libraries.push_back(std::make_unique<boost::dll::shared_library>());
  boost::dll::shared_library* library = libraries.back().get();
  std::fenv_t mode;
  std::fegetenv(&mode);
  try {
    library->load(plugin->path, boost::dll::load_mode::rtld_now | boost::dll::load_mode::rtld_local);
  } catch (const std::bad_alloc&) {
    throw;
  } catch (const std::exception& e) {
    std::fesetenv(&mode);
    if (is_want_of_memory(e.what()))
      throw resource_error("there is no memory to load it: {}", loader_text(e.what()))
          .in_file(plugin->path_text);
    return load_refusal(plugin->path_text, loader_text(e.what()));
  }
  std::fenv_t after;
  std::fegetenv(&after);
#if defined(__x86_64__)
  // Bits 0-5 are sticky exception flags, not modes.
  if ((mode.__mxcsr & ~0x3fu) != (after.__mxcsr & ~0x3fu))
    log.warning("{}: changed the floating-point mode when loaded (built with -ffast-math?); restored",
                plugin->path_text);
#endif
  std::fesetenv(&mode);
  if (!file.is_unchanged())
    return {"changed", fmt::format("{}: was replaced or written to while it was loaded", plugin->path_text)};

  if (!library->has(BL_ENTRY_SYMBOL))
    return {"no-entry", fmt::format("{}: has no symbol {}", plugin->path_text, BL_ENTRY_SYMBOL)};
  auto* entry =
      reinterpret_cast<bl_entry*>(&library->get<const bl_plugin*(const bl_handshake*)>(BL_ENTRY_SYMBOL));
  ErrorBuffer error;
  const AbiVersion host = host_abi();
  const bl_handshake handshake = {sizeof(bl_handshake),
                                  static_cast<std::uint32_t>(host.major),
                                  static_cast<std::uint32_t>(host.minor),
                                  0,
                                  to_bl("brickline"),
                                  to_bl(kVersion),
                                  &error.error};
  try {
    plugin->descriptor = entry(&handshake);
  } catch (const std::bad_alloc&) {
    throw;
  } catch (...) {
    return {"declined", fmt::format("{}: declined: let an exception escape", plugin->path_text)};
  }
  if (!plugin->descriptor)
    return {"declined", fmt::format("{}: declined: {}", plugin->path_text,
                                    error.text().empty() ? "without a reason" : error.text())};
  here.check();
  if (Refusal refusal = check_descriptor(*plugin)) return refusal;
  const AbiVersion built = {plugin->note.abi_major, plugin->note.abi_minor};
  if (built.minor > host.minor)
    log.info("{}: built for camera ABI {}, this program offers {}: used without what came later",
             plugin->path_text, built.text(), host.text());
  if (const auto extra = exported_symbols(path); !extra.empty())
    log.warning(
        "{}: exports {}{} besides its entry, which other libraries may take for their own; link it with the "
        "SDK's version script",
        plugin->path_text, extra.front(), extra.size() > 1 ? " and others" : "");
  out = std::move(plugin);
  return {};
}

namespace {

constexpr std::size_t kMaxFactsBytes = 4u << 20;

// A table that a camera offers; null where it offers none. Throws the refusal's words for one that is too small.
template <typename T>
const T* extension(const LoadedCamera& camera, const char* id, std::uint32_t least) {
  if (!camera.table->query) return nullptr;
  const auto* table = static_cast<const T*>(camera.table->query(camera.instance, to_bl(id)));
  if (table && table->struct_size < least)
    throw plugin_error("struct_size of {} is {}, expected at least {}", id, table->struct_size, least);
  return table;
}

}  // namespace

LoadedCamera::~LoadedCamera() {
  if (!created || !table->destroy) return;
  const PluginCall here(plugin->caller(identity.name, "destroy"), log);
  table->destroy(instance);
}

bl_step_function* LoadedCamera::step(CameraStep which) const {
  if (!steps) return nullptr;
#define BRICKLINE_STEP(name) BL_HAS(steps, name) ? steps->name : nullptr
  switch (which) {
    case CameraStep::kMetadata:
      return BRICKLINE_STEP(metadata);
    case CameraStep::kFiles:
      return BRICKLINE_STEP(files);
    case CameraStep::kGoodRegion:
      return BRICKLINE_STEP(good_region);
    case CameraStep::kReadImage:
      return BRICKLINE_STEP(read_image);
    case CameraStep::kReadMask:
      return BRICKLINE_STEP(read_mask);
    case CameraStep::kRemapMask:
      return BRICKLINE_STEP(remap_mask);
    case CameraStep::kReadWeight:
      return BRICKLINE_STEP(read_weight);
    case CameraStep::kSaturation:
      return BRICKLINE_STEP(saturation);
    case CameraStep::kRemapWeight:
      return BRICKLINE_STEP(remap_weight);
    case CameraStep::kAfterSky:
      return BRICKLINE_STEP(after_sky);
    default:
      return nullptr;
  }
#undef BRICKLINE_STEP
}

Refusal create_camera(const LoadedPlugin& plugin, const CameraIdentity& identity, const Cancel& cancel,
                      Log log, std::unique_ptr<LoadedCamera>& out) {
  auto camera = std::make_unique<LoadedCamera>();
  camera->plugin = &plugin;
  camera->identity = identity;
  camera->cancel = cancel;
  camera->log = log;
  if (!plugin.descriptor) {
    static constexpr bl_camera kNoCode = {sizeof(bl_camera), 0,       {},      nullptr, nullptr,
                                          nullptr,           nullptr, nullptr, nullptr};
    camera->table = &kNoCode;
    camera->facts_text = plugin.facts_text;
    out = std::move(camera);
    return {};
  }
  camera->table = plugin.find(identity.name);
  fill_host_table(*camera);
  const auto failed = [&](const char* id, const std::string& what, const std::string& why) {
    return Refusal{id, fmt::format("{}: {}: {}", plugin.path_text, what, why)};
  };
  PluginCall here(plugin.caller(identity.name, "create"), log);
  const std::string cannot_start = fmt::format("camera {} cannot start", identity.name);
  try {
    ErrorBuffer error;
    bl_status status =
        camera->table->create(&camera->host, to_bl(camera->identity.name), &camera->instance, &error.error);
    if (status == BL_E_RESOURCES) throw std::bad_alloc();
    if (status != BL_OK)
      return failed("create", cannot_start,
                    error.text().empty() ? fmt::format("status {}", status) : error.text());
    camera->created = true;
    here.check();
    TextSink facts_sink(kMaxFactsBytes);
    const bl_sink sink = facts_sink.table();
    ErrorBuffer facts_error;
    status = camera->table->facts(camera->instance, &sink, &facts_error.error);
    if (status == BL_E_RESOURCES) throw std::bad_alloc();
    camera->facts_text = facts_sink.take();
    if (status != BL_OK || facts_sink.is_full()) {
      const bool too_long = facts_sink.is_full();
      return failed("facts", fmt::format("facts of camera {}", identity.name),
                    too_long                     ? "more than 4 MiB"
                    : facts_error.text().empty() ? fmt::format("status {}", status)
                                                 : facts_error.text());
    }
    camera->steps = extension<bl_steps>(*camera, BL_EXT_STEPS, BL_STEPS_LEAST);
    camera->wcs = extension<bl_wcs>(*camera, BL_EXT_WCS, BL_WCS_LEAST);
    camera->psf = extension<bl_psf_model>(*camera, BL_EXT_PSF, BL_PSF_MODEL_LEAST);
    camera->sky = extension<bl_sky_model>(*camera, BL_EXT_SKY, BL_SKY_MODEL_LEAST);
    camera->format = extension<bl_format>(*camera, BL_EXT_FORMAT, BL_FORMAT_LEAST);
  } catch (const std::bad_alloc&) {
    throw;
  } catch (const Error& e) {
    return failed("descriptor", fmt::format("camera {}", identity.name), e.message());
  } catch (...) {
    return failed("create", cannot_start, "it let an exception escape");
  }
  out = std::move(camera);
  return {};
}

}  // namespace brickline
