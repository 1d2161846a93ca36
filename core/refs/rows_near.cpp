#include <cmath>
#include <string>

#include "core/base/error.h"
#include "core/refs/catalog_sources.h"
#include "core/survey/kd_tree.h"
#include "core/wcs/sky.h"

namespace brickline::refs {

std::vector<std::int64_t> rows_near(fits::FitsReader& reader, std::initializer_list<const char*> trees,
                                    const SkyPosition& centre, double radius, const Log& log) {
  std::string why = "has no search tree";
  try {
    for (const char* name : trees)
      if (const auto tree = SkyTree::read(reader, name))
        return tree->search(reader, centre.ra, centre.dec, radius);
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::kResources) throw;
    why = "has a search tree that cannot be used: " + error.message();
  }
  const fits::Table positions = reader.columns(1, {"ra", "dec"});
  require_columns(positions, {"ra", "dec"});
  if (positions.rows() == 0) return {};
  log.warning("{} {}; all its rows are looked through, in the file's order", reader.path().string(), why);
  const std::vector<double> ra = positions.numbers("ra"), dec = positions.numbers("dec");
  std::vector<std::int64_t> rows;
  for (std::size_t i = 0; i < ra.size(); ++i)
    if (std::abs(dec[i] - centre.dec) <= radius &&
        angular_separation(ra[i], dec[i], centre.ra, centre.dec) <= radius)
      rows.push_back(static_cast<std::int64_t>(i));
  return rows;
}

}  // namespace brickline::refs
