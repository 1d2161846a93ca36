// What turns classes into the C tables of camera_abi.h, and the macro that makes a plugin. Included by
// camera.hpp; an author needs only the macro.
#pragma once

#include <array>
#include <brickline/camera.hpp>
#include <memory>

namespace brickline {
inline namespace v0 {
namespace detail {

// ---- The note ----

struct Span {
  std::size_t begin = 0, size = 0;
  bool found = false;
};
// The name of the n-th object of "cameras" in the author's JSON literal.
constexpr Span camera_name(std::string_view json, int n) {
  int depth = 0, index = -1;
  bool in_cameras = false, is_name = false;
  for (std::size_t i = 0; i < json.size(); ++i) {
    const char c = json[i];
    if (c == '"') {
      const std::size_t begin = i + 1;
      for (++i; i < json.size() && json[i] != '"'; ++i)
        if (json[i] == '\\') ++i;
      if (i >= json.size()) return {};
      const std::string_view s = json.substr(begin, i - begin);
      std::size_t k = i + 1;
      while (k < json.size() && (json[k] == ' ' || json[k] == '\n' || json[k] == '\t' || json[k] == '\r'))
        ++k;
      if (k < json.size() && json[k] == ':') {
        if (depth == 1) in_cameras = s == "cameras";
        is_name = depth == 3 && in_cameras && s == "name";
      } else if (is_name) {
        if (index == n) return {begin, s.size(), true};
        is_name = false;
      }
    } else if (c == '{' || c == '[') {
      ++depth;
      if (c == '{' && depth == 3 && in_cameras) ++index;
    } else if (c == '}' || c == ']') {
      --depth;
    }
  }
  return {};
}
constexpr bool plain_object(std::string_view json) {
  if (json.empty() || json[0] != '{' || json.size() >= 16384) return false;
  for (const char c : json)
    if (static_cast<unsigned char>(c) >= 0x80) return false;
  return true;
}

// The ELF note: header, owner, and the JSON text with its terminating zero.
template <std::size_t Size>
struct Note {
  std::uint32_t owner_size, text_size, type;
  char owner[12];
  char text[(Size + 3) / 4 * 4];
};
template <std::size_t A, std::size_t B>
constexpr Note<A + B> make_note(const char (&host_part)[A], const char (&literal)[B]) {
  Note<A + B> note{};
  note.owner_size = sizeof(BL_NOTE_OWNER);
  note.text_size = static_cast<std::uint32_t>(A + B);  // both zeros: the closing brace and the terminator
  note.type = BL_NOTE_TYPE;
  for (std::size_t i = 0; i < sizeof(BL_NOTE_OWNER); ++i) note.owner[i] = BL_NOTE_OWNER[i];
  std::size_t n = 0;
  for (std::size_t i = 0; i + 1 < A; ++i) note.text[n++] = host_part[i];
  for (std::size_t i = 0; i + 1 < B; ++i) note.text[n++] = literal[i];
  note.text[n++] = '}';
  return note;
}

// ---- One class behind the C tables ----

template <typename T, typename = void>
struct HasSlot : std::false_type {};
template <typename T>
struct HasSlot<T, std::void_t<typename T::Slot>> : std::true_type {};

// Whether a member function has a step's form. Without `const` it would hide the step and could change the
// camera while other threads use it.
template <typename F>
struct IsStep : std::false_type {};
template <typename C>
struct IsStep<void (C::*)(Ccd&, Step&) const> : std::true_type {};
template <typename C>
struct IsStep<void (C::*)(Ccd&, Step&) const noexcept> : std::true_type {};

// Has `describe` fill a struct of our own size, and gives the host as much of it as the host knows.
template <typename T, typename F>
bl_status filled(T* out, F&& describe) {
  T mine{};
  const std::uint32_t known = out->struct_size;
  std::memcpy(&mine, out, std::min<std::size_t>(known, sizeof(T)));
  mine.struct_size = sizeof(T);
  if (!describe(mine)) return BL_DEFAULT;
  mine.struct_size = known;
  std::memcpy(out, &mine, std::min<std::size_t>(known, sizeof(T)));
  return BL_OK;
}

template <typename T>
struct Glue {
  // The camera is constant: its functions run concurrently for different CCDs.
  struct Instance {
    const bl_host* host;
    const T camera;
    explicit Instance(const bl_host* h) : host(h), camera() {}
  };

  // A file of the camera's own format, and the host for what is done with it.
  struct File {
    const bl_host* host;
    std::unique_ptr<OpenFile> file;
  };

  static bl_status create(const bl_host* host, bl_str, void** out, bl_error* e) noexcept {
    return guarded(e, [&]() -> bl_status {
      *out = new Instance(host);
      return BL_OK;
    });
  }
  static void destroy(void* camera) noexcept { delete static_cast<Instance*>(camera); }
  static bl_status facts(void* camera, const bl_sink* sink, bl_error* e) noexcept {
    return guarded(e, [&]() -> bl_status {
      const std::string text = static_cast<Instance*>(camera)->camera.facts().text();
      return sink->write(sink->self, str(text));
    });
  }
  static bl_status open(void* camera, bl_ccd* raw, void** slot, bl_error* e) noexcept {
    return guarded(e, [&]() -> bl_status {
      Instance* i = static_cast<Instance*>(camera);
      Ccd ccd(i->host, raw);
      if constexpr (HasSlot<T>::value) {
        static_assert(
            std::is_same_v<decltype(std::declval<const T&>().open(ccd)), std::unique_ptr<typename T::Slot>>,
            "a camera with a Slot has `std::unique_ptr<Slot> open(Ccd&) const`");
        *slot = i->camera.open(ccd).release();
      }
      return BL_OK;
    });
  }
  static void close(void*, void* slot) noexcept {
    if constexpr (HasSlot<T>::value) delete static_cast<typename T::Slot*>(slot);
  }

// A step's C function exists only if T (or a base between it and Camera) declares the step itself.
#define BRICKLINE_GLUE_STEP(name)                                                                  \
  static_assert(IsStep<decltype(&T::name)>::value,                                                 \
                "the step " #name " must be `void " #name "(Ccd&, Step&) const override`");        \
  static bl_status name(void* camera, void* slot, bl_ccd* raw, bl_step* s, bl_error* e) noexcept { \
    return guarded(e, [&]() -> bl_status {                                                         \
      Instance* i = static_cast<Instance*>(camera);                                                \
      Ccd ccd(i->host, raw, slot);                                                                 \
      Step step(s);                                                                                \
      i->camera.name(ccd, step);                                                                   \
      return BL_OK;                                                                                \
    });                                                                                            \
  }                                                                                                \
  static constexpr bl_step_function* name##_or_null() {                                            \
    if constexpr (std::is_same_v<decltype(&T::name), decltype(&Camera::name)>)                     \
      return nullptr;                                                                              \
    else                                                                                           \
      return &Glue::name;                                                                          \
  }
  BRICKLINE_GLUE_STEP(metadata)
  BRICKLINE_GLUE_STEP(files)
  BRICKLINE_GLUE_STEP(good_region)
  BRICKLINE_GLUE_STEP(read_image)
  BRICKLINE_GLUE_STEP(read_mask)
  BRICKLINE_GLUE_STEP(remap_mask)
  BRICKLINE_GLUE_STEP(read_weight)
  BRICKLINE_GLUE_STEP(saturation)
  BRICKLINE_GLUE_STEP(remap_weight)
  BRICKLINE_GLUE_STEP(after_sky)
#undef BRICKLINE_GLUE_STEP

  static bl_status wcs_cards(void* camera, void* slot, bl_ccd* raw, const bl_sink* sink,
                             bl_error* e) noexcept {
    return guarded(e, [&]() -> bl_status {
      Instance* i = static_cast<Instance*>(camera);
      Ccd ccd(i->host, raw, slot);
      const std::string text = i->camera.wcs_cards(ccd);
      if (text.empty()) return BL_DEFAULT;
      return sink->write(sink->self, str(text));
    });
  }
  static bl_status describe_psf(void* camera, void* slot, bl_ccd* raw, bl_psf* out, bl_error* e) noexcept {
    return guarded(e, [&]() -> bl_status {
      Instance* i = static_cast<Instance*>(camera);
      Ccd ccd(i->host, raw, slot);
      return filled(out, [&](bl_psf& mine) { return i->camera.describe_psf(ccd, mine); });
    });
  }
  static bl_status psf_planes(void* camera, void* slot, bl_ccd* raw, const bl_view* out,
                              bl_error* e) noexcept {
    return guarded(e, [&]() -> bl_status {
      Instance* i = static_cast<Instance*>(camera);
      Ccd ccd(i->host, raw, slot);
      i->camera.psf_planes(ccd, Plane<float>(*out));
      return BL_OK;
    });
  }
  static bl_status describe_sky(void* camera, void* slot, bl_ccd* raw, bl_sky* out, bl_error* e) noexcept {
    return guarded(e, [&]() -> bl_status {
      Instance* i = static_cast<Instance*>(camera);
      Ccd ccd(i->host, raw, slot);
      return filled(out, [&](bl_sky& mine) { return i->camera.describe_sky(ccd, mine); });
    });
  }
  static bl_status render_sky(void* camera, void* slot, bl_ccd* raw, const bl_box* box, const bl_view* out,
                              bl_error* e) noexcept {
    return guarded(e, [&]() -> bl_status {
      Instance* i = static_cast<Instance*>(camera);
      Ccd ccd(i->host, raw, slot);
      i->camera.render_sky(ccd, *box, Plane<float>(*out));
      return BL_OK;
    });
  }

  static bl_status open_file(void* camera, bl_ccd* raw, std::int32_t role, void** file, std::int32_t* hdus,
                             bl_error* e) noexcept {
    return guarded(e, [&]() -> bl_status {
      Instance* i = static_cast<Instance*>(camera);
      Ccd ccd(i->host, raw);
      std::unique_ptr<OpenFile> opened = static_cast<const FileFormat&>(i->camera).open_file(ccd, role);
      if (!opened) return BL_DEFAULT;
      *hdus = opened->hdu_count();
      *file = new File{i->host, std::move(opened)};
      return BL_OK;
    });
  }
  static void close_file(void*, void* file) noexcept { delete static_cast<File*>(file); }
  static bl_status file_info(void*, void* file, bl_ccd* raw, std::int32_t hdu, bl_hdu_info* out,
                             bl_error* e) noexcept {
    return guarded(e, [&]() -> bl_status {
      File* f = static_cast<File*>(file);
      Ccd ccd(f->host, raw);
      return filled(out, [&](bl_hdu_info& mine) {
        f->file->describe(ccd, hdu, mine);
        return true;
      });
    });
  }
  static bl_status file_cards(void*, void* file, bl_ccd* raw, std::int32_t hdu, const bl_sink* sink,
                              bl_error* e) noexcept {
    return guarded(e, [&]() -> bl_status {
      File* f = static_cast<File*>(file);
      Ccd ccd(f->host, raw);
      const std::string text = f->file->cards(ccd, hdu);
      return sink->write(sink->self, str(text));
    });
  }
  static bl_status file_pixels(void*, void* file, bl_ccd* raw, std::int32_t hdu, const bl_box* box,
                               const bl_view* out, bl_error* e) noexcept {
    return guarded(e, [&]() -> bl_status {
      File* f = static_cast<File*>(file);
      Ccd ccd(f->host, raw);
      if (out->type == BL_I32)
        f->file->codes(ccd, hdu, *box, Plane<std::int32_t>(*out));
      else
        f->file->pixels(ccd, hdu, *box, Plane<float>(*out));
      return BL_OK;
    });
  }

  static const void* query(void*, bl_str id) noexcept {
    const std::string_view name = view(id);
    static constexpr bl_steps steps = {sizeof(bl_steps),       0,
                                       metadata_or_null(),     files_or_null(),
                                       good_region_or_null(),  read_image_or_null(),
                                       read_mask_or_null(),    remap_mask_or_null(),
                                       read_weight_or_null(),  saturation_or_null(),
                                       remap_weight_or_null(), after_sky_or_null()};
    const bool any = steps.metadata || steps.files || steps.good_region || steps.read_image ||
                     steps.read_mask || steps.remap_mask || steps.read_weight || steps.saturation ||
                     steps.remap_weight || steps.after_sky;
    if (any && name == BL_EXT_STEPS) return &steps;
    if constexpr (std::is_base_of_v<WcsCards, T>) {
      static constexpr bl_wcs table = {sizeof(bl_wcs), 0, &Glue::wcs_cards};
      if (name == BL_EXT_WCS) return &table;
    }
    if constexpr (std::is_base_of_v<PsfModel, T>) {
      static constexpr bl_psf_model table = {sizeof(bl_psf_model), 0, &Glue::describe_psf, &Glue::psf_planes};
      if (name == BL_EXT_PSF) return &table;
    }
    if constexpr (std::is_base_of_v<SkyModel, T>) {
      static constexpr bl_sky_model table = {sizeof(bl_sky_model), 0, &Glue::describe_sky, &Glue::render_sky};
      if (name == BL_EXT_SKY) return &table;
    }
    if constexpr (std::is_base_of_v<FileFormat, T>) {
      static constexpr bl_format table = {
          sizeof(bl_format), 0, &Glue::open_file, &Glue::close_file, &Glue::file_info, &Glue::file_cards,
          &Glue::file_pixels};
      if (name == BL_EXT_FORMAT) return &table;
    }
    return nullptr;
  }

  static bl_camera table(std::string_view name) {
    return {sizeof(bl_camera), 0, str(name), &create, &destroy, &facts, &query, &open, &close};
  }
};

// The descriptor of a plugin of these cameras. `note` is the whole note's text, the author's literal at
// `offset`.
template <typename... T>
const bl_plugin* plugin(std::string_view note, std::size_t offset, std::uint32_t needs_minor) {
  static const std::array<bl_camera, sizeof...(T)> cameras = [&] {
    const std::string_view literal = note.substr(offset);
    int n = 0;
    return std::array<bl_camera, sizeof...(T)>{[&] {
      const Span s = camera_name(literal, n++);
      return Glue<T>::table(literal.substr(s.begin, s.size));
    }()...};
  }();
  static const bl_plugin descriptor = {sizeof(bl_plugin), BL_ABI_MAJOR, BL_ABI_MINOR,      needs_minor,
                                       str(note),         sizeof...(T), sizeof(bl_camera), cameras.data()};
  return &descriptor;
}

}  // namespace detail
}  // namespace v0
}  // namespace brickline

