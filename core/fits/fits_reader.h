// Reading FITS files: RAII over one private CFITSIO handle.
//
// A reader belongs to one thread at a time; different readers (also of one file) may be used concurrently.
// HDUs are numbered from 0 (the primary). Tile-compressed images read as images; `.gz` files are opened
// directly. Every failure is an Error (kInput) that names the file and HDU.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/image.h"
#include "core/fits/header.h"
#include "core/fits/table.h"

namespace brickline {
class ReadLog;
}

namespace brickline::fits {

struct ImageInfo {
  int width = 0, height = 0, depth = 1;  // depth > 1 for cubes
  int bitpix = 0;                        // of the (uncompressed) pixels, FITS code: 8, 16, 32, 64, -32, -64
  bool compressed = false;
};

class FitsReader {
 public:
  // Opens the file, and notes it in `log` if there is one.
  explicit FitsReader(const std::filesystem::path& path, ReadLog* log = nullptr);
  ~FitsReader();
  FitsReader(FitsReader&&) noexcept;
  FitsReader& operator=(FitsReader&&) noexcept;

  const std::filesystem::path& path() const { return path_; }
  int hdu_count();
  // The HDU of that EXTNAME (without case), if any.
  std::optional<int> find_hdu(std::string_view extname);
  bool is_table(int hdu);  // a table that is not a compressed image

  // The header as it stands in the file: of a compressed image that of the table which holds it
  // (XTENSION 'BINTABLE', ZNAXIS1 ...). CONTINUE cards are joined.
  Header header(int hdu);
  ImageInfo image_info(int hdu);
  // Pixels of an image HDU, whole or the part inside `box`. T: float, double, uint8, int16, uint16, int32,
  // int64.
  template <typename T>
  Image<T> image(int hdu, std::optional<Box> box = {});
  // All planes of a cube one below the other (height*depth rows).
  template <typename T>
  Image<T> cube(int hdu);
  Table table(int hdu);
  // Whether CHECKSUM and DATASUM, where the HDU has them, are those of its bytes.
  bool checksums_agree(int hdu);
  // A part of a table: the columns of those names (without case; absent ones are left out), or chosen rows in
  // the order given (of those columns; none: all).
  Table columns(int hdu, const std::vector<std::string>& names);
  Table rows(int hdu, const std::vector<std::int64_t>& rows, const std::vector<std::string>& names = {});
  // A table's rows as they are in the file, NAXIS1 x NAXIS2 bytes: for columns that hold binary data of their
  // own.
  std::vector<std::uint8_t> table_bytes(int hdu);

  // The raw table under a compressed image: the quantisation columns (ZSCALE, ZZERO), empty where absent.
  Table compression_columns(int hdu);

 private:
  void open();
  void close();
  void move_to(int hdu);
  Table table_part(int hdu, const std::vector<std::string>* names, const std::vector<std::int64_t>* chosen);
  [[noreturn]] void fail(int status, int hdu, std::string_view doing);
  std::filesystem::path path_;
  void* file_ = nullptr;  // fitsfile*
};

}  // namespace brickline::fits
