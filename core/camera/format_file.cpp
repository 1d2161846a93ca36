#include "core/camera/format_file.h"

#include <fmt/format.h>
#include <strings.h>

#include <limits>
#include <type_traits>
#include <vector>

#include "core/base/read_log.h"
#include "core/camera/guarded_views.h"
#include "core/camera/made_pixels.h"
#include "core/camera/text_cards.h"

namespace brickline {
namespace {

constexpr std::size_t kMostCardText = 4u << 20;  // bytes
constexpr int kMostHdus = 10000, kMostPixelsPerAxis = 1 << 20;
constexpr std::size_t kLongestKey = 60;

class Busy {
 public:
  explicit Busy(CcdFile& file) : file_(file), before_(file.busy) { file.busy = true; }
  ~Busy() { file_.busy = before_; }
  Busy(const Busy&) = delete;
  Busy& operator=(const Busy&) = delete;

 private:
  CcdFile& file_;
  bool before_;
};

bool is_bitpix(int bitpix) {
  for (const int known : {8, 16, 32, 64, -32, -64})
    if (bitpix == known) return true;
  return false;
}

class FormatFile : public ImageFile {
 public:
  FormatFile(OpenCcd::Impl& ccd, int role, int layer, void* file, int hdus)
      : ccd_(ccd),
        role_(role),
        layer_(layer),
        file_(file),
        hdus_(hdus),
        path_(ccd.files[static_cast<std::size_t>(role)].path) {
    if (hdus < 1 || hdus > kMostHdus) {
      close();
      throw broken(fmt::format("{} HDUs", hdus));
    }
    infos_.resize(static_cast<std::size_t>(hdus));
  }
  ~FormatFile() override { close(); }

  const std::filesystem::path& path() const override { return path_; }
  int hdu_count() override { return hdus_; }
  bool is_table(int) override { return false; }
  std::optional<int> find_hdu(std::string_view extname) override {
    std::optional<int> found;
    for (int hdu = 0; hdu < hdus_; ++hdu) {
      const std::string name = ccd_.header_of(role_, hdu).text("EXTNAME").value_or("");
      if (name.size() != extname.size() || strncasecmp(name.data(), extname.data(), name.size()) != 0)
        continue;
      if (found) throw input_error("several HDUs are named {}", extname).in_file(path_.string());
      found = hdu;
    }
    return found;
  }
  fits::Header header(int hdu) override {
    check_number(hdu);
    TextSink text(kMostCardText);
    const bl_sink sink = text.table();
    call([&](void* camera, bl_error* error) {
      return table().cards(camera, file_, to_handle(&ccd_), hdu, &sink, error);
    });
    if (text.is_full()) throw broken(fmt::format("more than {} bytes of cards", kMostCardText));
    std::vector<fits::Header> blocks;
    try {
      blocks = parse_text_cards(text.take(), kLongestKey);
    } catch (const Error& e) {
      // Most formats hand on what stands in their file.
      if (e.kind() == ErrorKind::kResources) throw;
      throw input_error("camera {}: its format gives {}", ccd_.at(layer_).identity.name, e.message())
          .in_file(path_.string());
    }
    return blocks.empty() ? fits::Header() : std::move(blocks.front());
  }
  fits::ImageInfo image_info(int hdu) override {
    check_number(hdu);
    std::optional<fits::ImageInfo>& known = infos_[static_cast<std::size_t>(hdu)];
    if (known) return *known;
    bl_hdu_info info{};
    info.struct_size = sizeof info;
    info.kind = BL_HDU_IMAGE;
    info.planes = 1;
    info.bitpix = -32;
    info.number = hdu;
    call([&](void* camera, bl_error* error) {
      return table().info(camera, file_, to_handle(&ccd_), hdu, &info, error);
    });
    constexpr std::int64_t kMostPixels = std::int64_t{1} << 32;
    if (info.width < 0 || info.height < 0 || info.width > kMostPixelsPerAxis ||
        info.height > kMostPixelsPerAxis || std::int64_t{info.width} * info.height > kMostPixels)
      throw broken(fmt::format("HDU {} of {} x {} pixels", hdu, info.width, info.height));
    if (!is_bitpix(info.bitpix)) throw broken(fmt::format("bitpix {} of HDU {}", info.bitpix, hdu));
    known =
        fits::ImageInfo{static_cast<int>(info.width), static_cast<int>(info.height), 1, info.bitpix, false};
    return *known;
  }
  fits::Table table(int hdu) override {
    throw input_error("a file of a camera's own format has no tables")
        .in_file(path_.string(), std::to_string(hdu));
  }