// The least host minor that the plugin can work with. What is called of later ones is counted without being
// said here; define it before including camera.hpp for a need of another kind.
#ifndef BRICKLINE_NEEDS_MINOR
#define BRICKLINE_NEEDS_MINOR 0
#endif

// Makes the plugin: LITERAL is a JSON object {"plugin", "version", "license", "contact", "url", "cameras":
// [{"name", "aliases", "claims", "base"}]}, the only place where identity is written; the classes follow in
// the order of its cameras, each with a default constructor.
#define BRICKLINE_CAMERA_PLUGINS(LITERAL, ...)                                                              \
  namespace {                                                                                               \
  constexpr char brickline_note_head_[] = BL_NOTE_HEAD(BRICKLINE_NEEDS_MINOR);                              \
  constexpr char brickline_literal_[] = LITERAL;                                                            \
  static_assert(::brickline::detail::plain_object(brickline_literal_),                                      \
                "the plugin's identity must be a JSON object in plain ASCII, shorter than 16 kB");          \
  static_assert(::brickline::detail::camera_name(brickline_literal_,                                        \
                                                 int(std::tuple_size<std::tuple<__VA_ARGS__>>::value) - 1)  \
                        .found &&                                                                           \
                    !::brickline::detail::camera_name(brickline_literal_,                                   \
                                                      int(std::tuple_size<std::tuple<__VA_ARGS__>>::value)) \
                         .found,                                                                            \
                "the identity must list as many cameras as there are classes, each with a name");           \
  __attribute__((used, section(BL_NOTE_SECTION), aligned(4))) constexpr auto brickline_note_ =              \
      ::brickline::detail::make_note(brickline_note_head_, brickline_literal_);                             \
  }                                                                                                         \
  extern "C" __attribute__((visibility("default"))) const bl_plugin* brickline_camera_plugin(               \
      const bl_handshake*) {                                                                                \
    return ::brickline::detail::plugin<__VA_ARGS__>(                                                        \
        {brickline_note_.text, sizeof(brickline_note_head_) - 1 + sizeof(brickline_literal_) - 1 + 1},      \
        sizeof(brickline_note_head_) - 1, BRICKLINE_NEEDS_MINOR);                                           \
  }
#define BRICKLINE_CAMERA_PLUGIN(CLASS, LITERAL) BRICKLINE_CAMERA_PLUGINS(LITERAL, CLASS)
