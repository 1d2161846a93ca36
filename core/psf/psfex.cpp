#include "core/psf/psfex.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "core/base/error.h"
#include "core/base/letter_case.h"

namespace brickline {
namespace {

constexpr int kMaxDegree = 10;  // far beyond what PSFEx is run with; guards against garbage

// How the planes of psf_mask lie in a row: sizes of the stored (perhaps padded) cube.
struct CubeShape {
  std::int64_t width = 0, height = 0, planes = 0;
};

CubeShape cube_shape(const fits::Column& mask, std::int64_t width, std::int64_t height) {
  const std::vector<std::int64_t>& s = mask.shape;
  if (s.size() == 3) return {s[0], s[1], s[2]};
  if (s.size() == 2) return {s[0], s[1], 1};
  return {width, height, mask.width() / std::max<std::int64_t>(1, width * height)};
}

// Positions may be those of any of Source Extractor's ways to measure them in pixels: X_IMAGE, XWIN_IMAGE,
// XPSF_IMAGE, XPEAK_IMAGE ...
bool is_pixel_position(std::string_view stated, char axis) {
  const std::string name = upper_case(stated);
  return name.starts_with(axis) && name.ends_with("_IMAGE");
}

// Whether the first of the two is y.
bool is_y_first(const fits::Table& table, std::int64_t row) {
  const std::string first = table.text("polname1", row), second = table.text("polname2", row);
  const bool y_first = is_pixel_position(first, 'Y') && is_pixel_position(second, 'X');
  if (!y_first && !(is_pixel_position(first, 'X') && is_pixel_position(second, 'Y')))
    throw input_error(
        "polname1 and polname2 are '{}' and '{}', not a position in pixels such as X_IMAGE and Y_IMAGE: a PSF "
        "that varies with anything else is not supported",
        first, second);
  if (table.integer("polngrp", row) != 1)
    throw input_error("polngrp is {}, not 1: a PSF of several groups is not supported",
                      table.integer("polngrp", row));
  return y_first;
}

// Planes come by powers of the second variable, within each of those by powers of the first.
std::vector<Image<float>> exchanged(std::vector<Image<float>> planes, int degree) {
  std::vector<Image<float>> out;
  for (int second = 0; second <= degree; ++second)
    for (int first = 0; first <= degree - second; ++first)
      out.push_back(std::move(
          planes[static_cast<std::size_t>(first * (degree + 1) - first * (first - 1) / 2 + second)]));
  return out;
}

// Rows of merged tables are padded with zeros to the largest; light beyond what psfaxis1 and psfaxis2 say is no padding.
template <typename T>
void require_empty_padding(const T* cube, const CubeShape& stored, int width, int height,
                           std::int64_t count) {
  for (std::int64_t p = 0; p < count; ++p)
    for (std::int64_t y = 0; y < stored.height; ++y)
      for (std::int64_t x = y < height ? width : 0; x < stored.width; ++x)
        if (const T value = cube[(p * stored.height + y) * stored.width + x]; value != 0)
          throw input_error(
              "psf_mask has planes of {} x {} pixels, not of {} x {} (psfaxis1, psfaxis2): pixel {}, {} is {}",
              stored.width, stored.height, width, height, x + 1, y + 1, value);
}

// The planes of the row, of any type of floating-point numbers.
std::vector<Image<float>> planes_of(const fits::Column& mask, std::int64_t row, const CubeShape& stored,
                                    int width, int height, std::int64_t count) {
  std::vector<Image<float>> planes;
  const auto take = [&](const auto& pixels) {
    require_empty_padding(pixels.data() + row * mask.width(), stored, width, height, count);
    for (std::int64_t p = 0; p < count; ++p) {
      Image<float> plane(width, height);
      for (int y = 0; y < height; ++y) {
        const auto* in = pixels.data() + row * mask.width() + (p * stored.height + y) * stored.width;
        for (int x = 0; x < width; ++x) plane(x, y) = static_cast<float>(in[x]);
      }
      planes.push_back(std::move(plane));
    }
  };
  if (const auto* single = std::get_if<std::vector<float>>(&mask.data))
    take(*single);
  else if (const auto* twofold = std::get_if<std::vector<double>>(&mask.data))
    take(*twofold);
  else
    throw input_error("psf_mask does not hold floating-point numbers");
  return planes;
}

}  // namespace

Psf psf_from_psfex_row(const fits::Table& table, std::int64_t row, bool normalize, Log log) {
  const std::int64_t width = table.integer("psfaxis1", row), height = table.integer("psfaxis2", row);
  Psf::Polynomial polynomial;
  const std::int64_t degree = table.integer("poldeg1", row);
  if (degree < 0 || degree > kMaxDegree) throw input_error("poldeg1 is {}", degree);
  polynomial.degree = static_cast<int>(degree);
  const std::int64_t terms = (degree + 1) * (degree + 2) / 2;
  bool y_first = false;
  if (degree > 0) {
    y_first = is_y_first(table, row);
    const char *x = y_first ? "2" : "1", *y = y_first ? "1" : "2";
    polynomial.x_zero = table.number(std::string("polzero") + x, row);
    polynomial.y_zero = table.number(std::string("polzero") + y, row);
    polynomial.x_scale = table.number(std::string("polscal") + x, row);
    polynomial.y_scale = table.number(std::string("polscal") + y, row);
    for (const double v : {polynomial.x_zero, polynomial.y_zero, polynomial.x_scale, polynomial.y_scale})
      if (!std::isfinite(v)) throw input_error("a PSF polynomial's zero or scale is not finite");
    if (polynomial.x_scale == 0 || polynomial.y_scale == 0)
      throw input_error("a PSF polynomial's scale is 0");
  }
  // Of a constant PSF PSFEx may say 0 or 1.
  if (degree > 0 && table.has("psfaxis3") && table.integer("psfaxis3", row) != terms)
    throw input_error("psfaxis3 is {}, but degree {} needs {} planes", table.integer("psfaxis3", row), degree,
                      terms);

  const fits::Column& mask = table.require("psf_mask");
  const CubeShape stored = cube_shape(mask, width, height);
  if (width <= 0 || height <= 0 || stored.width < width || stored.height < height || stored.planes < terms ||
      stored.width * stored.height * stored.planes > mask.width())
    throw input_error("psf_mask holds {} planes of {} x {}, not {} of {} x {}", stored.planes, stored.width,
                      stored.height, terms, width, height);
  std::vector<Image<float>> planes =
      planes_of(mask, row, stored, static_cast<int>(width), static_cast<int>(height), terms);
  if (y_first) planes = exchanged(std::move(planes), polynomial.degree);

  double sampling = table.number("psf_samp", row);
  if (sampling == 0) {
    log.warning("PSF sampling (psf_samp) is 0; taken as 1");
    sampling = 1;
  }
  const double fwhm = table.number("psf_fwhm", row);
  if (const std::string fault = psf_fault(planes, sampling, fwhm); !fault.empty())
    throw input_error("the PSF (psf_mask, psf_samp, psf_fwhm) has {}", fault);
  return Psf(std::move(planes), polynomial, fwhm, normalize, sampling);
}

PsfCalibration read_psf_calibration(std::span<const std::filesystem::path> candidates,
                                    const CalibrationKey& key, const CalibrationChecks& checks,
                                    bool normalize, Log log) {
  const std::optional<CalibrationRow> found = find_calibration(candidates, key, checks, log);
  if (!found) throw no_calibration("PSF", candidates, key);
  try {
    PsfCalibration result{psf_from_psfex_row(found->table, found->row, normalize, log)};
    const auto optional_number = [&](const char* column) {
      const double v = found->table.has(column) ? found->table.number(column, found->row) : 0;
      return std::isfinite(v) ? v : 0;
    };
    result.moffat_alpha_arcsec = optional_number("moffat_alpha");
    result.moffat_beta = optional_number("moffat_beta");
    result.version = found->text("legpipev");
    result.plver = found->text("plver");
    result.file = found->file;
    return result;
  } catch (Error& e) {
    e.in_file(found->file.string());
    throw;
  }
}

}  // namespace brickline
