#include "core/calib/merged_calibrations.h"

#include <algorithm>
#include <array>
#include <utility>

#include "core/base/error.h"
#include "core/fits/fits_writer.h"
#include "core/survey/concatenate_tables.h"

namespace brickline {
namespace {

// A single row's values as an array of that shape, the rest zeros.
fits::Column padded(const fits::Column& column, std::vector<std::int64_t> shape) {
  std::vector<std::int64_t> from = column.shape.empty() ? std::vector<std::int64_t>{1} : column.shape;
  from.resize(shape.size(), 1);
  fits::Column out;
  out.name = column.name;
  out.unit = column.unit;
  out.shape = shape;
  std::visit(
      [&](const auto& values) {
        using Values = std::decay_t<decltype(values)>;
        std::int64_t size = 1;
        for (const std::int64_t n : shape) size *= n;
        Values grown(static_cast<std::size_t>(size));
        for (std::size_t i = 0; i < values.size(); ++i) {
          std::int64_t rest = static_cast<std::int64_t>(i), at = 0, stride = 1;
          for (std::size_t axis = 0; axis < shape.size(); ++axis) {
            at += rest % from[axis] * stride;
            rest /= from[axis];
            stride *= shape[axis];
          }
          grown[static_cast<std::size_t>(at)] = values[i];
        }
        out.data = std::move(grown);
      },
      column.data);
  return out;
}

// What a sky of one level lacks beside splines.
void add_grid_of_one(fits::Table& table) {
  if (table.has("gridvals")) return;
  table.add("gridw", std::vector<std::int32_t>{1});
  table.add("gridh", std::vector<std::int32_t>{1});
  table.add("xgrid", std::vector<std::int32_t>{0}, "", {1});
  table.add("ygrid", std::vector<std::int32_t>{0}, "", {1});
  table.add("gridvals", std::vector<float>{0}, "", {1, 1});
}

}  // namespace

fits::Table merged_rows(CalibrationKind kind, const std::vector<CalibrationRow>& rows) {
  std::vector<NamedTable> tables;
  bool any_grid = false;
  for (const CalibrationRow& row : rows) {
    tables.push_back({row.file.string(), row.table.select({row.row})});
    any_grid |= row.table.has("gridvals");
  }
  if (kind == CalibrationKind::kSky && any_grid)
    for (NamedTable& t : tables) add_grid_of_one(t.table);
  constexpr std::array<const char*, 4> kArrays = {"psf_mask", "xgrid", "ygrid", "gridvals"};
  for (const char* name : kArrays) {
    std::vector<std::int64_t> largest;
    for (const NamedTable& t : tables)
      if (const fits::Column* column = t.table.find(name)) {
        const std::vector<std::int64_t> shape =
            column->shape.empty() ? std::vector<std::int64_t>{1} : column->shape;
        largest.resize(std::max(largest.size(), shape.size()), 1);
        for (std::size_t i = 0; i < shape.size(); ++i) largest[i] = std::max(largest[i], shape[i]);
      }
    for (NamedTable& t : tables)
      if (const fits::Column* column = t.table.find(name)) t.table.add(padded(*column, largest));
  }
  return concatenate_tables(tables);
}

MergeOutcome merge_calibrations(CalibrationKind kind, const std::filesystem::path& directory,
                                const CameraFacts& facts, const std::vector<ToBeMerged>& ccds, bool all_found,
                                const Log& log) {
  MergeOutcome outcome;
  std::vector<CalibrationRow> rows;
  std::string merged;
  for (const ToBeMerged& part : ccds) {
    const CalibrationNames names = calibration_names(kind, facts.files, part.ccd);
    merged = names.merged;
    std::vector<std::filesystem::path> files = {directory / names.single};
    if (!part.file.empty() && part.file != files.front()) files.push_back(part.file);
    try {
      if (auto row = find_calibration(files, CalibrationKey::of(part.ccd), part.checks, log)) {
        rows.push_back(std::move(*row));
        continue;
      }
    } catch (const Error& e) {
      if (e.kind() != ErrorKind::kInput) throw;
      log.warning("{}", e.line());
    }
    outcome.missing.push_back(ccd_image_name(facts.files, part.ccd));
  }
  if (merged.empty()) throw input_error("the camera's facts name no merged files (files.calibration)");
  if (rows.empty() || (all_found && !outcome.missing.empty())) return outcome;
  fits::FitsWriter writer;
  writer.add_table(merged_rows(kind, rows));
  writer.write(directory / merged);
  outcome.file = merged;
  return outcome;
}

}  // namespace brickline
