// The C++ face of the camera boundary: header-only C++17 that compiles into the plugin.
//
// Derive from Camera, say the facts, override the steps that facts cannot describe, and write one macro:
//
//   #include <brickline/camera.hpp>
//   using namespace brickline;
//   class Oddball : public Camera {
//    public:
//     Facts facts() const override {
//       Facts f;
//       f["detector"] = {{"pixel_scale_arcsec", 0.58}, {"bands", {"NB_C", "NB_E"}}};
//       f["pixels"]["unit"] = "per_second";
//       return f;
//     }
//   };
//   BRICKLINE_CAMERA_PLUGIN(Oddball, R"({"plugin": "oddball", "version": "0.1.0", "license": "BSD-3-Clause",
//     "cameras": [{"name": "oddball", "claims": [{"INSTRUME": "^oddball$"}]}]})")
//
// A step is `void NAME(Ccd&, Step&) const override`; docs of each are at class Camera.
//
// Every exception is caught here and crosses as a status (so a plugin is not compiled with -fno-exceptions):
// Skip (this CCD is of no use), BadInput, Missing,
// Unsupported, std::bad_alloc, std::invalid_argument; anything else counts as a defect of the plugin.
// A camera is immutable once constructed: its functions run concurrently for different CCDs.
#pragma once

#include <brickline/camera_abi.h>

