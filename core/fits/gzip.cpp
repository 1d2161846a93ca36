#include "core/fits/gzip.h"

#include <zlib.h>

#include <algorithm>
#include <limits>
#include <new>

#include "core/base/error.h"

namespace brickline::fits {

std::string gzipped(std::string_view bytes, std::size_t piece) {
  z_stream z{};
  // 15 + 16: gzip framing; without a header of its own zlib writes time 0 and no name.
  if (deflateInit2(&z, 9, Z_DEFLATED, 15 + 16, 9, Z_DEFAULT_STRATEGY) != Z_OK) throw std::bad_alloc();
  struct End {
    z_stream* z;
    ~End() { deflateEnd(z); }
  } end{&z};
  std::string out(deflateBound(&z, bytes.size()) + 32, '\0');
  std::size_t read = 0, written = 0;
  int result = Z_OK;
  while (result == Z_OK) {
    const std::size_t in = std::min(bytes.size() - read, piece), room = std::min(out.size() - written, piece);
    z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data() + read));
    z.avail_in = static_cast<uInt>(in);
    z.next_out = reinterpret_cast<Bytef*>(out.data() + written);
    z.avail_out = static_cast<uInt>(room);
    result = deflate(&z, read + in == bytes.size() ? Z_FINISH : Z_NO_FLUSH);
    read += in - z.avail_in;
    written += room - z.avail_out;
  }
  if (result != Z_STREAM_END) throw internal_error("zlib failed");
  out.resize(written);
  return out;
}

std::optional<std::size_t> gunzip(std::span<const std::uint8_t> packed, std::span<std::uint8_t> out) {
  constexpr std::size_t kMost = std::numeric_limits<uInt>::max();
  if (packed.size() > kMost || out.size() > kMost) return {};
  z_stream z{};
  if (inflateInit2(&z, 15 + 32) != Z_OK) throw std::bad_alloc();  // 32: either framing
  z.next_in = const_cast<Bytef*>(packed.data());
  z.avail_in = static_cast<uInt>(packed.size());
  z.next_out = out.data();
  z.avail_out = static_cast<uInt>(out.size());
  const int result = inflate(&z, Z_FINISH);
  const std::size_t length = z.total_out;
  inflateEnd(&z);
  if (result == Z_MEM_ERROR) throw std::bad_alloc();
  if (result != Z_STREAM_END) return {};
  return length;
}

}  // namespace brickline::fits
