// Reading FITS files: RAII over one private CFITSIO handle.
//
// A reader belongs to one thread at a time; different readers (also of one file) may be used concurrently.
// HDUs are numbered from 0 (the primary). Tile-compressed images read as images; `.gz` files are opened
// directly. Every failure is an Error (kInput) that names the file and HDU.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
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
  // Of a whole FITS file that lies in memory, whose bytes must outlive the reader; `path` names it in errors.
  static FitsReader in_memory(std::span<std::uint8_t> bytes, const std::filesystem::path& path);
  ~FitsReader();
  FitsReader(FitsReader&&) noexcept;
  FitsReader& operator=(FitsReader&&) noexcept;

  const std::filesystem::path& path() const { return path_; }
  int hdu_count();
  // The HDU of that EXTNAME (without case), if any; Error if there are several.
  std::optional<int> find_hdu(std::string_view extname);
  bool is_table(int hdu);  // a table that is not a compressed image

  // The header as it stands in the file: of a compressed image that of the table which holds it
  // (XTENSION 'BINTABLE', ZNAXIS1 ...). CONTINUE cards are joined.
  Header header(int hdu);
  ImageInfo image_info(int hdu);
  // Pixels of an image HDU, whole or the part inside `box`, scaled by BSCALE and BZERO and by what tile
  // compression did. T: float, double, uint8, int16, uint16, int32, int64. What is blank (BLANK, ZBLANK) or
  // NaN in the file is NaN in a floating-point T and keeps its stored number in others; a value that does not
  // fit T is an Error. Of a cube: the first plane.
  template <typename T>
  Image<T> image(int hdu, std::optional<Box> box = {});
  // All planes of a cube one below the other (height*depth rows).
  template <typename T>
  Image<T> cube(int hdu);
  // A table's columns of every type (table_columns.h). One that cannot be read is kept with the reason, and
  // is an Error where it is asked for (table.h).
  Table table(int hdu);
  // Whether CHECKSUM and DATASUM, where the HDU has them, are those of its bytes.
  bool checksums_agree(int hdu);
  // A part of a table: the columns of those names (without case; absent ones are left out), or chosen rows in
  // the order given (of those columns; none: all).
  Table columns(int hdu, const std::vector<std::string>& names);
  Table rows(int hdu, const std::vector<std::int64_t>& rows, const std::vector<std::string>& names = {});
  std::int64_t table_rows(int hdu);
  // A table's rows as they are in the file, NAXIS1 x NAXIS2 bytes: for columns that hold binary data of their
  // own.
  std::vector<std::uint8_t> table_bytes(int hdu);
  // `count` of them from byte `first` on; Error (kInput) where there are not as many.
  std::vector<std::uint8_t> table_bytes(int hdu, std::int64_t first, std::int64_t count);
  // How many there are.
  std::int64_t table_size(int hdu);

  // The raw table under a compressed image: the quantisation columns (ZSCALE, ZZERO), empty where absent.
  Table compression_columns(int hdu);

 private:
  // What CFITSIO keeps pointers to while it reads from memory.
  struct Memory {
    void* bytes = nullptr;
    std::size_t size = 0;
  };
  FitsReader() = default;
  void open();
  void close();
  void move_to(int hdu);
  void look_ahead(int hdu);
  template <typename T>
  Image<T> planes(int hdu, const ImageInfo& info, const Box& box, int depth);
  Table table_part(int hdu, const std::vector<std::string>* names, const std::vector<std::int64_t>* chosen);
  [[noreturn]] void fail(int status, int hdu, std::string_view doing);
  std::filesystem::path path_;
  void* file_ = nullptr;  // fitsfile*
  int looked_at_ = 1;     // so many HDUs are known to be harmless to CFITSIO; the primary one always is
  struct End {
    int hdus;  // so many there are
    int why;   // no more: END_OF_FILE, or what CFITSIO says of the next one
  };
  std::optional<End> end_ = {};  // once it was reached
  std::unique_ptr<Memory> memory_;
};

}  // namespace brickline::fits
