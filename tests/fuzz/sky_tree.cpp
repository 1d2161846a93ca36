// Tables with a search tree.
#include <cmath>

#include "core/survey/kd_tree.h"
#include "tests/fuzz/fuzz_target.h"

using namespace brickline;

namespace {

void use(fits::FitsReader& reader, const SkyTree& tree) {
  for (const auto& [ra, dec, radius] : {std::array{150.0, 2.0, 0.3}, {0.0, 90.0, 5.0}, {359.9, -30.0, 180.0}})
    fuzz::read_or_refused([&, ra = ra, dec = dec, radius = radius] {
      for (const std::int64_t row : tree.search(reader, ra, dec, radius))
        fuzz::require(row >= 0, "a tree finds rows");
    });
  const std::int64_t some = std::min<std::int64_t>(tree.points(), 16);
  for (const SkyTree::Point& p : tree.read_points(reader, 0, some))
    fuzz::require(std::isfinite(p.vector[0] + p.vector[1] + p.vector[2]), "a tree's points are somewhere");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::vector<std::uint8_t> bytes = fuzz::copy_of(data, size);
  fuzz::read_or_refused([&] {
    fits::FitsReader reader = fits::FitsReader::in_memory(bytes, "fuzz.fits");
    for (const char* name : {"ccds", "stars"})
      fuzz::read_or_refused([&] {
        if (const auto tree = SkyTree::read(reader, name)) use(reader, *tree);
      });
  });
  return 0;
}
