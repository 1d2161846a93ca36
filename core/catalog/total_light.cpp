#include "core/catalog/total_light.h"

#include "core/model/light_share.h"

namespace brickline {

double light_share(CatalogType type, double sersic_index) {
  switch (type) {
    case CatalogType::kRex:
      return light_share(SourceKind::kRex, sersic_index);
    case CatalogType::kExp:
      return light_share(SourceKind::kExp, sersic_index);
    case CatalogType::kDev:
      return light_share(SourceKind::kDev, sersic_index);
    case CatalogType::kSer:
      return light_share(SourceKind::kSer, sersic_index);
    case CatalogType::kPsf:
    case CatalogType::kDup:
    case CatalogType::kNun:
      break;
  }
  return 1;
}

void to_total_light(CatalogSource& row) {
  const double share = light_share(row.type, row.sersic);
  if (share == 1) return;
  const auto flux_by = static_cast<float>(1 / share), ivar_by = static_cast<float>(share * share);
  for (CatalogBand& b : row.bands) {
    b.flux *= flux_by;
    b.flux_ivar *= ivar_by;
  }
  const auto space = [&](auto& bands) {
    for (SpaceBand& b : bands) {
      b.flux *= flux_by;
      b.flux_ivar *= ivar_by;
    }
  };
  if (row.galex) space(row.galex->bands);
  if (row.wise) {
    space(row.wise->bands);
    for (LightCurve& curve : row.wise->curves) {
      for (float& f : curve.flux) f *= flux_by;
      for (float& v : curve.flux_ivar) v *= ivar_by;
    }
  }
  // Rows of the lower triangle; fluxes come after the six others.
  constexpr int kOthers = 6;
  std::size_t at = 0;
  for (int i = 0; at < row.fit_covariance.size(); ++i)
    for (int j = 0; j <= i && at < row.fit_covariance.size(); ++j, ++at) {
      if (i >= kOthers) row.fit_covariance[at] *= flux_by;
      if (j >= kOthers) row.fit_covariance[at] *= flux_by;
    }
}

}  // namespace brickline
