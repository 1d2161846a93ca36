#include <gtest/gtest.h>

#include "core/coadd/measure.h"

namespace brickline {
namespace {

TEST(FiberFluxes, AreOfTheProfilesThatAreAskedFor) {
  constexpr double kStep = 0.262 / 3600;
  const Wcs target = Wcs::tangent(150, 2, 50, 50, {-kStep, 0, 0, kStep}, 101, 101);
  SourceModel galaxy;
  galaxy.kind = SourceKind::kDev;
  galaxy.ra = 150;
  galaxy.dec = 2;
  galaxy.shape = to_softened({2, 0, 0});
  const std::vector<std::optional<SourceModel>> models = {galaxy};
  const auto flux = [&](GalaxyProfiles profiles) {
    std::vector<CatalogSource> rows(1);
    rows[0].bands.resize(1);
    rows[0].bands[0].flux = rows[0].bands[0].flux_ivar = 1;
    measure_fiber_fluxes(target, models, 1, rows, profiles);
    return rows[0].bands[0].fiberflux;
  };
  // Of one flux, the whole profile has more of it far out.
  const double ratio = flux(GalaxyProfiles::kSersic) / flux(GalaxyProfiles::kReference);
  EXPECT_LT(ratio, 0.98);
  EXPECT_GT(ratio, 0.9);
}

}  // namespace
}  // namespace brickline
