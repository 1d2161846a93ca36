#include "core/fits/cfitsio_session.h"

#include <mutex>

#include "core/base/error.h"

// Exported by CFITSIO, declared in its private header only. Does nothing if the table is there.
extern "C" int fits_init_randoms(void);

namespace brickline::fits {
namespace {

std::mutex& tables() {
  static std::mutex mutex;
  return mutex;
}

// CFITSIO's own lock, which guards the filling, exists once a file has been opened.
void fill_dither_offsets(int* status) {
  if (*status == 0 && fits_init_randoms() != 0) *status = MEMORY_ALLOCATION;
}

}  // namespace

void prepare_library() {
  static const int prepared = [] {
    const std::lock_guard lock(tables());
    return fits_init_cfitsio();
  }();
  if (prepared != 0) throw resource_error("CFITSIO cannot be started");
}

fitsfile* open_file(const char* path, int* status) {
  const std::lock_guard lock(tables());
  fitsfile* file = nullptr;
  fits_open_diskfile(&file, path, READONLY, status);
  fill_dither_offsets(status);
  return file;
}

fitsfile* open_memory_file(void** memory, std::size_t* size, int* status) {
  const std::lock_guard lock(tables());
  fitsfile* file = nullptr;
  fits_open_memfile(&file, "", READONLY, memory, size, 0, nullptr, status);
  fill_dither_offsets(status);
  return file;
}

fitsfile* create_memory_file(void** memory, std::size_t* capacity, std::size_t growth,
                             void* (*reallocate)(void*, std::size_t), int* status) {
  const std::lock_guard lock(tables());
  fitsfile* file = nullptr;
  fits_create_memfile(&file, memory, capacity, growth, reallocate, status);
  fill_dither_offsets(status);
  return file;
}

void close_file(fitsfile* file, int* status) {
  const std::lock_guard lock(tables());
  fits_close_file(file, status);
}

}  // namespace brickline::fits
