// The one table of the catalog's columns: every column of the tractor file in its order, with type, shape,
// unit, description and where its values come from. The files, the schema page and the tests are made from
// it.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/catalog/catalog_source.h"
#include "core/fits/table.h"

namespace brickline {

struct CatalogContext;  // core/catalog/catalog.h

enum class ColumnType { kLogical, kUint8, kInt16, kInt32, kInt64, kFloat, kDouble, kText };

// Whether a column stands once, or once per band as "<name>_<band>": of the survey, of the survey's where the
// extinction is known, of the survey's where sources were fitted together; once or per band where galaxies may be
// composite; of WISE (all four, with apertures, those
// with masks, those with light curves), of GALEX.
// Columns of WISE and GALEX are there if the context says so.
enum class ColumnRepeat {
  kOnce,
  kPerBand,
  kPerDustBand,
  kPerJointBand,
  kOncePerComposite,
  kPerCompositeBand,
  kOncePerWise,
  kPerWiseBand,
  kPerWiseApertureBand,
  kPerWiseMaskBand,
  kPerLightCurveBand,
  kPerGalexBand,
};

// A column's width where it is that of the catalog's light curves, and that of its types.
inline constexpr int kLightCurveWidth = -1, kTypeWidth = -2;
// Letters of a type: one more where there may be COMP.
int type_width(const CatalogContext& context);

struct CatalogColumn {
  std::string_view name;  // empty: CatalogContext::id_name
  ColumnType type;
  // Values per row (or kLightCurveWidth); of text the number of characters (or kTypeWidth), 0 = as many as the longest needs.
  int width;
  ColumnRepeat repeat;
  std::string_view unit;
  std::string_view description;
  std::string_view source;  // which step fills it
  // Fills a whole column; `band`: index into the run's bands, -1 if the run has no images of it (zeros).
  void (*fill)(const CatalogContext& context, std::span<const CatalogSource> rows, std::string_view band_name,
               int band, fits::Column& out);
};

// In the order of the file.
std::span<const CatalogColumn> catalog_columns();

// The bands that a column stands for, each with the index that its fill is given; one nameless band for columns
// that stand once, none for columns that the catalog does not have.
struct ColumnBand {
  std::string name;
  int index = -1;
};
std::vector<ColumnBand> column_bands(const CatalogColumn& column, const CatalogContext& context);

// The name of a per-band column: "<name>_<band>", '-' in the band made '_'.
std::string band_column_name(std::string_view name, std::string_view band);

// The same columns as a Markdown table.
std::string catalog_schema_markdown();

}  // namespace brickline
