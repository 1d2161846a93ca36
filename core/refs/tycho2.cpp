#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include "core/base/error.h"
#include "core/refs/catalog_sources.h"
#include "core/wcs/sky.h"

namespace brickline::refs {
namespace {

constexpr double kDegree = std::numbers::pi / 180;
constexpr double kSearchRadius = 1;  // degrees around the region's centre
constexpr float kKept = 2;           // radii
constexpr double kEpochIfUnknown = 1991.25;

float inverse_variance(double sigma) {
  const float s = static_cast<float>(sigma);
  return finite_or_zero(1 / (s * s));
}

}  // namespace

std::vector<ReferenceObject> read_tycho2(const std::filesystem::path& file, const Region& region,
                                         const Log& log) {
  fits::FitsReader reader(file);
  const std::vector<std::int64_t> near = rows_near(reader, {"stars"}, region.centre, kSearchRadius, log);
  const fits::Table table = reader.rows(1, near);
  require_columns(
      table, {"tyc1", "tyc2", "tyc3", "ra", "dec", "sigma_ra", "sigma_dec", "pm_ra", "pm_dec", "sigma_pm_ra",
              "sigma_pm_dec", "epoch_ra", "epoch_dec", "mag_bt", "mag_vt", "mag_hp"});
  const auto column = [&](const char* name) { return table.numbers(name); };
  const std::vector<double> tyc1 = column("tyc1"), tyc2 = column("tyc2"), tyc3 = column("tyc3");
  const std::vector<double> ra = column("ra"), dec = column("dec");
  const std::vector<double> sigma_ra = column("sigma_ra"), sigma_dec = column("sigma_dec");
  const std::vector<double> pmra = column("pm_ra"), pmdec = column("pm_dec");
  const std::vector<double> sigma_pmra = column("sigma_pm_ra"), sigma_pmdec = column("sigma_pm_dec");
  const std::vector<double> epoch_ra = column("epoch_ra"), epoch_dec = column("epoch_dec");
  const std::vector<double> bt = column("mag_bt"), vt = column("mag_vt"), hp = column("mag_hp");
  // Absent in older files.
  const std::vector<double> is_galaxy = optional_numbers(table, "isgalaxy");
  const std::vector<double> zguess = optional_numbers(table, "zguess");
  const std::vector<double> gguess = optional_numbers(table, "ggguess");

  UnusableEntries magnitudes("magnitude", "they are left out");
  std::vector<ReferenceObject> out;
  for (std::size_t i = 0; i < ra.size(); ++i) {
    if (!is_galaxy.empty() && is_galaxy[i] != 0) continue;
    ReferenceObject o;
    const double z = zguess.empty() ? std::numeric_limits<double>::quiet_NaN() : zguess[i];
    o.mag = finite_or_zero(!gguess.empty() && std::isfinite(gguess[i]) ? gguess[i] : vt[i]);
    if (o.mag == 0) o.mag = finite_or_zero(hp[i]);
    if (o.mag == 0) o.mag = finite_or_zero(bt[i]);
    if (o.mag == 0 && !std::isfinite(z)) {  // not a star of magnitude 0
      magnitudes.note(ra[i], dec[i]);
      continue;
    }
    // The reference pipeline's magnitude of the star itself is lowered, too.
    if (const float redder = static_cast<float>(z) + 1; std::isfinite(redder) && redder < o.mag)
      o.mag = redder;
    o.mask_mag = o.mag;
    if (!(o.mask_mag < StarMask::kBrightLimit)) continue;
    o.zguess = finite_or_zero(z);
    o.ref_cat = "T2";
    o.ref_id = static_cast<std::int64_t>(tyc1[i]) * 1000000 + static_cast<std::int64_t>(tyc2[i]) * 10 +
               static_cast<std::int64_t>(tyc3[i]);
    o.radius = StarMask::radius_degrees(o.mask_mag);
    o.keep_radius = kKept * o.radius;

    const float pmra_arcsec = finite_or_zero(pmra[i]), pmdec_arcsec = finite_or_zero(pmdec[i]);
    const float epoch_of_ra = static_cast<float>(epoch_ra[i] != 0 ? epoch_ra[i] : kEpochIfUnknown);
    const float epoch_of_dec = static_cast<float>(epoch_dec[i] != 0 ? epoch_dec[i] : kEpochIfUnknown);
    o.ref_epoch = finite_or_zero((epoch_of_ra + epoch_of_dec) / 2);
    const double years_ra = finite_or_zero(o.ref_epoch - epoch_of_ra);
    const double years_dec = finite_or_zero(o.ref_epoch - epoch_of_dec);
    o.ra = ra[i] + years_ra * pmra_arcsec / 3600 / std::cos(dec[i] * kDegree);
    o.dec = dec[i] + years_dec * pmdec_arcsec / 3600;
    o.pmra = pmra_arcsec * 1000;
    o.pmdec = pmdec_arcsec * 1000;
    o.pmra_ivar = inverse_variance(1000 * sigma_pmra[i]);
    o.pmdec_ivar = inverse_variance(1000 * sigma_pmdec[i]);
    o.ra_ivar = inverse_variance(sigma_ra[i]);
    o.dec_ivar = inverse_variance(sigma_dec[i]);
    o.is_tycho = o.point_source = o.is_bright = o.is_medium = true;
    out.push_back(std::move(o));
  }
  magnitudes.tell(file.string(), log);
  if (is_galaxy.empty() && table.rows() > 0)
    log.warning("{} has no column isgalaxy: galaxies among its rows are taken for stars", file.string());
  return out;
}

void merge_tycho_into_gaia(std::vector<ReferenceObject>& tycho, std::vector<ReferenceObject>& gaia) {
  constexpr double kEpoch = 1991.5, kCandidate = 10. / 3600, kSame = 1. / 3600;
  const auto at = [](const ReferenceObject& o, double epoch) {
    const double years = epoch - o.ref_epoch;
    return SkyPosition{o.ra + years * o.pmra / 3.6e6 / std::cos(o.dec * kDegree),
                       o.dec + years * o.pmdec / 3.6e6};
  };
  std::vector<SkyPosition> then(gaia.size());
  for (std::size_t i = 0; i < gaia.size(); ++i) then[i] = at(gaia[i], kEpoch);
  std::erase_if(tycho, [&](const ReferenceObject& star) {
    double nearest = kCandidate;
    int best = -1;
    for (std::size_t i = 0; i < then.size(); ++i) {
      if (!(std::abs(then[i].dec - star.dec) <= nearest)) continue;
      const double distance = angular_separation(then[i].ra, then[i].dec, star.ra, star.dec);
      if (distance > nearest) continue;
      nearest = distance;
      best = static_cast<int>(i);
    }
    if (best < 0) return false;
    ReferenceObject& same = gaia[static_cast<std::size_t>(best)];
    const SkyPosition p = at(same, star.ref_epoch);
    const double dra = ra_difference(p.ra, star.ra) * std::cos(same.dec * kDegree);
    if (!(std::hypot(dra, p.dec - star.dec) <= kSame)) return false;
    same.is_bright = same.is_tycho = true;
    return true;
  });
}

}  // namespace brickline::refs
