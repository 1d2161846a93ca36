// A format of one's own: a line "RAWCAM 1 WIDTH HEIGHT", lines KEY = VALUE to END; then the pixels as unsigned 16-bit
// numbers, little-endian, the lowest row first; then a byte of flags for each pixel.
#include <brickline/camera.hpp>
#include <cstdio>
#include <vector>

using namespace brickline;

namespace {

// The file as two HDUs: the image, and its flags.
class RawFile : public OpenFile {
 public:
  RawFile(Ccd& ccd, std::int32_t role) : role_(role) {
    const std::string text(ccd_text(ccd));
    const std::size_t line = text.find('\n'), end = text.find("\nEND\n");
    int version = 0;
    if (end == std::string::npos ||
        std::sscanf(text.c_str(), "RAWCAM %d %lld %lld\n", &version, &width_, &height_) != 3 ||
        version != 1 || width_ < 1 || height_ < 1 || width_ > 100000 || height_ > 100000)
      throw BadInput("it does not begin as a RAWCAM file of version 1 does");
    cards_ = text.substr(line + 1, end - line);
    pixels_at_ = end + 5;
    if (ccd.file_size(role_) != pixels_at_ + count() * 3)
      throw BadInput("its size is not that of its pixels");
  }
  int hdu_count() const override { return 2; }
  void describe(Ccd&, int hdu, bl_hdu_info& out) override {
    out.width = width_;
    out.height = height_;
    out.bitpix = hdu == 0 ? 16 : 8;
  }
  std::string cards(Ccd&, int hdu) override { return hdu == 0 ? cards_ : "EXTNAME = 'FLAGS'\n"; }
  void pixels(Ccd& ccd, int hdu, const Box& box, Plane<float> out) override { read(ccd, hdu, box, out); }
  void codes(Ccd& ccd, int hdu, const Box& box, Plane<std::int32_t> out) override {
    read(ccd, hdu, box, out);
  }

 private:
  std::uint64_t count() const {
    return static_cast<std::uint64_t>(width_) * static_cast<std::uint64_t>(height_);
  }
  // As much of the file as its text may be long.
  std::string ccd_text(Ccd& ccd) const {
    std::string text(static_cast<std::size_t>(std::min<std::uint64_t>(ccd.file_size(role_), 65536)), '\0');
    ccd.file_read(role_, 0, text.data(), text.size());
    return text;
  }
  template <typename T>
  void read(Ccd& ccd, int hdu, const Box& box, Plane<T> out) const {
    const std::uint64_t bytes = hdu == 0 ? 2 : 1;
    const std::uint64_t begin = hdu == 0 ? pixels_at_ : pixels_at_ + 2 * count();
    std::vector<unsigned char> row(static_cast<std::size_t>(box.x1 - box.x0) * bytes);
    for (std::int64_t y = 0; y < out.height(); ++y) {
      const std::int64_t pixel = (box.y0 + y) * width_ + box.x0;
      ccd.file_read(role_, begin + bytes * static_cast<std::uint64_t>(pixel), row.data(), row.size());
      for (std::int64_t x = 0; x < out.width(); ++x) {
        const auto i = static_cast<std::size_t>(x);
        out(x, y) = static_cast<T>(hdu == 0 ? row[2 * i] | row[2 * i + 1] << 8 : row[i]);
      }
    }
  }

  std::int32_t role_;
  long long width_ = 0, height_ = 0;
  std::string cards_;
  std::uint64_t pixels_at_ = 0;
};

class Raw : public Camera, public FileFormat {
 public:
  Facts facts() const override {
    Facts f;
    f["camera"]["title"] = "Example: a file format of its own";
    f["detector"] = {{"ccds_per_exposure", 1}, {"pixel_scale_arcsec", 0.4}, {"bands", {"g", "r", "z"}}};
    f["hdus"]["ccds"] = "primary";
    f["metadata"]["band"] = card("FILTER").word(1);
    f["metadata"]["ccdname"] = constant("");
    f["files"]["mask"] = {{"same_file", true}, {"hdu", 1}};
    f["pixels"]["unit"] = "total";
    f["mask"]["pipeline"] = list(
        {op("bits").table({{"0x1", "badpix"}, {"0x2", "cr"}, {"0x4", "satur"}}).with("others", "badpix")});
    return f;
  }
  std::unique_ptr<OpenFile> open_file(Ccd& ccd, std::int32_t role) const override {
    char magic[7] = {};
    if (ccd.file_size(role) >= sizeof magic) ccd.file_read(role, 0, magic, sizeof magic);
    if (std::string_view(magic, sizeof magic) != "RAWCAM ") return nullptr;  // FITS, perhaps
    return std::make_unique<RawFile>(ccd, role);
  }
  // The header knows the noise.
  void read_weight(Ccd& ccd, Step& step) const override {
    const double noise = ccd.require<double>("NOISE");
    if (!(noise > 0)) throw BadInput("NOISE is not above 0");
    for (std::int64_t y = 0; y < step.weight().height(); ++y)
      std::fill_n(step.weight().row(y), step.weight().width(), static_cast<float>(1 / (noise * noise)));
  }
};

}  // namespace

BRICKLINE_CAMERA_PLUGIN(Raw, R"({"plugin": "raw", "version": "1.0.0", "license": "BSD-3-Clause",
  "cameras": [{"name": "raw", "claims": [{"INSTRUME": "^raw$"}]}]})")
