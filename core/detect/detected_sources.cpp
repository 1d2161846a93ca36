#include "core/detect/detected_sources.h"

#include <utility>
#include <variant>

#include "core/refs/reference_table.h"

namespace brickline {
namespace {

// A reference column's values for the sources that are its rows; nothing for the others.
fits::Column spread(const fits::Column& column, const SourceList& sources) {
  fits::Column out = column;
  std::visit(
      [&](auto& to) {
        const auto& from = std::get<std::decay_t<decltype(to)>>(column.data);
        const auto width = column.is_string() ? 1 : static_cast<std::size_t>(column.width());
        to.assign(sources.size() * width, {});
        for (std::size_t i = 0; i < sources.size(); ++i)
          if (sources[i].reference_row >= 0)
            for (std::size_t k = 0; k < width; ++k)
              to[i * width + k] = from[static_cast<std::size_t>(sources[i].reference_row) * width + k];
      },
      out.data);
  return out;
}

// The catalog's table, and what only this product tells of it. Empty without rows.
fits::Table reference_columns(const ReferenceCatalog& catalog) {
  if (catalog.empty()) return {};
  fits::Table table = reference_table(catalog);
  std::vector<std::int64_t> source_id;
  std::vector<bool> duplicate, sets_maskbit;
  for (const ReferenceObject& row : catalog.rows) {
    source_id.push_back(row.is_gaia ? row.ref_id : 0);
    duplicate.push_back(row.duplicate);
    sets_maskbit.push_back(row.set_galaxy_maskbit);
  }
  if (catalog.had_gaia) table.add("source_id", std::move(source_id), "", {}, "Gaia's identifier");
  table.add("dup", std::move(duplicate), "", {}, "star that is part of a large galaxy");
  table.add("set_galaxy_maskbit", std::move(sets_maskbit), "", {}, "its pixels are masked as GALAXY");
  return table;
}

}  // namespace

fits::Table detected_sources_table(const SourceList& sources, const BlobMap& blobs,
                                   std::span<const std::string> bands, const ReferenceCatalog& catalog) {
  const fits::Table references = reference_columns(catalog);
  const std::size_t count = sources.size();
  std::vector<double> ra, dec;
  std::vector<std::int64_t> ibx, iby, ref_id(count, 0);
  std::vector<float> peak_sn;
  std::vector<std::string> sed, ref_cat(count);
  std::vector<std::int32_t> blob;
  std::vector<std::int64_t> limits[4];
  std::vector<bool> needs_flux;
  for (std::size_t i = 0; i < count; ++i) {
    const DetectedSource& s = sources[i];
    const bool known = !references.empty() && s.reference_row >= 0;
    ra.push_back(known ? references.number("ra", s.reference_row) : s.model.ra);
    dec.push_back(known ? references.number("dec", s.reference_row) : s.model.dec);
    ibx.push_back(s.ix);
    iby.push_back(s.iy);
    peak_sn.push_back(s.peak_sn);
    sed.push_back(s.sed);
    if (known) {
      ref_cat[i] = references.text("ref_cat", s.reference_row);
      ref_id[i] = references.integer("ref_id", s.reference_row);
    }
    blob.push_back(s.blob);
    const Box box = s.blob >= 0 ? blobs.blobs.at(static_cast<std::size_t>(s.blob)).box : Box{-1, -1, -1, -1};
    int k = 0;
    for (const int limit : {box.x0, box.x1, box.y0, box.y1}) limits[k++].push_back(limit);
    needs_flux.push_back(s.needs_initial_flux);
  }

  fits::Table table;
  table.set_rows(static_cast<std::int64_t>(count));
  table.add("ra", std::move(ra), "deg", {}, "right ascension (ICRS)");
  table.add("dec", std::move(dec), "deg", {}, "declination (ICRS)");
  table.add("ibx", std::move(ibx), "pixel", {}, "nearest brick pixel, 0-based");
  table.add("iby", std::move(iby), "pixel", {}, "nearest brick pixel, 0-based");
  table.add("peaksn", std::move(peak_sn), "", {}, "S/N of the peak; 0: known before");
  table.add("peaksed", std::move(sed), "", {}, "SED that the peak was found with");
  fits::Column ref_cat_column;
  ref_cat_column.name = "ref_cat";
  ref_cat_column.description = "reference catalog";
  ref_cat_column.data = std::move(ref_cat);
  ref_cat_column.string_width = 2;
  table.add(std::move(ref_cat_column));
  table.add("ref_id", std::move(ref_id), "", {}, "identifier there");
  for (const fits::Column& column : references.columns())
    if (!table.has(column.name)) table.add(spread(column, sources));
  table.add("blob", std::move(blob), "", {}, "number of its blob; -1: none");
  const char* names[] = {"blob_x0", "blob_x1", "blob_y0", "blob_y1"};
  for (int k = 0; k < 4; ++k)
    table.add(names[k], std::move(limits[k]), "pixel", {}, "the blob's box, half-open");
  table.add("needs_initial_flux", std::move(needs_flux), "", {}, "flux_* mean nothing yet");
  for (std::size_t b = 0; b < bands.size(); ++b) {
    std::vector<float> flux;
    for (const DetectedSource& s : sources)
      flux.push_back(b < s.model.flux.size() ? static_cast<float>(s.model.flux[b]) : 0.0F);
    table.add("flux_" + bands[b], std::move(flux), "nanomaggies", {}, "flux that the fit starts with");
  }
  return table;
}

}  // namespace brickline
