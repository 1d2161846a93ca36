#include "core/catalog/total_light.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "core/base/error.h"
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
    case CatalogType::kComp:
      throw internal_error("the light of a composite galaxy is asked for as of one profile");
    case CatalogType::kPsf:
    case CatalogType::kDup:
    case CatalogType::kNun:
      break;
  }
  return 1;
}

double light_share(const CatalogSource& row) {
  return row.type == CatalogType::kComp ? composite_light_share(mean_bulge_fraction(row))
                                        : light_share(row.type, row.sersic);
}

namespace {

// With f the flux of a model and b its bulge's, all the light is F = f/s_disk + k b, k = 1/s_bulge - 1/s_disk, of which
// b/s_bulge are the bulge's; errors follow. Returns how much larger the flux's error is.
double composite_to_total_light(CatalogBand& band) {
  const double disk = 1 / kDiskLightShare, bulge = 1 / kBulgeLightShare, k = bulge - disk;
  const double f = band.flux, b = band.bulge_flux, variance = band.bulge_flux_variance,
               covariance = band.bulge_flux_covariance;
  band.flux = static_cast<float>(disk * f + k * b);
  band.bulge_flux = static_cast<float>(bulge * b);
  if (!(band.flux_ivar > 0)) return disk;
  const double before = 1 / static_cast<double>(band.flux_ivar);
  // Where the bulge's share is not measured it is taken as it is.
  if (!(variance > 0)) {
    const double by = f != 0 ? band.flux / f : disk;
    band.flux_ivar = static_cast<float>(1 / (before * by * by));
    return by;
  }
  const double after = disk * disk * before + 2 * disk * k * covariance + k * k * variance;
  band.flux_ivar = static_cast<float>(1 / after);
  band.bulge_flux_variance = static_cast<float>(bulge * bulge * variance);
  band.bulge_flux_covariance = static_cast<float>(bulge * (disk * covariance + k * variance));
  return std::sqrt(after / before);
}

}  // namespace

void to_total_light(CatalogSource& row) {
  const bool composite = row.type == CatalogType::kComp;
  double share = light_share(row.type == CatalogType::kComp ? CatalogType::kPsf : row.type, row.sersic);
  if (!composite && share == 1) return;
  std::vector<float> errors_by;
  for (CatalogBand& b : row.bands) {
    if (composite) {
      errors_by.push_back(static_cast<float>(composite_to_total_light(b)));
      continue;
    }
    const auto flux_by = static_cast<float>(1 / share), ivar_by = static_cast<float>(share * share);
    b.flux *= flux_by;
    b.flux_ivar *= ivar_by;
    errors_by.push_back(flux_by);
  }
  if (composite) share = light_share(row);
  const auto flux_by = static_cast<float>(1 / share), ivar_by = static_cast<float>(share * share);
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
      if (i >= kOthers) row.fit_covariance[at] *= errors_by.at(static_cast<std::size_t>(i - kOthers));
      if (j >= kOthers) row.fit_covariance[at] *= errors_by.at(static_cast<std::size_t>(j - kOthers));
    }
}

}  // namespace brickline
