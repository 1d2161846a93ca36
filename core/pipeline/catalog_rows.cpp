#include "core/pipeline/catalog_rows.h"

#include <map>
#include <utility>

#include "core/refs/reference_table.h"

namespace brickline {
namespace {

using Reports = std::map<std::pair<int, int>, const BlobReport*>;  // by blob and part

CatalogFitRecord fit_record(const FittedSource& s, const Reports& reports) {
  CatalogFitRecord r;
  r.bx0 = static_cast<float>(s.start_x);
  r.by0 = static_cast<float>(s.start_y);
  r.force_kept = s.forced_to_stay;
  r.bits = s.fit_bits;
  if (const auto it = reports.find({s.planned_blob, s.part}); it != reports.end()) {
    const BlobReport& b = *it->second;
    r.blob_width = static_cast<std::int16_t>(b.box.width());
    r.blob_height = static_cast<std::int16_t>(b.box.height());
    r.blob_npix = static_cast<std::int32_t>(b.pixels);
    r.blob_nimages = static_cast<std::int16_t>(b.images);
    r.blob_totalpix = static_cast<std::int32_t>(b.image_pixels);
  }
  r.blob_symm_width = static_cast<std::int16_t>(s.rectangle_width);
  r.blob_symm_height = static_cast<std::int16_t>(s.rectangle_height);
  r.blob_symm_npix = s.pixels;
  r.blob_symm_nimages = static_cast<std::int16_t>(s.images);
  return r;
}

void add_reference(CatalogSource& row, const ReferenceCatalog& references, int reference_row) {
  row.reference = references.rows[reference_row];
  row.reference_row = reference_row;
}

// A reference object that is listed as it stands in its catalog, without light.
CatalogSource listed_row(const ReferenceCatalog& references, int reference_row,
                         const Image<std::int32_t>& blob_map, std::size_t bands) {
  const ReferenceObject& object = references.rows[reference_row];
  CatalogSource row;
  row.regular = false;
  row.type = object.duplicate ? CatalogType::kDup
             : object.model   ? catalog_type(object.model->kind)
                              : CatalogType::kNun;
  row.ra = object.ra;
  row.dec = object.dec;
  row.bx = static_cast<float>(object.x);
  row.by = static_cast<float>(object.y);
  row.blob = object.in_bounds ? blob_map(object.ibx, object.iby) : -1;
  row.bands.resize(bands);
  add_reference(row, references, reference_row);
  return row;
}

}  // namespace

std::vector<CatalogSource> catalog_rows(const FittedCatalog& fitted, const SourcesFound& sources,
                                        const ReferenceCatalog& references, std::size_t bands) {
  Reports reports;
  for (const BlobReport& b : fitted.blobs) reports[{b.blob, b.part}] = &b;
  std::vector<CatalogSource> rows;
  rows.reserve(fitted.sources.size());
  for (const FittedSource& s : fitted.sources) {
    CatalogSource row;
    row.type = catalog_type(s.model.kind);
    row.regular = s.regular;
    row.ra = s.model.ra;
    row.dec = s.model.dec;
    row.ra_ivar = static_cast<float>(s.inverse_variance.ra);
    row.dec_ivar = static_cast<float>(s.inverse_variance.dec);
    row.bx = static_cast<float>(s.x);
    row.by = static_cast<float>(s.y);
    for (int i = 0; i < kModelKinds; ++i) row.dchisq[i] = static_cast<float>(s.dchisq[i]);
    if (s.model.is_galaxy()) {
      const Ellipse shape = to_ellipse(s.model.shape);
      row.shape_r = static_cast<float>(shape.re);
      row.shape_r_ivar = static_cast<float>(s.inverse_variance.re);
      if (s.model.kind != SourceKind::kRex) {
        row.shape_e1 = static_cast<float>(shape.e1);
        row.shape_e2 = static_cast<float>(shape.e2);
        row.shape_e1_ivar = static_cast<float>(s.inverse_variance.e1);
        row.shape_e2_ivar = static_cast<float>(s.inverse_variance.e2);
      }
      if (s.model.kind == SourceKind::kSer) {
        row.sersic = static_cast<float>(s.model.sersic_index);
        row.sersic_ivar = static_cast<float>(s.inverse_variance.sersic_index);
      }
    }
    if (s.model.is_composite()) {
      const Ellipse shape = to_ellipse(s.model.bulge->shape);
      row.dchisq_comp = static_cast<float>(s.composite_dchisq);
      row.shapedev_r = static_cast<float>(shape.re);
      row.shapedev_e1 = static_cast<float>(shape.e1);
      row.shapedev_e2 = static_cast<float>(shape.e2);
      row.shapedev_r_ivar = static_cast<float>(s.bulge_errors.re);
      row.shapedev_e1_ivar = static_cast<float>(s.bulge_errors.e1);
      row.shapedev_e2_ivar = static_cast<float>(s.bulge_errors.e2);
    }
    row.blob = s.blob;
    row.fit = fit_record(s, reports);
    row.fit_covariance = s.covariance;
    row.bands.resize(bands);
    const auto value = [](const auto& values, std::size_t i) {
      return i < values.size() ? static_cast<float>(values[i]) : 0.f;
    };
    for (std::size_t b = 0; b < bands; ++b) {
      CatalogBand& out = row.bands[b];
      out.flux = value(s.model.flux, b);
      out.flux_ivar = value(s.inverse_variance.flux, b);
      out.rchisq = value(s.metrics.rchisq, b);
      out.fracflux = value(s.metrics.fracflux, b);
      out.fracmasked = value(s.metrics.fracmasked, b);
      out.fracin = value(s.metrics.fracin, b);
      out.blendedness = value(s.blendedness, b);
      if (s.model.is_composite()) out.bulge_flux = out.flux * value(s.model.bulge->fraction, b);
      out.bulge_flux_variance = value(s.bulge_errors.flux_variance, b);
      out.bulge_flux_covariance = value(s.bulge_errors.covariance_with_flux, b);
    }
    if (s.source >= 0)
      if (const int r = sources.detection.sources[s.source].reference_row; r >= 0)
        add_reference(row, references, r);
    rows.push_back(std::move(row));
  }
  for (const int r : sources.set_aside) rows.push_back(listed_row(references, r, fitted.blob_map, bands));

  std::map<int, int> in_blob;
  for (const CatalogSource& row : rows) ++in_blob[row.blob];
  for (CatalogSource& row : rows) row.ninblob = row.blob < 0 ? 0 : in_blob[row.blob];
  return rows;
}

fits::Table reference_columns(std::span<const CatalogSource> rows, const ReferenceCatalog& references) {
  // A row of zeros at the end stands for those that no reference catalog knows.
  ReferenceCatalog with_none = references;
  with_none.rows.emplace_back();
  std::vector<std::int64_t> wanted;
  for (const CatalogSource& row : rows)
    wanted.push_back(row.reference_row >= 0 ? row.reference_row
                                            : static_cast<std::int64_t>(references.rows.size()));
  return reference_table(with_none).select(wanted);
}

}  // namespace brickline
