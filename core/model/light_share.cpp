#include "core/model/light_share.h"

#include <array>

#include "core/base/error.h"

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

double reference_light_share(SourceKind kind, double sersic_index) {
  switch (kind) {
    case SourceKind::kPsf:
      return 1;
    case SourceKind::kRex:
    case SourceKind::kExp:
      sersic_index = 1;
      break;
    case SourceKind::kDev:
      return kDeVaucouleurs;
    case SourceKind::kSer:
      break;
    case SourceKind::kComp:
      throw internal_error("the light of a composite galaxy is asked for as of one profile");
  }
  if (!(sersic_index > kShares.front().index)) return 1;
  if (sersic_index >= kShares.back().index) return kShares.back().share;
  std::size_t k = 1;
  while (kShares[k].index < sersic_index) ++k;
  const Share &a = kShares[k - 1], &b = kShares[k];
  return a.share + (b.share - a.share) * (sersic_index - a.index) / (b.index - a.index);
}

void convert_fluxes(SourceModel& model, GalaxyProfiles from, GalaxyProfiles to) {
  if (from == to) return;
  const double share = reference_light_share(model.kind, model.sersic_index);
  for (double& f : model.flux) f *= to == GalaxyProfiles::kSersic ? 1 / share : share;
}

}  // namespace brickline
