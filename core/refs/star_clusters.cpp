#include <cmath>

#include "core/fits/fits_reader.h"
#include "core/refs/catalog_sources.h"
#include "core/wcs/sky.h"

namespace brickline::refs {

std::vector<ReferenceObject> read_star_clusters(const std::filesystem::path& file, const Region& region) {
  fits::FitsReader reader(file);
  const fits::Table table = reader.columns(1, {"ra", "dec", "radius", "ba", "pa"});
  require_columns(table, {"ra", "dec", "radius", "ba", "pa"});
  const std::vector<double> ra = table.numbers("ra"), dec = table.numbers("dec"),
                            radius = table.numbers("radius");
  const std::vector<double> ba = table.numbers("ba"), pa = table.numbers("pa");
  std::vector<ReferenceObject> out;
  for (std::size_t i = 0; i < ra.size(); ++i) {
    const double reach = region.radius + radius[i];
    if (!(std::abs(dec[i] - region.centre.dec) < reach) ||
        !(angular_separation(ra[i], dec[i], region.centre.ra, region.centre.dec) < reach))
      continue;
    ReferenceObject o;
    o.ref_cat = "CL";
    o.ref_id = static_cast<std::int64_t>(i);
    o.ra = ra[i];
    o.dec = dec[i];
    o.radius = finite_or_zero(radius[i]);
    o.ba = finite_or_zero(ba[i]);
    o.pa = finite_or_zero(pa[i]);
    o.is_cluster = o.ignore = true;
    out.push_back(std::move(o));
  }
  return out;
}

}  // namespace brickline::refs
