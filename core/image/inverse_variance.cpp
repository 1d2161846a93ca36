#include "core/image/inverse_variance.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <vector>

#include "core/base/median.h"

namespace brickline {
namespace {

template <typename F>
void each_pixel(Image<float>& image, F&& change) {
  for (int y = 0; y < image.height(); ++y) {
    float* row = image.row(y);
    for (int x = 0; x < image.width(); ++x) change(row[x]);
  }
}

}  // namespace

void zero_where_masked(Image<float>& weight, const Image<std::uint16_t>& mask) {
  for (int y = 0; y < weight.height(); ++y)
    for (int x = 0; x < weight.width(); ++x)
      if (mask(x, y) != 0) weight(x, y) = 0;
}

QuantisationSteps quantisation_steps(const fits::Header& header, const fits::Table& columns, int first_row,
                                     int rows) {
  QuantisationSteps steps;
  const auto unknown = [&](std::string why) {
    steps.why_unknown = std::move(why);
    return steps;
  };
  const std::string method = header.text("ZQUANTIZ").value_or("");
  if (method.empty() || method == "SUBTRACTIVE_DITHER_2") {
    steps.exact_zeros = true;
    return steps;
  }
  if (method != "SUBTRACTIVE_DITHER_1") return unknown(fmt::format("quantisation {}", method));
  const std::optional<std::int64_t> tile_width = header.integer("ZTILE1");
  if (!tile_width || tile_width != header.integer("ZNAXIS1") || header.integer("ZTILE2") != 1)
    return unknown("the compression tiles are not rows");
  if (!columns.has("ZSCALE") || !columns.has("ZZERO")) return unknown("there is no ZSCALE or ZZERO");
  if (first_row < 0 || rows <= 0 || columns.rows() < std::int64_t{first_row} + rows)
    return unknown("the compression table has fewer rows than the image");
  for (std::int64_t i = 0; i < columns.rows(); ++i)
    if (columns.number("ZZERO", i) != 0) return unknown("ZZERO is not 0");
  for (int i = 0; i < rows; ++i) steps.row_step.push_back(columns.number("ZSCALE", first_row + i));
  return steps;
}

QuantisationSteps quantisation_steps(fits::FitsReader& reader, int hdu, int first_row, int rows) {
  const fits::Header header = reader.header(hdu);
  if (header.text("ZQUANTIZ").value_or("") != "SUBTRACTIVE_DITHER_1")
    return quantisation_steps(header, {}, first_row, rows);
  return quantisation_steps(header, reader.compression_columns(hdu), first_row, rows);
}

std::optional<float> repair_zeros(Image<float>& weight, const QuantisationSteps& steps, double fraction) {
  if (steps.exact_zeros) return std::nullopt;
  if (!steps.row_step.empty()) {
    for (int y = 0; y < weight.height(); ++y) {
      const double half = 0.5 * steps.row_step[y];
      for (int x = 0; x < weight.width(); ++x)
        if (weight(x, y) <= half) weight(x, y) = 0;
    }
    return std::nullopt;
  }
  const auto threshold = static_cast<float>(fraction * median_positive(weight));
  // Without any positive weight the threshold is NaN, and nothing changes.
  each_pixel(weight, [&](float& w) {
    if (w < threshold) w = 0;
  });
  return threshold;
}

void clip_weights(Image<float>& weight, double typical, double factor) {
  const auto limit = static_cast<float>(factor * typical), clipped = static_cast<float>(typical);
  each_pixel(weight, [&](float& w) {
    if (w > limit) w = clipped;
  });
}

void zero_negative(Image<float>& weight) {
  each_pixel(weight, [](float& w) {
    if (w < 0) w = 0;
  });
}

bool all_zero(const Image<float>& weight) {
  for (int y = 0; y < weight.height(); ++y)
    if (!std::all_of(weight.row(y), weight.row(y) + weight.width(), [](float w) { return w == 0; }))
      return false;
  return true;
}

bool all_finite(const Image<float>& image) {
  for (int y = 0; y < image.height(); ++y)
    if (!std::all_of(image.row(y), image.row(y) + image.width(), [](float v) { return std::isfinite(v); }))
      return false;
  return true;
}

void invert_variance(Image<float>& plane) {
  each_pixel(plane, [](float& v) { v = v > 0 ? 1 / v : 0; });
}

void invert_sigma(Image<float>& plane) {
  each_pixel(plane, [](float& v) { v = v > 0 ? 1 / (v * v) : 0; });
}

double noise_from_pixel_differences(const Image<float>& image, const Image<std::uint16_t>& mask) {
  constexpr int kDistance = 5, kStep = 10;
  constexpr double kSigmaPerMad = 1.4826;
  std::vector<float> differences;
  for (int y = 0; y + kDistance < image.height(); y += kStep)
    for (int x = 0; x + kDistance < image.width(); x += kStep)
      if (mask(x, y) == 0 && mask(x + kDistance, y + kDistance) == 0)
        differences.push_back(std::abs(image(x, y) - image(x + kDistance, y + kDistance)));
  return kSigmaPerMad / std::numbers::sqrt2 * median_in_place(differences);
}

float median_positive(const Image<float>& weight) { return median_where_weighted(weight, weight); }

float median_of(const Image<float>& image) {
  std::vector<float> values;
  for (int y = 0; y < image.height(); ++y)
    values.insert(values.end(), image.row(y), image.row(y) + image.width());
  return median_in_place(values);
}

float median_where_weighted(const Image<float>& image, const Image<float>& weight) {
  std::vector<float> values;
  for (int y = 0; y < image.height(); ++y)
    for (int x = 0; x < image.width(); ++x)
      if (weight(x, y) > 0) values.push_back(image(x, y));
  return median_in_place(values);
}

}  // namespace brickline
