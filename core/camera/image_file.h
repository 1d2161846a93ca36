// A file of a CCD as the host reads it: HDUs with headers and pixels, whatever the file's format.
//
// FITS is the host's own format (open_fits_file); another is a camera's (format_file.h). HDUs are numbered from 0.
// Belongs to one thread at a time. Every failure is an Error (kInput) that names the file, and kPlugin where a
// camera's format breaks its contract.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string_view>

#include "core/base/image.h"
#include "core/fits/fits_reader.h"

namespace brickline {

class ImageFile {
 public:
  virtual ~ImageFile() = default;
  virtual const std::filesystem::path& path() const = 0;
  virtual int hdu_count() = 0;
  virtual bool is_table(int hdu) = 0;  // that is not a compressed image
  // The HDU of that EXTNAME (without case), if any; Error if there are several.
  virtual std::optional<int> find_hdu(std::string_view extname) = 0;
  virtual fits::Header header(int hdu) = 0;
  virtual fits::ImageInfo image_info(int hdu) = 0;
  virtual fits::Table table(int hdu) = 0;
  // Pixels of the part inside `box`, as fits::FitsReader::image says. T: float, double, uint8, uint16, int32, int64.
  template <typename T>
  Image<T> image(int hdu, const Box& box) {
    Image<T> out;
    read(hdu, box, out);
    return out;
  }
  // The FITS file that it is, for what only such have (compression); null: it is of another format.
  virtual fits::FitsReader* fits() { return nullptr; }

 protected:
  virtual void read(int hdu, const Box& box, Image<float>& out) = 0;
  virtual void read(int hdu, const Box& box, Image<double>& out) = 0;
  virtual void read(int hdu, const Box& box, Image<std::uint8_t>& out) = 0;
  virtual void read(int hdu, const Box& box, Image<std::uint16_t>& out) = 0;
  virtual void read(int hdu, const Box& box, Image<std::int32_t>& out) = 0;
  virtual void read(int hdu, const Box& box, Image<std::int64_t>& out) = 0;
};

// Opens a FITS file, and notes it in `log` if there is one.
std::unique_ptr<ImageFile> open_fits_file(const std::filesystem::path& path, ReadLog* log);

}  // namespace brickline