#include <algorithm>
#include <brickline/facts.hpp>
#include <cstring>
#include <exception>
#include <memory>
#include <new>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace brickline {
inline namespace v0 {

// ---- What may be thrown ----

struct Skip : std::runtime_error {  // the CCD is of no use here
  using std::runtime_error::runtime_error;
};
struct BadInput : std::runtime_error {  // the content of a file is wrong
  using std::runtime_error::runtime_error;
};
struct Missing : std::runtime_error {  // a file, HDU or card is not there
  explicit Missing(const std::string& what, std::string card = {})
      : std::runtime_error(what), key(std::move(card)) {}
  std::string key;
};
struct Unsupported : std::runtime_error {  // known, but not handled by this version
  using std::runtime_error::runtime_error;
};
struct Cancelled : std::runtime_error {  // stopped because the host asked for it
  Cancelled() : std::runtime_error("cancelled") {}
};

// The minor of the ABI that a function of the host came with: specialize it for every one that is added. 0: in
// the first of its major.
template <auto Function>
struct Since {
  static constexpr unsigned minor = 0;
};
template <>
struct Since<&bl_host::file_size> {
  static constexpr unsigned minor = 3;
};
template <>
struct Since<&bl_host::file_read> {
  static constexpr unsigned minor = 3;
};
template <>
struct Since<&bl_host::file_path> {
  static constexpr unsigned minor = 3;
};

namespace mask_bit {
inline constexpr std::uint16_t badpix = BL_MASK_BADPIX, satur = BL_MASK_SATUR, interp = BL_MASK_INTERP,
                               cr = BL_MASK_CR, bleed = BL_MASK_BLEED, trans = BL_MASK_TRANS,
                               edge = BL_MASK_EDGE, edge2 = BL_MASK_EDGE2;
}  // namespace mask_bit

namespace detail {

inline bl_str str(std::string_view s) { return {s.data(), s.size()}; }
inline std::string_view view(bl_str s) { return {s.data, static_cast<std::size_t>(s.size)}; }

// A bl_error with room, for calls into the host.
struct ErrorBuffer {
  char text[2048];
  bl_error error{};
  ErrorBuffer() {
    error.struct_size = sizeof(error);
    error.capacity = sizeof(text);
    error.role = error.hdu = -1;
    error.text = text;
  }
  std::string message() const { return {text, std::min<std::size_t>(error.length, sizeof(text))}; }
  std::string key() const { return {error.key, std::min<std::size_t>(error.key_length, sizeof(error.key))}; }
};

// Turns a host function's failure into the exception of its kind.
[[noreturn]] inline void raise(bl_status status, std::string text, std::string key = {}) {
  switch (status) {
    case BL_SKIP:
      throw Skip(text);
    case BL_E_INPUT:
      throw BadInput(text);
    case BL_E_MISSING:
      throw Missing(text, std::move(key));
    case BL_E_UNSUPPORTED:
      throw Unsupported(text);
    case BL_E_RESOURCES:
      throw std::bad_alloc();
    case BL_E_ARGUMENT:
      throw std::invalid_argument(text);
    case BL_E_CANCELLED:
      throw Cancelled();
    default:
      throw std::runtime_error(text);
  }
}
inline void check(bl_status status, const ErrorBuffer& e) {
  if (status < 0 || status == BL_SKIP) raise(status, e.message(), e.key());
}

inline bl_status fill(bl_error* e, bl_status status, std::string_view text, std::string_view key = {}) {
  if (e && e->text) {
    std::size_t n = std::min<std::size_t>(text.size(), e->capacity);
    while (n > 0 && n < text.size() && (static_cast<unsigned char>(text[n]) & 0xc0) == 0x80) --n;
    std::memcpy(e->text, text.data(), n);
    e->length = static_cast<std::uint32_t>(n);
    const std::size_t k = std::min(key.size(), sizeof(e->key));
    if (k > 0) std::memcpy(e->key, key.data(), k);
    e->key_length = static_cast<std::uint32_t>(k);
  }
  return status;
}

// Runs `f`, which returns a status, and turns whatever it throws into one.
template <typename F>
bl_status guarded(bl_error* e, F&& f) noexcept {
  try {
    try {
      return f();
    } catch (const Skip& x) {
      return fill(e, BL_SKIP, x.what());
    } catch (const Missing& x) {
      return fill(e, BL_E_MISSING, x.what(), x.key);
    } catch (const BadInput& x) {
      return fill(e, BL_E_INPUT, x.what());
    } catch (const std::domain_error& x) {
      return fill(e, BL_E_INPUT, x.what());
    } catch (const Unsupported& x) {
      return fill(e, BL_E_UNSUPPORTED, x.what());
    } catch (const Cancelled& x) {
      return fill(e, BL_E_CANCELLED, x.what());
    } catch (const std::bad_alloc&) {
      return fill(e, BL_E_RESOURCES, "out of memory");
    } catch (const std::length_error& x) {
      return fill(e, BL_E_RESOURCES, x.what());
    } catch (const std::invalid_argument& x) {
      return fill(e, BL_E_ARGUMENT, x.what());
    } catch (const std::out_of_range& x) {
      return fill(e, BL_E_ARGUMENT, x.what());
    } catch (const std::exception& x) {
      return fill(e, BL_E_INTERNAL, x.what());
    } catch (...) {
      return fill(e, BL_E_INTERNAL, "an exception of unknown type");
    }
  } catch (...) {
    return BL_E_INTERNAL;
  }
}

// Tells the loader, by a note in the library, that the plugin needs that minor of the host.
template <unsigned Minor>
inline void need_minor() {
  asm volatile(
      ".pushsection .note.brickline.needs,\"a\",%%note\n\t.balign 4\n\t.long 10\n\t.long 4\n\t.long %c1\n\t"
      ".asciz \"Brickline\"\n\t.balign 4\n\t.long %c0\n\t.popsection"
      :
      : "i"(Minor), "i"(BL_NOTE_TYPE_NEEDS));
}

// The host's function, or null where the host is older than it.
template <auto Function>
auto offered(const bl_host* host) {
  const auto* function = &(host->*Function);
  const auto end = reinterpret_cast<const char*>(function + 1) - reinterpret_cast<const char*>(host);
  return end <= static_cast<std::ptrdiff_t>(host->struct_size) ? *function : nullptr;
}
// Calls it. A plugin in which this is compiled for a later function needs that function's minor.
template <auto Function, typename... Args>
auto call(const bl_host* host, Args... arguments) {
  if constexpr (Since<Function>::minor > 0) need_minor<Since<Function>::minor>();
  const auto function = offered<Function>(host);
  if (!function) throw Unsupported("the program is older than what this camera asks of it");
  return function(host->self, arguments...);
}

template <typename T>
struct TypeCode;
template <>
struct TypeCode<float> {
  static constexpr std::uint32_t value = BL_F32;
};
template <>
struct TypeCode<double> {
  static constexpr std::uint32_t value = BL_F64;
};
template <>
struct TypeCode<std::uint8_t> {
  static constexpr std::uint32_t value = BL_U8;
};
template <>
struct TypeCode<std::uint16_t> {
  static constexpr std::uint32_t value = BL_U16;
};
template <>
struct TypeCode<std::int32_t> {
  static constexpr std::uint32_t value = BL_I32;
};

}  // namespace detail

// ---- Pixels ----

// Someone else's pixels, for the time of a call.
template <typename T>
class Plane {
 public:
  explicit Plane(const bl_view& v)
      : data_(static_cast<T*>(v.data)), width_(v.width), height_(v.height), stride_(v.stride) {
    if (v.data && v.type != detail::TypeCode<T>::value)
      throw std::invalid_argument("a plane of another pixel type");
  }
  explicit operator bool() const { return data_ != nullptr; }  // false: not in use in this step
  std::int64_t width() const { return width_; }
  std::int64_t height() const { return height_; }
  T* row(std::int64_t y) const { return data_ + y * stride_; }
  T& operator()(std::int64_t x, std::int64_t y) const { return data_[y * stride_ + x]; }

 private:
  T* data_;
  std::int64_t width_, height_, stride_;
};

// Pixels of one's own.
template <typename T>
class Pixels {
 public:
  Pixels(std::int64_t width, std::int64_t height)
      : width_(width), height_(height), data_(static_cast<std::size_t>(width * height)) {}
  std::int64_t width() const { return width_; }
  std::int64_t height() const { return height_; }
  T* row(std::int64_t y) { return data_.data() + y * width_; }
  const T* row(std::int64_t y) const { return data_.data() + y * width_; }
  T& operator()(std::int64_t x, std::int64_t y) { return data_[static_cast<std::size_t>(y * width_ + x)]; }
  const T& operator()(std::int64_t x, std::int64_t y) const {
    return data_[static_cast<std::size_t>(y * width_ + x)];
  }
  bl_view view() { return {data_.data(), width_, height_, width_, detail::TypeCode<T>::value, 0}; }

 private:
  std::int64_t width_, height_;
  std::vector<T> data_;
};

using Box = bl_box;

// What a step works on.
class Step {
 public:
  explicit Step(bl_step* raw) : raw_(raw) {}
  const Box& box() const { return raw_->box; }
  std::uint32_t purpose() const { return raw_->purpose; }
  Plane<float> image() const { return Plane<float>(raw_->image); }
  Plane<std::int32_t> raw_mask() const { return Plane<std::int32_t>(raw_->raw_mask); }
  Plane<std::uint16_t> mask() const { return Plane<std::uint16_t>(raw_->mask); }
  Plane<float> weight() const { return Plane<float>(raw_->weight); }
  Box& good() const { return raw_->good; }
  bl_step* raw() const { return raw_; }

 private:
  bl_step* raw_;
};

// ---- One open CCD ----

struct Card {
  std::string key, value, comment;  // the value's text, without quotes
};

class Hdu {
 public:
  Hdu(const bl_host* host, bl_hdu* raw) : host_(host), raw_(raw) {}
  bl_hdu_info info() const {
    bl_hdu_info i{};
    i.struct_size = sizeof(i);
    const bl_status s = detail::call<&bl_host::hdu_info>(host_, raw_, &i);
    if (s != BL_OK) detail::raise(s, "the HDU cannot be described");
    return i;
  }
  // T: double, std::int64_t, bool or std::string. Empty when the card is absent or blank; BadInput when it is
  // not of that type.
  template <typename T>
  std::optional<T> card(std::string_view key) const {
    bl_status s;
    std::optional<T> value;
    if constexpr (std::is_same_v<T, bool>) {
      std::int32_t v = 0;
      s = detail::call<&bl_host::card_bool>(host_, raw_, detail::str(key), &v);
      if (s == BL_OK) value = v != 0;
    } else if constexpr (std::is_integral_v<T>) {
      std::int64_t v = 0;
      s = detail::call<&bl_host::card_i64>(host_, raw_, detail::str(key), &v);
      if (s == BL_OK) value = static_cast<T>(v);
    } else if constexpr (std::is_floating_point_v<T>) {
      double v = 0;
      s = detail::call<&bl_host::card_f64>(host_, raw_, detail::str(key), &v);
      if (s == BL_OK) value = static_cast<T>(v);
    } else {
      bl_str v{};
      s = detail::call<&bl_host::card_text>(host_, raw_, detail::str(key), &v);
      if (s == BL_OK) value = T(detail::view(v));
    }
    if (s < 0)
      detail::raise(s, "the card " + std::string(key) + " is not of the type asked for", std::string(key));
    return value;
  }
  template <typename T>
  T require(std::string_view key) const {
    std::optional<T> v = card<T>(key);
    if (!v) throw Missing("the card " + std::string(key) + " is missing", std::string(key));
    return *v;
  }
  template <typename T>
  Pixels<T> read(const Box& box) const {
    Pixels<T> pixels(box.x1 - box.x0, box.y1 - box.y0);
    const bl_view v = pixels.view();
    detail::ErrorBuffer e;
    detail::check(detail::call<&bl_host::read_pixels>(host_, raw_, &box, &v, &e.error), e);
    return pixels;
  }
  // Reads straight into a step's plane, which has the box's size.
  void read_into(const Box& box, const bl_view& out) const {
    detail::ErrorBuffer e;
    detail::check(detail::call<&bl_host::read_pixels>(host_, raw_, &box, &out, &e.error), e);
  }
  // All cards in the order of the file.
  std::vector<Card> cards() const {
    std::vector<Card> all(static_cast<std::size_t>(detail::call<&bl_host::card_count>(host_, raw_)));
    for (std::size_t i = 0; i < all.size(); ++i) {
      bl_card c{};
      c.struct_size = sizeof(c);
      const bl_status s = detail::call<&bl_host::card_at>(host_, raw_, std::uint64_t{i}, &c);
      if (s != BL_OK) detail::raise(s, "a card cannot be read");
      all[i] = {std::string(detail::view(c.key)), std::string(detail::view(c.value)),
                std::string(detail::view(c.comment))};
    }
    return all;
  }
  // A table's column: Missing if there is none of that name. T: double, std::int32_t (all elements of each row,
  // one row after the other), or std::string.
  bl_column_info column_info(std::string_view name) const {
    bl_column_info info{};
    info.struct_size = sizeof(info);
    detail::ErrorBuffer e;
    detail::check(detail::call<&bl_host::column_info>(host_, raw_, detail::str(name), &info, &e.error), e);
    return info;
  }
  template <typename T>
  std::vector<T> column(std::string_view name) const {
    const bl_column_info info = column_info(name);
    detail::ErrorBuffer e;
    std::vector<T> values(static_cast<std::size_t>(info.rows * info.width));
    if constexpr (std::is_same_v<T, std::string>) {
      for (std::size_t row = 0; row < values.size(); ++row) {
        bl_str text{};
        detail::check(detail::call<&bl_host::table_text>(host_, raw_, detail::str(name), std::uint64_t{row},
                                                         &text, &e.error),
                      e);
        values[row] = detail::view(text);
      }
    } else {
      static_assert(std::is_same_v<T, double> || std::is_same_v<T, std::int32_t>,
                    "columns are read as double, std::int32_t or std::string");
      detail::check(
          detail::call<&bl_host::table_read>(host_, raw_, detail::str(name), std::uint64_t{0},
                                             static_cast<std::uint64_t>(info.rows),
                                             detail::TypeCode<T>::value, static_cast<void*>(values.data()),
                                             std::uint64_t{values.size() * sizeof(T)}, &e.error),
          e);
    }
    return values;
  }
  bl_hdu* raw() const { return raw_; }

 private:
  const bl_host* host_;
  bl_hdu* raw_;
};

enum class Role : std::int32_t { image = BL_ROLE_IMAGE, mask = BL_ROLE_MASK, weight = BL_ROLE_WEIGHT };
constexpr std::int32_t role_number(Role role) { return static_cast<std::int32_t>(role); }

// This CCD's HDU of a file; the primary one; by number; by EXTNAME.
struct Select {
  bl_select raw{};
  std::string name;
  static Select of_ccd() { return Select(BL_HDU_OF_CCD); }
  static Select primary() { return Select(BL_HDU_PRIMARY); }
  static Select number(int n) { return Select(n); }
  static Select extname(std::string n, int extver = 0) {
    Select s(BL_HDU_BY_NAME);
    s.name = std::move(n);
    s.raw.extver = extver;
    return s;
  }

 private:
  explicit Select(std::int32_t number) {
    raw.struct_size = sizeof(raw);
    raw.number = number;
  }
};

class Ccd {
 public:
  Ccd(const bl_host* host, bl_ccd* raw, void* slot = nullptr) : host_(host), raw_(raw), slot_(slot) {}

  std::string band() const { return text(BL_FIELD_BAND); }
  std::string ccdname() const { return text(BL_FIELD_CCDNAME); }
  std::string plver() const { return text(BL_FIELD_PLVER); }
  std::string mask_plver() const { return text(BL_FIELD_MASK_PLVER); }
  std::string image_filename() const { return text(BL_FIELD_IMAGE_FILENAME); }
  std::int64_t expnum() const { return integer(BL_FIELD_EXPNUM); }
  std::int64_t width() const { return integer(BL_FIELD_WIDTH); }
  std::int64_t height() const { return integer(BL_FIELD_HEIGHT); }
  double mjd_obs() const { return number(BL_FIELD_MJD_OBS); }
  double exptime() const { return number(BL_FIELD_EXPTIME); }

  // Any metadata field (BL_FIELD_...); Missing when unknown.
  std::string text(std::int32_t field) const {
    bl_str v{};
    known(detail::call<&bl_host::get_text>(host_, raw_, field, &v), field);
    return std::string(detail::view(v));
  }
  double number(std::int32_t field) const {
    double v = 0;
    known(detail::call<&bl_host::get_f64>(host_, raw_, field, &v), field);
    return v;
  }
  std::int64_t integer(std::int32_t field) const {
    std::int64_t v = 0;
    known(detail::call<&bl_host::get_i64>(host_, raw_, field, &v), field);
    return v;
  }
  // Inside `metadata` (and `files`, for its fields) only.
  void set(std::int32_t field, std::string_view v) {
    known(detail::call<&bl_host::set_text>(host_, raw_, field, detail::str(v)), field);
  }
  void set(std::int32_t field, const char* v) { set(field, std::string_view(v)); }
  // Whole numbers are given to fields of either kind.
  template <typename T, std::enable_if_t<std::is_arithmetic_v<T>, int> = 0>
  void set(std::int32_t field, T v) {
    const bool integer = (field >= BL_FIELD_EXPNUM && field <= BL_FIELD_HEIGHT) ||
                         field == BL_FIELD_MASK_HDU || field == BL_FIELD_WEIGHT_HDU;
    if (integer && std::is_integral_v<T>)
      known(detail::call<&bl_host::set_i64>(host_, raw_, field, static_cast<std::int64_t>(v)), field);
    else
      known(detail::call<&bl_host::set_f64>(host_, raw_, field, static_cast<double>(v)), field);
  }
  // A column of the CCD table's row: double, std::int64_t or std::string; empty if there is no such column, or
  // no row.
  template <typename T>
  std::optional<T> column(std::string_view name) const {
    bl_status s;
    std::optional<T> value;
    if constexpr (std::is_integral_v<T>) {
      std::int64_t v = 0;
      s = detail::call<&bl_host::column_i64>(host_, raw_, detail::str(name), &v);
      if (s == BL_OK) value = static_cast<T>(v);
    } else if constexpr (std::is_floating_point_v<T>) {
      double v = 0;
      s = detail::call<&bl_host::column_f64>(host_, raw_, detail::str(name), &v);
      if (s == BL_OK) value = static_cast<T>(v);
    } else {
      bl_str v{};
      s = detail::call<&bl_host::column_text>(host_, raw_, detail::str(name), &v);
      if (s == BL_OK) value = T(detail::view(v));
    }
    if (s < 0) detail::raise(s, "the column " + std::string(name) + " is not of the type asked for");
    return value;
  }
  // Memory for `n` elements that is there until the CCD closes, and counts in the program's budget.
  template <typename T>
  T* scratch(std::size_t n) const {
    static_assert(std::is_trivially_destructible_v<T>, "nobody destroys what lies in scratch memory");
    void* out = nullptr;
    const bl_status s = detail::call<&bl_host::scratch>(host_, raw_, std::uint64_t{n * sizeof(T)},
                                                        std::uint64_t{alignof(T)}, &out);
    if (s != BL_OK) detail::raise(s, "no scratch memory of " + std::to_string(n * sizeof(T)) + " bytes");
    T* first = static_cast<T*>(out);
    for (std::size_t i = 0; i < n; ++i) ::new (static_cast<void*>(first + i)) T();
    return first;
  }

  Hdu hdu(Role role, const Select& select = Select::of_ccd()) const {
    return hdu(static_cast<std::int32_t>(role), select);
  }
  Hdu hdu(std::int32_t role, const Select& select) const {
    bl_select s = select.raw;
    s.extname = detail::str(select.name);
    bl_hdu* out = nullptr;
    detail::ErrorBuffer e;
    detail::check(detail::call<&bl_host::hdu_open>(host_, raw_, role, &s, &out, &e.error), e);
    return Hdu(host_, out);
  }
  // A card of the image's header, or else of the primary one.
  template <typename T>
  std::optional<T> card(std::string_view key) const {
    std::optional<T> v = hdu(Role::image).template card<T>(key);
    return v ? v : hdu(Role::image, Select::primary()).template card<T>(key);
  }
  template <typename T>
  T require(std::string_view key) const {
    std::optional<T> v = card<T>(key);
    if (!v) throw Missing("the card " + std::string(key) + " is missing", std::string(key));
    return *v;
  }
  // Opens "data:NAME", "survey:PATH", "calib:PATH" or a path relative to the image, and gives its role.
  std::int32_t sidecar(std::string_view path) const {
    std::int32_t role = -1;
    detail::ErrorBuffer e;
    detail::check(detail::call<&bl_host::open_sidecar>(host_, raw_, detail::str(path), &role, &e.error), e);
    return role;
  }
  // A file's bytes, of whatever format: how many there are, `n` of them from `offset` on, all of them as text; its
  // absolute path, for a library of one's own. Roles are those of `Role`, or what `sidecar` gave.
  std::uint64_t file_size(std::int32_t role) const {
    std::uint64_t size = 0;
    detail::ErrorBuffer e;
    detail::check(detail::call<&bl_host::file_size>(host_, raw_, role, &size, &e.error), e);
    return size;
  }
  void file_read(std::int32_t role, std::uint64_t offset, void* buffer, std::uint64_t n) const {
    detail::ErrorBuffer e;
    detail::check(detail::call<&bl_host::file_read>(host_, raw_, role, offset, buffer, n, &e.error), e);
  }
  std::string file_text(std::int32_t role) const {
    std::string text(static_cast<std::size_t>(file_size(role)), '\0');
    if (!text.empty()) file_read(role, 0, text.data(), text.size());
    return text;
  }
  std::string file_path(std::int32_t role) const {
    bl_str path{};
    detail::ErrorBuffer e;
    detail::check(detail::call<&bl_host::file_path>(host_, raw_, role, &path, &e.error), e);
    return std::string(detail::view(path));
  }
  // A named mask operation of the facts, on this step's planes; `arguments` is its JSON object.
  void mask_op(std::string_view name, const Value& arguments, Step& step) const {
    const std::string json = arguments.text();
    detail::ErrorBuffer e;
    detail::check(detail::call<&bl_host::mask_op>(host_, raw_, detail::str(name), detail::str(json),
                                                  step.raw(), &e.error),
                  e);
  }
  // What would have run without this camera's override. At most once per callback.
  void next(std::int32_t which, Step& step) const {
    detail::ErrorBuffer e;
    detail::check(detail::call<&bl_host::next>(host_, raw_, which, step.raw(), &e.error), e);
  }

  void log(std::int32_t level, std::string_view message) const {
    detail::call<&bl_host::log>(host_, level, detail::str(message));
  }
  bool cancelled() const { return detail::call<&bl_host::cancelled>(host_) != 0; }
  void stop_if_cancelled() const {
    if (cancelled()) throw Cancelled();
  }
  // What Camera::open returned for this CCD. There is none yet while a file format is asked (FileFormat), nor without an
  // open: then this throws.
  template <typename T>
  T& slot() const {
    if (!slot_) throw std::logic_error("Ccd::slot() where Camera::open has not been called");
    return *static_cast<T*>(slot_);
  }
  bl_ccd* raw() const { return raw_; }

 private:
  static void known(bl_status s, std::int32_t field) {
    if (s == BL_OK) return;
    const std::string what = "metadata field " + std::to_string(field);
    if (s > 0) throw Missing(what + " is not known");
    detail::raise(s, what + " cannot be used here");
  }
  const bl_host* host_;
  bl_ccd* raw_;
  void* slot_;
};

// ---- Bases ----

// A camera. Each step's default does what the facts (or the camera it extends) say, so that overriding it and
// calling the base class means "the default, then mine".
class Camera {
 public:
  virtual ~Camera() = default;
  virtual Facts facts() const = 0;

  // Sets or corrects metadata fields (Ccd::set).
  virtual void metadata(Ccd& ccd, Step& step) const { ccd.next(BL_STEP_METADATA, step); }
  // Sets BL_FIELD_MASK_FILENAME and its companions.
  virtual void files(Ccd& ccd, Step& step) const { ccd.next(BL_STEP_FILES, step); }
  virtual void good_region(Ccd& ccd, Step& step) const { ccd.next(BL_STEP_GOOD_REGION, step); }
  virtual void read_image(Ccd& ccd, Step& step) const { ccd.next(BL_STEP_READ_IMAGE, step); }
  virtual void read_mask(Ccd& ccd, Step& step) const { ccd.next(BL_STEP_READ_MASK, step); }
  virtual void remap_mask(Ccd& ccd, Step& step) const { ccd.next(BL_STEP_REMAP_MASK, step); }
  virtual void read_weight(Ccd& ccd, Step& step) const { ccd.next(BL_STEP_READ_WEIGHT, step); }
  virtual void saturation(Ccd& ccd, Step& step) const { ccd.next(BL_STEP_SATURATION, step); }
  virtual void remap_weight(Ccd& ccd, Step& step) const { ccd.next(BL_STEP_REMAP_WEIGHT, step); }
  virtual void after_sky(Ccd& ccd, Step& step) const { ccd.next(BL_STEP_AFTER_SKY, step); }
};

// Inherit one of these as well to bring a model of one's own.

// World-coordinate cards, one "KEY = value" a line; an empty text: those of the facts or the header.
class WcsCards {
 public:
  virtual ~WcsCards() = default;
  virtual std::string wcs_cards(Ccd& ccd) const = 0;
};

// A PSF: `describe` fills the struct (false: use the calibration files), `planes` the stamps, one below the
// other.
class PsfModel {
 public:
  virtual ~PsfModel() = default;
  virtual bool describe_psf(Ccd& ccd, bl_psf& out) const = 0;
  virtual void psf_planes(Ccd& ccd, Plane<float> out) const = 0;
};

// A sky level (false: use the calibration files); `render_sky` is for BL_SKY_WINDOW.
class SkyModel {
 public:
  virtual ~SkyModel() = default;
  virtual bool describe_sky(Ccd& ccd, bl_sky& out) const = 0;
  virtual void render_sky(Ccd&, const Box&, Plane<float>) const {
    throw Unsupported("render_sky is not implemented");
  }
};

// A file of a format of one's own, open. One call at a time.
class OpenFile {
 public:
  virtual ~OpenFile() = default;
  virtual int hdu_count() const { return 1; }
  // Width, height and bitpix (FITS's: 8, 16, 32, -32 ...); a width of 0: that HDU holds no image.
  virtual void describe(Ccd& ccd, int hdu, bl_hdu_info& out) = 0;
  // Lines "KEY = value / comment", texts in quotes.
  virtual std::string cards(Ccd& ccd, int hdu) = 0;
  // Pixels of a box inside the image, NaN where there is none; and codes of a mask.
  virtual void pixels(Ccd& ccd, int hdu, const Box& box, Plane<float> out) = 0;
  virtual void codes(Ccd&, int, const Box&, Plane<std::int32_t>) {
    throw Unsupported("the camera reads no masks of its own format (OpenFile::codes)");
  }
};

// The format itself: null for a file that is not of it, which FITS then is. `role`: of Role, or what `sidecar` gave.
class FileFormat {
 public:
  virtual ~FileFormat() = default;
  virtual std::unique_ptr<OpenFile> open_file(Ccd& ccd, std::int32_t role) const = 0;
};

// State of one's own for each open CCD: a camera that has a type `Slot` (or `using Slot = T;`) and
//   std::unique_ptr<Slot> open(Ccd& ccd) const
// gets it back from ccd.slot<Slot>(); it is deleted when the CCD closes.

}  // namespace v0
}  // namespace brickline

#include <brickline/glue.hpp>
