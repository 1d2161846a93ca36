#include "core/catalog/total_light.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace brickline {
namespace {

struct Share {
  double index, share;
};
constexpr std::array<Share, 9> kShares = {{{0.5, 1},
                                           {0.7, 0.9986},
                                           {1, 0.9915},
                                           {1.5, 0.9810},
                                           {2, 0.9722},
                                           {3, 0.9552},
                                           {4, 0.9466},
                                           {5, 0.9246},
                                           {6, 0.9050}}};
constexpr double kDeVaucouleurs = 0.9432;  // has a mixture of its own

}  // namespace

double light_share(CatalogType type, double sersic_index) {
  switch (type) {
    case CatalogType::kRex:
    case CatalogType::kExp:
      sersic_index = 1;
      break;
    case CatalogType::kDev:
      return kDeVaucouleurs;
    case CatalogType::kSer:
      break;
    case CatalogType::kPsf:
    case CatalogType::kDup:
    case CatalogType::kNun:
      return 1;
  }
  if (!(sersic_index > kShares.front().index)) return 1;
  if (sersic_index >= kShares.back().index) return kShares.back().share;
  std::size_t k = 1;
  while (kShares[k].index < sersic_index) ++k;
  const Share &a = kShares[k - 1], &b = kShares[k];
  return a.share + (b.share - a.share) * (sersic_index - a.index) / (b.index - a.index);
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
