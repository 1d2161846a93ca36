#include "core/forced/place_index.h"

#include <cmath>
#include <numbers>

#include "core/wcs/sky.h"

namespace brickline {
namespace {

constexpr double kRadians = std::numbers::pi / 180;

}  // namespace

PlaceIndex::PlaceIndex(double radius_arcsec) : radius_(radius_arcsec / 3600) {}

PlaceIndex::Cell PlaceIndex::cell_of(const SkyPosition& p) const {
  const double ra = p.ra * kRadians, dec = p.dec * kRadians, width = radius_ * kRadians;
  const auto number = [&](double v) { return static_cast<std::int64_t>(std::floor(v / width)); };
  return {number(std::cos(dec) * std::cos(ra)), number(std::cos(dec) * std::sin(ra)), number(std::sin(dec))};
}

// Cells of one hash only cost a comparison more.
std::uint64_t PlaceIndex::hash_of(const Cell& cell) {
  std::uint64_t out = 0;
  for (const std::int64_t number : cell)
    out = (out ^ static_cast<std::uint64_t>(number)) * 0x9e3779b97f4a7c15u + (out >> 31);
  return out;
}

void PlaceIndex::add(const SkyPosition& place, std::size_t id) {
  places_[hash_of(cell_of(place))].push_back({place, id});
}

std::optional<std::size_t> PlaceIndex::find(const SkyPosition& position) const {
  std::optional<std::size_t> first;
  const Cell middle = cell_of(position);
  for (int i = 0; i < 27; ++i) {
    const auto found =
        places_.find(hash_of({middle[0] + i % 3 - 1, middle[1] + i / 3 % 3 - 1, middle[2] + i / 9 - 1}));
    if (found == places_.end()) continue;
    for (const Place& place : found->second)
      if ((!first || place.id < *first) &&
          angular_separation(position.ra, position.dec, place.at.ra, place.at.dec) <= radius_)
        first = place.id;
  }
  return first;
}

}  // namespace brickline
