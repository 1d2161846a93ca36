#include "core/pipeline/catalog_rows.h"

#include <map>
#include <utility>

namespace brickline {
namespace {

using Reports = std::map<std::pair<int, int>, const BlobReport*>;  // by blob and part

CatalogFitRecord fit_record(const FittedSource& s, const Reports& reports) {
  CatalogFitRecord r;
  r.bx0 = static_cast<float>(s.start_x);
  r.by0 = static_cast<float>(s.start_y);
  r.force_kept = s.forced_to_stay;
  r.forced_pointsource = s.fit_bits & fitbit::kForcedPointsource;
  r.fit_background = s.fit_bits & fitbit::kFitBackground;
  r.iterative = s.fit_bits & fitbit::kIterative;
  r.hit_r_limit = s.fit_bits & fitbit::kHitRadiusLimit;
  r.hit_ser_limit = s.fit_bits & fitbit::kHitSersicLimit;
  r.hit_limit = r.hit_r_limit || r.hit_ser_limit;
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

}  // namespace

std::vector<CatalogSource> catalog_rows(const FittedCatalog& fitted, std::size_t bands) {
  Reports reports;
  for (const BlobReport& b : fitted.blobs) reports[{b.blob, b.part}] = &b;
  std::map<int, int> in_blob;
  for (const FittedSource& s : fitted.sources) ++in_blob[s.blob];

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
    row.blob = s.blob;
    row.ninblob = in_blob[s.blob];
    row.fitbits = static_cast<std::int16_t>(s.fit_bits);
    row.fit = fit_record(s, reports);
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
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

}  // namespace brickline
