#include "core/sky/sky_calibration.h"

#include <fmt/format.h>

#include <cmath>
#include <vector>

#include "core/base/error.h"

namespace brickline {
namespace {

std::vector<double> positions(const fits::Table& table, const char* column, std::int64_t row,
                              std::int64_t count) {
  if (table.require(column).width() < count)
    throw input_error("{} holds {} values, not {}", column, table.require(column).width(), count);
  std::vector<double> out;
  for (std::int64_t i = 0; i < count; ++i) out.push_back(table.number(column, row, i));
  return out;
}

SkyModel spline_from_row(const fits::Table& table, std::int64_t row) {
  const std::int64_t nx = table.integer("gridw", row), ny = table.integer("gridh", row);
  if (nx < 1 || ny < 1) throw input_error("a sky grid of {} x {}", nx, ny);
  const fits::Column& grid = table.require("gridvals");
  // Rows of merged tables are padded to the largest grid.
  const std::int64_t stored_width = grid.shape.size() == 2 ? grid.shape[0] : nx;
  if (stored_width < nx || grid.width() < stored_width * ny)
    throw input_error("gridvals holds {} values a row, too few for a grid of {} x {}", grid.width(), nx, ny);
  std::vector<double> values;
  for (std::int64_t y = 0; y < ny; ++y)
    for (std::int64_t x = 0; x < nx; ++x)
      values.push_back(table.number("gridvals", row, y * stored_width + x));
  return SkyModel::spline(positions(table, "xgrid", row, nx), positions(table, "ygrid", row, ny), values,
                          static_cast<int>(table.integer("order", row)))
      .shifted(table.number("x0", row), table.number("y0", row));
}

}  // namespace

SkyModel sky_from_row(const fits::Table& table, std::int64_t row) {
  const std::string sky_class = table.text("skyclass", row);
  const auto finite = [&](const char* column) {
    const double v = table.number(column, row);
    if (!std::isfinite(v)) throw input_error("the sky's {} is not finite", column);
    return v;
  };
  if (sky_class == "tractor.sky.ConstantSky") return SkyModel::constant(finite("value"));
  if (sky_class == "legacypipe.jumpsky.ConstantJumpSky")
    return SkyModel::constant_jump(finite("xbreak"), finite("left"), finite("right"));
  if (sky_class == "tractor.splinesky.SplineSky") return spline_from_row(table, row);
  if (sky_class == "legacypipe.jumpsky.JumpSky")
    return SkyModel::spline_jump(spline_from_row(table, row), finite("xbreak"), finite("xjump"));
  throw input_error("unknown kind of sky model '{}'", sky_class);
}

SkyCalibration read_sky_calibration(std::span<const std::filesystem::path> candidates,
                                    const CalibrationKey& key, const CalibrationChecks& checks, Log log) {
  const std::optional<CalibrationRow> found = find_calibration(candidates, key, checks, log);
  if (!found) throw no_calibration("sky", candidates, key);
  try {
    SkyCalibration result{sky_from_row(found->table, found->row),
                          found->text("legpipev"),
                          found->text("plver"),
                          {},
                          found->file};
    const fits::Table& t = found->table;
    if (t.has("templ_ver") || t.has("templ_run") || t.has("templ_scale")) {
      SkyTemplateId id;
      if (t.has("templ_ver")) id.version = t.integer("templ_ver", found->row);
      if (t.has("templ_run")) id.run = t.integer("templ_run", found->row);
      if (t.has("templ_scale")) id.scale = t.number("templ_scale", found->row);
      result.sky_template = id;
    }
    return result;
  } catch (Error& e) {
    e.in_file(found->file.string());
    throw;
  }
}

}  // namespace brickline