 protected:
  void read(int hdu, const Box& box, Image<float>& out) override {
    pixels(hdu, box, out);
    if (const Image<float>* made = MadePixels::of(path_, hdu)) out = crop(*made, box);
  }
  void read(int hdu, const Box& box, Image<std::int32_t>& out) override { pixels(hdu, box, out); }
  void read(int hdu, const Box& box, Image<double>& out) override { convert<float>(hdu, box, out); }
  void read(int hdu, const Box& box, Image<std::uint8_t>& out) override {
    convert<std::int32_t>(hdu, box, out);
  }
  void read(int hdu, const Box& box, Image<std::uint16_t>& out) override {
    convert<std::int32_t>(hdu, box, out);
  }
  void read(int hdu, const Box& box, Image<std::int64_t>& out) override {
    convert<std::int32_t>(hdu, box, out);
  }

 private:
  const bl_format& table() const { return *ccd_.at(layer_).format; }
  void close() {
    if (!table().close) return;
    const LoadedCamera& camera = ccd_.at(layer_);
    const PluginCall here(camera.plugin->caller(camera.identity.name, "format", ccd_.name()), ccd_.log);
    table().close(camera.instance, file_);
  }
  Error broken(const std::string& what) const {
    return plugin_error("camera {}: its format gives {}", ccd_.at(layer_).identity.name, what)
        .in_file(path_.string());
  }
  void check_number(int hdu) const {
    if (hdu < 0 || hdu >= hdus_)
      throw input_error("there is no HDU {}, the file has {}", hdu, hdus_).in_file(path_.string());
  }
  template <typename F>
  void call(F&& function) {
    const Busy busy(ccd_.files[static_cast<std::size_t>(role_)]);
    if (!ccd_.call(CameraStep::kFormat, layer_,
                   [&](void* camera, void*, bl_error* error) { return function(camera, error); }))
      throw broken("BL_DEFAULT for a file that it has opened");
  }
  template <typename T>
  void pixels(int hdu, const Box& box, Image<T>& out) {
    const fits::ImageInfo info = image_info(hdu);
    if (box.empty() || intersection(box, Box::from_size(info.width, info.height)) != box)
      throw input_error("the pixels [{},{}) x [{},{}) are not within its {} x {}", box.x0, box.x1, box.y0,
                        box.y1, info.width, info.height)
          .in_file(path_.string(), std::to_string(hdu));
    // What the camera leaves as it is is no number, and no plane of a mask without a bit.
    const T untouched =
        std::is_floating_point_v<T> ? std::numeric_limits<T>::quiet_NaN() : static_cast<T>(-1);
    out = Image<T>(box.width(), box.height(), untouched);
    const bl_box window = to_bl(box);
    const bl_view view = to_bl(out.view());
    const auto read_into = [&](const bl_view& to) {
      call([&](void* camera, bl_error* error) {
        return table().pixels(camera, file_, to_handle(&ccd_), hdu, &window, &to, error);
      });
    };
    if (!GuardedViews::on()) return read_into(view);
    const GuardedView guarded(view);
    read_into(guarded.view());
    if (!guarded.is_intact()) throw broken("pixels beside those that were asked for");
    guarded.copy_back();
  }
  template <typename From, typename T>
  void convert(int hdu, const Box& box, Image<T>& out) {
    Image<From> as_read;
    pixels(hdu, box, as_read);
    out = Image<T>(box.width(), box.height());
    for (int y = 0; y < out.height(); ++y)
      for (int x = 0; x < out.width(); ++x) {
        const From value = as_read(x, y);
        if constexpr (std::is_integral_v<T> && sizeof(T) < sizeof(From))
          if (value < 0 || value > std::numeric_limits<T>::max())
            throw input_error("the pixel value {} does not fit", value)
                .in_file(path_.string(), std::to_string(hdu));
        out(x, y) = static_cast<T>(value);
      }
  }

  OpenCcd::Impl& ccd_;
  int role_, layer_;
  void* file_;
  int hdus_;
  std::filesystem::path path_;
  std::vector<std::optional<fits::ImageInfo>> infos_;
};

}  // namespace

std::unique_ptr<ImageFile> open_format_file(OpenCcd::Impl& ccd, int role) {
  for (int i = 0; i < ccd.layers(); ++i) {
    const bl_format* format = ccd.at(i).format;
    if (!format) continue;
    if (!format->open || !format->info || !format->cards || !format->pixels)
      throw plugin_error("camera {}: its format has not all of open, info, cards and pixels",
                         ccd.at(i).identity.name)
          .in_file(ccd.files[static_cast<std::size_t>(role)].path.string());
    void* opened = nullptr;
    std::int32_t hdus = 1;
    const Busy busy(ccd.files[static_cast<std::size_t>(role)]);
    if (!ccd.call(CameraStep::kFormat, i, [&](void* camera, void*, bl_error* error) {
          return format->open(camera, to_handle(&ccd), role, &opened, &hdus, error);
        }))
      continue;
    if (ccd.source.read_log) ccd.source.read_log->note(ccd.files[static_cast<std::size_t>(role)].path);
    return std::make_unique<FormatFile>(ccd, role, i, opened, hdus);
  }
  return nullptr;
}

}  // namespace brickline
