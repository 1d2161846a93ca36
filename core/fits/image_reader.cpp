// The image half of FitsReader.
#include <fitsio.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <limits>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "core/base/error.h"
#include "core/fits/card_index.h"
#include "core/fits/cfitsio_types.h"
#include "core/fits/compressed_image.h"
#include "core/fits/fits_reader.h"

namespace brickline::fits {
namespace {

constexpr int kMostAxes = 9;  // that CFITSIO reads parts of

// Of an uncompressed image. Blank integers become NaN where T has it; floating-point numbers are left as they
// are (asked to look for blanks among those CFITSIO would take infinities for blank and tiny numbers for
// zero).
template <typename T>
void read_plain(fitsfile* file, int bitpix, std::array<long, kMostAxes> first,
                std::array<long, kMostAxes> last, T* pixels, int* status) {
  std::array<long, kMostAxes> step;
  step.fill(1);
  T blank{};
  void* for_blank = nullptr;
  if constexpr (std::is_floating_point_v<T>) {
    blank = std::numeric_limits<T>::quiet_NaN();
    if (bitpix > 0) for_blank = &blank;
  }
  int any_blank = 0;  // wanted by CFITSIO where it looks for blanks
  fits_read_subset(file, cfitsio_type<T>(), first.data(), last.data(), step.data(), for_blank, pixels,
                   &any_blank, status);
}

// CFITSIO takes a card of these that is no number for one that is not there.
void check_scaling_cards(fitsfile* file, const ImageInfo& info) {
  const CardIndex cards(file);
  const double scale = cards.number("BSCALE").value_or(1), zero = cards.number("BZERO").value_or(0);
  if (scale == 0) throw input_error("BSCALE = 0 would make all pixels the same");
  // Nor does it take a number in quotes for one.
  if (!info.compressed && file->Fptr->tableptr && file->Fptr->tfield >= 2)
    for (const auto& [key, said, taken] : {std::tuple{"BSCALE", scale, file->Fptr->tableptr[1].tscale},
                                           std::tuple{"BZERO", zero, file->Fptr->tableptr[1].tzero}})
      if (said != taken)
        throw input_error("{} = {} is read as {}: is it text, not a number?", key, said, taken);
  const int bitpix = info.bitpix;
  if (bitpix > 0) (void)cards.integer("BLANK");
}

// Parameters before the pixels, or several groups of them: CFITSIO would begin that much further on.
void check_groups(fitsfile* file) {
  const CardIndex cards(file);
  for (const auto& [key, plain] : {std::pair{"PCOUNT", 0}, {"GCOUNT", 1}})
    if (const auto value = cards.integer(key).value_or(plain); value != plain)
      throw input_error("{} = {}: an image has {} = {}; random groups are not read", key, value, key, plain);
}

}  // namespace

ImageInfo FitsReader::image_info(int hdu) {
  move_to(hdu);
  fitsfile* f = static_cast<fitsfile*>(file_);
  int status = 0, type = 0, naxis = 0;
  ImageInfo info;
  fits_get_hdu_type(f, &type, &status);
  if (!status && type != IMAGE_HDU)
    throw input_error("HDU {} holds a table, not an image", hdu).in_file(path_.string(), std::to_string(hdu));
  fits_get_img_type(f, &info.bitpix, &status);
  fits_get_img_dim(f, &naxis, &status);
  if (status) fail(status, hdu, "cannot read the image's size");
  // Of an extension of a kind that it does not know CFITSIO takes any BITPIX, and divides by what has no bytes.
  constexpr std::array kBitpix = {BYTE_IMG, SHORT_IMG, LONG_IMG, LONGLONG_IMG, FLOAT_IMG, DOUBLE_IMG};
  if (std::ranges::find(kBitpix, info.bitpix) == kBitpix.end())
    throw input_error("an image of BITPIX = {} is not read", info.bitpix)
        .in_file(path_.string(), std::to_string(hdu));
  info.compressed = fits_is_compressed_image(f, &status) != 0;
  if (naxis < 2) return info;
  if (naxis > kMostAxes)
    throw input_error("an image of {} axes: at most {} are read", naxis, kMostAxes)
        .in_file(path_.string(), std::to_string(hdu));
  std::array<LONGLONG, kMostAxes> axes{};
  fits_get_img_sizell(f, kMostAxes, axes.data(), &status);
  if (status) fail(status, hdu, "cannot read the image's size");
  constexpr LONGLONG kLargest = 1 << 20, kMostRows = std::numeric_limits<int>::max();
  LONGLONG depth = 1;
  for (int i = 2; i < naxis; ++i) depth = std::min(depth * std::min(axes[i], kLargest + 1), kLargest + 1);
  if (axes[0] > kLargest || axes[1] > kLargest || depth > kLargest || axes[1] * depth > kMostRows)
    throw input_error("an image of {} x {} x {} pixels is beyond reason", axes[0], axes[1], depth)
        .in_file(path_.string(), std::to_string(hdu));
  const double bytes = static_cast<double>(axes[0]) * axes[1] * depth * std::abs(info.bitpix) / 8;
  if (!info.compressed && bytes > static_cast<double>(f->Fptr->filesize))
    throw input_error("the file is truncated: it has {} bytes, this image needs {}", f->Fptr->filesize, bytes)
        .in_file(path_.string(), std::to_string(hdu));
  info.width = static_cast<int>(axes[0]);
  info.height = static_cast<int>(axes[1]);
  info.depth = static_cast<int>(depth);
  return info;
}

template <typename T>
Image<T> FitsReader::planes(int hdu, const ImageInfo& info, const Box& b, int depth) {
  fitsfile* f = static_cast<fitsfile*>(file_);
  const auto where = [&](Error& e) -> Error& { return e.in_file(path_.string(), std::to_string(hdu)); };
  std::vector<T> pixels;
  try {
    check_scaling_cards(f, info);
    if (!info.compressed) check_groups(f);
  } catch (Error& e) {
    where(e);
    throw;
  }
  const std::size_t rows = static_cast<std::size_t>(b.height()) * static_cast<std::size_t>(depth);
  if (info.compressed) {
    try {
      const CompressedImage image = compressed_image(f);
      std::vector<std::int64_t> first(image.axes.size(), 0), last(image.axes.size(), 1);
      if (depth > 1) last = image.axes;
      first[0] = b.x0, last[0] = b.x1, first[1] = b.y0, last[1] = b.y1;
      pixels = read_compressed<T>(f, image, first, last);
    } catch (Error& e) {
      where(e).while_doing("reading the pixels");
      throw;
    }
  } else {
    pixels.resize(rows * static_cast<std::size_t>(b.width()));
    std::array<long, kMostAxes> first, last;
    first.fill(1);
    last.fill(1);
    int status = 0, naxis = 0;
    std::array<LONGLONG, kMostAxes> axes{};
    fits_get_img_dim(f, &naxis, &status);
    fits_get_img_sizell(f, kMostAxes, axes.data(), &status);
    if (depth > 1)
      for (int i = 2; i < naxis && i < kMostAxes; ++i) last[i] = static_cast<long>(axes[i]);
    first[0] = b.x0 + 1, last[0] = b.x1, first[1] = b.y0 + 1, last[1] = b.y1;
    if (!status) read_plain(f, info.bitpix, first, last, pixels.data(), &status);
    if (status) fail(status, hdu, "cannot read the pixels");
  }
  Image<T> out(b.width(), static_cast<int>(rows));
  for (std::size_t y = 0; y < rows; ++y)
    std::copy_n(pixels.data() + y * static_cast<std::size_t>(b.width()), b.width(),
                out.row(static_cast<int>(y)));
  return out;
}

template <typename T>
Image<T> FitsReader::image(int hdu, std::optional<Box> box) {
  const ImageInfo info = image_info(hdu);
  if (info.width <= 0 || info.height <= 0 || info.depth <= 0)
    throw input_error("HDU {} holds no image", hdu).in_file(path_.string(), std::to_string(hdu));
  const Box b = box.value_or(Box::from_size(info.width, info.height));
  if (b.empty() || intersection(b, Box::from_size(info.width, info.height)) != b)
    throw input_error("pixels x {}:{} y {}:{} were asked for, the image has {} x {}", b.x0, b.x1, b.y0, b.y1,
                      info.width, info.height)
        .in_file(path_.string(), std::to_string(hdu));
  return planes<T>(hdu, info, b, 1);
}

template <typename T>
Image<T> FitsReader::cube(int hdu) {
  const ImageInfo info = image_info(hdu);
  if (info.width <= 0 || info.height <= 0 || info.depth <= 0)
    throw input_error("HDU {} holds no image", hdu).in_file(path_.string(), std::to_string(hdu));
  return planes<T>(hdu, info, Box::from_size(info.width, info.height), info.depth);
}

#define BRICKLINE_READ(T)                                          \
  template Image<T> FitsReader::image<T>(int, std::optional<Box>); \
  template Image<T> FitsReader::cube<T>(int);
BRICKLINE_READ(float)
BRICKLINE_READ(double)
BRICKLINE_READ(std::uint8_t)
BRICKLINE_READ(std::int16_t)
BRICKLINE_READ(std::uint16_t)
BRICKLINE_READ(std::int32_t)
BRICKLINE_READ(std::int64_t)
#undef BRICKLINE_READ

}  // namespace brickline::fits
