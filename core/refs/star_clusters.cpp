#include <cmath>

#include "core/fits/fits_reader.h"
#include "core/refs/catalog_sources.h"
#include "core/wcs/sky.h"

namespace brickline::refs {
namespace {

constexpr double kLargestRadius = 90;  // degrees

}  // namespace

std::vector<ReferenceObject> read_star_clusters(const std::filesystem::path& file, const Region& region,
                                                const Log& log) {
  fits::FitsReader reader(file);
  const fits::Table table = reader.columns(1, {"ra", "dec", "radius", "ba", "pa"});
  require_columns(table, {"ra", "dec", "radius", "ba", "pa"});
  const std::vector<double> ra = table.numbers("ra"), dec = table.numbers("dec"),
                            radius = table.numbers("radius");
  const std::vector<double> ba = table.numbers("ba"), pa = table.numbers("pa");
  std::vector<ReferenceObject> out;
  UnusableEntries sizes("radius", "they are not masked");
  for (std::size_t i = 0; i < ra.size(); ++i) {
    const bool sized = radius[i] > 0 && radius[i] < kLargestRadius;
    const double reach = region.radius + (sized ? radius[i] : 0);
    if (!(std::abs(dec[i] - region.centre.dec) < reach) ||
        !(angular_separation(ra[i], dec[i], region.centre.ra, region.centre.dec) < reach))
      continue;
    ReferenceObject o;
    o.ref_cat = "CL";
    o.ref_id = static_cast<std::int64_t>(i);
    o.ra = ra[i];
    o.dec = dec[i];
    o.radius = sized ? finite_or_zero(radius[i]) : 0;
    if (!sized) sizes.note(o.ra, o.dec);
    o.ba = finite_or_zero(ba[i]);
    o.pa = finite_or_zero(pa[i]);
    o.is_cluster = o.ignore = true;
    out.push_back(std::move(o));
  }
  sizes.tell(file.string(), log);
  return out;
}

}  // namespace brickline::refs
