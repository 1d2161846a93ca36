#include "tools/simulate_survey/scene.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>

#include "core/base/error.h"
#include "core/fits/fits_reader.h"

namespace brickline::simulate {
namespace {

// What the renderer is made for.
constexpr double kSmallestRadius = 0.01, kLargestRadius = 120, kThinnest = 0.05, kLowestIndex = 0.3,
                 kHighestIndex = 6;
constexpr std::array<std::string_view, 6> kTypes = {"PSF", "REX", "EXP", "DEV", "SER", "COMP"};
constexpr double kNotInGaia = 99;  // mag

class Row {
 public:
  Row(const fits::Table& table, std::int64_t row) : table_(table), row_(row) {}

  bool has(const char* name) const { return table_.has(name); }
  std::string text(const char* name) const { return table_.text(name, row_); }
  std::int64_t number_in_table() const { return row_ + 1; }
  double number(const std::string& name) const {
    const double value = table_.number(name, row_);
    if (!std::isfinite(value)) refuse(name, value, "a number");
    return value;
  }
  double within(const char* name, double low, double high) const {
    const double value = number(name);
    if (!(value >= low && value <= high)) refuse(name, value, fmt::format("{:g} to {:g}", low, high));
    return value;
  }

 private:
  [[noreturn]] void refuse(const std::string& name, double value, const std::string& wanted) const {
    throw input_error("column {} row {}: {:g} is not {}", name, row_ + 1, value, wanted);
  }

  const fits::Table& table_;
  std::int64_t row_;
};

double index_of_type(const Row& row, const std::string& type) {
  if (type == "SER") return row.within("sersic", kLowestIndex, kHighestIndex);
  const double index = type == "DEV" ? 4 : 1;
  if (row.has("sersic")) row.within("sersic", index, index);
  return index;
}

void read_shape(const Row& row, Source& s) {
  s.half_light_radius = row.within("shape_r", kSmallestRadius, kLargestRadius);
  if (s.type != "COMP") s.sersic_index = index_of_type(row, s.type);
  if (s.type == "REX") {
    if (row.has("ba")) row.within("ba", 1, 1);
    return;
  }
  s.axis_ratio = row.within("ba", kThinnest, 1);
  s.position_angle = row.within("pa", -360, 360);
}

TrueBulge read_bulge(const Row& row, const std::vector<SurveyBand>& bands) {
  TrueBulge bulge;
  bulge.half_light_radius = row.within("shapedev_r", kSmallestRadius, kLargestRadius);
  bulge.axis_ratio = row.within("shapedev_ba", kThinnest, 1);
  bulge.position_angle = row.within("shapedev_pa", -360, 360);
  for (const SurveyBand& band : bands)
    bulge.fraction.push_back(row.within(("fracdev_" + band.name).c_str(), 0, 1));
  return bulge;
}

Source read_source(const Row& row, const std::vector<SurveyBand>& bands, const ImageGeometry& region) {
  Source s;
  s.type = row.text("type");
  if (std::find(kTypes.begin(), kTypes.end(), s.type) == kTypes.end())
    throw input_error("column type row {}: '{}' is none of PSF, REX, EXP, DEV, SER, COMP",
                      row.number_in_table(), s.type);
  if (row.has("ra")) {
    s.position = {row.within("ra", 0, 360), row.within("dec", -90, 90)};
    const auto at = region.to_pixel(s.position.ra, s.position.dec);
    if (!at)
      throw input_error("columns ra, dec row {}: {} {} is on the far side of the sky", row.number_in_table(),
                        s.position.ra, s.position.dec);
    s.region_pixel = *at;
  } else {
    s.region_pixel = {row.within("bx", -1e4, 1e5), row.within("by", -1e4, 1e5)};
    s.position = region.to_sky(s.region_pixel.x, s.region_pixel.y);
  }
  if (!s.is_star()) read_shape(row, s);
  if (s.type == "COMP") s.bulge = read_bulge(row, bands);
  s.structure = row.has("structure") && row.number("structure") != 0;
  for (const SurveyBand& band : bands) {
    const std::string name = "flux_" + band.name;
    s.flux.push_back(s.structure ? row.number(name) : row.within(name.c_str(), 0, 1e9));
  }
  const double gaia = row.has("gmag") ? row.number("gmag") : 0;
  s.gaia_mag = gaia > 0 ? gaia : kNotInGaia;
  s.gaia_bp_rp = 0.95;
  return s;
}

}  // namespace

std::vector<Source> read_scene(const std::filesystem::path& path, const std::vector<SurveyBand>& bands,
                               const ImageGeometry& region) {
  try {
    fits::FitsReader file(path);
    if (file.hdu_count() < 2 || !file.is_table(1)) throw input_error("no table in the first extension");
    const fits::Table table = file.table(1);
    std::vector<Source> sources;
    for (std::int64_t i = 0; i < table.rows(); ++i)
      sources.push_back(read_source(Row(table, i), bands, region));
    return sources;
  } catch (Error& e) {
    e.in_file(path.string());
    throw;
  }
}

}  // namespace brickline::simulate
