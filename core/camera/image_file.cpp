#include "core/camera/image_file.h"

namespace brickline {
namespace {

class FitsFile : public ImageFile {
 public:
  FitsFile(const std::filesystem::path& path, ReadLog* log) : reader_(path, log) {}
  const std::filesystem::path& path() const override { return reader_.path(); }
  int hdu_count() override { return reader_.hdu_count(); }
  bool is_table(int hdu) override { return reader_.is_table(hdu); }
  std::optional<int> find_hdu(std::string_view extname) override { return reader_.find_hdu(extname); }
  fits::Header header(int hdu) override { return reader_.header(hdu); }
  fits::ImageInfo image_info(int hdu) override { return reader_.image_info(hdu); }
  fits::Table table(int hdu) override { return reader_.table(hdu); }
  fits::FitsReader* fits() override { return &reader_; }

 protected:
  void read(int hdu, const Box& box, Image<float>& out) override { read_any(hdu, box, out); }
  void read(int hdu, const Box& box, Image<double>& out) override { read_any(hdu, box, out); }
  void read(int hdu, const Box& box, Image<std::uint8_t>& out) override { read_any(hdu, box, out); }
  void read(int hdu, const Box& box, Image<std::uint16_t>& out) override { read_any(hdu, box, out); }
  void read(int hdu, const Box& box, Image<std::int32_t>& out) override { read_any(hdu, box, out); }
  void read(int hdu, const Box& box, Image<std::int64_t>& out) override { read_any(hdu, box, out); }

 private:
  template <typename T>
  void read_any(int hdu, const Box& box, Image<T>& out) {
    out = reader_.image<T>(hdu, box);
  }
  fits::FitsReader reader_;
};

}  // namespace

std::unique_ptr<ImageFile> open_fits_file(const std::filesystem::path& path, ReadLog* log) {
  return std::make_unique<FitsFile>(path, log);
}

}  // namespace brickline
